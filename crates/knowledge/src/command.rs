//! What can be asked to change, and what a plan to do so holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::gather::{Gathering, Reorganisation};
use crate::id::{
    BranchId, ContradictionId, EntityId, FactId, ItemId, PredicateId, RelationId, Revision, Time,
    Vertex,
};
use crate::item::{Declaration, Exception, Object, Provenance, Resolution, Scalar, Validity};
use crate::life::{Consolidation, Pruning};
use crate::record::Record;

/// Where, when and who.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamp {
    /// The branch that changes.
    pub branch: BranchId,
    /// When it is learned. Times that go back count as the last one: what was known is never
    /// rewritten.
    pub at: Time,
    /// Who changes it.
    pub by: String,
}

/// A new entity.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntity {
    /// Its name.
    pub name: String,
    /// What kind of thing.
    pub kind: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Its properties.
    pub properties: BTreeMap<String, Scalar>,
    /// Who said so.
    pub provenance: Provenance,
}

/// What changes of an entity; what is empty stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntityUpdate {
    /// Another name; the old one becomes an alias.
    pub name: Option<String>,
    /// Another kind.
    pub kind: Option<String>,
    /// Names to add.
    pub add_aliases: Vec<String>,
    /// Names to take away.
    pub remove_aliases: Vec<String>,
    /// Properties to set, or with `None` to take away.
    pub properties: BTreeMap<String, Option<Scalar>>,
    /// Exceptions to set, or with `None` to take away.
    pub exceptions: BTreeMap<String, Option<Exception>>,
    /// What it says of all below it: to set, or with `None` to take away.
    pub template: BTreeMap<String, Option<Scalar>>,
    /// What it is, as [`Command::SetParents`] has it, said by whoever changes it.
    pub parents: Option<Vec<EntityId>>,
}

/// A new relation. If there is one of the same vertices and kind, that one is strengthened.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRelation {
    /// From.
    pub from: Vertex,
    /// How they belong together.
    pub kind: String,
    /// To.
    pub to: Vertex,
    /// How strongly, 0 to 1.
    pub strength: f32,
    /// Decay stops here.
    pub floor: f32,
    /// When it is true.
    pub valid: Validity,
    /// Who said so.
    pub provenance: Provenance,
}

/// A new fact.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFact {
    /// Whom it is about.
    pub subject: EntityId,
    /// What is said.
    pub predicate: String,
    /// Of what.
    pub object: Object,
    /// That it is not so.
    pub negated: bool,
    /// When it is true.
    pub valid: Validity,
    /// How sure, 0 to 1.
    pub confidence: f32,
    /// Who said so.
    pub provenance: Provenance,
    /// Each a set of facts that together are reason enough.
    pub justifications: Vec<Vec<FactId>>,
    /// Declares whether a subject has one value of the predicate at a time; `None` leaves it.
    pub functional: Option<bool>,
}

/// How a branch is merged where both sides changed the same.
#[derive(Clone, Debug, PartialEq)]
pub enum MergeStrategy {
    /// What was learned last.
    PreferNewer,
    /// The parent's.
    PreferParent,
    /// The child's.
    PreferChild,
    /// Both: entities are united, facts stand side by side with a contradiction between them.
    MergeBoth,
    /// As chosen for each; what is not chosen is listed, and nothing is merged.
    Manual(BTreeMap<ItemId, Side>),
}

/// A side of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The branch that is merged into.
    Parent,
    /// The branch that is merged.
    Child,
}

/// What is to be erased, with its history and every mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An entity, those merged into it, their facts and relations.
    Entity(EntityId),
    /// A fact, and contradictions with it.
    Fact(FactId),
    /// A relation.
    Relation(RelationId),
    /// A memory: its relations, and facts that nothing else says.
    Memory(u64),
    /// A branch, with all that was changed on it.
    Branch(BranchId),
}

