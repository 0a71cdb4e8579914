//! Operation: degradation, security, resilience, stores, backups, experiments.

use super::{SECONDS, counter, gauge, histogram};
use crate::label::{DIRECTION, EVENT, KIND, OPERATION, ORIGIN, OUTCOME, REASON, ROLE, TARGET};
use crate::metric::Metric;

pub(crate) const METRICS: &[Metric] = &[
    gauge(
        "striatum_degradation_level",
        &[],
        "How much the server leaves out: 0 nothing, 1 learning, 2 shadow copies too, 3 new sessions too.",
    ),
    counter(
        "striatum_authentication_failures_total",
        &[REASON],
        "Requests whose credential was not accepted: none, key, token.",
    ),
    counter(
        "striatum_denied_total",
        &[ROLE],
        "Requests that were denied because the caller's role, which is said, may not do this.",
    ),
    counter(
        "striatum_rate_limited_total",
        &[],
        "Requests that were refused because their caller asks too often.",
    ),
    counter("striatum_audit_entries_total", &[], "Entries written to the audit log."),
    gauge(
        "striatum_audit_whole",
        &[],
        "1 where the chain of the audit log held when it was last verified, 0 where it did not.",
    ),
    gauge("striatum_dead_letters_waiting", &[ORIGIN], "Dead letters that wait."),
    counter(
        "striatum_dead_letters_total",
        &[ORIGIN, EVENT],
        "What became of dead letters: put, replayed, removed, expired.",
    ),
    gauge(
        "striatum_breaker_state",
        &[TARGET],
        "The circuit breaker of a remote service: 0 closed, 1 half open, 2 open.",
    ),
    counter(
        "striatum_calls_total",
        &[TARGET, OUTCOME],
        "Calls of remote services: ok, retried, failed, refused by the breaker.",
    ),
    gauge("striatum_store_up", &[KIND], "1 where the store answered when it was last asked."),
    counter(
        "striatum_store_operations_total",
        &[OPERATION, OUTCOME],
        "Operations on the store: ok, conflict, unavailable, failed.",
    ),
    histogram(
        "striatum_store_operation_duration_seconds",
        SECONDS,
        &[OPERATION],
        "Time of an operation on the store; of a commit, until it is durable.",
    ),
    counter(
        "striatum_store_value_bytes_total",
        &[DIRECTION],
        "Bytes of values read from the store and written to it.",
    ),
    counter(
        "striatum_backups_total",
        &[OUTCOME],
        "Backups that the server made by itself, by outcome: ok, failed.",
    ),
    gauge(
        "striatum_backup_last_success_time_seconds",
        &[],
        "When the last backup was made, in seconds since 1970; 0 where none is.",
    ),
    gauge(
        "striatum_backup_interval_seconds",
        &[],
        "Time from one backup to the next as configured; 0 where none is made.",
    ),
    gauge("striatum_experiments_running", &[], "Experiments that run."),
    counter(
        "striatum_experiments_total",
        &[OUTCOME],
        "Experiments that ended: done, failed, cancelled.",
    ),
];
