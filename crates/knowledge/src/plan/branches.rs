//! Branches: made, hidden, merged.

use std::collections::BTreeMap;

use super::{Planned, Planner};
use crate::branch::Conflict;
use crate::check;
use crate::command::{MergeStrategy, Side};
use crate::error::KnowledgeError;
use crate::id::{BranchId, FactId, ItemId, Revision, Time};
use crate::inherit::IS_A;
use crate::item::{Branch, BranchState, ConflictKind, Entity, Fact, Item, Object, Relation};
use crate::limits::{MAX_BRANCH_DEPTH, MAX_BRANCHES, MAX_EVIDENCE};
use crate::truth::Clash;
use crate::view::View;

impl Planner<'_> {
    pub(super) fn create_branch(&mut self, name: String, known_at: Option<Time>) -> Planned {
        let n_branches = self.unnamed(&name)?;
        check::count("branches", n_branches + 1, MAX_BRANCHES)?;
        check::count("branches of branches", self.view.lineage().len(), MAX_BRANCH_DEPTH)?;
        let fork = known_at.map_or(self.knowledge.meta.revision, |at| self.revision_at(at));
        let id = BranchId(self.number());
        let parent = self.stamp.branch;
        self.made(ItemId::Branch(id), true);
        let branch = Branch { name, parent, fork, state: BranchState::Open };
        self.stage(ItemId::Branch(id), Some(Item::Branch(branch)))
    }

    /// No branch has this name; how many there are.
    pub(super) fn unnamed(&self, name: &str) -> Planned<usize> {
        let branches = self.view.branches();
        match branches.iter().find(|branch| branch.item.name == name) {
            Some(other) => Err(KnowledgeError::BranchExists(other.id)),
            None => Ok(branches.len()),
        }
    }

    /// The last revision that was learned by then.
    fn revision_at(&self, at: Time) -> Revision {
        if at >= self.knowledge.meta.at {
            return self.knowledge.meta.revision;
        }
        let all = self.knowledge.moments();
        all.filter(|(_, when)| *when <= at).map(|(revision, _)| revision).max().unwrap_or(0)
    }

    pub(super) fn delete_branch(&mut self, id: BranchId) -> Planned {
        self.child(id)?;
        if self.view.branches().iter().any(|other| other.item.parent == id) {
            return Err(KnowledgeError::Branch(id, "has branches of its own"));
        }
        self.made(ItemId::Branch(id), false);
        self.stage(ItemId::Branch(id), None)
    }

    /// A branch that is there and is not the main one.
    pub(super) fn child(&self, id: BranchId) -> Planned<Branch> {
        if id == BranchId::MAIN {
            return Err(KnowledgeError::Branch(id, "is the main one"));
        }
        let found = self.view.branch(id).map(|known| known.item.clone());
        found.ok_or(KnowledgeError::Missing(ItemId::Branch(id)))
    }

    pub(super) fn merge_branch(&mut self, id: BranchId, strategy: &MergeStrategy) -> Planned {
        let mut branch = self.child(id)?;
        if branch.parent != self.stamp.branch {
            return Err(KnowledgeError::Branch(id, "is no branch of the one to merge into"));
        }
        if branch.state == BranchState::Merged {
            return Err(KnowledgeError::Closed(id));
        }
        let mut merge = Merge {
            child: self.knowledge.latest(id)?,
            base: self.view.until(branch.fork),
            strategy,
            conflicts: Vec::new(),
        };
        let changed = self.knowledge.changed(id);
        for item in &changed {
            self.merge_item(&mut merge, *item)?;
        }
        for item in &changed {
            if let (ItemId::Fact(fact), true) = (*item, self.staged.contains_key(item)) {
                self.merge_fact(&mut merge, fact)?;
            }
        }
        if !merge.conflicts.is_empty() {
            return Err(KnowledgeError::Conflicts(merge.conflicts));
        }
        self.no_circle_by_facts()?;
        branch.state = BranchState::Merged;
        self.made(ItemId::Branch(id), false);
        self.stage(ItemId::Branch(id), Some(Item::Branch(branch)))
    }

    /// Takes what only the child changed; where both did, the strategy says.
    fn merge_item(&mut self, merge: &mut Merge<'_>, id: ItemId) -> Planned {
        let (base, ours, theirs) = (merge.base.item(id), self.view.item(id), merge.child.item(id));
        if theirs == ours || theirs == base {
            return Ok(());
        }
        if ours == base {
            return self.stage(id, theirs);
        }
        let newer = merge.newer(&self.view, id, id);
        if *merge.strategy == MergeStrategy::MergeBoth {
            return self.stage(id, both(ours, theirs, newer));
        }
        match merge.side(id, id, newer) {
            Some(Side::Child) => self.stage(id, with_templates(theirs, ours, base)),
            Some(Side::Parent) => {
                let kept = with_templates(ours.clone(), theirs, base);
                if kept == ours { Ok(()) } else { self.stage(id, kept) }
            }
            None => Ok(()),
        }
    }

    /// A fact that comes may end or contradict facts that the child has never seen.
    fn merge_fact(&mut self, merge: &mut Merge<'_>, id: FactId) -> Planned {
        let Some(mut fact) = self.fact(id) else { return Ok(()) };
        for (other, clash) in self.clashes(&fact) {
            let ours = ItemId::Fact(other);
            if other == id || merge.child.item(ours).is_some() || self.fact(other).is_none() {
                continue;
            }
            match clash {
                Clash::Same => {}
                Clash::Ends(time) => self.end_at(other, time)?,
                Clash::EndsBy(time) => {
                    fact.valid.to = Some(fact.valid.to.map_or(time, |to: Time| to.min(time)));
                    self.stage_fact(id, fact.clone())?;
                }
                Clash::Contradicts(kind) => self.merge_clash(merge, kind, id, other)?,
            }
        }
        Ok(())
    }

    fn end_at(&mut self, id: FactId, time: Time) -> Planned {
        let mut fact = self.known_fact(id)?;
        fact.valid.to = Some(time);
        self.outcome.superseded.push(id);
        self.stage_fact(id, fact)
    }

    fn merge_clash(
        &mut self,
        merge: &mut Merge<'_>,
        kind: ConflictKind,
        id: FactId,
        other: FactId,
    ) -> Planned {
        let (theirs, ours) = (ItemId::Fact(id), ItemId::Fact(other));
        if *merge.strategy == MergeStrategy::MergeBoth {
            return self.contradict(kind, other, id);
        }
        let newer = merge.newer(&self.view, theirs, ours);
        match merge.side(theirs, ours, newer) {
            Some(Side::Child) => self.retract_fact(other),
            // What the parent has never known is not retracted there.
            Some(Side::Parent) if self.view.since(theirs).is_none() => {
                self.staged.remove(&theirs);
                Ok(())
            }
            Some(Side::Parent) => self.retract_fact(id),
            None => Ok(()),
        }
    }

    /// Facts `is_a` of both sides may make a circle that neither has.
    fn no_circle_by_facts(&self) -> Planned {
        let staged = self.staged.values().filter_map(|item| match item {
            Some(Item::Fact(fact)) if fact.predicate == IS_A && !fact.negated => Some(fact),
            _ => None,
        });
        for fact in staged {
            if let Object::Entity(parent) = fact.object {
                self.may_inherit(fact.subject, parent)?;
            }
        }
        Ok(())
    }
}

