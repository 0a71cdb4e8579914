//! Retries: the same call again, later, and not too often.
//!
//! The wait before the n-th retry is drawn evenly from 0 to `base * factor^(n - 1)`, at most
//! `max_backoff` ("full jitter"), and comes on top of what the callee asked for in `Retry-After`.
//!
//! Source: AWS Architecture Blog, "Exponential Backoff And Jitter"; AWS SDK, "Retry behavior".

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::budget::{self, Budget};
use crate::chance::Chance;
use crate::clock::Clock;
use crate::config::{ANY_TIME, Check, ConfigError, refuse, seconds};
use crate::deadline::Deadline;
use crate::verdict::Verdict;

/// The most attempts that may be asked for.
pub const MAX_ATTEMPTS: u32 = 20;

/// How often and how soon. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Attempts in all, the first one included: 3.
    pub attempts: u32,
    /// The longest first wait after a transient failure (seconds): 0.05.
    pub base_seconds: f64,
    /// The longest first wait after being throttled (seconds): 1.
    pub throttled_base_seconds: f64,
    /// How much longer each wait that follows: 2.
    pub factor: f64,
    /// The longest wait (seconds): 20.
    pub max_backoff_seconds: f64,
    /// The most that is believed of a `Retry-After` (seconds): 60.
    pub max_retry_after_seconds: f64,
    /// Retries of all calls together.
    pub budget: budget::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            attempts: 3,
            base_seconds: 0.05,
            throttled_base_seconds: 1.0,
            factor: 2.0,
            max_backoff_seconds: 20.0,
            max_retry_after_seconds: 60.0,
            budget: budget::Config::default(),
        }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        Check::default()
            .within("attempts", self.attempts, 1..=MAX_ATTEMPTS)
            .within("base_seconds", self.base_seconds, ANY_TIME)
            .within("throttled_base_seconds", self.throttled_base_seconds, ANY_TIME)
            .within("factor", self.factor, 1.0..=100.0)
            .within("max_backoff_seconds", self.max_backoff_seconds, ANY_TIME)
            .within("max_retry_after_seconds", self.max_retry_after_seconds, ANY_TIME)
            .part("budget", self.budget.problems())
            .problems()
    }

    /// The longest wait after so many attempts, `Retry-After` apart.
    pub fn backoff(&self, attempts: u32, is_throttled: bool) -> Duration {
        let base = if is_throttled { self.throttled_base_seconds } else { self.base_seconds };
        let grown = base * self.factor.powi(attempts.saturating_sub(1) as i32);
        seconds(grown.min(self.max_backoff_seconds))
    }
}

/// Why there was no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The error would have come again.
    NotRetryable,
    /// There had been as many attempts as there may be.
    Attempts,
    /// The budget of all calls together was spent.
    Budget,
    /// The deadline would have passed first.
    Deadline,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRetryable => "it would fail again",
            Self::Attempts => "no attempts left",
            Self::Budget => "the retry budget is spent",
            Self::Deadline => "no time left",
        })
    }
}

/// Every attempt failed: all their errors, in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed after {} attempts ({stopped}): {last}", self.attempts())]
pub struct RetryError<E> {
    /// The errors of the attempts before the last.
    pub earlier: Vec<E>,
    /// The error of the last attempt.
    #[source]
    pub last: E,
    /// Why there was no further attempt.
    pub stopped: Stopped,
}

impl<E> RetryError<E> {
    /// How many attempts there were.
    pub fn attempts(&self) -> usize {
        self.earlier.len() + 1
    }
}

/// Makes calls again. One for each callee.
///
/// ```
/// use std::sync::Arc;
/// use resilience::retry::{Config, Retry};
/// use resilience::{Chance, Deadline, ManualClock, Verdict};
///
/// let clock = ManualClock::new();
/// let retry = Retry::new(Config::default(), Arc::new(clock.clone()), Chance::from_seed(1))?;
/// let transient = |_: &&str| Verdict::Transient { retry_after: None };
/// let call = retry.run(Deadline::NEVER, transient, |attempt| async move {
///     if attempt < 3 { Err("not yet") } else { Ok("there") }
/// });
/// assert_eq!(clock.run(call), Some(Ok("there")));
/// # Ok::<(), resilience::ConfigError>(())
/// ```
pub struct Retry {
    config: Config,
    clock: Arc<dyn Clock>,
    chance: Chance,
    budget: Budget,
}

