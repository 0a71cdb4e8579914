//! HTTP: routes to the path of a request, health, metrics, and the metadata of Open Inference
//! Protocol v2.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use spike::Emission;

use crate::error::RequestError;
use crate::model::{Decoding, Encoding, Model};
use crate::request::Server;

type Shared = State<Arc<Server>>;
type NameVersion = (String, Option<String>);

pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/v2", get(about))
        .route("/v2/", get(about))
        .route("/v2/health/live", get(|| async { Json(json!({ "live": true, "ready": true })) }))
        .route("/v2/health/ready", get(ready))
        .route("/v2/models", get(models))
        .route("/v2/models/{name}", get(metadata))
        .route("/v2/models/{name}/ready", get(model_ready))
        .route("/v2/models/{name}/infer", post(infer))
        .route("/v2/models/{name}/versions/{version}", get(versioned_metadata))
        .route("/v2/models/{name}/versions/{version}/ready", get(versioned_ready))
        .route("/v2/models/{name}/versions/{version}/infer", post(versioned_infer))
        .route("/v2/repository/index", post(index))
        .method_not_allowed_fallback(|| async { RequestError::Method })
        .fallback(|| async {
            let message = "no such route; GET /v2/models lists the models".to_owned();
            RequestError::NotFound(message)
        })
        .with_state(server)
}

async fn health(State(server): Shared) -> Json<Value> {
    let models: Vec<Value> = listed(&server);
    let all_ready = models.iter().all(|m| m["ready"] == true);
    Json(json!({
        "status": if all_ready { "ok" } else { "degraded" },
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": server.started.elapsed().as_secs_f64(),
        "models": models,
    }))
}

fn listed(server: &Server) -> Vec<Value> {
    let one = |(name, version, reason): (&str, u32, Option<&str>)| {
        let mut one =
            json!({ "name": name, "version": version.to_string(), "ready": reason.is_none() });
        if let Some(reason) = reason {
            one["reason"] = json!(reason);
        }
        one
    };
    server.repository.list().map(one).collect()
}

/// Ready while not stopping and at least one model can be served.
async fn ready(State(server): Shared) -> Response {
    let any = server.repository.list().any(|(_, _, reason)| reason.is_none());
    let ready = any && !server.stopping.load(Ordering::Relaxed);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "live": true, "ready": ready }))).into_response()
}

async fn metrics(State(server): Shared, headers: HeaderMap) -> Response {
    let resident = resident_bytes().unwrap_or(0.0);
    server.metrics.gauge("process_resident_memory_bytes", &[]).set(resident);
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = observe::Format::accepted(accept.unwrap_or_default());
    ([(header::CONTENT_TYPE, format.content_type())], server.metrics.text(format)).into_response()
}

/// Resident size of this process, where the system tells it.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024.0)
}

async fn about() -> Json<Value> {
    Json(json!({
        "name": "striatum",
        "version": env!("CARGO_PKG_VERSION"),
        "extensions": ["binary_tensor_data"],
    }))
}

async fn models(State(server): Shared) -> Json<Value> {
    Json(json!({ "models": listed(&server) }))
}

/// Triton's model repository extension: every version of every model.
async fn index(State(server): Shared) -> Json<Value> {
    let one = |(name, version, reason): (&str, u32, Option<&str>)| {
        json!({
            "name": name,
            "version": version.to_string(),
            "state": if reason.is_none() { "READY" } else { "UNAVAILABLE" },
            "reason": reason.unwrap_or_default(),
        })
    };
    Json(server.repository.list().map(one).collect())
}

async fn metadata(State(server): Shared, Path(name): Path<String>) -> Response {
    describe(&server, &(name, None))
}

async fn versioned_metadata(
    State(server): Shared,
    Path((name, version)): Path<(String, String)>,
) -> Response {
    describe(&server, &(name, Some(version)))
}

