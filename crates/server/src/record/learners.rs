//! Reports of learners become metrics.

use std::collections::HashMap;
use std::sync::Arc;

use learner::{Learned, Prediction};
use observe::{Counter, Gauge, Metrics, Sum};

use super::Operations;

/// What can be done with learners, as it is counted.
const OPERATIONS: [&str; 11] = [
    "create", "list", "get", "change", "delete", "learn", "predict", "undo", "forget", "save",
    "load",
];
const KINDS: [&str; 4] = ["columns", "eprop", "competition", "liquid"];

/// Handles of the metrics of learners.
pub(crate) struct LearnerSignals {
    pub(crate) operations: Operations,
    kinds: HashMap<&'static str, OfKind>,
    pub(crate) active: Gauge,
    written: Sum,
}

/// Those of a kind.
struct OfKind {
    right: Counter,
    wrong: Counter,
    unlabelled: Counter,
    known: Counter,
    novel: Counter,
    changes: Counter,
    allocated: Counter,
}

impl LearnerSignals {
    pub(crate) fn of(metrics: &Arc<Metrics>) -> Self {
        let names =
            ["striatum_learner_operations_total", "striatum_learner_operation_duration_seconds"];
        Self {
            operations: Operations::of(metrics, names, &OPERATIONS),
            kinds: KINDS.map(|kind| (kind, OfKind::of(metrics, kind))).into(),
            active: metrics.gauge("striatum_learners_active", &[]),
            written: metrics.sum("striatum_learner_written_bytes_total", &[]),
        }
    }

    /// Records what samples taught.
    pub(crate) fn learned(&self, kind: &str, learned: &Learned) {
        let Some(of) = self.kinds.get(kind) else { return };
        of.right.inc_by(learned.right);
        of.wrong.inc_by(learned.labelled - learned.right);
        of.unlabelled.inc_by(learned.samples - learned.labelled);
        of.changes.inc_by(learned.weight_changes);
        of.allocated.inc_by(learned.allocated);
    }

    /// Records what inputs were taken for.
    pub(crate) fn predicted(&self, kind: &str, all: &[Prediction]) {
        let Some(of) = self.kinds.get(kind) else { return };
        let novel = all.iter().filter(|one| one.label.is_none()).count();
        of.novel.inc_by(novel as u64);
        of.known.inc_by((all.len() - novel) as u64);
    }

    /// Records what is about to be written.
    pub(crate) fn written(&self, bytes: usize) {
        self.written.inc_by(bytes as f64);
    }
}

impl OfKind {
    fn of(metrics: &Arc<Metrics>, kind: &str) -> Self {
        let learned = |result| metrics.counter("striatum_learner_samples_total", &[kind, result]);
        let predicted =
            |result| metrics.counter("striatum_learner_predictions_total", &[kind, result]);
        Self {
            right: learned("right"),
            wrong: learned("wrong"),
            unlabelled: learned("unlabelled"),
            known: predicted("known"),
            novel: predicted("novel"),
            changes: metrics.counter("striatum_learner_weight_changes_total", &[kind]),
            allocated: metrics.counter("striatum_learner_units_allocated_total", &[kind]),
        }
    }
}
