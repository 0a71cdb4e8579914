//! Anomalies: which samples of a series are not as those before them, one at a time.
//!
//! A sample is compared with a baseline that follows the series slowly and that no outlier pulls far
//! ([`Config::memory_samples`], `baseline.rs`). Two tests read the distance `z`, in standard
//! deviations:
//!
//! - `|z| >= threshold`: this sample is far away;
//! - a two-sided CUSUM of `z` reaches `shift_threshold`: the level has moved, be it by little
//!   (`shift.rs`).
//!
//! With `u` the larger of `|z| / threshold` and `CUSUM / shift_threshold`, the score is
//! `u^2 / (1 + u^2)`: 0 where nothing is unusual, 1/2 where the flag is raised, and never quite 1.
//! The flag is lowered when `u` was below `release` for `release_samples` in a row. A level that
//! stays is normal after about one memory.
//!
//! A detector takes constant time for a sample and holds eight numbers. There is no model of
//! seasons: a cycle is followed where its slope is below `shift_slack / memory_samples` standard
//! deviations a sample, as that of a day at one sample a second, and is told as a shift where it is
//! steeper. What was measured is in `docs/concepts/alerts.md`.

mod baseline;
mod shift;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::labels::Labels;
use baseline::Baseline;
use shift::Shift;

/// The most series that one [`Watch`] holds.
pub const MAX_WATCHED_SERIES: usize = 10_000;
/// The longest memory, and the longest warm-up (samples).
pub const MAX_MEMORY_SAMPLES: u32 = 1_000_000;

/// How a detector judges. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many samples the baseline remembers: 300.
    pub memory_samples: u32,
    /// How many samples it sees before it judges: 120.
    pub warm_up_samples: u32,
    /// A sample is far away from here on (standard deviations): 8.
    pub threshold: f64,
    /// No sample counts as farther than this for the baseline (standard deviations): 3.
    pub clip: f64,
    /// Distances below this do not count towards a shift (standard deviations): 1.
    pub shift_slack: f64,
    /// The level has moved when so much has come together (standard deviations): 15.
    pub shift_threshold: f64,
    /// The flag is lowered below this share of both thresholds: 0.5.
    pub release: f64,
    /// So many samples in a row: 10.
    pub release_samples: u32,
    /// The standard deviation is taken to be at least this (in the unit of the series): 0.
    pub min_deviation: f64,
    /// The standard deviation is taken to be at least this share of the mean: 0.001.
    pub min_relative_deviation: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory_samples: 300,
            warm_up_samples: 120,
            threshold: 8.0,
            clip: 3.0,
            shift_slack: 1.0,
            shift_threshold: 15.0,
            release: 0.5,
            release_samples: 10,
            min_deviation: 0.0,
            min_relative_deviation: 0.001,
        }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        const DEVIATIONS: (f64, f64) = (0.1, 1e6);
        let counts = [
            ("memory_samples", self.memory_samples, 2),
            ("warm_up_samples", self.warm_up_samples, 2),
            ("release_samples", self.release_samples, 1),
        ];
        let numbers = [
            ("threshold", self.threshold, DEVIATIONS),
            ("clip", self.clip, (1.0, 1e6)),
            ("shift_slack", self.shift_slack, (0.0, 1e6)),
            ("shift_threshold", self.shift_threshold, DEVIATIONS),
            ("release", self.release, (0.01, 1.0)),
            ("min_deviation", self.min_deviation, (0.0, f64::MAX)),
            ("min_relative_deviation", self.min_relative_deviation, (0.0, 1.0)),
        ];
        let counts = counts.into_iter().filter_map(|(key, found, least)| {
            let fits = (least..=MAX_MEMORY_SAMPLES).contains(&found);
            let expected = format!("{key}: expected {least} to {MAX_MEMORY_SAMPLES}");
            (!fits).then(|| format!("{expected}, found {found}"))
        });
        let numbers = numbers.into_iter().filter_map(|(key, found, (least, most))| {
            let fits = (least..=most).contains(&found);
            (!fits).then(|| format!("{key}: expected {least} to {most:e}, found {found}"))
        });
        counts.chain(numbers).collect()
    }
}

/// What a detector says of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Judgement {
    /// How unusual, from 0 to below 1; from 1/2 on the flag is raised.
    pub score: f64,
    /// Is the series unusual now?
    pub is_anomalous: bool,
    /// How far it is from the baseline (standard deviations).
    pub z: f64,
}

