//! How far claims can be believed: their confidences against how they turned out. Pure.
//!
//! Of `n` claims of confidence `p_i` that turned out `y_i` (1 true, 0 false):
//!
//! - Brier score `1/n sum (p_i - y_i)^2` (Brier 1950, "Verification of forecasts expressed in terms
//!   of probability", eq. 2, halved, as is usual where there are two outcomes): 0 is best, 0.25 is
//!   what always saying 0.5 has.
//! - Expected calibration error `sum_b n_b/n |mean of p in b - share of true in b|` over bins `b` of
//!   equal width (Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using
//!   Bayesian binning", AAAI; Guo et al. 2017, "On calibration of modern neural networks", eq. 3),
//!   and the greatest such gap (their maximum calibration error).
//! - Overconfidence `mean of p - share of true`: above 0 where more was claimed than was so.
//!
//! Few claims say little: a bin of `n_b` claims has a share of true that is uncertain by
//! `sqrt(s (1 - s) / n_b)`, so counts are given with every bin.

use crate::error::MemoryError;

/// Bins where nobody says how many.
pub const BINS: usize = 10;
/// Bins at most.
pub const MAX_BINS: usize = 100;

/// A claim that turned out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// How probable it was held to be, 0 to 1.
    pub confidence: f64,
    /// Whether it was true.
    pub truth: bool,
}

/// How far claims can be believed. Of no claims, everything is 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// Claims that turned out.
    pub n: usize,
    /// Their confidence on average.
    pub mean_confidence: f64,
    /// The share of them that was true.
    pub truth_rate: f64,
    /// Mean squared error of the confidences; 0 is best.
    pub brier: f64,
    /// Expected calibration error, 0 to 1.
    pub expected_error: f64,
    /// The greatest gap of a bin, 0 to 1.
    pub maximum_error: f64,
    /// Mean confidence less the share that was true: above 0 is overconfident, below is under.
    pub overconfidence: f64,
    /// Bins of equal width, the lowest first; those without claims too.
    pub bins: Vec<Bin>,
}

/// Claims of about the same confidence: `from` is in the bin, `to` is not, but for the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The least confidence.
    pub from: f64,
    /// The greatest.
    pub to: f64,
    /// Claims in it.
    pub n: usize,
    /// Their confidence on average.
    pub mean_confidence: f64,
    /// The share of them that was true.
    pub truth_rate: f64,
}

impl Calibration {
    /// Judges claims by so many bins.
    ///
    /// # Errors
    /// [`MemoryError::Field`] unless there are 1 to [`MAX_BINS`] bins.
    pub fn of(claims: &[Judged], n_bins: usize) -> Result<Self, MemoryError> {
        if !(1..=MAX_BINS).contains(&n_bins) {
            return Err(MemoryError::Field { what: "bins", expected: format!("1 to {MAX_BINS}") });
        }
        let mut parts = vec![Vec::new(); n_bins];
        for claim in claims {
            parts[bin_of(claim.confidence, n_bins)].push(*claim);
        }
        let bins: Vec<Bin> =
            parts.iter().enumerate().map(|(k, part)| Bin::of(k, n_bins, part)).collect();
        let n = claims.len();
        let gap = |bin: &Bin| (bin.mean_confidence - bin.truth_rate).abs();
        let weighed = |bin: &Bin| bin.n as f64 / n.max(1) as f64 * gap(bin);
        let (mean_confidence, truth_rate) = means(claims);
        Ok(Self {
            n,
            mean_confidence,
            truth_rate,
            brier: mean(claims.iter().map(|c| (c.confidence - share(c.truth)).powi(2))),
            expected_error: bins.iter().map(weighed).sum(),
            maximum_error: bins.iter().map(gap).fold(0.0, f64::max),
            overconfidence: mean_confidence - truth_rate,
            bins,
        })
    }
}

impl Bin {
    fn of(k: usize, n_bins: usize, claims: &[Judged]) -> Self {
        let (mean_confidence, truth_rate) = means(claims);
        let (from, to) = (edge(k, n_bins), edge(k + 1, n_bins));
        Self { from, to, n: claims.len(), mean_confidence, truth_rate }
    }
}

/// The last bin that begins at or below a confidence: 0.3 is in the bin from 0.3, however it is
/// rounded.
fn bin_of(confidence: f64, n_bins: usize) -> usize {
    let near = (confidence * n_bins as f64) as usize;
    let below = |k: &usize| edge(*k, n_bins) <= confidence;
    (near.saturating_sub(1)..=near + 1).filter(below).max().unwrap_or(0).min(n_bins - 1)
}

fn edge(k: usize, n_bins: usize) -> f64 {
    k as f64 / n_bins as f64
}

fn share(truth: bool) -> f64 {
    if truth { 1.0 } else { 0.0 }
}

fn means(claims: &[Judged]) -> (f64, f64) {
    let confidence = mean(claims.iter().map(|c| c.confidence));
    (confidence, mean(claims.iter().map(|c| share(c.truth))))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len().max(1) as f64;
    values.sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(pairs: &[(f64, bool)]) -> Vec<Judged> {
        pairs.iter().map(|&(confidence, truth)| Judged { confidence, truth }).collect()
    }

    #[test]
    fn edges_belong_to_the_bin_that_begins_there() {
        for n_bins in [1, 2, 3, 7, 10, 29, 100] {
            for k in 0..n_bins {
                assert_eq!(bin_of(k as f64 / n_bins as f64, n_bins), k, "{k} of {n_bins}");
            }
            assert_eq!(bin_of(1.0, n_bins), n_bins - 1);
        }
    }

    #[test]
    fn nothing_claimed_is_nothing_wrong() {
        let none = Calibration::of(&[], 10).unwrap();
        assert_eq!((none.n, none.brier, none.expected_error, none.bins.len()), (0, 0.0, 0.0, 10));
        let error = Calibration::of(&[], 101).unwrap_err().to_string();
        assert_eq!(error, "bins: expected 1 to 100");
    }

    /// Four claims at 0.9 of which three are true: Brier (3·0.01 + 0.81) / 4, and 0.15 too sure.
    #[test]
    fn a_case_by_hand() {
        let claims = judged(&[(0.9, true), (0.9, true), (0.9, true), (0.9, false)]);
        let told = Calibration::of(&claims, 10).unwrap();
        assert!((told.brier - 0.21).abs() < 1e-12, "{told:?}");
        assert!((told.expected_error - 0.15).abs() < 1e-12);
        assert!((told.overconfidence - 0.15).abs() < 1e-12);
        assert_eq!((told.bins[9].n, told.bins[8].n), (4, 0));
    }

    proptest! {
        #[test]
        fn figures_stay_in_their_ranges(
            claims in prop::collection::vec((0.0..=1.0, any::<bool>()), 1..50),
            n_bins in 1..=MAX_BINS,
        ) {
            let told = Calibration::of(&judged(&claims), n_bins).unwrap();
            prop_assert_eq!(told.bins.iter().map(|b| b.n).sum::<usize>(), claims.len());
            for figure in [told.brier, told.expected_error, told.maximum_error] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&figure), "{told:?}");
            }
            // The gaps of bins add up to at least the gap of all.
            prop_assert!(told.overconfidence.abs() <= told.expected_error + 1e-12);
            prop_assert!(told.expected_error <= told.maximum_error + 1e-12);
        }
    }
}
