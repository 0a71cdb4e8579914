//! Tools of what is known: entities, relations, facts, predicates, what happened to each, and where a
//! memory would go.

use std::sync::Arc;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Called, Effect, Nothing, Of, Tool, numbered, read, tool, written};
use crate::http::extract::{Json, JsonIfAny, Number, Params};
use crate::http::knowledge::{self, EraseParams, MergeEntities, PlainAt, PropertyParams};
use crate::http::{branches, classes, memories, vocabulary};
use crate::request::Server;
use crate::security::{Caller, Role};
use crate::wire::knowledge::{ChangedAnswer, EntityAnswer, EntityPatch, EntitySpec, FactSpec};
use crate::wire::memory::StoreRequest;

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

impl Remove {
    fn read(self) -> (Number, Params<EraseParams>) {
        let Self { id, erase, branch } = self;
        (Number(id), Params(EraseParams { erase, branch }))
    }
}

pub(super) fn table() -> Vec<Tool> {
    [looking(), entities(), relations(), facts()].into_iter().flatten().collect()
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
        tool::<Of<PlainAt>, EntityAnswer>(
            ("memory_get_entity", "Get an entity"),
            reads(),
            "An entity by its number, as relations and facts tell it, now or as it was known at a time.",
            calls!(|server, caller, id, at: PlainAt| {
                knowledge::entity(State(server), caller, id, Params(at)).await?.0
            }),
        ),
        tool::<Of<Nothing>, knowledge::NeighbourList>(
            ("memory_neighbours", "Neighbours of an entity"),
            reads(),
            "Entities and memories that are at most two relations from an entity, the nearest first, \
             with their names.",
            calls!(|server, caller, id, _nothing: Nothing| {
                knowledge::neighbours(State(server), caller, id).await?.0
            }),
        ),
        tool::<branches::ItemParams, knowledge::KnowledgeHistory>(
            ("memory_knowledge_history", "History of what is known"),
            reads(),
            "What happened to an entity, relation, fact, predicate, contradiction or branch (item: \
             \"fact 7\"), the first first: when, by whom, as it was before and after.",
            calls!(|server, caller, params: branches::ItemParams| {
                branches::item_history(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<Of<PropertyParams>, knowledge::PropertyAnswer>(
            ("memory_property", "A property of an entity"),
            reads(),
            "A property of an entity, its own or inherited from what it is_a, and where it comes from; \
             an exception tells its reason.",
            calls!(|server, caller, id, asked: PropertyParams| {
                knowledge::property(State(server), caller, id, Params(asked)).await?.0
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
        tool::<Of<EntityPatch>, ChangedAnswer>(
            ("memory_update_entity", "Change an entity"),
            (writer, Effect::Replaces),
            "Changes the name, kind, aliases, properties, exceptions, template (what it says of all \
             below it, and not of itself) or parents of an entity; what is absent stays, and what was \
             known before can still be read.",
            calls!(|server, caller, id, patch: EntityPatch| {
                knowledge::update_entity(State(server), caller, id, Json(patch)).await?.0
            }),
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
        tool::<Of<MergeEntities>, ChangedAnswer>(
            ("memory_merge_entities", "Merge two entities"),
            (writer, Effect::Removes),
            "Makes one entity (id) stand for another (from), which is the same: its names, facts and \
             relations are found there from then on.",
            calls!(|server, caller, id, from: MergeEntities| {
                knowledge::merge_entities(State(server), caller, id, Json(from)).await?.0
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

fn relations() -> Vec<Tool> {
    vec![
        tool::<knowledge::RelationParams, knowledge::RelationList>(
            ("memory_relations", "List relations"),
            (Role::Reader, Effect::Reads),
            "Relations of an entity (by its number) or of a memory, each with its number, kind, both \
             ends and how strong it is now; memory_link makes them.",
            calls!(|server, caller, params: knowledge::RelationParams| {
                knowledge::relations(State(server), caller, Params(params)).await?.0
            }),
        ),
        tool::<Remove, ChangedAnswer>(
            ("memory_delete_relation", "Delete a relation"),
            (Role::Writer, Effect::Removes),
            "Takes a relation back by its number, which can still be read as it was known; with erase \
             it is gone for good.",
            calls!(|server, caller, remove: Remove| {
                let (id, how) = remove.read();
                knowledge::remove_relation(State(server), caller, id, how).await?.0
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
        tool::<Of<Nothing>, ChangedAnswer>(
            ("memory_contract_fact", "Believe a fact no longer"),
            (Role::Writer, Effect::Removes),
            "Believes a fact no longer, however it was known, and gives up as little else as that takes; \
             given_up names those facts.",
            calls!(|server, caller, id, _nothing: Nothing| {
                knowledge::contract_fact(State(server), caller, id).await?.0
            }),
        ),
        tool::<Of<Nothing>, ChangedAnswer>(
            ("memory_restore_fact", "Have a fact back"),
            (Role::Writer, Effect::Adds),
            "Knows a fact again that was taken back or given up; contradictions names what came up.",
            calls!(|server, caller, id, _nothing: Nothing| {
                knowledge::restore_fact(State(server), caller, id).await?.0
            }),
        ),
    ]
}
