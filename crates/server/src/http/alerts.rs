//! Alerts for those who are on call: what fires, who takes care of it, what is silenced.

use std::time::{Duration, UNIX_EPOCH};

use alert::{Fingerprint, Matcher, Silence, State as AlertState};
use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use observe::telemetry::rfc3339;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Shared;
use super::extract::{Json, JsonIfAny};
use super::operation::{Operation, json as shape, json_if_any};
use crate::error::RequestError;
use crate::request::now_ms;
use crate::security::{Access, Caller, Role};

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, access, handler| Operation::new(route, id, access, handler);
    let operator = Access::AtLeast(Role::Operator);
    vec![
        of(("GET", "/v1/alerts"), "alerts", Access::Watching, get(list))
            .says("alerts", "Alerts that are pending or firing, the worst first.")
            .gives(shape::<Alerts>()),
        of(
            ("POST", "/v1/alerts/{id}/acknowledge"),
            "alert_acknowledge",
            operator,
            post(acknowledge),
        )
        .says("alerts", "Takes care of an alert: nobody is told of it again until it is resolved.")
        .takes(json_if_any::<Comment>())
        .status(204),
        of(("GET", "/v1/silences"), "silences", Access::Watching, get(silences))
            .says("alerts", "The silences.")
            .gives(shape::<Value>()),
        of(("POST", "/v1/silences"), "silence_create", operator, post(silence))
            .says("alerts", "Silences alerts whose labels match, for a time.")
            .takes(shape::<SilenceRequest>())
            .gives(shape::<Silenced>())
            .status(201),
        of(("DELETE", "/v1/silences/{id}"), "silence_end", operator, delete(end))
            .says("alerts", "Ends a silence.")
            .status(204),
    ]
}

/// Alerts.
#[derive(Serialize, JsonSchema)]
struct Alerts {
    alerts: Vec<AlertInfo>,
}

/// An alert.
#[derive(Serialize, JsonSchema)]
struct AlertInfo {
    /// What tells it from others.
    fingerprint: String,
    /// Its name.
    name: String,
    /// `pending` or `firing`.
    state: &'static str,
    /// How bad it is.
    severity: String,
    /// What is wrong, in a line.
    summary: String,
    /// What it means.
    description: String,
    /// Where it is said what to do.
    runbook: String,
    /// Its labels.
    labels: std::collections::BTreeMap<String, String>,
    /// Since when (RFC 3339).
    since: String,
    /// The value of its expression; none where it is no number.
    value: Option<f64>,
    /// Who takes care of it.
    acknowledged: Option<Acknowledged>,
    /// Whether a silence holds for it.
    silenced: bool,
    /// Whether another alert explains it.
    inhibited: bool,
}

/// Who takes care of an alert.
#[derive(Serialize, JsonSchema)]
struct Acknowledged {
    /// Who.
    by: String,
    /// What they say.
    comment: String,
}

/// What is said with an acknowledgement.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Comment {
    /// A comment.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    comment: String,
}

/// Which alerts are silenced, and until when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SilenceRequest {
    /// What labels must be; all of them.
    #[schemars(length(min = 1, max = 32))]
    matchers: Vec<MatcherRequest>,
    /// Until when (RFC 3339).
    ends: String,
    /// Why.
    #[schemars(length(min = 1, max = 1000))]
    comment: String,
}

/// What a label must be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MatcherRequest {
    /// The label.
    name: String,
    /// `=`, `!=`, `=~` or `!~`.
    op: String,
    /// The value, or the pattern.
    value: String,
}

/// A silence that was made.
#[derive(Serialize, JsonSchema)]
struct Silenced {
    /// Its number.
    id: String,
}

fn at(ms: i64) -> String {
    rfc3339(UNIX_EPOCH + Duration::from_millis(ms.max(0) as u64))
}

