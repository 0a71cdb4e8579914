//! Prometheus' query API over the server's own history, so that whatever reads Prometheus reads
//! this: Grafana, promtool, the page.
//!
//! Source: Prometheus 3, "HTTP API"; errors are its own, because its clients read them.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long queries take")]

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use catalogue::{Kind, Metric};
use history::http::{Api, Parameters};
use history::remote::{Kind as HistoryKind, Metadata};
use history::{Stop, http};
use observe::telemetry::rfc3339;
use serde_json::{Value, json};

use super::Shared;
use super::extract::Form;
use super::operation::{Operation, Query, json as shape};
use crate::past::QUERY_LIMIT;
use crate::request::{Server, now_ms};
use crate::security::Access;

const INSTANT: &[Query] = &[
    Query { name: "query", help: "The expression.", kind: "string", required: true },
    Query {
        name: "time",
        help: "RFC 3339 or seconds since 1970; now where it is not said.",
        kind: "string",
        required: false,
    },
];

const RANGE: &[Query] = &[
    Query { name: "query", help: "The expression.", kind: "string", required: true },
    Query {
        name: "start",
        help: "RFC 3339 or seconds since 1970.",
        kind: "string",
        required: true,
    },
    Query { name: "end", help: "RFC 3339 or seconds since 1970.", kind: "string", required: true },
    Query {
        name: "step",
        help: "Seconds, or a duration such as 15s.",
        kind: "string",
        required: true,
    },
];

const SELECT: &[Query] = &[
    Query {
        name: "match[]",
        help: "A selector of series; may be repeated.",
        kind: "string",
        required: false,
    },
    Query {
        name: "start",
        help: "RFC 3339 or seconds since 1970.",
        kind: "string",
        required: false,
    },
    Query { name: "end", help: "RFC 3339 or seconds since 1970.", kind: "string", required: false },
];

/// What is asked of the history.
#[derive(Clone, Copy)]
enum What {
    Query,
    QueryRange,
    Series,
    Labels,
}

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, handler: MethodRouter<Arc<Server>>, summary, query| {
        Operation::new(route, id, Access::Watching, handler)
            .says("query", summary)
            .query(query)
            .gives(shape::<Value>())
            .errors_of_prometheus()
    };
    let instant = "The value of an expression at one time.";
    let range = "The values of an expression over a time.";
    let series = "The series that a selector finds.";
    let labels = "The names of labels.";
    let ask = |what| move |state, form| ask(what, state, form);
    vec![
        of(("GET", "/api/v1/query"), "query", get(ask(What::Query)), instant, INSTANT),
        of(("POST", "/api/v1/query"), "query_post", post(ask(What::Query)), instant, &[]).form(),
        of(("GET", "/api/v1/query_range"), "query_range", get(ask(What::QueryRange)), range, RANGE),
        of(
            ("POST", "/api/v1/query_range"),
            "query_range_post",
            post(ask(What::QueryRange)),
            range,
            &[],
        )
        .form(),
        of(("GET", "/api/v1/series"), "series", get(ask(What::Series)), series, SELECT),
        of(("POST", "/api/v1/series"), "series_post", post(ask(What::Series)), series, &[]).form(),
        of(("GET", "/api/v1/labels"), "labels", get(ask(What::Labels)), labels, SELECT),
        of(("POST", "/api/v1/labels"), "labels_post", post(ask(What::Labels)), labels, &[]).form(),
        of(
            ("GET", "/api/v1/label/{name}/values"),
            "label_values",
            get(label_values),
            "The values of a label.",
            SELECT,
        ),
        of(
            ("GET", "/api/v1/metadata"),
            "metadata",
            get(metadata),
            "Help, kind and unit of metrics.",
            &[],
        ),
        of(("GET", "/api/v1/rules"), "rules", get(rules), "The rules, and what they do.", &[]),
        of(
            ("GET", "/api/v1/alerts"),
            "alerts_active",
            get(alerts),
            "Alerts that are pending or firing.",
            &[],
        ),
        of(
            ("GET", "/api/v1/status/buildinfo"),
            "buildinfo",
            get(build),
            "What answers, as Grafana asks it.",
            &[],
        ),
    ]
}

/// The parameters of a query or a form.
fn pairs(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).into_owned().collect()
}

fn answer(response: http::Response) -> Response {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], response.body).into_response()
}

