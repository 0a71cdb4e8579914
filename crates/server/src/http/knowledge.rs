//! Knowledge over HTTP: entities, relations, facts with two times, contradictions, branches, and
//! activation over all of it.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use knowledge::links::{Spread, Walk};
use knowledge::{
    BranchId, Command, ConflictType, Consolidation, ContradictionId, ContradictionState, EntityId,
    FactId, FactQuery, ItemId, KnowledgeError, Life, MergeStrategy, NewFact, Object, Origin,
    Outcome, RelationId, Side, Target, Vertex,
};
use memory::{By, Memory, moment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Shared;
use super::branches::LifeAnswer;
use super::extract::{Json, JsonIfAny, Number, Params};
use super::memories::with;
use super::operation::{Operation, Query, json};
use super::parameters::{LIMIT, flag, number, text};
use crate::error::RequestError;
use crate::memories::{by, now_us};
use crate::security::{Access, Caller, Role};
use crate::wire::knowledge::{
    AtParams, ChangedAnswer, EntityAnswer, EntityPatch, EntitySpec, FactAnswer, FactSpec, Plain,
    RelationAnswer, RelationSpec, ResolveRequest, VertexSpec, shown,
};
use crate::wire::question::StrategyName;

/// Items of one page where nobody says how many.
const PAGE: usize = 100;
/// Vertices of a neighbourhood.
const NEIGHBOURS: usize = 200;

pub(super) const BRANCH: Query = number("branch", "The branch; the main one where there is none.");
pub(super) const KNOWN: Query = text("known_at", "As it was known then, RFC 3339.");
pub(super) const VALID: Query = text("valid_at", "What was true then, RFC 3339.");
const AT: &[Query] = &[BRANCH, KNOWN, VALID];
const ENTITIES: &[Query] = &[
    text("name", "Only those of this name or alias."),
    text("prefix", "Only those with a name or alias that begins so, in the order of these names."),
    number("after", "The `next` of the page before."),
    LIMIT,
    BRANCH,
    KNOWN,
    VALID,
];
const RELATIONS: &[Query] = &[
    text("memory", "Those of a memory."),
    number("entity", "Those of an entity."),
    BRANCH,
    KNOWN,
    VALID,
];
const FACTS: &[Query] = &[
    number("subject", "About this entity."),
    text("predicate", "Saying this."),
    number("object", "Saying it of this entity."),
    flag("unsupported", "Facts whose reasons are gone, too."),
    number("after", "The last number seen."),
    BRANCH,
    KNOWN,
    VALID,
];
const PROPERTY: &[Query] = &[
    Query { name: "name", help: "The property.", kind: "string", required: true },
    BRANCH,
    KNOWN,
    VALID,
];
const ERASE: &[Query] = &[flag("erase", "For good, with its history."), BRANCH];
const ALL: &[Query] = &[
    flag("all", "Those that were resolved too."),
    number("after", "The last number seen."),
    BRANCH,
];
const WITH: &[Query] = &[number("with", "The other branch; the main one where there is none.")];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        of(("GET", "/v1/entities"), "entity_list", reader, get(entities))
            .says("knowledge", "Entities.")
            .query(ENTITIES)
            .gives(json::<EntityList>()),
        of(("POST", "/v1/entities"), "entity_add", writer, post(add_entity))
            .says("knowledge", "Adds an entity.")
            .takes(json::<EntitySpec>())
            .gives(json::<ChangedAnswer>())
            .status(201),
        of(("GET", "/v1/entities/{id}"), "entity_get", reader, get(entity))
            .says("knowledge", "An entity.")
            .query(AT)
            .gives(json::<EntityAnswer>()),
        of(("PATCH", "/v1/entities/{id}"), "entity_update", writer, patch(update_entity))
            .says("knowledge", "Changes an entity, its exceptions and parents.")
            .takes(json::<EntityPatch>())
            .gives(json::<ChangedAnswer>()),
        of(("DELETE", "/v1/entities/{id}"), "entity_delete", writer, delete(remove_entity))
            .says("knowledge", "Takes an entity back, or erases it with its facts.")
            .query(ERASE)
            .gives(json::<ChangedAnswer>()),
        of(("POST", "/v1/entities/{id}/merge"), "entity_merge", writer, post(merge_entities))
            .says("knowledge", "Makes this entity stand for another.")
            .takes(json::<MergeEntities>())
            .gives(json::<ChangedAnswer>()),
        of(("GET", "/v1/entities/{id}/property"), "entity_property", reader, get(property))
            .says("knowledge", "A property, its own or inherited, and where it comes from.")
            .query(PROPERTY)
            .gives(json::<PropertyAnswer>()),
        of(("GET", "/v1/relations"), "relation_list", reader, get(relations))
            .says("knowledge", "Relations of an entity or a memory.")
            .query(RELATIONS)
            .gives(json::<RelationList>()),
        of(("POST", "/v1/relations"), "relation_add", writer, post(add_relation))
            .says("knowledge", "Relates two, or strengthens their relation.")
            .takes(json::<RelationSpec>())
            .gives(json::<ChangedAnswer>())
            .status(201),
        of(("DELETE", "/v1/relations/{id}"), "relation_delete", writer, delete(remove_relation))
            .says("knowledge", "Takes a relation back, or erases it.")
            .query(ERASE)
            .gives(json::<ChangedAnswer>()),
        of(("GET", "/v1/facts"), "fact_list", reader, get(facts))
            .says("knowledge", "Facts, as of two times: when they were true, when they were known.")
            .query(FACTS)
            .gives(json::<FactList>()),
        of(("POST", "/v1/facts"), "fact_add", writer, post(add_fact))
            .says("knowledge", "Learns a fact.")
            .takes(json::<FactSpec>())
            .gives(json::<ChangedAnswer>())
            .status(201),
        of(("POST", "/v1/facts/revise"), "fact_revise", writer, post(revise_fact))
            .says(
                "knowledge",
                "Learns a fact, and gives up as little as it takes that nothing that is believed \
                 contradicts it.",
            )
            .takes(json::<FactSpec>())
            .gives(json::<ChangedAnswer>())
            .status(201),
        of(("DELETE", "/v1/facts/{id}"), "fact_delete", writer, delete(remove_fact))
            .says("knowledge", "Takes a fact back, or erases it.")
            .query(ERASE)
            .gives(json::<ChangedAnswer>()),
        of(("POST", "/v1/facts/{id}/contract"), "fact_contract", writer, post(contract_fact))
            .says(
                "knowledge",
                "Believes a fact no longer, and gives up as little else as that takes.",
            )
            .gives(json::<ChangedAnswer>()),
        of(("POST", "/v1/facts/{id}/restore"), "fact_restore", writer, post(restore_fact))
            .says("knowledge", "Knows a fact again that was taken back or given up.")
            .gives(json::<ChangedAnswer>()),
        of(("GET", "/v1/facts/{id}/history"), "fact_history", reader, get(fact_history))
            .says("knowledge", "What happened to a fact.")
            .gives(json::<KnowledgeHistory>()),
        of(("GET", "/v1/entities/{id}/history"), "entity_history", reader, get(entity_history))
            .says("knowledge", "What happened to an entity.")
            .gives(json::<KnowledgeHistory>()),
        of(("GET", "/v1/contradictions"), "contradiction_list", reader, get(contradictions))
            .says("knowledge", "Facts that cannot both be true.")
            .query(ALL)
            .gives(json::<ContradictionList>()),
        of(
            ("POST", "/v1/contradictions/{id}/resolve"),
            "contradiction_resolve",
            writer,
            post(resolve),
        )
        .says("knowledge", "Settles a contradiction by a named strategy, or undoes that.")
        .query(&[BRANCH])
        .takes(json::<ResolveRequest>())
        .gives(json::<ChangedAnswer>()),
        of(("GET", "/v1/branches"), "branch_list", reader, get(branches))
            .says("knowledge", "Branches.")
            .gives(json::<BranchList>()),
        of(("POST", "/v1/branches"), "branch_add", writer, post(add_branch))
            .says("knowledge", "Makes a branch, of now or of a time that is past.")
            .takes(json::<BranchSpec>())
            .gives(json::<ChangedAnswer>())
            .status(201),
        of(("DELETE", "/v1/branches/{id}"), "branch_delete", writer, delete(remove_branch))
            .says("knowledge", "Hides a branch, or erases it.")
            .query(ERASE)
            .gives(json::<ChangedAnswer>()),
        of(("GET", "/v1/branches/{id}/diff"), "branch_diff", reader, get(diff))
            .says("knowledge", "In what a branch differs from another.")
            .query(WITH)
            .gives(json::<DifferenceList>()),
        of(("POST", "/v1/branches/{id}/merge"), "branch_merge", writer, post(merge_branch))
            .says("knowledge", "Merges a branch into its parent.")
            .takes(json::<MergeBranch>())
            .gives(json::<ChangedAnswer>()),
        of(("POST", "/v1/activate"), "activate", reader, post(activate))
            .says("knowledge", "Spreads activation, or walks at random, from seeds.")
            .takes(json::<ActivateRequest>())
            .gives(json::<ActivationAnswer>()),
        of(("GET", "/v1/entities/{id}/neighbours"), "entity_neighbours", reader, get(neighbours))
            .says("knowledge", "What is at most two hops from an entity.")
            .gives(json::<NeighbourList>()),
        of(("POST", "/v1/relations/prune"), "relation_prune", writer, post(prune))
            .says("knowledge", "Takes weak relations back, the weakest first.")
            .takes(super::operation::json_if_any::<PruneRequest>())
            .gives(json::<PrunedAnswer>()),
    ]
}

