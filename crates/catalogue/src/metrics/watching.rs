//! Watching itself: health, series, history, logs, spans, alerts, exports.

use super::{SECONDS, counter, gauge, histogram, info};
use crate::label::{
    CHECK, FAMILY, KIND, LEVEL, OUTCOME, SERIES, SEVERITY, SIGNAL, STATE, TARGET, VERSION,
};
use crate::metric::Metric;

pub(crate) const METRICS: &[Metric] = &[
    info("striatum_build_info", &[VERSION], "The version that runs."),
    gauge(
        "striatum_health_score_ratio",
        &[],
        "Health as one number, 1 at best: API errors 40 %, federation 30 %, memory 15 %, disk 15 %; a part that is absent gives its weight to the others.",
    ),
    gauge(
        "striatum_health_check_status",
        &[CHECK],
        "A health check: 0 healthy, 1 degraded, 2 unhealthy, 3 critical.",
    ),
    histogram(
        "striatum_health_check_duration_seconds",
        SECONDS,
        &[CHECK],
        "Time that a health check took.",
    ),
    gauge("striatum_series", &[], "Series that are exposed."),
    counter(
        "striatum_series_dropped_total",
        &[FAMILY],
        "Times that something was counted under `_other` because its family is full.",
    ),
    gauge("striatum_history_series", &[], "Series in the history."),
    gauge("striatum_history_samples", &[], "Samples in the history."),
    gauge("striatum_history_size_bytes", &[], "Memory of the history."),
    gauge("striatum_history_limit_bytes", &[], "Memory that the history may take."),
    counter(
        "striatum_queries_total",
        &[OUTCOME],
        "Queries of the history: ok, bad_data, timeout, execution.",
    ),
    histogram("striatum_query_duration_seconds", SECONDS, &[], "Time of a query of the history."),
    histogram(
        "striatum_scrape_duration_seconds",
        SECONDS,
        &[],
        "Time to gather every metric for the history.",
    ),
    counter("striatum_log_records_total", &[LEVEL], "Log records by level."),
    counter(
        "striatum_spans_total",
        &[OUTCOME],
        "Spans that ended: kept, exported, dropped because the queue was full.",
    ),
    gauge("striatum_alerts", &[STATE, SEVERITY], "Alerts by state: pending, firing."),
    counter("striatum_rule_evaluations_total", &[OUTCOME], "Evaluations of rules: ok, failed."),
    counter(
        "striatum_notifications_total",
        &[TARGET, OUTCOME],
        "Notifications of alerts by receiver: sent, failed.",
    ),
    counter(
        "striatum_exports_total",
        &[SIGNAL, OUTCOME],
        "Batches sent to a collector or a remote store: ok, failed.",
    ),
    gauge(
        "striatum_anomaly_score_ratio",
        &[SERIES],
        "How unusual a watched series is now: 0 as ever, from a half on beyond the threshold.",
    ),
    counter("striatum_stalls_total", &[KIND], "Stalls that were found, by what stalled."),
];
