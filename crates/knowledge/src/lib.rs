//! What a tenant knows: entities, relations, facts with two times, branches, activation.
//!
//! [`Knowledge`] is one tenant's, in memory. It is pure: no files, clock, log or async; times are
//! passed in as microseconds since 1970. A change is planned, made durable by the caller, and then
//! applied:
//!
//! ```
//! # use knowledge::*;
//! # fn main() -> Result<(), KnowledgeError> {
//! let mut knowledge = Knowledge::default();
//! let stamp = Stamp { branch: BranchId::MAIN, at: 1_700_000_000_000_000, by: "ada".into() };
//! let source = Provenance {
//!     source: "a letter".into(), memory: None, episode: None, confidence: 0.9,
//! };
//! let ada = Command::AddEntity(NewEntity {
//!     name: "Ada Lovelace".into(),
//!     kind: "person".into(),
//!     aliases: vec!["Augusta Ada King".into()],
//!     properties: Default::default(),
//!     provenance: source,
//! });
//! let plan = knowledge.plan(ada, &stamp)?; // refused plans change nothing
//! // ... the caller writes plan.changes in one commit ...
//! knowledge.apply(plan);
//! let view = knowledge.latest(BranchId::MAIN)?;
//! assert_eq!(view.by_name("ada  lovelace").len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Command`], [`Plan`], [`Change`] | what is asked, what it changes, the records to keep |
//! | [`Knowledge::at`], [`View`] | all that is known on a branch, as known then, as true then |
//! | [`View::property`], [`View::ancestors`] | inheritance with exceptions |
//! | [`View::reorganisation`] | what members have in common, said once at their class |
//! | [`View::support`], [`Contradiction`] | reasons, and facts that cannot both be true |
//! | [`View::environments`], [`View::suppose`] | under which assumptions a fact holds; what if |
//! | [`View::give_up`] | what to give up for a fact not to be believed |
//! | [`Knowledge::health`] | beliefs without a contradiction, revisions a minute, drift |
//! | [`Knowledge::between`], [`Compared`] | what came to be known otherwise between two times |
//! | [`Knowledge::diff`], [`MergeStrategy`], [`Knowledge::life`] | branches |
//! | [`reason::Premises`] | what follows, what may generally hold, what would explain, what is alike |
//! | [`analysis::KnowledgeGraph`] | the shape of it: ways, parts, importance, groups, flow |
//! | [`Links`] | what belongs together, in flat arrays: activation, paths, ranks, dreams, gaps |
//!
//! Items are versions that are never written again, so what was known at any time can be read, and
//! a branch is a place in that line with versions of its own. Only erasing removes.
//! `docs/concepts/knowledge.md` is the page about it, `docs/decisions/0018-knowledge.md` says why.

pub mod analysis;
mod assume;
mod branch;
mod check;
mod command;
mod compare;
mod conflict;
mod contract;
mod error;
mod gather;
mod health;
mod id;
mod inherit;
mod item;
mod knowledge;
mod life;
mod limits;
pub mod links;
mod name;
mod periods;
mod plan;
pub mod reason;
mod record;
mod record_before;
mod table;
mod truth;
mod view;
mod vocabulary;

pub use assume::{Considered, Environments, Supposed, Supposing};
pub use branch::{Conflict, Difference};
pub use command::{
    Change, Command, EntityUpdate, MergeStrategy, NewEntity, NewFact, NewRelation, Outcome, Plan,
    Side, Stamp, Target,
};
pub use compare::{Between, Compared, FactChange, RelationChange};
pub use conflict::ConflictType;
pub use contract::MAX_WEIGHED;
pub use error::KnowledgeError;
pub use gather::{
    Compression, Gathering, MAX_CLASSED, MAX_LINES, MAX_SAID, MAX_WEIGHING, Move, Reorganisation,
};
pub use health::Health;
pub use id::{
    BranchId, ContradictionId, EntityId, FactId, ItemId, PredicateId, RelationId, Revision, Time,
    Vertex,
};
pub use inherit::{Ancestors, IS_A, Order, Origin, Property};
pub use item::{
    Branch, BranchState, ConflictKind, Contradiction, ContradictionState, Declaration, Entity,
    Exception, Fact, Item, Laws, Object, Predicate, Provenance, Relation, Resolution, Scalar,
    Validity,
};
pub use knowledge::{Counts, Event, Knowledge};
pub use life::{CONSOLIDATING, Consolidation, Life, Pruning, SHORT_TERM, Stage, WORKING_MEMORY};
pub use limits::*;
pub use links::Links;
pub use name::normalised;
pub use periods::Brought;
pub use plan::HEBBIAN_RATE;
pub use record::FORMAT;
pub use truth::{Reason, Support};
pub use view::{At, FactQuery, Known, View};
pub use vocabulary::{KindUse, PredicateUse};
