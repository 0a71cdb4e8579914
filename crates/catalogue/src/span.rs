//! Spans of traces.

/// A span: a step of a request's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its name: that of the function.
    pub name: &'static str,
    /// What it covers.
    pub help: &'static str,
    /// Its attributes.
    pub attributes: &'static [&'static str],
}

/// Every span.
pub const SPANS: &[Span] = &[
    Span {
        name: "request",
        help: "A request over HTTP or a call over gRPC, from its head to its answer.",
        attributes: &[
            "http.request.method",
            "http.route",
            "http.response.status_code",
            "rpc.method",
            "rpc.grpc.status_code",
            "striatum.tenant",
        ],
    },
    Span {
        name: "infer",
        help: "An inference request, from its body to its answer.",
        attributes: &["striatum.model", "striatum.version", "striatum.outcome"],
    },
    Span {
        name: "step",
        help: "Encode, step and decode on a worker; the wait for it lies before.",
        attributes: &[
            "striatum.sequences",
            "striatum.steps",
            "striatum.spikes",
            "striatum.queued_ms",
        ],
    },
    Span {
        name: "commit",
        help: "A write to the store, until it is durable.",
        attributes: &["db.system.name", "db.operation.name"],
    },
];
