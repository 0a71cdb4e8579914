//! Rate limits: how much each key may ask for over time, by the generic cell rate algorithm.
//!
//! A key has one number, the time at which its quota will be whole again (the "theoretical arrival
//! time", `tat`). With `t = window / limit` for one unit and `b = burst * t` for a whole quota,
//! a call of cost `c` at time `now` is allowed when
//!
//! ```text
//! max(tat, now) + c * t <= now + b
//! ```
//!
//! and the left side is the new `tat`. So any window sees at most `burst + limit` units.
//!
//! A clock that goes back locks nobody out: a `tat` later than `now + b` is one that no call can
//! have made, and is taken as `now + b`.
//!
//! Source: ITU-T I.371, "generic cell rate algorithm", virtual scheduling.

use std::hash::Hash;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;

use crate::bounded::Bounded;
use crate::clock::Clock;
use crate::config::{Check, ConfigError, SOME_TIME, refuse, seconds};
use crate::lock::lock;

/// The most units of a limit.
pub const MAX_UNITS: u32 = 1_000_000;

/// How much over what time. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Units of each window: 100.
    pub limit: u32,
    /// The window (seconds): 1.
    pub window_seconds: f64,
    /// Units at once, after a rest: 100.
    pub burst: u32,
    /// Keys that are remembered: 10,000. When there are more, the one whose quota is whole, or will
    /// be soonest, is forgotten.
    pub max_keys: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { limit: 100, window_seconds: 1.0, burst: 100, max_keys: 10_000 }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        Check::default()
            .within("limit", self.limit, 1..=MAX_UNITS)
            .within("window_seconds", self.window_seconds, SOME_TIME)
            .within("burst", self.burst, 1..=MAX_UNITS)
            .within("max_keys", self.max_keys, 1..=10_000_000)
            .problems()
    }

    /// The time in which one unit comes back, rounded up, so that no more than the limit does.
    fn unit_time(&self) -> Duration {
        let window = seconds(self.window_seconds);
        let nanos = window.as_nanos().div_ceil(u128::from(self.limit.max(1)));
        Duration::from_nanos_u128(nanos.max(1))
    }
}

/// What a call is told, allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// May it go on?
    pub allowed: bool,
    /// Units of a whole quota.
    pub limit: u32,
    /// The time in which a spent quota is whole again.
    pub window: Duration,
    /// Units that may be asked for now.
    pub remaining: u32,
    /// Until the quota is whole.
    pub reset_after: Duration,
    /// Until this call would be allowed. None where it is, and where it asks for more than a whole
    /// quota and never will be.
    pub retry_after: Option<Duration>,
}

impl Decision {
    /// The `RateLimit-Policy` header, as of draft-ietf-httpapi-ratelimit-headers-10. The name of the
    /// policy is of printable ASCII without quotes or backslashes.
    pub fn policy_header(&self, name: &str) -> String {
        format!("\"{name}\";q={};w={}", self.limit, whole_seconds(self.window).max(1))
    }

    /// The `RateLimit` header.
    pub fn header(&self, name: &str) -> String {
        format!("\"{name}\";r={};t={}", self.remaining, whole_seconds(self.reset_after))
    }
}

/// Rounded up: who comes back then does not come too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// A rate limit for each key.
///
/// ```
/// use std::sync::Arc;
/// use resilience::rate::{Config, RateLimit};
/// use resilience::ManualClock;
///
/// let config = Config { limit: 2, window_seconds: 60.0, burst: 2, ..Config::default() };
/// let rate = RateLimit::new(config, Arc::new(ManualClock::new()))?;
/// assert!(rate.check("a tenant", 1).allowed);
/// let decision = rate.check("a tenant", 1);
/// assert_eq!(decision.policy_header("default"), r#""default";q=2;w=60"#);
/// assert_eq!(decision.header("default"), r#""default";r=0;t=60"#);
/// assert!(!rate.check("a tenant", 1).allowed);
/// # Ok::<(), resilience::ConfigError>(())
/// ```
pub struct RateLimit<K> {
    burst: u32,
    unit: Duration,
    clock: Arc<dyn Clock>,
    /// Ranked by the time at which the quota is whole again.
    keys: Mutex<Bounded<K, Duration, ()>>,
}