/// Asks the history on a thread that may block, within its time.
async fn asked(
    server: Arc<Server>,
    form: Vec<u8>,
    ask: impl FnOnce(&Api<'_>, &Parameters<'_>) -> http::Response + Send + 'static,
) -> Response {
    let busy = http::Response {
        status: 503,
        body: json!({ "status": "error", "errorType": "unavailable", "error": "too many queries at once" }).to_string(),
    };
    let Ok(_room) = server.past.room.acquire().await else { return answer(busy) };
    let own = Arc::clone(&server);
    let since = Instant::now();
    let done = tokio::task::spawn_blocking(move || {
        let pairs = pairs(&form);
        let parameters = Parameters(&pairs);
        let limit = parameters.duration("timeout").ok().flatten();
        let limit = limit.map_or(QUERY_LIMIT, |ms| {
            std::time::Duration::from_millis(ms.max(0) as u64).min(QUERY_LIMIT)
        });
        let stop = || (since.elapsed() > limit).then_some(Stop::Deadline);
        let now_ms = now_ms() as i64;
        let api = Api { history: &own.past.history, config: &own.past.limits, now_ms, stop: &stop };
        ask(&api, &parameters)
    });
    let response = done.await.unwrap_or(busy);
    server.past.asked(response.status, since.elapsed());
    answer(response)
}

async fn ask(what: What, State(server): Shared, Form(form): Form) -> Response {
    asked(server, form, move |api, parameters| match what {
        What::Query => api.query(parameters),
        What::QueryRange => api.query_range(parameters),
        What::Series => api.series(parameters),
        What::Labels => api.labels(parameters),
    })
    .await
}

async fn label_values(
    State(server): Shared,
    Path(name): Path<String>,
    Form(form): Form,
) -> Response {
    asked(server, form, move |api, parameters| api.label_values(&name, parameters)).await
}

async fn metadata(State(server): Shared, Form(form): Form) -> Response {
    let known: Vec<(&str, Metadata)> = Metric::all()
        .map(|metric| {
            let kind = match metric.kind {
                Kind::Counter | Kind::Sum => HistoryKind::Counter,
                Kind::Gauge => HistoryKind::Gauge,
                Kind::Histogram(_) => HistoryKind::Histogram,
                Kind::Info => HistoryKind::Unknown,
            };
            let unit = metric.unit().unwrap_or_default().into();
            (metric.name, Metadata { kind, help: metric.help.into(), unit })
        })
        .collect();
    asked(server, form, move |api, parameters| {
        api.metadata(known.iter().map(|(name, known)| (*name, known)), parameters)
    })
    .await
}

fn success(data: Value) -> Response {
    axum::Json(json!({ "status": "success", "data": data })).into_response()
}

fn at(ms: i64) -> String {
    rfc3339(std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms.max(0) as u64))
}

fn active(alert: &alert::Active) -> Value {
    json!({
        "labels": alert.labels.iter().collect::<std::collections::BTreeMap<_, _>>(),
        "annotations": alert.annotations.iter().collect::<std::collections::BTreeMap<_, _>>(),
        "state": alert.state.name(),
        "activeAt": at(alert.active_at_ms),
        "value": format!("{:e}", alert.value),
    })
}

async fn alerts(State(server): Shared) -> Response {
    let alarm = server.alarm.lock();
    let there = alarm.evaluator.alerts().filter(|a| a.state != alert::State::Inactive);
    success(json!({ "alerts": there.map(active).collect::<Vec<_>>() }))
}

async fn rules(State(server): Shared) -> Response {
    let alarm = server.alarm.lock();
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    for view in alarm.evaluator.rules() {
        let there: Vec<_> =
            view.alerts.iter().filter(|a| a.state != alert::State::Inactive).collect();
        let error = match view.health {
            alert::Health::Err(error) => Some(error.clone()),
            _ => None,
        };
        let mut rule = json!({
            "name": view.rule.name,
            "query": view.rule.expr,
            "labels": view.rule.labels.iter().map(|(n, t)| (n.clone(), t.to_string())).collect::<std::collections::BTreeMap<_, _>>(),
            "health": view.health.name(),
            "type": "recording",
        });
        if let Some(error) = error {
            rule["lastError"] = json!(error);
        }
        if let alert::RuleKind::Alert { hold, keep_firing, annotations } = &view.rule.kind {
            let state = there.iter().map(|a| a.state).max_by_key(|s| *s as u8);
            rule["type"] = json!("alerting");
            rule["state"] = json!(state.map_or("inactive", alert::State::name));
            rule["duration"] = json!(hold.ms() as f64 / 1e3);
            rule["keepFiringFor"] = json!(keep_firing.ms() as f64 / 1e3);
            rule["annotations"] =
                annotations.iter().map(|(n, t)| (n.clone(), json!(t.to_string()))).collect();
            rule["alerts"] = there.iter().map(|a| active(a)).collect();
        }
        match groups.last_mut() {
            Some((name, rules)) if name == view.group => rules.push(rule),
            _ => groups.push((view.group.to_owned(), vec![rule])),
        }
    }
    let interval = server.config.alerting.interval_seconds;
    let groups = groups.into_iter().map(|(name, rules)| {
        json!({ "name": name, "file": "catalogue", "interval": interval, "limit": 0, "rules": rules })
    });
    success(json!({ "groups": groups.collect::<Vec<_>>() }))
}

async fn build() -> Response {
    success(
        json!({ "version": "3.5.0", "application": "striatum", "revision": env!("CARGO_PKG_VERSION") }),
    )
}
