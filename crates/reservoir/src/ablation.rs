//! What each sense is worth, by leaving senses out.

use crate::ReservoirError;

/// Senses whose subsets are all looked at.
pub const MAX_ABLATED: usize = 6;

/// Which samples were answered right, for every subset of the senses.
///
/// With `v(S)` the accuracy with the senses `S` alone, `N` all senses and `n` their number:
///
/// ```text
/// importance of s     v(N) - v(N without s)
/// Shapley value of s  sum over S without s of |S|! (n - |S| - 1)! / n! (v(S with s) - v(S))
/// complementarity     1 - |wrong by a and by b| / |wrong by a|
/// efficiency          (v(N) - best) / (oracle - best)
/// ```
///
/// where `best` is the best single sense and `oracle` the share of samples that at least one sense
/// alone answers right. Shapley values sum to `v(N) - v(none)`.
///
/// Source: Shapley 1953, "A value for n-person games"; Brill and Wu 1998, "Classifier combination for
/// improved lexical disambiguation", ACL, for complementarity; Kuncheva 2004, "Combining pattern
/// classifiers", for the oracle. Efficiency is our own ratio.
#[derive(Clone, Debug, PartialEq)]
pub struct Ablation {
    n_senses: usize,
    /// Shape `[2^n_senses][samples]`; bit `s` of the first position is set where sense `s` is there.
    right: Vec<Vec<bool>>,
}

impl Ablation {
    /// Asks for each subset and sample whether the answer was right; `there` has one flag a sense.
    ///
    /// # Errors
    /// What `right` gives, and [`ReservoirError::Parameter`] for no or too many senses or no sample.
    pub fn new<E: From<ReservoirError>>(
        n_senses: usize,
        n_samples: usize,
        mut right: impl FnMut(&[bool], usize) -> Result<bool, E>,
    ) -> Result<Self, E> {
        let bad = |parameter, expected, found: usize| {
            let found = found as f64;
            Err(E::from(ReservoirError::Parameter { parameter, expected, found }))
        };
        if n_senses == 0 || n_senses > MAX_ABLATED {
            return bad("senses", "1 to 6", n_senses);
        }
        if n_samples == 0 {
            return bad("samples", "1 or more", 0);
        }
        let mut all = Vec::with_capacity(1 << n_senses);
        for subset in 0..1usize << n_senses {
            let there: Vec<bool> = (0..n_senses).map(|sense| subset >> sense & 1 == 1).collect();
            let of = (0..n_samples).map(|sample| right(&there, sample));
            all.push(of.collect::<Result<Vec<bool>, E>>()?);
        }
        Ok(Self { n_senses, right: all })
    }

    /// The number of senses.
    pub fn n_senses(&self) -> usize {
        self.n_senses
    }

    /// The accuracy with these senses alone: one flag a sense, none more, those left out false.
    pub fn accuracy(&self, there: &[bool]) -> f64 {
        let flags = there.iter().take(self.n_senses).enumerate();
        share(&self.right[flags.map(|(sense, there)| usize::from(*there) << sense).sum::<usize>()])
    }

    fn value(&self, subset: usize) -> f64 {
        share(&self.right[subset])
    }

    fn all(&self) -> usize {
        self.right.len() - 1
    }

    /// The accuracy lost without each sense.
    pub fn importance(&self) -> Vec<f64> {
        let whole = self.value(self.all());
        (0..self.n_senses).map(|s| whole - self.value(self.all() & !(1 << s))).collect()
    }

    /// The Shapley value of each sense.
    pub fn shapley(&self) -> Vec<f64> {
        let n = self.n_senses;
        let factorial = |k: usize| (1..=k).product::<usize>() as f64;
        let gain = |sense: usize, subset: usize| {
            let size = subset.count_ones() as usize;
            let weight = factorial(size) * factorial(n - size - 1) / factorial(n);
            weight * (self.value(subset | 1 << sense) - self.value(subset))
        };
        let without = |sense: usize| (0..=self.all()).filter(move |s| s >> sense & 1 == 0);
        (0..n).map(|sense| without(sense).map(|subset| gain(sense, subset)).sum()).collect()
    }

