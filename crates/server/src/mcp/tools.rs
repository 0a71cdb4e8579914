//! The table of tools: what each is called, who may use it, what it takes and gives.
//!
//! A tool reads its arguments and calls the handler of HTTP; nothing is done here a second time.

use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use axum::Json as Answer;
use axum::body::Bytes;
use axum::extract::{Path, State};
use memory::{Existing, Memory};
use rmcp::model::{Tool as Described, ToolAnnotations};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::RequestError;
use crate::http::extract::{Json, Params, Whole};
use crate::http::{analysis, assumptions, knowledge, memories};
use crate::request::Server;
use crate::security::{Access, Caller, Role};
use crate::wire::analysis::{AnalysisAnswer, AnalyzeRequest};
use crate::wire::assumptions::{AssumptionsAnswer, AssumptionsRequest};
use crate::wire::knowledge::{ChangedAnswer, EntityRef, FactAnswer, FactSpec, RelationSpec};
use crate::wire::memory::{MemoryAnswer, PatchRequest, SearchRequest, StoreRequest};

mod arguments;

use self::arguments::{Of, Patch, numbered, read, taken};

/// The longest export that an answer holds (bytes); longer ones are for `GET /v1/memory/export`.
const MAX_EXPORT_BYTES: usize = 1 << 20;

type Called = Pin<Box<dyn Future<Output = Result<Value, RequestError>> + Send>>;

/// A tool.
pub(super) struct Tool {
    /// As clients see it.
    pub(super) described: Described,
    /// Who may use it.
    pub(super) role: Role,
    /// Whether its use is audited, as the route of HTTP is.
    audited: bool,
    call: fn(Arc<Server>, Caller, Value) -> Called,
}

/// What a tool does to what is there.
enum Effect {
    /// Nothing is changed.
    Reads,
    /// Something is added.
    Adds,
    /// The same again adds nothing.
    AddsOnce,
    /// What is there is replaced.
    Replaces,
    /// What is there is gone.
    Removes,
    /// What is there counts or holds otherwise, with each call again.
    Changes,
}

impl Effect {
    fn annotations(&self) -> ToolAnnotations {
        let (reads, destroys, same) = match self {
            Self::Reads => (true, false, true),
            Self::Adds => (false, false, false),
            Self::AddsOnce => (false, false, true),
            Self::Replaces | Self::Removes => (false, true, true),
            Self::Changes => (false, true, false),
        };
        ToolAnnotations::new()
            .read_only(reads)
            .destructive(destroys)
            .idempotent(same)
            .open_world(false)
    }
}

impl Tool {
    /// Calls it, where the caller may.
    ///
    /// # Errors
    /// [`RequestError`] of its arguments, of the role, or of what it does.
    pub(super) async fn call(
        &self,
        server: &Arc<Server>,
        caller: Caller,
        arguments: Value,
    ) -> Result<Value, RequestError> {
        if let Err(error) = Access::AtLeast(self.role).check(caller.role) {
            server.security.denied(caller.role);
            return Err(error);
        }
        let subject = caller.subject.clone();
        let done = (self.call)(Arc::clone(server), caller, arguments).await;
        if self.audited {
            let status = done.as_ref().err().map_or(200, |error| error.status().as_u16());
            let target = format!("/mcp {}", self.described.name);
            let audit = &server.security.audit;
            audit.note(&subject, &self.described.name, &target, &status.to_string()).await;
        }
        done
    }
}

/// Every tool.
pub(super) fn all() -> &'static [Tool] {
    static ALL: LazyLock<Vec<Tool>> = LazyLock::new(table);
    &ALL
}

/// The tool of a name.
pub(super) fn named(name: &str) -> Option<&'static Tool> {
    all().iter().find(|tool| tool.described.name == name)
}

/// Names of the tool: for programs, and for people.
type Name = (&'static str, &'static str);

/// A tool that takes and gives what the types say.
fn tool<Takes: JsonSchema, Gives: JsonSchema + 'static>(
    (name, title): Name,
    (role, effect): (Role, Effect),
    says: &'static str,
    call: fn(Arc<Server>, Caller, Value) -> Called,
) -> Tool {
    let described = Described::new(name, says, taken::<Takes>())
        .with_title(title)
        .with_output_schema::<Gives>()
        .with_annotations(effect.annotations());
    let audited = role >= Role::Operator && !matches!(effect, Effect::Reads);
    Tool { described, role, audited, call }
}

/// A memory by its name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct One {
    /// The memory's name, a UUID.
    id: String,
}

/// A memory that is to go.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Delete {
    /// The memory's name, a UUID.
    id: String,
    /// For good, with its history; it cannot be had back.
    #[serde(default)]
    erase: bool,
}