/// Entities.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EntityList {
    results: Vec<EntityAnswer>,
    /// What `after` is for the next page.
    next: Option<u64>,
}

/// Relations.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RelationList {
    results: Vec<RelationAnswer>,
}

/// Facts.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FactList {
    pub(crate) results: Vec<FactAnswer>,
    /// What `after` is for the next page.
    pub(crate) next: Option<u64>,
}

/// The entity that goes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeEntities {
    /// The entity that goes.
    from: u64,
}

/// A property and where it comes from.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PropertyAnswer {
    /// The value; null where an exception says that there is none.
    value: Plain,
    /// `own`, `exception` or `inherited`.
    origin: &'static str,
    /// The ancestor that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    /// Why it is an exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What happened.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KnowledgeHistory {
    results: Vec<KnowledgeEvent>,
}

/// Something that happened.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KnowledgeEvent {
    revision: u64,
    branch: u64,
    at: String,
    by: String,
    before: Value,
    after: Value,
}

impl KnowledgeEvent {
    pub(super) fn of(event: &knowledge::Event) -> Self {
        Self {
            revision: event.revision,
            branch: event.branch.0,
            at: moment::written(event.at),
            by: event.by.clone(),
            before: shown(event.before.as_ref()),
            after: shown(event.after.as_ref()),
        }
    }
}

