//! Doing less before doing nothing: as the server fills, learning stops first, then shadow copies,
//! then new sessions; requests beyond the limits are refused at any level.
//! The load is a mean over about a second, so that a burst is no reason. A level is entered at one load and left at a lower one, and not before it has held for a while,
//! so that a load between the two does not make it flap.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use observe::Gauge;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::RequestError;

/// How much the server does, the most first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Everything.
    Full,
    /// Weights stay as they are.
    NoLearning,
    /// No shadow copies either.
    NoExtras,
    /// No new sessions either.
    Shed,
}

const LEVELS: [Level; 4] = [Level::Full, Level::NoLearning, Level::NoExtras, Level::Shed];

/// The load from which a level is entered, and below which it is left.
const ENTER: [f64; 4] = [0.0, 0.5, 0.75, 0.95];
const LEAVE: [f64; 4] = [0.0, 0.35, 0.6, 0.8];

/// How long a level holds at least (milliseconds).
const DWELL_MS: u64 = 1000;

/// Over how long the load is averaged (milliseconds).
const MEAN_MS: f64 = 1000.0;

/// The level that is forced, where none is.
const FREE: u8 = u8::MAX;

/// The level of the server.
pub(crate) struct Degradation {
    level: AtomicU8,
    since: AtomicU64,
    forced: AtomicU8,
    /// The mean load, and when it was taken; bits of a number.
    mean: AtomicU64,
    seen: AtomicU64,
    shown: Gauge,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NoLearning => "no_learning",
            Self::NoExtras => "no_extras",
            Self::Shed => "shed",
        }
    }
}

impl Degradation {
    pub(crate) fn new(shown: Gauge) -> Self {
        let (mean, seen, since) = Default::default();
        let (level, forced) = (AtomicU8::new(0), AtomicU8::new(FREE));
        Self { level, since, forced, mean, seen, shown }
    }

    /// Takes a load, 0 to 1, at a time (milliseconds).
    pub(crate) fn observe(&self, load: f64, now: u64) {
        let passed = now.saturating_sub(self.seen.swap(now, Ordering::Relaxed)) as f64;
        let mean = f64::from_bits(self.mean.load(Ordering::Relaxed));
        let mean = mean + (load - mean) * (1.0 - (-passed / MEAN_MS).exp());
        self.mean.store(mean.to_bits(), Ordering::Relaxed);
        self.settle(mean, now);
    }

    fn settle(&self, load: f64, now: u64) {
        let level = self.level.load(Ordering::Relaxed) as usize;
        let entered = (level + 1..LEVELS.len()).rev().find(|&k| load >= ENTER[k]);
        let held = now.saturating_sub(self.since.load(Ordering::Relaxed)) >= DWELL_MS;
        let next = match entered {
            Some(next) => next,
            None if level > 0 && load < LEAVE[level] && held => level - 1,
            None => return,
        };
        self.level.store(next as u8, Ordering::Relaxed);
        self.since.store(now, Ordering::Relaxed);
        self.show();
    }

    /// Holds a level until it is let go again.
    pub(crate) fn force(&self, level: Option<Level>) {
        self.forced.store(level.map_or(FREE, |level| level as u8), Ordering::Relaxed);
        self.show();
    }

    pub(crate) fn is_forced(&self) -> bool {
        self.forced.load(Ordering::Relaxed) != FREE
    }

    pub(crate) fn level(&self) -> Level {
        let forced = self.forced.load(Ordering::Relaxed);
        let level = if forced == FREE { self.level.load(Ordering::Relaxed) } else { forced };
        LEVELS[usize::from(level).min(LEVELS.len() - 1)]
    }

    /// Whether weights may change.
    pub(crate) fn learns(&self) -> bool {
        self.level() < Level::NoLearning
    }

    /// Whether there is time for shadow copies and experiments.
    pub(crate) fn extras(&self) -> bool {
        self.level() < Level::NoExtras
    }

    /// Whether new sessions are let in.
    pub(crate) fn admits(&self) -> Result<(), RequestError> {
        match self.level() {
            Level::Shed => Err(RequestError::Degraded { level: Level::Shed.name() }),
            _ => Ok(()),
        }
    }

    fn show(&self) {
        self.shown.set(f64::from(self.level() as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::{Degradation, Level};

    fn levels(loads: &[(f64, u64)]) -> Vec<Level> {
        let degradation = Degradation::new(observe::Gauge::default());
        let level = |&(load, now): &(f64, u64)| {
            degradation.settle(load, now);
            degradation.level()
        };
        loads.iter().map(level).collect()
    }

    #[test]
    fn levels_are_entered_at_once_and_left_one_by_one() {
        use Level::{Full, NoExtras, NoLearning, Shed};
        let loads = [(0.4, 0), (0.5, 1), (0.96, 2), (0.1, 3), (0.1, 1002), (0.1, 1500)];
        assert_eq!(levels(&loads), [Full, NoLearning, Shed, Shed, NoExtras, NoExtras]);
        let loads = [(0.99, 0), (0.1, 1000), (0.1, 2000), (0.1, 3000), (0.1, 4000)];
        assert_eq!(levels(&loads), [Shed, NoExtras, NoLearning, Full, Full]);
    }

    #[test]
    fn a_load_between_the_two_marks_does_not_flap() {
        let loads: Vec<(f64, u64)> =
            (0..200).map(|k| (if k % 2 == 0 { 0.51 } else { 0.36 }, 1000 * k)).collect();
        assert!(levels(&loads).iter().all(|level| *level == Level::NoLearning));
    }

    #[test]
    fn a_burst_is_no_reason() {
        let degradation = Degradation::new(observe::Gauge::default());
        degradation.observe(0.0, 10_000);
        (0..100).for_each(|ms| degradation.observe(1.0, 10_000 + ms));
        assert_eq!(degradation.level(), Level::Full);
        (100..1000).for_each(|ms| degradation.observe(1.0, 10_000 + ms));
        assert_eq!(degradation.level(), Level::NoLearning);
        (1000..10_000).for_each(|ms| degradation.observe(1.0, 10_000 + ms));
        assert_eq!(degradation.level(), Level::Shed);
    }

    #[test]
    fn an_operator_may_hold_a_level() {
        let degradation = Degradation::new(observe::Gauge::default());
        degradation.force(Some(Level::NoExtras));
        degradation.observe(0.0, 10_000);
        assert_eq!((degradation.level(), degradation.is_forced()), (Level::NoExtras, true));
        assert!(!degradation.learns() && !degradation.extras());
        degradation.force(None);
        assert_eq!((degradation.level(), degradation.is_forced()), (Level::Full, false));
    }
}
