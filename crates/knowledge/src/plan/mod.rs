//! From a command to a plan: everything is checked here, and nothing is changed.

mod beliefs;
mod branches;
mod entities;
mod erase;
mod relations;
mod revise;
mod split;

use std::collections::BTreeMap;

use crate::check;
use crate::command::{Change, Command, NewFact, Outcome, Plan, Stamp};
use crate::error::KnowledgeError;
use crate::id::{
    BranchId, ContradictionId, EntityId, FactId, ItemId, PredicateId, RelationId, Time,
};
use crate::inherit::IS_A;
use crate::item::{Contradiction, Declaration, Entity, Fact, Item, Laws, Predicate, Relation};
use crate::knowledge::Knowledge;
use crate::limits::{MAX_CHANGES, MAX_VERSIONS};
use crate::record::{Body, Key, Meta, Record, Stored, Weight};
use crate::view::View;

pub use relations::HEBBIAN_RATE;

type Planned<T = ()> = Result<T, KnowledgeError>;

/// What a plan will be, as far as it is known. Reads what it has already staged.
struct Planner<'a> {
    knowledge: &'a Knowledge,
    stamp: Stamp,
    view: View<'a>,
    last: u64,
    staged: BTreeMap<ItemId, Option<Item>>,
    weights: BTreeMap<RelationId, Option<Weight>>,
    /// What goes to another branch than the stamp's.
    beside: Vec<(BranchId, ItemId, Option<Item>)>,
    /// What erasing removes or writes again, in this order.
    raw: Vec<Record>,
    outcome: Outcome,
}

impl Knowledge {
    /// Checks a command, and says what it changes.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the command; the state is as before in any case.
    pub fn plan(&self, command: Command, stamp: &Stamp) -> Result<Plan, KnowledgeError> {
        check::text("by", &stamp.by)?;
        let stamp = Stamp { at: stamp.at.max(self.meta.at), ..stamp.clone() };
        let mut planner = Planner {
            knowledge: self,
            view: self.latest(stamp.branch)?,
            stamp,
            last: self.meta.last,
            staged: BTreeMap::new(),
            weights: BTreeMap::new(),
            beside: Vec::new(),
            raw: Vec::new(),
            outcome: Outcome::default(),
        };
        planner.run(command)?;
        planner.finish()
    }
}