/// Contradictions.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ContradictionList {
    results: Vec<ContradictionAnswer>,
    /// What `after` is for the next page.
    next: Option<u64>,
}

/// Two facts that cannot both be true.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ContradictionAnswer {
    id: u64,
    /// How: `negation`, `functional` or `overlap`.
    kind: String,
    /// What kinds of conflict it is.
    types: Vec<ConflictName>,
    first: u64,
    second: u64,
    /// `open`, `resolved` or `moot`.
    state: &'static str,
    /// The fact that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    winner: Option<u64>,
}

/// A kind of conflict.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConflictName {
    /// The same is said and denied.
    Syntactic,
    /// Two values where there can be one.
    Semantic,
    /// The times that are stated overlap.
    Temporal,
    /// Nobody says both.
    Source,
}

impl From<ConflictType> for ConflictName {
    fn from(of: ConflictType) -> Self {
        match of {
            ConflictType::Syntactic => Self::Syntactic,
            ConflictType::Semantic => Self::Semantic,
            ConflictType::Temporal => Self::Temporal,
            ConflictType::Source => Self::Source,
        }
    }
}

/// Branches.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BranchList {
    results: Vec<BranchAnswer>,
}

/// A branch.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BranchAnswer {
    id: u64,
    name: String,
    parent: u64,
    /// The last revision of the parent that it sees.
    fork: u64,
    merged: bool,
    #[serde(flatten)]
    life: LifeAnswer,
}

/// A branch to make.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BranchSpec {
    name: String,
    /// The branch that it comes from; the main one where there is none.
    from: Option<u64>,
    /// As known then; now where there is none.
    known_at: Option<String>,
}

/// In what two branches differ.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DifferenceList {
    results: Vec<DifferenceAnswer>,
}

/// An item that is different.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DifferenceAnswer {
    item: String,
    base: Value,
    first: Value,
    second: Value,
}

/// How a branch is merged where both sides changed the same.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeBranch {
    /// Which side is taken where both changed the same.
    pub(crate) strategy: MergeName,
    /// With `manual`: whose value is taken of each item, by its name as the difference of the branches
    /// tells it: `{"fact 7": "child"}`.
    #[serde(default)]
    pub(crate) choices: BTreeMap<String, SideName>,
}

/// A side of a merge.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SideName {
    /// The branch that is merged into.
    Parent,
    /// The branch that is merged.
    Child,
}

/// Which side is taken.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MergeName {
    /// What was learned last.
    #[default]
    PreferNewer,
    /// The parent's.
    PreferParent,
    /// The branch's.
    PreferChild,
    /// Both, with a contradiction between them.
    MergeBoth,
    /// As `choices` says; while one is missing, it is told and nothing is merged.
    Manual,
}

impl MergeBranch {
    pub(super) fn read(self) -> Result<MergeStrategy, RequestError> {
        if !self.choices.is_empty() && !matches!(self.strategy, MergeName::Manual) {
            return Err(RequestError::bad("choices: expected with strategy manual only"));
        }
        let choice = |(item, side): (String, SideName)| {
            let id = ItemId::named(&item).ok_or_else(|| {
                RequestError::bad(format!("choices: expected an item as `fact 7`, found {item:?}"))
            })?;
            let side = match side {
                SideName::Parent => Side::Parent,
                SideName::Child => Side::Child,
            };
            Ok((id, side))
        };
        Ok(match self.strategy {
            MergeName::PreferNewer => MergeStrategy::PreferNewer,
            MergeName::PreferParent => MergeStrategy::PreferParent,
            MergeName::PreferChild => MergeStrategy::PreferChild,
            MergeName::MergeBoth => MergeStrategy::MergeBoth,
            MergeName::Manual => {
                let choices: Result<_, RequestError> =
                    self.choices.into_iter().map(choice).collect();
                MergeStrategy::Manual(choices?)
            }
        })
    }
}

/// From where activation spreads.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActivateRequest {
    /// Memories and entities.
    #[serde(default)]
    seeds: Vec<VertexSpec>,
    /// Names of entities.
    #[serde(default)]
    names: Vec<String>,
    /// Entities that this question names are seeds too, and what it asks for chooses the strategy.
    question: Option<String>,
    /// The branch; the main one where there is none. What a question names is looked for on the main
    /// one.
    branch: Option<u64>,
    #[serde(default)]
    method: Method,
    /// How activation spreads; that of the question, or `bidirectional` where there is none.
    strategy: Option<StrategyName>,
    /// Hops; as the strategy has it where there is none, which is 3 for most.
    hops: Option<usize>,
    /// How many stay; as the strategy has it where there is none, which is 64 for most.
    keep: Option<usize>,
}

