//! The model repository: what is there, loading and unloading while requests run, roll-outs.

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::extract::{Json, JsonIfAny};
use super::operation::{Body, Operation, json, json_if_any};
use crate::error::RequestError;
use crate::rollout::{Phase, RolloutReport, RolloutSpec};
use crate::security::{Access, Caller, Role};

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let rollout = "/v1/models/{name}/rollout";
    vec![
        of(("POST", "/v2/repository/index"), "repository_index", Role::Reader, post(index))
            .says("models", "Every version of every model, ready or not.")
            .takes(json_if_any::<IndexRequest>())
            .gives(json::<Vec<IndexEntry>>()),
        of(
            ("POST", "/v2/repository/models/{name}/load"),
            "repository_load",
            Role::Operator,
            post(load),
        )
        .says(
            "models",
            "Reads a model's folder again: new versions are served, changed ones replaced.",
        )
        .takes(json_if_any::<LoadRequest>()),
        of(
            ("POST", "/v2/repository/models/{name}/unload"),
            "repository_unload",
            Role::Operator,
            post(unload),
        )
        .says("models", "Takes a model out of service; requests under way finish.")
        .takes(json_if_any::<LoadRequest>()),
        of(("GET", rollout), "rollout", Role::Reader, get(report))
            .says("models", "How a model's roll-out stands.")
            .gives(json::<RolloutReport>()),
        of(("PUT", rollout), "rollout_start", Role::Operator, axum::routing::put(start))
            .says("models", "Gives a version a share of the requests, or copies of them.")
            .takes(json::<RolloutSpec>())
            .gives(json::<RolloutReport>()),
        of(("DELETE", rollout), "rollout_stop", Role::Operator, axum::routing::delete(stop))
            .says("models", "Takes the candidate back.")
            .gives(json::<RolloutReport>()),
        of(
            ("POST", "/v1/models/{name}/rollout/promote"),
            "rollout_promote",
            Role::Operator,
            post(promote),
        )
        .says("models", "Makes the candidate the stable version.")
        .takes(Body::Nothing)
        .gives(json::<RolloutReport>()),
    ]
}

/// What is asked of the index.
#[derive(Default, Deserialize, JsonSchema)]
struct IndexRequest {
    /// Only versions that are ready.
    #[serde(default)]
    ready: bool,
}

/// A version in the index.
#[derive(Serialize, JsonSchema)]
struct IndexEntry {
    /// The model.
    name: String,
    /// The version.
    version: String,
    /// `READY` or `UNAVAILABLE`.
    state: &'static str,
    /// Why it is not ready.
    reason: String,
    /// SHA-256 of its network file; empty where it is not ready.
    sha256: String,
}

/// Parameters of loading and unloading; none are known yet.
#[derive(Default, Deserialize, JsonSchema)]
struct LoadRequest {
    /// Triton's parameters; a configuration or files in the request are refused.
    #[serde(default)]
    parameters: serde_json::Map<String, serde_json::Value>,
}

async fn index(
    State(server): Shared,
    caller: Caller,
    JsonIfAny(request): JsonIfAny<IndexRequest>,
) -> Answer<Vec<IndexEntry>> {
    let only_ready = request.unwrap_or_default().ready;
    let entries = server.repository.list().into_iter();
    let shown = entries.filter(|e| caller.may_use(&e.name) && !(only_ready && e.reason.is_some()));
    let entry = |listed: crate::repository::Listed| IndexEntry {
        state: if listed.reason.is_none() { "READY" } else { "UNAVAILABLE" },
        name: listed.name,
        version: listed.version.to_string(),
        reason: listed.reason.unwrap_or_default(),
        sha256: listed.sha256,
    };
    Answer(shown.map(entry).collect())
}

async fn load(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    JsonIfAny(request): JsonIfAny<LoadRequest>,
) -> Result<(), RequestError> {
    caller.uses(&name)?;
    refuse_files(request.unwrap_or_default().parameters.keys())?;
    // Reading and compiling may take a while; other requests go on.
    tokio::task::spawn_blocking(move || server.repository.load(&name))
        .await
        .map_err(|_| RequestError::Failed)?
}

/// A model is what lies in its folder: what a request carries is not loaded in its place.
pub(crate) fn refuse_files<'a>(
    mut names: impl Iterator<Item = &'a String>,
) -> Result<(), RequestError> {
    match names.find(|key| *key == "config" || key.starts_with("file:")) {
        None => Ok(()),
        Some(key) => {
            let cut: String = key.chars().take(64).collect();
            Err(RequestError::bad(format!(
                "parameter {cut}: models are loaded from the repository"
            )))
        }
    }
}

async fn unload(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    JsonIfAny(_): JsonIfAny<LoadRequest>,
) -> Result<(), RequestError> {
    caller.uses(&name)?;
    server.repository.unload(&name)
}

async fn report(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer<RolloutReport>, RequestError> {
    caller.uses(&name)?;
    Ok(Answer(server.repository.rollout(&name)?.report(&name)))
}

async fn start(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(spec): Json<RolloutSpec>,
) -> Result<Answer<RolloutReport>, RequestError> {
    caller.uses(&name)?;
    let report = server.repository.roll_out(&name, spec)?;
    server.keep_rollout(&name).await;
    Ok(Answer(report))
}

async fn stop(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer<RolloutReport>, RequestError> {
    caller.uses(&name)?;
    let phase = Phase::RolledBack { reason: format!("by {}", caller.subject) };
    let report = server.repository.end_rollout(&name, phase)?;
    server.keep_rollout(&name).await;
    Ok(Answer(report))
}

async fn promote(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer<RolloutReport>, RequestError> {
    caller.uses(&name)?;
    let report = server.repository.end_rollout(&name, Phase::Promoted)?;
    server.keep_rollout(&name).await;
    Ok(Answer(report))
}