impl Retry {
    /// With a full budget.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config, clock: Arc<dyn Clock>, chance: Chance) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        let budget = Budget::new(config.budget.clone())?;
        Ok(Self { config, clock, chance, budget })
    }

    /// What is left for retries.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Calls `op` with the number of the attempt, from 1, until it succeeds or there is a reason to
    /// stop. A wait that would outlast the deadline is not begun; the attempts themselves are the
    /// caller's to limit.
    ///
    /// # Errors
    ///
    /// The errors of all attempts, and why there was no further one.
    pub async fn run<T, E, F>(
        &self,
        deadline: Deadline,
        verdict: impl Fn(&E) -> Verdict,
        mut op: impl FnMut(u32) -> F,
    ) -> Result<T, RetryError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut call = self.budget.begin();
        let mut earlier = Vec::new();
        loop {
            let attempt = earlier.len() as u32 + 1;
            let last = match op(attempt).await {
                Ok(value) => {
                    call.succeeded();
                    return Ok(value);
                }
                Err(error) => error,
            };
            match self.wait(attempt, deadline, verdict(&last), &mut call) {
                Ok(wait) => self.clock.sleep(wait).await,
                Err(stopped) => return Err(RetryError { earlier, last, stopped }),
            }
            earlier.push(last);
        }
    }

    /// How long to wait before the next attempt, or why there is none.
    fn wait(
        &self,
        attempts: u32,
        deadline: Deadline,
        verdict: Verdict,
        call: &mut budget::ActiveCall<'_>,
    ) -> Result<Duration, Stopped> {
        let (is_throttled, retry_after) = match verdict {
            Verdict::Refused | Verdict::Permanent => return Err(Stopped::NotRetryable),
            Verdict::Transient { retry_after } => (false, retry_after),
            Verdict::Throttled { retry_after } => (true, retry_after),
        };
        if attempts >= self.config.attempts {
            return Err(Stopped::Attempts);
        }
        let asked = retry_after.unwrap_or_default();
        let least = asked.min(seconds(self.config.max_retry_after_seconds));
        let wait = least + self.chance.up_to(self.config.backoff(attempts, is_throttled));
        if wait >= deadline.remaining(&*self.clock) {
            return Err(Stopped::Deadline);
        }
        if call.pay_for_retry(is_throttled) { Ok(wait) } else { Err(Stopped::Budget) }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::ManualClock;

    const SECOND: Duration = Duration::from_secs(1);
    const TRANSIENT: Verdict = Verdict::Transient { retry_after: None };
    const THROTTLED: Verdict = Verdict::Throttled { retry_after: None };

    fn retry(config: Config, seed: u64) -> (ManualClock, Retry) {
        let clock = ManualClock::new();
        let retry = Retry::new(config, Arc::new(clock.clone()), Chance::from_seed(seed)).unwrap();
        (clock, retry)
    }

    /// Fails always; when each attempt was made, and what came of it.
    fn fail(config: Config, seed: u64, verdict: Verdict) -> (Vec<Duration>, RetryError<u32>) {
        let (clock, retry) = retry(config, seed);
        let at = RefCell::new(Vec::new());
        let call = retry.run(
            Deadline::NEVER,
            |_| verdict,
            async |attempt| {
                at.borrow_mut().push(clock.now());
                Err::<(), _>(attempt)
            },
        );
        let error = clock.run(call).unwrap().unwrap_err();
        (at.take(), error)
    }

    #[test]
    fn defaults() {
        let config = Config::default();
        assert_eq!(config.problems(), [""; 0]);
        assert_eq!((config.attempts, config.factor), (3, 2.0));
        assert_eq!(config.backoff(1, false), Duration::from_millis(50));
        assert_eq!(config.backoff(2, false), Duration::from_millis(100));
        assert_eq!(config.backoff(1, true), SECOND);
        assert_eq!(config.backoff(20, false), SECOND * 20);
        let mut config = Config { attempts: 0, ..config };
        config.budget.min_active = u32::MAX;
        assert_eq!(
            config.problems(),
            [
                "attempts: expected 1 to 20, found 0",
                "budget.min_active: expected 0 to 1000000, found 4294967295"
            ]
        );
    }

    #[test]
    fn three_attempts_and_the_chain_of_their_errors() {
        let (at, error) = fail(Config::default(), 1, TRANSIENT);
        let expected = RetryError { earlier: vec![1, 2], last: 3, stopped: Stopped::Attempts };
        assert_eq!((at.len(), &error), (3, &expected));
        assert_eq!(error.to_string(), "failed after 3 attempts (no attempts left): 3");
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for verdict in [Verdict::Refused, Verdict::Permanent] {
            let (at, error) = fail(Config::default(), 1, verdict);
            assert_eq!((at.len(), error.stopped), (1, Stopped::NotRetryable));
        }
    }

    #[test]
    fn waits_have_full_jitter() {
        for (verdict, base) in [(TRANSIENT, 0.05), (THROTTLED, 1.0)] {
            let waits: Vec<[f64; 2]> = (0..1000)
                .map(|seed| {
                    let (at, _) = fail(Config::default(), seed, verdict);
                    [at[1] - at[0], at[2] - at[1]].map(|wait| wait.as_secs_f64())
                })
                .collect();
            for (k, most) in [(0, base), (1, 2.0 * base)] {
                let waits = waits.iter().map(|waits| waits[k]);
                assert!(waits.clone().all(|wait| wait <= most));
                // The mean of an even draw, within five standard errors.
                let mean = waits.sum::<f64>() / 1000.0;
                assert!((mean / most - 0.5).abs() < 0.046, "{mean} of {most}");
            }
        }
    }

    #[test]
    fn retry_after_is_the_least_and_is_not_believed_for_ever() {
        for (asked, least) in [(7, 7), (3600, 60)] {
            let verdict = Verdict::Throttled { retry_after: Some(SECOND * asked) };
            let (at, _) = fail(Config::default(), 1, verdict);
            let wait = at[1] - at[0];
            assert!(wait >= SECOND * least && wait <= SECOND * (least + 1), "{wait:?}");
        }
    }

    #[test]
    fn a_wait_beyond_the_deadline_is_not_begun() {
        let config = Config { base_seconds: 0.0, ..Config::default() };
        let (clock, retry) = retry(config, 1);
        let verdict = Verdict::Transient { retry_after: Some(SECOND * 5) };
        let deadline = Deadline::after(&clock, SECOND * 5);
        let call = retry.run(deadline, |_| verdict, async |_| Err::<(), _>("failed"));
        assert_eq!(clock.run(call).unwrap().unwrap_err().stopped, Stopped::Deadline);
        assert_eq!(clock.now(), Duration::ZERO);
        assert_eq!(retry.budget().tokens(), 500);
    }

    #[test]
    fn when_all_fails_the_budget_ends_the_retries() {
        let (clock, retry) = retry(Config::default(), 1);
        let mut attempts = 0;
        for _ in 0..1000 {
            let call = retry.run(Deadline::NEVER, |_| TRANSIENT, async |_| Err::<(), _>("failed"));
            attempts += clock.run(call).unwrap().unwrap_err().attempts();
        }
        assert_eq!(attempts, 1000 + 500 / 14);
    }

    #[test]
    fn success_gives_back_what_the_last_retry_cost() {
        let (clock, retry) = retry(Config::default(), 1);
        for attempts in 1..=3 {
            let op = async |attempt| if attempt < attempts { Err("failed") } else { Ok(()) };
            let call = retry.run(Deadline::NEVER, |_| TRANSIENT, op);
            assert_eq!(clock.run(call), Some(Ok(())));
        }
        assert_eq!(retry.budget().tokens(), 500 - 14);
    }

    #[test]
    fn a_call_that_is_dropped_is_no_longer_in_flight() {
        let (clock, retry) = retry(Config::default(), 1);
        for _ in 0..10 {
            let hangs = async |_| std::future::pending::<Result<(), &str>>().await;
            assert!(clock.run(retry.run(Deadline::NEVER, |_| TRANSIENT, hangs)).is_none());
        }
        let mut calls: Vec<_> = (0..4).map(|_| retry.budget().begin()).collect();
        assert_eq!(calls.iter_mut().filter_map(|c| c.pay_for_retry(true).then_some(())).count(), 3);
    }
}