impl Planner<'_> {
    fn run(&mut self, command: Command) -> Planned {
        if !self.view.is_open() && !matches!(command, Command::Erase(_) | Command::DeleteBranch(_))
        {
            return Err(KnowledgeError::Closed(self.stamp.branch));
        }
        match command {
            Command::AddEntity(new) => self.add_entity(new),
            Command::UpdateEntity(id, update) => self.update_entity(id, update),
            Command::RetractEntity(id) => self.retract_entity(id),
            Command::MergeEntities { from, into } => self.merge_entities(from, into),
            Command::SetParents { entity, parents, provenance } => {
                self.set_parents(entity, &parents, &provenance)
            }
            Command::Reorganise(how) => self.reorganise(&how),
            Command::AddRelation(new) => self.add_relation(new),
            Command::RetractRelation(id) => self.retract_relation(id),
            Command::Recalled { vertices, connect } => self.recalled(&vertices, connect.as_deref()),
            Command::RecalledEach(all) => self.recalled_each(&all),
            Command::PruneWeak { below, limit } => self.prune_weak(below, limit),
            Command::DeclarePredicate { name, says } => self.declare(name, says),
            Command::AssertFact(new) => self.assert_fact(new),
            Command::Revise(new) => self.revise(new),
            Command::RetractFact(id) => self.retract_fact(id),
            Command::Contract(id) => self.contract(id),
            Command::RestoreFact(id) => self.restore_fact(id),
            Command::Resolve(id, strategy) => self.resolve(id, strategy),
            Command::Reopen(id) => self.reopen(id),
            Command::CreateBranch { name, known_at } => self.create_branch(name, known_at),
            Command::DeleteBranch(id) => self.delete_branch(id),
            Command::MergeBranch(id, strategy) => self.merge_branch(id, &strategy),
            Command::SplitBranch { name, items } => self.split_branch(name, &items),
            Command::PruneBranches(pruning) => self.prune_branches(&pruning),
            Command::ConsolidateBranch(id, strategy, policy) => {
                self.consolidate(id, &strategy, &policy)
            }
            Command::Erase(target) => self.erase(target),
        }
    }

    /// The plan of all that was staged. The counters come last.
    fn finish(self) -> Planned<Plan> {
        let revision = self.knowledge.meta.revision + 1;
        let meta = Meta { last: self.last, revision, at: self.stamp.at };
        let mut outcome = self.outcome;
        outcome.touched = self.staged.keys().copied().collect();
        let (branch, at, by) = (self.stamp.branch, self.stamp.at, self.stamp.by);
        let staged = self.staged.into_iter().map(|(id, item)| {
            let home = if matches!(id, ItemId::Branch(_)) { BranchId::MAIN } else { branch };
            let body = Body::Version(Stored { at, by: by.clone(), item });
            Record { key: Key::Version(id, home, revision), body: Some(body) }
        });
        let beside = self.beside.into_iter().map(|(branch, id, item)| {
            let body = Body::Version(Stored { at, by: by.clone(), item });
            Record { key: Key::Version(id, branch, revision), body: Some(body) }
        });
        let weights = self.weights.into_iter().map(|(relation, weight)| Record {
            key: Key::Weight(relation, branch),
            body: weight.map(Body::Weight),
        });
        let n_erased = self.raw.len();
        let counters = Record { key: Key::Meta, body: Some(Body::Meta(meta)) };
        let records =
            self.raw.into_iter().chain(staged).chain(beside).chain(weights).chain([counters]);
        let changes: Vec<Change> = records.map(change).collect::<Planned<_>>()?;
        check::count("changes", changes.len() - n_erased, MAX_CHANGES)?;
        Ok(Plan { revision, changes, outcome })
    }

    /// Another number, never given before.
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Something will be this, or with `None` nothing.
    fn stage(&mut self, id: ItemId, item: Option<Item>) -> Planned {
        if let Some(item) = &item {
            check::item(item)?;
        }
        check::count("versions", self.knowledge.history_len(id) + 1, MAX_VERSIONS)?;
        self.staged.insert(id, item);
        Ok(())
    }

    fn stage_entity(&mut self, id: EntityId, entity: Entity) -> Planned {
        self.stage(ItemId::Entity(id), Some(Item::Entity(entity)))
    }

    fn stage_fact(&mut self, id: FactId, fact: Fact) -> Planned {
        self.stage(ItemId::Fact(id), Some(Item::Fact(fact)))
    }

    fn stage_relation(&mut self, id: RelationId, relation: Relation) -> Planned {
        self.stage(ItemId::Relation(id), Some(Item::Relation(relation)))
    }

    fn stage_contradiction(&mut self, id: ContradictionId, item: Contradiction) -> Planned {
        self.stage(ItemId::Contradiction(id), Some(Item::Contradiction(item)))
    }

    fn made(&mut self, id: ItemId, created: bool) {
        self.outcome.item = Some(id);
        self.outcome.created = created;
    }

    /// An entity that is there, or what it was merged into.
    fn entity(&self, id: EntityId) -> Planned<(EntityId, Entity)> {
        let missing = KnowledgeError::Missing(ItemId::Entity(id));
        let id = self.view.resolve(id).ok_or(missing.clone())?;
        match self.staged.get(&ItemId::Entity(id)) {
            Some(Some(Item::Entity(entity))) => Ok((id, entity.clone())),
            Some(_) => Err(missing),
            None => self.view.entity(id).map(|known| (id, known.item.clone())).ok_or(missing),
        }
    }

    fn fact(&self, id: FactId) -> Option<Fact> {
        match self.staged.get(&ItemId::Fact(id)) {
            Some(Some(Item::Fact(fact))) => Some(fact.clone()),
            Some(_) => None,
            None => self.view.fact(id).map(|known| known.item.clone()),
        }
    }

    /// A fact that is there.
    fn known_fact(&self, id: FactId) -> Planned<Fact> {
        self.fact(id).ok_or(KnowledgeError::Missing(ItemId::Fact(id)))
    }

    fn contradiction(&self, id: ContradictionId) -> Planned<Contradiction> {
        let missing = KnowledgeError::Missing(ItemId::Contradiction(id));
        match self.staged.get(&ItemId::Contradiction(id)) {
            Some(Some(Item::Contradiction(item))) => Ok(item.clone()),
            Some(_) => Err(missing),
            None => self.view.contradiction(id).map(|known| known.item.clone()).ok_or(missing),
        }
    }

    fn is_functional(&self, predicate: &str) -> bool {
        self.declaration(predicate) == Some(true)
    }

    /// Whether a predicate was declared functional, or not to be.
    fn declaration(&self, name: &str) -> Option<bool> {
        let staged = self.staged.values().find_map(|item| match item {
            Some(Item::Predicate(of)) if of.name == name => Some(of.functional),
            _ => None,
        });
        staged.or_else(|| self.view.predicate(name).map(|known| known.item.functional))
    }

    /// Declares what a fact says of its predicate, if that is new.
    fn declare_with(&mut self, fact: &NewFact) -> Planned {
        match fact.functional {
            Some(functional) if self.declaration(&fact.predicate) != Some(functional) => {
                self.declare(fact.predicate.clone(), Declaration::functional(functional))
            }
            _ => Ok(()),
        }
    }

    /// What is not said stays as it was.
    fn declare(&mut self, name: String, says: Declaration) -> Planned {
        let known = self.view.predicate(&name).map(|known| known.item.laws.clone());
        let was = known.unwrap_or_default();
        let inverse_of = says.inverse_of.or(was.inverse_of).filter(|other| !other.is_empty());
        let laws = Laws {
            transitive: says.transitive.unwrap_or(was.transitive),
            symmetric: says.symmetric.unwrap_or(was.symmetric),
            inverse_of,
        };
        let of_is_a = name == IS_A || laws.inverse_of.as_deref() == Some(IS_A);
        if of_is_a && laws != Laws::default() {
            let expected = "one other than is_a, which has its own".to_string();
            return Err(KnowledgeError::Invalid {
                what: "predicate of laws",
                expected,
                found: name,
            });
        }
        let functional = says.functional.or(self.declaration(&name)).unwrap_or(false);
        let known = self.view.predicate(&name).map(|known| known.id);
        let predicate = Predicate { name, functional, laws };
        let id = known.unwrap_or_else(|| PredicateId(self.number()));
        self.made(ItemId::Predicate(id), known.is_none());
        self.stage(ItemId::Predicate(id), Some(Item::Predicate(predicate)))
    }

    fn now(&self) -> Time {
        self.stamp.at
    }
}

fn change(record: Record) -> Planned<Change> {
    let value = record.body.as_ref().map(Body::encode).transpose()?;
    Ok(Change { key: record.key.text(), value, record })
}
