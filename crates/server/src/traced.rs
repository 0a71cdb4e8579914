//! Spans of requests: one is begun only where the request is sampled, and one that was not and ends
//! in an error is kept all the same.

#![allow(clippy::disallowed_methods, reason = "spans say when they were")]

use std::time::SystemTime;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use observe::telemetry::{Context, Field, FieldValue, SPAN_TARGET, Sampled, Telemetry, current};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

/// The trace of one request over HTTP or of one call over gRPC.
pub(crate) struct Traced {
    span: Span,
    since: SystemTime,
    /// What its caller says, and what is known of it, where it is not sampled.
    unsampled: Option<(Option<Context>, Vec<Field>)>,
}

/// Header in which the trace of an answer is told.
///
/// Source: W3C Trace Context level 2 (draft), "traceresponse".
const RESPONSE: &str = "traceresponse";

impl Traced {
    /// A request over HTTP.
    pub(crate) fn http(
        telemetry: &Telemetry,
        (method, route): (&'static str, &'static str),
        headers: &HeaderMap,
    ) -> Self {
        Self::begin(telemetry, route, headers, |parent| match parent {
            None => vec![text("http.request.method", method), text("http.route", route)].into(),
            Some(parent) => info_span!(
                target: SPAN_TARGET,
                "request",
                traceparent = parent,
                http.request.method = method,
                http.route = route,
                http.response.status_code = Empty,
                striatum.tenant = Empty,
                error = Empty,
            )
            .into(),
        })
    }

    /// A call over gRPC.
    pub(crate) fn rpc(telemetry: &Telemetry, method: &'static str, headers: &HeaderMap) -> Self {
        Self::begin(telemetry, method, headers, |parent| match parent {
            None => vec![text("rpc.method", method)].into(),
            Some(parent) => info_span!(
                target: SPAN_TARGET,
                "request",
                traceparent = parent,
                rpc.method = method,
                rpc.grpc.status_code = Empty,
                striatum.tenant = Empty,
                error = Empty,
            )
            .into(),
        })
    }

    fn begin(
        telemetry: &Telemetry,
        route: &str,
        headers: &HeaderMap,
        of: impl FnOnce(Option<&str>) -> Begun,
    ) -> Self {
        let told = headers.get("traceparent").and_then(|value| value.to_str().ok());
        let since = SystemTime::now();
        match telemetry.sample(route, told) {
            Sampled::Yes(_) => {
                let Begun { span, .. } = of(Some(told.unwrap_or_default()));
                Self { span, since, unsampled: None }
            }
            Sampled::No(parent) => {
                let Begun { fields, .. } = of(None);
                Self { span: Span::none(), since, unsampled: Some((parent, fields)) }
            }
        }
    }

    /// Runs the request inside its span, and ends the span with how it was answered.
    pub(crate) async fn run(
        self,
        telemetry: &Telemetry,
        request: impl Future<Output = Response>,
        ended: impl FnOnce(&Response) -> (&'static str, i64, bool),
    ) -> Response {
        let mut response = request.instrument(self.span.clone()).await;
        let (field, status, error) = ended(&response);
        self.span.record(field, status);
        if error {
            self.span.record("error", true);
        }
        if let Some(context) = self.span.in_scope(current)
            && let Ok(value) = HeaderValue::from_str(&context.to_string())
        {
            response.headers_mut().insert(RESPONSE, value);
        }
        if let (Some((parent, mut fields)), true) = (self.unsampled, error) {
            fields.push((field, FieldValue::Int(status)));
            telemetry.failed("request", parent, self.since, fields);
        }
        response
    }
}

/// A span, or what is known of a request that has none.
struct Begun {
    span: Span,
    fields: Vec<Field>,
}

impl From<Span> for Begun {
    fn from(span: Span) -> Self {
        Self { span, fields: Vec::new() }
    }
}

impl From<Vec<Field>> for Begun {
    fn from(fields: Vec<Field>) -> Self {
        Self { span: Span::none(), fields }
    }
}

fn text(name: &'static str, value: &str) -> Field {
    (name, FieldValue::Text(value.to_owned()))
}

/// The span of an inference request inside that of its request, where that is sampled.
pub(crate) fn infer(model: &str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    info_span!(
        target: SPAN_TARGET,
        "infer",
        striatum.model = model,
        striatum.version = Empty,
        striatum.outcome = Empty,
    )
}

/// The span of the work on a worker, inside that of the inference request.
pub(crate) fn step(parent: &Span) -> Span {
    if parent.is_none() {
        return Span::none();
    }
    info_span!(
        target: SPAN_TARGET,
        parent: parent,
        "step",
        striatum.sequences = Empty,
        striatum.steps = Empty,
        striatum.spikes = Empty,
        striatum.queued_ms = Empty,
    )
}