/// How activation moves.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// Spreading activation.
    #[default]
    Spreading,
    /// Personalised PageRank.
    Pagerank,
}

/// What is active.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ActivationAnswer {
    /// The most active first; the nearest first where the strategy is `breadth_first`.
    results: Vec<ActivatedAnswer>,
    /// How activation spread; none of a random walk.
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy: Option<&'static str>,
    /// What the question asks for, where its words say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<&'static str>,
    /// The words that say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<String>,
}

/// A vertex that is active.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ActivatedAnswer {
    vertex: VertexSpec,
    /// The entity's name or the memory's text.
    name: String,
    activation: f32,
    /// The strongest way to it, from a seed.
    path: Vec<HopAnswer>,
}

/// A link that was followed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HopAnswer {
    from: String,
    to: String,
    contribution: f32,
}

/// What is near.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NeighbourList {
    results: Vec<NeighbourAnswer>,
}

/// A vertex that is near.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NeighbourAnswer {
    vertex: VertexSpec,
    name: String,
    hops: usize,
}

/// Which relations are weak.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PruneRequest {
    /// Below this strength; 0.05 where there is none.
    below: Option<f32>,
    /// At most so many; 100 where there is none.
    limit: Option<usize>,
}

/// How many were taken back.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PrunedAnswer {
    pruned: usize,
}

/// Which entities, as of when.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct EntityParams {
    /// Only those of this name or alias.
    name: Option<String>,
    /// Only those with a name or alias that begins so, in the order of these names.
    prefix: Option<String>,
    /// The `next` of the page before.
    after: Option<u64>,
    /// How many, 1 to 1000; 100 where there is none.
    limit: Option<usize>,
    #[serde(flatten)]
    at: PlainAt,
}

/// The same as [`AtParams`], as a query that is flattened has it: texts.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct PlainAt {
    /// The branch; the main one where there is none.
    #[schemars(with = "Option<u64>")]
    pub(crate) branch: Option<BranchNumber>,
    /// As it was known then, RFC 3339.
    pub(crate) known_at: Option<String>,
    /// What was true then, RFC 3339.
    pub(crate) valid_at: Option<String>,
}

/// The number of a branch, as a message or a query has it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum BranchNumber {
    Number(u64),
    Text(String),
}

/// Relations of what, as of when: of a memory or of an entity.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RelationParams {
    /// Those of a memory, by its name.
    memory: Option<String>,
    /// Those of an entity, by its number.
    entity: Option<u64>,
    #[serde(flatten)]
    at: PlainAt,
}

/// Which facts, as of when.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct FactParams {
    /// About this entity, by its number.
    pub(crate) subject: Option<u64>,
    /// Saying this.
    pub(crate) predicate: Option<String>,
    /// Saying it of this entity, by its number.
    pub(crate) object: Option<u64>,
    /// Facts whose reasons are gone, too.
    #[serde(default)]
    pub(crate) unsupported: bool,
    /// The `next` of the page before.
    pub(crate) after: Option<u64>,
    #[serde(flatten)]
    pub(crate) at: PlainAt,
}

/// Which property, as of when.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PropertyParams {
    /// The property.
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) at: PlainAt,
}

/// How something goes.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct EraseParams {
    /// For good, with its history.
    #[serde(default)]
    pub(crate) erase: bool,
    /// The branch; the main one where there is none.
    pub(crate) branch: Option<u64>,
}

/// Where something is done.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OnBranch {
    /// The branch; the main one where there is none.
    pub(crate) branch: Option<u64>,
}

/// Which contradictions.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct AllParams {
    /// Those that were resolved too.
    #[serde(default)]
    all: bool,
    /// The `next` of the page before.
    after: Option<u64>,
    /// The branch; the main one where there is none.
    branch: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct WithParams {
    pub(crate) with: Option<u64>,
}

impl PlainAt {
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(&self) -> Result<knowledge::At, RequestError> {
        let number = |branch: &BranchNumber| match branch {
            BranchNumber::Number(number) => Ok(*number),
            BranchNumber::Text(text) => {
                text.parse().map_err(|_| RequestError::bad("query: branch: expected a number"))
            }
        };
        let branch = self.branch.as_ref().map(number).transpose()?;
        AtParams::new(branch, self.known_at.clone(), self.valid_at.clone()).read()
    }
}

/// Changes what is known, and counts it.
pub(super) async fn change(
    server: &std::sync::Arc<crate::request::Server>,
    caller: &Caller,
    branch: Option<u64>,
    command: impl FnOnce(&Memory, &By) -> Result<Command, RequestError>,
) -> Result<Outcome, RequestError> {
    with(server, caller, "know", async |memory| {
        let by = by(caller);
        let command = command(&memory, &by)?;
        Ok(memory.know(command, BranchId(branch.unwrap_or(0)), &by).await?)
    })
    .await
}

pub(super) fn changed(outcome: &Outcome) -> Answer<ChangedAnswer> {
    Answer(ChangedAnswer::of(outcome))
}

