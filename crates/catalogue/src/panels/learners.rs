//! Learners: what they are taught, how well they know it, what is new to them.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Lines, Number};

pub(crate) const PAGE: Page = Page {
    id: "learners",
    title: "Learners",
    help: "Do learners know what they are taught, and how much is new to them?",
    panels: &[
        panel(
            Lines,
            ("learner-operations", "Operations", "ops", 2),
            "Operations on learners a second.",
            &[target(
                "sum by (operation) (rate(striatum_learner_operations_total{}[$w]))",
                "{{operation}}",
            )],
        ),
        panel(
            Lines,
            ("learner-latency", "Latency p99", "s", 2),
            "Time of an operation on a learner; of one that writes, until it is durable.",
            &[target(
                "histogram_quantile(0.99, sum by (le, operation) (rate(striatum_learner_operation_duration_seconds_bucket{}[$w])))",
                "{{operation}}",
            )],
        ),
        panel(
            Lines,
            ("learner-known", "Known before", "percentunit", 2),
            "Share of labelled samples that were answered rightly before they were learned.",
            &[target(
                "sum by (kind) (rate(striatum_learner_samples_total{result=\"right\"}[$w])) / sum by (kind) (rate(striatum_learner_samples_total{result=~\"right|wrong\"}[$w]))",
                "{{kind}}",
            )],
        ),
        panel(
            Lines,
            ("learner-novel", "Novel", "percentunit", 2),
            "Share of inputs asked about that are like nothing that was learned.",
            &[target(
                "sum by (kind) (rate(striatum_learner_predictions_total{result=\"novel\"}[$w])) / sum by (kind) (rate(striatum_learner_predictions_total{}[$w]))",
                "{{kind}}",
            )],
        ),
        panel(
            Lines,
            ("learner-samples", "Samples learned", "ops", 2),
            "Samples learned a second.",
            &[target("sum by (kind) (rate(striatum_learner_samples_total{}[$w]))", "{{kind}}")],
        ),
        panel(
            Lines,
            ("learner-weights", "Changes of weights", "ops", 2),
            "Weights of learners that change a second.",
            &[target(
                "sum by (kind) (rate(striatum_learner_weight_changes_total{}[$w]))",
                "{{kind}}",
            )],
        ),
        panel(
            Lines,
            ("learner-units", "Units made", "ops", 2),
            "Units a second that are made because nothing fitted a sample.",
            &[target(
                "sum by (kind) (rate(striatum_learner_units_allocated_total{}[$w]))",
                "{{kind}}",
            )],
        ),
        panel(
            Number,
            ("learners-active", "Learners", "short", 1),
            "Learners that are in the process.",
            &[target("sum(striatum_learners_active{})", "learners")],
        ),
    ],
};
