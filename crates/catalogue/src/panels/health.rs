//! Health checks, and the monitoring itself.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Bars, Lines, Table};

pub(crate) const PAGE: Page = Page {
    id: "health",
    title: "Health",
    help: "Which part is not well, and does the monitoring itself work?",
    panels: &[
        panel(
            Lines,
            ("score", "Score", "percentunit", 2),
            "Health as one number, 1 at best.",
            &[target("striatum_health_score_ratio{}", "score")],
        )
        .marks(0.7, 0.5),
        panel(
            Table,
            ("checks", "Checks", "short", 2),
            "Each check: 0 healthy, 1 degraded, 2 unhealthy, 3 critical.",
            &[target("striatum_health_check_status{}", "{{check}}")],
        ),
        panel(
            Lines,
            ("check-time", "Time of checks p95", "s", 2),
            "Time that health checks take.",
            &[target(
                "histogram_quantile(0.95, sum by (le, check) (rate(striatum_health_check_duration_seconds_bucket{}[$w])))",
                "{{check}}",
            )],
        ),
        panel(
            Lines,
            ("alerts", "Alerts", "short", 2),
            "Alerts by state and severity.",
            &[target("sum by (state, severity) (striatum_alerts{})", "{{state}} {{severity}}")],
        ),
        panel(
            Lines,
            ("logs", "Log records", "ops", 2),
            "Log records a second by level.",
            &[target("sum by (level) (rate(striatum_log_records_total{}[$w]))", "{{level}}")],
        ),
        panel(
            Lines,
            ("exports", "Spans and exports", "ops", 2),
            "Spans by what became of them, and batches sent to a collector or a remote store, a second.",
            &[
                target("sum by (outcome) (rate(striatum_spans_total{}[$w]))", "spans {{outcome}}"),
                target(
                    "sum by (signal, outcome) (rate(striatum_exports_total{}[$w]))",
                    "{{signal}} {{outcome}}",
                ),
            ],
        ),
        panel(
            Bars,
            ("anomalies", "Anomalies", "percentunit", 1),
            "How unusual each watched series is now.",
            &[target("striatum_anomaly_score_ratio{}", "{{series}}")],
        ),
        panel(
            Lines,
            ("series", "Series", "short", 1),
            "Series that are exposed and kept, and label values that did not fit.",
            &[
                target("striatum_series{}", "exposed"),
                target("striatum_history_series{}", "in the history"),
                target("sum(striatum_series_dropped_total{}) or vector(0)", "not told apart"),
            ],
        ),
        panel(
            Lines,
            ("history", "History", "bytes", 1),
            "Memory of the history, and what it may take.",
            &[
                target("striatum_history_size_bytes{}", "used"),
                target("striatum_history_limit_bytes{}", "limit"),
            ],
        ),
        panel(
            Lines,
            ("samples", "Samples", "short", 1),
            "Samples in the history.",
            &[target("striatum_history_samples{}", "samples")],
        ),
        panel(
            Lines,
            ("queries", "Queries and scrapes p95", "s", 2),
            "Time of queries of the history, and to gather every metric.",
            &[
                target(
                    "histogram_quantile(0.95, sum by (le) (rate(striatum_query_duration_seconds_bucket{}[$w])))",
                    "query",
                ),
                target(
                    "histogram_quantile(0.95, sum by (le) (rate(striatum_scrape_duration_seconds_bucket{}[$w])))",
                    "gather",
                ),
            ],
        ),
        panel(
            Lines,
            ("rules", "Rules and notifications", "ops", 2),
            "Evaluations of rules, queries and notifications a second.",
            &[
                target(
                    "sum by (outcome) (rate(striatum_rule_evaluations_total{}[$w]))",
                    "rules {{outcome}}",
                ),
                target(
                    "sum by (outcome) (rate(striatum_queries_total{}[$w]))",
                    "queries {{outcome}}",
                ),
                target(
                    "sum by (target, outcome) (rate(striatum_notifications_total{}[$w]))",
                    "{{target}} {{outcome}}",
                ),
            ],
        ),
    ],
};
