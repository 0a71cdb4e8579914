//! Degradation: what a server leaves out when it has too much to do, and when it takes it up again.
//!
//! | level | what is left out |
//! | --- | --- |
//! | `Full` | nothing |
//! | `NoLearning` | learning, which can be made up for later |
//! | `NoExtras` | also traces, explanations and whatever is not the answer |
//! | `Shed` | also calls that are not important |
//!
//! A level is entered at once when the load reaches its threshold, over several levels if need be.
//! It is left one level at a time, when the load is below a lower threshold and the level has been
//! held for a while. A load that wavers between the two changes nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;

use crate::clock::Clock;
use crate::config::{ANY_TIME, Check, ConfigError, refuse, seconds};
use crate::lock::lock;

/// When levels are entered and left. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Loads at which `NoLearning`, `NoExtras` and `Shed` are entered: 0.5, 0.75, 0.95.
    pub enter: [f64; 3],
    /// Loads below which they are left: 0.35, 0.6, 0.8.
    pub leave: [f64; 3],
    /// How long a level is held at least before it is left (seconds): 5.
    pub min_dwell_seconds: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { enter: [0.5, 0.75, 0.95], leave: [0.35, 0.6, 0.8], min_dwell_seconds: 5.0 }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        let rises = |loads: [f64; 3]| 0.0 < loads[0] && loads.is_sorted() && loads[2] <= 1.0;
        let lower = self.enter.iter().zip(self.leave).all(|(enter, leave)| leave < *enter);
        let rising = "loads that rise, above 0 and at most 1";
        Check::default()
            .expect("enter", rises(self.enter), rising, format_args!("{:?}", self.enter))
            .expect("leave", rises(self.leave), rising, format_args!("{:?}", self.leave))
            .expect("leave", lower, "loads below those of enter", format_args!("{:?}", self.leave))
            .within("min_dwell_seconds", self.min_dwell_seconds, ANY_TIME)
            .problems()
    }

    /// The highest level that this load enters.
    fn entered(&self, load: f64) -> Level {
        Level::ALL[self.enter.iter().filter(|enter| load >= **enter).count()]
    }
}

/// How much a server does; more of it is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Everything.
    Full,
    /// No learning.
    NoLearning,
    /// Nothing but answers.
    NoExtras,
    /// Only the important ones.
    Shed,
}

impl Level {
    /// From everything to least.
    pub const ALL: [Self; 4] = [Self::Full, Self::NoLearning, Self::NoExtras, Self::Shed];
}

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// When, by the clock.
    pub at: Duration,
    /// The level that was left.
    pub from: Level,
    /// The level that was entered.
    pub to: Level,
}

/// The level of a server.
///
/// ```
/// use std::sync::Arc;
/// use resilience::degradation::{Config, Degradation, Level};
/// use resilience::ManualClock;
///
/// let degradation = Degradation::new(Config::default(), Arc::new(ManualClock::new()))?;
/// degradation.update(0.8);
/// assert_eq!(degradation.level(), Level::NoExtras);
/// # Ok::<(), resilience::ConfigError>(())
/// ```
pub struct Degradation {
    config: Config,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    level: Level,
    since: Duration,
    forced: Option<Level>,
}

impl State {
    fn effective(&self) -> Level {
        self.forced.unwrap_or(self.level)
    }
}

