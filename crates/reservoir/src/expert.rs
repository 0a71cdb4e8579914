//! A read-out whose answer is a probability, and what it was worth on rows that it had not seen.

use crate::ReservoirError;
use crate::ridge::{Readout, Ridge};

/// Scales of the scores that are looked through.
const SCALES: (f64, f64) = (0.1, 100.0);

/// Halvings of that range, by the golden section.
const SECTIONS: usize = 48;

/// Rows with their classes, and the fold in which each is left out.
pub(crate) struct Lessons<'a> {
    pub(crate) rows: Vec<&'a [f32]>,
    pub(crate) classes: &'a [usize],
    pub(crate) folds: &'a [usize],
    pub(crate) n_classes: usize,
}

impl Lessons<'_> {
    fn of(&self, takes: impl Fn(usize) -> bool) -> impl Iterator<Item = (&[f32], usize)> {
        let all = self.rows.iter().zip(self.classes).zip(self.folds);
        all.filter(move |(_, fold)| takes(**fold)).map(|((row, class), _)| (*row, *class))
    }

    fn ridge(&self, lambda: f64, takes: impl Fn(usize) -> bool) -> Result<Readout, ReservoirError> {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (row, class) in self.of(takes) {
            x.extend(row);
            y.extend((0..self.n_classes).map(|k| if k == class { 1.0 } else { 0.0 }));
        }
        Ridge::fit(&x, &y, self.n_classes, lambda)
    }
}

/// A read-out by ridge regression and `p = softmax(scale y)` of its targets `y`.
///
/// The scale is the one with the least cross entropy on rows left out fold by fold. There the right
/// class counts `(n + 1) / (n + K)` and each other `1 / (n + K)` of `n` rows and `K` classes, so that
/// a few rows, all answered right, do not make it certain.
///
/// Source: Guo et al. 2017, "On calibration of modern neural networks", section 4.2, for the scale;
/// Platt 1999, "Probabilistic outputs for support vector machines", for the targets.
#[derive(Clone, Debug)]
pub(crate) struct Expert {
    readout: Readout,
    scale: f64,
    /// Minus that cross entropy (nats), at most 0.
    pub(crate) reliability: f64,
}

impl Expert {
    pub(crate) fn fit(
        lessons: &Lessons<'_>,
        lambda: f64,
        n_folds: usize,
    ) -> Result<Self, ReservoirError> {
        let mut unseen = Vec::with_capacity(lessons.rows.len());
        for fold in 0..n_folds {
            let readout = lessons.ridge(lambda, |other| other != fold)?;
            for (row, class) in lessons.of(|other| other == fold) {
                unseen.push((readout.predict(row)?, class));
            }
        }
        let scale =
            least((SCALES.0.ln(), SCALES.1.ln()), |ln| cross_entropy(&unseen, ln.exp())).exp();
        let reliability = -cross_entropy(&unseen, scale);
        Ok(Self { readout: lessons.ridge(lambda, |_| true)?, scale, reliability })
    }

    pub(crate) fn probabilities(&self, row: &[f32]) -> Result<Vec<f64>, ReservoirError> {
        let scores = self.readout.predict(row)?;
        Ok(softmax(scores.iter().map(|y| self.scale * y)))
    }
}

fn cross_entropy(unseen: &[(Vec<f64>, usize)], scale: f64) -> f64 {
    let n = unseen.len() as f64;
    let of = |(scores, class): &(Vec<f64>, usize)| -> f64 {
        let p = softmax(scores.iter().map(|y| scale * y));
        let total = n + p.len() as f64;
        let share = |k| if k == *class { (n + 1.0) / total } else { 1.0 / total };
        p.iter().enumerate().map(|(k, p)| -share(k) * p.max(f64::MIN_POSITIVE).ln()).sum()
    };
    unseen.iter().map(of).sum::<f64>() / n
}

/// Exponentials that sum to 1.
pub(crate) fn softmax(logits: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let most = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    let mut p: Vec<f64> = logits.map(|logit| (logit - most).exp()).collect();
    let sum: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= sum);
    p
}

/// Shannon's entropy (nats).
pub(crate) fn entropy(p: &[f64]) -> f64 {
    p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
}

/// Where a function with one valley is least, by the golden section (Kiefer 1953).
fn least((mut low, mut high): (f64, f64), of: impl Fn(f64) -> f64) -> f64 {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_a, mut at_b) = (of(a), of(b));
    for _ in 0..SECTIONS {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = of(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = of(b);
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_is_found() {
        assert!((least((-3.0, 5.0), |x| (x - 1.25).powi(2)) - 1.25).abs() < 1e-7);
        assert!((least((-3.0, 5.0), |x| x) + 3.0).abs() < 1e-7);
    }

    #[test]
    fn a_read_out_that_is_always_right_is_trusted_and_one_of_chance_is_not() {
        let classes: Vec<usize> = (0..24).map(|k| k % 3).collect();
        let folds: Vec<usize> = (0..24).map(|k| k / 3 % 4).collect();
        let fit = |of: &dyn Fn(usize) -> Vec<f32>| {
            let rows: Vec<Vec<f32>> = (0..24).map(of).collect();
            let rows = rows.iter().map(Vec::as_slice).collect();
            let lessons = Lessons { rows, classes: &classes, folds: &folds, n_classes: 3 };
            Expert::fit(&lessons, 0.1, 4).unwrap()
        };
        let told = fit(&|k| (0..3).map(|class| if class == k % 3 { 1.0 } else { 0.0 }).collect());
        let chance = fit(&|k| vec![(k * 7 % 11) as f32, (k * k % 5) as f32]);
        // Cross entropy of the smoothed targets with themselves is the best there is.
        let best = -entropy(&[25.0 / 27.0, 1.0 / 27.0, 1.0 / 27.0]);
        assert!((told.reliability - best).abs() < 1e-3, "{} {best}", told.reliability);
        assert!((chance.reliability + 3f64.ln()).abs() < 0.1, "{}", chance.reliability);
        let p = told.probabilities(&[0.0, 1.0, 0.0]).unwrap();
        assert!((p[1] - 25.0 / 27.0).abs() < 0.03, "{p:?}");
    }
}
