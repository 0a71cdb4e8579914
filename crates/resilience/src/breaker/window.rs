//! The calls that a breaker looks back on: the last so many, or those of the last so many seconds.
//! Running totals make every call cost the same, however long the window.

use std::time::Duration;

use serde::Deserialize;

/// How far back a breaker looks: `{ calls = 100 }` or `{ seconds = 60 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The last calls.
    Calls(u32),
    /// The calls of the last seconds, in buckets of one second.
    Seconds(u32),
}

/// What some calls came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All that count.
    pub calls: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that took longer than a call should, failed or not.
    pub slow_calls: u32,
}

impl Tally {
    /// One call.
    pub(super) fn of(failed: bool, slow: bool) -> Self {
        Self { calls: 1, failures: failed.into(), slow_calls: slow.into() }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.failures = self.failures.saturating_add(other.failures);
        self.slow_calls = self.slow_calls.saturating_add(other.slow_calls);
    }

    fn take_away(&mut self, other: Self) {
        self.calls = self.calls.saturating_sub(other.calls);
        self.failures = self.failures.saturating_sub(other.failures);
        self.slow_calls = self.slow_calls.saturating_sub(other.slow_calls);
    }

    /// The share of calls that failed; none without calls.
    pub fn failure_rate(&self) -> f64 {
        share(self.failures, self.calls)
    }

    /// The share of calls that were slow; none without calls.
    pub fn slow_call_rate(&self) -> f64 {
        share(self.slow_calls, self.calls)
    }
}

fn share(part: u32, whole: u32) -> f64 {
    f64::from(part) / f64::from(whole.max(1))
}

/// A ring of tallies with their sum: one call each, or one second each.
pub(super) struct Recent {
    window: Window,
    ring: Vec<Tally>,
    /// The call or the second that is being written, counted from the start.
    head: u64,
    sum: Tally,
}

impl Recent {
    pub(super) fn new(window: Window) -> Self {
        let (Window::Calls(n) | Window::Seconds(n)) = window;
        let ring = vec![Tally::default(); n.max(1) as usize];
        Self { window, ring, head: 0, sum: Tally::default() }
    }

    pub(super) fn clear(&mut self) {
        self.ring.fill(Tally::default());
        self.sum = Tally::default();
    }

    pub(super) fn record(&mut self, now: Duration, call: Tally) {
        match self.window {
            Window::Calls(_) => self.step(),
            Window::Seconds(_) => self.forget(now),
        }
        let idx = self.idx();
        self.ring[idx].add(call);
        self.sum.add(call);
    }

    pub(super) fn tally(&mut self, now: Duration) -> Tally {
        self.forget(now);
        self.sum
    }

    /// Moves a window of time on to now.
    fn forget(&mut self, now: Duration) {
        if let Window::Seconds(_) = self.window {
            let behind = now.as_secs().saturating_sub(self.head);
            if behind >= self.ring.len() as u64 {
                self.clear();
                self.head = now.as_secs();
            }
            while self.head < now.as_secs() {
                self.step();
            }
        }
    }

    /// Goes to the next call or second, and forgets the one that stood there.
    fn step(&mut self) {
        self.head += 1;
        let idx = self.idx();
        self.sum.take_away(std::mem::take(&mut self.ring[idx]));
    }

    fn idx(&self) -> usize {
        (self.head % self.ring.len() as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Chance;

    /// Holds a window against one that keeps every call and counts anew.
    fn check(window: Window, seed: u64) {
        let chance = Chance::from_seed(seed);
        let mut recent = Recent::new(window);
        let mut all: Vec<(Duration, Tally)> = Vec::new();
        let mut now = Duration::ZERO;
        for _ in 0..200 {
            now += chance.up_to(Duration::from_millis(2000));
            if chance.unit() < 0.05 {
                now += chance.up_to(Duration::from_secs(20));
            }
            let call = Tally::of(chance.unit() < 0.5, chance.unit() < 0.3);
            recent.record(now, call);
            all.push((now, call));
            let mut expected = Tally::default();
            let kept = all.iter().rev().enumerate().filter(|(back, (at, _))| match window {
                Window::Calls(n) => *back < n as usize,
                Window::Seconds(n) => at.as_secs() + u64::from(n) > now.as_secs(),
            });
            kept.for_each(|(_, (_, call))| expected.add(*call));
            assert_eq!(recent.tally(now), expected, "{window:?} of seed {seed}");
        }
    }

    #[test]
    fn windows_hold_what_they_say() {
        for seed in 0..100 {
            check(Window::Calls(1), seed);
            check(Window::Calls(10), seed);
            check(Window::Seconds(1), seed);
            check(Window::Seconds(10), seed);
        }
    }

    #[test]
    fn rates() {
        let tally = Tally { calls: 4, failures: 1, slow_calls: 2 };
        assert_eq!((tally.failure_rate(), tally.slow_call_rate()), (0.25, 0.5));
        assert_eq!(Tally::default().failure_rate(), 0.0);
    }
}
