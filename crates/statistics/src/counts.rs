//! Counts of spikes in bins: rates over time, Fano factors, synchrony.

use crate::trains::Trains;

/// Bins of a window at most.
pub const MAX_BINS: usize = 1 << 26;

/// The number of whole bins of `width` ms in the window; at least one, at most [`MAX_BINS`].
fn n_bins(trains: &Trains, width: f64) -> usize {
    let n = ((trains.stop() - trains.start()) / width + 1e-9).floor();
    if n.is_finite() { (n as usize).clamp(1, MAX_BINS) } else { 1 }
}

/// The bin of a time: `[start + k width, start + (k + 1) width)`, the grid's rounding forgiven.
fn bin(trains: &Trains, width: f64, time: f64) -> usize {
    ((time - trains.start()) / width + 1e-8).floor() as usize
}

/// Counts of one train in whole bins of `width` ms; spikes in the last, broken bin are left out.
pub(crate) fn counts(trains: &Trains, train: &[f64], width: f64) -> Vec<u32> {
    let mut counts = vec![0; n_bins(trains, width)];
    for &time in train {
        if let Some(count) = counts.get_mut(bin(trains, width, time)) {
            *count += 1;
        }
    }
    counts
}

/// Spikes of all neurons in bins of `width` ms.
pub fn population_counts(trains: &Trains, width: f64) -> Vec<u32> {
    let mut counts = vec![0; n_bins(trains, width)];
    for &time in trains.iter().flatten() {
        if let Some(count) = counts.get_mut(bin(trains, width, time)) {
            *count += 1;
        }
    }
    counts
}

/// The mean rate of the neurons in bins of `width` ms (Hz).
pub fn population_rate(trains: &Trains, width: f64) -> Vec<f64> {
    let worth = 1e3 / (width * trains.size().max(1) as f64);
    population_counts(trains, width).iter().map(|&n| f64::from(n) * worth).collect()
}

fn mean_and_variance(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.collect();
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n)
}

/// Fano factor of the population's counts in bins of `width` ms: variance by mean.
///
/// 1 for independent Poisson neurons, above where they fire together. None without spikes.
/// Source: Brunel 2000, "Dynamics of sparsely connected networks", section on global activity;
/// bins of 3 ms are usual for benchmark networks.
pub fn population_fano(trains: &Trains, width: f64) -> Option<f64> {
    let counts = population_counts(trains, width);
    let (mean, variance) = mean_and_variance(counts.iter().map(|&n| f64::from(n)));
    (mean > 0.0).then(|| variance / mean)
}

/// Fano factor of spike counts over trials: each train is one, in the whole window.
///
/// Source: Fano 1947, "Ionization yield of radiations", equation 3; as in Nawrot et al. 2008.
pub fn fano_factor(trains: &Trains) -> Option<f64> {
    let (mean, variance) = mean_and_variance(trains.iter().map(|train| train.len() as f64));
    (mean > 0.0).then(|| variance / mean)
}

/// Synchrony `chi`: the root of the variance of the population's rate by the mean variance of the
/// neurons' own, in bins of `width` ms.
///
/// 1 where all neurons do the same, `1 / sqrt(n)` where they are independent. None without spikes.
/// Source: Golomb and Rinzel 1993, "Dynamics of globally coupled inhibitory neurons", equation 16,
/// with counts in place of potentials.
pub fn synchrony(trains: &Trains, width: f64) -> Option<f64> {
    let bins = n_bins(trains, width) as f64;
    let last = n_bins(trains, width);
    let mut own = 0.0;
    for train in trains.iter() {
        // Counts of one neuron by runs of equal bins: no array of bins for each neuron.
        let (mut sum, mut squares) = (0.0, 0.0);
        let in_bins = train.iter().map(|&t| bin(trains, width, t)).filter(|&b| b < last);
        let (mut current, mut run) = (usize::MAX, 0.0);
        for b in in_bins {
            if b != current {
                squares += run * run;
                (current, run) = (b, 0.0);
            }
            run += 1.0;
            sum += 1.0;
        }
        squares += run * run;
        own += squares / bins - (sum / bins).powi(2);
    }
    let n = trains.size().max(1) as f64;
    let counts = population_counts(trains, width);
    let (_, variance) = mean_and_variance(counts.iter().map(|&c| f64::from(c) / n));
    (own > 0.0).then(|| (variance / (own / n)).sqrt())
}
