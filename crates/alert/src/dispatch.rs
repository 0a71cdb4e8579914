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

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::config::Config;
use crate::error::AlertError;
use crate::inhibit::{InhibitRule, Inhibitor};
use crate::labels::{Fingerprint, Labels};
use crate::notification::{Notification, Notified, Status};
use crate::route::{Route, Routes};
use crate::sent::{News, Sent, SentKey};
use crate::silence::{MAX_COMMENT_BYTES, Silence, Silences};
use crate::span::Span;

/// The most alerts, resolved ones included until everybody was told.
pub const MAX_ALERTS: usize = 10_000;
/// The most groups.
pub const MAX_GROUPS: usize = 10_000;
/// How often what is over is forgotten.
pub const MAINTENANCE_INTERVAL: Span = Span::from_seconds(30);
/// How long word of a notification is waited for, at least; what takes longer may be sent twice.
pub const MIN_ANSWER_TIME: Span = Span::from_seconds(90);

/// Somebody takes care of an alert: it is not repeated until it is resolved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// What they say.
    pub comment: String,
    /// When (milliseconds since 1970).
    pub at_ms: i64,
}

/// What became of alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Taken.
    pub n_accepted: usize,
    /// Refused, as they have no labels, or as there is no room for more alerts or groups.
    pub n_refused: usize,
}

/// An alert, and why nobody hears of it if so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertStatus {
    /// The alert.
    pub alert: Alert,
    /// What tells it from others.
    pub fingerprint: Fingerprint,
    /// Does it fire?
    pub status: Status,
    /// The silence that holds for it.
    pub silenced_by: Option<u64>,
    /// Does another alert explain it?
    pub is_inhibited: bool,
    /// Who takes care of it.
    pub acknowledgement: Option<Acknowledgement>,
    /// The receivers that its routes lead to.
    pub receivers: Vec<String>,
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

/// The number of its route, and its labels.
type GroupId = (usize, Labels);

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Held {
    alert: Alert,
    updated_at_ms: i64,
    /// It ends only because nothing was heard of it.
    ends_by_timeout: bool,
}

struct Group {
    next_ms: i64,
    has_flushed: bool,
    members: BTreeSet<Fingerprint>,
    flush: Option<Flush>,
}

/// A look at a group whose notifications are on their way.
struct Flush {
    number: u64,
    deadline_ms: i64,
    n_unanswered: usize,
    has_failed: bool,
    /// Resolved alerts that can go when all were told, unless they were heard of since.
    resolved: Vec<(Fingerprint, i64)>,
}

