//! The dispatcher: takes alerts, groups them, and says who is to be told what, when.
//!
//! It is a state machine: time is an argument, and what it says is done by others, who tell it how
//! that went. A group is looked at first when `group_wait` has passed since its first alert, then
//! every `group_interval`; then each integration of its receiver is told unless it knows already.
//! What could not be told is due again the next time.
//!
//! Source: Alertmanager 0.28, `dispatch/dispatch.go` and `notify/notify.go`. Otherwise than there,
//! `repeat_interval` is counted from when a notification was due, not from when it had been sent, so
//! that it is kept where it is a multiple of `group_interval`; an alert can be acknowledged; and a
//! restart loses neither alerts nor groups.

mod group;
mod held;
mod look;
mod operate;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};

use crate::alert::Alert;
use crate::config::Config;
use crate::error::AlertError;
use crate::inhibit::InhibitRule;
use crate::labels::{Fingerprint, Labels};
use crate::notification::Notification;
use crate::route::Routes;
use crate::sent::Sent;
use crate::silence::Silences;
use crate::span::Span;
use group::{Group, GroupId};
use held::Held;
use look::{Look, Quiet, key_of};
pub use operate::{Acknowledgement, AlertStatus};
pub use snapshot::DispatcherSnapshot;

/// The most alerts, resolved ones included until everybody was told.
pub const MAX_ALERTS: usize = 10_000;
/// The most groups.
pub const MAX_GROUPS: usize = 10_000;
/// How often what is over is forgotten.
pub const MAINTENANCE_INTERVAL: Span = Span::from_seconds(30);
/// How long word of a notification is waited for, at least; what takes longer may be sent twice.
pub const MIN_ANSWER_TIME: Span = Span::from_seconds(90);

/// What became of alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Taken.
    pub n_accepted: usize,
    /// Refused, as they have no labels, or as there is no room for more alerts or groups.
    pub n_refused: usize,
}

/// Groups alerts, and says who is to be told what, when.
pub struct Dispatcher {
    routes: Routes,
    inhibit_rules: Vec<InhibitRule>,
    /// For each receiver, whether its integrations want to hear that it is over.
    receivers: BTreeMap<String, Vec<bool>>,
    resolve_timeout: Span,
    alerts: BTreeMap<Fingerprint, Held>,
    groups: BTreeMap<GroupId, Group>,
    acknowledgements: BTreeMap<Fingerprint, Acknowledgement>,
    silences: Silences,
    sent: Sent,
    n_flushes: u64,
    next_maintenance_ms: i64,
}

