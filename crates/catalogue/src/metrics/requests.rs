//! Requests: inference, HTTP, gRPC, connections, sessions.

use super::{BYTES, SECONDS, counter, gauge, histogram};
use crate::label::{CODE, METHOD, MODEL, OUTCOME, REASON, ROUTE, RPC, STATUS, TENANT};
use crate::metric::Metric;

/// Sequences of the requests that a worker takes together.
const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

pub(crate) const METRICS: &[Metric] = &[
    counter(
        "striatum_requests_total",
        &[MODEL, OUTCOME],
        "Inference requests by outcome: ok, bad_request, not_found, refused, not_ready, busy, timed_out, failed.",
    ),
    histogram(
        "striatum_request_duration_seconds",
        SECONDS,
        &[MODEL],
        "Time from a request's body to its answer.",
    ),
    histogram(
        "striatum_queue_duration_seconds",
        SECONDS,
        &[MODEL],
        "Time that a request waited for a worker.",
    ),
    histogram(
        "striatum_inference_duration_seconds",
        SECONDS,
        &[MODEL],
        "Time to encode, step and decode a request.",
    ),
    counter(
        "striatum_tenant_requests_total",
        &[TENANT, OUTCOME],
        "Inference requests of each tenant by outcome: ok or not.",
    ),
    counter(
        "striatum_tenant_calls_total",
        &[TENANT],
        "Calls of each tenant that were let in and counted, over HTTP, gRPC and MCP.",
    ),
    counter(
        "striatum_tenant_refused_total",
        &[TENANT, REASON],
        "What each tenant was refused: suspended, calls_per_day, calls_per_minute, max_memories, max_bytes.",
    ),
    gauge(
        "striatum_tenant_day_ratio",
        &[TENANT],
        "Share of the calls of the day that is used; 0 where they are not limited.",
    ),
    counter("striatum_decisions_total", &[MODEL], "Sequences that were classified."),
    gauge("striatum_active_tenants", &[], "Tenants that asked for something in the last hour."),
    gauge(
        "striatum_requests_in_flight",
        &[],
        "Inference requests that have been let in and not yet answered.",
    ),
    gauge("striatum_requests_in_flight_limit", &[], "Inference requests that are let in at once."),
    gauge("striatum_queue_depth", &[], "Requests that wait for a worker."),
    histogram(
        "striatum_batch_sequences",
        BATCH,
        &[MODEL],
        "Sequences that a worker took together.",
    ),
    counter(
        "striatum_http_requests_total",
        &[METHOD, ROUTE, STATUS],
        "Requests over HTTP by route and status.",
    ),
    histogram(
        "striatum_http_request_duration_seconds",
        SECONDS,
        &[ROUTE],
        "Time from a request's head to its answer's head.",
    ),
    histogram(
        "striatum_http_request_size_bytes",
        BYTES,
        &[ROUTE],
        "Size of bodies of requests as their heads say it.",
    ),
    histogram(
        "striatum_http_response_size_bytes",
        BYTES,
        &[ROUTE],
        "Size of bodies of answers, where it is known beforehand.",
    ),
    counter("striatum_rpc_requests_total", &[RPC, CODE], "Calls over gRPC by method and code."),
    histogram(
        "striatum_rpc_duration_seconds",
        SECONDS,
        &[RPC],
        "Time that a call over gRPC took; of a stream, to its first answer.",
    ),
    gauge("striatum_connections", &[], "Connections that are open."),
    counter("striatum_connections_accepted_total", &[], "Connections that were taken."),
    counter(
        "striatum_connections_refused_total",
        &[],
        "Connections that were closed at once because as many as may be were open.",
    ),
    gauge("striatum_sessions", &[], "Sessions that are open."),
    gauge("striatum_sessions_limit", &[], "Sessions that may be open at once."),
    gauge("striatum_session_size_bytes", &[], "Memory of the states of all sessions."),
    gauge("striatum_session_limit_bytes", &[], "Memory that the states of all sessions may take."),
    counter("striatum_sessions_opened_total", &[], "Sessions that were begun."),
    counter(
        "striatum_sessions_closed_total",
        &[REASON],
        "Sessions that ended, by reason: asked, idle, replaced, parked.",
    ),
];