/// A memory that is gone.
#[derive(Serialize, JsonSchema)]
struct DeletedAnswer {
    id: String,
    /// Whether it is gone for good.
    erased: bool,
}

/// A time, and what is looked at: one memory, or facts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AsOf {
    /// The time, RFC 3339, as 2026-11-21T10:30:00Z.
    at: String,
    /// The memory that is looked at; facts where there is none.
    id: Option<String>,
    /// Facts about this entity only, by its number, or a name that it had then.
    subject: Option<EntityRef>,
    /// Facts that say this only, as `lives_in`.
    predicate: Option<String>,
    /// What was true at another time, as it was known at `at`.
    valid_at: Option<String>,
    /// The `next` of the page of facts before.
    after: Option<u64>,
}

/// What was so.
#[derive(Serialize, JsonSchema)]
struct AsOfAnswer {
    /// The memory's fields as they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Map<String, Value>>,
    /// Facts as they were known.
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Vec<FactAnswer>>,
    /// What `after` is for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// Nothing is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Everything that is remembered.
#[derive(Serialize, JsonSchema)]
struct ExportAnswer {
    /// JSON lines; the last has the checksum.
    lines: String,
    /// How many there are.
    n_lines: usize,
}

/// What is to be taken in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    /// An export, as it was given.
    lines: String,
    /// What becomes of memories that are there.
    #[serde(default)]
    existing: ExistingName,
}

/// What becomes of memories that are there already.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ExistingName {
    /// Nothing is imported.
    #[default]
    Refuse,
    /// They stay as they are.
    Skip,
}

/// How much is remembered: numbers by their names.
#[derive(Serialize, JsonSchema)]
struct StatsAnswer {
    /// Memories that are found.
    active: u64,
    #[serde(flatten)]
    more: std::collections::BTreeMap<String, f64>,
}

/// What a handler of HTTP answered, as a value.
fn written<T: Serialize>(answer: T) -> Result<Value, RequestError> {
    // Structures of ours: nothing that JSON could refuse.
    serde_json::to_value(answer).map_err(|_| RequestError::Failed)
}

/// The function of a tool: its arguments, read, go to what answers; with a number where it takes [`Of`].
macro_rules! calls {
    (|$server:ident, $caller:ident, $id:ident, $rest:ident: $takes:ty| $answer:expr) => {
        |$server: Arc<Server>, $caller: Caller, arguments: Value| -> Called {
            Box::pin(async move {
                let ($id, $rest) = numbered::<$takes>(arguments)?;
                written($answer)
            })
        }
    };
    (|$server:ident, $caller:ident, $arguments:ident: $takes:ty| $answer:expr) => {
        |$server: Arc<Server>, $caller: Caller, arguments: Value| -> Called {
            Box::pin(async move {
                let $arguments: $takes = read(arguments)?;
                written($answer)
            })
        }
    };
}

/// What a memory is told, finds and forgets is here; the rest is in a file of its own, which the macro
/// stands before.
mod branch;
mod keep;
mod know;
mod mind;
mod reason;
mod think;

fn table() -> Vec<Tool> {
    let others = [
        keep::table(),
        know::table(),
        branch::table(),
        mind::table(),
        think::table(),
        reason::table(),
    ];
    own().into_iter().chain(others.into_iter().flatten()).collect()
}

