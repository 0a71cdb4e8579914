//! What is refused, and why.

use crate::id::{BranchId, ContradictionId, EntityId, FactId, ItemId};

/// Why a command, a question or a record is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum KnowledgeError {
    /// There is nothing of that number on the branch at that time.
    #[error("there is no {0} on this branch")]
    Missing(ItemId),
    /// A value is outside what it may be.
    #[error("{what}: expected {expected}, found {found}")]
    Invalid {
        /// Which value.
        what: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// More than a limit.
    #[error("{what}: at most {limit}, found {found}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// How many.
        found: usize,
    },
    /// An analysis would do more than a limit.
    #[error("{analysis} would visit {visits} ties or more, at most {limit}: {instead}")]
    TooMuch {
        /// Which.
        analysis: &'static str,
        /// Ties that it would visit, as far as was counted.
        visits: u64,
        /// The limit.
        limit: u64,
        /// What to ask for instead.
        instead: String,
    },
    /// An entity of that name and kind is there.
    #[error("there is an entity of this name and kind: {0}")]
    Exists(EntityId),
    /// A branch of that name is there.
    #[error("there is a branch of this name: {0}")]
    BranchExists(BranchId),
    /// An entity would be its own ancestor.
    #[error("{} would be its own ancestor: {}", .0.first().copied().unwrap_or_default(), path(.0))]
    Cycle(Vec<EntityId>),
    /// A fact would be its own reason.
    #[error("fact {0} cannot be a reason for itself")]
    OwnReason(FactId),
    /// A branch takes no changes.
    #[error("branch {0} was merged and takes no changes")]
    Closed(BranchId),
    /// A branch cannot be deleted, merged or erased.
    #[error("branch {0} {1}")]
    Branch(BranchId, &'static str),
    /// Both facts are equal by that strategy.
    #[error("contradiction {0}: the facts are equal by {1}; choose one")]
    Undecided(ContradictionId, &'static str),
    /// The contradiction is not in the state that this needs.
    #[error("contradiction {0} is {1}")]
    NotOpen(ContradictionId, &'static str),
    /// Both sides of a merge changed the same, and nobody chose.
    #[error("{} conflicts need a choice; the first is {}", .0.len(), first(.0))]
    Conflicts(Vec<crate::branch::Conflict>),
    /// Changes that go together would be on two branches: each that would go, and one that would stay.
    #[error("{} changes that stay belong to what goes: {}", .0.len(), parted(.0))]
    Parted(Vec<(ItemId, ItemId)>),
    /// A branch is not ready to be merged by itself.
    #[error("branch {branch} is not ready: {}", .why.join("; "))]
    NotReady {
        /// Which.
        branch: BranchId,
        /// What it lacks.
        why: Vec<String>,
    },
    /// A record cannot be read.
    #[error("record {key:?}: {problem}")]
    Record {
        /// Its key, cut at 128 bytes.
        key: String,
        /// What is wrong.
        problem: String,
    },
}

fn path(entities: &[EntityId]) -> String {
    entities.iter().map(EntityId::to_string).collect::<Vec<_>>().join(" is a ")
}

fn first(conflicts: &[crate::branch::Conflict]) -> String {
    conflicts.first().map_or_else(String::new, |conflict| conflict.child.to_string())
}

/// Pairs that an error names.
const NAMED: usize = 10;

fn parted(pairs: &[(ItemId, ItemId)]) -> String {
    let named = pairs.iter().take(NAMED).map(|(goes, stays)| format!("{stays} to {goes}"));
    let more = if pairs.len() > NAMED { " ..." } else { "" };
    named.collect::<Vec<_>>().join(", ") + more
}
