//! A policy: all that stands between a caller and one callee, in one call.
//!
//! From the outside in:
//!
//! 1. the **total time limit**, which everything below keeps to;
//! 2. the **bulkhead**: a call has its place for all its attempts and the waits between them, so
//!    that what waits to be retried is bounded too;
//! 3. the **retry**, which makes the rest again;
//! 4. the **breaker**: it sees every attempt, without the waits, and one that it refuses is not
//!    made again;
//! 5. the **time limit of an attempt**, inside, so that the breaker hears of attempts that hang.
//!
//! An attempt that is cut short by the caller's deadline, before its own limit, says nothing about
//! the callee: else who brings little time could open the breaker for everybody.
//!
//! Source: resilience4j, the order of its aspects; there the bulkhead is innermost, and what waits to
//! be retried is not bounded.

use std::hash::Hash;
use std::sync::Arc;

use serde::Deserialize;

use crate::breaker::{self, Breaker, Open, Outcome, Permit};
use crate::bulkhead::{self, Bulkhead, Full};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{Check, ConfigError, refuse};
use crate::deadline::{self, Deadline, time_limit};
use crate::retry::{self, Retry, RetryError};
use crate::verdict::Verdict;

/// The settings of its parts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long calls may take.
    pub time: deadline::Config,
    /// How many at once.
    pub bulkhead: bulkhead::Config,
    /// How often again.
    pub retry: retry::Config,
    /// When not at all.
    pub breaker: breaker::Config,
}

impl Config {
    /// Every setting that cannot be, as `part.key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        Check::default()
            .part("time", self.time.problems())
            .part("bulkhead", self.bulkhead.problems())
            .part("retry", self.retry.problems())
            .part("breaker", self.breaker.problems())
            .problems()
    }
}

