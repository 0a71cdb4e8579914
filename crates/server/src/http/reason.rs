//! Reasoning: `POST /v1/reason`. What is known is copied under the memory's lock, and reasoned over
//! after that where analyses are.

use axum::Json as Answer;
use axum::extract::State;
use axum::routing::post;
use knowledge::reason::Premises;
use memory::Memory;

use super::Shared;
use super::extract::Json;
use super::memories::{aside, with};
use super::operation::{Operation, json};
use crate::error::RequestError;
use crate::memories::now_us;
use crate::security::{Access, Caller, Role};
use crate::wire::knowledge::refused;
use crate::wire::reason::{Asked, ReasonAnswer, ReasonRequest};

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    vec![
        of(("POST", "/v1/reason"), "reason", Role::Reader, post(reason))
            .says(
                "knowledge",
                "What follows, what may generally hold, what would explain, or what is alike; each \
                 with its proof, and nothing is learned.",
            )
            .takes(json::<ReasonRequest>())
            .gives(json::<ReasonAnswer>()),
    ]
}

pub(crate) async fn reason(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<ReasonRequest>,
) -> Result<Answer<ReasonAnswer>, RequestError> {
    with(&server, &caller, "analyze", async |memory| {
        let asked = request.read()?;
        aside(&server, move || answered(&memory, &asked)).await.map(Answer)
    })
    .await
}

fn answered(memory: &Memory, asked: &Asked) -> Result<ReasonAnswer, RequestError> {
    let time = asked.at.valid.or(asked.at.known).unwrap_or_else(now_us);
    let (question, premises) = memory.knowledge(|knowledge| {
        let view = knowledge.at(asked.at)?;
        Ok(match asked.question(&view) {
            Ok(question) => Ok((question, Premises::of(&view, time)?)),
            Err(error) => Err(error),
        })
    })??;
    let found = question.find(&premises, asked.limit()).map_err(|error| refused(&error))?;
    drop(premises);
    let tell = |view: &knowledge::View<'_>| ReasonAnswer::of(asked.kind(), &found, view);
    Ok(memory.knowledge(|knowledge| Ok(tell(&knowledge.at(asked.at)?)))?)
}