impl Dispatcher {
    /// With nothing to tell.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: &Config) -> Result<Self, AlertError> {
        AlertError::refuse(config.problems())?;
        let receivers = config.receivers.iter();
        Ok(Self {
            routes: config.routes(&mut Vec::new()),
            inhibit_rules: config.inhibit_rules.clone(),
            receivers: receivers.map(|r| (r.name.clone(), r.sends_resolved())).collect(),
            resolve_timeout: config.resolve_timeout,
            alerts: BTreeMap::new(),
            groups: BTreeMap::new(),
            acknowledgements: BTreeMap::new(),
            silences: Silences::default(),
            sent: Sent::default(),
            n_flushes: 0,
            next_maintenance_ms: i64::MIN,
        })
    }

    /// Takes alerts: new ones, ones that still fire, ones that are over. One that has no end is over
    /// when nothing is heard of it for `resolve_timeout`.
    pub fn receive(&mut self, now_ms: i64, alerts: Vec<Alert>) -> Received {
        let mut received = Received::default();
        for alert in alerts {
            if self.receive_one(now_ms, alert) {
                received.n_accepted += 1;
            } else {
                received.n_refused += 1;
            }
        }
        received
    }

    fn receive_one(&mut self, now_ms: i64, mut alert: Alert) -> bool {
        let fingerprint = alert.fingerprint();
        let known = self.alerts.get(&fingerprint);
        if alert.labels.is_empty() || (known.is_none() && self.alerts.len() >= MAX_ALERTS) {
            return false;
        }
        let ends_by_timeout = alert.ends_at_ms.is_none();
        let timeout_ms = now_ms.saturating_add(self.resolve_timeout.ms());
        alert.ends_at_ms.get_or_insert(timeout_ms);
        let mut held = Held { alert, updated_at_ms: now_ms, ends_by_timeout };
        if held.alert.is_resolved(now_ms)
            && known.is_none_or(|known| known.alert.is_resolved(now_ms))
        {
            // That it is over is known, or nobody knew of it. Alertmanager takes it for news, and
            // may say twice that it is over.
            return true;
        }
        if let Some(known) = known {
            held.merge(known, now_ms);
        }
        if held.alert.is_resolved(now_ms) {
            self.acknowledgements.remove(&fingerprint);
        }
        let labels = held.alert.labels.clone();
        let starts_at_ms = held.alert.starts_at_ms;
        self.alerts.insert(fingerprint, held);
        let mut fits = true;
        for route in self.routes.of(&labels) {
            fits &= self.insert(route, &labels, fingerprint, starts_at_ms, now_ms);
        }
        fits
    }

    /// Puts an alert into its group of a route; false where there is no room for a group.
    fn insert(
        &mut self,
        number: usize,
        labels: &Labels,
        fingerprint: Fingerprint,
        starts_at_ms: i64,
        now_ms: i64,
    ) -> bool {
        let Some(route) = self.routes.get(number) else { return false };
        let id = (number, route.group_labels(labels));
        if !self.groups.contains_key(&id) && self.groups.len() >= MAX_GROUPS {
            return false;
        }
        let next_ms = now_ms.saturating_add(route.group_wait.ms());
        let group = self.groups.entry(id).or_insert_with(|| Group::new(next_ms));
        group.members.insert(fingerprint);
        if !group.has_flushed && starts_at_ms.saturating_add(route.group_wait.ms()) < now_ms {
            group.next_ms = now_ms;
        }
        true
    }

    /// The notifications that are due. Each is to be answered by [`Self::delivered`] or
    /// [`Self::failed`]; until then, or until `group_interval` has passed, its group waits.
    pub fn tick(&mut self, now_ms: i64) -> Vec<Notification> {
        let mut due = Vec::new();
        if self.groups.values().any(|group| group.next_ms <= now_ms) {
            due = self.flush_all(now_ms);
        }
        if self.next_maintenance_ms <= now_ms {
            self.next_maintenance_ms = now_ms + MAINTENANCE_INTERVAL.ms();
            self.forget_old(now_ms);
        }
        due
    }

    /// When something may be due (milliseconds since 1970).
    pub fn next_due_ms(&self) -> Option<i64> {
        self.groups.values().map(|group| group.next_ms).min()
    }

    fn flush_all(&mut self, now_ms: i64) -> Vec<Notification> {
        let inhibitor = held::inhibitor(&self.inhibit_rules, &self.alerts, now_ms);
        let quiet = Quiet { silences: &self.silences, inhibitor, now_ms };
        let is_due = |(_, group): &(&GroupId, &Group)| group.next_ms <= now_ms;
        let ids: Vec<GroupId> =
            self.groups.iter().filter(is_due).map(|(id, _)| id.clone()).collect();
        let mut due = Vec::new();
        for id in ids {
            let (Some(group), Some(route)) = (self.groups.get_mut(&id), self.routes.get(id.0))
            else {
                continue;
            };
            group.next_ms = now_ms + route.group_interval.ms();
            group.has_flushed = true;
            if group.members.is_empty() || group.is_waiting(now_ms) {
                continue;
            }
            self.n_flushes += 1;
            let look = Look {
                alerts: &self.alerts,
                quiet: &quiet,
                acknowledgements: &self.acknowledgements,
                route,
                id: &id,
                number: self.n_flushes,
                now_ms,
            };
            let wants = self.receivers.get(&route.receiver).map_or(&[][..], Vec::as_slice);
            due.extend(look.flush(group, wants, &mut self.sent));
        }
        due
    }

    /// The notification arrived.
    pub fn delivered(&mut self, notification: &Notification) {
        let repeat = self.routes.get(notification.route).map(|route| route.repeat_interval);
        self.sent.log(key_of(notification), notification, repeat.unwrap_or_default());
        self.answered(notification, false);
    }

    /// The notification was given up; its group tries again at its next turn.
    pub fn failed(&mut self, notification: &Notification) {
        self.answered(notification, true);
    }

    fn answered(&mut self, notification: &Notification, has_failed: bool) {
        let id = (notification.route, notification.group_labels.clone());
        let Some(group) = self.groups.get_mut(&id) else { return };
        let Some(flush) = group.flush.as_mut().filter(|f| f.number == notification.flush) else {
            return;
        };
        flush.n_unanswered = flush.n_unanswered.saturating_sub(1);
        flush.has_failed |= has_failed;
        if flush.n_unanswered == 0
            && let Some(flush) = group.flush.take()
            && !flush.has_failed
        {
            group.forget(&flush.resolved, &self.alerts);
        }
    }

    fn forget_old(&mut self, now_ms: i64) {
        self.groups.retain(|_, group| !group.members.is_empty());
        let members: BTreeSet<Fingerprint> =
            self.groups.values().flat_map(|group| group.members.iter().copied()).collect();
        self.alerts.retain(|fingerprint, held| {
            members.contains(fingerprint) || !held.alert.is_resolved(now_ms)
        });
        let alerts = &self.alerts;
        self.acknowledgements.retain(|fingerprint, _| {
            alerts.get(fingerprint).is_some_and(|held| !held.alert.is_resolved(now_ms))
        });
        self.silences.forget_old(now_ms);
        self.sent.forget_old(now_ms);
    }

    /// How many groups there are.
    pub fn n_groups(&self) -> usize {
        self.groups.len()
    }
}
