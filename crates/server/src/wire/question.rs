//! Questions on the wire: what was asked for, what is known of it and where that comes from.

use knowledge::ItemId;
use knowledge::links::Strategy;
use memory::{Asked, Because, Finding, moment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a message asks for by its words, and what is known of that.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct AskedAnswer {
    /// `filter`, `relationship`, `hierarchy`, `comparison`, `causal`, `definition` or `aggregation`.
    intent: &'static str,
    /// The words that say so.
    words: Vec<String>,
    /// Entities that it names.
    about: Vec<EntityName>,
    /// The answer, in parts; empty where nothing is known.
    findings: Vec<FindingAnswer>,
    /// How many there are, where that is asked and all were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    /// What is not known, where there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
    /// Whether there is more than is told.
    more: bool,
}

/// An entity by its name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct EntityName {
    id: u64,
    name: String,
}

/// A part of an answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FindingAnswer {
    /// What it is to the question: `property`, `fact`, `path`, `ancestor`, `descendant`, `shared`,
    /// `different`, `cause`, `effect` or `item`.
    role: &'static str,
    /// It, as a sentence.
    said: String,
    /// Entities that it leads to.
    entities: Vec<EntityName>,
    /// Where it comes from.
    because: Vec<BecauseAnswer>,
}

/// Where something that is known comes from: a fact, a relation or an entity.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct BecauseAnswer {
    /// The fact's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    fact: Option<u64>,
    /// The relation's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<u64>,
    /// The number of the entity whose property it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<u64>,
    /// Who said so.
    source: String,
    /// The memory that it was taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    /// How sure it is, 0 to 1; of a relation, how strong it is now.
    confidence: f32,
    learned_at: String,
}

/// How activation spreads.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StrategyName {
    /// Both ways from every seed, three hops.
    Bidirectional,
    /// Two hops, and what is most active.
    Focused,
    /// Only the way that links lead.
    Directional,
    /// Only the way that links lead, up to eight hops.
    Chain,
    /// What every seed reaches by itself.
    Parallel,
    /// Neighbours alone.
    Local,
    /// Everything within three hops, the nearest first.
    BreadthFirst,
    /// What is strongly active.
    Conservative,
}

impl StrategyName {
    pub(crate) fn read(self) -> Strategy {
        match self {
            Self::Bidirectional => Strategy::Bidirectional,
            Self::Focused => Strategy::Focused,
            Self::Directional => Strategy::Directional,
            Self::Chain => Strategy::Chain,
            Self::Parallel => Strategy::Parallel,
            Self::Local => Strategy::Local,
            Self::BreadthFirst => Strategy::BreadthFirst,
            Self::Conservative => Strategy::Conservative,
        }
    }
}

impl AskedAnswer {
    pub(crate) fn of(asked: Asked) -> Self {
        Self {
            intent: asked.intent.name(),
            words: asked.words,
            about: EntityName::all(asked.about),
            findings: asked.findings.into_iter().map(FindingAnswer::of).collect(),
            count: asked.count,
            unknown: asked.unknown,
            more: asked.more,
        }
    }
}

impl EntityName {
    pub(crate) fn of((id, name): (knowledge::EntityId, String)) -> Self {
        Self { id: id.0, name }
    }

    pub(crate) fn all(entities: Vec<(knowledge::EntityId, String)>) -> Vec<Self> {
        entities.into_iter().map(Self::of).collect()
    }
}

impl FindingAnswer {
    fn of(finding: Finding) -> Self {
        Self {
            role: finding.role.name(),
            said: finding.said,
            entities: EntityName::all(finding.entities),
            because: finding.because.into_iter().map(BecauseAnswer::of).collect(),
        }
    }
}

impl BecauseAnswer {
    fn of(because: Because) -> Self {
        let number = because.what.number();
        Self {
            fact: matches!(because.what, ItemId::Fact(_)).then_some(number),
            relation: matches!(because.what, ItemId::Relation(_)).then_some(number),
            entity: matches!(because.what, ItemId::Entity(_)).then_some(number),
            source: because.source,
            memory: because.memory.map(|id| id.to_string()),
            confidence: because.confidence,
            learned_at: moment::written(because.learned_at),
        }
    }
}