async fn list(State(server): Shared) -> Answer<Alerts> {
    let alarm = server.alarm.lock();
    let told = alarm.dispatcher.alerts(now_ms() as i64);
    let mut alerts: Vec<AlertInfo> = alarm
        .evaluator
        .alerts()
        .filter(|active| active.state != AlertState::Inactive)
        .map(|active| {
            let fingerprint = active.labels.fingerprint();
            let status = told.iter().find(|status| status.fingerprint == fingerprint);
            let text = |name: &str| active.annotations.get(name).to_owned();
            let acknowledged = status.and_then(|s| s.acknowledgement.clone());
            AlertInfo {
                fingerprint: format!("{:016x}", fingerprint.0),
                name: active.labels.get(alert::ALERT_NAME).to_owned(),
                state: active.state.name(),
                severity: active.labels.get("severity").to_owned(),
                summary: text("summary"),
                description: text("description"),
                runbook: text("runbook_url"),
                labels: active.labels.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
                since: at(active.active_at_ms),
                value: active.value.is_finite().then_some(active.value),
                acknowledged: acknowledged.map(|a| Acknowledged { by: a.by, comment: a.comment }),
                silenced: status.is_some_and(|s| s.silenced_by.is_some()),
                inhibited: status.is_some_and(|s| s.is_inhibited),
            }
        })
        .collect();
    let rank = |a: &AlertInfo| match (a.state, a.severity.as_str()) {
        ("firing", "critical") => 0,
        ("firing", _) => 1,
        _ => 2,
    };
    alerts.sort_by_key(rank);
    Answer(Alerts { alerts })
}

async fn acknowledge(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    JsonIfAny(comment): JsonIfAny<Comment>,
) -> Result<StatusCode, RequestError> {
    let missing = || RequestError::NotFound("no such alert fires".into());
    let fingerprint = u64::from_str_radix(&id, 16).map(Fingerprint).map_err(|_| missing())?;
    let comment = comment.unwrap_or_default().comment;
    let mut alarm = server.alarm.lock();
    let taken =
        alarm.dispatcher.acknowledge(fingerprint, &caller.subject, &comment, now_ms() as i64);
    taken.map_err(|error| match error {
        alert::AlertError::UnknownAlert(_) => missing(),
        other => RequestError::bad(other.to_string()),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn silences(State(server): Shared) -> Answer<Value> {
    let alarm = server.alarm.lock();
    let now = now_ms() as i64;
    let one = |(id, silence): (u64, &Silence)| {
        let matchers: Vec<Value> = silence.matchers.iter().map(matcher).collect();
        json!({
            "id": id.to_string(), "matchers": matchers, "starts": at(silence.starts_at_ms),
            "ends": at(silence.ends_at_ms), "by": silence.created_by,
            "comment": silence.comment, "active": silence.is_active(now),
        })
    };
    Answer(json!({ "silences": alarm.dispatcher.silences().map(one).collect::<Vec<_>>() }))
}

/// A matcher by its parts.
fn matcher(matcher: &Matcher) -> Value {
    let text = matcher.to_string();
    let name = text.split(['=', '!']).next().unwrap_or_default();
    let rest = &text[name.len()..];
    let op = ["=~", "!~", "!=", "="].into_iter().find(|op| rest.starts_with(op)).unwrap_or("=");
    let value: String = serde_json::from_str(&rest[op.len()..]).unwrap_or_default();
    json!({ "name": name, "op": op, "value": value })
}

async fn silence(
    State(server): Shared,
    caller: Caller,
    Json(asked): Json<SilenceRequest>,
) -> Result<Response, RequestError> {
    let now = now_ms() as i64;
    let ends = history::http::parse_time(&asked.ends)
        .map_err(|e| RequestError::bad(format!("ends: {e}")))?;
    let mut matchers = Vec::new();
    for MatcherRequest { name, op, value } in &asked.matchers {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let matcher = format!("{name}{op}\"{quoted}\"").parse::<Matcher>();
        matchers.push(matcher.map_err(|e| RequestError::bad(format!("matchers: {e}")))?);
    }
    let silence = Silence {
        matchers,
        starts_at_ms: now,
        ends_at_ms: ends,
        created_by: caller.subject,
        comment: asked.comment,
    };
    let made = server.alarm.lock().dispatcher.silence(silence, now);
    let id = made.map_err(|e| RequestError::bad(e.to_string()))?.to_string();
    Ok((StatusCode::CREATED, Answer(Silenced { id })).into_response())
}

async fn end(State(server): Shared, Path(id): Path<String>) -> Result<StatusCode, RequestError> {
    let missing = || RequestError::NotFound("no such silence".into());
    let id: u64 = id.parse().map_err(|_| missing())?;
    server.alarm.lock().dispatcher.expire(id, now_ms() as i64).map_err(|_| missing())?;
    Ok(StatusCode::NO_CONTENT)
}
