//! Classes: `POST /v1/classes/reorganise` says once what members have in common, or tells what could
//! be. It is done only where somebody asks for it.

use axum::Json as Answer;
use axum::extract::State;
use axum::routing::post;
use knowledge::{BranchId, Command, Compression, Gathering, KnowledgeError, Reorganisation, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::extract::JsonIfAny;
use super::knowledge::page;
use super::memories::{aside, with};
use super::operation::{Operation, json, json_if_any};
use crate::error::RequestError;
use crate::memories::by;
use crate::security::{Access, Caller, Role};
use crate::wire::knowledge::Plain;

pub(crate) fn operations() -> Vec<Operation> {
    let route = ("POST", "/v1/classes/reorganise");
    let writer = Access::AtLeast(Role::Writer);
    vec![
        Operation::new(route, "class_reorganise", writer, post(reorganise))
            .says(
                "knowledge",
                "Says once at a class what its members have in common, without changing any property, \
                 or tells what could be.",
            )
            .takes(json_if_any::<Reorganise>())
            .gives(json::<ReorganisedAnswer>()),
    ]
}

/// How much has to be saved.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Reorganise {
    /// A class says something new only for so many members; 2 where there is none.
    least: Option<usize>,
    /// Moves that are told, 1 to 1000; 100 where there is none.
    limit: Option<usize>,
    /// Only tell what could be.
    dry_run: bool,
    /// The branch; the main one where there is none.
    branch: Option<u64>,
}

/// What is said at classes now, or could be.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ReorganisedAnswer {
    /// It is done now.
    reorganised: bool,
    /// What is moved, what saves most first.
    moves: Vec<MoveAnswer>,
    /// How many moves there are, those that are not told too.
    n_moves: usize,
    /// Entities that change.
    entities: usize,
    /// As it was.
    before: CompressionAnswer,
    /// As it is with these moves.
    after: CompressionAnswer,
    /// There is more than one change takes; ask again.
    more: bool,
}

/// A value that is said once for many.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MoveAnswer {
    class: u64,
    class_name: String,
    property: String,
    value: Plain,
    /// The class says it now, by its template; otherwise it said so before.
    new: bool,
    /// Members whose own value is taken away.
    members: usize,
    /// Entities below the class that say something else.
    exceptions: usize,
    /// Those of them that are made for it.
    made: usize,
}

/// How many properties there are, and by how many values.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CompressionAnswer {
    /// Properties that entities have, their own or inherited.
    effective: usize,
    /// Values that are stored for that.
    stored: usize,
    /// Properties for each of these.
    ratio: f64,
}

impl From<Compression> for CompressionAnswer {
    fn from(of: Compression) -> Self {
        Self { effective: of.effective, stored: of.stored, ratio: of.ratio() }
    }
}

impl ReorganisedAnswer {
    fn of(view: &View<'_>, done: &Reorganisation, limit: usize, reorganised: bool) -> Self {
        let told = |one: &knowledge::Move| MoveAnswer {
            class: one.class.0,
            class_name: view.entity(one.class).map_or_else(String::new, |e| e.item.name.clone()),
            property: one.property.clone(),
            value: Plain::from(&one.value),
            new: one.new,
            members: one.members,
            exceptions: one.exceptions,
            made: one.made,
        };
        Self {
            reorganised,
            moves: done.moves.iter().take(limit).map(told).collect(),
            n_moves: done.moves.len(),
            entities: done.updates.len(),
            before: done.before.into(),
            after: done.after.into(),
            more: done.more,
        }
    }
}

pub(crate) async fn reorganise(
    State(server): Shared,
    caller: Caller,
    JsonIfAny(request): JsonIfAny<Reorganise>,
) -> Result<Answer<ReorganisedAnswer>, RequestError> {
    let request = request.unwrap_or_default();
    let branch = BranchId(request.branch.unwrap_or(0));
    let limit = page(request.limit)?;
    let how = Gathering { least: request.least.unwrap_or(Gathering::default().least) };
    with(&server, &caller, "know", async |memory| {
        if request.dry_run {
            let answer = move || {
                Ok(memory.knowledge(|known| {
                    let view = known.latest(branch)?;
                    Ok(ReorganisedAnswer::of(&view, &view.reorganisation(&how)?, limit, false))
                })?)
            };
            return Ok(Answer(aside(&server, answer).await?));
        }
        // Planning takes a while, so it is an analysis that waits for its turn, on no thread of ours.
        let (here, by, known) = (tokio::runtime::Handle::current(), by(&caller), memory.clone());
        let change =
            move || Ok(here.block_on(known.know(Command::Reorganise(how), branch, &by))?);
        let done = aside(&server, change).await?.reorganisation.unwrap_or_default();
        let told = |known: &knowledge::Knowledge| -> Result<_, KnowledgeError> {
            Ok(ReorganisedAnswer::of(&known.latest(branch)?, &done, limit, true))
        };
        Ok(Answer(memory.knowledge(told)?))
    })
    .await
}
