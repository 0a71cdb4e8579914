//! What can be seen: panels, logs, traces, levels of the log, what networks do right now.

use std::convert::Infallible;
use std::str::FromStr;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use catalogue::{PAGES, PanelKind, expr::with_window};
use observe::telemetry::{FieldValue, LogRecord, SpanRecord, rfc3339};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt};

use super::Shared;
use super::extract::{Json, Params};
use super::operation::{Body, Operation, Query, json as shape};
use crate::error::RequestError;
use crate::security::{Access, Caller, Role};
use crate::weights::{Projections, weights};

/// The most log records and traces of one answer.
const MAX_SHOWN: usize = 1000;

const LOGS: &[Query] = &[
    Query {
        name: "level",
        help: "The least level: error, warn, info, debug, trace.",
        kind: "string",
        required: false,
    },
    Query {
        name: "text",
        help: "A text that is part of the record, or its trace.",
        kind: "string",
        required: false,
    },
    Query {
        name: "limit",
        help: "How many, 200 where it is not said.",
        kind: "integer",
        required: false,
    },
];

const TRACES: &[Query] = &[Query {
    name: "limit",
    help: "How many, 100 where it is not said.",
    kind: "integer",
    required: false,
}];

const LIVE: &[Query] =
    &[Query { name: "model", help: "The model.", kind: "string", required: true }];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    vec![
        Operation::new(("GET", "/v1/panels"), "panels", Access::Watching, get(panels))
            .says("watching", "The pages and panels, with their queries.")
            .gives(shape::<Value>()),
        of(("GET", "/v1/logs"), "logs", Role::Operator, get(logs))
            .says("watching", "The last log records, the newest first.")
            .query(LOGS)
            .gives(shape::<Value>()),
        of(("GET", "/v1/log-levels"), "log_levels", Role::Operator, get(levels))
            .says("watching", "Which log records are written.")
            .gives(shape::<Levels>()),
        of(
            ("PUT", "/v1/log-levels"),
            "log_levels_set",
            Role::Admin,
            axum::routing::put(set_levels),
        )
        .says("watching", "Changes which log records are written, until the next start.")
        .takes(shape::<Levels>())
        .gives(shape::<Levels>()),
        of(("GET", "/v1/traces"), "traces", Role::Operator, get(traces))
            .says("watching", "The last traces, the newest first.")
            .query(TRACES)
            .gives(shape::<Value>()),
        of(("GET", "/v1/traces/{id}"), "trace", Role::Operator, get(trace))
            .says("watching", "The spans of a trace.")
            .gives(shape::<Value>()),
        of(("GET", "/v1/live"), "live", Role::Operator, get(live))
            .says("watching", "Spikes of some of a model's requests, as they happen.")
            .query(LIVE)
            .gives(Body::Media("text/event-stream")),
        of(("GET", "/v1/models/{name}/weights"), "weights", Role::Reader, get(show_weights))
            .says("models", "How the weights of a model are distributed.")
            .gives(shape::<Projections>()),
        of(("POST", "/v1/models/{name}/feedback"), "feedback", Role::Writer, post(feedback))
            .says("models", "Tells whether a decision was right, so that accuracy can be watched.")
            .takes(shape::<Feedback>())
            .status(204),
    ]
}

async fn panels(State(server): Shared) -> Answer<Value> {
    let pages: Vec<Value> = PAGES
        .iter()
        .map(|page| {
            let panels: Vec<Value> = page.panels.iter().map(panel).collect();
            json!({ "id": page.id, "title": page.title, "description": page.help, "panels": panels })
        })
        .collect();
    Answer(json!({ "pages": pages, "interval_seconds": server.config.history.gather_seconds }))
}

fn panel(panel: &catalogue::Panel) -> Value {
    let kind = match panel.kind {
        PanelKind::Lines => "timeseries",
        PanelKind::Number => "stat",
        PanelKind::Bars => "bars",
        PanelKind::Table => "table",
    };
    let targets: Vec<Value> = panel
        .targets
        .iter()
        .map(|t| json!({ "expr": with_window(t.expr, "1m"), "legend": t.legend }))
        .collect();
    let thresholds: Vec<Value> = panel
        .thresholds
        .into_iter()
        .flat_map(|(w, e)| {
            [json!({ "value": w, "color": "orange" }), json!({ "value": e, "color": "red" })]
        })
        .collect();
    json!({
        "id": panel.id, "title": panel.title, "description": panel.help, "unit": panel.unit,
        "kind": kind, "span": panel.span, "targets": targets, "thresholds": thresholds,
    })
}

#[derive(Deserialize)]
struct Asked {
    level: Option<String>,
    text: Option<String>,
    limit: Option<usize>,
}

async fn logs(
    State(server): Shared,
    Params(asked): Params<Asked>,
) -> Result<Answer<Value>, RequestError> {
    let level = asked.level.as_deref().unwrap_or("info");
    let level = tracing::Level::from_str(level)
        .map_err(|_| RequestError::bad("level: expected one of error, warn, info, debug, trace"))?;
    let limit = asked.limit.unwrap_or(200).min(MAX_SHOWN);
    let found = server.telemetry.logs(level, asked.text.as_deref().unwrap_or_default(), limit);
    Ok(Answer(json!({ "logs": found.iter().map(log).collect::<Vec<_>>() })))
}

