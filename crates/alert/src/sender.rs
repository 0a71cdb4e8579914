//! The sender: delivers what the dispatcher says is due.
//!
//! Each integration of each receiver has its own breaker, retries and time limits, so that one that
//! hangs holds up no other. What is given up is handed to [`DeadLetters`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use resilience::policy::{CallError, Policy};
use resilience::{Chance, Clock, Deadline};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::alert::Alert;
use crate::config::Config;
use crate::delivery::DeliveryError;
use crate::error::AlertError;
use crate::http::{Client, Outgoing};
use crate::notification::Notification;
use crate::receiver::email::Mailer;
use crate::receiver::{
    AlertmanagerConfig, Integration, alertmanager, log, pagerduty, slack, webhook,
};

/// The most deliveries under way to one integration; the others wait, as many as there are groups.
pub const MAX_CONCURRENT_DELIVERIES: usize = 8;

/// Takes what could not be delivered.
pub trait DeadLetters: Send + Sync {
    /// Keeps a letter, where somebody will find it.
    fn keep(&self, letter: DeadLetter);
}

impl<F: Fn(DeadLetter) + Send + Sync> DeadLetters for F {
    fn keep(&self, letter: DeadLetter) {
        self(letter);
    }
}

/// What could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// The receiver's name; empty for an Alertmanager.
    pub receiver: String,
    /// What kind of integration.
    pub kind: &'static str,
    /// Why it was given up.
    pub error: String,
    /// How often it was tried.
    pub n_attempts: usize,
    /// What it says.
    pub content: Content,
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// To a receiver.
    Notification(Notification),
    /// To an Alertmanager.
    Alerts(Vec<Alert>),
}

/// It was given up, and is a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} of {receiver:?}: {reason}")]
pub struct GivenUp {
    /// The receiver's name.
    pub receiver: String,
    /// What kind of integration.
    pub kind: &'static str,
    /// Why.
    pub reason: String,
}

/// What was delivered by one integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The receiver's name; empty for an Alertmanager.
    pub receiver: String,
    /// What kind of integration.
    pub kind: &'static str,
    /// Delivered.
    pub delivered_total: u64,
    /// Given up.
    pub given_up_total: u64,
    /// Attempts, good and bad.
    pub attempts_total: u64,
    /// Does its breaker let calls through?
    pub breaker: resilience::breaker::State,
}

/// Delivers notifications, and hands alerts on to Alertmanagers.
pub struct Sender {
    targets: BTreeMap<(String, usize), Target>,
    alertmanagers: Vec<Target>,
    client: Client,
    dead_letters: Arc<dyn DeadLetters>,
    external_url: String,
}

struct Target {
    receiver: String,
    way: Way,
    places: Semaphore,
    policy: Policy<()>,
    delivered: AtomicU64,
    given_up: AtomicU64,
    attempts: AtomicU64,
}

enum Way {
    Integration(Integration),
    Mail(Box<Mailer>),
    Alertmanager(AlertmanagerConfig),
}

impl Way {
    fn new(integration: Integration) -> Result<Self, AlertError> {
        Ok(match integration {
            Integration::Email(config) => Self::Mail(Box::new(Mailer::new(config)?)),
            other => Self::Integration(other),
        })
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Integration(integration) => integration.kind(),
            Self::Mail(_) => "email",
            Self::Alertmanager(_) => "alertmanager",
        }
    }
}

impl Sender {
    /// With the receivers of these settings.
    ///
    /// # Errors
    ///
    /// Settings that cannot be, or certificates that cannot be read.
    pub fn new(
        config: &Config,
        clock: Arc<dyn Clock>,
        chance: &Chance,
        dead_letters: Arc<dyn DeadLetters>,
    ) -> Result<Self, AlertError> {
        AlertError::refuse(config.problems())?;
        // A storm of alerts waits here: the bulkhead refuses.
        let bulkhead = &config.delivery.bulkhead;
        let n_places = MAX_CONCURRENT_DELIVERIES
            .min(bulkhead.max_concurrent)
            .min(bulkhead.max_concurrent_per_key);
        let target = |receiver: &str, way: Way| -> Result<Target, AlertError> {
            let policy = Policy::new(config.delivery.clone(), Arc::clone(&clock), chance);
            let policy = policy.map_err(|error| AlertError::Config(error.0))?;
            Ok(Target::new(receiver, way, policy, n_places))
        };
        let mut needs_tls = config.alertmanagers.iter().any(|config| config.url.is_tls());
        let mut targets = BTreeMap::new();
        for receiver in &config.receivers {
            for (n, integration) in receiver.integrations().into_iter().enumerate() {
                needs_tls |= integration.needs_tls();
                let way = Way::new(integration)?;
                targets.insert((receiver.name.clone(), n), target(&receiver.name, way)?);
            }
        }
        let alertmanagers = config.alertmanagers.iter().cloned();
        let alertmanagers = alertmanagers.map(|config| target("", Way::Alertmanager(config)));
        Ok(Self {
            targets,
            alertmanagers: alertmanagers.collect::<Result<_, _>>()?,
            client: Client::new(needs_tls)?,
            dead_letters,
            external_url: config.external_url.clone(),
        })
    }

