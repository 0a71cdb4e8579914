//! The server itself: health, readiness, metrics, the OpenAPI document and its page.

use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use schemars::JsonSchema;
use serde::Serialize;

use super::Shared;
use super::operation::{Body, Operation, json};
use crate::health::Report;
use crate::metadata::EXTENSIONS;
use crate::repository::UNLOADED;
use crate::request::Server;
use crate::security::{Access, Role};

/// The page that shows the OpenAPI document; it needs nothing from elsewhere.
const PAGE: &str = include_str!("docs.html");

pub(crate) fn operations() -> Vec<Operation> {
    let anyone = |path, id, handler| Operation::new(("GET", path), id, Access::Anyone, handler);
    let reader = Access::AtLeast(Role::Reader);
    vec![
        anyone("/health", "health", get(health))
            .says("health", "How the server and its models are.")
            .gives(json::<Health>()),
        anyone("/health/live", "health_live", get(live))
            .says("health", "Whether the process runs.")
            .gives(json::<Alive>()),
        anyone("/health/startup", "health_startup", get(live))
            .says("health", "Whether the server has started.")
            .gives(json::<Alive>()),
        anyone("/ready", "health_ready", get(ready))
            .alias("/health/ready")
            .says("health", "Whether requests may be sent here.")
            .gives(json::<Alive>()),
        anyone("/v2/health/live", "server_live", get(live))
            .says("inference", "Whether the server is live.")
            .gives(json::<Alive>()),
        anyone("/v2/health/ready", "server_ready", get(ready))
            .says("inference", "Whether the server is ready.")
            .gives(json::<Alive>()),
        Operation::new(("GET", "/metrics"), "metrics", Access::Watching, get(metrics))
            .says("health", "Every metric, as text for Prometheus.")
            .gives(Body::Media("text/plain"))
            .or("application/openmetrics-text"),
        Operation::new(("GET", "/v2"), "server_metadata", reader, get(about))
            .alias("/v2/")
            .says("inference", "The server's name, version and extensions.")
            .gives(json::<About>()),
        anyone("/openapi.json", "openapi", get(document))
            .says("documentation", "This document.")
            .gives(json::<serde_json::Value>()),
        anyone("/docs", "docs", get(page))
            .says("documentation", "This document as a page.")
            .gives(Body::Media("text/html")),
    ]
}

/// How the server is.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// How it is, and every check.
    #[serde(flatten)]
    report: Report,
    /// The version that runs.
    version: &'static str,
    /// Time since the start (seconds).
    uptime_seconds: f64,
    /// How much the server does.
    level: &'static str,
    /// Its models; to those who must say who they are, none.
    models: Vec<ModelState>,
}

/// A version of a model in a list.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ModelState {
    /// The model.
    pub(crate) name: String,
    /// The version.
    pub(crate) version: String,
    /// Whether it can be served.
    pub(crate) ready: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Whether the server is live and ready.
#[derive(Serialize, JsonSchema)]
struct Alive {
    /// It runs.
    live: bool,
    /// Requests may be sent.
    ready: bool,
}

/// What the server is.
#[derive(Serialize, JsonSchema)]
struct About {
    /// Its name.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// Extensions of the protocol that it has.
    extensions: [&'static str; 6],
}

pub(crate) fn listed(server: &Server) -> Vec<ModelState> {
    let one = |listed: crate::repository::Listed| ModelState {
        name: listed.name,
        version: listed.version.to_string(),
        ready: listed.reason.is_none(),
        reason: listed.reason,
    };
    server.repository.list().into_iter().map(one).collect()
}

async fn health(State(server): Shared) -> Json<Health> {
    let mut report = server.health().await;
    let mut models = listed(&server);
    // Details name files, tenants and addresses; they are not for everyone.
    if server.security.is_required() {
        models.clear();
        report.conceal();
    }
    Json(Health {
        report,
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: server.started.elapsed().as_secs_f64(),
        level: server.degradation.level().name(),
        models,
    })
}

async fn live() -> Json<Alive> {
    Json(Alive { live: true, ready: true })
}

async fn ready(State(server): Shared) -> Response {
    let ready = is_ready(&server);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Alive { live: true, ready })).into_response()
}

/// Ready while not stopping, unless not one model could be loaded.
pub(crate) fn is_ready(server: &Server) -> bool {
    let models = server.repository.list();
    let broken = |l: &crate::repository::Listed| {
        l.reason.as_deref().is_some_and(|reason| reason != UNLOADED)
    };
    let any = models.iter().any(|listed| listed.reason.is_none());
    (any || !models.iter().any(broken)) && !server.stopping.load(Ordering::Relaxed)
}

async fn metrics(State(server): Shared, headers: HeaderMap) -> Response {
    server.show();
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = observe::Format::accepted(accept.unwrap_or_default());
    ([(header::CONTENT_TYPE, format.content_type())], server.metrics.exposed(format))
        .into_response()
}

async fn about() -> Json<About> {
    let version = env!("CARGO_PKG_VERSION");
    Json(About { name: "striatum", version, extensions: EXTENSIONS })
}

async fn document() -> Json<serde_json::Value> {
    Json(super::openapi::document())
}

async fn page() -> Response {
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                  connect-src 'self'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
    ];
    (headers, PAGE).into_response()
}
