//! Memories over HTTP: store, find, change, forget. Their collections and how they are carried
//! elsewhere have files of their own.

mod allocation;
mod carrying;
mod collections;
mod turn;

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, patch, post};
use memory::{Feedback, Filter, Memory, Message, Recall, Scope, Status, moment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::allocation::{AllocationAnswer, allocate};
pub(crate) use self::carrying::{ExistingParams, ImportAnswer, exporting, import};
use self::carrying::{ResetRequest, export, reset};
use self::collections::{
    CollectionAnswer, CollectionList, CollectionSpec, SurveyAnswer, add_collection, collections,
    columns,
};
pub(crate) use self::turn::{TurnAnswer, TurnRequest, turn};
use super::Shared;
use super::extract::{Json, Params};
use super::operation::{Body, Operation, Query, json};
use super::parameters::{AGENT, RUN, USER, flag, number, text};
use crate::error::RequestError;
use crate::memories::{by, now_us};
use crate::request::{Server, now, now_ms};
use crate::security::{Access, Caller, Role};
use crate::wire::memory::{
    HitAnswer, MAX_STORED, MemoryAnswer, MessageSpec, PatchRequest, ScopeSpec, SearchRequest,
    StatusName, StoreMany, StoreRequest, id, time,
};
use crate::wire::question::AskedAnswer;

/// Memories of one page of a list.
const MAX_LISTED: usize = 1000;
/// Memories of a page where nobody says how many.
const LISTED: usize = 100;
/// The time whose changes of belief are told with statistics: an hour (microseconds).
const HEALTH_TIME: i64 = 3_600_000_000;

const COLLECTION: &[Query] =
    &[text("collection", "The collection; `default` where there is none.")];
const BELIEFS: &[Query] =
    &[flag("beliefs", "How healthy beliefs are, too; every fact is looked at for that.")];
const FILTERS: Query =
    text("filters", "Which of them: JSON, as `filters` of a search: `{\"tags\": \"decision\"}`.");
const LIST: &[Query] = &[
    USER,
    AGENT,
    RUN,
    FILTERS,
    text("status", "Their status; `active` where there is none."),
    text("after", "The `next` of the page before."),
    number("limit", "How many, 1 to 1000."),
];
const DELETE_ALL: &[Query] = &[USER, AGENT, RUN, FILTERS, flag("all", "All of the tenant's.")];
const ERASE: &[Query] = &[flag("erase", "For good, with its history; it cannot be had back.")];
const AT: &[Query] =
    &[Query { name: "at", help: "The time, RFC 3339.", kind: "string", required: true }];
const EXISTING: &[Query] =
    &[text("existing", "What becomes of memories that are there: `refuse` or `skip`.")];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        of(("POST", "/v1/memories"), "memory_store", writer, post(store))
            .says("memory", "Remembers a text, or the messages of a conversation as they stand.")
            .takes(json::<StoreRequest>())
            .gives(json::<StoredList>())
            .status(201),
        of(("POST", "/v1/memories/batch"), "memory_store_many", writer, post(store_many))
            .says("memory", "Remembers several; those before one that is refused are remembered.")
            .takes(json::<StoreMany>())
            .gives(json::<StoredList>())
            .status(201),
        of(("GET", "/v1/memories"), "memory_list", reader, get(list))
            .says("memory", "Memories, the newest first.")
            .query(LIST)
            .gives(json::<MemoryList>()),
        of(("DELETE", "/v1/memories"), "memory_delete_all", writer, delete(delete_all))
            .says("memory", "Deletes the memories of a scope; they can be had back one by one.")
            .query(DELETE_ALL)
            .gives(json::<Deleted>()),
        of(("GET", "/v1/memories/{id}"), "memory_get", reader, get(one))
            .says("memory", "A memory.")
            .gives(json::<MemoryAnswer>()),
        of(("PUT", "/v1/memories/{id}"), "memory_put", writer, axum::routing::put(update))
            .says("memory", "Changes a memory; what is absent stays.")
            .takes(json::<PatchRequest>())
            .gives(json::<MemoryAnswer>()),
        of(("PATCH", "/v1/memories/{id}"), "memory_update", writer, patch(update))
            .says("memory", "Changes a memory; what is absent stays.")
            .takes(json::<PatchRequest>())
            .gives(json::<MemoryAnswer>()),
        of(("DELETE", "/v1/memories/{id}"), "memory_delete", writer, delete(forget))
            .says("memory", "Deletes a memory; it can be had back for a while, or is erased.")
            .query(ERASE)
            .status(204),
        of(("GET", "/v1/memories/{id}/history"), "memory_history", reader, get(history))
            .says("memory", "What happened to a memory, the first first.")
            .gives(json::<History>()),
        of(("GET", "/v1/memories/{id}/as-of"), "memory_as_of", reader, get(as_of))
            .says("memory", "A memory as it was at a time.")
            .query(AT)
            .gives(json::<Value>()),
        of(("POST", "/v1/memories/{id}/restore"), "memory_restore", writer, post(restore))
            .says("memory", "Has a deleted memory back.")
            .gives(json::<MemoryAnswer>()),
        of(("POST", "/v1/memories/{id}/review"), "memory_review", writer, post(review))
            .says("memory", "Lets a memory in that was held back, or keeps it out.")
            .takes(json::<ReviewRequest>())
            .gives(json::<MemoryAnswer>()),
        of(("POST", "/v1/memories/{id}/feedback"), "memory_feedback", writer, post(feedback))
            .says("memory", "Judges a memory: view, endorse, dismiss, validate or refute.")
            .takes(json::<FeedbackRequest>())
            .gives(json::<MemoryAnswer>()),
        of(("POST", "/v1/search"), "memory_search", reader, post(search))
            .says("memory", "Finds memories by words, vectors and activation.")
            .takes(json::<SearchRequest>())
            .gives(json::<SearchAnswer>()),
        of(("POST", "/v1/recall"), "memory_recall", reader, post(recall))
            .says("memory", "What a message brings up, also as text for a language model.")
            .takes(json::<RecallRequest>())
            .gives(json::<RecallAnswer>()),
        of(("POST", "/v1/learn"), "memory_learn", writer, post(learn))
            .says("memory", "Learns from messages: memories, decisions, code, concepts.")
            .takes(json::<LearnRequest>())
            .gives(json::<LearnAnswer>()),
        of(("POST", "/v1/turn"), "memory_turn", writer, post(turn))
            .says("memory", "What a message brings up, then learns from the turn, in one call.")
            .takes(json::<TurnRequest>())
            .gives(json::<TurnAnswer>()),
        of(("POST", "/v1/allocate"), "memory_allocate", reader, post(allocate))
            .says(
                "memory",
                "Which column a memory would go to, and what votes for it; nothing is stored.",
            )
            .takes(json::<StoreRequest>())
            .gives(json::<AllocationAnswer>()),
        of(("GET", "/v1/memory/stats"), "memory_stats", reader, get(stats))
            .says("memory", "How much is remembered.")
            .query(BELIEFS)
            .gives(json::<Value>()),
        of(("GET", "/v1/memory/columns"), "memory_columns", reader, get(columns))
            .says("memory", "The columns of a collection: load, state, neighbours, convergence.")
            .query(COLLECTION)
            .gives(json::<SurveyAnswer>()),
        of(("GET", "/v1/collections"), "collection_list", reader, get(collections))
            .says("memory", "Collections of vectors.")
            .gives(json::<CollectionList>()),
        of(("POST", "/v1/collections"), "collection_add", writer, post(add_collection))
            .says("memory", "Makes a collection of vectors of one dimension.")
            .takes(json::<CollectionSpec>())
            .gives(json::<CollectionAnswer>())
            .status(201),
        of(("GET", "/v1/memory/export"), "memory_export", Role::Operator, get(export))
            .says("memory", "Everything that is remembered, as JSON lines with a checksum.")
            .gives(Body::Media("application/x-ndjson")),
        of(("POST", "/v1/memory/import"), "memory_import", Role::Operator, post(import))
            .says(
                "memory",
                "Takes in an export; it is checked as a whole before anything is written.",
            )
            .query(EXISTING)
            .takes(Body::Media("application/octet-stream"))
            .gives(json::<ImportAnswer>()),
        of(("POST", "/v1/memory/reset"), "memory_reset", Role::Admin, post(reset))
            .says("memory", "Removes everything that the tenant remembers and knows, for good.")
            .takes(json::<ResetRequest>())
            .status(204),
    ]
}

