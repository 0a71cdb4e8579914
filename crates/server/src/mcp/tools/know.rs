//! Tools of what is known: entities, facts, predicates, branches, and where a memory would go.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Called, Effect, Nothing, Tool, read, tool, written};
use crate::error::RequestError;
use crate::http::extract::{Json, JsonIfAny, Number, Params};
use crate::http::knowledge::{self, EraseParams, MergeBranch, PropertyParams, WithParams};
use crate::http::{classes, memories, vocabulary};
use crate::request::Server;
use crate::security::{Caller, Role};
use crate::wire::knowledge::{ChangedAnswer, EntityPatch, EntitySpec, FactSpec};
use crate::wire::memory::StoreRequest;

/// A tool that changes an entity takes its number beside what the body of HTTP has.
struct Change;

impl JsonSchema for Change {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Change".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = EntityPatch::json_schema(generator);
        let id = json!({ "type": "integer", "minimum": 0, "description": "The entity's number." });
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("id".into(), id);
        }
        schema.insert("required".into(), json!(["id"]));
        schema
    }
}

/// What is to go.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Remove {
    /// Its number.
    id: u64,
    /// For good, with its history; it cannot be had back.
    #[serde(default)]
    erase: bool,
    /// The branch; the main one where there is none.
    branch: Option<u64>,
}

/// Two entities that are one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Merge {
    /// The entity that stays.
    id: u64,
    /// The entity that goes.
    from: u64,
}

/// A property of an entity.
#[derive(Deserialize, JsonSchema)]
struct PropertyOf {
    /// The entity's number.
    id: u64,
    #[serde(flatten)]
    asked: PropertyParams,
}

/// Two branches.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Compare {
    /// The branch.
    id: u64,
    /// The other; the main one where there is none.
    with: Option<u64>,
}

/// A branch that is merged into its parent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MergeInto {
    /// The branch.
    id: u64,
    /// Which side is taken where both changed the same.
    strategy: knowledge::MergeName,
    /// With `manual`: whose value is taken of each item that memory_compare_branches names:
    /// `{"fact 7": "child"}`.
    #[serde(default)]
    choices: BTreeMap<String, knowledge::SideName>,
}

impl Remove {
    fn read(self) -> (Number, Params<EraseParams>) {
        let Self { id, erase, branch } = self;
        (Number(id), Params(EraseParams { erase, branch }))
    }
}

pub(super) fn table() -> Vec<Tool> {
    [looking(), entities(), facts(), branches()].into_iter().flatten().collect()
}

