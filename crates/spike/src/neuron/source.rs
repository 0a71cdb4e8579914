//! Populations that fire by themselves: Poisson trains and lists of spikes.

use super::{Parameter, Tile, Values};
use crate::random::uniform;

/// Independent Poisson trains.
///
/// In each step a neuron emits `n` spikes with probability `l^n e^-l / n!`, `l = rate dt`, drawn by
/// inversion from a counter-based generator of seed, neuron and step: the same trains for any cut
/// of a run and any number of threads.
///
/// Input: none. State: none. Shape: any. Emits: counts.
/// Source: Devroye 1986, "Non-uniform random variate generation", section X.3.3 (inversion).
#[derive(Clone, Debug, PartialEq)]
pub struct Poisson {
    /// Rate (Hz), at most [`MAX_COUNT`](crate::MAX_POISSON_PER_STEP) spikes per step on average.
    pub rate_hz: Values,
    /// Length of a step (s).
    pub dt_seconds: f64,
    /// Seed of the trains.
    pub seed: u64,
}

/// Spikes at given steps.
///
/// Input: none. State: none. Shape: any. Emits: counts; a spike that is listed twice counts twice.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeList {
    /// Step and neuron of each spike, in any order.
    pub spikes: Vec<(u64, u32)>,
}

/// The largest mean count of a step, above which inversion would lose its precision.
pub const MAX_POISSON_PER_STEP: f64 = 100.0;

#[derive(Clone, Debug)]
pub(crate) struct Trains {
    mean: Parameter,
    seed: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Listed {
    spikes: Vec<(u64, u32)>,
}

impl Poisson {
    pub(super) fn compile(&self, padded: usize) -> Trains {
        let mean: Vec<f64> = self.rate_hz.iter().map(|rate| rate * self.dt_seconds).collect();
        Trains { mean: Parameter::new(&mean, padded), seed: self.seed }
    }
}

impl SpikeList {
    pub(super) fn compile(&self) -> Listed {
        let mut spikes = self.spikes.clone();
        spikes.sort_unstable();
        Listed { spikes }
    }
}

impl Trains {
    pub(crate) fn update(&self, tile: &mut Tile<'_>) {
        let (first, seed) = (tile.first_step, self.seed);
        tile.each(None, |step, lane, _, _| {
            let mean = f64::from(self.mean.at(lane));
            let count = count(mean, uniform(seed, lane as u32, first + step as u64));
            (count > 0, count as f32)
        });
    }
}

/// The number of spikes whose cumulative probability first passes `u`.
fn count(mean: f64, u: f64) -> u32 {
    let mut p = (-mean).exp();
    let (mut below, mut n) = (p, 0);
    while u >= below && n < 4 * MAX_POISSON_PER_STEP as u32 {
        n += 1;
        p *= mean / f64::from(n);
        below += p;
    }
    n
}

impl Listed {
    pub(crate) fn update(&self, tile: &mut Tile<'_>) {
        for step in 0..tile.steps {
            let now = tile.first_step + step as u64;
            let from = self.spikes.partition_point(|(at, _)| *at < now);
            let row = &mut tile.values[step * tile.padded..][..tile.padded];
            row.fill(0.0);
            for &(at, neuron) in &self.spikes[from..] {
                if at != now {
                    break;
                }
                if let Some(count) = row.get_mut(neuron as usize) {
                    *count += 1.0;
                }
            }
        }
    }
}