/// How many items a page has.
pub(super) fn page(limit: Option<usize>) -> Result<usize, RequestError> {
    let limit = limit.unwrap_or(PAGE);
    match (1..=knowledge::MAX_PAGE).contains(&limit) {
        true => Ok(limit),
        false => {
            let expected = format!("1 to {}", knowledge::MAX_PAGE);
            Err(RequestError::bad(format!("limit: {limit}, expected {expected}")))
        }
    }
}

pub(crate) async fn entities(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<EntityParams>,
) -> Result<Answer<EntityList>, RequestError> {
    if params.name.is_some() && params.prefix.is_some() {
        return Err(RequestError::bad("name, prefix: expected one of them"));
    }
    let (at, limit) = (params.at.read()?, page(params.limit)?);
    let after = params.after.map(EntityId);
    with(&server, &caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let view = knowledge.at(at)?;
            let ids = match (&params.name, &params.prefix) {
                (None, None) => None,
                (Some(name), _) => Some(view.by_name(name)),
                (None, Some(prefix)) => Some(view.by_prefix(prefix, after, limit)?),
            };
            let known = match ids {
                None => view.entities(after, limit),
                Some(ids) => ids.into_iter().filter_map(|id| view.entity(id)).collect(),
            };
            let full = params.name.is_none() && known.len() == limit;
            let next = known.last().filter(|_| full).map(|last| last.id.0);
            let results = known.iter().map(|e| EntityAnswer::of(&view, e)).collect();
            Ok(Answer(EntityList { results, next }))
        })?)
    })
    .await
}

pub(crate) async fn add_entity(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<EntitySpec>,
) -> Result<(StatusCode, Answer<ChangedAnswer>), RequestError> {
    let branch = spec.branch;
    let command = |memory: &Memory, by: &By| Ok(Command::AddEntity(spec.read(memory, &by.actor)?));
    let outcome = change(&server, &caller, branch, command).await?;
    Ok((StatusCode::CREATED, changed(&outcome)))
}

pub(crate) async fn entity(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(at): Params<PlainAt>,
) -> Result<Answer<EntityAnswer>, RequestError> {
    let at = at.read()?;
    with(&server, &caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let view = knowledge.at(at)?;
            let known = view.entity(EntityId(id)).ok_or(missing(ItemId::Entity(EntityId(id))))?;
            Ok(Answer(EntityAnswer::of(&view, &known)))
        })?)
    })
    .await
}

fn missing(item: ItemId) -> KnowledgeError {
    KnowledgeError::Missing(item)
}

pub(crate) async fn update_entity(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Json(spec): Json<EntityPatch>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let (branch, update) = (spec.branch, spec.read());
    let command = |_: &Memory, _: &By| Ok(Command::UpdateEntity(EntityId(id), update));
    Ok(changed(&change(&server, &caller, branch, command).await?))
}

/// Erases for good where that is asked for, and retracts otherwise.
async fn remove(
    server: &std::sync::Arc<crate::request::Server>,
    caller: &Caller,
    params: &EraseParams,
    erased: Target,
    retract: Command,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let command = if params.erase { Command::Erase(erased) } else { retract };
    Ok(changed(&change(server, caller, params.branch, |_, _| Ok(command)).await?))
}

pub(crate) async fn remove_entity(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(params): Params<EraseParams>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let id = EntityId(id);
    remove(&server, &caller, &params, Target::Entity(id), Command::RetractEntity(id)).await
}

pub(crate) async fn merge_entities(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Json(spec): Json<MergeEntities>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let command = |_: &Memory, _: &By| {
        Ok(Command::MergeEntities { from: EntityId(spec.from), into: EntityId(id) })
    };
    Ok(changed(&change(&server, &caller, None, command).await?))
}

pub(crate) async fn property(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(params): Params<PropertyParams>,
) -> Result<Answer<PropertyAnswer>, RequestError> {
    let at = params.at.read()?;
    let found = with(&server, &caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let view = knowledge.at(at)?;
            view.entity(EntityId(id)).ok_or(missing(ItemId::Entity(EntityId(id))))?;
            Ok(view.property(EntityId(id), &params.name))
        })?)
    })
    .await?;
    let Some(found) = found else {
        let said =
            format!("entity {id} has no property {:?}, of its own or inherited", params.name);
        return Err(RequestError::NotFound(said));
    };
    let (origin, from, reason) = match found.origin {
        Origin::Own => ("own", None, None),
        Origin::OwnException(reason) => ("exception", None, Some(reason)),
        Origin::Inherited(from) => ("inherited", Some(from.0), None),
        Origin::InheritedException(from, reason) => ("exception", Some(from.0), Some(reason)),
    };
    let value = found.value.as_ref().map_or(Plain::Null(()), Plain::from);
    Ok(Answer(PropertyAnswer { value, origin, from, reason }))
}

