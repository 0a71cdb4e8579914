//! Experiments over HTTP: start, watch, compare, export.

use std::convert::Infallible;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_stream::{Stream, StreamExt};

use super::Shared;
use super::extract::{Json, Params};
use super::operation::{Body, Operation, Query, json};
use crate::error::RequestError;
use crate::experiments::{self, Experiment, ExperimentSpec, Run};
use crate::request::Server;
use crate::security::{Access, Caller, Role};

/// Experiments that are compared at once.
const MAX_COMPARED: usize = 20;

const AFTER: &[Query] =
    &[Query { name: "after", help: "The last id seen.", kind: "string", required: false }];

const IDS: &[Query] = &[Query {
    name: "ids",
    help: "The experiments, with commas between them.",
    kind: "string",
    required: true,
}];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    vec![
        of(("GET", "/v1/experiments"), "experiment_list", Role::Reader, get(list))
            .alias("/api/experiments")
            .says("experiments", "The experiments of the caller's tenant.")
            .query(AFTER)
            .gives(json::<ExperimentList>()),
        of(("POST", "/v1/experiments"), "experiment_start", Role::Writer, post(start))
            .alias("/api/experiments")
            .says("experiments", "Runs versions of a model over a data set.")
            .takes(json::<ExperimentSpec>())
            .gives(json::<Experiment>())
            .status(201),
        of(("GET", "/v1/experiments/compare"), "experiment_compare", Role::Reader, get(compare))
            .alias("/api/experiments/compare")
            .says("experiments", "The runs of several experiments side by side, the best first.")
            .query(IDS)
            .gives(json::<Comparison>()),
        of(("GET", "/v1/experiments/{id}"), "experiment_get", Role::Reader, get(look))
            .alias("/api/experiments/{id}")
            .says("experiments", "How an experiment stands, and what it gave.")
            .gives(json::<Experiment>()),
        of(("DELETE", "/v1/experiments/{id}"), "experiment_remove", Role::Writer, delete(remove))
            .alias("/api/experiments/{id}")
            .says("experiments", "Ends and forgets an experiment.")
            .status(204),
        of(("GET", "/v1/experiments/{id}/events"), "experiment_events", Role::Reader, get(events))
            .alias("/api/experiments/{id}/events")
            .says("experiments", "Progress as server-sent events, until the experiment has ended.")
            .gives(Body::Media("text/event-stream")),
        of(("GET", "/v1/experiments/{id}/export"), "experiment_export", Role::Reader, get(export))
            .alias("/api/experiments/{id}/export")
            .says("experiments", "The runs of an experiment as CSV.")
            .gives(Body::Media("text/csv")),
    ]
}

/// Experiments.
#[derive(Serialize, JsonSchema)]
struct ExperimentList {
    /// By id.
    experiments: Vec<Experiment>,
    /// What `after` is for the next page.
    next: Option<String>,
}

/// Runs side by side.
#[derive(Serialize, JsonSchema)]
struct Comparison {
    /// The most accurate first.
    runs: Vec<Compared>,
}

/// A run with the experiment that it belongs to.
#[derive(Serialize, JsonSchema)]
struct Compared {
    /// The experiment.
    experiment: String,
    /// What people call it.
    name: String,
    /// The model.
    model: String,
    /// What it gave.
    #[serde(flatten)]
    run: Run,
    /// Its accuracy less that of the best.
    behind: f64,
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

#[derive(Deserialize)]
struct Ids {
    ids: String,
}

async fn list(
    State(server): Shared,
    caller: Caller,
    Params(after): Params<After>,
) -> Result<Answer<ExperimentList>, RequestError> {
    let after = after.after.filter(|after| !after.is_empty());
    let (experiments, next) = experiments::list(&server, &caller.tenant, after).await?;
    Ok(Answer(ExperimentList { experiments, next }))
}

async fn start(
    State(server): Shared,
    caller: Caller,
    headers: HeaderMap,
    Json(spec): Json<ExperimentSpec>,
) -> Result<Response, RequestError> {
    caller.uses(&spec.model)?;
    let asked = experiments::Asked { trace_id: trace_id(&headers), ..Default::default() };
    let started = experiments::start(&server, &caller.tenant, spec, asked).await?;
    Ok((StatusCode::CREATED, Answer(started)).into_response())
}

/// The trace that a request belongs to (W3C Trace Context, `traceparent`).
fn trace_id(headers: &HeaderMap) -> Option<String> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    let id = parent.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.to_owned())
}