    /// Delivers a notification, with as many attempts as the settings say.
    ///
    /// # Errors
    ///
    /// [`GivenUp`] when it has become a dead letter.
    pub async fn send(&self, told: &Notification) -> Result<(), GivenUp> {
        let content = || Content::Notification(told.clone());
        let Some(target) = self.targets.get(&(told.receiver.clone(), told.integration)) else {
            let reason = DeliveryError::NoReceiver.to_string();
            return Err(self.bury(&told.receiver, "unknown", reason, 0, content()));
        };
        let result = match &target.way {
            Way::Mail(mailer) => target.call(|| mailer.send(told, &self.external_url)).await,
            Way::Integration(Integration::Log(_)) => {
                log::write(told);
                target.call(async || Ok(())).await
            }
            Way::Integration(integration) => {
                let outgoing = outgoing(integration, told, &self.external_url);
                target.call(|| self.post(outgoing.clone())).await
            }
            Way::Alertmanager(_) => Err((DeliveryError::NoReceiver.to_string(), 0)),
        };
        self.finish(target, result, content)
    }

    /// Hands alerts on to every Alertmanager, each at the same time.
    ///
    /// # Errors
    ///
    /// Those that did not take them; their alerts have become dead letters.
    pub async fn forward(self: &Arc<Self>, alerts: &[Alert]) -> Result<(), Vec<GivenUp>> {
        if alerts.is_empty() {
            return Ok(());
        }
        let alerts: Arc<[Alert]> = alerts.into();
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..self.alertmanagers.len() {
            let (sender, alerts) = (Arc::clone(self), Arc::clone(&alerts));
            tasks.spawn(async move { sender.forward_to(n, &alerts).await });
        }
        let failed: Vec<GivenUp> = tasks.join_all().await.into_iter().flatten().collect();
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }

    /// Is there an Alertmanager to hand alerts on to?
    pub(crate) fn forwards(&self) -> bool {
        !self.alertmanagers.is_empty()
    }

    async fn forward_to(&self, n: usize, alerts: &[Alert]) -> Option<GivenUp> {
        let target = self.alertmanagers.get(n)?;
        let outgoing = match &target.way {
            Way::Alertmanager(config) => alertmanager::request(config, alerts),
            Way::Integration(_) | Way::Mail(_) => None,
        };
        let result = target.call(|| self.post(outgoing.clone())).await;
        self.finish(target, result, || Content::Alerts(alerts.to_vec())).err()
    }

    async fn post(&self, outgoing: Option<Outgoing>) -> Result<(), DeliveryError> {
        self.client.post(outgoing.ok_or(DeliveryError::Request)?).await
    }

    /// What was delivered by each integration, and by each Alertmanager.
    pub fn tallies(&self) -> Vec<Tally> {
        self.targets.values().chain(&self.alertmanagers).map(Target::tally).collect()
    }

    fn finish(
        &self,
        target: &Target,
        result: Result<(), (String, usize)>,
        content: impl FnOnce() -> Content,
    ) -> Result<(), GivenUp> {
        let Err((reason, n_attempts)) = result else {
            target.delivered.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        target.given_up.fetch_add(1, Ordering::Relaxed);
        Err(self.bury(&target.receiver, target.way.kind(), reason, n_attempts, content()))
    }

    fn bury(
        &self,
        receiver: &str,
        kind: &'static str,
        reason: String,
        n_attempts: usize,
        content: Content,
    ) -> GivenUp {
        let (receiver, error) = (receiver.to_owned(), reason.clone());
        let given_up = GivenUp { receiver: receiver.clone(), kind, reason };
        self.dead_letters.keep(DeadLetter { receiver, kind, error, n_attempts, content });
        given_up
    }
}

impl Target {
    fn new(receiver: &str, way: Way, policy: Policy<()>, n_places: usize) -> Self {
        let (delivered, given_up, attempts) = Default::default();
        let places = Semaphore::new(n_places);
        Self { receiver: receiver.to_owned(), way, places, policy, delivered, given_up, attempts }
    }

    /// Why it failed at last and after how many attempts, if so.
    async fn call<F>(&self, mut op: impl FnMut() -> F) -> Result<(), (String, usize)>
    where
        F: Future<Output = Result<(), DeliveryError>>,
    {
        let attempt = |_| {
            self.attempts.fetch_add(1, Ordering::Relaxed);
            op()
        };
        // It is never closed, so there is always a place at last.
        let _place = self.places.acquire().await.ok();
        let result = self.policy.call((), Deadline::NEVER, DeliveryError::verdict, attempt).await;
        result.map_err(|error| match &error {
            CallError::Full(_) => (error.to_string(), 0),
            CallError::Failed(failed) => (error.to_string(), failed.attempts()),
        })
    }

    fn tally(&self) -> Tally {
        Tally {
            receiver: self.receiver.clone(),
            kind: self.way.kind(),
            delivered_total: self.delivered.load(Ordering::Relaxed),
            given_up_total: self.given_up.load(Ordering::Relaxed),
            attempts_total: self.attempts.load(Ordering::Relaxed),
            breaker: self.policy.breaker().state(),
        }
    }
}

/// None for integrations that are no requests.
fn outgoing(integration: &Integration, told: &Notification, url: &str) -> Option<Outgoing> {
    match integration {
        Integration::Webhook(config) => Some(webhook::request(config, told, url)),
        Integration::Slack(config) => Some(slack::request(config, told, url)),
        Integration::PagerDuty(config) => Some(pagerduty::request(config, told, url)),
        Integration::Email(_) | Integration::Log(_) => None,
    }
}
