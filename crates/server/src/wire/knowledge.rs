//! Knowledge on the wire: entities, relations, facts with two times, branches, activation.

use std::collections::BTreeMap;

use knowledge::{
    At, BranchId, EntityId, EntityUpdate, Exception, FactId, ItemId, KnowledgeError, NewEntity,
    NewFact, NewRelation, Object, Provenance, Resolution, Scalar, Validity, Vertex,
};
use memory::{Memory, moment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::memory::{id as memory_id, time};
use crate::error::RequestError;

/// Entities of a name that are told where it is not clear which is meant.
const MAX_NAMED: usize = 10;

/// Where knowledge is looked at, and as of when.
#[derive(Clone, Debug)]
pub(crate) struct AtParams {
    /// The branch; the main one where there is none.
    branch: Option<u64>,
    /// As it was known then.
    known_at: Option<String>,
    /// What was true then.
    valid_at: Option<String>,
}

impl AtParams {
    pub(crate) fn new(
        branch: Option<u64>,
        known_at: Option<String>,
        valid_at: Option<String>,
    ) -> Self {
        Self { branch, known_at, valid_at }
    }

    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(&self) -> Result<At, RequestError> {
        let at = |what, text: &Option<String>| text.as_deref().map(|t| time(what, t)).transpose();
        Ok(At {
            branch: BranchId(self.branch.unwrap_or(0)),
            known: at("known_at", &self.known_at)?,
            valid: at("valid_at", &self.valid_at)?,
        })
    }
}

/// A value that stands for itself.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Plain {
    /// Nothing.
    Null(()),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// A new entity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntitySpec {
    pub(crate) name: String,
    /// What kind of thing: `person`, `concept`, `file`.
    #[serde(default = "thing")]
    kind: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    properties: BTreeMap<String, Plain>,
    #[serde(default, flatten)]
    said: SaidSpec,
    /// The branch; the main one where there is none.
    #[serde(default)]
    pub(crate) branch: Option<u64>,
}

fn thing() -> String {
    "thing".to_owned()
}

/// Who said so.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct SaidSpec {
    /// Who or what: a person, a program, a document; the caller where there is none.
    source: Option<String>,
    /// The memory that it was taken from.
    memory: Option<String>,
    /// The conversation, run or import that it was taken from.
    episode: Option<String>,
    /// How sure the source was, 0 to 1.
    confidence: Option<f32>,
}

impl SaidSpec {
    fn read(self, memory: &Memory, actor: &str) -> Result<Provenance, RequestError> {
        let number = |name: &String| memory.number(memory_id(name)?).map_err(RequestError::from);
        Ok(Provenance {
            source: self.source.unwrap_or_else(|| actor.to_owned()),
            memory: self.memory.as_ref().map(number).transpose()?,
            episode: self.episode,
            confidence: self.confidence.unwrap_or(1.0),
        })
    }
}

/// What changes of an entity; what is absent stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EntityPatch {
    name: Option<String>,
    kind: Option<String>,
    add_aliases: Vec<String>,
    remove_aliases: Vec<String>,
    /// Properties to set; null takes one away.
    properties: BTreeMap<String, Plain>,
    /// What it does not inherit: its own value instead, and why; null takes one away.
    exceptions: BTreeMap<String, Option<ExceptionSpec>>,
    /// What it says of all below it, and not of itself; null takes one away.
    template: BTreeMap<String, Plain>,
    /// Its parents, in the order of their precedence; none at all where the list is empty.
    parents: Option<Vec<u64>>,
    pub(crate) branch: Option<u64>,
}

/// What an entity does not inherit.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionSpec {
    /// The value instead; null where it has no such property at all.
    value: Plain,
    reason: String,
}

/// What a relation connects.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VertexSpec {
    /// A memory, by its name.
    Memory(String),
    /// An entity, by its number.
    Entity(u64),
}

/// A new relation; one that is there is strengthened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelationSpec {
    from: VertexSpec,
    /// How they belong together: `mentions`, `caused`, `follows`.
    kind: String,
    to: VertexSpec,
    /// How strongly, 0 to 1.
    #[serde(default = "half")]
    strength: f32,
    /// Decay stops here.
    #[serde(default)]
    floor: f32,
    valid_at: Option<String>,
    invalid_at: Option<String>,
    #[serde(default, flatten)]
    said: SaidSpec,
    #[serde(default)]
    pub(crate) branch: Option<u64>,
}