/// What was stored, in the order of the request.
#[derive(Serialize, JsonSchema)]
pub(crate) struct StoredList {
    results: Vec<StoredAnswer>,
}

/// What came of storing a memory.
#[derive(Serialize, JsonSchema)]
pub(crate) struct StoredAnswer {
    id: String,
    /// What is remembered.
    memory: String,
    /// `ADD`, or `NONE` where it was there already.
    event: &'static str,
    /// `added`, `reinforced` or `quarantined`.
    outcome: &'static str,
    /// Why it was held back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    /// A memory that is nearly the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    near: Option<Near>,
    /// How its column was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation: Option<AllocationAnswer>,
}

/// A memory that is nearly the same.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Near {
    id: String,
    similarity: f32,
}

/// Memories.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MemoryList {
    /// The newest first.
    results: Vec<MemoryAnswer>,
    /// What `after` is for the next page.
    next: Option<String>,
    /// How many there are in all.
    total: u64,
}

/// How many were deleted.
#[derive(Serialize, JsonSchema)]
struct Deleted {
    deleted: usize,
}

/// What happened to a memory.
#[derive(Serialize, JsonSchema)]
pub(crate) struct History {
    results: Vec<EventAnswer>,
}

/// Something that happened to a memory.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EventAnswer {
    memory_id: String,
    /// The version that it made.
    version: u32,
    /// `ADD`, `UPDATE` or `DELETE`.
    event: &'static str,
    /// What happened.
    what: &'static str,
    /// The text before, where it changed.
    old_memory: Option<String>,
    /// The text after, where it changed.
    new_memory: Option<String>,
    /// Every field that changed.
    changed: Vec<ChangedAnswer>,
    actor: String,
    created_at: String,
}

