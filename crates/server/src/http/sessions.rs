//! Sessions over HTTP: open, step, look, snapshot, restore, close. Each answers only for the
//! caller's own tenant; another's session is not there.

use std::sync::Arc;

use axum::Json as Answer;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::extract::{Json, Params, Whole};
use super::inference::InferResponse;
use super::operation::{Body, Operation, Query, json};
use super::stream;
use crate::checkpoint;
use crate::error::RequestError;
use crate::request::Target;
use crate::security::{Access, Caller, Role};
use crate::sessions::SessionInfo;
use crate::wire::{InferRequest, SequenceId};

const BYTES: Body = Body::Media("application/octet-stream");

const OF_MODEL: &[Query] = &[
    Query { name: "model", help: "The model.", kind: "string", required: true },
    Query { name: "version", help: "Its version.", kind: "string", required: false },
];

const STREAM: &[Query] = &[
    Query { name: "model", help: "The model.", kind: "string", required: true },
    Query { name: "version", help: "Its version.", kind: "string", required: false },
    Query {
        name: "session",
        help: "The session to go on with, or to begin under this name.",
        kind: "string",
        required: false,
    },
];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let one = "/v1/sessions/{id}";
    let snapshot = "/v1/sessions/{id}/snapshot";
    vec![
        of(("GET", "/v1/sessions"), "session_list", Role::Reader, get(list))
            .says("sessions", "The sessions of the caller's tenant.")
            .gives(json::<SessionList>()),
        of(("POST", "/v1/sessions"), "session_open", Role::Writer, post(open))
            .says("sessions", "Begins a session: a network that keeps its state.")
            .takes(json::<OpenRequest>())
            .gives(json::<SessionInfo>())
            .status(201),
        of(("GET", one), "session_get", Role::Reader, get(look))
            .says("sessions", "How a session stands.")
            .gives(json::<SessionInfo>()),
        of(("DELETE", one), "session_close", Role::Writer, delete(close))
            .says("sessions", "Ends a session.")
            .status(204),
        of(("POST", "/v1/sessions/{id}/infer"), "session_infer", Role::Writer, post(step))
            .says("sessions", "Steps a session by the steps of the inputs.")
            .takes(json::<InferRequest>())
            .gives(json::<InferResponse>()),
        of(("GET", snapshot), "session_snapshot", Role::Reader, get(take))
            .says("sessions", "A session's state, from which it can be restored.")
            .gives(BYTES),
        of(("PUT", snapshot), "session_restore", Role::Writer, put(restore))
            .says("sessions", "Begins a session of that name from a snapshot.")
            .query(OF_MODEL)
            .takes(BYTES)
            .gives(json::<SessionInfo>())
            .status(201),
        of(("PUT", "/v1/sessions/{id}/learning"), "session_learning", Role::Writer, put(switch))
            .says("sessions", "Turns the learning of a session on or off, as its model allows.")
            .takes(json::<LearningRequest>())
            .gives(json::<SessionInfo>()),
        of(("POST", "/v1/sessions/{id}/reward"), "session_reward", Role::Writer, post(reward))
            .says("sessions", "Gives a reward to the synapses of a session that wait for one.")
            .takes(json::<RewardRequest>())
            .gives(json::<Rewarded>()),
        of(("POST", "/v1/sessions/{id}/forget"), "session_forget", Role::Writer, post(forget))
            .says("sessions", "Takes back all that a session learned: its weights are the model's.")
            .gives(json::<SessionInfo>()),
        of(
            ("POST", "/v1/sessions/{id}/checkpoint"),
            "session_checkpoint",
            Role::Operator,
            post(checkpoint),
        )
        .says("sessions", "Keeps what a session learned as a new version of its model.")
        .gives(json::<Checkpoint>())
        .status(201),
        of(("GET", "/v1/stream"), "stream", Role::Writer, get(stream::open))
            .says(
                "sessions",
                "A WebSocket that steps a session: inference requests in, answers out.",
            )
            .query(STREAM)
            .status(101),
    ]
}

/// The sessions of a tenant.
#[derive(Serialize, JsonSchema)]
struct SessionList {
    /// By id.
    sessions: Vec<SessionInfo>,
}

/// What a new session is to run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OpenRequest {
    /// The model.
    model: String,
    /// Its version; the stable one where it is not said.
    version: Option<String>,
    /// What the session is to be called; a random name where it is not said.
    #[schemars(length(min = 1, max = 128))]
    id: Option<String>,
    /// Whether it learns; as the model says where it is not said.
    learning: Option<bool>,
}

/// Whether a session is to learn.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearningRequest {
    /// Whether it is.
    learning: bool,
}

/// A reward.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RewardRequest {
    /// How good it was; below 0 for what was bad.
    #[schemars(range(min = -1000.0, max = 1000.0))]
    reward: f32,
}

/// What a reward changed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Rewarded {
    /// Weights that are another now.
    weight_changes: u64,
}

/// The largest reward either way.
const MAX_REWARD: f32 = 1000.0;