fn half() -> f32 {
    0.5
}

/// An entity: its number, or the name or alias that it alone has.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected the number of an entity, or its name")]
pub(crate) enum EntityRef {
    /// Its number.
    Number(u64),
    /// Its name.
    Name(String),
}

impl EntityRef {
    /// # Errors
    /// As [`one_named`], of what is known on the branch and at the time.
    pub(crate) fn read(
        self,
        field: &str,
        memory: &Memory,
        at: At,
    ) -> Result<EntityId, RequestError> {
        match self {
            Self::Number(number) => Ok(EntityId(number)),
            Self::Name(name) => {
                memory.knowledge(|knowledge| Ok(one_named(&knowledge.at(at)?, field, &name)))?
            }
        }
    }
}

/// The one entity of a name.
///
/// # Errors
/// [`RequestError::NotFound`] if there is none, [`RequestError::Bad`] if there are several.
pub(crate) fn one_named(
    view: &knowledge::View<'_>,
    field: &str,
    name: &str,
) -> Result<EntityId, RequestError> {
    match view.by_name(name).as_slice() {
        [one] => Ok(*one),
        [] => Err(RequestError::NotFound(format!("{field}: nothing is called {name:?}"))),
        several => {
            let ids: Vec<String> =
                several.iter().take(MAX_NAMED).map(EntityId::to_string).collect();
            let ids = ids.join(", ");
            let said = format!("{field}: several are called {name:?}: entities {ids}");
            Err(RequestError::bad(said))
        }
    }
}

/// A new fact.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactSpec {
    /// The entity that it is about, by its number or name.
    subject: EntityRef,
    /// What is said: `lives_in`.
    predicate: String,
    /// Of which entity, by its number or name, or
    object_entity: Option<EntityRef>,
    /// of what value.
    object: Option<Plain>,
    /// That it is not so.
    #[serde(default)]
    negated: bool,
    /// From when it is true.
    valid_at: Option<String>,
    /// Until when.
    invalid_at: Option<String>,
    /// Whether a subject has one value at a time: a later one then ends the one before.
    functional: Option<bool>,
    /// Facts that together are reason enough for it, each list by itself.
    #[serde(default)]
    justifications: Vec<Vec<u64>>,
    #[serde(default, flatten)]
    said: SaidSpec,
    #[serde(default)]
    pub(crate) branch: Option<u64>,
}

/// An entity.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EntityAnswer {
    id: u64,
    name: String,
    kind: String,
    aliases: Vec<String>,
    properties: BTreeMap<String, Plain>,
    exceptions: BTreeMap<String, ExceptionSpec>,
    /// What it says of all below it, and not of itself.
    template: BTreeMap<String, Plain>,
    /// Its parents, in the order of their precedence.
    parents: Vec<u64>,
    /// The entity that stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<u64>,
    source: String,
    learned_at: String,
    by: String,
}

/// A relation.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RelationAnswer {
    id: u64,
    from: VertexSpec,
    kind: String,
    to: VertexSpec,
    /// How strong it is now.
    strength: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid_at: Option<String>,
    source: String,
    confidence: f32,
    learned_at: String,
    by: String,
}

/// A fact.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FactAnswer {
    id: u64,
    subject: u64,
    subject_name: String,
    predicate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_entity: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Plain>,
    negated: bool,
    /// From when it is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_at: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid_at: Option<String>,
    /// When it was learned.
    learned_at: String,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    retracted_at: Option<String>,
    confidence: f32,
    /// Who said so, the first first.
    sources: Vec<String>,
    /// The same with the memory and the episode that it was taken from.
    evidence: Vec<EvidenceAnswer>,
    /// Facts that together are reason enough for it, each list by itself; none where it needs no reason.
    justifications: Vec<Vec<u64>>,
    by: String,
}

/// Who said a fact.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EvidenceAnswer {
    source: String,
    /// The memory that it was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    /// The conversation, run or import that it was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    episode: Option<String>,
    confidence: f32,
}

