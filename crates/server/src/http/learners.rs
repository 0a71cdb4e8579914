//! Learners over HTTP: make, teach while they serve, ask, take back.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};

use super::Shared;
use super::extract::Json;
use super::operation::{Operation, json};
use crate::error::RequestError;
use crate::learners::{Change, Live};
use crate::open::Held;
use crate::request::{Server, now, now_ms};
use crate::security::{Access, Caller, Role};
use crate::wire::learner::{
    LearnerAnswer, LearnerList, LearnerPatch, LearnerSpec, PredictAnswer, PredictRequest,
    TaughtAnswer, TeachRequest,
};

const TAG: &str = "learners";

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        of(("POST", "/v1/learners"), "learner_create", writer, post(create))
            .says(TAG, "Makes a learner: by columns, e-prop, competition or liquids.")
            .takes(json::<LearnerSpec>())
            .gives(json::<LearnerAnswer>())
            .status(201),
        of(("GET", "/v1/learners"), "learner_list", reader, get(list))
            .says(TAG, "Learners, in the order of their names.")
            .gives(json::<LearnerList>()),
        of(("GET", "/v1/learners/{id}"), "learner_get", reader, get(one))
            .says(TAG, "A learner, and how it stands.")
            .gives(json::<LearnerAnswer>()),
        of(("PATCH", "/v1/learners/{id}"), "learner_change", writer, patch(change))
            .says(TAG, "Turns learning on or off.")
            .takes(json::<LearnerPatch>())
            .gives(json::<LearnerAnswer>()),
        of(("DELETE", "/v1/learners/{id}"), "learner_delete", writer, delete(remove))
            .says(TAG, "Deletes a learner, with what was saved of it, for good.")
            .status(204),
        of(("POST", "/v1/learners/{id}/learn"), "learner_learn", writer, post(learn))
            .says(TAG, "Learns samples in their order, all or none; answered when it is durable.")
            .takes(json::<TeachRequest>())
            .gives(json::<TaughtAnswer>()),
        of(("POST", "/v1/learners/{id}/predict"), "learner_predict", reader, post(predict))
            .says(TAG, "What inputs are; nothing is learned.")
            .takes(json::<PredictRequest>())
            .gives(json::<PredictAnswer>()),
        of(("POST", "/v1/learners/{id}/undo"), "learner_undo", writer, post(undo))
            .says(TAG, "Takes the last request to learn back.")
            .gives(json::<LearnerAnswer>()),
        of(("POST", "/v1/learners/{id}/forget"), "learner_forget", writer, post(forget))
            .says(TAG, "Takes back all that was learned.")
            .gives(json::<LearnerAnswer>()),
        of(("POST", "/v1/learners/{id}/save"), "learner_save", writer, post(save))
            .says(TAG, "Saves what was learned, in place of what was saved before.")
            .gives(json::<LearnerAnswer>()),
        of(("POST", "/v1/learners/{id}/load"), "learner_load", writer, post(load))
            .says(TAG, "Takes a learner back to what was saved, bit by bit.")
            .gives(json::<LearnerAnswer>()),
    ]
}

/// Does something with learners, and counts it. It is finished even where the caller goes away, so
/// that what a learner is never differs from what is kept of it.
async fn counted<T, F>(
    server: &Arc<Server>,
    caller: Caller,
    operation: &'static str,
    doing: impl FnOnce(Arc<Server>, Caller) -> F,
) -> Result<T, RequestError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, RequestError>> + Send + 'static,
{
    let since = now();
    let tenant = caller.tenant.clone();
    let task = tokio::spawn(doing(Arc::clone(server), caller));
    let done = task.await.unwrap_or(Err(RequestError::Failed));
    server.learners.signals.operations.record(operation, done.as_ref().err(), since.elapsed());
    server.tenants.record(tenant.as_str(), done.is_ok(), now_ms());
    done
}

fn told(held: &Held<Live>) -> LearnerAnswer {
    LearnerAnswer::live(held)
}

pub(crate) async fn create(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<LearnerSpec>,
) -> Result<(StatusCode, Answer<LearnerAnswer>), RequestError> {
    let about = counted(&server, caller, "create", |server, caller| async move {
        server.learners.create(&caller, spec).await
    });
    Ok((StatusCode::CREATED, Answer(LearnerAnswer::of(&about.await?))))
}

pub(crate) async fn list(
    State(server): Shared,
    caller: Caller,
) -> Result<Answer<LearnerList>, RequestError> {
    let all = counted(&server, caller, "list", |server, caller| async move {
        server.learners.list(&caller).await
    });
    Ok(Answer(LearnerList { learners: all.await?.iter().map(LearnerAnswer::of).collect() }))
}

pub(crate) async fn one(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<LearnerAnswer>, RequestError> {
    let looked = counted(&server, caller, "get", |server, caller| async move {
        Ok(told(&server.learners.of(&caller, &id).await?))
    });
    looked.await.map(Answer)
}

/// Changes a learner by other means than teaching it.
async fn changed(
    server: &Arc<Server>,
    caller: Caller,
    (operation, id): (&'static str, String),
    change: Change,
) -> Result<Answer<LearnerAnswer>, RequestError> {
    let changed = counted(server, caller, operation, |server, caller| async move {
        Ok(told(&server.learners.change(&caller, &id, change).await?))
    });
    changed.await.map(Answer)
}

pub(crate) async fn change(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(to): Json<LearnerPatch>,
) -> Result<Answer<LearnerAnswer>, RequestError> {
    changed(&server, caller, ("change", id), Change::Learning(to.learning)).await
}

pub(crate) async fn remove(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, RequestError> {
    let removed = counted(&server, caller, "delete", |server, caller| async move {
        server.learners.delete(&caller, &id).await
    });
    removed.await.map(|()| StatusCode::NO_CONTENT)
}

pub(crate) async fn learn(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<TeachRequest>,
) -> Result<Answer<TaughtAnswer>, RequestError> {
    let taught = counted(&server, caller, "learn", |server, caller| async move {
        server.learners.teach(&caller, &id, &request).await
    });
    let (learned, kind, undoable) = taught.await?;
    server.learners.signals.learned(kind, &learned);
    Ok(Answer(TaughtAnswer::of(&learned, undoable)))
}

pub(crate) async fn predict(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Json(request): Json<PredictRequest>,
) -> Result<Answer<PredictAnswer>, RequestError> {
    let predicted = counted(&server, caller, "predict", |server, caller| async move {
        server.learners.predict(&caller, &id, request).await
    });
    let (predictions, kind) = predicted.await?;
    server.learners.signals.predicted(kind, &predictions);
    Ok(Answer(PredictAnswer::of(predictions)))
}

pub(crate) async fn undo(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<LearnerAnswer>, RequestError> {
    changed(&server, caller, ("undo", id), Change::Undo).await
}

pub(crate) async fn forget(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<LearnerAnswer>, RequestError> {
    changed(&server, caller, ("forget", id), Change::Forget).await
}

pub(crate) async fn save(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<LearnerAnswer>, RequestError> {
    changed(&server, caller, ("save", id), Change::Save).await
}

pub(crate) async fn load(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<LearnerAnswer>, RequestError> {
    changed(&server, caller, ("load", id), Change::Load).await
}
