//! Stores, remote services, dead letters, backups.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Bars, Lines, Number, Table};

pub(crate) const PAGE: Page = Page {
    id: "resilience",
    title: "Resilience",
    help: "Do the stores and the services that are called hold, and what could not be done?",
    panels: &[
        panel(
            Lines,
            ("store", "Store operations", "ops", 2),
            "Operations on the store a second.",
            &[target(
                "sum by (operation, outcome) (rate(striatum_store_operations_total{}[$w]))",
                "{{operation}} {{outcome}}",
            )],
        ),
        panel(
            Lines,
            ("store-latency", "Store latency p99", "s", 2),
            "Time of an operation on the store; of a commit, until it is durable.",
            &[target(
                "histogram_quantile(0.99, sum by (le, operation) (rate(striatum_store_operation_duration_seconds_bucket{}[$w])))",
                "{{operation}}",
            )],
        ),
        panel(
            Lines,
            ("store-bytes", "Store bytes", "Bps", 2),
            "Bytes of values read from the store and written to it, a second.",
            &[target(
                "sum by (direction) (rate(striatum_store_value_bytes_total{}[$w]))",
                "{{direction}}",
            )],
        ),
        panel(
            Number,
            ("store-up", "Store", "short", 1),
            "1 where the store answers.",
            &[target("striatum_store_up{}", "{{kind}}")],
        ),
        panel(
            Number,
            ("letters", "Dead letters", "short", 1),
            "Dead letters that wait.",
            &[target("sum(striatum_dead_letters_waiting{}) or vector(0)", "waiting")],
        )
        .marks(1.0, 100.0),
        panel(
            Lines,
            ("calls", "Calls of services", "ops", 2),
            "Calls of remote services a second.",
            &[target(
                "sum by (target, outcome) (rate(striatum_calls_total{}[$w]))",
                "{{target}} {{outcome}}",
            )],
        ),
        panel(
            Table,
            ("breakers", "Breakers", "short", 2),
            "The circuit breaker of each remote service: 0 closed, 1 half open, 2 open.",
            &[target("striatum_breaker_state{}", "{{target}}")],
        ),
        panel(
            Bars,
            ("letter-events", "What became of dead letters", "short", 2),
            "Dead letters put, replayed, removed and expired since the start.",
            &[target("sum by (event) (striatum_dead_letters_total{})", "{{event}}")],
        ),
        panel(
            Number,
            ("backup-age", "Last backup", "s", 1),
            "Age of the last backup that the server made by itself.",
            &[target("time() - (striatum_backup_last_success_time_seconds{} > 0)", "age")],
        ),
        panel(
            Bars,
            ("experiments", "Experiments", "short", 1),
            "Experiments that ended, by outcome.",
            &[target("sum by (outcome) (striatum_experiments_total{})", "{{outcome}}")],
        ),
    ],
};