/// What a change made.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChangedAnswer {
    /// The number of the entity, relation, fact or branch.
    id: Option<u64>,
    /// Whether it is new.
    created: bool,
    /// Facts that ended because a later one took their place.
    superseded: Vec<u64>,
    /// Facts that were given up so that this one is not believed any more.
    given_up: Vec<u64>,
    /// Contradictions that came up.
    contradictions: Vec<u64>,
}

/// How a contradiction is settled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "strategy", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ResolveRequest {
    /// The fact that was learned last.
    Newest {},
    /// The fact with the most reliable source; sources that are not named have 0.5.
    MostReliable {
        /// How reliable each source is, 0 to 1.
        sources: BTreeMap<String, f32>,
    },
    /// The fact with the highest confidence.
    MostConfident {},
    /// The fact with more evidence.
    MostEvidence {},
    /// The fact on which more others rest.
    Entrenchment {},
    /// Each source has one vote.
    Voting {},
    /// This one.
    Manual {
        /// The fact that stands.
        fact: u64,
    },
    /// Undoes a resolution.
    Reopen {},
}

impl ResolveRequest {
    /// The strategy; none to undo one.
    pub(crate) fn read(self) -> Option<Resolution> {
        Some(match self {
            Self::Newest {} => Resolution::Newest,
            Self::MostReliable { sources } => Resolution::MostReliable(sources),
            Self::MostConfident {} => Resolution::MostConfident,
            Self::MostEvidence {} => Resolution::MostEvidence,
            Self::Entrenchment {} => Resolution::Entrenchment,
            Self::Voting {} => Resolution::Voting,
            Self::Manual { fact } => Resolution::Manual(FactId(fact)),
            Self::Reopen {} => return None,
        })
    }
}

impl From<Plain> for Scalar {
    fn from(plain: Plain) -> Self {
        match plain {
            Plain::Null(()) => Self::Null,
            Plain::Bool(value) => Self::Bool(value),
            Plain::Integer(value) => Self::Integer(value),
            Plain::Number(value) => Self::Number(value),
            Plain::Text(value) => Self::Text(value),
        }
    }
}

impl From<&Scalar> for Plain {
    fn from(scalar: &Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Null(()),
            Scalar::Bool(value) => Self::Bool(*value),
            Scalar::Integer(value) => Self::Integer(*value),
            Scalar::Number(value) => Self::Number(*value),
            Scalar::Text(value) => Self::Text(value.clone()),
        }
    }
}

impl EntitySpec {
    pub(crate) fn read(self, memory: &Memory, actor: &str) -> Result<NewEntity, RequestError> {
        Ok(NewEntity {
            name: self.name,
            kind: self.kind,
            aliases: self.aliases,
            properties: self.properties.into_iter().map(|(k, v)| (k, v.into())).collect(),
            provenance: self.said.read(memory, actor)?,
        })
    }
}

impl EntityPatch {
    pub(crate) fn read(self) -> EntityUpdate {
        let set = |plain: Plain| match plain {
            Plain::Null(()) => None,
            other => Some(Scalar::from(other)),
        };
        let exception = |spec: ExceptionSpec| Exception {
            value: match spec.value {
                Plain::Null(()) => None,
                other => Some(other.into()),
            },
            reason: spec.reason,
        };
        EntityUpdate {
            name: self.name,
            kind: self.kind,
            add_aliases: self.add_aliases,
            remove_aliases: self.remove_aliases,
            properties: self.properties.into_iter().map(|(k, v)| (k, set(v))).collect(),
            exceptions: self.exceptions.into_iter().map(|(k, v)| (k, v.map(exception))).collect(),
            template: self.template.into_iter().map(|(k, v)| (k, set(v))).collect(),
            parents: self.parents.map(|parents| parents.into_iter().map(EntityId).collect()),
        }
    }
}

impl VertexSpec {
    pub(crate) fn read(&self, memory: &Memory) -> Result<Vertex, RequestError> {
        Ok(match self {
            Self::Memory(name) => Vertex::Memory(memory.number(memory_id(name)?)?),
            Self::Entity(id) => Vertex::Entity(EntityId(*id)),
        })
    }

