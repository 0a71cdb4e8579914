//! The state of a dispatcher, written down and restored.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::group::{Group, GroupId};
use super::held::Held;
use super::look::group_key;
use super::operate::Acknowledgement;
use super::{Dispatcher, MAX_ALERTS, MAX_GROUPS};
use crate::labels::Fingerprint;
use crate::sent::Sent;
use crate::silence::Silences;

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
