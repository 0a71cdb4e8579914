//! How often a caller may ask: the generic cell rate algorithm, one time for each caller.
//!
//! Source: ITU-T I.371, "virtual scheduling"; headers: draft-ietf-httpapi-ratelimit-headers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Rates of callers.
pub(crate) struct Limiter {
    /// Time that one request costs (milliseconds).
    interval_ms: f64,
    burst: u32,
    most: usize,
    /// When each caller's requests so far are paid for (milliseconds).
    paid: Mutex<HashMap<String, f64>>,
}

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    /// Requests that may come at once.
    pub(crate) limit: u32,
    /// Of them, those left.
    pub(crate) remaining: u32,
    /// When all are left again.
    pub(crate) reset: Duration,
    /// When the next one is allowed.
    pub(crate) wait: Duration,
}

impl Limiter {
    pub(crate) fn new(per_second: f64, burst: u32, most: usize) -> Self {
        Self { interval_ms: 1e3 / per_second, burst, most, paid: Mutex::default() }
    }

    /// Takes one request of a caller, if it may come now.
    pub(crate) fn take(&self, caller: &str, now_ms: u64) -> Decision {
        let now = now_ms as f64;
        let depth = self.interval_ms * f64::from(self.burst);
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        if paid.len() >= self.most && !paid.contains_key(caller) {
            make_room(&mut paid, now);
        }
        let before = paid.get(caller).copied().unwrap_or(now);
        // A clock that went back must not lock anyone out for longer than a full burst takes.
        let before = before.clamp(now, now + depth);
        let after = before + self.interval_ms;
        let allowed = after <= now + depth;
        let kept = if allowed { after } else { before };
        paid.insert(caller.to_owned(), kept);
        let ms = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1e3);
        Decision {
            allowed,
            limit: self.burst,
            remaining: ((now + depth - kept) / self.interval_ms) as u32,
            reset: ms(kept - now),
            wait: if allowed { Duration::ZERO } else { ms(after - now - depth) },
        }
    }
}

/// Forgets who has nothing to pay, or else the half that has least.
fn make_room(paid: &mut HashMap<String, f64>, now: f64) {
    let before = paid.len();
    paid.retain(|_, until| *until > now);
    if paid.len() == before {
        let mut times: Vec<f64> = paid.values().copied().collect();
        times.sort_by(f64::total_cmp);
        let middle = times[times.len() / 2];
        paid.retain(|_, until| *until > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::Limiter;
    use std::time::Duration;

    #[test]
    fn a_burst_and_then_the_rate() {
        let limiter = Limiter::new(10.0, 5, 100);
        let allowed = (0..10).filter(|_| limiter.take("a", 1000).allowed).count();
        assert_eq!(allowed, 5);
        assert!(limiter.take("b", 1000).allowed, "another caller has a burst of its own");
        let refused = limiter.take("a", 1000);
        assert_eq!((refused.limit, refused.remaining), (5, 0));
        assert_eq!(refused.wait, Duration::from_millis(100));
        assert_eq!(refused.reset, Duration::from_millis(500));
        assert!(!limiter.take("a", 1099).allowed);
        assert!(limiter.take("a", 1100).allowed);
        // Ten seconds of asking every millisecond: ten a second and what was left of the burst.
        let allowed = (2000..12_000).filter(|&now| limiter.take("a", now).allowed).count();
        assert!((100..=105).contains(&allowed), "{allowed}");
    }

    #[test]
    fn a_clock_that_goes_back_locks_no_one_out() {
        let limiter = Limiter::new(10.0, 5, 100);
        let hour = 3_600_000;
        for _ in 0..5 {
            limiter.take("a", 2 * hour);
        }
        let refused = limiter.take("a", hour);
        assert!(refused.wait <= Duration::from_millis(500), "{refused:?}");
        assert!(limiter.take("a", hour + 500).allowed);
        assert!(limiter.take("a", 3 * hour).allowed);
    }

    #[test]
    fn callers_are_bounded() {
        let limiter = Limiter::new(10.0, 5, 100);
        for k in 0..10_000 {
            limiter.take(&k.to_string(), 1000);
        }
        assert!(limiter.paid.lock().unwrap().len() <= 100);
    }
}