/// A field before and after.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChangedAnswer {
    field: String,
    before: Value,
    after: Value,
}

/// Whether a memory that was held back is let in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewRequest {
    pub(crate) approve: bool,
}

/// A judgement.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedbackRequest {
    pub(crate) action: FeedbackName,
}

/// How a memory is judged.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FeedbackName {
    /// Somebody looked at it.
    View,
    /// Somebody found it important.
    Endorse,
    /// Somebody found it of no use.
    Dismiss,
    /// Somebody confirmed it; it no longer fades.
    Validate,
    /// Somebody refuted it.
    Refute,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchAnswer {
    /// Best first.
    results: Vec<HitAnswer>,
    /// Whether there are more after them.
    more: bool,
    /// What it took.
    took: SearchTook,
    /// Why words alone were searched, where the endpoint gave no vector of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
}

/// What a search took.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchTook {
    columns_visited: u32,
    rows_scanned: u32,
    reranked: u32,
    candidates: usize,
}

/// A message that is to bring something up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecallRequest {
    message: String,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    /// How many memories, 1 to 100.
    #[serde(alias = "max_concepts")]
    limit: Option<usize>,
    /// How long the context may be, in bytes.
    context_bytes: Option<usize>,
    /// The conversation that it belongs to: what its last questions found primes this one.
    attention: Option<String>,
}

/// What a message brings up.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RecallAnswer {
    /// All of it as text.
    context: String,
    /// Memories, best first.
    results: Vec<HitAnswer>,
    /// What is known of what the message names.
    known: Vec<KnownAnswer>,
    /// What the message asks for by its words, and what is known of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<AskedAnswer>,
    /// Why words alone were searched, where the endpoint gave no vector of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded: Option<String>,
}

