//! Dead letters over HTTP: look, replay, remove.

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::extract::{Json, Params};
use super::operation::{Operation, Query, json};
use crate::dead_letters::{self, DeadLetter, ReplayRequest, Replayed};
use crate::error::RequestError;
use crate::security::{Access, Caller, Role};

const AFTER: &[Query] =
    &[Query { name: "after", help: "The last id seen.", kind: "string", required: false }];

pub(crate) fn operations() -> Vec<Operation> {
    let of =
        |route, id, handler| Operation::new(route, id, Access::AtLeast(Role::Operator), handler);
    vec![
        of(("GET", "/v1/dead-letters"), "dead_letter_list", get(list))
            .says("dead letters", "Work that could not be done, the oldest first.")
            .query(AFTER)
            .gives(json::<LetterList>()),
        of(("POST", "/v1/dead-letters/replay"), "dead_letter_replay", post(replay))
            .says("dead letters", "Does the work of letters again, no faster than asked.")
            .takes(json::<ReplayRequest>())
            .gives(json::<Replayed>()),
        of(("DELETE", "/v1/dead-letters/{id}"), "dead_letter_remove", delete(remove))
            .says("dead letters", "Removes a letter.")
            .status(204),
    ]
}

/// Letters.
#[derive(Serialize, JsonSchema)]
struct LetterList {
    /// The oldest first.
    letters: Vec<DeadLetter>,
    /// What `after` is for the next page.
    next: Option<String>,
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

async fn list(
    State(server): Shared,
    caller: Caller,
    Params(after): Params<After>,
) -> Result<Answer<LetterList>, RequestError> {
    let after = after.after.filter(|after| !after.is_empty());
    let (letters, next) = dead_letters::list(&server, &caller.tenant, after).await?;
    Ok(Answer(LetterList { letters, next }))
}

async fn replay(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<ReplayRequest>,
) -> Result<Answer<Replayed>, RequestError> {
    Ok(Answer(dead_letters::replay(&server, &caller.tenant, request).await?))
}

async fn remove(
    State(server): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, RequestError> {
    if dead_letters::remove(&server, &caller.tenant, &id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(RequestError::NotFound("no such letter".into()))
}
