//! Numbers of things, and times. One counter numbers all kinds, and no number is used twice.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Microseconds since 1970, UTC. Passed in; nothing here reads a clock.
pub type Time = i64;

/// Counts plans: each plan that is applied is one revision, and all that it changed carries it.
pub type Revision = u64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// An entity.
    EntityId
);
id!(
    /// A relation.
    RelationId
);
id!(
    /// A fact.
    FactId
);
id!(
    /// What is declared of a predicate.
    PredicateId
);
id!(
    /// A contradiction.
    ContradictionId
);
id!(
    /// A branch.
    BranchId
);

impl BranchId {
    /// The branch that is always there.
    pub const MAIN: BranchId = BranchId(0);
}

impl FactId {
    /// Stands in a justification where a fact was erased. No fact has this number.
    pub const ERASED: FactId = FactId(0);
}

/// What relations connect and activation spreads over: an entity, or a memory of the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Vertex {
    /// A memory, by the caller's number.
    Memory(u64),
    /// An entity.
    Entity(EntityId),
}

impl Vertex {
    /// Whether it is an entity.
    pub fn is_entity(self) -> bool {
        matches!(self, Vertex::Entity(_))
    }
}

/// Anything that has a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ItemId {
    /// An entity.
    Entity(EntityId),
    /// A relation.
    Relation(RelationId),
    /// A fact.
    Fact(FactId),
    /// What is declared of a predicate.
    Predicate(PredicateId),
    /// A contradiction.
    Contradiction(ContradictionId),
    /// A branch.
    Branch(BranchId),
}

impl ItemId {
    /// The item of a name as it is shown: `fact 7`.
    pub fn named(name: &str) -> Option<Self> {
        let (kind, number) = name.split_once(' ')?;
        let n: u64 = number.parse().ok()?;
        let id = match kind {
            "entity" => Self::Entity(EntityId(n)),
            "relation" => Self::Relation(RelationId(n)),
            "fact" => Self::Fact(FactId(n)),
            "predicate" => Self::Predicate(PredicateId(n)),
            "contradiction" => Self::Contradiction(ContradictionId(n)),
            "branch" => Self::Branch(BranchId(n)),
            _ => return None,
        };
        (id.to_string() == name).then_some(id)
    }

    /// The number alone.
    pub fn number(self) -> u64 {
        match self {
            ItemId::Entity(EntityId(n))
            | ItemId::Relation(RelationId(n))
            | ItemId::Fact(FactId(n))
            | ItemId::Predicate(PredicateId(n))
            | ItemId::Contradiction(ContradictionId(n))
            | ItemId::Branch(BranchId(n)) => n,
        }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            ItemId::Entity(_) => "entity",
            ItemId::Relation(_) => "relation",
            ItemId::Fact(_) => "fact",
            ItemId::Predicate(_) => "predicate",
            ItemId::Contradiction(_) => "contradiction",
            ItemId::Branch(_) => "branch",
        };
        write!(f, "{kind} {}", self.number())
    }
}