/// What is known of an entity.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KnownAnswer {
    entity: String,
    facts: Vec<String>,
}

/// Messages to learn from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearnRequest {
    /// The messages.
    messages: Option<Vec<MessageSpec>>,
    /// Instead of messages: what the user said,
    user_message: Option<String>,
    /// and what was answered.
    #[serde(alias = "ai_response")]
    assistant_message: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
}

/// What was learned.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LearnAnswer {
    messages: Vec<String>,
    decisions: Vec<String>,
    code: Vec<String>,
    /// What it was about.
    concepts: Vec<String>,
    /// Concepts that were not known before.
    new_concepts: usize,
    /// Compounds that were formed: concepts that have come together often enough.
    compounds: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct ListParams {
    #[serde(flatten)]
    pub(crate) scope: ScopeSpec,
    pub(crate) status: Option<StatusName>,
    /// JSON, as a search takes it.
    pub(crate) filters: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<usize>,
}

#[derive(Deserialize)]
struct DeleteAllParams {
    #[serde(flatten)]
    scope: ScopeSpec,
    filters: Option<String>,
    #[serde(default)]
    all: bool,
}

#[derive(Deserialize)]
pub(crate) struct EraseParams {
    #[serde(default)]
    pub(crate) erase: bool,
}

#[derive(Deserialize)]
pub(crate) struct AtParams {
    pub(crate) at: String,
}

/// Does something with the caller's memory, and counts it.
pub(crate) async fn with<T>(
    server: &Arc<Server>,
    caller: &Caller,
    operation: &'static str,
    doing: impl AsyncFnOnce(Memory) -> Result<T, RequestError>,
) -> Result<T, RequestError> {
    let since = now();
    let done = match server.memories.of(&caller.tenant).await {
        Ok(memory) => doing(memory).await,
        Err(error) => Err(error),
    };
    server.memories.signals.operations.record(operation, done.as_ref().err(), since.elapsed());
    server.tenants.record(caller.tenant.as_str(), done.is_ok(), now_ms());
    match &done {
        Err(RequestError::Refused(_)) => server.memories.signals.refused(),
        Err(RequestError::Quota(used)) => server.accounts.refused(&caller.tenant, used.quota),
        _ => {}
    }
    done
}

/// Does what takes long on a thread that may block, so that others are served; only so many at a time.
pub(crate) async fn aside<T: Send + 'static>(
    server: &Server,
    doing: impl FnOnce() -> Result<T, RequestError> + Send + 'static,
) -> Result<T, RequestError> {
    let room = Arc::clone(&server.memories.analyses);
    let room = room.acquire_owned().await.map_err(|_| RequestError::Failed)?;
    let done = tokio::task::spawn_blocking(move || {
        // Held until it is done, even if nobody waits for it any more.
        let _room = room;
        doing()
    });
    done.await.map_err(|_| RequestError::Failed)?
}

pub(crate) async fn store(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<StoreRequest>,
) -> Result<(StatusCode, Answer<StoredList>), RequestError> {
    let results = stored(&server, &caller, vec![request]).await?;
    Ok((StatusCode::CREATED, Answer(StoredList { results })))
}

pub(crate) async fn store_many(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<StoreMany>,
) -> Result<(StatusCode, Answer<StoredList>), RequestError> {
    if request.memories.is_empty() || request.memories.len() > MAX_STORED {
        let found = request.memories.len();
        return Err(RequestError::bad(format!("memories: {found}, expected 1 to {MAX_STORED}")));
    }
    let results = stored(&server, &caller, request.memories).await?;
    Ok((StatusCode::CREATED, Answer(StoredList { results })))
}