/// The state of a dispatcher, to be written down.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DispatcherSnapshot {
    alerts: Vec<Held>,
    groups: Vec<GroupSnapshot>,
    acknowledgements: BTreeMap<Fingerprint, Acknowledgement>,
    silences: Silences,
    sent: Sent,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct GroupSnapshot {
    key: String,
    receiver: String,
    next_ms: i64,
    has_flushed: bool,
    members: BTreeSet<Fingerprint>,
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
        let firing = self.alerts.values().filter(|held| !held.alert.is_resolved(now_ms));
        let labels = firing.map(|held| &held.alert.labels);
        let inhibitor = Inhibitor::new(&self.inhibit_rules, labels);
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

    /// Makes a silence; its number.
    ///
    /// # Errors
    ///
    /// A silence that cannot be, or one too many.
    pub fn silence(&mut self, silence: Silence, now_ms: i64) -> Result<u64, AlertError> {
        self.silences.create(silence, now_ms)
    }

    /// Ends a silence now.
    ///
    /// # Errors
    ///
    /// [`AlertError::UnknownSilence`] where there is none of this number, or it has ended.
    pub fn expire(&mut self, silence: u64, now_ms: i64) -> Result<(), AlertError> {
        self.silences.expire(silence, now_ms)
    }

    /// All silences, those to come and ended ones too, with their numbers.
    pub fn silences(&self) -> impl Iterator<Item = (u64, &Silence)> {
        self.silences.list()
    }

    /// Somebody takes care of an alert.
    ///
    /// # Errors
    ///
    /// An alert that does not fire, or a name or comment that is too long.
    pub fn acknowledge(
        &mut self,
        alert: Fingerprint,
        by: &str,
        comment: &str,
        now_ms: i64,
    ) -> Result<(), AlertError> {
        let long = [("by", by), ("comment", comment)].into_iter();
        let long = long.filter(|(_, text)| text.len() > MAX_COMMENT_BYTES);
        let problem = |(key, text): (&str, &str)| {
            format!("{key}: expected at most {MAX_COMMENT_BYTES} bytes, found {}", text.len())
        };
        AlertError::refuse(long.map(problem).collect())?;
        let held = self.alerts.get(&alert).filter(|held| !held.alert.is_resolved(now_ms));
        held.ok_or(AlertError::UnknownAlert(alert))?;
        let (by, comment) = (by.to_owned(), comment.to_owned());
        self.acknowledgements.insert(alert, Acknowledgement { by, comment, at_ms: now_ms });
        Ok(())
    }

    /// Nobody takes care of it any longer; false where nobody did.
    pub fn unacknowledge(&mut self, alert: Fingerprint) -> bool {
        self.acknowledgements.remove(&alert).is_some()
    }

    /// All alerts, and who hears of them.
    pub fn alerts(&self, now_ms: i64) -> Vec<AlertStatus> {
        let firing = self.alerts.values().filter(|held| !held.alert.is_resolved(now_ms));
        let inhibitor = Inhibitor::new(&self.inhibit_rules, firing.map(|held| &held.alert.labels));
        let receivers = |labels: &Labels| {
            let routes = self.routes.of(labels).into_iter().filter_map(|r| self.routes.get(r));
            routes.map(|route| route.receiver.clone()).collect()
        };
        let status = |(fingerprint, held): (&Fingerprint, &Held)| AlertStatus {
            fingerprint: *fingerprint,
            status: held.status(now_ms),
            silenced_by: self.silences.of(&held.alert.labels, now_ms),
            is_inhibited: inhibitor.mutes(&held.alert.labels),
            acknowledgement: self.acknowledgements.get(fingerprint).cloned(),
            receivers: receivers(&held.alert.labels),
            alert: held.alert.clone(),
        };
        self.alerts.iter().map(status).collect()
    }

    /// How many groups there are.
    pub fn n_groups(&self) -> usize {
        self.groups.len()
    }

    /// What it knows, to be restored after a restart.
    pub fn snapshot(&self) -> DispatcherSnapshot {
        let group = |((route, labels), group): (&GroupId, &Group)| {
            let route = self.routes.get(*route)?;
            Some(GroupSnapshot {
                key: group_key(route, labels),
                receiver: route.receiver.clone(),
                next_ms: group.next_ms,
                has_flushed: group.has_flushed,
                members: group.members.clone(),
            })
        };
        DispatcherSnapshot {
            alerts: self.alerts.values().cloned().collect(),
            groups: self.groups.iter().filter_map(group).collect(),
            acknowledgements: self.acknowledgements.clone(),
            silences: self.silences.clone(),
            sent: self.sent.clone(),
        }
    }

    /// Takes up what was known. Alerts are routed anew, so the routes may have changed meanwhile;
    /// groups that are still there keep their times.
    pub fn restore(&mut self, snapshot: DispatcherSnapshot, now_ms: i64) {
        let saved: BTreeMap<(&str, &str), &GroupSnapshot> =
            snapshot.groups.iter().map(|g| ((g.key.as_str(), g.receiver.as_str()), g)).collect();
        for held in snapshot.alerts.into_iter().take(MAX_ALERTS) {
            let (fingerprint, labels) = (held.alert.fingerprint(), held.alert.labels.clone());
            for number in self.routes.of(&labels) {
                let Some(route) = self.routes.get(number) else { continue };
                let id = (number, route.group_labels(&labels));
                let key = group_key(route, &id.1);
                let saved = saved.get(&(key.as_str(), route.receiver.as_str()));
                let was_member = saved.is_some_and(|group| group.members.contains(&fingerprint));
                let has_room = self.groups.len() < MAX_GROUPS || self.groups.contains_key(&id);
                if has_room && (was_member || !held.alert.is_resolved(now_ms)) {
                    let next_ms = now_ms.saturating_add(route.group_wait.ms());
                    let group = self.groups.entry(id).or_insert_with(|| Group::new(next_ms));
                    group.members.insert(fingerprint);
                    if let Some(saved) = saved {
                        (group.next_ms, group.has_flushed) = (saved.next_ms, saved.has_flushed);
                    }
                }
            }
            self.alerts.insert(fingerprint, held);
        }
        self.acknowledgements = snapshot.acknowledgements;
        self.silences = snapshot.silences;
        self.sent = snapshot.sent;
    }
}

