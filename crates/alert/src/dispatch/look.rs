//! One look at one group: who is to be told what of it.

use std::collections::{BTreeMap, BTreeSet};

use super::MIN_ANSWER_TIME;
use super::group::{Flush, Group, GroupId};
use super::held::Held;
use super::operate::Acknowledgement;
use crate::inhibit::Inhibitor;
use crate::labels::{Fingerprint, Labels};
use crate::notification::{Notification, Notified, Status};
use crate::route::Route;
use crate::sent::{News, Sent, SentKey};
use crate::silence::Silences;

/// What keeps alerts quiet at one time.
pub(super) struct Quiet<'a> {
    pub(super) silences: &'a Silences,
    pub(super) inhibitor: Inhibitor<'a>,
    pub(super) now_ms: i64,
}

impl Quiet<'_> {
    pub(super) fn mutes(&self, labels: &Labels) -> bool {
        self.silences.of(labels, self.now_ms).is_some() || self.inhibitor.mutes(labels)
    }
}

/// One look at one group.
pub(super) struct Look<'a> {
    pub(super) alerts: &'a BTreeMap<Fingerprint, Held>,
    pub(super) quiet: &'a Quiet<'a>,
    pub(super) acknowledgements: &'a BTreeMap<Fingerprint, Acknowledgement>,
    pub(super) route: &'a Route,
    pub(super) id: &'a GroupId,
    pub(super) number: u64,
    pub(super) now_ms: i64,
}

impl Look<'_> {
    pub(super) fn flush(
        &self,
        group: &mut Group,
        wants: &[bool],
        sent: &mut Sent,
    ) -> Vec<Notification> {
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

pub(super) fn group_key(route: &Route, labels: &Labels) -> String {
    format!("{}:{labels}", route.key)
}

pub(super) fn key_of(notification: &Notification) -> SentKey {
    SentKey {
        group_key: notification.group_key.clone(),
        receiver: notification.receiver.clone(),
        integration: notification.integration,
    }
}
