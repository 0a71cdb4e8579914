//! Is it well, how much does it do, how fast?

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Lines, Number};

pub(crate) const PAGE: Page = Page {
    id: "overview",
    title: "Overview",
    help: "Is it well, how much does it do, and how fast?",
    panels: &[
        panel(
            Number,
            ("score", "Health", "percentunit", 1),
            "Health as one number: errors, federation, memory and disk.",
            &[target("striatum_health_score_ratio{}", "health")],
        )
        .marks(0.7, 0.5),
        panel(
            Number,
            ("rate", "Requests", "reqps", 1),
            "Inference requests a second.",
            &[target("sum(rate(striatum_requests_total{}[$w]))", "requests")],
        ),
        panel(
            Number,
            ("p99", "Latency p99", "s", 1),
            "One inference request in a hundred takes longer.",
            &[target(
                "histogram_quantile(0.99, sum by (le) (rate(striatum_request_duration_seconds_bucket{}[$w])))",
                "p99",
            )],
        )
        .marks(0.5, 2.0),
        panel(
            Number,
            ("errors", "Errors", "percentunit", 1),
            "Share of requests over HTTP that end with 5xx.",
            &[target(
                r#"(sum(rate(striatum_http_requests_total{status=~"5.."}[$w])) or vector(0)) / sum(rate(striatum_http_requests_total{}[$w]))"#,
                "errors",
            )],
        )
        .marks(0.001, 0.01),
        panel(
            Lines,
            ("requests", "Requests by outcome", "reqps", 2),
            "Inference requests a second by outcome.",
            &[target("sum by (outcome) (rate(striatum_requests_total{}[$w]))", "{{outcome}}")],
        ),
        panel(
            Lines,
            ("latency", "Latency", "s", 2),
            "Time of an inference request, from its body to its answer.",
            &[
                target(
                    "histogram_quantile(0.5, sum by (le) (rate(striatum_request_duration_seconds_bucket{}[$w])))",
                    "p50",
                ),
                target(
                    "histogram_quantile(0.95, sum by (le) (rate(striatum_request_duration_seconds_bucket{}[$w])))",
                    "p95",
                ),
                target(
                    "histogram_quantile(0.99, sum by (le) (rate(striatum_request_duration_seconds_bucket{}[$w])))",
                    "p99",
                ),
            ],
        ),
        panel(
            Lines,
            ("spikes", "Spikes", "ops", 2),
            "Spikes a second by model.",
            &[target("sum by (model) (rate(striatum_spikes_total{}[$w]))", "{{model}}")],
        ),
        panel(
            Lines,
            ("load", "Load", "percentunit", 2),
            "What is used of the processors, of memory and of the room for requests.",
            &[
                target("rate(process_cpu_seconds_total{}[$w]) / striatum_cpu_limit{}", "processors"),
                target(
                    "process_resident_memory_bytes{} / striatum_memory_limit_bytes{}",
                    "memory",
                ),
                target(
                    "striatum_requests_in_flight{} / striatum_requests_in_flight_limit{}",
                    "requests",
                ),
            ],
        )
        .marks(0.8, 0.9),
        panel(
            Number,
            ("alerts", "Alerts", "short", 1),
            "Alerts that fire.",
            &[target(r#"sum(striatum_alerts{state="firing"}) or vector(0)"#, "firing")],
        )
        .marks(1.0, 5.0),
        panel(
            Number,
            ("models", "Models", "short", 1),
            "Models that can be served.",
            &[target("striatum_models{}", "models")],
        ),
        panel(
            Number,
            ("sessions", "Sessions", "short", 1),
            "Sessions that are open.",
            &[target("striatum_sessions{}", "sessions")],
        ),
        panel(
            Number,
            ("tenants", "Tenants", "short", 1),
            "Tenants that asked for something in the last hour.",
            &[target("striatum_active_tenants{}", "tenants")],
        ),
    ],
};
