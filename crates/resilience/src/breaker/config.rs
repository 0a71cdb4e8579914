//! When a breaker opens, for how long, and what an operator lets it do.

use std::time::Duration;

use serde::Deserialize;

use super::Cause;
use super::window::{Tally, Window};
use crate::config::{Check, SOME_TIME, seconds};

/// The longest window, of calls or of seconds.
pub const MAX_WINDOW: u32 = 100_000;

/// When a breaker opens, and for how long. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How far back it looks: 100 calls.
    pub window: Window,
    /// Calls in the window before any rate means something: 20.
    pub min_calls: u32,
    /// Opens at this share of failures: 0.5.
    pub failure_rate: f64,
    /// A call is slow that takes longer than this (seconds): 2.
    pub slow_call_seconds: f64,
    /// Opens at this share of slow calls: 0.8.
    pub slow_call_rate: f64,
    /// How long it stays open the first time (seconds): 30.
    pub open_seconds: f64,
    /// How much longer each time that follows without success: 2.
    pub open_factor: f64,
    /// The longest that it stays open (seconds): 300.
    pub open_max_seconds: f64,
    /// The share by which chance shortens an open time, so that many do not ask at once: 0.1.
    pub open_jitter: f64,
    /// Calls let through when half-open: 10.
    pub half_open_permits: u32,
    /// How long a trial waits for permits to be reported (seconds): 30.
    pub half_open_seconds: f64,
    /// What it does from the start: automatic.
    pub mode: Mode,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            window: Window::Calls(100),
            min_calls: 20,
            failure_rate: 0.5,
            slow_call_seconds: 2.0,
            slow_call_rate: 0.8,
            open_seconds: 30.0,
            open_factor: 2.0,
            open_max_seconds: 300.0,
            open_jitter: 0.1,
            half_open_permits: 10,
            half_open_seconds: 30.0,
            mode: Mode::Automatic,
        }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        let (key, length, most_calls) = match self.window {
            Window::Calls(n) => ("window.calls", n, n.clamp(1, MAX_WINDOW)),
            Window::Seconds(n) => ("window.seconds", n, u32::MAX),
        };
        let open_max = self.open_seconds.max(*SOME_TIME.start())..=*SOME_TIME.end();
        Check::default()
            .within(key, length, 1..=MAX_WINDOW)
            .within("min_calls", self.min_calls, 1..=most_calls)
            .within("failure_rate", self.failure_rate, 0.001..=1.0)
            .within("slow_call_seconds", self.slow_call_seconds, SOME_TIME)
            .within("slow_call_rate", self.slow_call_rate, 0.001..=1.0)
            .within("open_seconds", self.open_seconds, SOME_TIME)
            .within("open_factor", self.open_factor, 1.0..=100.0)
            .within("open_max_seconds", self.open_max_seconds, open_max)
            .within("open_jitter", self.open_jitter, 0.0..=0.9)
            .within("half_open_permits", self.half_open_permits, 1..=MAX_WINDOW)
            .within("half_open_seconds", self.half_open_seconds, SOME_TIME)
            .problems()
    }

    /// How long it stays open the n-th time in a row, jitter apart.
    pub(super) fn open_time(&self, times: i32) -> Duration {
        let grown = self.open_seconds * self.open_factor.powi(times.saturating_sub(1));
        seconds(grown.min(self.open_max_seconds))
    }

    /// The rate that is too high, if one is.
    pub(super) fn too_high(&self, tally: Tally) -> Option<Cause> {
        if tally.calls > 0 && tally.failure_rate() >= self.failure_rate {
            Some(Cause::FailureRate)
        } else if tally.calls > 0 && tally.slow_call_rate() >= self.slow_call_rate {
            Some(Cause::SlowCallRate)
        } else {
            None
        }
    }
}

/// What an operator lets a breaker do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Opens and closes by what it sees.
    #[default]
    Automatic,
    /// Refuses every call.
    ForcedOpen,
    /// Lets every call through, and measures nothing.
    Disabled,
    /// Lets every call through, and measures.
    MetricsOnly,
}
