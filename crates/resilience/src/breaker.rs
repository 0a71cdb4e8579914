//! The circuit breaker: stops calling what fails, and asks again after a while.
//!
//! | state | a call is | and it becomes |
//! | --- | --- | --- |
//! | closed | let through | open, when the window's failures or slow calls are too many |
//! | open | refused | half-open, when its time has passed and somebody asks |
//! | half-open | let through while permits last | open or closed, when every permit is reported or the trial's time has passed |
//!
//! An operator may hold it open, switch it off, or let it measure only. What was permitted before a
//! transition does not count after it.
//!
//! Source: M. Nygard, "Release It!"; resilience4j, "CircuitBreaker"; open times grow as Envoy's
//! outlier ejection.

mod config;
mod machine;
#[cfg(test)]
mod tests;
mod window;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{ConfigError, refuse};
use crate::lock::lock;
pub use config::{Config, MAX_WINDOW, Mode};
use machine::Machine;
pub use window::{Tally, Window};

/// Transitions kept for [`Breaker::transitions`]; the oldest go first.
pub const MAX_TRANSITIONS: usize = 64;

/// What a breaker does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Lets calls through and counts them.
    Closed,
    /// Refuses.
    Open,
    /// Lets a few through, to see.
    HalfOpen,
    /// [`Mode::ForcedOpen`].
    ForcedOpen,
    /// [`Mode::Disabled`].
    Disabled,
    /// [`Mode::MetricsOnly`].
    MetricsOnly,
}

/// Why a state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Too large a share failed.
    FailureRate,
    /// Too large a share was slow.
    SlowCallRate,
    /// It has been open long enough.
    OpenTimePassed,
    /// The trial went well.
    TrialPassed,
    /// Somebody said so.
    Operator,
}

/// One change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When, by the breaker's clock.
    pub at: Duration,
    /// The state that was left.
    pub from: State,
    /// The state that was entered.
    pub to: State,
    /// Why.
    pub cause: Cause,
}

/// What a call came to, as the caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The callee did its work.
    Success,
    /// The callee failed.
    Failure,
    /// Says nothing about the callee, as a mistake of the caller's own.
    Ignored,
}

/// The breaker refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the circuit is open; again in {:.3} s", retry_after.as_secs_f64())]
pub struct Open {
    /// When it may be worth asking again.
    pub retry_after: Duration,
}

/// What a breaker has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What it does now.
    pub state: State,
    /// The calls in its window, or those of the trial when half-open.
    pub tally: Tally,
    /// Calls refused since the start.
    pub refused_total: u64,
    /// Transitions since the start.
    pub transitions_total: u64,
}

/// A circuit breaker; clones are the same one.
///
/// ```
/// use std::sync::Arc;
/// use resilience::breaker::{Breaker, Config, Outcome, State};
/// use resilience::{Chance, ManualClock};
///
/// let clock = Arc::new(ManualClock::new());
/// let breaker = Breaker::new(Config::default(), clock, Chance::from_seed(1))?;
/// for _ in 0..20 {
///     breaker.permit()?.done(Outcome::Failure);
/// }
/// assert_eq!(breaker.state(), State::Open);
/// assert!(breaker.permit().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Breaker(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    machine: Mutex<Machine>,
}

impl Breaker {
    /// A closed breaker, or one in the configured mode.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config, clock: Arc<dyn Clock>, chance: Chance) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        let machine = Mutex::new(Machine::new(config, chance));
        Ok(Self(Arc::new(Shared { clock, machine })))
    }

    /// May a call be made? Its outcome is told to the permit.
    ///
    /// # Errors
    ///
    /// [`Open`], with the time after which it may be worth asking again.
    pub fn permit(&self) -> Result<Permit, Open> {
        let now = self.0.clock.now();
        let mut machine = lock(&self.0.machine);
        match machine.admit(now) {
            Ok(()) => Ok(Permit {
                breaker: Arc::clone(&self.0),
                epoch: machine.epoch,
                since: now,
                is_reported: false,
            }),
            Err(retry_after) => {
                machine.refused_total += 1;
                Err(Open { retry_after })
            }
        }
    }

    /// What it does now.
    pub fn state(&self) -> State {
        lock(&self.0.machine).state()
    }

    /// What it has seen.
    pub fn snapshot(&self) -> Snapshot {
        let mut machine = lock(&self.0.machine);
        Snapshot {
            state: machine.state(),
            tally: machine.tally(self.0.clock.now()),
            refused_total: machine.refused_total,
            transitions_total: machine.transitions_total,
        }
    }

    /// Takes the transitions since the last time, oldest first, [`MAX_TRANSITIONS`] at most.
    pub fn transitions(&self) -> Vec<Transition> {
        lock(&self.0.machine).transitions.drain(..).collect()
    }

    /// Holds it open, switches it off, lets it measure only, or, with [`Mode::Automatic`], starts
    /// it anew, closed.
    pub fn set_mode(&self, mode: Mode) {
        lock(&self.0.machine).set_mode(self.0.clock.now(), mode);
    }
}

/// Leave to make one call. Dropped without an outcome, it counts for nothing and is given back.
#[must_use = "a permit that is dropped counts for nothing"]
pub struct Permit {
    breaker: Arc<Shared>,
    epoch: u64,
    since: Duration,
    is_reported: bool,
}

impl Permit {
    /// The call is over; how long it took is measured from the permit on.
    pub fn done(mut self, outcome: Outcome) {
        let failed = match outcome {
            Outcome::Success => false,
            Outcome::Failure => true,
            Outcome::Ignored => return,
        };
        self.is_reported = true;
        let shared = &self.breaker;
        let now = shared.clock.now();
        let mut machine = lock(&shared.machine);
        if machine.epoch == self.epoch {
            machine.record(now, failed, now.saturating_sub(self.since));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_reported {
            let mut machine = lock(&self.breaker.machine);
            if machine.epoch == self.epoch {
                machine.give_back();
            }
        }
    }
}
