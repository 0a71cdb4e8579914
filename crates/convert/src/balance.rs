//! How large the activations of each layer become: a percentile over calibration samples.

use crate::ann::{Ann, Op};
use crate::error::ConvertError;
use crate::limits::MAX_BALANCING_ACTIVATIONS;

/// The percentile of Rueckauer et al. (2017), section 2.2.2: the largest activation of all is an
/// outlier, and scaling by it makes every other neuron slow.
pub const DEFAULT_PERCENTILE: f64 = 99.9;

/// The scale of each layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Balance {
    /// By layer of the [`Ann`]: the percentile of its activations above 0, in the unit of the
    /// activations; 1 where none was.
    pub lambda: Vec<f32>,
    /// Samples that were used, from the first on.
    pub n_samples: usize,
}

/// Finds the scale lambda of every layer from `samples`, one after the other (Rueckauer et al.
/// 2017, section 2.2.2; Diehl et al. 2015 take the maximum, percentile 100).
///
/// Of a rectifier with a bound, lambda is at most the bound: a neuron that fires in every step
/// then stands for just that.
///
/// # Errors
/// [`ConvertError::Samples`] where the samples do not fit, [`ConvertError::Setting`] for a
/// percentile outside 50 to 100.
pub fn balance(ann: &Ann, samples: &[f32], percentile: f64) -> Result<Balance, ConvertError> {
    if !(50.0..=100.0).contains(&percentile) {
        let (setting, expected) = ("percentile", "50 to 100");
        return Err(ConvertError::Setting { setting, expected, found: percentile.to_string() });
    }
    let largest = ann.layers.iter().map(super::Layer::size).max().unwrap_or(1);
    let most = (MAX_BALANCING_ACTIVATIONS / largest.max(1)).max(1);
    let mut n_samples = 0;
    let mut seen = vec![Vec::new(); ann.layers.len()];
    for sample in ann.samples(samples)?.take(most) {
        n_samples += 1;
        ann.walk(sample, |layer, values| {
            if reads_scale(ann, layer) {
                seen[layer].extend(values.iter().copied().filter(|v| *v > 0.0));
            }
        })?;
    }
    let of = |(layer, mut values): (usize, Vec<f32>)| {
        let lambda = nearest_rank(&mut values, percentile).unwrap_or(1.0);
        match ann.layers[layer].op {
            Op::Relu { bound: Some(bound) } => lambda.min(bound),
            _ => lambda,
        }
    };
    Ok(Balance { lambda: seen.into_iter().enumerate().map(of).collect(), n_samples })
}

/// Only what becomes neurons has a scale: rectifiers, and the last layer.
fn reads_scale(ann: &Ann, layer: usize) -> bool {
    matches!(ann.layers[layer].op, Op::Relu { .. }) || layer + 1 == ann.layers.len()
}

/// The percentile by its nearest rank.
fn nearest_rank(values: &mut [f32], percentile: f64) -> Option<f32> {
    let rank = (percentile * values.len() as f64 / 100.0).ceil() as usize;
    let at = rank.clamp(1, values.len().max(1)) - 1;
    if values.is_empty() {
        return None;
    }
    let (_, value, _) = values.select_nth_unstable_by(at, f32::total_cmp);
    Some(*value)
}

#[cfg(test)]
mod tests {
    use super::nearest_rank;

    #[test]
    fn a_percentile_is_a_value_that_was_seen() {
        let mut values: Vec<f32> = (1..=1000).rev().map(|v| v as f32).collect();
        assert_eq!(nearest_rank(&mut values, 99.9), Some(999.0));
        assert_eq!(nearest_rank(&mut values, 100.0), Some(1000.0));
        assert_eq!(nearest_rank(&mut values, 50.0), Some(500.0));
        assert_eq!(nearest_rank(&mut [2.5], 99.9), Some(2.5));
        assert_eq!(nearest_rank(&mut [], 99.9), None);
    }
}