pub(crate) async fn relations(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<RelationParams>,
) -> Result<Answer<RelationList>, RequestError> {
    let at = params.at.read()?;
    let vertex = match (params.memory, params.entity) {
        (Some(name), None) => VertexSpec::Memory(name),
        (None, Some(id)) => VertexSpec::Entity(id),
        _ => return Err(RequestError::bad("query: expected `memory` or `entity`")),
    };
    with(&server, &caller, "get", async |memory| {
        let vertex = vertex.read(&memory)?;
        let found: Vec<RelationAnswer> = memory.knowledge(|knowledge| {
            let view = knowledge.at(at)?;
            let all = view.relations(vertex);
            Ok(all.iter().map(|r| RelationAnswer::of(&view, r, now_us())).collect())
        })?;
        let results = found.into_iter().map(|r| r.named(&memory)).collect();
        Ok(Answer(RelationList { results }))
    })
    .await
}

pub(crate) async fn add_relation(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<RelationSpec>,
) -> Result<(StatusCode, Answer<ChangedAnswer>), RequestError> {
    let branch = spec.branch;
    let command =
        |memory: &Memory, by: &By| Ok(Command::AddRelation(spec.read(memory, &by.actor)?));
    let outcome = change(&server, &caller, branch, command).await?;
    Ok((StatusCode::CREATED, changed(&outcome)))
}

pub(crate) async fn remove_relation(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(params): Params<EraseParams>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let id = RelationId(id);
    remove(&server, &caller, &params, Target::Relation(id), Command::RetractRelation(id)).await
}

pub(crate) async fn facts(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<FactParams>,
) -> Result<Answer<FactList>, RequestError> {
    let at = params.at.read()?;
    let query = FactQuery {
        subject: params.subject.map(EntityId),
        predicate: params.predicate,
        object: params.object.map(EntityId).map(Object::Entity),
        with_unsupported: params.unsupported,
        after: params.after.map(FactId),
        limit: PAGE,
    };
    with(&server, &caller, "get", async |memory| {
        type Page = (Vec<FactAnswer>, Option<u64>);
        let (found, next): Page = memory.knowledge(|knowledge| {
            let view = knowledge.at(at)?;
            let page = view.facts(&query);
            let next = if page.len() == PAGE { page.last().map(|f| f.id.0) } else { None };
            Ok((page.iter().map(|f| FactAnswer::of(&view, f)).collect(), next))
        })?;
        let results = found.into_iter().map(|fact| fact.named(&memory)).collect();
        Ok(Answer(FactList { results, next }))
    })
    .await
}

pub(crate) async fn add_fact(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<FactSpec>,
) -> Result<(StatusCode, Answer<ChangedAnswer>), RequestError> {
    learn_fact(&server, &caller, spec, Command::AssertFact).await
}

pub(crate) async fn revise_fact(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<FactSpec>,
) -> Result<(StatusCode, Answer<ChangedAnswer>), RequestError> {
    learn_fact(&server, &caller, spec, Command::Revise).await
}

async fn learn_fact(
    server: &std::sync::Arc<crate::request::Server>,
    caller: &Caller,
    spec: FactSpec,
    how: fn(NewFact) -> Command,
) -> Result<(StatusCode, Answer<ChangedAnswer>), RequestError> {
    let branch = spec.branch;
    let command = |memory: &Memory, by: &By| Ok(how(spec.read(memory, &by.actor)?));
    let outcome = change(server, caller, branch, command).await?;
    Ok((StatusCode::CREATED, changed(&outcome)))
}

pub(crate) async fn remove_fact(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(params): Params<EraseParams>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let id = FactId(id);
    remove(&server, &caller, &params, Target::Fact(id), Command::RetractFact(id)).await
}

pub(crate) async fn contract_fact(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let command = |_: &Memory, _: &By| Ok(Command::Contract(FactId(id)));
    Ok(changed(&change(&server, &caller, None, command).await?))
}

pub(crate) async fn restore_fact(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let command = |_: &Memory, _: &By| Ok(Command::RestoreFact(FactId(id)));
    Ok(changed(&change(&server, &caller, None, command).await?))
}

pub(crate) async fn fact_history(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
) -> Result<Answer<KnowledgeHistory>, RequestError> {
    history(&server, &caller, ItemId::Fact(FactId(id))).await
}

pub(crate) async fn entity_history(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
) -> Result<Answer<KnowledgeHistory>, RequestError> {
    history(&server, &caller, ItemId::Entity(EntityId(id))).await
}

pub(super) async fn history(
    server: &std::sync::Arc<crate::request::Server>,
    caller: &Caller,
    item: ItemId,
) -> Result<Answer<KnowledgeHistory>, RequestError> {
    with(server, caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let events = knowledge.history(item);
            if events.is_empty() {
                return Err(missing(item));
            }
            Ok(Answer(KnowledgeHistory {
                results: events.iter().map(KnowledgeEvent::of).collect(),
            }))
        })?)
    })
    .await
}

