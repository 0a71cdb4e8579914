//! The baseline: mean and variance, exponentially weighted, of samples that are clipped.
//!
//! With `a = max(1 / n, 1 / memory)` and `d` the distance of the sample from the mean, no larger than
//! `clip` standard deviations:
//!
//! ```text
//! mean     <- mean + a d
//! variance <- (1 - a) (variance + a d^2)
//! ```
//!
//! At first this is the plain mean and variance. An outlier counts as `clip` deviations; where
//! everything is farther away than that, the variance grows by a factor of `1 + (clip^2 - 1) a` a
//! sample, so a new level is taken over.
//!
//! Source: T. Finch, "Incremental calculation of weighted mean and variance", 2009, section 9;
//! clipping is winsorising by the deviation, P. J. Huber, "Robust Statistics", 1981, section 1.7.

use serde::{Deserialize, Serialize};

use super::Config;

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    n_seen: u32,
    mean: f64,
    variance: f64,
}

impl Baseline {
    pub(super) fn n_seen(&self) -> u32 {
        self.n_seen
    }

    /// How far a sample is away (standard deviations).
    pub(super) fn distance(&self, config: &Config, value: f64) -> f64 {
        (value - self.mean).clamp(-f64::MAX, f64::MAX) / self.deviation(config)
    }

    pub(super) fn learn(&mut self, config: &Config, value: f64) {
        let is_warm = self.n_seen >= config.warm_up_samples;
        self.n_seen = self.n_seen.saturating_add(1);
        let a = (1.0 / f64::from(self.n_seen)).max(1.0 / f64::from(config.memory_samples));
        let most = if is_warm { config.clip * self.deviation(config) } else { MAX_DISTANCE };
        let most = most.min(MAX_DISTANCE);
        let d = (value - self.mean).clamp(-most, most);
        self.mean += a * d;
        self.variance = (1.0 - a) * (self.variance + a * d * d);
    }

    fn deviation(&self, config: &Config) -> f64 {
        self.variance
            .sqrt()
            .max(config.min_deviation)
            .max(config.min_relative_deviation * self.mean.abs())
            .max(f64::MIN_POSITIVE)
    }
}

/// Farther away than this a square would be infinite.
const MAX_DISTANCE: f64 = 1e150;
