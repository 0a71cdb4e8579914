//! An alert as the dispatcher holds it, and how new word of it goes together with old.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::inhibit::{InhibitRule, Inhibitor};
use crate::labels::Fingerprint;
use crate::notification::Status;

/// An alert, and when it was last heard of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Held {
    pub(super) alert: Alert,
    pub(super) updated_at_ms: i64,
    /// It ends only because nothing was heard of it.
    pub(super) ends_by_timeout: bool,
}

impl Held {
    pub(super) fn status(&self, now_ms: i64) -> Status {
        if self.alert.is_resolved(now_ms) { Status::Resolved } else { Status::Firing }
    }

    /// Takes over from what was known, where the times of both overlap.
    ///
    /// Source: Alertmanager 0.28, `provider/mem/mem.go`, `Put`, and `types/types.go`, `Merge`.
    pub(super) fn merge(&mut self, known: &Self, now_ms: i64) {
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

/// What the alerts that fire keep quiet.
pub(super) fn inhibitor<'a>(
    rules: &'a [InhibitRule],
    alerts: &'a BTreeMap<Fingerprint, Held>,
    now_ms: i64,
) -> Inhibitor<'a> {
    let firing = alerts.values().filter(|held| !held.alert.is_resolved(now_ms));
    Inhibitor::new(rules, firing.map(|held| &held.alert.labels))
}
