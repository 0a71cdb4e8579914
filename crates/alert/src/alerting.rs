//! The whole of it: rules are evaluated, alerts dispatched, notifications sent.
//!
//! It is turned by its owner, about every second, and never waits for a receiver: what is being
//! delivered is a task, and what came of it is taken up at the next turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use resilience::{Chance, Clock};
use serde::{Deserialize, Serialize};
use tokio::task::{AbortHandle, JoinSet};

use crate::alert::Alert;
use crate::config::Config;
use crate::dispatch::{Dispatcher, DispatcherSnapshot, Received};
use crate::error::AlertError;
use crate::evaluator::{Evaluation, Evaluator, EvaluatorSnapshot, Series};
use crate::labels::Fingerprint;
use crate::notification::Notification;
use crate::sender::{DeadLetters, GivenUp, Sender};

/// Evaluator, dispatcher and sender. What is being delivered when it is dropped is cut off, so call
/// [`Self::finish`] before; what was not answered is due again after a restart.
pub struct Alerting {
    /// Its rules.
    pub evaluator: Evaluator,
    /// Its groups, silences and acknowledgements.
    pub dispatcher: Dispatcher,
    sender: Arc<Sender>,
    deliveries: JoinSet<Delivery>,
    /// Alerts to be handed on, the newest of each.
    unforwarded: BTreeMap<Fingerprint, Alert>,
    forwarding: Option<AbortHandle>,
}

enum Delivery {
    Told(Box<Notification>, Result<(), GivenUp>),
    Forwarded(Result<(), Vec<GivenUp>>),
}

/// What came of one turn.
#[derive(Debug, Default)]
pub struct Turn {
    /// What rules made and said.
    pub evaluation: Evaluation,
    /// What became of their alerts.
    pub received: Received,
    /// How many notifications fell due.
    pub n_due: usize,
    /// What was given up since the last turn.
    pub given_up: Vec<GivenUp>,
}

/// The state of all of it, to be written down.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// That of the rules.
    pub evaluator: EvaluatorSnapshot,
    /// That of the groups.
    pub dispatcher: DispatcherSnapshot,
}

impl Alerting {
    /// With nothing to tell; `check_expr` says what is wrong with an expression.
    ///
    /// # Errors
    ///
    /// Everything about the settings that cannot be.
    pub fn new(
        config: &Config,
        check_expr: &dyn Fn(&str) -> Result<(), String>,
        clock: Arc<dyn Clock>,
        chance: &Chance,
        dead_letters: Arc<dyn DeadLetters>,
    ) -> Result<Self, AlertError> {
        AlertError::refuse(config.problems())?;
        let evaluator = Evaluator::new(config.rules(check_expr)?);
        Ok(Self {
            evaluator: evaluator.with_external_url(&config.external_url),
            dispatcher: Dispatcher::new(config)?,
            sender: Arc::new(Sender::new(config, clock, chance, dead_letters)?),
            deliveries: JoinSet::new(),
            unforwarded: BTreeMap::new(),
            forwarding: None,
        })
    }

    /// Does what is due at this time (milliseconds since 1970). Needs a tokio runtime.
    pub fn turn(&mut self, now_ms: i64, series: &dyn Series) -> Turn {
        let mut turn = Turn { given_up: self.take_up(), ..Turn::default() };
        turn.evaluation = self.evaluator.evaluate(now_ms, series);
        turn.received = self.dispatcher.receive(now_ms, turn.evaluation.alerts.clone());
        self.forward(&turn.evaluation.alerts);
        let due = self.dispatcher.tick(now_ms);
        turn.n_due = due.len();
        due.into_iter().for_each(|told| self.deliver(told));
        turn
    }

    /// Waits until all that is being delivered is delivered or given up; what was given up.
    pub async fn finish(&mut self) -> Vec<GivenUp> {
        let mut given_up = Vec::new();
        while let Some(delivery) = self.deliveries.join_next().await {
            given_up.extend(delivery.ok().into_iter().flat_map(|d| self.answer(d)));
        }
        given_up
    }

    /// Who delivers, to be looked at.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// What it knows, to be restored after a restart.
    pub fn snapshot(&self, now_ms: i64) -> Snapshot {
        let evaluator = self.evaluator.snapshot(now_ms);
        Snapshot { evaluator, dispatcher: self.dispatcher.snapshot() }
    }

    /// Takes up what was known.
    pub fn restore(&mut self, snapshot: Snapshot, now_ms: i64) {
        self.evaluator.restore(snapshot.evaluator, now_ms);
        self.dispatcher.restore(snapshot.dispatcher, now_ms);
    }

    /// Hands alerts on, one batch after the other: old word must not come after new.
    fn forward(&mut self, alerts: &[Alert]) {
        if !self.sender.forwards() {
            return;
        }
        let newest = alerts.iter().map(|alert| (alert.fingerprint(), alert.clone()));
        self.unforwarded.extend(newest);
        let is_busy = self.forwarding.as_ref().is_some_and(|task| !task.is_finished());
        if is_busy || self.unforwarded.is_empty() {
            return;
        }
        let alerts: Vec<Alert> = std::mem::take(&mut self.unforwarded).into_values().collect();
        let sender = Arc::clone(&self.sender);
        let task = async move { Delivery::Forwarded(sender.forward(&alerts).await) };
        self.forwarding = Some(self.deliveries.spawn(task));
    }

    fn deliver(&mut self, told: Notification) {
        let sender = Arc::clone(&self.sender);
        self.deliveries.spawn(async move {
            let result = sender.send(&told).await;
            Delivery::Told(Box::new(told), result)
        });
    }

    /// What has ended since the last turn.
    fn take_up(&mut self) -> Vec<GivenUp> {
        let mut given_up = Vec::new();
        while let Some(delivery) = self.deliveries.try_join_next() {
            given_up.extend(delivery.ok().into_iter().flat_map(|d| self.answer(d)));
        }
        given_up
    }

    /// Tells the dispatcher how a delivery went.
    fn answer(&mut self, delivery: Delivery) -> Vec<GivenUp> {
        match delivery {
            Delivery::Forwarded(result) => result.err().unwrap_or_default(),
            Delivery::Told(told, Ok(())) => {
                self.dispatcher.delivered(&told);
                Vec::new()
            }
            Delivery::Told(told, Err(given_up)) => {
                self.dispatcher.failed(&told);
                vec![given_up]
            }
        }
    }
}
