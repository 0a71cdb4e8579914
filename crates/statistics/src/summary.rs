//! What people look at first.

use crate::correlation::correlations;
use crate::counts::{population_fano, synchrony};
use crate::intervals::{cv, local_variation};
use crate::trains::Trains;

/// The measures of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Neurons.
    pub neurons: usize,
    /// Spikes.
    pub spikes: usize,
    /// Neurons that did not fire.
    pub silent: usize,
    /// Mean rate (Hz).
    pub rate: f64,
    /// Standard deviation of the rates of neurons (Hz).
    pub rate_sd: f64,
    /// Mean coefficient of variation of intervals, over neurons with at least two intervals.
    pub cv: Option<f64>,
    /// Mean local variation, over the same neurons.
    pub local_variation: Option<f64>,
    /// Fano factor of the population's counts in bins.
    pub fano: Option<f64>,
    /// Synchrony chi of counts in bins.
    pub synchrony: Option<f64>,
    /// Mean correlation of counts in bins between pairs of the first neurons that fire.
    pub correlation: Option<f64>,
    /// Standard deviation of those correlations.
    pub correlation_sd: Option<f64>,
}

/// How a summary counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bins {
    /// Width of the bins of Fano factor and synchrony (ms).
    pub width: f64,
    /// Width of the bins of correlations (ms).
    pub correlation_width: f64,
    /// Neurons between which correlations are told.
    pub correlated: usize,
}

impl Default for Bins {
    /// 3 ms, 10 ms, 200 neurons.
    fn default() -> Self {
        Self { width: 3.0, correlation_width: 10.0, correlated: 200 }
    }
}

impl Summary {
    /// The measures of some trains.
    pub fn of(trains: &Trains, bins: &Bins) -> Self {
        let rates = trains.rates();
        let chosen = trains.active(bins.correlated, 1);
        let pairs = correlations(trains, &chosen, bins.correlation_width);
        Self {
            neurons: trains.size(),
            spikes: trains.n_spikes(),
            silent: rates.iter().filter(|rate| **rate == 0.0).count(),
            rate: trains.mean_rate(),
            rate_sd: sd(&rates).unwrap_or(0.0),
            cv: mean(&trains.iter().filter_map(cv).collect::<Vec<_>>()),
            local_variation: mean(&trains.iter().filter_map(local_variation).collect::<Vec<_>>()),
            fano: population_fano(trains, bins.width),
            synchrony: synchrony(trains, bins.width),
            correlation: mean(&pairs),
            correlation_sd: sd(&pairs),
        }
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn sd(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / values.len() as f64).sqrt())
}