fn describe(server: &Server, (name, version): &NameVersion) -> Response {
    match server.repository.find(name, version.as_deref()) {
        Ok(served) => {
            Json(described(&served.model, server.repository.versions(name))).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// The model's metadata; -1 is an axis of any length.
fn described(model: &Model, versions: Vec<String>) -> Value {
    let signed = |shape: &[usize]| shape.iter().map(|&d| d as i64).collect::<Vec<_>>();
    let encodes = model.input.encoding != Encoding::None;
    let inputs: Vec<Value> = model
        .network
        .inputs()
        .iter()
        .map(|port| {
            let lead: &[i64] = if encodes { &[-1] } else { &[-1, -1] };
            let shape = [lead, &signed(&port.shape)[..]].concat();
            json!({
                "name": port.name,
                "datatype": "FP32",
                "shape": shape,
                "parameters": { "encoding": model.input.encoding, "steps": model.input.steps },
            })
        })
        .collect();
    let mut outputs: Vec<Value> = Vec::new();
    for port in model.network.outputs() {
        let kind = match port.emission {
            Emission::Values => "last values",
            _ => "sums over the steps",
        };
        let size = port.size as i64;
        outputs.push(json!({
            "name": port.name, "datatype": "FP32", "shape": [-1, size],
            "parameters": { "holds": kind },
        }));
        let name = format!("{}.spikes", port.name);
        outputs.push(json!({ "name": name, "datatype": "FP32", "shape": [-1, -1, size] }));
    }
    if model.output.decoding == Decoding::Counts {
        outputs.push(json!({ "name": "class", "datatype": "INT64", "shape": [-1] }));
        if !model.output.labels.is_empty() {
            outputs.push(json!({ "name": "label", "datatype": "BYTES", "shape": [-1] }));
        }
    }
    json!({
        "name": model.name,
        "versions": versions,
        "platform": "snn_nir",
        "inputs": inputs,
        "outputs": outputs,
        "parameters": {
            "version": model.version.to_string(),
            "profile": model.profile,
            "notes": model.notes,
        },
    })
}

async fn model_ready(State(server): Shared, Path(name): Path<String>) -> Response {
    readiness(&server, &(name, None))
}

async fn versioned_ready(
    State(server): Shared,
    Path((name, version)): Path<(String, String)>,
) -> Response {
    readiness(&server, &(name, Some(version)))
}

fn readiness(server: &Server, (name, version): &NameVersion) -> Response {
    match server.repository.find(name, version.as_deref()) {
        Ok(_) => Json(json!({ "name": name, "ready": true })).into_response(),
        Err(error @ RequestError::NotReady { .. }) => {
            let body = json!({ "name": name, "ready": false, "error": error.to_string() });
            (error.status(), Json(body)).into_response()
        }
        Err(error) => error.into_response(),
    }
}

async fn infer(
    State(server): Shared,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(&server, &(name, None), &headers, body).await
}

async fn versioned_infer(
    State(server): Shared,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(&server, &(name, Some(version)), &headers, body).await
}

async fn answer(
    server: &Server,
    (name, version): &NameVersion,
    headers: &HeaderMap,
    body: Body,
) -> Response {
    let answered = match (json_bytes(headers), whole(server, body).await) {
        (Ok(json), Ok(bytes)) => server.infer(name, version.as_deref(), &bytes, json).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    match answered {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => error.into_response(),
    }
}

/// How long the JSON of a body is, where bytes follow it.
fn json_bytes(headers: &HeaderMap) -> Result<Option<usize>, RequestError> {
    const NAME: &str = "inference-header-content-length";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    let wrong = || RequestError::Bad(vec![format!("header {NAME}: expected a number of bytes")]);
    length.map(Some).ok_or_else(wrong)
}

/// The body, within its limits of size and time.
async fn whole(server: &Server, body: Body) -> Result<axum::body::Bytes, RequestError> {
    let limit = server.config.max_body_bytes;
    let seconds = server.config.request_timeout_seconds;
    let read = axum::body::to_bytes(body, limit);
    match tokio::time::timeout(Duration::from_secs_f64(seconds), read).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            if source.is_some_and(|s| s.contains("limit")) {
                return Err(RequestError::TooLarge { limit });
            }
            Err(RequestError::Bad(vec![format!("body: {error}")]))
        }
        Err(_) => Err(RequestError::TimedOut { seconds }),
    }
}