async fn look(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Experiment>, RequestError> {
    Ok(Answer(experiments::find(&server, &caller.tenant, &id).await?))
}

async fn remove(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, RequestError> {
    if experiments::remove(&server, &caller.tenant, &id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(RequestError::NotFound("no such experiment".into()))
}

async fn compare(
    State(server): Shared,
    caller: Caller,
    Params(Ids { ids }): Params<Ids>,
) -> Result<Answer<Comparison>, RequestError> {
    let ids: Vec<&str> = ids.split(',').map(str::trim).collect();
    if ids.len() > MAX_COMPARED {
        return Err(RequestError::bad(format!("ids: expected at most {MAX_COMPARED}")));
    }
    let mut runs = Vec::new();
    for id in ids {
        let Experiment { id, spec, runs: own, .. } =
            experiments::find(&server, &caller.tenant, id).await?;
        runs.extend(own.into_iter().map(|run| Compared {
            experiment: id.clone(),
            name: spec.name.clone(),
            model: spec.model.clone(),
            run,
            behind: 0.0,
        }));
    }
    runs.sort_by(|a, b| b.run.accuracy.total_cmp(&a.run.accuracy));
    let best = runs.first().map_or(0.0, |best| best.run.accuracy);
    runs.iter_mut().for_each(|compared| compared.behind = best - compared.run.accuracy);
    Ok(Answer(Comparison { runs }))
}

async fn events(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, RequestError> {
    let now = experiments::find(&server, &caller.tenant, &id).await?;
    let watched = server.experiments.watch(&caller.tenant, &id);
    let stream = async_events(server, caller, id, now, watched);
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// First how it stands, then every change, and at last how it ended.
fn async_events(
    server: std::sync::Arc<Server>,
    caller: Caller,
    id: String,
    now: Experiment,
    mut watched: Option<tokio::sync::watch::Receiver<Experiment>>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let (tell, told) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        let mut last = now;
        while let Some(watched) = &mut watched {
            let running = last.status == experiments::Status::Running;
            if !running || tell.send(last.clone()).await.is_err() {
                break;
            }
            last = match watched.changed().await {
                Ok(()) => watched.borrow_and_update().clone(),
                // The sender has gone: what is kept is the end.
                Err(_) => match experiments::find(&server, &caller.tenant, &id).await {
                    Ok(end) => end,
                    Err(_) => return,
                },
            };
        }
        let _ = tell.send(last).await;
    });
    tokio_stream::wrappers::ReceiverStream::new(told).map(|experiment| {
        let name = match experiment.status {
            experiments::Status::Running => "progress",
            experiments::Status::Done => "done",
            experiments::Status::Failed => "failed",
        };
        let data = serde_json::to_string(&experiment).unwrap_or_default();
        Ok(Event::default().event(name).data(data))
    })
}

async fn export(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, RequestError> {
    let Experiment { spec, runs, .. } = experiments::find(&server, &caller.tenant, &id).await?;
    let mut csv = String::from(
        "name,model,version,sha256,seed,sequences,correct,accuracy,spikes,synaptic_operations,seconds\n",
    );
    for run in runs {
        let Run { version, sha256, seed, sequences, correct, accuracy, .. } = &run;
        let Run { spikes, synaptic_operations, seconds, .. } = &run;
        csv.push_str(&format!(
            "{},{},{version},{sha256},{seed},{sequences},{correct},{accuracy},{spikes},{synaptic_operations},{seconds}\n",
            cell(&spec.name),
            spec.model,
        ));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"experiment.csv\""),
    ];
    Ok((headers, csv).into_response())
}

/// A text as one cell: quoted, and never a formula where a table program opens it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}
