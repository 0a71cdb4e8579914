//! Sequences that come again more often than chance has it: lag sequential analysis (Sackett 1979;
//! Bakeman and Gottman 1997, "Observing Interaction", chapter 7) of what was done one after the other.
//!
//! Of a sequence `a .. y z`, `n` counts how often `a .. y` is followed by anything, `k` how often by
//! `z`. Expected by chance is `p`: of two the share of `z` among all that follows on something, of
//! more the share of `z` among what follows on `y`, so that a long sequence must say more than its
//! last two. `lift = k / (n p)`, and the binomial test has `P(X >= k)` of `n` trials of `p`. All
//! sequences that occur are tested, so `q` is that of Benjamini and Hochberg (1995): keeping what has
//! `q <= 0.05` keeps one in twenty that is chance.
//!
//! The test takes trials as independent, which what people do is not quite, and `p` from the same
//! data; a `q` near the bound is weak.

use std::collections::{BTreeMap, BTreeSet};

/// The longest sequence that is looked for.
pub const MAX_SEQUENCE: usize = 5;

/// A sequence and how often it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// What was done, in this order, one right after the other.
    pub deeds: Vec<String>,
    /// How often: `k`.
    pub count: usize,
    /// How often all but the last was followed by anything: `n`.
    pub chances: usize,
    /// In how many episodes.
    pub support: usize,
    /// What is expected by chance: `p`.
    pub expected: f64,
    /// How many times as often as expected: `k / (n p)`.
    pub lift: f64,
    /// How probable it is to come so often by chance.
    pub p_value: f64,
    /// The same, for all that were tested.
    pub q_value: f64,
    /// Where it came last: episode, and place of its first deed.
    pub last: (usize, usize),
}

/// What is counted of one sequence.
#[derive(Default)]
struct Count {
    times: usize,
    episodes: BTreeSet<usize>,
    last: (usize, usize),
}

/// Every sequence of 2 to `longest` deeds that occurs in the episodes, the surest first.
pub(crate) fn sequences(episodes: &[Vec<&str>], longest: usize) -> Vec<Sequence> {
    let mut counts: BTreeMap<&[&str], Count> = BTreeMap::new();
    let mut followed: BTreeMap<&[&str], usize> = BTreeMap::new();
    let mut follows: BTreeMap<&str, usize> = BTreeMap::new();
    let mut transitions = 0;
    for (nth, episode) in episodes.iter().enumerate() {
        for length in 2..=longest.min(MAX_SEQUENCE) {
            for (at, window) in episode.windows(length).enumerate() {
                let count = counts.entry(window).or_default();
                count.times += 1;
                count.episodes.insert(nth);
                count.last = (nth, at);
                *followed.entry(&window[..length - 1]).or_default() += 1;
            }
        }
        for deed in episode.iter().skip(1) {
            *follows.entry(deed).or_default() += 1;
            transitions += 1;
        }
    }
    let share = |sequence: &[&str]| {
        let [.., before, last] = sequence else { return 0.0 };
        match sequence.len() {
            2 => follows[last] as f64 / transitions as f64,
            _ => {
                counts[[*before, *last].as_slice()].times as f64
                    / followed[[*before].as_slice()] as f64
            }
        }
    };
    let told = |(sequence, count): (&&[&str], &Count)| {
        let (k, n, p) = (count.times, followed[&sequence[..sequence.len() - 1]], share(sequence));
        Sequence {
            deeds: sequence.iter().map(|deed| (*deed).to_owned()).collect(),
            count: k,
            chances: n,
            support: count.episodes.len(),
            expected: p,
            lift: k as f64 / (n as f64 * p),
            p_value: at_least(k, n, p),
            q_value: 1.0,
            last: count.last,
        }
    };
    let mut all: Vec<Sequence> = counts.iter().map(told).collect();
    let order = |a: &Sequence, b: &Sequence| {
        a.p_value.total_cmp(&b.p_value).then(b.lift.total_cmp(&a.lift)).then(a.deeds.cmp(&b.deeds))
    };
    all.sort_by(order);
    discover(&mut all);
    all
}

