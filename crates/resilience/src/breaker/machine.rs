//! The states of a breaker and what moves it from one to the next; [`super::Breaker`] holds its lock.

use std::collections::VecDeque;
use std::time::Duration;

use super::window::{Recent, Tally};
use super::{Cause, Config, MAX_TRANSITIONS, Mode, State, Transition};
use crate::chance::Chance;
use crate::config::seconds;

pub(super) struct Machine {
    config: Config,
    chance: Chance,
    mode: Mode,
    pub(super) phase: Phase,
    /// Grows with every transition and every round of a trial; a permit counts in its own only.
    pub(super) epoch: u64,
    pub(super) recent: Recent,
    /// Times opened in a row.
    times_open: i32,
    pub(super) refused_total: u64,
    pub(super) transitions_total: u64,
    pub(super) transitions: VecDeque<Transition>,
}

#[derive(Clone, Copy)]
pub(super) enum Phase {
    Closed,
    Open { until: Duration },
    HalfOpen { permits: u32, tally: Tally, until: Duration },
}

impl Machine {
    pub(super) fn new(config: Config, chance: Chance) -> Self {
        Self {
            mode: config.mode,
            phase: Phase::Closed,
            epoch: 0,
            recent: Recent::new(config.window),
            times_open: 0,
            refused_total: 0,
            transitions_total: 0,
            transitions: VecDeque::new(),
            config,
            chance,
        }
    }

    pub(super) fn state(&self) -> State {
        match (self.mode, self.phase) {
            (Mode::ForcedOpen, _) => State::ForcedOpen,
            (Mode::Disabled, _) => State::Disabled,
            (Mode::MetricsOnly, _) => State::MetricsOnly,
            (Mode::Automatic, Phase::Closed) => State::Closed,
            (Mode::Automatic, Phase::Open { .. }) => State::Open,
            (Mode::Automatic, Phase::HalfOpen { .. }) => State::HalfOpen,
        }
    }

    /// The calls in the window, or those of the trial.
    pub(super) fn tally(&mut self, now: Duration) -> Tally {
        match self.phase {
            Phase::HalfOpen { tally, .. } => tally,
            _ => self.recent.tally(now),
        }
    }

    /// Starts anew in this mode.
    pub(super) fn set_mode(&mut self, now: Duration, mode: Mode) {
        let from = self.state();
        self.mode = mode;
        self.phase = Phase::Closed;
        self.times_open = 0;
        self.recent.clear();
        self.moved(now, from, Cause::Operator);
    }

    /// Lets a call through, or says how long it should wait.
    pub(super) fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        match self.mode {
            Mode::Disabled | Mode::MetricsOnly => return Ok(()),
            Mode::ForcedOpen => return Err(seconds(self.config.open_max_seconds)),
            Mode::Automatic => self.pass_time(now),
        }
        match &mut self.phase {
            Phase::Closed => Ok(()),
            Phase::Open { until } => Err(until.saturating_sub(now)),
            Phase::HalfOpen { permits: 0, until, .. } => Err(until.saturating_sub(now)),
            Phase::HalfOpen { permits, .. } => {
                *permits -= 1;
                Ok(())
            }
        }
    }

    /// What the passing of time does: an open breaker tries, a trial ends.
    fn pass_time(&mut self, now: Duration) {
        match self.phase {
            Phase::Open { until } if now >= until => {
                self.go(now, new_trial(now, &self.config), Cause::OpenTimePassed);
            }
            // Nobody reported: these permits are lost, and the next round has its own.
            Phase::HalfOpen { tally, until, .. } if now >= until && tally.calls == 0 => {
                self.phase = new_trial(now, &self.config);
                self.epoch += 1;
            }
            Phase::HalfOpen { tally, until, .. } if now >= until => {
                self.judge(now, tally);
            }
            _ => {}
        }
    }

    /// A call that was let through is over.
    pub(super) fn record(&mut self, now: Duration, failed: bool, took: Duration) {
        let call = Tally::of(failed, took > seconds(self.config.slow_call_seconds));
        match (self.mode, &mut self.phase) {
            (Mode::ForcedOpen | Mode::Disabled, _) => {}
            (Mode::MetricsOnly, _) => self.recent.record(now, call),
            (Mode::Automatic, Phase::Closed) => {
                self.recent.record(now, call);
                let tally = self.recent.tally(now);
                let cause = self.config.too_high(tally);
                if let Some(cause) = cause.filter(|_| tally.calls >= self.config.min_calls) {
                    self.open(now, cause);
                }
            }
            (Mode::Automatic, Phase::HalfOpen { tally, .. }) => {
                tally.add(call);
                let tally = *tally;
                if tally.calls >= self.config.half_open_permits {
                    self.judge(now, tally);
                }
            }
            // No permit is of an epoch in which it is open.
            (Mode::Automatic, Phase::Open { .. }) => {}
        }
    }

    /// Takes a permit back that came to nothing.
    pub(super) fn give_back(&mut self) {
        if let Phase::HalfOpen { permits, .. } = &mut self.phase {
            *permits += 1;
        }
    }

    /// The end of a trial.
    fn judge(&mut self, now: Duration, tally: Tally) {
        match self.config.too_high(tally) {
            Some(cause) => self.open(now, cause),
            None => {
                self.times_open = 0;
                self.recent.clear();
                self.go(now, Phase::Closed, Cause::TrialPassed);
            }
        }
    }

    fn open(&mut self, now: Duration, cause: Cause) {
        self.times_open = self.times_open.saturating_add(1);
        let time = self.config.open_time(self.times_open);
        let shortened = 1.0 - self.config.open_jitter * self.chance.unit();
        self.go(now, Phase::Open { until: now.saturating_add(time.mul_f64(shortened)) }, cause);
    }

    fn go(&mut self, now: Duration, phase: Phase, cause: Cause) {
        let from = self.state();
        self.phase = phase;
        self.moved(now, from, cause);
    }

    fn moved(&mut self, at: Duration, from: State, cause: Cause) {
        self.epoch += 1;
        self.transitions_total += 1;
        if self.transitions.len() == MAX_TRANSITIONS {
            self.transitions.pop_front();
        }
        self.transitions.push_back(Transition { at, from, to: self.state(), cause });
    }
}

fn new_trial(now: Duration, config: &Config) -> Phase {
    Phase::HalfOpen {
        permits: config.half_open_permits,
        tally: Tally::default(),
        until: now.saturating_add(seconds(config.half_open_seconds)),
    }
}