struct Merge<'a> {
    child: View<'a>,
    /// The parent as the child saw it first.
    base: View<'a>,
    strategy: &'a MergeStrategy,
    conflicts: Vec<Conflict>,
}

impl Merge<'_> {
    /// The side that learned last; the child if it was at once.
    fn newer(&self, parent: &View<'_>, theirs: ItemId, ours: ItemId) -> Side {
        if parent.since(ours) > self.child.since(theirs) { Side::Parent } else { Side::Child }
    }

    /// The side that the strategy takes; `None`, and a conflict, if nobody chose.
    fn side(&mut self, child: ItemId, parent: ItemId, newer: Side) -> Option<Side> {
        match self.strategy {
            MergeStrategy::PreferNewer | MergeStrategy::MergeBoth => Some(newer),
            MergeStrategy::PreferParent => Some(Side::Parent),
            MergeStrategy::PreferChild => Some(Side::Child),
            MergeStrategy::Manual(choices) => {
                let chosen = choices.get(&child).copied();
                if chosen.is_none() {
                    self.conflicts.push(Conflict { child, parent });
                }
                chosen
            }
        }
    }
}

/// What was taken, with what the other side says of its members since the base: their own values may
/// be gone for it.
fn with_templates(taken: Option<Item>, other: Option<Item>, base: Option<Item>) -> Option<Item> {
    let (Some(Item::Entity(mut entity)), Some(Item::Entity(other))) = (taken.clone(), other) else {
        return taken;
    };
    let before = match base {
        Some(Item::Entity(base)) => base.template,
        _ => BTreeMap::new(),
    };
    let new = other.template.into_iter().filter(|(name, _)| !before.contains_key(name));
    fill(&mut entity.template, new.collect());
    Some(Item::Entity(entity))
}

/// What unites two values of an item; where there is one place for two, the newer.
fn both(ours: Option<Item>, theirs: Option<Item>, newer: Side) -> Option<Item> {
    let (first, second) = match newer {
        Side::Parent => (ours, theirs),
        Side::Child => (theirs, ours),
    };
    match (first, second) {
        (Some(Item::Entity(a)), Some(Item::Entity(b))) => Some(Item::Entity(unite(a, b))),
        (Some(Item::Fact(a)), Some(Item::Fact(b))) => Some(Item::Fact(unite_facts(a, b))),
        (Some(Item::Relation(a)), Some(Item::Relation(b))) => {
            let strength = a.strength.max(b.strength);
            Some(Item::Relation(Relation { strength, floor: a.floor.max(b.floor), ..a }))
        }
        (first, second) => first.or(second),
    }
}

fn unite(mut newer: Entity, older: Entity) -> Entity {
    let add = |to: &mut Vec<_>, from: Vec<_>| {
        for value in from {
            if !to.contains(&value) {
                to.push(value);
            }
        }
    };
    add(&mut newer.aliases, older.aliases);
    for value in older.absorbed {
        if !newer.absorbed.contains(&value) {
            newer.absorbed.push(value);
        }
    }
    fill(&mut newer.properties, older.properties);
    fill(&mut newer.exceptions, older.exceptions);
    fill(&mut newer.template, older.template);
    newer.merged_into = newer.merged_into.or(older.merged_into);
    newer
}

fn fill<V>(newer: &mut BTreeMap<String, V>, older: BTreeMap<String, V>) {
    for (name, value) in older {
        newer.entry(name).or_insert(value);
    }
}

fn unite_facts(mut newer: Fact, older: Fact) -> Fact {
    for evidence in older.evidence {
        if newer.evidence.len() < MAX_EVIDENCE && !newer.evidence.contains(&evidence) {
            newer.evidence.push(evidence);
        }
    }
    if older.justifications.is_empty() {
        newer.justifications.clear();
    } else if !newer.justifications.is_empty() {
        for reasons in older.justifications {
            if !newer.justifications.contains(&reasons) {
                newer.justifications.push(reasons);
            }
        }
    }
    newer
}
