//! Wavelets: a signal as its course and its details, coarse to fine.

use crate::SenseError;
use crate::limits::{MAX_ARRAY_VALUES, MAX_LEVELS};

/// The low-pass filter of Daubechies with four vanishing moments (8 taps).
const LOW: [f64; 8] = [
    -0.010_597_401_785_069_032,
    0.032_883_011_666_885_2,
    0.030_841_381_835_560_764,
    -0.187_034_811_719_093_09,
    -0.027_983_769_416_859_854,
    0.630_880_767_929_858_9,
    0.714_846_570_552_915_7,
    0.230_377_813_308_896_5,
];

/// A signal taken apart: the course at the coarsest level, and details from coarse to fine.
#[derive(Clone, Debug, PartialEq)]
pub struct Wavelets {
    /// Approximation at the coarsest level.
    pub course: Vec<f64>,
    /// Details, the coarsest level first.
    pub details: Vec<Vec<f64>>,
}

/// Takes a signal apart with Daubechies-4 wavelets.
///
/// ```text
/// course_k = sum_j low_j x_(2k+1-j),   detail_k = sum_j high_j x_(2k+1-j)
/// high_j = (-1)^(j+1) low_(7-j)
/// ```
///
/// and again of the course, `n_levels` times. Beyond its ends the signal is mirrored, the end sample
/// repeated; n samples become floor((n + 7) / 2).
///
/// - **Input**: samples, finite, any unit. **Output**: the same unit.
/// - **Errors**: [`SenseError::Value`] for NaN and infinities, no level, or more than the length
///   carries (each needs 7 samples); [`SenseError::Shape`] for no sample.
/// - **Source**: Daubechies (1992), *Ten Lectures on Wavelets*, table 6.1; Mallat (1989). As
///   `pywt.wavedec(x, "db4", mode="symmetric")`.
pub fn wavelets(samples: &[f64], n_levels: usize) -> Result<Wavelets, SenseError> {
    if let Some(idx) = samples.iter().position(|sample| !sample.is_finite()) {
        let (what, expected, found) = ("samples".to_owned(), "a finite number", samples[idx]);
        return Err(SenseError::Value { what, idx, expected, found });
    }
    if samples.is_empty() || samples.len() > MAX_ARRAY_VALUES {
        let expected = format!("1 to {MAX_ARRAY_VALUES} samples");
        let found = vec![samples.len()];
        return Err(SenseError::Shape { what: "samples".into(), expected, found });
    }
    let most = (samples.len() / (LOW.len() - 1)).max(1).ilog2().min(MAX_LEVELS) as usize;
    if n_levels == 0 || n_levels > most {
        let (what, expected) = ("levels".to_owned(), "1 to log2(samples / 7)");
        return Err(SenseError::Value { what, idx: 0, expected, found: n_levels as f64 });
    }
    let (mut course, mut details) = (samples.to_vec(), Vec::new());
    for _ in 0..n_levels {
        let (low, high) = split(&course);
        course = low;
        details.push(high);
    }
    details.reverse();
    Ok(Wavelets { course, details })
}

fn split(samples: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let n = samples.len();
    let at = |idx: i64| {
        let within = idx.rem_euclid(2 * n as i64) as usize;
        samples[within.min(2 * n - 1 - within)]
    };
    let filtered = |filter: &dyn Fn(usize) -> f64| {
        let value = |k: usize| (0..8).map(|j| filter(j) * at((2 * k + 1) as i64 - j as i64)).sum();
        (0..(n + 7) / 2).map(value).collect()
    };
    let high = |j: usize| if j.is_multiple_of(2) { -LOW[7 - j] } else { LOW[7 - j] };
    (filtered(&|j| LOW[j]), filtered(&high))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four vanishing moments: a cubic has no details away from its ends.
    #[test]
    fn a_cubic_has_no_details() {
        let cubic: Vec<f64> = (0..64).map(|t| (f64::from(t) / 10.0).powi(3)).collect();
        let found = wavelets(&cubic, 1).unwrap();
        assert_eq!(found.details[0].len(), 35);
        assert!(found.details[0][4..31].iter().all(|detail| detail.abs() < 1e-9));
    }

    #[test]
    fn what_cannot_be_taken_apart_is_an_error() {
        assert!(wavelets(&[], 1).is_err());
        assert!(wavelets(&[0.0; 13], 1).is_err());
        assert!(wavelets(&[0.0; 14], 1).is_ok());
        assert!(wavelets(&[0.0; 64], 0).is_err());
        assert!(wavelets(&[f64::NAN; 64], 1).is_err());
    }
}