/// A version that was made of what a session learned.
#[derive(Serialize, JsonSchema)]
struct Checkpoint {
    /// The model.
    model: String,
    /// The new version: it answers whoever names it, and all once it is rolled out.
    version: String,
}

/// The model that a snapshot is of.
#[derive(Deserialize)]
struct OfModel {
    model: String,
    version: Option<String>,
}

/// A name for a session that no one can guess.
pub(crate) fn random_id() -> Result<String, RequestError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| RequestError::Failed)?;
    Ok(crate::model::hex(&random))
}

/// Random bytes for a name; zeros where the machine has none, which keeps names in the order of
/// time and makes two of one moment a conflict.
pub(crate) fn random_bytes() -> [u8; 10] {
    let mut random = [0; 10];
    let _ = getrandom::fill(&mut random);
    random
}

async fn list(State(server): Shared, caller: Caller) -> Answer<SessionList> {
    Answer(SessionList { sessions: server.sessions.list(&caller.tenant) })
}

async fn open(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<OpenRequest>,
) -> Result<Response, RequestError> {
    caller.uses(&request.model)?;
    server.degradation.admits()?;
    let id = request.id.map_or_else(random_id, Ok)?;
    let served = server.repository.choose(&request.model, request.version.as_deref())?.served;
    let slot =
        server.sessions.open(&caller.tenant, &id, &served, request.learning, server.now())?;
    Ok((StatusCode::CREATED, Answer(slot.info())).into_response())
}

async fn look(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<SessionInfo>, RequestError> {
    let slot = server.sessions.find(&caller.tenant, &id, &server.repository, server.now()).await?;
    Ok(Answer(slot.info()))
}

async fn close(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, RequestError> {
    if server.sessions.close(&caller.tenant, &id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(RequestError::NotFound("no such session".into()))
}

async fn step(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(mut request): Json<InferRequest>,
) -> Result<Response, RequestError> {
    let slot = server.sessions.find(&caller.tenant, &id, &server.repository, server.now()).await?;
    let model = &slot.served.model;
    let version = model.version.to_string();
    request.parameters.sequence_id = Some(SequenceId::Word(id));
    request.parameters.sequence_start = false;
    let target = Target { name: &model.name, version: Some(&version) };
    let answer = server.infer(&caller, target, || Ok(request)).await?;
    let headers = [(axum::http::header::CONTENT_TYPE, "application/json")];
    Ok((headers, answer.body().0).into_response())
}

pub(crate) async fn switch(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(to): Json<LearningRequest>,
) -> Result<Answer<SessionInfo>, RequestError> {
    let slot = server.sessions.find(&caller.tenant, &id, &server.repository, server.now()).await?;
    slot.set_learning(to.learning)?;
    Ok(Answer(slot.info()))
}

pub(crate) async fn reward(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(given): Json<RewardRequest>,
) -> Result<Answer<Rewarded>, RequestError> {
    let reward = given.reward;
    if !(-MAX_REWARD..=MAX_REWARD).contains(&reward) {
        let problem = format!("reward: expected -{MAX_REWARD} to {MAX_REWARD}, found {reward}");
        return Err(RequestError::bad(problem));
    }
    let slot = server.sessions.find(&caller.tenant, &id, &server.repository, server.now()).await?;
    let mut held = slot.hold().await;
    held.set_learning(slot.learns() && server.degradation.learns());
    let weight_changes = held.reward(reward);
    slot.served.signals.rewarded(weight_changes);
    Ok(Answer(Rewarded { weight_changes }))
}

pub(crate) async fn forget(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<SessionInfo>, RequestError> {
    let slot = server.sessions.find(&caller.tenant, &id, &server.repository, server.now()).await?;
    slot.hold().await.forget();
    Ok(Answer(slot.info()))
}

async fn take(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Bytes, RequestError> {
    let slot = server.sessions.find(&caller.tenant, &id, &server.repository, server.now()).await?;
    let held = slot.hold().await;
    Ok(held.snapshot().into())
}

async fn checkpoint(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, RequestError> {
    let slot = server.sessions.find(&caller.tenant, &id, &server.repository, server.now()).await?;
    let model = slot.served.model.name.clone();
    caller.uses(&model)?;
    let held = slot.hold().await;
    let own = Arc::clone(&server);
    let write = move || checkpoint::write(&own.repository, &slot.served, &held);
    let version = tokio::task::spawn_blocking(write).await.map_err(|_| RequestError::Failed)??;
    server.keep_rollout(&model).await;
    server.metrics.counter("striatum_checkpoints_total", &[&model]).inc();
    let made = Checkpoint { model, version: version.to_string() };
    Ok((StatusCode::CREATED, Answer(made)).into_response())
}

async fn restore(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Params(of): Params<OfModel>,
    Whole(bytes): Whole,
) -> Result<Response, RequestError> {
    caller.uses(&of.model)?;
    let served = server.repository.find(&of.model, of.version.as_deref())?;
    let slot =
        server.sessions.restore(&caller.tenant, &id, &served, (&bytes, None), server.now())?;
    Ok((StatusCode::CREATED, Answer(slot.info())).into_response())
}
