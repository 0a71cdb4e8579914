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

/// Burstiness `(cv - 1) / (cv + 1)`: -1 for a regular train, 0 for a Poisson train, towards 1 where
/// spikes come in bursts. None below [`MIN_INTERVALS`] intervals.
///
/// Source: Goh and Barabasi 2008, "Burstiness and memory in complex systems", EPL 81, equation 1.
pub fn burstiness(train: &[f64]) -> Option<f64> {
    cv(train).map(|cv| (cv - 1.0) / (cv + 1.0))
}

/// Memory: the correlation of each interval with the next, from -1 to 1. None below
/// [`MIN_INTERVALS`] + 1 intervals, or where they do not vary.
///
/// Source: Goh and Barabasi 2008, as burstiness.
pub fn interval_memory(train: &[f64]) -> Option<f64> {
    let intervals = intervals(train);
    if intervals.len() < MIN_INTERVALS + 1 {
        return None;
    }
    let (first, second) = (&intervals[..intervals.len() - 1], &intervals[1..]);
    crate::correlation::cross_correlation(first, second, 0).map(|c| c[0])
}

/// Share of a train's spikes that stand in bursts: runs of at least `least` spikes, each at most
/// `longest` ms after the one before. None without spikes.
///
/// Source: Chiappalone et al. 2005, "Burst detection algorithms for the analysis of spatio-temporal
/// patterns in cortical networks of neurons", Neurocomputing 65-66.
pub fn burst_share(train: &[f64], longest: f64, least: usize) -> Option<f64> {
    let runs = train.chunk_by(|a, b| b - a <= longest).map(<[f64]>::len);
    let bursting: usize = runs.filter(|run| *run >= least.max(1)).sum();
    (!train.is_empty()).then(|| bursting as f64 / train.len() as f64)
}
