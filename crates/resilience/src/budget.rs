//! Retries that all calls together may make: when much fails, retries are what makes it worse.
//!
//! Two limits stand beside each other. A quota of tokens bounds retries over time: a retry pays, a
//! success gives back. A share of the calls in flight bounds retries at one moment.
//!
//! Source: AWS SDK, "Retry behavior", standard mode; Envoy, `RetryBudget` of circuit breakers.

use std::sync::Mutex;

use serde::Deserialize;

use crate::config::{Check, ConfigError, refuse};
use crate::lock::lock;

/// How many retries there may be. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Tokens of a full quota: 500.
    pub tokens: u32,
    /// Tokens for a retry after a transient failure: 14.
    pub transient_cost: u32,
    /// Tokens for a retry after being throttled: 5.
    pub throttled_cost: u32,
    /// Tokens that a call gives back which succeeds at once: 1. One that succeeds when retried
    /// gives back what its last retry cost.
    pub success_refund: u32,
    /// Calls being retried, as a share of those in flight: 0.2.
    pub active_share: f64,
    /// Calls that may be retried at once, however few are in flight: 3.
    pub min_active: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tokens: 500,
            transient_cost: 14,
            throttled_cost: 5,
            success_refund: 1,
            active_share: 0.2,
            min_active: 3,
        }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        Check::default()
            .within("tokens", self.tokens, 0..=1_000_000)
            .within("transient_cost", self.transient_cost, 0..=1_000_000)
            .within("throttled_cost", self.throttled_cost, 0..=1_000_000)
            .within("success_refund", self.success_refund, 0..=1_000_000)
            .within("active_share", self.active_share, 0.0..=1.0)
            .within("min_active", self.min_active, 0..=1_000_000)
            .problems()
    }
}

/// What is left for retries. One for each callee.
pub struct Budget {
    config: Config,
    state: Mutex<State>,
}

struct State {
    tokens: u32,
    active: u32,
    retrying: u32,
}

impl Budget {
    /// A full budget.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        let state = Mutex::new(State { tokens: config.tokens, active: 0, retrying: 0 });
        Ok(Self { config, state })
    }

    /// Tokens left.
    pub fn tokens(&self) -> u32 {
        lock(&self.state).tokens
    }

    /// A call begins; it is in flight until what is given here is dropped.
    pub fn begin(&self) -> ActiveCall<'_> {
        lock(&self.state).active += 1;
        ActiveCall { budget: self, paid: None }
    }
}

/// A call in flight.
pub struct ActiveCall<'a> {
    budget: &'a Budget,
    /// What its last retry cost.
    paid: Option<u32>,
}

impl ActiveCall<'_> {
    /// Pays for a retry; false where there is nothing left to pay with, or too many are retrying.
    #[must_use]
    pub fn pay_for_retry(&mut self, is_throttled: bool) -> bool {
        let config = &self.budget.config;
        let cost = if is_throttled { config.throttled_cost } else { config.transient_cost };
        let mut state = lock(&self.budget.state);
        let share = (config.active_share * f64::from(state.active)) as u32;
        let others = state.retrying - u32::from(self.paid.is_some());
        if state.tokens < cost || others >= share.max(config.min_active) {
            return false;
        }
        state.tokens -= cost;
        state.retrying = others + 1;
        self.paid = Some(cost);
        true
    }

    /// The call succeeded, and gives back.
    pub fn succeeded(self) {
        let config = &self.budget.config;
        let refund = self.paid.unwrap_or(config.success_refund);
        let mut state = lock(&self.budget.state);
        state.tokens = config.tokens.min(state.tokens.saturating_add(refund));
    }
}

impl Drop for ActiveCall<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.budget.state);
        state.active -= 1;
        state.retrying -= u32::from(self.paid.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults() {
        let config = Config::default();
        assert_eq!(config.problems(), [""; 0]);
        assert_eq!((config.tokens, config.transient_cost, config.throttled_cost), (500, 14, 5));
        assert_eq!((config.active_share, config.min_active), (0.2, 3));
        let config = Config { active_share: 1.5, ..config };
        assert_eq!(config.problems(), ["active_share: expected 0 to 1, found 1.5"]);
    }

    /// How many retries in a row a full budget pays for, each of a call of its own.
    fn affordable(is_throttled: bool) -> u32 {
        let budget = Budget::new(Config::default()).unwrap();
        (0..).take_while(|_| budget.begin().pay_for_retry(is_throttled)).count() as u32
    }

    #[test]
    fn five_hundred_tokens_go_so_far() {
        assert_eq!((affordable(false), affordable(true)), (500 / 14, 500 / 5));
    }

    #[test]
    fn success_gives_back() {
        let budget = Budget::new(Config::default()).unwrap();
        let mut call = budget.begin();
        assert!(call.pay_for_retry(true) && call.pay_for_retry(false));
        assert_eq!(budget.tokens(), 481);
        call.succeeded();
        assert_eq!(budget.tokens(), 495);
        (0..4).for_each(|_| budget.begin().succeeded());
        assert_eq!(budget.tokens(), 499);
        (0..4).for_each(|_| budget.begin().succeeded());
        assert_eq!(budget.tokens(), 500);
    }

    /// How many of so many calls in flight may be retried at once.
    fn at_once(active: usize) -> usize {
        let config = Config { tokens: 1_000_000, ..Config::default() };
        let budget = Budget::new(config).unwrap();
        let mut calls: Vec<ActiveCall<'_>> = (0..active).map(|_| budget.begin()).collect();
        // Whoever is retried already may be again: it is one call still.
        calls
            .iter_mut()
            .filter_map(|call| (0..2).all(|_| call.pay_for_retry(false)).then_some(()))
            .count()
    }

    #[test]
    fn a_fifth_of_the_calls_or_three_may_be_retried_at_once() {
        let allowed = [1, 3, 10, 15, 20, 100].map(at_once);
        assert_eq!(allowed, [1, 3, 3, 3, 4, 20]);
    }

    #[test]
    fn ended_calls_make_room() {
        let budget = Budget::new(Config::default()).unwrap();
        let mut calls: Vec<ActiveCall<'_>> = (0..4).map(|_| budget.begin()).collect();
        let paid: Vec<bool> = calls.iter_mut().map(|call| call.pay_for_retry(false)).collect();
        assert_eq!(paid, [true, true, true, false]);
        calls.remove(0);
        assert!(calls[2].pay_for_retry(false));
    }

    #[test]
    fn ended_calls_are_no_longer_in_flight() {
        let budget = Budget::new(Config::default()).unwrap();
        drop((0..100).map(|_| budget.begin()).collect::<Vec<_>>());
        let mut calls: Vec<ActiveCall<'_>> = (0..10).map(|_| budget.begin()).collect();
        let paid = calls.iter_mut().map(|call| call.pay_for_retry(true));
        assert_eq!(paid.filter(|paid| *paid).count(), 3);
    }
}
