//! Doing less before doing nothing: as the server fills, learning stops first, then shadow copies,
//! then new sessions; requests beyond the limits are refused at any level.
//! The load is a mean over about a second, so that a burst is no reason; when levels are entered
//! and left is [`resilience::Degradation`]'s affair.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use observe::Gauge;
use resilience::{Clock, ConfigError};
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

/// Over how long the load is averaged (seconds).
const MEAN_SECONDS: f64 = 1.0;

/// The level of the server.
pub(crate) struct Degradation {
    by_load: resilience::Degradation,
    clock: Arc<dyn Clock>,
    /// The mean load, and when it was taken.
    mean: Mutex<(f64, std::time::Duration)>,
    /// The level once more, for requests to read.
    level: AtomicU8,
    forced: AtomicBool,
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
    pub(crate) fn new(clock: Arc<dyn Clock>, shown: Gauge) -> Result<Self, ConfigError> {
        let by_load = resilience::Degradation::new(Default::default(), Arc::clone(&clock))?;
        let mean = Mutex::new((0.0, clock.now()));
        let (level, forced) = Default::default();
        Ok(Self { by_load, clock, mean, level, forced, shown })
    }

    /// Takes a load, 0 to 1.
    pub(crate) fn observe(&self, load: f64) {
        let now = self.clock.now();
        let mut mean = self.mean.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_sub(mean.1).as_secs_f64();
        let share = 1.0 - (-passed / MEAN_SECONDS).exp();
        *mean = (mean.0 + (load - mean.0) * share, now);
        self.by_load.update(mean.0);
        self.show();
    }

    /// Holds a level until it is let go again.
    pub(crate) fn force(&self, level: Option<Level>) {
        let known = resilience::Level::ALL;
        self.by_load.force(level.map(|level| known[level as usize]));
        self.forced.store(level.is_some(), Ordering::Relaxed);
        self.show();
    }

    pub(crate) fn is_forced(&self) -> bool {
        self.forced.load(Ordering::Relaxed)
    }

    pub(crate) fn level(&self) -> Level {
        LEVELS[usize::from(self.level.load(Ordering::Relaxed)).min(LEVELS.len() - 1)]
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
        let level = self.by_load.level() as u8;
        self.level.store(level, Ordering::Relaxed);
        self.shown.set(f64::from(level));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use resilience::ManualClock;

    use super::{Degradation, Level};

    #[test]
    fn a_burst_is_no_reason() {
        let clock = ManualClock::new();
        let degradation =
            Degradation::new(Arc::new(clock.clone()), observe::Gauge::default()).unwrap();
        let full_for = |tenths: usize| {
            for _ in 0..tenths {
                clock.advance(Duration::from_millis(100));
                degradation.observe(1.0);
            }
            degradation.level()
        };
        assert_eq!(full_for(2), Level::Full);
        assert_eq!(full_for(6), Level::NoLearning);
        assert_eq!(full_for(40), Level::Shed);
    }

    #[test]
    fn an_operator_may_hold_a_level() {
        let clock = ManualClock::new();
        let degradation = Degradation::new(Arc::new(clock), observe::Gauge::default()).unwrap();
        degradation.force(Some(Level::NoExtras));
        degradation.observe(0.0);
        assert_eq!((degradation.level(), degradation.is_forced()), (Level::NoExtras, true));
        assert!(!degradation.learns() && !degradation.extras());
        degradation.force(None);
        assert_eq!((degradation.level(), degradation.is_forced()), (Level::Full, false));
    }
}