/// What can be asked to change.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Adds an entity; refused if there is one of the same name and kind.
    AddEntity(NewEntity),
    /// Changes an entity.
    UpdateEntity(EntityId, EntityUpdate),
    /// Takes an entity back; it can be read as it was known.
    RetractEntity(EntityId),
    /// Makes the first stand for the second.
    MergeEntities {
        /// Goes.
        from: EntityId,
        /// Stays.
        into: EntityId,
    },
    /// Sets the parents of an entity, in the order of their precedence.
    SetParents {
        /// The child.
        entity: EntityId,
        /// Its parents.
        parents: Vec<EntityId>,
        /// Who said so.
        provenance: Provenance,
    },
    /// Says once at a class what its members have in common, so that each has the same properties as
    /// before; see [`View::reorganisation`](crate::View::reorganisation).
    Reorganise(Gathering),
    /// Adds or strengthens a relation.
    AddRelation(NewRelation),
    /// Takes a relation back.
    RetractRelation(RelationId),
    /// Strengthens the relations between vertices that were recalled together.
    Recalled {
        /// The vertices.
        vertices: Vec<Vertex>,
        /// The kind of relation to make where there is none; `None` makes none.
        connect: Option<String>,
    },
    /// Strengthens, once each, the relations between vertices of which any of many recalls brought
    /// both; as many relations as one commit takes.
    RecalledEach(Vec<Vec<Vertex>>),
    /// Takes back the weakest relations below a strength.
    PruneWeak {
        /// Below it they go.
        below: f32,
        /// At most so many.
        limit: usize,
    },
    /// Declares a predicate.
    DeclarePredicate {
        /// Its name.
        name: String,
        /// What is said of it.
        says: Declaration,
    },
    /// Learns a fact.
    AssertFact(NewFact),
    /// Learns a fact, and gives up as little as it takes that nothing that is believed contradicts it.
    Revise(NewFact),
    /// Takes a fact back.
    RetractFact(FactId),
    /// Gives up as little as makes a fact unsupported, the least entrenched first; see
    /// [`View::give_up`](crate::View::give_up).
    Contract(FactId),
    /// Learns a fact again that was taken back.
    RestoreFact(FactId),
    /// Settles a contradiction: the fact that loses is retracted.
    Resolve(ContradictionId, Resolution),
    /// Undoes that.
    Reopen(ContradictionId),
    /// Makes a branch of the stamp's branch.
    CreateBranch {
        /// Its name.
        name: String,
        /// As known then; `None` is now.
        known_at: Option<Time>,
    },
    /// Hides a branch.
    DeleteBranch(BranchId),
    /// Merges a branch into its parent, which is the stamp's branch.
    MergeBranch(BranchId, MergeStrategy),
    /// Moves some changes of the stamp's branch to a new branch beside it; refused where they make no
    /// sense without what stays.
    SplitBranch {
        /// The name of the new branch.
        name: String,
        /// What goes there.
        items: BTreeSet<ItemId>,
    },
    /// Hides branches that nobody changed for long.
    PruneBranches(Pruning),
    /// Merges a branch into its parent, which is the stamp's branch, if it is ready.
    ConsolidateBranch(BranchId, MergeStrategy, Consolidation),
    /// Removes for good.
    Erase(Target),
}

/// What a plan makes or touches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What was asked for: the new entity, fact ... or the one that was there already.
    pub item: Option<ItemId>,
    /// Whether it is new.
    pub created: bool,
    /// Facts whose end was set because a later one took their place.
    pub superseded: Vec<FactId>,
    /// Facts that were given up so that another is not believed any more, or is believed without a
    /// contradiction.
    pub given_up: Vec<FactId>,
    /// Contradictions that came up.
    pub contradictions: Vec<ContradictionId>,
    /// Everything that changes, in order.
    pub touched: Vec<ItemId>,
    /// Predicates that are now declared.
    pub predicate: Option<PredicateId>,
    /// What is said at classes now.
    pub reorganisation: Option<Reorganisation>,
}

/// One write of a keyed record.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The record's key, at most 64 bytes of ASCII.
    pub key: String,
    /// Its new value; `None` deletes it.
    pub value: Option<Vec<u8>>,
    /// What the value says.
    pub(crate) record: Record,
}

/// Changes that were checked, and belong together.
///
/// Make [`Plan::changes`] durable, all or none, and then [`crate::Knowledge::apply`] it. Changes of
/// an erasure may be more than one commit takes: they can be made durable part by part in their
/// order, and erasing again finishes what was cut short.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The revision that it becomes.
    pub revision: Revision,
    /// What is written.
    pub changes: Vec<Change>,
    /// What it does.
    pub outcome: Outcome,
}

impl Plan {
    /// The first `n` changes, for an erasure that is more than one commit takes.
    #[must_use]
    pub fn first(mut self, n: usize) -> Self {
        self.changes.truncate(n);
        self
    }
}
