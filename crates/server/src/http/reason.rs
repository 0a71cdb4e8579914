//! Reasoning: `POST /v1/reason`, and what predicates are declared to mean. What is known is copied under
//! the memory's lock, and reasoned over after that where analyses are.

use axum::Json as Answer;
use axum::extract::State;
use axum::routing::{get, post};
use knowledge::reason::Premises;
use knowledge::{Command, Laws};
use memory::{By, Memory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::extract::{Json, Params};
use super::knowledge::change;
use super::memories::{aside, with};
use super::operation::{Operation, Query, json};
use super::parameters::{number, text};
use crate::error::RequestError;
use crate::memories::now_us;
use crate::security::{Access, Caller, Role};
use crate::wire::knowledge::{AtParams, ChangedAnswer, refused};
use crate::wire::reason::{Asked, ReasonAnswer, ReasonRequest};

const AT: &[Query] = &[
    number("branch", "The branch; the main one where there is none."),
    text("known_at", "As it was known then, RFC 3339."),
];

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
        of(("GET", "/v1/predicates"), "predicate_list", Role::Reader, get(predicates))
            .says("knowledge", "What is declared of predicates.")
            .query(AT)
            .gives(json::<PredicateList>()),
        of(("POST", "/v1/predicates"), "predicate_declare", Role::Writer, post(declare))
            .says("knowledge", "Declares what follows of a predicate.")
            .takes(json::<PredicateSpec>())
            .gives(json::<ChangedAnswer>()),
    ]
}

/// What follows of a predicate; what is absent does not.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PredicateSpec {
    name: String,
    /// What one leads to leads on: `part_of`.
    #[serde(default)]
    transitive: bool,
    /// It goes both ways: `married_to`.
    #[serde(default)]
    symmetric: bool,
    /// The predicate that says the same from the other end: `parent_of` of `child_of`.
    inverse_of: Option<String>,
    /// The branch; the main one where there is none.
    branch: Option<u64>,
}

/// What is declared of predicates.
#[derive(Serialize, JsonSchema)]
struct PredicateList {
    results: Vec<PredicateAnswer>,
}

/// What is declared of a predicate.
#[derive(Serialize, JsonSchema)]
struct PredicateAnswer {
    id: u64,
    name: String,
    /// A subject has one value at a time.
    functional: bool,
    transitive: bool,
    symmetric: bool,
    inverse_of: Option<String>,
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

async fn predicates(
    State(server): Shared,
    caller: Caller,
    Params(at): Params<AtParams>,
) -> Result<Answer<PredicateList>, RequestError> {
    let at = at.read()?;
    let told = |known: knowledge::Known<'_, knowledge::PredicateId, knowledge::Predicate>| {
        PredicateAnswer {
            id: known.id.0,
            name: known.item.name.clone(),
            functional: known.item.functional,
            transitive: known.item.laws.transitive,
            symmetric: known.item.laws.symmetric,
            inverse_of: known.item.laws.inverse_of.clone(),
        }
    };
    with(&server, &caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let results = knowledge.at(at)?.predicates().map(told).collect();
            Ok(Answer(PredicateList { results }))
        })?)
    })
    .await
}

async fn declare(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<PredicateSpec>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let PredicateSpec { name, transitive, symmetric, inverse_of, branch } = spec;
    let laws = Laws { transitive, symmetric, inverse_of };
    let command = |_: &Memory, _: &By| Ok(Command::SetLaws { name, laws });
    let outcome = change(&server, &caller, branch, command).await?;
    Ok(Answer(ChangedAnswer::of(&outcome)))
}