/// Judges the samples of one series.
///
/// ```
/// use alert::anomaly::{Config, Detector};
///
/// let mut detector = Detector::default();
/// for n in 0..600 {
///     let wavers = f64::from(n % 7);
///     assert!(!detector.observe(&Config::default(), wavers).is_anomalous);
/// }
/// assert!(detector.observe(&Config::default(), 50.0).is_anomalous);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    baseline: Baseline,
    shift: Shift,
    is_anomalous: bool,
    /// Usual samples in a row.
    n_usual: u32,
}

impl Detector {
    /// Judges a sample, and learns from it. One that is no finite number is passed over.
    pub fn observe(&mut self, config: &Config, value: f64) -> Judgement {
        if !value.is_finite() {
            return Judgement { is_anomalous: self.is_anomalous, ..Judgement::default() };
        }
        if self.baseline.n_seen() < config.warm_up_samples {
            self.baseline.learn(config, value);
            return Judgement::default();
        }
        let z = self.baseline.distance(config, value);
        self.baseline.learn(config, value);
        let moved = self.shift.observe(config, z);
        let u = (z.abs() / config.threshold).max(moved / config.shift_threshold);
        self.decide(config, u);
        // Written so that it has a value however large u is.
        let score = 1.0 - 1.0 / (1.0 + u * u);
        Judgement { score: score.min(1.0 - f64::EPSILON), is_anomalous: self.is_anomalous, z }
    }

    fn decide(&mut self, config: &Config, u: f64) {
        self.n_usual = if u < config.release { self.n_usual.saturating_add(1) } else { 0 };
        if u >= 1.0 {
            self.is_anomalous = true;
        } else if self.n_usual >= config.release_samples {
            self.is_anomalous = false;
        }
    }
}

/// Judges many series.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    config: Config,
    detectors: BTreeMap<Labels, Detector>,
    n_refused: u64,
}

impl Watch {
    /// With nothing seen.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config) -> Result<Self, crate::AlertError> {
        crate::AlertError::refuse(config.problems())?;
        Ok(Self { config, ..Self::default() })
    }

    /// Judges a sample of a series; none where there is no room for another series.
    pub fn observe(&mut self, series: &Labels, value: f64) -> Option<Judgement> {
        if let Some(detector) = self.detectors.get_mut(series) {
            return Some(detector.observe(&self.config, value));
        }
        if self.detectors.len() >= MAX_WATCHED_SERIES {
            self.n_refused += 1;
            return None;
        }
        let detector = self.detectors.entry(series.clone()).or_default();
        Some(detector.observe(&self.config, value))
    }

    /// Forgets a series that is no more.
    pub fn forget(&mut self, series: &Labels) {
        self.detectors.remove(series);
    }

    /// How many series it holds.
    pub fn n_series(&self) -> usize {
        self.detectors.len()
    }

    /// How many samples of series were refused for which there was no room.
    pub fn n_refused(&self) -> u64 {
        self.n_refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_hold_and_problems_are_listed() {
        assert_eq!(Config::default().problems(), [""; 0]);
        let config =
            Config { memory_samples: 1, clip: f64::NAN, release: 2.0, ..Config::default() };
        assert_eq!(
            config.problems(),
            [
                "memory_samples: expected 2 to 1000000, found 1",
                "clip: expected 1 to 1e6, found NaN",
                "release: expected 0.01 to 1e0, found 2",
            ]
        );
    }

    #[test]
    fn scores_stay_in_their_range_whatever_comes() {
        let config = Config::default();
        let mut detector = Detector::default();
        let values = [0.0, 1.0, f64::NAN, f64::INFINITY, 1e308, -1e308, f64::MIN_POSITIVE, 0.0];
        for n in 0..2000 {
            let judgement = detector.observe(&config, values[n % values.len()]);
            assert!((0.0..1.0).contains(&judgement.score), "{judgement:?}");
        }
    }

    #[test]
    fn a_constant_is_usual_and_its_end_is_not() {
        let config = Config::default();
        let mut detector = Detector::default();
        assert!((0..1000).all(|_| detector.observe(&config, 5.0).score == 0.0));
        let judgement = detector.observe(&config, 6.0);
        assert!(judgement.is_anomalous && judgement.score > 0.99);
    }

    #[test]
    fn series_are_bounded() {
        let mut watch = Watch::new(Config::default()).unwrap();
        for n in 0..=MAX_WATCHED_SERIES {
            watch.observe(&Labels::from([("n", n.to_string())]), 1.0);
        }
        assert_eq!((watch.n_series(), watch.n_refused()), (MAX_WATCHED_SERIES, 1));
        watch.forget(&Labels::from([("n", "0")]));
        assert_eq!(watch.n_series(), MAX_WATCHED_SERIES - 1);
    }
}