fn looking() -> Vec<Tool> {
    let reads = || (Role::Reader, Effect::Reads);
    vec![
        tool::<knowledge::EntityParams, knowledge::EntityList>(
            ("memory_entities", "List entities"),
            reads(),
            "Entities with their numbers, kinds, aliases, properties and parents, in pages: all, those \
             of a name, or those with a name that begins so (prefix).",
            calls!(|server, caller, params: knowledge::EntityParams| {
                knowledge::entities(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<PropertyOf, knowledge::PropertyAnswer>(
            ("memory_property", "A property of an entity"),
            reads(),
            "A property of an entity, its own or inherited from what it is_a, and where it comes from; \
             an exception tells its reason.",
            calls!(|server, caller, of: PropertyOf| {
                let asked = Params(of.asked);
                knowledge::property(State(server), caller, Number(of.id), asked).await?.0
            }),
        ),
        tool::<vocabulary::VocabularyParams, vocabulary::KindList>(
            ("memory_kinds", "Kinds of entities"),
            reads(),
            "Kinds of entities, with how many there are of each; look here before naming a new kind.",
            calls!(|server, caller, params: vocabulary::VocabularyParams| {
                vocabulary::kinds(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<vocabulary::VocabularyParams, vocabulary::PredicateList>(
            ("memory_predicates", "Predicates of facts"),
            reads(),
            "Predicates, with whether a subject has one value at a time and how many facts say each; \
             look here before naming a new one.",
            calls!(|server, caller, params: vocabulary::VocabularyParams| {
                vocabulary::predicates(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<StoreRequest, memories::AllocationAnswer>(
            ("memory_allocate", "Where a memory would go"),
            reads(),
            "Which column a memory would go to if it were stored: its first spikes, each column that \
             competed with its votes, how the competition converged, and a memory that is nearly the \
             same. Nothing is stored.",
            calls!(|server, caller, request: StoreRequest| {
                memories::allocate(State(server), caller, Json(request)).await?.0
            }),
        ),
    ]
}

fn entities() -> Vec<Tool> {
    let writer = Role::Writer;
    vec![
        tool::<EntitySpec, ChangedAnswer>(
            ("memory_add_entity", "Add an entity"),
            (writer, Effect::Adds),
            "Adds an entity with its name, kind, aliases and properties; one of the same name and kind \
             is refused.",
            calls!(|server, caller, spec: EntitySpec| {
                knowledge::add_entity(State(server), caller, Json(spec)).await?.1.0
            }),
        ),
        tool::<Change, ChangedAnswer>(
            ("memory_update_entity", "Change an entity"),
            (writer, Effect::Replaces),
            "Changes the name, kind, aliases, properties, exceptions, template (what it says of all \
             below it, and not of itself) or parents of an entity; what is absent stays, and what was \
             known before can still be read.",
            |server, caller, arguments| Box::pin(update(server, caller, arguments)),
        ),
        tool::<Remove, ChangedAnswer>(
            ("memory_delete_entity", "Delete an entity"),
            (writer, Effect::Removes),
            "Takes an entity back, which can still be read as it was known; with erase it is gone for \
             good with its facts.",
            calls!(|server, caller, remove: Remove| {
                let (id, how) = remove.read();
                knowledge::remove_entity(State(server), caller, id, how).await?.0
            }),
        ),
        tool::<Merge, ChangedAnswer>(
            ("memory_merge_entities", "Merge two entities"),
            (writer, Effect::Removes),
            "Makes one entity (id) stand for another (from), which is the same: its names, facts and \
             relations are found there from then on.",
            calls!(|server, caller, merge: Merge| {
                let spec = Json(knowledge::MergeEntities { from: merge.from });
                knowledge::merge_entities(State(server), caller, Number(merge.id), spec).await?.0
            }),
        ),
        tool::<classes::Reorganise, classes::ReorganisedAnswer>(
            ("memory_reorganise", "Say once what members have in common"),
            (writer, Effect::Changes),
            "Takes away the values that members of a class could inherit, and says them once at the \
             class, so that every entity has the same properties as before; who has something else is \
             an exception. With dry_run it only tells which values it would move and how much that \
             saves.",
            calls!(|server, caller, request: classes::Reorganise| {
                classes::reorganise(State(server), caller, JsonIfAny(Some(request))).await?.0
            }),
        ),
    ]
}

fn facts() -> Vec<Tool> {
    vec![
        tool::<FactSpec, ChangedAnswer>(
            ("memory_add_fact", "Add a fact"),
            (Role::Writer, Effect::Changes),
            "Learns a fact about an entity (subject, predicate, object or object_entity; entities by \
             number or name) beside what is known; of a predicate with one value at a time it ends the \
             value before, and contradictions names what came up. memory_revise gives up what \
             contradicts it instead.",
            calls!(|server, caller, spec: FactSpec| {
                knowledge::add_fact(State(server), caller, Json(spec)).await?.1.0
            }),
        ),
        tool::<knowledge::FactParams, knowledge::FactList>(
            ("memory_facts", "List facts"),
            (Role::Reader, Effect::Reads),
            "Facts in pages, of a subject, predicate or object by their numbers and names, as they were \
             true at one time (valid_at) and known at another (known_at).",
            calls!(|server, caller, params: knowledge::FactParams| {
                knowledge::facts(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<Remove, ChangedAnswer>(
            ("memory_retract_fact", "Take a fact back"),
            (Role::Writer, Effect::Removes),
            "Takes a fact back, which can still be read as it was known; with erase it is gone for good. \
             What rests on it alone is no longer believed.",
            calls!(|server, caller, remove: Remove| {
                let (id, how) = remove.read();
                knowledge::remove_fact(State(server), caller, id, how).await?.0
            }),
        ),
    ]
}

fn branches() -> Vec<Tool> {
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        tool::<Nothing, knowledge::BranchList>(
            ("memory_branches", "List branches"),
            (reader, Effect::Reads),
            "Branches of knowledge by their numbers and names, each with its parent and whether it was \
             merged; the main one has number 0 and is not told.",
            calls!(|server, caller, _nothing: Nothing| {
                knowledge::branches(State(server), caller).await?.0
            }),
        ),
        tool::<knowledge::BranchSpec, ChangedAnswer>(
            ("memory_create_branch", "Create a branch"),
            (writer, Effect::Adds),
            "Makes a branch of knowledge, on which facts and entities can be tried without changing \
             others: of now, or as it was known at a time.",
            calls!(|server, caller, spec: knowledge::BranchSpec| {
                knowledge::add_branch(State(server), caller, Json(spec)).await?.1.0
            }),
        ),
        tool::<Compare, knowledge::DifferenceList>(
            ("memory_compare_branches", "Compare two branches"),
            (reader, Effect::Reads),
            "In what a branch differs from another, or from the main one: each item as it was where they \
             parted, and on both sides.",
            calls!(|server, caller, compare: Compare| {
                let with = Params(WithParams { with: compare.with });
                knowledge::diff(State(server), caller, Number(compare.id), with).await?.0
            }),
        ),
        tool::<MergeInto, ChangedAnswer>(
            ("memory_merge_branch", "Merge a branch"),
            (writer, Effect::Removes),
            "Merges a branch into its parent: what only the branch changed, and where both did, what the \
             strategy takes (prefer_newer, prefer_parent, prefer_child, merge_both, or manual with \
             choices).",
            calls!(|server, caller, merge: MergeInto| {
                let MergeInto { id, strategy, choices } = merge;
                let how = Json(MergeBranch { strategy, choices });
                knowledge::merge_branch(State(server), caller, Number(id), how).await?.0
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
    let Some(id) = id.as_ref().and_then(Value::as_u64) else {
        return Err(RequestError::bad("arguments.id: expected the number of an entity"));
    };
    let patch: EntityPatch = read(arguments)?;
    written(knowledge::update_entity(State(server), caller, Number(id), Json(patch)).await?.0)
}
