//! Hedging: a read that is late is asked a second time, and the first answer counts.
//!
//! Only for calls that may be made twice. The delay is best the 95th percentile of how long calls
//! take: then one in twenty is asked twice. A budget bounds how many are, for when all are late.
//!
//! Source: J. Dean and L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013.

use std::pin::pin;
use std::sync::{Arc, Mutex};

use serde::Deserialize;

use crate::clock::Clock;
use crate::config::{ANY_TIME, Check, ConfigError, refuse, seconds};
use crate::lock::lock;

/// When a second call is made, and how often. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How late the first call is when the second is made (seconds): 0.1.
    pub delay_seconds: f64,
    /// Second calls, as a share of first ones: 0.1.
    pub budget_share: f64,
    /// Second calls saved up at most: 10.
    pub max_saved: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { delay_seconds: 0.1, budget_share: 0.1, max_saved: 10 }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        Check::default()
            .within("delay_seconds", self.delay_seconds, ANY_TIME)
            .within("budget_share", self.budget_share, 0.0..=1.0)
            .within("max_saved", self.max_saved, 1..=1_000_000)
            .problems()
    }
}

/// Makes second calls. One for each callee.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use resilience::hedge::{Config, Hedge};
/// use resilience::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let hedge = Hedge::new(Config::default(), Arc::new(clock.clone()))?;
/// // The first call takes a minute, the second a moment.
/// let read = hedge.run(|attempt| {
///     let work = clock.sleep(Duration::from_secs(if attempt == 1 { 60 } else { 0 }));
///     async move {
///         work.await;
///         Ok::<_, ()>(attempt)
///     }
/// });
/// assert_eq!(clock.run(read), Some(Ok(2)));
/// assert_eq!(clock.now(), Duration::from_millis(100));
/// # Ok::<(), resilience::ConfigError>(())
/// ```
pub struct Hedge {
    config: Config,
    clock: Arc<dyn Clock>,
    saved: Mutex<Saved>,
}

struct Saved {
    hedges: f64,
    hedges_total: u64,
}

impl Hedge {
    /// With a full budget.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        let saved = Mutex::new(Saved { hedges: f64::from(config.max_saved), hedges_total: 0 });
        Ok(Self { config, clock, saved })
    }

    /// Second calls since the start.
    pub fn hedges_total(&self) -> u64 {
        lock(&self.saved).hedges_total
    }

    /// Calls `op` with 1, and with 2 if that is late. The first success counts and the other call is
    /// dropped; a failure waits for the other call, if there is one.
    ///
    /// # Errors
    ///
    /// The error of the last call to fail.
    pub async fn run<T, E, F>(&self, mut op: impl FnMut(u32) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.save();
        let mut first = pin!(op(1));
        tokio::select! {
            biased;
            result = &mut first => return result,
            () = self.clock.sleep(seconds(self.config.delay_seconds)) => {}
        }
        if !self.spend() {
            return first.await;
        }
        let mut second = pin!(op(2));
        let (result, other) = tokio::select! {
            biased;
            result = &mut first => (result, second),
            result = &mut second => (result, first),
        };
        match result {
            Ok(value) => Ok(value),
            Err(_) => other.await,
        }
    }

    fn save(&self) {
        let mut saved = lock(&self.saved);
        let most = f64::from(self.config.max_saved);
        saved.hedges = (saved.hedges + self.config.budget_share).min(most);
    }

    fn spend(&self) -> bool {
        let mut saved = lock(&self.saved);
        let is_enough = saved.hedges >= 1.0;
        if is_enough {
            saved.hedges -= 1.0;
            saved.hedges_total += 1;
        }
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ManualClock;

    type Answer = (u64, Result<&'static str, &'static str>);

    fn hedge() -> (ManualClock, Hedge) {
        let clock = ManualClock::new();
        let hedge = Hedge::new(Config::default(), Arc::new(clock.clone())).unwrap();
        (clock, hedge)
    }

    /// Each call takes so many ms and ends so; what came out, when, and how many calls were made.
    fn check(calls: [Answer; 2]) -> (Result<&'static str, &'static str>, u128, u64) {
        let (clock, hedge) = hedge();
        let run = hedge.run(|attempt| {
            let (ms, result) = calls[attempt as usize - 1];
            let work = clock.sleep(Duration::from_millis(ms));
            async move {
                work.await;
                result
            }
        });
        let result = clock.run(run).unwrap();
        assert_eq!(clock.n_sleepers(), 0, "the loser is dropped");
        (result, clock.now().as_millis(), 1 + hedge.hedges_total())
    }

    #[test]
    fn defaults() {
        let config = Config::default();
        assert_eq!(config.problems(), [""; 0]);
        assert_eq!((config.delay_seconds, config.budget_share, config.max_saved), (0.1, 0.1, 10));
        let config = Config { budget_share: -0.1, ..config };
        assert_eq!(config.problems(), ["budget_share: expected 0 to 1, found -0.1"]);
    }

    #[test]
    fn the_first_success_counts() {
        let (a, b) = (Ok("first"), Ok("second"));
        assert_eq!(check([(50, a), (0, b)]), (a, 50, 1));
        assert_eq!(check([(500, a), (50, b)]), (b, 150, 2));
        assert_eq!(check([(120, a), (50, b)]), (a, 120, 2));
    }

    #[test]
    fn a_failure_waits_for_the_other() {
        let (a, b) = (Err("first"), Err("second"));
        assert_eq!(check([(50, a), (0, b)]), (a, 50, 1));
        assert_eq!(check([(120, a), (50, Ok("second"))]), (Ok("second"), 150, 2));
        assert_eq!(check([(500, Ok("first")), (50, b)]), (Ok("first"), 500, 2));
        assert_eq!(check([(120, a), (50, b)]), (b, 150, 2));
        assert_eq!(check([(500, a), (50, b)]), (a, 500, 2));
    }

    #[test]
    fn calls_in_time_save_up_no_more_than_the_most() {
        let (clock, hedge) = hedge();
        for _ in 0..1000 {
            assert_eq!(clock.run(hedge.run(|_| async { Ok::<_, ()>(()) })), Some(Ok(())));
        }
        assert_eq!((0..100).filter(|_| hedge.spend()).count(), 10);
    }

    #[test]
    fn when_all_are_late_the_budget_ends_the_hedges() {
        let (clock, hedge) = hedge();
        for _ in 0..1000 {
            let run = hedge.run(|_| async {
                clock.sleep(Duration::from_secs(1)).await;
                Ok::<_, ()>(())
            });
            assert_eq!(clock.run(run), Some(Ok(())));
        }
        // Ten were saved up, and a tenth of the calls came on top.
        let hedges = hedge.hedges_total();
        assert!((108..=110).contains(&hedges), "{hedges}");
    }
}
