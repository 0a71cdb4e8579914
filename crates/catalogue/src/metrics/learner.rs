//! Learners: what they were taught, how well they knew it, what they answered.

use super::{SECONDS, counter, gauge, histogram, sum};
use crate::label::{KIND, OPERATION, OUTCOME, RESULT};
use crate::metric::Metric;

pub(crate) const METRICS: &[Metric] = &[
    counter(
        "striatum_learner_operations_total",
        &[OPERATION, OUTCOME],
        "What was done with learners: ok, bad_request, not_found, conflict, failed.",
    ),
    histogram(
        "striatum_learner_operation_duration_seconds",
        SECONDS,
        &[OPERATION],
        "Time of an operation on a learner; of one that writes, until it is durable.",
    ),
    gauge("striatum_learners_active", &[], "Learners that are in the process."),
    counter(
        "striatum_learner_samples_total",
        &[KIND, RESULT],
        "Samples that were learned, by what they were taken for beforehand: right, wrong; or unlabelled.",
    ),
    counter(
        "striatum_learner_predictions_total",
        &[KIND, RESULT],
        "Inputs that were asked about: known, or novel, which are like nothing that was learned.",
    ),
    counter(
        "striatum_learner_weight_changes_total",
        &[KIND],
        "Weights of learners that changed, as often as they did.",
    ),
    counter(
        "striatum_learner_units_allocated_total",
        &[KIND],
        "Units that were made because nothing fitted a sample.",
    ),
    sum(
        "striatum_learner_written_bytes_total",
        &[],
        "Bytes of what learners were taught, and of their states, that were written to the store.",
    ),
];