    pub(crate) fn of(vertex: Vertex, memory: &Memory) -> Self {
        match vertex {
            Vertex::Entity(EntityId(id)) => Self::Entity(id),
            Vertex::Memory(number) => {
                let name = memory.numbered(number).ok().flatten();
                Self::Memory(name.map_or_else(|| number.to_string(), |name| name.to_string()))
            }
        }
    }
}

/// From when until when.
fn validity(from: Option<&str>, to: Option<&str>) -> Result<Validity, RequestError> {
    Ok(Validity {
        from: from.map(|at| time("valid_at", at)).transpose()?,
        to: to.map(|at| time("invalid_at", at)).transpose()?,
    })
}

impl RelationSpec {
    pub(crate) fn read(self, memory: &Memory, actor: &str) -> Result<NewRelation, RequestError> {
        Ok(NewRelation {
            from: self.from.read(memory)?,
            kind: self.kind,
            to: self.to.read(memory)?,
            strength: self.strength,
            floor: self.floor,
            valid: validity(self.valid_at.as_deref(), self.invalid_at.as_deref())?,
            provenance: self.said.read(memory, actor)?,
        })
    }
}

impl FactSpec {
    pub(crate) fn read(self, memory: &Memory, actor: &str) -> Result<NewFact, RequestError> {
        let now = At { branch: BranchId(self.branch.unwrap_or(0)), ..At::default() };
        let object = match (self.object_entity, self.object) {
            (Some(entity), None) => Object::Entity(entity.read("object_entity", memory, now)?),
            (None, Some(plain)) => Object::Literal(plain.into()),
            _ => return Err(RequestError::bad("body: expected `object` or `object_entity`")),
        };
        let confidence = self.said.confidence.unwrap_or(1.0);
        let reasons = |of: Vec<u64>| of.into_iter().map(FactId).collect();
        Ok(NewFact {
            subject: self.subject.read("subject", memory, now)?,
            predicate: self.predicate,
            object,
            negated: self.negated,
            valid: validity(self.valid_at.as_deref(), self.invalid_at.as_deref())?,
            confidence,
            provenance: self.said.read(memory, actor)?,
            justifications: self.justifications.into_iter().map(reasons).collect(),
            functional: self.functional,
        })
    }
}

impl EntityAnswer {
    pub(crate) fn of(
        view: &knowledge::View<'_>,
        known: &knowledge::Known<'_, EntityId, knowledge::Entity>,
    ) -> Self {
        let entity = known.item;
        let exception = |e: &Exception| ExceptionSpec {
            value: e.value.as_ref().map_or(Plain::Null(()), Plain::from),
            reason: e.reason.clone(),
        };
        Self {
            id: known.id.0,
            name: entity.name.clone(),
            kind: entity.kind.clone(),
            aliases: entity.aliases.clone(),
            properties: entity.properties.iter().map(|(k, v)| (k.clone(), v.into())).collect(),
            exceptions: entity.exceptions.iter().map(|(k, e)| (k.clone(), exception(e))).collect(),
            template: entity.template.iter().map(|(k, v)| (k.clone(), v.into())).collect(),
            parents: view.parents(known.id).into_iter().map(|id| id.0).collect(),
            merged_into: entity.merged_into.map(|id| id.0),
            source: entity.provenance.source.clone(),
            learned_at: moment::written(known.learned_at),
            by: known.by.to_owned(),
        }
    }
}

impl RelationAnswer {
    pub(crate) fn of(
        view: &knowledge::View<'_>,
        known: &knowledge::Known<'_, knowledge::RelationId, knowledge::Relation>,
        now: memory::Time,
    ) -> Self {
        let relation = known.item;
        let vertex = |vertex: Vertex| match vertex {
            Vertex::Entity(EntityId(id)) => VertexSpec::Entity(id),
            Vertex::Memory(number) => VertexSpec::Memory(number.to_string()),
        };
        Self {
            id: known.id.0,
            from: vertex(relation.from),
            kind: relation.kind.clone(),
            to: vertex(relation.to),
            strength: view.strength(known.id, now).unwrap_or(relation.strength),
            valid_at: relation.valid.from.map(moment::written),
            invalid_at: relation.valid.to.map(moment::written),
            source: relation.provenance.source.clone(),
            confidence: relation.provenance.confidence,
            learned_at: moment::written(known.learned_at),
            by: known.by.to_owned(),
        }
    }