impl Degradation {
    /// At [`Level::Full`].
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        let state = State { level: Level::Full, since: clock.now(), forced: None };
        Ok(Self { config, clock, state: Mutex::new(state) })
    }

    /// The level now: the forced one, or that of the load.
    pub fn level(&self) -> Level {
        lock(&self.state).effective()
    }

    /// Takes a load, 0..=1; the change it makes, if any. A load that is no number changes nothing.
    pub fn update(&self, load: f64) -> Option<Change> {
        self.change(|state, now| {
            let entered = self.config.entered(load);
            let next = if entered > state.level {
                entered
            } else if self.may_leave(state, load, now) {
                Level::ALL[state.level as usize - 1]
            } else {
                return;
            };
            (state.level, state.since) = (next, now);
        })
    }

    /// Holds a level whatever the load, or with `None` no longer; the change it makes, if any.
    pub fn force(&self, level: Option<Level>) -> Option<Change> {
        self.change(|state, _| state.forced = level)
    }

    fn may_leave(&self, state: &State, load: f64, now: Duration) -> bool {
        let held = now.saturating_sub(state.since);
        state.level > Level::Full
            && load < self.config.leave[state.level as usize - 1]
            && held >= seconds(self.config.min_dwell_seconds)
    }

    fn change(&self, change: impl FnOnce(&mut State, Duration)) -> Option<Change> {
        let at = self.clock.now();
        let mut state = lock(&self.state);
        let from = state.effective();
        change(&mut state, at);
        let to = state.effective();
        (from != to).then_some(Change { at, from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chance, ManualClock};

    const SECOND: Duration = Duration::from_secs(1);

    fn degradation() -> (ManualClock, Degradation) {
        let clock = ManualClock::new();
        let degradation = Degradation::new(Config::default(), Arc::new(clock.clone())).unwrap();
        (clock, degradation)
    }

    #[test]
    fn defaults() {
        let config = Config::default();
        assert_eq!(config.problems(), [""; 0]);
        assert_eq!((config.enter, config.leave), ([0.5, 0.75, 0.95], [0.35, 0.6, 0.8]));
        assert_eq!(config.min_dwell_seconds, 5.0);
        let config = Config { enter: [0.9, 0.5, 1.0], leave: [0.1, 0.5, 0.6], ..config };
        assert_eq!(
            config.problems(),
            [
                "enter: expected loads that rise, above 0 and at most 1, found [0.9, 0.5, 1.0]",
                "leave: expected loads below those of enter, found [0.1, 0.5, 0.6]"
            ]
        );
    }

    #[test]
    fn levels_are_entered_at_their_thresholds() {
        let cases = [
            (0.49, Level::Full),
            (0.5, Level::NoLearning),
            (0.75, Level::NoExtras),
            (0.95, Level::Shed),
            (f64::NAN, Level::Full),
        ];
        for (load, expected) in cases {
            let (_, degradation) = degradation();
            let change = degradation.update(load);
            assert_eq!(degradation.level(), expected, "{load}");
            assert_eq!(
                change.map(|change| change.to),
                (expected > Level::Full).then_some(expected)
            );
        }
    }

    #[test]
    fn levels_are_left_one_at_a_time_each_held_for_a_while() {
        let (clock, degradation) = degradation();
        degradation.update(1.0);
        let mut left = Vec::new();
        for _ in 0..20 {
            clock.advance(SECOND);
            left.extend(degradation.update(0.0).map(|change| (change.at.as_secs(), change.to)));
        }
        assert_eq!(left, [(5, Level::NoExtras), (10, Level::NoLearning), (15, Level::Full)]);
    }

    #[test]
    fn levels_are_left_below_their_thresholds() {
        for (enter, leave, from, to) in [
            (0.5, 0.35, Level::NoLearning, Level::Full),
            (0.75, 0.6, Level::NoExtras, Level::NoLearning),
            (0.95, 0.8, Level::Shed, Level::NoExtras),
        ] {
            let (clock, degradation) = degradation();
            degradation.update(enter);
            clock.advance(SECOND * 60);
            assert_eq!((degradation.update(leave), degradation.level()), (None, from));
            degradation.update(leave - 0.01);
            assert_eq!(degradation.level(), to);
        }
    }

    #[test]
    fn operators_decide() {
        let (_, degradation) = degradation();
        degradation.update(0.8);
        let change = degradation.force(Some(Level::Full)).unwrap();
        assert_eq!((change.from, change.to), (Level::NoExtras, Level::Full));
        // The load is followed meanwhile, and takes over when the force ends.
        assert_eq!((degradation.update(1.0), degradation.level()), (None, Level::Full));
        assert_eq!(degradation.force(None).map(|change| change.to), Some(Level::Shed));
    }

    /// A load that wavers inside a band, however wildly: at most the change that enters it.
    #[test]
    fn a_load_inside_a_band_never_flaps() {
        let config = Config::default();
        for seed in 0..1000 {
            let (clock, degradation) = degradation();
            let chance = Chance::from_seed(seed);
            let level = 1 + chance.bits() as usize % 3;
            degradation.update(config.enter[level - 1]);
            let (low, high) = (config.leave[level - 1], config.enter[level - 1]);
            for _ in 0..100 {
                clock.advance(chance.up_to(SECOND * 20));
                let load = low + (high - low) * chance.unit();
                assert_eq!(degradation.update(load), None, "seed {seed}");
            }
            assert_eq!(degradation.level(), Level::ALL[level]);
        }
    }

    /// Any load: changes down come no faster than the dwell allows, one level each; a level is
    /// never below what the load demands.
    #[test]
    fn invariants_of_any_load() {
        let config = Config::default();
        let mut n_changes = 0;
        for seed in 0..1000 {
            let (clock, degradation) = degradation();
            let chance = Chance::from_seed(seed);
            let mut last = Duration::ZERO;
            for _ in 0..100 {
                clock.advance(chance.up_to(SECOND * 4));
                let load = chance.unit();
                if let Some(change) = degradation.update(load) {
                    n_changes += 1;
                    if change.to < change.from {
                        assert_eq!(change.to as usize + 1, change.from as usize, "seed {seed}");
                        assert!(change.at - last >= SECOND * 5, "seed {seed}");
                    }
                    last = change.at;
                }
                assert!(degradation.level() >= config.entered(load), "seed {seed}");
            }
        }
        assert!(n_changes > 10_000, "{n_changes}");
    }
}