fn own() -> Vec<Tool> {
    let (reader, writer, operator) = (Role::Reader, Role::Writer, Role::Operator);
    vec![
        tool::<StoreRequest, memories::StoredList>(
            ("memory_store", "Store a memory"),
            (writer, Effect::Adds),
            "Remembers a text, or each of the messages of a conversation as it stands. One \
             statement a memory is found best. The answer says whether it is new (ADD) or was \
             known word for word (NONE), and names a memory that is nearly the same.",
            calls!(|server, caller, request: StoreRequest| {
                memories::store(State(server), caller, Json(request)).await?.1.0
            }),
        ),
        tool::<SearchRequest, memories::SearchAnswer>(
            ("memory_search", "Search memories"),
            (reader, Effect::Reads),
            "Finds memories by words, meaning and what they are related to; best first. Narrow it \
             with user_id, agent_id, run_id or filters. What is found is kept longer, unless \
             reinforce is false. With syntax operators, \"a phrase\" and +word must \
             stand in each memory that is found and -word in none.",
            calls!(|server, caller, request: SearchRequest| {
                memories::search(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<One, MemoryAnswer>(
            ("memory_get", "Get a memory"),
            (reader, Effect::Reads),
            "A memory by its id, with its tags, metadata, strength and status.",
            calls!(|server, caller, one: One| {
                memories::one(State(server), caller, Path(one.id)).await?.0
            }),
        ),
        tool::<Patch, MemoryAnswer>(
            ("memory_update", "Change a memory"),
            (writer, Effect::Replaces),
            "Changes the text or other fields of a memory; what is absent stays. The version \
             before stays in its history.",
            |server, caller, arguments| Box::pin(update(server, caller, arguments)),
        ),
        tool::<Delete, DeletedAnswer>(
            ("memory_delete", "Delete a memory"),
            (writer, Effect::Removes),
            "Deletes a memory. It can be had back for a while, unless erase is true: then it is \
             gone for good with its history.",
            calls!(|server, caller, delete: Delete| {
                let (id, erase) = (delete.id, delete.erase);
                let params = Params(memories::EraseParams { erase });
                memories::forget(State(server), caller, Path(id.clone()), params).await?;
                DeletedAnswer { id, erased: erase }
            }),
        ),
        tool::<One, memories::History>(
            ("memory_history", "History of a memory"),
            (reader, Effect::Reads),
            "What happened to a memory, the first first: who changed which field from what to \
             what.",
            calls!(|server, caller, one: One| {
                memories::history(State(server), caller, Path(one.id)).await?.0
            }),
        ),
        tool::<RelationSpec, ChangedAnswer>(
            ("memory_link", "Relate two memories"),
            (writer, Effect::Adds),
            "Relates two memories or entities, so that one brings up the other: from and to are \
             {\"memory\": ID} or {\"entity\": NUMBER}, kind says how (mentions, caused, follows). \
             Once more strengthens the relation.",
            calls!(|server, caller, spec: RelationSpec| {
                knowledge::add_relation(State(server), caller, Json(spec)).await?.1.0
            }),
        ),
        tool::<knowledge::ActivateRequest, knowledge::ActivationAnswer>(
            ("memory_activate", "What comes to mind"),
            (reader, Effect::Reads),
            "What comes to mind with some memories, entities or names: activation spreads over \
             relations from the seeds, or a random walk returns to them (method pagerank). A \
             question's names are seeds too, and what it asks for chooses the strategy. Each \
             result tells the way to it.",
            calls!(|server, caller, request: knowledge::ActivateRequest| {
                knowledge::activate(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<AnalyzeRequest, AnalysisAnswer>(
            ("memory_analyze", "Analyse what is known"),
            (reader, Effect::Reads),
            "Analyses the graph of entities and what joins them: ways between two \
             (shortest_paths), parts (components), importance (page_rank, betweenness, degree), \
             groups (communities), missing links (predicted_links), what holds it together \
             (bridges, articulation_points, maximum_flow) and a summary. Ends are {\"name\": NAME} \
             or {\"entity\": NUMBER}.",
            calls!(|server, caller, request: AnalyzeRequest| {
                analysis::analyze(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<AssumptionsRequest, AssumptionsAnswer>(
            ("memory_assumptions", "What rests on which assumptions"),
            (reader, Effect::Reads),
            "Questions about what facts rest on; nothing is changed. holds_under: the smallest sets \
             of assumptions from which a fact follows. impossible: the smallest sets of assumptions \
             that cannot all be true. suppose: what would come to hold, and hold no longer, with the \
             facts of assume and without those of without. Facts are numbers, as memory_as_of tells.",
            calls!(|server, caller, request: AssumptionsRequest| {
                assumptions::assumptions(State(server), caller, Json(request)).await?.0
            }),
        ),
        tool::<FactSpec, ChangedAnswer>(
            ("memory_revise", "Believe something new"),
            (writer, Effect::Removes),
            "Learns a fact about an entity (subject, predicate, object or object_entity, negated; \
             entities by number or name), and gives up as little as it takes that nothing that is believed contradicts it; \
             given_up names those facts.",
            calls!(|server, caller, spec: FactSpec| {
                knowledge::revise_fact(State(server), caller, Json(spec)).await?.1.0
            }),
        ),
        tool::<AsOf, AsOfAnswer>(
            ("memory_as_of", "Memory at a time"),
            (reader, Effect::Reads),
            "A memory as it was at a time (with id), or the facts that were known then (without).",
            calls!(|server, caller, asked: AsOf| as_of(server, caller, asked).await?),
        ),
        tool::<Nothing, ExportAnswer>(
            ("memory_export", "Export everything"),
            (operator, Effect::Reads),
            "Everything that is remembered and known, as JSON lines with a checksum, up to 1 MiB; \
             more than that is at GET /v1/memory/export.",
            calls!(|server, caller, _nothing: Nothing| export(server, caller).await?),
        ),
        tool::<Import, memories::ImportAnswer>(
            ("memory_import", "Import"),
            (operator, Effect::AddsOnce),
            "Takes in the lines of an export. They are checked as a whole before anything is \
             written; memories that are there are refused, or skipped if existing says so.",
            calls!(|server, caller, import: Import| {
                let existing = match import.existing {
                    ExistingName::Refuse => Existing::Refuse,
                    ExistingName::Skip => Existing::Skip,
                };
                let params = Params(memories::ExistingParams { existing });
                let file = Whole(Bytes::from(import.lines));
                memories::import(State(server), caller, params, file).await?.0
            }),
        ),
        tool::<Nothing, StatsAnswer>(
            ("memory_stats", "How much is remembered"),
            (reader, Effect::Reads),
            "How many memories there are by status and tier, entities, relations, facts, \
             contradictions, and bytes; how many facts are believed and contested, which part \
             stands without a contradiction (belief_health), and how often and how far beliefs \
             changed in the last hour.",
            calls!(|server, caller, _nothing: Nothing| {
                let asked = Params(memories::StatsParams { beliefs: true });
                memories::stats(State(server), caller, asked).await?.0
            }),
        ),
    ]
}

async fn update(
    server: Arc<Server>,
    caller: Caller,
    mut arguments: Value,
) -> Result<Value, RequestError> {
    let id = arguments.as_object_mut().and_then(|fields| fields.remove("id"));
    let Some(Value::String(id)) = id else {
        return Err(RequestError::bad("arguments.id: expected the name of a memory, a UUID"));
    };
    let request: PatchRequest = read(arguments)?;
    written(memories::update(State(server), caller, Path(id), Json(request)).await?.0)
}

async fn as_of(
    server: Arc<Server>,
    caller: Caller,
    asked: AsOf,
) -> Result<AsOfAnswer, RequestError> {
    if let Some(id) = asked.id {
        if asked.subject.is_some() || asked.predicate.is_some() || asked.valid_at.is_some() {
            let said = "arguments: subject, predicate and valid_at: expected without id";
            return Err(RequestError::bad(said));
        }
        let params = Params(memories::AtParams { at: asked.at });
        let Answer(then) = memories::as_of(State(server), caller, Path(id), params).await?;
        let memory = then.as_object().cloned();
        return Ok(AsOfAnswer { memory, facts: None, next: None });
    }
    let valid_at = asked.valid_at.unwrap_or_else(|| asked.at.clone());
    let at =
        knowledge::PlainAt { branch: None, known_at: Some(asked.at), valid_at: Some(valid_at) };
    let subject = match asked.subject {
        None => None,
        Some(subject) => {
            let then = at.read()?;
            let read = async |memory: Memory| subject.read("arguments.subject", &memory, then);
            Some(memories::with(&server, &caller, "get", read).await?.0)
        }
    };
    let params = knowledge::FactParams {
        subject,
        predicate: asked.predicate,
        object: None,
        unsupported: false,
        after: asked.after,
        at,
    };
    let Answer(page) = knowledge::facts(State(server), caller, Params(params)).await?;
    Ok(AsOfAnswer { memory: None, facts: Some(page.results), next: page.next })
}

/// The lines of an export, as long as they fit an answer.
async fn export(server: Arc<Server>, caller: Caller) -> Result<ExportAnswer, RequestError> {
    memories::with(&server, &caller, "move", async |memory| {
        let (to, mut lines) = tokio::sync::mpsc::channel(64);
        let exported = tokio::spawn(async move { memory.export(to).await });
        let mut text = Vec::new();
        let mut n_lines = 0;
        while let Some(line) = lines.recv().await {
            if text.len() + line.len() > MAX_EXPORT_BYTES {
                return Err(RequestError::bad(format!(
                    "export: expected at most {MAX_EXPORT_BYTES} bytes, there are more; \
                     GET /v1/memory/export gives all of it"
                )));
            }
            text.extend(line);
            n_lines += 1;
        }
        exported.await.map_err(|_| RequestError::Failed)??;
        let lines = String::from_utf8(text).map_err(|_| RequestError::Failed)?;
        Ok(ExportAnswer { lines, n_lines })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_described_for_a_model() {
        let names: std::collections::BTreeSet<_> =
            all().iter().map(|tool| tool.described.name.as_ref()).collect();
        assert_eq!((names.len(), all().len()), (74, 74), "a name stands once");
        for tool in all() {
            let described = &tool.described;
            assert!(described.title.as_ref().is_some_and(|title| !title.is_empty()));
            assert!(described.description.as_ref().is_some_and(|text| text.len() > 40));
            assert_eq!(described.input_schema["type"], "object", "{}", described.name);
            let gives = described.output_schema.as_ref().unwrap();
            assert_eq!(gives["type"], "object", "{}", described.name);
            let hints = described.annotations.as_ref().unwrap();
            assert_eq!(hints.read_only_hint, Some(tool.call_is_of_readers()), "{}", described.name);
        }
    }

    impl Tool {
        /// Only an export is read by operators alone.
        fn call_is_of_readers(&self) -> bool {
            self.role == Role::Reader || self.described.name == "memory_export"
        }
    }
}