    /// With memories by their names.
    pub(crate) fn named(mut self, memory: &Memory) -> Self {
        for vertex in [&mut self.from, &mut self.to] {
            if let VertexSpec::Memory(number) = vertex
                && let Ok(number) = number.parse()
            {
                *vertex = VertexSpec::of(Vertex::Memory(number), memory);
            }
        }
        self
    }
}

impl FactAnswer {
    pub(crate) fn of(
        view: &knowledge::View<'_>,
        known: &knowledge::Known<'_, FactId, knowledge::Fact>,
    ) -> Self {
        let fact = known.item;
        let name = |id| view.entity(id).map(|entity| entity.item.name.clone());
        let (object_entity, object) = match &fact.object {
            Object::Entity(id) => (Some(*id), None),
            Object::Literal(scalar) => (None, Some(scalar.into())),
        };
        Self {
            id: known.id.0,
            subject: fact.subject.0,
            subject_name: name(fact.subject).unwrap_or_default(),
            predicate: fact.predicate.clone(),
            object_entity: object_entity.map(|id| id.0),
            object_name: object_entity.and_then(name),
            object,
            negated: fact.negated,
            valid_at: fact.valid.from.map(moment::written),
            invalid_at: fact.valid.to.map(moment::written),
            learned_at: moment::written(known.learned_at),
            retracted_at: known.retracted_at.map(moment::written),
            confidence: fact.confidence,
            sources: fact.evidence.iter().map(|said| said.source.clone()).collect(),
            evidence: fact.evidence.iter().map(EvidenceAnswer::of).collect(),
            justifications: fact.justifications.iter().map(|facts| numbers(facts)).collect(),
            by: known.by.to_owned(),
        }
    }

    /// With memories by their names.
    pub(crate) fn named(mut self, memory: &Memory) -> Self {
        for said in &mut self.evidence {
            let number = said.memory.take().and_then(|number| number.parse().ok());
            let name = number.and_then(|number| memory.numbered(number).ok().flatten());
            said.memory = name.map(|name| name.to_string());
        }
        self
    }
}

impl EvidenceAnswer {
    fn of(said: &Provenance) -> Self {
        Self {
            source: said.source.clone(),
            memory: said.memory.map(|number| number.to_string()),
            episode: said.episode.clone(),
            confidence: said.confidence,
        }
    }
}

fn numbers(facts: &[FactId]) -> Vec<u64> {
    facts.iter().map(|id| id.0).collect()
}

impl ChangedAnswer {
    pub(crate) fn of(outcome: &knowledge::Outcome) -> Self {
        Self {
            id: outcome.item.map(ItemId::number),
            created: outcome.created,
            superseded: outcome.superseded.iter().map(|id| id.0).collect(),
            given_up: outcome.given_up.iter().map(|id| id.0).collect(),
            contradictions: outcome.contradictions.iter().map(|id| id.0).collect(),
        }
    }
}

/// What knowledge refuses, as a problem.
pub(crate) fn refused(error: &KnowledgeError) -> RequestError {
    let said = error.to_string();
    match error {
        KnowledgeError::Missing(_) => RequestError::NotFound(said),
        KnowledgeError::Exists(_)
        | KnowledgeError::BranchExists(_)
        | KnowledgeError::Closed(_)
        | KnowledgeError::Undecided(..)
        | KnowledgeError::NotOpen(..)
        | KnowledgeError::Parted(_)
        | KnowledgeError::NotReady { .. }
        | KnowledgeError::Conflicts(_) => RequestError::Conflict(said),
        KnowledgeError::Record { .. } => {
            tracing::error!(%error, "a record of knowledge cannot be read");
            RequestError::Failed
        }
        _ => RequestError::bad(said),
    }
}

/// Anything that is known, as history and differences show it.
pub(crate) fn shown(item: Option<&knowledge::Item>) -> Value {
    item.and_then(|item| serde_json::to_value(item).ok()).unwrap_or(Value::Null)
}
