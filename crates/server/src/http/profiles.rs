//! Where time goes and who holds memory, in the format of pprof or as a flame graph.

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use resources::profile::{self, Profile, cpu};
use serde::Deserialize;

use super::extract::Params;
use super::operation::{Body, Operation, Query};
use crate::error::RequestError;
use crate::security::{Access, Role};

/// For how long processor time is watched where it is not said.
const SECONDS: f64 = 5.0;

const CPU: &[Query] = &[
    Query {
        name: "seconds",
        help: "For how long, 5 where it is not said, 60 at most.",
        kind: "number",
        required: false,
    },
    Query {
        name: "hertz",
        help: "How often a second, 99 where it is not said, 1000 at most.",
        kind: "integer",
        required: false,
    },
    Query {
        name: "format",
        help: "`pprof` or `svg`, a flame graph.",
        kind: "string",
        required: false,
    },
];

const HEAP: &[Query] = &[Query {
    name: "format",
    help: "`pprof` or `svg`, a flame graph.",
    kind: "string",
    required: false,
}];

pub(crate) fn operations() -> Vec<Operation> {
    let admin = Access::AtLeast(Role::Admin);
    vec![
        Operation::new(("GET", "/debug/pprof/profile"), "profile_cpu", admin, get(time))
            .says("profiles", "Where processor time goes.")
            .query(CPU)
            .gives(Body::Media("application/octet-stream"))
            .or("image/svg+xml"),
        Operation::new(("GET", "/debug/pprof/heap"), "profile_heap", admin, get(heap))
            .says("profiles", "Who holds memory, where the binary was built with jemalloc.")
            .query(HEAP)
            .gives(Body::Media("application/octet-stream"))
            .or("image/svg+xml"),
    ]
}

#[derive(Deserialize)]
struct Asked {
    seconds: Option<f64>,
    hertz: Option<u32>,
    format: Option<String>,
}

async fn time(Params(asked): Params<Asked>) -> Result<Response, RequestError> {
    let config = cpu::Config {
        seconds: asked.seconds.unwrap_or(SECONDS),
        hertz: asked.hertz.unwrap_or(cpu::Config::default().hertz),
    };
    let format = format_of(asked.format.as_deref())?;
    let recording = cpu::Recording::start(&config).map_err(told)?;
    tokio::time::sleep(config.duration()).await;
    blocking(move || recording.finish().map(|profile| shown(&profile, format, "processor time")))
        .await
}

async fn heap(Params(asked): Params<Asked>) -> Result<Response, RequestError> {
    let format = format_of(asked.format.as_deref())?;
    blocking(move || profile::heap::profile().map(|profile| shown(&profile, format, "memory")))
        .await
}

async fn blocking(
    work: impl FnOnce() -> Result<Response, resources::Error> + Send + 'static,
) -> Result<Response, RequestError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| RequestError::Failed)?.map_err(told)
}

fn told(error: resources::Error) -> RequestError {
    match error {
        resources::Error::Setting { .. } => RequestError::bad(error.to_string()),
        other => RequestError::Conflict(other.to_string()),
    }
}

#[derive(Clone, Copy)]
enum Format {
    Pprof,
    Svg,
}

fn format_of(text: Option<&str>) -> Result<Format, RequestError> {
    match text {
        None | Some("pprof") => Ok(Format::Pprof),
        Some("svg") => Ok(Format::Svg),
        Some(_) => Err(RequestError::bad("format: expected pprof or svg")),
    }
}

fn shown(profile: &Profile, format: Format, title: &str) -> Response {
    let typed =
        |kind: &'static str| -> [(HeaderName, &'static str); 1] { [(header::CONTENT_TYPE, kind)] };
    match format {
        Format::Pprof => (typed("application/octet-stream"), profile.to_pprof()).into_response(),
        Format::Svg => (typed("image/svg+xml"), profile.to_flame_graph(title)).into_response(),
    }
}
