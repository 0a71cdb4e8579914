//! Assumptions: `POST /v1/facts/assumptions`. Nothing is written. What a question considers is laid out
//! under the memory's lock, and answered after that where analyses are.

use axum::Json as Answer;
use axum::extract::State;
use axum::routing::post;

use super::Shared;
use super::extract::Json;
use super::memories::{aside, with};
use super::operation::{Operation, json};
use crate::error::RequestError;
use crate::security::{Access, Caller, Role};
use crate::wire::assumptions::{AssumptionsAnswer, AssumptionsRequest};
use crate::wire::knowledge::refused;

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
        let answer = move || {
            let laid_out = memory.knowledge(|known| asked.lay_out(&known.at(at)?))?;
            let found = laid_out.find().map_err(|error| refused(&error))?;
            Ok(memory.knowledge(|known| Ok(found.tell(&known.at(at)?)))?)
        };
        Ok(Answer(aside(&server, answer).await?))
    })
    .await
}
