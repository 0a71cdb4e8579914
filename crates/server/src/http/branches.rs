//! What becomes of branches, and of everything: splitting, pruning, consolidating, history.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use knowledge::{
    BranchId, Command, Consolidation, ItemId, KnowledgeError, Life, MAX_PAGE, MergeStrategy,
    Pruning,
};
use memory::{By, Memory, moment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::extract::{Json, JsonIfAny, Number, Params};
use super::knowledge::{
    KnowledgeEvent, KnowledgeHistory, MergeBranch, MergeName, SideName, change, history,
};
use super::memories::with;
use super::operation::{Operation, Query, json, json_if_any};
use super::parameters::{needed, number};
use crate::error::RequestError;
use crate::memories::{by, now_us};
use crate::security::{Access, Caller, Role};
use crate::wire::knowledge::ChangedAnswer;

const SECOND: i64 = 1_000_000;

const ITEM: &[Query] = &[needed("item", "Which, as `fact 7` or `relation 8`.")];
const PAGES: &[Query] = &[
    number("after", "The `next` of the page before."),
    number("limit", "How many, 1 to 1000; 1000 where there is none."),
];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        of(("GET", "/v1/knowledge/history"), "knowledge_history", reader, get(item_history))
            .says(
                "knowledge",
                "What happened to an entity, relation, fact, predicate, contradiction or branch.",
            )
            .query(ITEM)
            .gives(json::<KnowledgeHistory>()),
        of(("GET", "/v1/branches/{id}/history"), "branch_history", reader, get(journal))
            .says("knowledge", "What happened on a branch, the oldest first.")
            .query(PAGES)
            .gives(json::<Journal>()),
        of(("POST", "/v1/branches/{id}/split"), "branch_split", writer, post(split))
            .says("knowledge", "Moves some changes of a branch to a new branch beside it.")
            .takes(json::<SplitRequest>())
            .gives(json::<ChangedAnswer>())
            .status(201),
        of(
            ("POST", "/v1/branches/{id}/consolidate"),
            "branch_consolidate",
            writer,
            post(consolidate),
        )
        .says("knowledge", "Merges a branch into its parent if it is ready, or says what it lacks.")
        .takes(json::<ConsolidateRequest>())
        .gives(json::<ConsolidatedAnswer>()),
        of(("POST", "/v1/branches/prune"), "branch_prune", writer, post(prune))
            .says("knowledge", "Hides branches that nobody changed for long, or tells which.")
            .takes(json_if_any::<PruneBranches>())
            .gives(json::<PrunedBranches>()),
    ]
}

/// Which item.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ItemParams {
    /// As `entity 3`, `relation 8`, `fact 7`, `predicate 2`, `contradiction 4` or `branch 1`.
    item: String,
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PageParams {
    /// The `next` of the page before.
    after: Option<usize>,
    /// How many, 1 to 1000; 1000 where there is none.
    limit: Option<usize>,
}

/// What happened on a branch.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Journal {
    results: Vec<JournalEvent>,
    /// What `after` is for the next page.
    next: Option<usize>,
}

/// Something that happened to an item.
#[derive(Serialize, JsonSchema)]
pub(crate) struct JournalEvent {
    /// Which, as `fact 7`.
    item: String,
    #[serde(flatten)]
    event: KnowledgeEvent,
}

/// What goes to a new branch.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitRequest {
    /// The name of the new branch.
    name: String,
    /// Items that the branch changed itself, as `fact 7`. Where they make no sense without others that
    /// it changed, the error names those.
    items: Vec<String>,
}

/// When a branch is ready, and how it is merged then.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsolidateRequest {
    /// Where both sides changed the same; `prefer_newer` where there is none.
    #[serde(default)]
    strategy: MergeName,
    /// With `manual`, as a merge has it.
    #[serde(default)]
    choices: BTreeMap<String, SideName>,
    /// Its score is at least this; 0.8 where there is none.
    min_score: Option<f64>,
    /// Its divergence is at most this; 0.3 where there is none.
    max_divergence: Option<f64>,
    /// Without a change for so long it counts as settled (seconds); 3600 where there is none.
    settle_seconds: Option<u32>,
    /// Only tell whether it is ready.
    #[serde(default)]
    dry_run: bool,
}

/// What became of a branch.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ConsolidatedAnswer {
    /// It was merged now.
    consolidated: bool,
    /// What it lacks.
    why_not: Vec<String>,
    /// As it was before.
    branch: LifeAnswer,
}

/// Which branches go.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PruneBranches {
    /// Those that nobody changed for longer (seconds); 86400 where there is none.
    older_than_seconds: Option<u32>,
    /// Those that were merged; they go where nothing is said.
    merged: Option<bool>,
    /// Those that were not; they stay where nothing is said.
    unmerged: Option<bool>,
    /// Only tell which.
    dry_run: bool,
}

/// Branches that went, or would go.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PrunedBranches {
    branches: Vec<u64>,
    /// They are gone now.
    pruned: bool,
}

/// What became of a branch, as it is now.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LifeAnswer {
    /// `working_memory` up to 30 seconds, `short_term` up to an hour, `consolidating` up to a day,
    /// `long_term`; `conflicted` where a merge needs a choice; `merged`.
    state: &'static str,
    created_at: String,
    /// Who made it.
    by: String,
    /// When it was last changed, or made.
    changed_at: String,
    /// Items that it changed itself.
    changes: usize,
    /// Those, of all items that are known on it or were where it began.
    divergence: f64,
    /// Changes that its parent's contradict.
    conflicts: usize,
    /// The share of changes without a conflict, times how much of the time to settle it went without a
    /// change.
    score: f64,
}

