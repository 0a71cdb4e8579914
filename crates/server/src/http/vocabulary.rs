//! In which words knowledge is told: kinds of entities and predicates, with how many use them. Counting
//! looks at all that is known, so it is done where analyses are.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use knowledge::{Command, Declaration, KindUse, Laws, PredicateUse, View};
use memory::{By, Memory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::extract::{Json, Params};
use super::knowledge::{BRANCH, KNOWN, PlainAt, VALID, change, changed, page};
use super::memories::{aside, with};
use super::operation::{Operation, Query, json};
use super::parameters::{LIMIT, text};
use crate::error::RequestError;
use crate::security::{Access, Caller, Role};
use crate::wire::knowledge::ChangedAnswer;

const LISTED: &[Query] =
    &[text("after", "The `next` of the page before."), LIMIT, BRANCH, KNOWN, VALID];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    vec![
        of(("GET", "/v1/kinds"), "kind_list", Role::Reader, get(kinds))
            .says("knowledge", "Kinds of entities, with how many there are of each.")
            .query(LISTED)
            .gives(json::<KindList>()),
        of(("GET", "/v1/predicates"), "predicate_list", Role::Reader, get(predicates))
            .says("knowledge", "Predicates: what is declared of each, how many facts say it.")
            .query(LISTED)
            .gives(json::<PredicateList>()),
        of(("POST", "/v1/predicates"), "predicate_declare", Role::Writer, post(declare))
            .says("knowledge", "Declares of a predicate whether a subject has one value at a time, and what follows.")
            .takes(json::<PredicateSpec>())
            .gives(json::<ChangedAnswer>())
            .status(201),
    ]
}

/// Which of them, as of when.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct VocabularyParams {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 1000; 100 where there is none.
    limit: Option<usize>,
    #[serde(flatten)]
    at: PlainAt,
}

/// Kinds of entities, in the order of their names.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KindList {
    results: Vec<KindAnswer>,
    /// What `after` is for the next page.
    next: Option<String>,
}

/// A kind of entities.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KindAnswer {
    kind: String,
    /// How many there are of it.
    entities: usize,
}

/// Predicates, in the order of their names.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PredicateList {
    results: Vec<PredicateAnswer>,
    /// What `after` is for the next page.
    next: Option<String>,
}

/// A predicate.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PredicateAnswer {
    name: String,
    /// Whether a subject has one value at a time, where anything was declared of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    functional: Option<bool>,
    /// What one leads to leads on.
    transitive: bool,
    /// It goes both ways.
    symmetric: bool,
    /// The predicate that says the same from the other end, where one was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inverse_of: Option<String>,
    /// Facts that say it.
    facts: usize,
}

/// What is declared of a predicate; what is not said stays as it was.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredicateSpec {
    name: String,
    /// A subject has one value at a time: a later one then ends the one before.
    functional: Option<bool>,
    /// What one leads to leads on: `part_of`.
    transitive: Option<bool>,
    /// It goes both ways: `married_to`.
    symmetric: Option<bool>,
    /// The predicate that says the same from the other end: `parent_of` of `child_of`; an empty name
    /// takes it back.
    inverse_of: Option<String>,
    /// The branch; the main one where there is none.
    branch: Option<u64>,
}

impl From<KindUse> for KindAnswer {
    fn from(KindUse { kind, entities }: KindUse) -> Self {
        Self { kind, entities }
    }
}

impl From<PredicateUse> for PredicateAnswer {
    fn from(PredicateUse { name, functional, laws, facts }: PredicateUse) -> Self {
        let Laws { transitive, symmetric, inverse_of } = laws;
        Self { name, functional, transitive, symmetric, inverse_of, facts }
    }
}

/// A page of what is counted, and what `after` is for the next one.
async fn counted<T: Send + 'static>(
    (server, caller): (&std::sync::Arc<crate::request::Server>, &Caller),
    params: VocabularyParams,
    count: fn(&View<'_>, Option<&str>, usize) -> Vec<T>,
    name: fn(&T) -> &String,
) -> Result<(Vec<T>, Option<String>), RequestError> {
    let (at, limit) = (params.at.read()?, page(params.limit)?);
    let found = with(server, caller, "get", async |memory| {
        let count = move || {
            let after = params.after.as_deref();
            Ok(memory.knowledge(|knowledge| Ok(count(&knowledge.at(at)?, after, limit)))?)
        };
        aside(server, count).await
    })
    .await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| name(last).clone());
    Ok((found, next))
}

pub(crate) async fn kinds(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<VocabularyParams>,
) -> Result<Answer<KindList>, RequestError> {
    let of = (&server, &caller);
    let (kinds, next) =
        counted(of, params, |view, after, limit| view.kinds(after, limit), |kind| &kind.kind)
            .await?;
    let results = kinds.into_iter().map(KindAnswer::from).collect();
    Ok(Answer(KindList { results, next }))
}

pub(crate) async fn predicates(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<VocabularyParams>,
) -> Result<Answer<PredicateList>, RequestError> {
    let of = (&server, &caller);
    let (known, next) =
        counted(of, params, |view, after, limit| view.predicates(after, limit), |one| &one.name)
            .await?;
    let results = known.into_iter().map(PredicateAnswer::from).collect();
    Ok(Answer(PredicateList { results, next }))
}

pub(crate) async fn declare(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<PredicateSpec>,
) -> Result<(StatusCode, Answer<ChangedAnswer>), RequestError> {
    let PredicateSpec { name, functional, transitive, symmetric, inverse_of, branch } = spec;
    let says = Declaration { functional, transitive, symmetric, inverse_of };
    if says == Declaration::default() {
        return Err(RequestError::bad(
            "expected functional, transitive, symmetric or inverse_of, and nothing is said",
        ));
    }
    let command = |_: &Memory, _: &By| Ok(Command::DeclarePredicate { name, says });
    let outcome = change(&server, &caller, branch, command).await?;
    Ok((StatusCode::CREATED, changed(&outcome)))
}