    /// The share of what sense `a` alone gets wrong that sense `b` alone gets right; none where `a`
    /// is never wrong or there is no such sense.
    pub fn complementarity(&self, a: usize, b: usize) -> Option<f64> {
        if a.max(b) >= self.n_senses {
            return None;
        }
        let both = self.right[1 << a].iter().zip(&self.right[1 << b]);
        let (mut wrong, mut common) = (0u32, 0u32);
        for (a, b) in both.filter(|(a, _)| !**a) {
            wrong += u32::from(!a);
            common += u32::from(!b);
        }
        (wrong > 0).then(|| 1.0 - f64::from(common) / f64::from(wrong))
    }

    /// The best accuracy of a sense alone.
    pub fn best(&self) -> f64 {
        (0..self.n_senses).map(|s| self.value(1 << s)).fold(0.0, f64::max)
    }

    /// The share of samples that at least one sense alone answers right.
    pub fn oracle(&self) -> f64 {
        let any = |sample| (0..self.n_senses).any(|s| self.right[1 << s][sample]);
        share(&(0..self.right[0].len()).map(any).collect::<Vec<bool>>())
    }

    /// Of what could be gained over the best sense by trusting the right one each time, the share
    /// that fusion gains; 0 where it is no better than that sense, below where it is worse, above 1
    /// where it is right and every sense alone is wrong. None where there is nothing to gain.
    pub fn efficiency(&self) -> Option<f64> {
        let (best, oracle) = (self.best(), self.oracle());
        (oracle > best).then(|| (self.value(self.all()) - best) / (oracle - best))
    }
}

fn share(right: &[bool]) -> f64 {
    right.iter().filter(|right| **right).count() as f64 / right.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(right: [&[u8]; 4]) -> Ablation {
        let found: Result<_, ReservoirError> = Ablation::new(2, right[0].len(), |there, sample| {
            Ok(right[usize::from(there[0]) + 2 * usize::from(there[1])][sample] == 1)
        });
        found.unwrap()
    }

    #[test]
    fn two_senses_by_hand() {
        // None is right once in five, the first alone 3, the second alone 2, both 4.
        let ablation = of([&[1, 0, 0, 0, 0], &[1, 1, 1, 0, 0], &[1, 0, 0, 1, 0], &[1, 1, 1, 1, 0]]);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        near(ablation.accuracy(&[true, false]), 0.6);
        near(ablation.importance()[0], 0.4);
        near(ablation.importance()[1], 0.2);
        near(ablation.shapley()[0], 0.5 * (0.6 - 0.2) + 0.5 * (0.8 - 0.4));
        near(ablation.shapley()[1], 0.5 * (0.4 - 0.2) + 0.5 * (0.8 - 0.6));
        near(ablation.complementarity(0, 1).unwrap(), 0.5);
        near(ablation.complementarity(1, 0).unwrap(), 2.0 / 3.0);
        near(ablation.oracle(), 0.8);
        near(ablation.efficiency().unwrap(), 1.0);
    }

    #[test]
    fn where_nothing_can_be_gained_nothing_is_said() {
        let ablation = of([&[0, 1], &[1, 1], &[0, 1], &[1, 1]]);
        assert_eq!(ablation.efficiency(), None);
        assert_eq!(ablation.complementarity(0, 1), None);
        assert_eq!(ablation.complementarity(1, 2), None);
    }

    #[test]
    fn shapley_values_of_the_glove_game() {
        // One left glove and two right ones; a pair is worth 1.
        let found: Result<_, ReservoirError> =
            Ablation::new(3, 1, |there, _| Ok(there[0] && (there[1] || there[2])));
        let values = found.unwrap().shapley();
        for (found, expected) in values.iter().zip([2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]) {
            assert!((found - expected).abs() < 1e-12, "{values:?}");
        }
    }

    #[test]
    fn too_many_senses_are_refused() {
        let found: Result<_, ReservoirError> = Ablation::new(7, 1, |_, _| Ok(true));
        assert_eq!(found.unwrap_err().to_string(), "senses is 7, expected 1 to 6");
    }
}