impl LifeAnswer {
    pub(crate) fn of(life: &Life) -> Self {
        Self {
            state: life.stage.name(),
            created_at: moment::written(life.created_at),
            by: life.by.clone(),
            changed_at: moment::written(life.changed_at),
            changes: life.n_changes,
            divergence: life.divergence,
            conflicts: life.conflicts.len(),
            score: life.score,
        }
    }
}

fn item(field: &str, name: &str) -> Result<ItemId, RequestError> {
    let wrong = || format!("{field}: expected an item as `fact 7`, found {name:?}");
    ItemId::named(name).ok_or_else(|| RequestError::bad(wrong()))
}

pub(crate) async fn item_history(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<ItemParams>,
) -> Result<Answer<KnowledgeHistory>, RequestError> {
    history(&server, &caller, item("item", &params.item)?).await
}

pub(crate) async fn journal(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Params(params): Params<PageParams>,
) -> Result<Answer<Journal>, RequestError> {
    let skip = params.after.unwrap_or(0);
    let limit = params.limit.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
    with(&server, &caller, "get", async |memory| {
        Ok(memory.knowledge(|knowledge| {
            let events = knowledge.journal(BranchId(id), skip, limit)?;
            let next = (events.len() == limit).then(|| skip.saturating_add(limit));
            let told = |(item, event): &(ItemId, knowledge::Event)| JournalEvent {
                item: item.to_string(),
                event: KnowledgeEvent::of(event),
            };
            Ok(Answer(Journal { results: events.iter().map(told).collect(), next }))
        })?)
    })
    .await
}

pub(crate) async fn split(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Json(request): Json<SplitRequest>,
) -> Result<(StatusCode, Answer<ChangedAnswer>), RequestError> {
    let items = request.items.iter().map(|name| item("items", name)).collect::<Result<_, _>>()?;
    let command = |_: &Memory, _: &By| Ok(Command::SplitBranch { name: request.name, items });
    let outcome = change(&server, &caller, Some(id), command).await?;
    Ok((StatusCode::CREATED, Answer(ChangedAnswer::of(&outcome))))
}

impl ConsolidateRequest {
    fn read(self) -> Result<(Consolidation, MergeStrategy, bool), RequestError> {
        let plain = Consolidation::default();
        let policy = Consolidation {
            min_score: self.min_score.unwrap_or(plain.min_score),
            max_divergence: self.max_divergence.unwrap_or(plain.max_divergence),
            settle: self.settle_seconds.map_or(plain.settle, |s| i64::from(s) * SECOND),
        };
        let merge = MergeBranch { strategy: self.strategy, choices: self.choices };
        Ok((policy, merge.read()?, self.dry_run))
    }
}

pub(crate) async fn consolidate(
    State(server): Shared,
    caller: Caller,
    Number(id): Number,
    Json(request): Json<ConsolidateRequest>,
) -> Result<Answer<ConsolidatedAnswer>, RequestError> {
    let id = BranchId(id);
    let (policy, strategy, dry_run) = request.read()?;
    with(&server, &caller, "know", async |memory| {
        let by = by(&caller);
        let (life, parent) = memory.knowledge(|knowledge| {
            let life = knowledge.life(id, by.now, &policy)?;
            let view = knowledge.latest(BranchId::MAIN)?;
            let branch = view.branch(id).ok_or(KnowledgeError::Missing(ItemId::Branch(id)))?;
            Ok((life, branch.item.parent))
        })?;
        let why_not = life.obstacles(&policy);
        let consolidated = why_not.is_empty() && !dry_run;
        if consolidated {
            let command = Command::ConsolidateBranch(id, strategy, policy);
            memory.know(command, parent, &by).await?;
        }
        Ok(Answer(ConsolidatedAnswer { consolidated, why_not, branch: LifeAnswer::of(&life) }))
    })
    .await
}

pub(crate) async fn prune(
    State(server): Shared,
    caller: Caller,
    JsonIfAny(request): JsonIfAny<PruneBranches>,
) -> Result<Answer<PrunedBranches>, RequestError> {
    let request = request.unwrap_or_default();
    let plain = Pruning::default();
    let pruning = Pruning {
        older_than: request.older_than_seconds.map_or(plain.older_than, |s| i64::from(s) * SECOND),
        merged: request.merged.unwrap_or(plain.merged),
        unmerged: request.unmerged.unwrap_or(plain.unmerged),
    };
    if request.dry_run {
        return with(&server, &caller, "get", async |memory| {
            let go = memory.knowledge(|knowledge| Ok(knowledge.prunable(&pruning, now_us())))?;
            let branches = go.into_iter().map(|id| id.0).collect();
            Ok(Answer(PrunedBranches { branches, pruned: false }))
        })
        .await;
    }
    let command = |_: &Memory, _: &By| Ok(Command::PruneBranches(pruning));
    let outcome = change(&server, &caller, None, command).await?;
    let branches = outcome.touched.into_iter().map(ItemId::number).collect();
    Ok(Answer(PrunedBranches { branches, pruned: true }))
}