impl<K: Eq + Hash + Clone> RateLimit<K> {
    /// One in which every quota is whole.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        let keys = Mutex::new(Bounded::new(config.max_keys));
        Ok(Self { burst: config.burst, unit: config.unit_time(), clock, keys })
    }

    /// Asks for `cost` units; takes all of them or none.
    pub fn check(&self, key: K, cost: u32) -> Decision {
        let now = self.clock.now();
        let quota = self.unit.saturating_mul(self.burst);
        let mut keys = lock(&self.keys);
        let whole_at = keys.get(&key).map_or(now, |(tat, ())| tat);
        let mut owed = whole_at.saturating_sub(now).min(quota);
        let asked = owed.saturating_add(self.unit.saturating_mul(cost));
        let allowed = asked <= quota;
        if allowed && cost > 0 {
            owed = asked;
            keys.put(key, now.saturating_add(owed), ());
        }
        Decision {
            allowed,
            limit: self.burst,
            window: quota,
            remaining: self.units(quota - owed),
            reset_after: owed,
            retry_after: (!allowed && cost <= self.burst).then(|| asked - quota),
        }
    }

    /// Keys that are remembered.
    pub fn n_keys(&self) -> usize {
        lock(&self.keys).len()
    }

    /// Whole units of a time.
    fn units(&self, time: Duration) -> u32 {
        (time.as_nanos() / self.unit.as_nanos()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chance, ManualClock};

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(config: Config) -> (ManualClock, RateLimit<u64>) {
        let clock = ManualClock::new();
        let rate = RateLimit::new(config, Arc::new(clock.clone())).unwrap();
        (clock, rate)
    }

    /// Ten units in ten seconds, ten at once.
    fn ten() -> Config {
        Config { limit: 10, window_seconds: 10.0, burst: 10, max_keys: 4 }
    }

    #[test]
    fn defaults() {
        let config = Config::default();
        assert_eq!(config.problems(), [""; 0]);
        assert_eq!((config.limit, config.window_seconds), (100, 1.0));
        assert_eq!((config.burst, config.max_keys), (100, 10_000));
        let config = Config { limit: 0, window_seconds: f64::NAN, ..config };
        assert_eq!(
            config.problems(),
            [
                "limit: expected 1 to 1000000, found 0",
                "window_seconds: expected 0.001 to 86400, found NaN"
            ]
        );
    }

    #[test]
    fn a_decision_says_all_there_is_to_say() {
        let (clock, rate) = rate(ten());
        clock.advance(SECOND * 100);
        let decision = rate.check(1, 4);
        let expected = Decision {
            allowed: true,
            limit: 10,
            window: SECOND * 10,
            remaining: 6,
            reset_after: SECOND * 4,
            retry_after: None,
        };
        assert_eq!(decision, expected);
        let refused = Decision { allowed: false, retry_after: Some(SECOND), ..expected };
        assert_eq!(rate.check(1, 7), refused);
        clock.advance(SECOND / 2);
        let decision = rate.check(1, 0);
        assert_eq!((decision.remaining, decision.header("d")), (6, r#""d";r=6;t=4"#.to_owned()));
        clock.advance(SECOND / 2);
        assert_eq!(rate.check(1, 7).remaining, 0);
    }

    #[test]
    fn asking_for_nothing_is_remembered_nowhere() {
        let (_, rate) = rate(ten());
        assert_eq!((rate.check(1, 0).remaining, rate.n_keys()), (10, 0));
    }

    #[test]
    fn a_unit_takes_no_less_than_its_time() {
        let config = Config { limit: 3, ..Config::default() };
        assert_eq!(config.unit_time(), Duration::from_nanos(333_333_334));
    }

    #[test]
    fn who_asks_for_more_than_there_is_is_not_told_to_come_back() {
        let (_, rate) = rate(ten());
        let decision = rate.check(1, 11);
        assert_eq!((decision.allowed, decision.retry_after, rate.n_keys()), (false, None, 0));
        assert!(!rate.check(1, u32::MAX).allowed);
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out() {
        let (clock, rate) = rate(ten());
        clock.set(SECOND * 1_000_000);
        assert!(rate.check(1, 10).allowed);
        clock.set(SECOND);
        assert_eq!(rate.check(1, 1).retry_after, Some(SECOND));
        clock.advance(SECOND);
        assert_eq!(rate.check(1, 1).retry_after, Some(SECOND), "a refusal leaves no trace");
    }

    #[test]
    fn whoever_rested_longest_is_forgotten() {
        let (clock, rate) = rate(ten());
        (0..4).for_each(|key| {
            rate.check(key, 10);
            clock.advance(SECOND);
        });
        rate.check(0, 1);
        // Key 1 is closest to whole, and goes; the others are still in debt.
        rate.check(9, 1);
        assert_eq!(rate.n_keys(), 4);
        assert_eq!([0, 2, 3].map(|key| rate.check(key, 10).allowed), [false; 3]);
        assert!(rate.check(1, 10).allowed);
    }

    /// Any calls at any times: no window sees more than burst and limit, and who waits as told is
    /// let in.
    #[test]
    fn no_window_sees_more_than_burst_and_limit() {
        let mut n_refused = 0;
        for seed in 0..1000 {
            let chance = Chance::from_seed(seed);
            let (limit, burst) = (1 + chance.bits() as u32 % 9, 1 + chance.bits() as u32 % 9);
            let config = Config { limit, burst, window_seconds: 1.0, max_keys: 1 };
            let (clock, rate) = rate(config);
            let mut allowed: Vec<(Duration, u32)> = Vec::new();
            for _ in 0..100 {
                clock.advance(chance.up_to(SECOND / 3));
                let cost = 1 + chance.bits() as u32 % 3;
                let mut decision = rate.check(1, cost);
                if let Some(wait) = decision.retry_after {
                    n_refused += 1;
                    clock.advance(wait - Duration::from_nanos(1));
                    assert!(!rate.check(1, cost).allowed, "seed {seed}");
                    clock.advance(Duration::from_nanos(1));
                    decision = rate.check(1, cost);
                    assert!(decision.allowed, "seed {seed}");
                }
                if decision.allowed {
                    allowed.push((clock.now(), cost));
                }
                assert!(decision.remaining <= burst && decision.reset_after <= decision.window);
                let since = clock.now().saturating_sub(SECOND);
                let seen = allowed.iter().rev().take_while(|(at, _)| *at > since);
                let units: u32 = seen.map(|(_, cost)| cost).sum();
                assert!(units <= burst + limit, "seed {seed}: {units} of {burst} + {limit}");
            }
        }
        assert!(n_refused > 10_000, "{n_refused}");
    }

    #[test]
    fn the_limit_is_reached() {
        let (clock, rate) = rate(Config::default());
        let mut n_allowed = 0;
        for _ in 0..10_000 {
            clock.advance(Duration::from_millis(1));
            n_allowed += u32::from(rate.check(1, 1).allowed);
        }
        assert_eq!(n_allowed, 100 + 10 * 100 - 1);
    }
}
