//! What was sent: so that nobody hears the same twice before it is time.
//!
//! Source: Alertmanager 0.28, `notify/notify.go`, `DedupStage.needsUpdate`, and `nflog/nflog.go`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::labels::Fingerprint;
use crate::notification::{Notification, Status};
use crate::span::Span;

/// How long it is known what was sent, at least.
pub const SENT_RETENTION: Span = Span::from_seconds(120 * 3600);

/// The most notifications of which it is known; those sent longest ago are forgotten first.
pub const MAX_SENT: usize = 100_000;

/// Which integration was told about which group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(crate) struct SentKey {
    pub(crate) group_key: String,
    pub(crate) receiver: String,
    pub(crate) integration: usize,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Entry {
    at_ms: i64,
    expires_at_ms: i64,
    firing: BTreeSet<Fingerprint>,
    resolved: BTreeSet<Fingerprint>,
}

/// Who was told what last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sent(BTreeMap<SentKey, Entry>);

/// What there is to tell.
pub(crate) struct News<'a> {
    pub(crate) firing: &'a BTreeSet<Fingerprint>,
    pub(crate) resolved: &'a BTreeSet<Fingerprint>,
    /// Does the receiver want to hear that it is over?
    pub(crate) sends_resolved: bool,
    /// Has somebody taken care of all that fires?
    pub(crate) is_acknowledged: bool,
    pub(crate) repeat_interval: Span,
    pub(crate) now_ms: i64,
}

impl Sent {
    /// Is it to be told?
    pub(crate) fn is_due(&self, key: &SentKey, news: &News<'_>) -> bool {
        let Some(last) = self.0.get(key) else {
            return !news.firing.is_empty();
        };
        if !news.firing.is_subset(&last.firing) {
            return true;
        }
        if news.firing.is_empty() {
            return !last.firing.is_empty();
        }
        if news.sends_resolved && !news.resolved.is_subset(&last.resolved) {
            return true;
        }
        let next_ms = last.at_ms.saturating_add(news.repeat_interval.ms());
        !news.is_acknowledged && next_ms <= news.now_ms
    }

    /// It was told.
    pub(crate) fn log(&mut self, key: SentKey, notification: &Notification, repeat: Span) {
        let firing = |status: Status| {
            let alerts = notification.alerts.iter().filter(move |n| n.status == status);
            alerts.map(|notified| notified.fingerprint)
        };
        let keep_ms = SENT_RETENTION.ms().max(2 * repeat.ms());
        let entry = Entry {
            at_ms: notification.at_ms,
            expires_at_ms: notification.at_ms.saturating_add(keep_ms),
            firing: firing(Status::Firing).collect(),
            resolved: notification.resolved.iter().copied().collect(),
        };
        while self.0.len() >= MAX_SENT && !self.0.contains_key(&key) {
            let oldest = self.0.iter().min_by_key(|(_, entry)| entry.at_ms);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { break };
            self.0.remove(&oldest);
        }
        self.0.insert(key, entry);
    }

    pub(crate) fn forget_old(&mut self, now_ms: i64) {
        self.0.retain(|_, entry| entry.expires_at_ms > now_ms);
    }
}

// JSON knows only texts as keys, so it is a list there.
impl Serialize for Sent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<(SentKey, Entry)>::deserialize(deserializer)?;
        Ok(Self(entries.into_iter().collect()))
    }
}