impl Held {
    fn status(&self, now_ms: i64) -> Status {
        if self.alert.is_resolved(now_ms) { Status::Resolved } else { Status::Firing }
    }

    /// Takes over from what was known, where the times of both overlap.
    ///
    /// Source: Alertmanager 0.28, `provider/mem/mem.go`, `Put`, and `types/types.go`, `Merge`.
    fn merge(&mut self, known: &Self, now_ms: i64) {
        let end = |held: &Self| held.alert.ends_at_ms.unwrap_or(i64::MAX);
        let (start, known_start) = (self.alert.starts_at_ms, known.alert.starts_at_ms);
        let overlaps = (known_start < end(self) && end(self) < end(known))
            || (known_start < start && start < end(known));
        if !overlaps {
            return;
        }
        self.alert.starts_at_ms = start.min(known_start);
        let is_later = end(known) > end(self);
        let keeps_end = if self.alert.is_resolved(now_ms) {
            known.alert.is_resolved(now_ms)
        } else {
            !known.ends_by_timeout
        };
        if is_later && keeps_end {
            self.alert.ends_at_ms = known.alert.ends_at_ms;
            self.ends_by_timeout = known.ends_by_timeout;
        }
    }
}

impl Group {
    fn new(next_ms: i64) -> Self {
        Self { next_ms, has_flushed: false, members: BTreeSet::new(), flush: None }
    }

    fn is_waiting(&self, now_ms: i64) -> bool {
        self.flush.as_ref().is_some_and(|flush| now_ms < flush.deadline_ms)
    }

    /// Lets resolved alerts go that were not heard of since.
    fn forget(&mut self, resolved: &[(Fingerprint, i64)], alerts: &BTreeMap<Fingerprint, Held>) {
        for (fingerprint, updated_at_ms) in resolved {
            if alerts.get(fingerprint).is_none_or(|held| held.updated_at_ms == *updated_at_ms) {
                self.members.remove(fingerprint);
            }
        }
    }
}

/// What keeps alerts quiet at one time.
struct Quiet<'a> {
    silences: &'a Silences,
    inhibitor: Inhibitor<'a>,
    now_ms: i64,
}

impl Quiet<'_> {
    fn mutes(&self, labels: &Labels) -> bool {
        self.silences.of(labels, self.now_ms).is_some() || self.inhibitor.mutes(labels)
    }
}

/// One look at one group.
struct Look<'a> {
    alerts: &'a BTreeMap<Fingerprint, Held>,
    quiet: &'a Quiet<'a>,
    acknowledgements: &'a BTreeMap<Fingerprint, Acknowledgement>,
    route: &'a Route,
    id: &'a GroupId,
    number: u64,
    now_ms: i64,
}

