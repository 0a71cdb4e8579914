//! Requests, queues, sessions, tenants.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Bars, Lines};

pub(crate) const PAGE: Page = Page {
    id: "serving",
    title: "Serving",
    help: "Who asks, what is answered, and where do requests wait?",
    panels: &[
        panel(
            Lines,
            ("http", "HTTP by route", "reqps", 2),
            "Requests over HTTP a second by route.",
            &[target("sum by (route) (rate(striatum_http_requests_total{}[$w]))", "{{route}}")],
        ),
        panel(
            Lines,
            ("status", "HTTP by status", "reqps", 2),
            "Requests over HTTP a second by status.",
            &[target("sum by (status) (rate(striatum_http_requests_total{}[$w]))", "{{status}}")],
        ),
        panel(
            Lines,
            ("http-latency", "HTTP latency p95", "s", 2),
            "Time to the head of an answer, by route.",
            &[target(
                "histogram_quantile(0.95, sum by (le, route) (rate(striatum_http_request_duration_seconds_bucket{}[$w])))",
                "{{route}}",
            )],
        ),
        panel(
            Lines,
            ("rpc", "gRPC", "reqps", 2),
            "Calls over gRPC a second by method and code.",
            &[target(
                "sum by (rpc, code) (rate(striatum_rpc_requests_total{}[$w]))",
                "{{rpc}} {{code}}",
            )],
        ),
        panel(
            Lines,
            ("rpc-latency", "gRPC latency p95", "s", 2),
            "Time of a call over gRPC by method.",
            &[target(
                "histogram_quantile(0.95, sum by (le, rpc) (rate(striatum_rpc_duration_seconds_bucket{}[$w])))",
                "{{rpc}}",
            )],
        ),
        panel(
            Lines,
            ("where", "Where time goes", "s", 2),
            "Mean time of a request in the queue and on a worker.",
            &[
                target(
                    "sum(rate(striatum_queue_duration_seconds_sum{}[$w])) / sum(rate(striatum_queue_duration_seconds_count{}[$w]))",
                    "queue",
                ),
                target(
                    "sum(rate(striatum_inference_duration_seconds_sum{}[$w])) / sum(rate(striatum_inference_duration_seconds_count{}[$w]))",
                    "encode, step, decode",
                ),
            ],
        ),
        panel(
            Lines,
            ("models", "Latency p95 by model", "s", 2),
            "Time of an inference request by model.",
            &[target(
                "histogram_quantile(0.95, sum by (le, model) (rate(striatum_request_duration_seconds_bucket{}[$w])))",
                "{{model}}",
            )],
        ),
        panel(
            Lines,
            ("queue", "Queue", "short", 1),
            "Requests that wait for a worker, and requests let in.",
            &[
                target("striatum_queue_depth{}", "waiting"),
                target("striatum_requests_in_flight{}", "let in"),
            ],
        ),
        panel(
            Lines,
            ("batch", "Batch", "short", 1),
            "Sequences that a worker takes together, on the mean.",
            &[target(
                "sum(rate(striatum_batch_sequences_sum{}[$w])) / sum(rate(striatum_batch_sequences_count{}[$w]))",
                "sequences",
            )],
        ),
        panel(
            Lines,
            ("sessions", "Sessions", "short", 1),
            "Sessions that are open, that begin and that end.",
            &[
                target("striatum_sessions{}", "open"),
                target("rate(striatum_sessions_opened_total{}[$w])", "begun/s"),
                target("sum(rate(striatum_sessions_closed_total{}[$w]))", "ended/s"),
            ],
        ),
        panel(
            Lines,
            ("session-bytes", "Memory of sessions", "bytes", 1),
            "Memory of the states of all sessions, and what they may take.",
            &[
                target("striatum_session_size_bytes{}", "used"),
                target("striatum_session_limit_bytes{}", "limit"),
            ],
        ),
        panel(
            Lines,
            ("connections", "Connections", "short", 1),
            "Connections that are open, taken a second, refused a second.",
            &[
                target("striatum_connections{}", "open"),
                target("rate(striatum_connections_accepted_total{}[$w])", "taken/s"),
                target("rate(striatum_connections_refused_total{}[$w])", "refused/s"),
            ],
        ),
        panel(
            Bars,
            ("tenants", "Tenants", "reqps", 1),
            "Inference requests a second by tenant.",
            &[target(
                "topk(10, sum by (tenant) (rate(striatum_tenant_requests_total{}[$w])))",
                "{{tenant}}",
            )],
        ),
        panel(
            Lines,
            ("sizes", "Sizes p95", "bytes", 2),
            "Size of bodies of requests and answers.",
            &[
                target(
                    "histogram_quantile(0.95, sum by (le) (rate(striatum_http_request_size_bytes_bucket{}[$w])))",
                    "request",
                ),
                target(
                    "histogram_quantile(0.95, sum by (le) (rate(striatum_http_response_size_bytes_bucket{}[$w])))",
                    "answer",
                ),
            ],
        ),
        panel(
            Lines,
            ("degradation", "Degradation", "short", 2),
            "How much the server leaves out: 0 nothing to 3 new sessions.",
            &[target("striatum_degradation_level{}", "level")],
        )
        .marks(1.0, 3.0),
    ],
};
