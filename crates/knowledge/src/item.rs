//! What is known: entities, relations, facts, what is declared of predicates, contradictions and
//! branches. Plain values; what may be in them is checked in `check`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{BranchId, EntityId, FactId, Revision, Time, Vertex};

/// A value that stands for itself. Numbers are finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// Who said so, and how sure they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Who or what: a person, a program, a document. Reliability is given by this name.
    pub source: String,
    /// The memory that it was taken from, by the caller's number.
    pub memory: Option<u64>,
    /// The episode (conversation, run, import) that it was taken from.
    pub episode: Option<String>,
    /// How sure the source was, 0 to 1.
    pub confidence: f32,
}

/// When something is true: from, inclusive, to, exclusive. `None` is "no end is known".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// Graphiti's `valid_at`.
    pub from: Option<Time>,
    /// Graphiti's `invalid_at`.
    pub to: Option<Time>,
}

impl Validity {
    /// Always.
    pub const ALWAYS: Validity = Validity { from: None, to: None };

    /// From a time on.
    pub fn since(from: Time) -> Validity {
        Validity { from: Some(from), to: None }
    }

    /// Whether a time is within.
    pub fn contains(&self, time: Time) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time < to)
    }

    /// Whether some time is within both.
    pub fn overlaps(&self, other: &Validity) -> bool {
        let before = |a: &Validity, b: &Validity| match (a.from, b.to) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        };
        before(self, other) && before(other, self)
    }

    /// Whether each time within the other is within this one.
    pub fn covers(&self, other: &Validity) -> bool {
        let from = self.from.is_none_or(|from| other.from.is_some_and(|other| from <= other));
        let to = self.to.is_none_or(|to| other.to.is_some_and(|other| other <= to));
        from && to
    }
}

/// What an entity does not inherit: its own value instead, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exception {
    /// The value instead; `None` if it has no such property at all.
    pub value: Option<Scalar>,
    /// Why.
    pub reason: String,
}

/// A thing that is known by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// Its name, as it was given.
    pub name: String,
    /// What kind of thing: `person`, `concept`, `file`.
    pub kind: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Its own properties.
    pub properties: BTreeMap<String, Scalar>,
    /// What it does not inherit.
    pub exceptions: BTreeMap<String, Exception>,
    /// What it says of all below it, and not of itself (a template slot of OKBC: Chaudhri et al. 1998,
    /// "OKBC: a programmatic foundation for knowledge base interoperability").
    pub template: BTreeMap<String, Scalar>,
    /// Who said that it is there.
    pub provenance: Provenance,
    /// The entity that it was merged into; it then stands for that one.
    pub merged_into: Option<EntityId>,
    /// The entities that were merged into this one, and into those.
    pub absorbed: Vec<EntityId>,
}

/// That two vertices belong together, more or less.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// From.
    pub from: Vertex,
    /// How they belong together: `mentions`, `caused`, `follows`.
    pub kind: String,
    /// To.
    pub to: Vertex,
    /// How strongly at first, 0 to 1. What it is now is [`crate::View::strength`].
    pub strength: f32,
    /// Decay stops here; 1 means never to decay.
    pub floor: f32,
    /// When it is true.
    pub valid: Validity,
    /// Who said so.
    pub provenance: Provenance,
}

/// What a fact says of its subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Object {
    /// Another entity.
    Entity(EntityId),
    /// A value.
    Literal(Scalar),
}

/// A statement about an entity, with the time at which it is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Whom it is about.
    pub subject: EntityId,
    /// What is said: `lives_in`, `is_a`.
    pub predicate: String,
    /// Of what.
    pub object: Object,
    /// That it is not so.
    pub negated: bool,
    /// When it is true.
    pub valid: Validity,
    /// How sure, 0 to 1.
    pub confidence: f32,
    /// Who said so: the first, and who said so again.
    pub evidence: Vec<Provenance>,
    /// Each a set of facts that together are reason enough. None means that it needs no reason.
    pub justifications: Vec<Vec<FactId>>,
}

/// What is declared of a predicate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
    /// Its name.
    pub name: String,
    /// A subject has one value at a time.
    pub functional: bool,
    /// What follows of it.
    pub laws: Laws,
}

/// What follows of a predicate; reasoning goes by it, and nothing else does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Laws {
    /// What one leads to leads on: `part_of`.
    pub transitive: bool,
    /// It goes both ways: `married_to`.
    pub symmetric: bool,
    /// The predicate that says the same from the other end: `parent_of` of `child_of`.
    pub inverse_of: Option<String>,
}

/// What somebody says of a predicate; what is not said stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declaration {
    /// A subject has one value at a time.
    pub functional: Option<bool>,
    /// As [`Laws::transitive`].
    pub transitive: Option<bool>,
    /// As [`Laws::symmetric`].
    pub symmetric: Option<bool>,
    /// As [`Laws::inverse_of`]; an empty name takes it back.
    pub inverse_of: Option<String>,
}

impl Declaration {
    /// Whether a subject has one value at a time, and nothing else.
    pub fn functional(functional: bool) -> Self {
        Self { functional: Some(functional), ..Self::default() }
    }
}

impl From<Laws> for Declaration {
    fn from(Laws { transitive, symmetric, inverse_of }: Laws) -> Self {
        Self {
            functional: None,
            transitive: Some(transitive),
            symmetric: Some(symmetric),
            inverse_of: Some(inverse_of.unwrap_or_default()),
        }
    }
}

/// How two facts contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConflictKind {
    /// One says that the other is not so.
    Negation,
    /// Two values of a functional predicate from the same time on.
    Functional,
    /// Two values of a functional predicate with stated times that overlap.
    Overlap,
}

/// How a contradiction is settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Resolution {
    /// The fact that was learned last (recency).
    Newest,
    /// The fact with the most reliable source; sources that are not named have 0.5.
    MostReliable(BTreeMap<String, f32>),
    /// The fact with the highest confidence.
    MostConfident,
    /// The fact with more evidence: sources, and justifications.
    MostEvidence,
    /// The fact on which more others rest, then the one known longer.
    Entrenchment,
    /// Each source has one vote, of the weight of its confidence.
    Voting,
    /// This one.
    Manual(FactId),
}

/// Where a contradiction stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ContradictionState {
    /// Both facts stand.
    Open,
    /// One stands.
    Resolved {
        /// How.
        strategy: Resolution,
        /// The fact that stands.
        winner: FactId,
        /// The fact that was retracted for it.
        loser: FactId,
    },
    /// A fact went for another reason.
    Moot,
}

/// Two facts that cannot both be true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contradiction {
    /// How.
    pub kind: ConflictKind,
    /// The fact that was there.
    pub first: FactId,
    /// The fact that came.
    pub second: FactId,
    /// Where it stands.
    pub state: ContradictionState,
}

/// Whether a branch takes changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BranchState {
    /// It does.
    Open,
    /// It was merged into its parent, and can be read.
    Merged,
}

/// A line of knowledge: it reads its parent as that was, and has changes of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// The branch that it came from.
    pub parent: BranchId,
    /// The last revision of the parent that it sees.
    pub fork: Revision,
    /// Whether it takes changes.
    pub state: BranchState,
}

/// Any of them, as history shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Item {
    /// An entity.
    Entity(Entity),
    /// A relation.
    Relation(Relation),
    /// A fact.
    Fact(Fact),
    /// What is declared of a predicate.
    Predicate(Predicate),
    /// A contradiction.
    Contradiction(Contradiction),
    /// A branch.
    Branch(Branch),
}