/// Stores memories together: what waits for the disk waits once.
async fn stored(
    server: &Arc<Server>,
    caller: &Caller,
    requests: Vec<StoreRequest>,
) -> Result<Vec<StoredAnswer>, RequestError> {
    let mut news = Vec::with_capacity(requests.len());
    for request in requests {
        news.extend(request.read()?);
    }
    with(server, caller, "store", async |memory| {
        let by = by(caller);
        memory.embed_all(&mut news).await?;
        let storing = news.into_iter().map(|new| memory.store(new, &by));
        let done = futures_util::future::join_all(storing).await;
        let mut answers = Vec::with_capacity(done.len());
        let mut failed = None;
        for stored in done {
            match stored {
                Ok(stored) => {
                    server.memories.signals.stored(&stored);
                    answers.push(StoredAnswer::of(&stored));
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(answers), |error| Err(error.into()))
    })
    .await
}

impl StoredAnswer {
    pub(crate) fn of(stored: &memory::Stored) -> Self {
        let near = stored.near.map(|(id, similarity)| Near { id: id.to_string(), similarity });
        let reinforced = stored.outcome == memory::Outcome::Reinforced;
        Self {
            id: stored.item.id.to_string(),
            memory: stored.item.text.clone(),
            event: if reinforced { "NONE" } else { "ADD" },
            outcome: stored.outcome.name(),
            reasons: stored.item.reasons.clone(),
            near,
            allocation: stored.allocation.as_ref().map(AllocationAnswer::of),
        }
    }
}

/// The filter of a query's parameter.
fn filter(written: Option<&str>) -> Result<Filter, RequestError> {
    let Some(written) = written else { return Ok(Filter::everything()) };
    let value: Value = serde_json::from_str(written)
        .map_err(|error| RequestError::bad(format!("filters: expected JSON: {error}")))?;
    Ok(Filter::parse(&value)?)
}

pub(crate) async fn list(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Answer<MemoryList>, RequestError> {
    let limit = params.limit.unwrap_or(LISTED);
    if !(1..=MAX_LISTED).contains(&limit) {
        return Err(RequestError::bad(format!("limit: {limit}, expected 1 to {MAX_LISTED}")));
    }
    let after = params.after.as_deref().filter(|after| !after.is_empty());
    let after = after.map(memory::Id::parse).transpose()?;
    let statuses = [params.status.map_or(Status::Active, Status::from)];
    let scope = Scope::from(params.scope);
    let filter = filter(params.filters.as_deref())?;
    let listed = with(&server, &caller, "list", async |memory| {
        Ok(memory.list(&scope, &filter, &statuses, after, limit)?)
    })
    .await?;
    let now = now_us();
    Ok(Answer(MemoryList {
        results: listed.items.iter().map(|item| MemoryAnswer::of(item, now)).collect(),
        next: listed.next.map(|id| id.to_string()),
        total: listed.total,
    }))
}

async fn delete_all(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<DeleteAllParams>,
) -> Result<Answer<Deleted>, RequestError> {
    let scope = Scope::from(params.scope);
    if scope.names().next().is_none() && !params.all {
        let said = "expected user_id, agent_id or run_id, or all=true for everything";
        return Err(RequestError::bad(said));
    }
    let filter = filter(params.filters.as_deref())?;
    let deleted = with(&server, &caller, "delete", async |memory| {
        Ok(memory.delete_all(&scope, &filter, &by(&caller)).await?)
    })
    .await?;
    Ok(Answer(Deleted { deleted }))
}

pub(crate) async fn one(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    let id = id(&name)?;
    let item = with(&server, &caller, "get", async |memory| Ok(memory.get(id)?)).await?;
    Ok(Answer(MemoryAnswer::of(&item, now_us())))
}

pub(crate) async fn update(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(request): Json<PatchRequest>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    let (id, patch) = (id(&name)?, request.read()?);
    let item = with(&server, &caller, "update", async |memory| {
        Ok(memory.update(id, patch, &by(&caller)).await?)
    })
    .await?;
    Ok(Answer(MemoryAnswer::of(&item, now_us())))
}

pub(crate) async fn forget(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<EraseParams>,
) -> Result<StatusCode, RequestError> {
    let id = id(&name)?;
    let operation = if params.erase { "erase" } else { "delete" };
    with(&server, &caller, operation, async |memory| {
        match params.erase {
            true => memory.erase(id, &by(&caller)).await?,
            false => drop(memory.delete(id, &by(&caller)).await?),
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

pub(crate) async fn history(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer<History>, RequestError> {
    let id = id(&name)?;
    let events =
        with(&server, &caller, "get", async |memory| Ok(memory.history(id).await?)).await?;
    let results = events.iter().map(|event| EventAnswer::of(&name, event)).collect();
    Ok(Answer(History { results }))
}

impl EventAnswer {
    fn of(name: &str, event: &memory::Event) -> Self {
        use memory::Happened::{Added, Deleted, Imported, Rejected};
        let value = |json: &str| serde_json::from_str(json).unwrap_or(Value::Null);
        let text = |side: fn(&memory::Changed) -> &String| {
            let changed = event.changed.iter().find(|c| c.field == "text")?;
            value(side(changed)).as_str().map(str::to_owned)
        };
        let changed = event.changed.iter().map(|c| ChangedAnswer {
            field: c.field.clone(),
            before: value(&c.before),
            after: value(&c.after),
        });
        Self {
            memory_id: name.to_owned(),
            version: event.version,
            event: match event.what {
                Added | Imported => "ADD",
                Deleted | Rejected => "DELETE",
                _ => "UPDATE",
            },
            what: event.what.name(),
            old_memory: text(|c| &c.before),
            new_memory: text(|c| &c.after),
            changed: changed.collect(),
            actor: event.by.clone(),
            created_at: moment::written(event.at),
        }
    }
}

pub(crate) async fn as_of(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<AtParams>,
) -> Result<Answer<Value>, RequestError> {
    let (id, at) = (id(&name)?, time("at", &params.at)?);
    let then =
        with(&server, &caller, "get", async |memory| Ok(memory.as_of(id, at).await?)).await?;
    Ok(Answer(Value::Object(then)))
}

pub(crate) async fn restore(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    let id = id(&name)?;
    let item = with(&server, &caller, "restore", async |memory| {
        Ok(memory.restore(id, &by(&caller)).await?)
    })
    .await?;
    Ok(Answer(MemoryAnswer::of(&item, now_us())))
}

pub(crate) async fn review(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(request): Json<ReviewRequest>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    let id = id(&name)?;
    let item = with(&server, &caller, "review", async |memory| {
        Ok(memory.review(id, request.approve, &by(&caller)).await?)
    })
    .await?;
    Ok(Answer(MemoryAnswer::of(&item, now_us())))
}

pub(crate) async fn feedback(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(request): Json<FeedbackRequest>,
) -> Result<Answer<MemoryAnswer>, RequestError> {
    let id = id(&name)?;
    let feedback = match request.action {
        FeedbackName::View => Feedback::View,
        FeedbackName::Endorse => Feedback::Endorse,
        FeedbackName::Dismiss => Feedback::Dismiss,
        FeedbackName::Validate => Feedback::Validate,
        FeedbackName::Refute => Feedback::Refute,
    };
    let item = with(&server, &caller, "feedback", async |memory| {
        Ok(memory.feedback(id, feedback, &by(&caller)).await?)
    })
    .await?;
    Ok(Answer(MemoryAnswer::of(&item, now_us())))
}

pub(crate) async fn search(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<SearchRequest>,
) -> Result<Answer<SearchAnswer>, RequestError> {
    let query = request.read()?;
    let now = now_us();
    let found =
        with(&server, &caller, "search", async |memory| Ok(memory.find(&query, now).await?))
            .await?;
    server.memories.signals.found(&found);
    Ok(Answer(SearchAnswer {
        results: found.hits.iter().map(|hit| HitAnswer::of(hit, now)).collect(),
        more: found.more,
        took: SearchTook {
            columns_visited: found.columns.columns_visited,
            rows_scanned: found.columns.rows_scanned,
            reranked: found.columns.reranked,
            candidates: found.candidates,
        },
        degraded: found.words_only,
    }))
}

pub(crate) async fn recall(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<RecallRequest>,
) -> Result<Answer<RecallAnswer>, RequestError> {
    let recall = Recall {
        message: request.message,
        scope: Scope {
            user_id: request.user_id,
            agent_id: request.agent_id,
            run_id: request.run_id,
        },
        limit: request.limit.unwrap_or(10),
        context_bytes: request.context_bytes.unwrap_or(4096),
        attention: request.attention,
    };
    let now = now_us();
    let recalled =
        with(&server, &caller, "recall", async |memory| Ok(memory.recall(&recall, now).await?))
            .await?;
    server.memories.signals.degraded(recalled.words_only.as_deref());
    Ok(Answer(RecallAnswer::of(recalled, now)))
}

impl RecallAnswer {
    fn of(recalled: memory::Recalled, now: memory::Time) -> Self {
        let known = recalled.known.into_iter();
        Self {
            context: recalled.context,
            results: recalled.hits.iter().map(|hit| HitAnswer::of(hit, now)).collect(),
            known: known.map(|(entity, facts)| KnownAnswer { entity, facts }).collect(),
            asked: recalled.asked.map(AskedAnswer::of),
            degraded: recalled.words_only,
        }
    }
}

pub(crate) async fn learn(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<LearnRequest>,
) -> Result<Answer<LearnAnswer>, RequestError> {
    let said = |role: &str, content: Option<String>| {
        content.map(|content| Message { role: role.to_owned(), content })
    };
    let messages: Vec<Message> = match request.messages {
        Some(messages) => {
            messages.into_iter().map(|m| Message { role: m.role, content: m.content }).collect()
        }
        None => said("user", request.user_message)
            .into_iter()
            .chain(said("assistant", request.assistant_message))
            .collect(),
    };
    if messages.is_empty() {
        return Err(RequestError::bad("body: expected `messages` or `user_message`"));
    }
    let scope =
        Scope { user_id: request.user_id, agent_id: request.agent_id, run_id: request.run_id };
    let learned = with(&server, &caller, "learn", async |memory| {
        Ok(memory.learn(&messages, &scope, &by(&caller)).await?)
    })
    .await?;
    Ok(Answer(LearnAnswer::of(learned)))
}

impl LearnAnswer {
    fn of(learned: memory::Learned) -> Self {
        let names = |ids: &[memory::Id]| ids.iter().map(ToString::to_string).collect();
        Self {
            messages: names(&learned.messages),
            decisions: names(&learned.decisions),
            code: names(&learned.code),
            concepts: learned.concepts.into_iter().map(|(name, _)| name).collect(),
            new_concepts: learned.new_concepts,
            compounds: learned.compounds.into_iter().map(|(name, _)| name).collect(),
        }
    }
}

#[derive(Default, Deserialize)]
pub(crate) struct StatsParams {
    #[serde(default)]
    pub(crate) beliefs: bool,
}

pub(crate) async fn stats(
    State(server): Shared,
    caller: Caller,
    Params(asked): Params<StatsParams>,
) -> Result<Answer<Value>, RequestError> {
    let both = async |memory: Memory| {
        let health = || memory.health(now_us(), HEALTH_TIME);
        Ok((memory.stats()?, asked.beliefs.then(health).transpose()?))
    };
    let (stats, health) = with(&server, &caller, "get", both).await?;
    let mut stats = serde_json::to_value(stats).unwrap_or_default();
    if let Some(health) = health {
        stats["believed"] = health.believed.into();
        stats["contested"] = health.contested.into();
        stats["belief_health"] = health.ratio().into();
        stats["revisions_per_minute"] = health.revisions_per_minute().into();
        stats["drift"] = health.drift().into();
    }
    Ok(Answer(stats))
}
