//! What changed between two times, on the wire.

use knowledge::FactChange;
use schemars::JsonSchema;
use serde::Serialize;

/// A fact that changed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChangedFactAnswer {
    id: u64,
    /// What it says.
    fact: String,
    /// `added`, `retracted`, `ended` or `confidence`.
    change: &'static str,
    /// How sure it was, where that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_then: Option<f32>,
    /// How sure it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_later: Option<f32>,
}

/// A relation that changed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChangedRelationAnswer {
    id: u64,
    /// A name, or the beginning of a memory.
    from: String,
    kind: String,
    to: String,
    /// `added`, `retracted` or `strengthened`.
    change: &'static str,
    /// How strong it was at first; null where that is not kept, because it was strengthened or taken
    /// back since.
    then: Option<f32>,
    /// How strong it was at the end.
    later: Option<f32>,
    /// How often it was recalled in all.
    recalls: u64,
}

impl ChangedFactAnswer {
    pub(crate) fn of(changed: memory::ChangedFact) -> Self {
        let (change, confidence) = match changed.change {
            FactChange::Added => ("added", None),
            FactChange::Retracted => ("retracted", None),
            FactChange::Ended => ("ended", None),
            FactChange::Confidence { then, later } => ("confidence", Some((then, later))),
        };
        Self {
            id: changed.id.0,
            fact: changed.said,
            change,
            confidence_then: confidence.map(|c| c.0),
            confidence_later: confidence.map(|c| c.1),
        }
    }
}

impl ChangedRelationAnswer {
    pub(crate) fn of(changed: memory::ChangedRelation) -> Self {
        let change = changed.change;
        let name = match (change.known_then, change.known_later) {
            (false, _) => "added",
            (true, false) => "retracted",
            (true, true) => "strengthened",
        };
        Self {
            id: change.id.0,
            from: changed.from,
            kind: changed.kind,
            to: changed.to,
            change: name,
            then: change.then,
            later: change.later,
            recalls: change.recalls,
        }
    }
}