/// What an attempt is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// When it must be over, to be handed on to the callee.
    pub deadline: Deadline,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttemptError<E> {
    /// The breaker refused it.
    #[error(transparent)]
    Open(#[from] Open),
    /// It took too long.
    #[error("the attempt took too long")]
    TimedOut,
    /// The callee's own error.
    #[error("{0}")]
    Call(#[source] E),
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError<E> {
    /// There was no room for it; nothing was tried.
    #[error(transparent)]
    Full(#[from] Full),
    /// All its attempts failed.
    #[error("{0}")]
    Failed(#[from] RetryError<AttemptError<E>>),
}

/// All that stands between callers and one callee. `K` is what the bulkhead tells callers apart by.
///
/// ```
/// use std::sync::Arc;
/// use resilience::policy::{Config, Policy};
/// use resilience::{Chance, Deadline, ManualClock, Verdict};
///
/// let clock = ManualClock::new();
/// let policy = Policy::new(Config::default(), Arc::new(clock.clone()), &Chance::from_seed(1))?;
/// let transient = |_: &&str| Verdict::Transient { retry_after: None };
/// let call = policy.call("a tenant", Deadline::NEVER, transient, |attempt| async move {
///     if attempt.number < 3 { Err("not yet") } else { Ok("there") }
/// });
/// assert_eq!(clock.run(call), Some(Ok("there")));
/// # Ok::<(), resilience::ConfigError>(())
/// ```
pub struct Policy<K: Eq + Hash> {
    time: deadline::Config,
    clock: Arc<dyn Clock>,
    bulkhead: Bulkhead<K>,
    retry: Retry,
    breaker: Breaker,
}

impl<K: Eq + Hash + Clone> Policy<K> {
    /// With all its parts at rest.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        chance: &Chance,
    ) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        Ok(Self {
            time: config.time,
            bulkhead: Bulkhead::new(config.bulkhead, Arc::clone(&clock))?,
            retry: Retry::new(config.retry, Arc::clone(&clock), chance.fork())?,
            breaker: Breaker::new(config.breaker, Arc::clone(&clock), chance.fork())?,
            clock,
        })
    }

    /// Its bulkhead, to be looked at.
    pub fn bulkhead(&self) -> &Bulkhead<K> {
        &self.bulkhead
    }

    /// Its retries, to be looked at.
    pub fn retry(&self) -> &Retry {
        &self.retry
    }

    /// Its breaker, to be looked at and forced.
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// Makes a call. `verdict` says what an error means, to the retry and to the breaker.
    ///
    /// # Errors
    ///
    /// [`CallError`], with the errors of all attempts.
    pub async fn call<T, E, F>(
        &self,
        key: K,
        deadline: Deadline,
        verdict: impl Fn(&E) -> Verdict,
        mut op: impl FnMut(Attempt) -> F,
    ) -> Result<T, CallError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let deadline = deadline.child(&*self.clock, self.time.total());
        let _place = self.bulkhead.enter(key, deadline).await?;
        let verdict = &verdict;
        let attempt = |number| {
            let permit = self.breaker.permit();
            let limit = Deadline::after(&*self.clock, self.time.attempt());
            let attempt = Attempt { number, deadline: limit.min(deadline) };
            let begun = permit.map(|permit| (permit, op(attempt)));
            async move {
                let (permit, future) = begun?;
                let ended = time_limit(&*self.clock, attempt.deadline, future).await;
                report(permit, &ended, attempt.deadline < limit, verdict);
                ended.map_or(Err(AttemptError::TimedOut), |result| {
                    result.map_err(AttemptError::Call)
                })
            }
        };
        Ok(self.retry.run(deadline, |error| verdict_on(error, verdict), attempt).await?)
    }
}

/// Tells the breaker how an attempt ended.
fn report<T, E, L>(
    permit: Permit,
    ended: &Result<Result<T, E>, L>,
    was_cut_short: bool,
    verdict: impl Fn(&E) -> Verdict,
) {
    permit.done(match ended {
        Ok(Ok(_)) => Outcome::Success,
        Ok(Err(error)) if verdict(error) == Verdict::Refused => Outcome::Ignored,
        Ok(Err(_)) => Outcome::Failure,
        Err(_) if was_cut_short => Outcome::Ignored,
        Err(_) => Outcome::Failure,
    });
}

fn verdict_on<E>(error: &AttemptError<E>, verdict: impl Fn(&E) -> Verdict) -> Verdict {
    match error {
        AttemptError::Open(_) => Verdict::Refused,
        AttemptError::TimedOut => Verdict::Transient { retry_after: None },
        AttemptError::Call(error) => verdict(error),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::*;
    use crate::breaker::State;
    use crate::retry::Stopped;
    use crate::{ManualClock, SystemClock};

    const SECOND: Duration = Duration::from_secs(1);
    const TRANSIENT: Verdict = Verdict::Transient { retry_after: None };

    type Result<T> = std::result::Result<T, CallError<&'static str>>;

    fn policy(config: Config) -> (ManualClock, Policy<&'static str>) {
        let clock = ManualClock::new();
        let policy = Policy::new(config, Arc::new(clock.clone()), &Chance::from_seed(1)).unwrap();
        (clock, policy)
    }

    /// Every attempt takes this long and fails.
    fn fail(
        (clock, policy): &(ManualClock, Policy<&'static str>),
        time: Duration,
        verdict: Verdict,
    ) -> RetryError<AttemptError<&'static str>> {
        let call = policy.call(
            "a",
            Deadline::NEVER,
            |_| verdict,
            async |_| {
                clock.sleep(time).await;
                std::result::Result::<(), _>::Err("failed")
            },
        );
        match clock.run(call) {
            Some(Err(CallError::Failed(error))) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn problems_have_the_name_of_their_part() {
        assert_eq!(Config::default().problems(), [""; 0]);
        let text = r#"{"time": {"total_seconds": 0}, "breaker": {"window": {"calls": 0}}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        assert_eq!(
            config.problems(),
            [
                "time.total_seconds: expected 0.001 to 86400, found 0",
                "breaker.window.calls: expected 1 to 100000, found 0",
                "breaker.min_calls: expected 1 to 1, found 20"
            ]
        );
    }

    #[test]
    fn every_attempt_is_told_its_deadline_and_keeps_its_place() {
        let (clock, policy) = policy(Config::default());
        let seen = RefCell::new(Vec::new());
        let deadline = Deadline::at(SECOND * 8);
        let call = policy.call(
            "a",
            deadline,
            |_| TRANSIENT,
            async |attempt: Attempt| {
                let left = attempt.deadline.remaining(&clock).as_secs();
                seen.borrow_mut().push((attempt.number, left, policy.bulkhead().n_active()));
                clock.sleep(SECOND * 2).await;
                if attempt.number < 3 { Err("failed") } else { Ok("there") }
            },
        );
        let result: Option<Result<&str>> = clock.run(call);
        assert_eq!(result, Some(Ok("there")));
        assert_eq!(seen.take(), [(1, 5, 1), (2, 5, 1), (3, 3, 1)]);
        assert_eq!(policy.bulkhead().n_active(), 0);
    }

    #[test]
    fn the_breaker_sees_every_attempt() {
        let parts = policy(Config::default());
        let error = fail(&parts, SECOND, TRANSIENT);
        assert_eq!((error.attempts(), error.stopped), (3, Stopped::Attempts));
        let tally = parts.1.breaker().snapshot().tally;
        assert_eq!((tally.calls, tally.failures, tally.slow_calls), (3, 3, 0));
    }

    #[test]
    fn a_mistake_of_the_caller_is_not_held_against_the_callee() {
        let parts = policy(Config::default());
        for _ in 0..100 {
            let error = fail(&parts, SECOND, Verdict::Refused);
            assert_eq!(error.stopped, Stopped::NotRetryable);
        }
        assert_eq!(parts.1.breaker().snapshot().tally.calls, 0);
    }

    #[test]
    fn an_open_breaker_ends_the_attempts() {
        let parts = policy(Config::default());
        let attempts: Vec<usize> =
            (0..8).map(|_| fail(&parts, SECOND, TRANSIENT).attempts()).collect();
        // The twentieth attempt opened it: the third of the seventh call was refused.
        assert_eq!(attempts, [3, 3, 3, 3, 3, 3, 3, 1]);
        assert_eq!(parts.1.breaker().state(), State::Open);
        let error = fail(&parts, SECOND, TRANSIENT);
        assert!(matches!(error.last, AttemptError::Open(_)) && error.earlier.is_empty());
    }

    #[test]
    fn attempts_that_hang_are_ended_and_counted_and_the_total_holds() {
        let parts = policy(Config::default());
        let error = fail(&parts, SECOND * 3600, TRANSIENT);
        // Two attempts of five seconds, and a third that the total of fifteen cuts short.
        assert_eq!((error.attempts(), error.stopped), (3, Stopped::Attempts));
        assert_eq!(error.last, AttemptError::TimedOut);
        assert_eq!(parts.0.now(), SECOND * 15);
        let tally = parts.1.breaker().snapshot().tally;
        assert_eq!((tally.calls, tally.failures, tally.slow_calls), (2, 2, 2));
    }

    #[test]
    fn who_brings_little_time_cannot_open_the_breaker() {
        let (clock, policy) = policy(Config::default());
        for _ in 0..100 {
            let soon = Deadline::after(&clock, SECOND / 1000);
            let hangs = async |_| {
                clock.sleep(SECOND).await;
                std::result::Result::<(), _>::Err("failed")
            };
            let result = clock.run(policy.call("a", soon, |_| TRANSIENT, hangs));
            let Some(Err(CallError::Failed(error))) = result else { panic!("{result:?}") };
            assert_eq!((error.last, error.stopped), (AttemptError::TimedOut, Stopped::Deadline));
        }
        assert_eq!(policy.breaker().state(), State::Closed);
        assert_eq!(policy.breaker().snapshot().tally.calls, 0);
    }

    #[test]
    fn without_room_nothing_is_tried() {
        let mut config = Config::default();
        config.bulkhead.max_concurrent_per_key = 1;
        let (clock, policy) = policy(config);
        let _place = clock.run(policy.bulkhead().enter("a", Deadline::NEVER));
        let untried = async |_| -> std::result::Result<(), &str> { panic!("was tried") };
        let result = clock.run(policy.call("a", Deadline::NEVER, |_| TRANSIENT, untried));
        assert_eq!(result, Some(Err(CallError::Full(Full::Waited { waited: SECOND }))));
    }

    #[tokio::test]
    async fn a_call_can_be_a_task_of_its_own() {
        let clock = Arc::new(SystemClock::new());
        let policy =
            Arc::new(Policy::new(Config::default(), clock, &Chance::from_seed(1)).unwrap());
        let task = tokio::spawn(async move {
            let op = |_| async { Ok::<_, String>(1) };
            policy.call(1u32, Deadline::NEVER, |_| TRANSIENT, op).await
        });
        assert_eq!(task.await.unwrap(), Ok(1));
    }
}
