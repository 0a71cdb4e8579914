//! Classic histograms: quantiles and fractions of the counts of buckets.
//!
//! Source: Prometheus, `promql/quantile.go`: the highest finite bound is the most that is answered,
//! and counts that decrease are held up.

use std::collections::HashMap;

use super::QueryError;
use super::eval::Evaluator;
use super::rows::{ABSENT, Row, Steps, is_present, merged};
use crate::labels::{Labels, METRIC_NAME};

/// The label of a bucket's upper bound.
const BOUND: &str = "le";
/// Counts that differ by less are the same (relative).
const TOLERANCE: f64 = 1e-12;

/// A bucket: how many observations were no larger than its bound.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// What is asked of a histogram at one step.
pub(super) enum Ask<'a> {
    Quantile(&'a [f64]),
    /// From one value to another.
    Fraction(&'a [f64], &'a [f64]),
}

impl Ask<'_> {
    fn answer(&self, i: usize, buckets: &mut Vec<Bucket>) -> f64 {
        match self {
            Ask::Quantile(q) => quantile(q[i], buckets),
            Ask::Fraction(lower, upper) => fraction(lower[i], upper[i], buckets),
        }
    }
}

impl Evaluator<'_> {
    /// One row for each histogram among the rows.
    pub(super) fn histograms(
        &self,
        rows: &[Row],
        ask: &Ask<'_>,
        steps: &Steps,
    ) -> Result<Vec<Row>, QueryError> {
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<(Labels, Vec<(f64, &Row)>)> = Vec::new();
        for row in rows {
            let Ok(bound) = row.labels.get(BOUND).parse::<f64>() else { continue };
            let labels = row.labels.filtered(|name| name != BOUND && name != METRIC_NAME);
            let place = *places.entry(labels.clone()).or_insert_with(|| {
                groups.push((labels, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push((bound, row));
        }
        let mut answers = Vec::with_capacity(groups.len());
        for (labels, rows) in groups {
            let mut values = Vec::with_capacity(steps.count);
            for i in 0..steps.count {
                self.charge(rows.len())?;
                let buckets =
                    rows.iter().map(|(bound, row)| Bucket { bound: *bound, count: row.values[i] });
                let mut buckets: Vec<_> = buckets.filter(|b| is_present(b.count)).collect();
                let answer = if buckets.is_empty() { ABSENT } else { ask.answer(i, &mut buckets) };
                values.push(answer);
            }
            answers.push(Row { labels, values });
        }
        merged(answers)
    }
}

/// Sorts the buckets and adds up those of the same bound; whether the last has no bound.
fn sort(buckets: &mut Vec<Bucket>) -> bool {
    buckets.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    buckets.dedup_by(|next, kept| {
        let same = next.bound == kept.bound;
        if same {
            kept.count += next.count;
        }
        same
    });
    buckets.last().is_some_and(|last| last.bound == f64::INFINITY)
}

/// Counts never decrease: where they do, the one before holds.
fn hold_up(buckets: &mut [Bucket]) {
    let Some(first) = buckets.first() else { return };
    let mut held = first.count;
    for bucket in buckets {
        if bucket.count < held || nearly_equal(held, bucket.count) {
            bucket.count = held;
        } else {
            held = bucket.count;
        }
    }
}

fn nearly_equal(a: f64, b: f64) -> bool {
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == b {
        true
    } else if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        difference < TOLERANCE * f64::MIN_POSITIVE
    } else {
        difference / sum.min(f64::MAX) < TOLERANCE
    }
}

fn quantile(q: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    if !sort(buckets) {
        return f64::NAN;
    }
    hold_up(buckets);
    let [finite @ .., last] = &buckets[..] else { return f64::NAN };
    let Some(highest) = finite.last().filter(|_| last.count != 0.0) else { return f64::NAN };
    let rank = q * last.count;
    let place = finite.partition_point(|bucket| bucket.count < rank);
    let Some(bucket) = finite.get(place) else { return highest.bound };
    let before = match place.checked_sub(1) {
        Some(before) => finite[before],
        None if bucket.bound <= 0.0 => return bucket.bound,
        None => Bucket { bound: 0.0, count: 0.0 },
    };
    let (rank, count) = (rank - before.count, bucket.count - before.count);
    before.bound + (bucket.bound - before.bound) * (rank / count)
}

fn fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if !sort(buckets) {
        return f64::NAN;
    }
    let count = buckets.last().map_or(0.0, |last| last.count);
    if count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets).min(count) - rank_of(lower, buckets).min(count)) / count
}

/// How many observations are below a value. The first bucket begins at zero if it can; otherwise it
/// begins nowhere, and what is in it is below every number.
///
/// Prometheus before 3.8 has NaN for every value within the first bucket, which is a mistake
/// (`prometheus/prometheus` #17367); this is as it was mended.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    let is_positive = buckets.first().is_some_and(|first| first.bound > 0.0);
    let bound = if is_positive { 0.0 } else { f64::NEG_INFINITY };
    let mut before = Bucket { bound, count: 0.0 };
    for bucket in buckets {
        if before.bound >= value {
            return before.count;
        }
        if bucket.bound > value && before.bound.is_infinite() {
            return bucket.count;
        }
        if bucket.bound > value {
            let part = (value - before.bound) / (bucket.bound - before.bound);
            return before.count + (bucket.count - before.count) * part;
        }
        before = *bucket;
    }
    f64::INFINITY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_may_begin_within_the_first_bucket() {
        let buckets = |list: &[(f64, f64)]| {
            list.iter().map(|(bound, count)| Bucket { bound: *bound, count: *count }).collect()
        };
        let mut positive: Vec<_> =
            buckets(&[(1.0, 1.0), (2.0, 3.0), (3.0, 6.0), (f64::INFINITY, 100.0)]);
        assert_eq!(fraction(0.0, 1.5, &mut positive), 0.02);
        assert_eq!(fraction(0.5, 1.0, &mut positive), 0.005);
        assert_eq!(fraction(-1.0, 10.0, &mut positive), 0.06);
        let mut signed: Vec<_> = buckets(&[(-1.0, 10.0), (1.0, 30.0), (f64::INFINITY, 100.0)]);
        assert_eq!(fraction(-5.0, 0.0, &mut signed), 0.1);
        assert_eq!(fraction(f64::NEG_INFINITY, -5.0, &mut signed), 0.1);
    }
}