pub(crate) async fn contradictions(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<AllParams>,
) -> Result<Answer<ContradictionList>, RequestError> {
    type Known<'a> = knowledge::Known<'a, ContradictionId, knowledge::Contradiction>;
    let told = |view: &knowledge::View<'_>, known: &Known<'_>| {
        let (state, winner) = match &known.item.state {
            ContradictionState::Open => ("open", None),
            ContradictionState::Resolved { winner, .. } => ("resolved", Some(winner.0)),
            ContradictionState::Moot => ("moot", None),
        };
        ContradictionAnswer {
            id: known.id.0,
            kind: format!("{:?}", known.item.kind).to_lowercase(),
            types: view.conflict_types(known.item).into_iter().map(ConflictName::from).collect(),
            first: known.item.first.0,
            second: known.item.second.0,
            state,
            winner,
        }
    };
    with(&server, &caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let view = knowledge.latest(BranchId(params.branch.unwrap_or(0)))?;
            let page = view.contradictions(params.all, params.after.map(ContradictionId), 0);
            let full = page.len() == knowledge::MAX_PAGE;
            let next = page.last().filter(|_| full).map(|last| last.id.0);
            let results = page.iter().map(|c| told(&view, c)).collect();
            Ok(Answer(ContradictionList { results, next }))
        })?)
    })
    .await
}

pub(crate) async fn resolve(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(on): Params<OnBranch>,
    Json(request): Json<ResolveRequest>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let id = ContradictionId(id);
    let command = |_: &Memory, _: &By| {
        Ok(request.read().map_or(Command::Reopen(id), |strategy| Command::Resolve(id, strategy)))
    };
    Ok(changed(&change(&server, &caller, on.branch, command).await?))
}

pub(crate) async fn branches(
    State(server): Shared,
    caller: Caller,
) -> Result<Answer<BranchList>, RequestError> {
    let policy = Consolidation::default();
    with(&server, &caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let view = knowledge.latest(BranchId::MAIN)?;
            let told = |life: &Life| {
                let branch = view.branch(life.branch)?.item;
                Some(BranchAnswer {
                    id: life.branch.0,
                    name: branch.name.clone(),
                    parent: branch.parent.0,
                    fork: branch.fork,
                    merged: branch.state == knowledge::BranchState::Merged,
                    life: LifeAnswer::of(life),
                })
            };
            let lives = knowledge.lives(now_us(), &policy)?;
            Ok(Answer(BranchList { results: lives.iter().filter_map(told).collect() }))
        })?)
    })
    .await
}

pub(crate) async fn add_branch(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<BranchSpec>,
) -> Result<(StatusCode, Answer<ChangedAnswer>), RequestError> {
    let known_at = spec.known_at.as_deref();
    let known_at = known_at.map(|at| crate::wire::memory::time("known_at", at)).transpose()?;
    let command = |_: &Memory, _: &By| Ok(Command::CreateBranch { name: spec.name, known_at });
    let outcome = change(&server, &caller, spec.from, command).await?;
    Ok((StatusCode::CREATED, changed(&outcome)))
}

pub(crate) async fn remove_branch(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(params): Params<EraseParams>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let command = |_: &Memory, _: &By| {
        Ok(match params.erase {
            true => Command::Erase(Target::Branch(BranchId(id))),
            false => Command::DeleteBranch(BranchId(id)),
        })
    };
    Ok(changed(&change(&server, &caller, None, command).await?))
}

pub(crate) async fn diff(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(params): Params<WithParams>,
) -> Result<Answer<DifferenceList>, RequestError> {
    let other = BranchId(params.with.unwrap_or(0));
    let told = |difference: &knowledge::Difference| DifferenceAnswer {
        item: difference.item.to_string(),
        base: shown(difference.base.as_ref()),
        first: shown(difference.first.as_ref()),
        second: shown(difference.second.as_ref()),
    };
    with(&server, &caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let differ = knowledge.diff(BranchId(id), other)?;
            Ok(Answer(DifferenceList { results: differ.iter().map(told).collect() }))
        })?)
    })
    .await
}

pub(crate) async fn merge_branch(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Json(request): Json<MergeBranch>,
) -> Result<Answer<ChangedAnswer>, RequestError> {
    let strategy = request.read()?;
    let outcome = with(&server, &caller, "know", async |memory| {
        let parent = memory.knowledge(|knowledge| {
            let view = knowledge.latest(BranchId::MAIN)?;
            let branch = view.branch(BranchId(id));
            branch.map(|b| b.item.parent).ok_or(missing(ItemId::Branch(BranchId(id))))
        })?;
        let command = Command::MergeBranch(BranchId(id), strategy);
        Ok(memory.know(command, parent, &by(&caller)).await?)
    })
    .await?;
    Ok(changed(&outcome))
}

/// What a vertex is called.
pub(crate) fn called(knowledge: &knowledge::Knowledge, vertex: Vertex) -> String {
    let view = knowledge.latest(BranchId::MAIN).ok();
    match vertex {
        Vertex::Entity(id) => {
            let entity = view.as_ref().and_then(|view| view.entity(id));
            entity.map_or_else(|| format!("entity {id}"), |e| e.item.name.clone())
        }
        Vertex::Memory(number) => format!("memory {number}"),
    }
}

/// A vertex with its name, or the beginning of the memory's text.
pub(crate) fn named(memory: &Memory, vertex: Vertex, name: String) -> (VertexSpec, String) {
    /// Characters of a text that are shown.
    const SHOWN: usize = 120;
    let spec = VertexSpec::of(vertex, memory);
    let text = match &spec {
        VertexSpec::Memory(id) => memory::Id::parse(id).and_then(|id| memory.get(id)).ok(),
        VertexSpec::Entity(_) => None,
    };
    let name = text.map_or(name, |item| item.text.chars().take(SHOWN).collect());
    (spec, name)
}

