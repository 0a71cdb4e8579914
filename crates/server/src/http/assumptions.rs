//! Assumptions: `POST /v1/facts/assumptions`. Nothing is written; it is asked on a thread that may
//! block, where analyses are.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::routing::post;

use super::Shared;
use super::extract::Json;
use super::memories::with;
use super::operation::{Operation, json};
use crate::error::RequestError;
use crate::security::{Access, Caller, Role};
use crate::wire::assumptions::{AssumptionsAnswer, AssumptionsRequest};

pub(crate) fn operations() -> Vec<Operation> {
    let route = ("POST", "/v1/facts/assumptions");
    let reader = Access::AtLeast(Role::Reader);
    vec![
        Operation::new(route, "fact_assumptions", reader, post(assumptions))
            .says(
                "knowledge",
                "Under which assumptions a fact holds, which are together impossible, or what \
                 would hold with others.",
            )
            .takes(json::<AssumptionsRequest>())
            .gives(json::<AssumptionsAnswer>()),
    ]
}

pub(crate) async fn assumptions(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<AssumptionsRequest>,
) -> Result<Answer<AssumptionsAnswer>, RequestError> {
    with(&server, &caller, "analyze", async |memory| {
        let (at, asked) = request.read()?;
        let room = Arc::clone(&server.memories.analyses);
        let room = room.acquire_owned().await.map_err(|_| RequestError::Failed)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until it is done, even if nobody waits for it any more.
            let _room = room;
            memory.knowledge(|knowledge| asked.answer(&knowledge.at(at)?))
        });
        Ok(Answer(done.await.map_err(|_| RequestError::Failed)??))
    })
    .await
}
