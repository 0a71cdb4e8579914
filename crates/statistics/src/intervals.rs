//! Intervals between spikes and how they vary.

/// Intervals that a train must have for its variation to be told.
pub const MIN_INTERVALS: usize = 2;

/// The intervals of a train (ms).
pub fn intervals(train: &[f64]) -> Vec<f64> {
    train.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Coefficient of variation of intervals: standard deviation by mean, over all intervals.
///
/// 0 for a regular train, 1 for a Poisson train. None below [`MIN_INTERVALS`] intervals.
/// Source: Softky and Koch 1993, "The highly irregular firing of cortical cells", equation 1.
pub fn cv(train: &[f64]) -> Option<f64> {
    let intervals = intervals(train);
    if intervals.len() < MIN_INTERVALS {
        return None;
    }
    let n = intervals.len() as f64;
    let mean = intervals.iter().sum::<f64>() / n;
    let variance = intervals.iter().map(|i| (i - mean).powi(2)).sum::<f64>() / n;
    (mean > 0.0).then(|| variance.sqrt() / mean)
}

/// Local variation: `3 / (n - 1) sum ((I_k - I_{k+1}) / (I_k + I_{k+1}))^2` over neighbours.
///
/// As the coefficient of variation, but blind to slow changes of the rate. None below
/// [`MIN_INTERVALS`] intervals.
/// Source: Shinomoto, Shima, Tanji 2003, "Differences in spiking patterns among cortical neurons",
/// equation 2.2.
pub fn local_variation(train: &[f64]) -> Option<f64> {
    revised_local_variation(train, 0.0)
}

/// The same with intervals freed of a refractory period `r` (ms):
/// `3 / (n - 1) sum (1 - 4 I_k I_{k+1} / (I_k + I_{k+1})^2) (1 + 4 r / (I_k + I_{k+1}))`.
///
/// Source: Shinomoto et al. 2009, "Relating neuronal firing patterns to functional differentiation
/// of cerebral cortex", equation 3.
pub fn revised_local_variation(train: &[f64], r: f64) -> Option<f64> {
    let intervals = intervals(train);
    if intervals.len() < MIN_INTERVALS {
        return None;
    }
    let term = |pair: &[f64]| {
        let sum = pair[0] + pair[1];
        (1.0 - 4.0 * pair[0] * pair[1] / (sum * sum)) * (1.0 + 4.0 * r / sum)
    };
    let sum: f64 = intervals.windows(2).map(term).sum();
    let variation = 3.0 * sum / (intervals.len() - 1) as f64;
    variation.is_finite().then_some(variation)
}
