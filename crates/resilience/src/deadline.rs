//! Deadlines: a point in time by which a whole call must be over, handed on from call to call.

use std::time::Duration;

use serde::Deserialize;

use crate::clock::Clock;
use crate::config::{Check, SOME_TIME, seconds};

/// How long a call may take. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// One attempt (seconds): 5.
    pub attempt_seconds: f64,
    /// All attempts and the waits between them (seconds): 15, as Envoy's routes.
    pub total_seconds: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { attempt_seconds: 5.0, total_seconds: 15.0 }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        Check::default()
            .within("attempt_seconds", self.attempt_seconds, SOME_TIME)
            .within("total_seconds", self.total_seconds, SOME_TIME)
            .problems()
    }

    /// One attempt.
    pub fn attempt(&self) -> Duration {
        seconds(self.attempt_seconds)
    }

    /// All attempts.
    pub fn total(&self) -> Duration {
        seconds(self.total_seconds)
    }
}

/// A point in time of one clock. The earlier of two is their `min`.
///
/// ```
/// use std::time::Duration;
/// use resilience::{Deadline, ManualClock, time_limit};
///
/// let clock = ManualClock::new();
/// let total = Deadline::after(&clock, Duration::from_secs(10));
/// let attempt = total.child(&clock, Duration::from_secs(2));
/// let ended = clock.run(time_limit(&clock, attempt, std::future::pending::<()>()));
/// assert!(ended.is_some_and(|ended| ended.is_err()));
/// assert_eq!(total.remaining(&clock), Duration::from_secs(8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// One that never comes.
    pub const NEVER: Self = Self(Duration::MAX);

    /// A point in time, as the clock counts it.
    pub const fn at(time: Duration) -> Self {
        Self(time)
    }

    /// This long from now.
    pub fn after(clock: &dyn Clock, limit: Duration) -> Self {
        Self(clock.now().saturating_add(limit))
    }

    /// The deadline of a part: its own limit, and never later than the whole.
    pub fn child(self, clock: &dyn Clock, limit: Duration) -> Self {
        self.min(Self::after(clock, limit))
    }

    /// The time left; none where it has passed.
    pub fn remaining(self, clock: &dyn Clock) -> Duration {
        self.0.saturating_sub(clock.now())
    }

    /// Is it over?
    pub fn has_passed(self, clock: &dyn Clock) -> bool {
        self.remaining(clock).is_zero()
    }
}

/// The deadline came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time limit has passed")]
pub struct Elapsed;

/// Runs a future until it ends or the deadline comes; then it is dropped, and so cancelled.
///
/// # Errors
///
/// [`Elapsed`] where the deadline came first, or had come before: then nothing was begun.
pub async fn time_limit<F: Future>(
    clock: &dyn Clock,
    deadline: Deadline,
    future: F,
) -> Result<F::Output, Elapsed> {
    if deadline.has_passed(clock) {
        return Err(Elapsed);
    }
    tokio::select! {
        biased;
        output = future => Ok(output),
        () = clock.sleep(deadline.remaining(clock)) => Err(Elapsed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn defaults() {
        let config = Config::default();
        assert_eq!((config.attempt(), config.total()), (SECOND * 5, SECOND * 15));
        assert_eq!(config.problems(), [""; 0]);
        let config = Config { attempt_seconds: 0.0, total_seconds: -1.0 };
        assert_eq!(
            config.problems(),
            [
                "attempt_seconds: expected 0.001 to 86400, found 0",
                "total_seconds: expected 0.001 to 86400, found -1"
            ]
        );
    }

    #[test]
    fn a_child_is_never_later_than_its_parent() {
        let clock = ManualClock::new();
        let parent = Deadline::after(&clock, SECOND * 10);
        assert_eq!(parent.child(&clock, SECOND * 3), Deadline::at(SECOND * 3));
        clock.advance(SECOND * 8);
        assert_eq!(parent.child(&clock, SECOND * 3), parent);
        assert_eq!(parent.remaining(&clock), SECOND * 2);
        clock.advance(SECOND * 8);
        assert_eq!(parent.remaining(&clock), Duration::ZERO);
        assert!(parent.has_passed(&clock) && !Deadline::NEVER.has_passed(&clock));
    }

    #[test]
    fn a_limit_ends_what_is_late_and_nothing_else() {
        let clock = ManualClock::new();
        let work = |time| {
            let clock = clock.clone();
            async move { clock.sleep(time).await }
        };
        let limit = |limit| Deadline::after(&clock, limit);
        let run = |deadline, time| clock.run(time_limit(&clock, deadline, work(time)));
        assert_eq!(run(limit(SECOND * 2), SECOND), Some(Ok(())));
        assert_eq!(run(limit(SECOND), SECOND * 2), Some(Err(Elapsed)));
        assert_eq!(run(Deadline::NEVER, SECOND * 2), Some(Ok(())));
        let passed = time_limit(&clock, limit(Duration::ZERO), async { panic!("was begun") });
        assert_eq!(clock.run(passed), Some(Err(Elapsed)));
    }
}