impl Look<'_> {
    fn flush(&self, group: &mut Group, wants: &[bool], sent: &mut Sent) -> Vec<Notification> {
        let held = |f: &Fingerprint| self.alerts.get(f).map(|held| (*f, held));
        let members: Vec<(Fingerprint, &Held)> = group.members.iter().filter_map(held).collect();
        let is_resolved = |held: &Held| held.status(self.now_ms) == Status::Resolved;
        let resolved: Vec<(Fingerprint, i64)> = members
            .iter()
            .filter(|(_, held)| is_resolved(held))
            .map(|(fingerprint, held)| (*fingerprint, held.updated_at_ms))
            .collect();
        let mut due = Vec::new();
        let heard: Vec<Notified> = self.heard(&members);
        for (integration, sends_resolved) in wants.iter().enumerate() {
            due.extend(self.notification(integration, *sends_resolved, &heard, sent));
        }
        if due.is_empty() {
            group.forget(&resolved, self.alerts);
            group.flush = None;
        } else {
            let answer_time = self.route.group_interval.max(MIN_ANSWER_TIME);
            group.flush = Some(Flush {
                number: self.number,
                deadline_ms: self.now_ms + answer_time.ms(),
                n_unanswered: due.len(),
                has_failed: false,
                resolved,
            });
        }
        due
    }

    /// The alerts that are not kept quiet.
    fn heard(&self, members: &[(Fingerprint, &Held)]) -> Vec<Notified> {
        let heard = members.iter().filter(|(_, held)| !self.quiet.mutes(&held.alert.labels));
        let mut heard: Vec<Notified> = heard
            .map(|(fingerprint, held)| {
                let status = held.status(self.now_ms);
                let mut alert = held.alert.clone();
                if status == Status::Firing {
                    alert.ends_at_ms = None;
                }
                Notified { alert, fingerprint: *fingerprint, status }
            })
            .collect();
        heard.sort_by(|a, b| order(&a.alert.labels).cmp(&order(&b.alert.labels)));
        heard
    }

    /// What an integration is to be told, if anything.
    fn notification(
        &self,
        integration: usize,
        sends_resolved: bool,
        heard: &[Notified],
        sent: &mut Sent,
    ) -> Option<Notification> {
        let of = |status: Status| -> BTreeSet<Fingerprint> {
            heard.iter().filter(|n| n.status == status).map(|n| n.fingerprint).collect()
        };
        let (firing, resolved) = (of(Status::Firing), of(Status::Resolved));
        let mut notification = Notification {
            receiver: self.route.receiver.clone(),
            integration,
            group_key: group_key(self.route, &self.id.1),
            group_labels: self.id.1.clone(),
            alerts: heard.to_vec(),
            at_ms: self.now_ms,
            resolved: resolved.iter().copied().collect(),
            route: self.id.0,
            flush: self.number,
        };
        let key = key_of(&notification);
        let news = News {
            firing: &firing,
            resolved: &resolved,
            sends_resolved,
            is_acknowledged: firing.iter().all(|f| self.acknowledgements.contains_key(f)),
            repeat_interval: self.route.repeat_interval,
            now_ms: self.now_ms,
        };
        if heard.is_empty() || !sent.is_due(&key, &news) {
            return None;
        }
        if !sends_resolved {
            notification.alerts.retain(|notified| notified.status == Status::Firing);
        }
        if notification.alerts.is_empty() {
            // Nobody wants to hear of it, and yet what fires next is news.
            sent.log(key, &notification, self.route.repeat_interval);
            return None;
        }
        Some(notification)
    }
}

fn order(labels: &Labels) -> (&str, &str, &Labels) {
    (labels.get("job"), labels.get("instance"), labels)
}

fn group_key(route: &Route, labels: &Labels) -> String {
    format!("{}:{labels}", route.key)
}

fn key_of(notification: &Notification) -> SentKey {
    SentKey {
        group_key: notification.group_key.clone(),
        receiver: notification.receiver.clone(),
        integration: notification.integration,
    }
}