fn log(record: &LogRecord) -> Value {
    json!({
        "time": rfc3339(record.time),
        "level": record.level.as_str(),
        "target": record.target,
        "message": record.message,
        "fields": fields(&record.fields),
        "trace_id": record.context.map(|context| context.trace()),
    })
}

fn fields(fields: &[(&'static str, FieldValue)]) -> Map<String, Value> {
    let value = |value: &FieldValue| serde_json::to_value(value).unwrap_or_default();
    fields.iter().map(|(name, v)| ((*name).to_owned(), value(v))).collect()
}

/// Which log records are written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Levels {
    /// Such as `info` or `info,server=debug`.
    #[schemars(length(min = 1, max = 1024))]
    levels: String,
}

async fn levels(State(server): Shared) -> Answer<Levels> {
    Answer(Levels { levels: server.telemetry.levels().unwrap_or_else(|| "off".into()) })
}

async fn set_levels(
    State(server): Shared,
    Json(asked): Json<Levels>,
) -> Result<Answer<Levels>, RequestError> {
    let set = server.telemetry.set_levels(&asked.levels);
    set.map_err(|e| RequestError::bad(e.to_string()))?;
    Ok(Answer(asked))
}

async fn traces(State(server): Shared, Params(asked): Params<Asked>) -> Answer<Value> {
    let limit = asked.limit.unwrap_or(100).min(MAX_SHOWN);
    let one = |span: &SpanRecord| {
        json!({
            "trace_id": span.context.trace(),
            "name": title(span),
            "start": rfc3339(span.start),
            "duration_ms": milliseconds(span),
            "status": if span.error { "error" } else { "ok" },
            "spans": server.telemetry.trace(span.context.trace_id).len(),
        })
    };
    let found = server.telemetry.traces(limit);
    Answer(json!({ "traces": found.iter().map(one).collect::<Vec<_>>() }))
}

/// What a trace is of: its route or its method.
fn title(span: &SpanRecord) -> String {
    let text = |name: &str| {
        span.fields.iter().find_map(|(field, value)| match value {
            FieldValue::Text(text) if *field == name => Some(text.as_str()),
            _ => None,
        })
    };
    match (text("http.request.method"), text("http.route"), text("rpc.method")) {
        (Some(method), Some(route), _) => format!("{method} {route}"),
        (_, _, Some(method)) => method.to_owned(),
        _ => span.name.to_owned(),
    }
}

fn milliseconds(span: &SpanRecord) -> f64 {
    span.end.duration_since(span.start).unwrap_or_default().as_secs_f64() * 1e3
}

async fn trace(
    State(server): Shared,
    Path(id): Path<String>,
) -> Result<Answer<Value>, RequestError> {
    let missing = || RequestError::NotFound("no such trace; the last ones are kept".into());
    let trace_id = u128::from_str_radix(&id, 16).map_err(|_| missing())?;
    let spans = server.telemetry.trace(trace_id);
    let start = spans.iter().map(|span| span.start).min().ok_or_else(missing)?;
    let one = |span: &SpanRecord| {
        let since = span.start.duration_since(start).unwrap_or_default();
        json!({
            "span_id": format!("{:016x}", span.context.span_id),
            "parent_id": span.parent.map(|id| format!("{id:016x}")),
            "name": span.name,
            "start_ms": since.as_secs_f64() * 1e3,
            "duration_ms": milliseconds(span),
            "status": if span.error { "error" } else { "ok" },
            "attributes": fields(&span.fields),
        })
    };
    Ok(Answer(json!({ "spans": spans.iter().map(one).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
struct OfModel {
    model: String,
}

async fn live(
    State(server): Shared,
    caller: Caller,
    Params(of): Params<OfModel>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, RequestError> {
    caller.uses(&of.model)?;
    let frames = server.repository.find(&of.model, None)?.live.watch();
    let event = |frame: Result<crate::live::Frame, _>| Event::default().json_data(frame.ok()?).ok();
    let stream = BroadcastStream::new(frames).filter_map(event).map(Ok);
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

async fn show_weights(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer<Projections>, RequestError> {
    caller.uses(&name)?;
    let served = server.repository.find(&name, None)?;
    let folder = server.repository.folder_of(&name).join(served.model.version.to_string());
    let read = tokio::task::spawn_blocking(move || weights(&folder.join("model.nir"))).await;
    let read = read.map_err(|_| RequestError::Failed)?;
    Ok(Answer(read.map_err(|e| RequestError::Conflict(format!("model {name}: {e}")))?))
}

/// Whether a decision was right.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Feedback {
    /// Whether it was.
    right: bool,
}

async fn feedback(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(told): Json<Feedback>,
) -> Result<StatusCode, RequestError> {
    caller.uses(&name)?;
    server.repository.find(&name, None)?;
    let outcome = if told.right { "right" } else { "wrong" };
    server.metrics.counter("striatum_feedback_total", &[&name, outcome]).inc();
    Ok(StatusCode::NO_CONTENT)
}
