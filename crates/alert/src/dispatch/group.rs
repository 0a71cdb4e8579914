//! A group: alerts that are told together, and when it is looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::held::Held;
use crate::labels::{Fingerprint, Labels};

/// The number of its route, and its labels.
pub(super) type GroupId = (usize, Labels);

/// Alerts that are told together.
pub(super) struct Group {
    pub(super) next_ms: i64,
    pub(super) has_flushed: bool,
    pub(super) members: BTreeSet<Fingerprint>,
    pub(super) flush: Option<Flush>,
}

/// A look at a group whose notifications are on their way.
pub(super) struct Flush {
    pub(super) number: u64,
    pub(super) deadline_ms: i64,
    pub(super) n_unanswered: usize,
    pub(super) has_failed: bool,
    /// Resolved alerts that can go when all were told, unless they were heard of since.
    pub(super) resolved: Vec<(Fingerprint, i64)>,
}

impl Group {
    pub(super) fn new(next_ms: i64) -> Self {
        Self { next_ms, has_flushed: false, members: BTreeSet::new(), flush: None }
    }

    pub(super) fn is_waiting(&self, now_ms: i64) -> bool {
        self.flush.as_ref().is_some_and(|flush| now_ms < flush.deadline_ms)
    }

    /// Lets resolved alerts go that were not heard of since.
    pub(super) fn forget(
        &mut self,
        resolved: &[(Fingerprint, i64)],
        alerts: &BTreeMap<Fingerprint, Held>,
    ) {
        for (fingerprint, updated_at_ms) in resolved {
            if alerts.get(fingerprint).is_none_or(|held| held.updated_at_ms == *updated_at_ms) {
                self.members.remove(fingerprint);
            }
        }
    }
}