/// `q` of each, which are in the order of `p`: `min over j >= i of p_j m / j`, at most 1.
fn discover(sequences: &mut [Sequence]) {
    let m = sequences.len() as f64;
    let mut least = 1.0_f64;
    for (k, sequence) in sequences.iter_mut().enumerate().rev() {
        least = least.min(sequence.p_value * m / (k + 1) as f64);
        sequence.q_value = least;
    }
}

/// `P(X >= k)` of a binomial of `n` trials with probability `p`.
fn at_least(k: usize, n: usize, p: f64) -> f64 {
    if k == 0 || p >= 1.0 {
        return 1.0;
    }
    let (odds, mode) = (p / (1.0 - p), (n as f64 + 1.0) * p);
    // From the larger end of the tail that is asked for: terms only get smaller from there.
    if k as f64 >= mode {
        return sum(k, |k| (k < n).then(|| ((n - k) as f64 / (k + 1) as f64 * odds, k + 1)), n, p);
    }
    let below =
        sum(k - 1, |k| (k > 0).then(|| (k as f64 / ((n - k + 1) as f64 * odds), k - 1)), n, p);
    (1.0 - below).max(0.0)
}

/// Terms of the binomial from `k` on, as `next` goes to the ratio of the one after and its place.
fn sum(k: usize, next: impl Fn(usize) -> Option<(f64, usize)>, n: usize, p: f64) -> f64 {
    let choose: f64 = (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum();
    let mut term = (choose + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp();
    let (mut total, mut at) = (term, k);
    while let Some((ratio, after)) = next(at) {
        (term, at) = (term * ratio, after);
        total += term;
        if term < total * f64::EPSILON {
            break;
        }
    }
    total.min(1.0)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What scipy says of the tests, and Python's counters of the counts.
    const EXPECTED: &str = include_str!("../tests/data/sequences.json");

    fn close(found: f64, expected: &Value, what: &str) {
        let expected = expected.as_f64().unwrap();
        let far = (found - expected).abs();
        assert!(far <= 1e-9 * expected.abs() + 1e-14, "{what}: {found}, expected {expected}");
    }

    #[test]
    fn the_binomial_test_is_scipys() {
        let expected: Value = serde_json::from_str(EXPECTED).unwrap();
        for case in expected["tails"].as_array().unwrap() {
            let [k, n] = [0, 1].map(|at| case[at].as_u64().unwrap() as usize);
            let p = case[2].as_f64().unwrap();
            close(at_least(k, n, p), &case[3], &format!("{k} of {n} at {p}"));
        }
    }

    #[test]
    fn counts_lifts_and_discoveries_are_those_of_python() {
        let expected: Value = serde_json::from_str(EXPECTED).unwrap();
        for case in expected["cases"].as_array().unwrap() {
            let episodes: Vec<Vec<&str>> = case["episodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e.as_array().unwrap().iter().map(|d| d.as_str().unwrap()).collect())
                .collect();
            let found = sequences(&episodes, case["longest"].as_u64().unwrap() as usize);
            let wanted = case["sequences"].as_object().unwrap();
            assert_eq!(found.len(), wanted.len());
            for one in found {
                let name = one.deeds.join(" ");
                let expected = &wanted[&name];
                assert_eq!(one.count as u64, expected["count"].as_u64().unwrap(), "{name}");
                assert_eq!(one.chances as u64, expected["chances"].as_u64().unwrap(), "{name}");
                assert_eq!(one.support as u64, expected["support"].as_u64().unwrap(), "{name}");
                close(one.lift, &expected["lift"], &name);
                close(one.p_value, &expected["p"], &name);
                close(one.q_value, &expected["q"], &name);
            }
        }
    }

    #[test]
    fn nothing_has_no_sequences() {
        assert!(sequences(&[], 3).is_empty());
        assert!(sequences(&[vec!["a"], vec![]], 3).is_empty());
    }
}