pub(crate) async fn activate(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<ActivateRequest>,
) -> Result<Answer<ActivationAnswer>, RequestError> {
    if matches!(request.method, Method::Pagerank) && request.strategy.is_some() {
        return Err(RequestError::bad("strategy: expected with method spreading only"));
    }
    with(&server, &caller, "search", async |memory| {
        let now = now_us();
        let minded = request.question.as_deref().map(|q| memory.minded(q, now)).transpose()?;
        let given = request.strategy.map(StrategyName::read);
        let strategy = given.or(minded.as_ref().map(|m| m.strategy)).unwrap_or_default();
        let seeds: Result<Vec<Vertex>, _> = request.seeds.iter().map(|s| s.read(&memory)).collect();
        let mut seeds: Vec<(Vertex, f32)> = seeds?.into_iter().map(|v| (v, 1.0)).collect();
        let begins = minded.iter().flat_map(|minded| &minded.names);
        seeds.extend(begins.map(|(id, _)| (Vertex::Entity(*id), 1.0)));
        type Active = (Vertex, String, f32, Vec<(String, String, f32)>);
        let active: Vec<Active> = memory.knowledge(|knowledge| {
            let branch = BranchId(request.branch.unwrap_or(0));
            let view = knowledge.latest(branch)?;
            let made;
            let links = match branch {
                BranchId::MAIN => knowledge.links(),
                _ => {
                    made = view.links();
                    &made
                }
            };
            let name = |vertex| match vertex {
                Vertex::Entity(id) => view
                    .entity(id)
                    .map_or_else(|| format!("entity {id}"), |known| known.item.name.clone()),
                memory => called(knowledge, memory),
            };
            let names = request.names.iter().flat_map(|name| view.by_name(name));
            seeds.extend(names.map(|id| (Vertex::Entity(id), 1.0)));
            let found = match request.method {
                Method::Spreading => {
                    let plain = strategy.spread();
                    let hops = request.hops.unwrap_or(plain.hops);
                    let keep = request.keep.unwrap_or(plain.keep);
                    let spread = Spread { hops, keep, ..plain };
                    links.activate(&seeds, strategy, &spread, now)?
                }
                Method::Pagerank => {
                    let plain = Walk::default();
                    let keep = request.keep.unwrap_or(plain.keep);
                    links.walk(&seeds, &Walk { keep, ..plain }, now)?
                }
            };
            let told = |a: knowledge::links::Activated| {
                let hop = |h: &knowledge::links::Hop| (name(h.from), name(h.to), h.contribution);
                let way = a.way.iter().map(hop).collect();
                (a.vertex, name(a.vertex), a.activation, way)
            };
            Ok(found.into_iter().map(told).collect())
        })?;
        let answer = |(vertex, name, activation, way): Active| {
            let (vertex, name) = named(&memory, vertex, name);
            let hop = |(from, to, contribution)| HopAnswer { from, to, contribution };
            ActivatedAnswer { vertex, name, activation, path: way.into_iter().map(hop).collect() }
        };
        let spread = matches!(request.method, Method::Spreading);
        let asked = minded.and_then(|minded| minded.asked);
        Ok(Answer(ActivationAnswer {
            results: active.into_iter().map(answer).collect(),
            strategy: spread.then(|| strategy.name()),
            intent: asked.as_ref().map(|asked| asked.intent.name()),
            words: asked.map(|asked| asked.words).unwrap_or_default(),
        }))
    })
    .await
}

pub(crate) async fn neighbours(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
) -> Result<Answer<NeighbourList>, RequestError> {
    with(&server, &caller, "get", async |memory| {
        let near: Vec<(Vertex, String, usize)> = memory.knowledge(|knowledge| {
            let vertex = Vertex::Entity(EntityId(id));
            let view = knowledge.latest(BranchId::MAIN)?;
            view.entity(EntityId(id)).ok_or(missing(ItemId::Entity(EntityId(id))))?;
            let near = knowledge.links().neighbourhood(vertex, 2, NEIGHBOURS, now_us())?;
            Ok(near.into_iter().map(|(v, hops)| (v, called(knowledge, v), hops)).collect())
        })?;
        let answer = |(vertex, name, hops): (Vertex, String, usize)| {
            let (vertex, name) = named(&memory, vertex, name);
            NeighbourAnswer { vertex, name, hops }
        };
        Ok(Answer(NeighbourList { results: near.into_iter().map(answer).collect() }))
    })
    .await
}

pub(crate) async fn prune(
    State(server): Shared,
    caller: Caller,
    JsonIfAny(request): JsonIfAny<PruneRequest>,
) -> Result<Answer<PrunedAnswer>, RequestError> {
    let request = request.unwrap_or_default();
    let (below, limit) = (request.below.unwrap_or(0.05), request.limit.unwrap_or(100));
    let command = |_: &Memory, _: &By| Ok(Command::PruneWeak { below, limit });
    let outcome = change(&server, &caller, None, command).await?;
    Ok(Answer(PrunedAnswer { pruned: outcome.touched.len() }))
}
