//! A branch in two, branches that go, and a branch that is merged if it is ready.

use std::collections::{BTreeMap, BTreeSet};

use super::{Planned, Planner};
use crate::check;
use crate::command::MergeStrategy;
use crate::error::KnowledgeError;
use crate::id::{BranchId, EntityId, ItemId, Vertex};
use crate::inherit::IS_A;
use crate::item::{BranchState, Entity, Fact, Item, Object};
use crate::life::{Consolidation, Pruning};
use crate::limits::MAX_BRANCHES;
use crate::name::normalised;
use crate::view::View;

impl Planner<'_> {
    /// Some changes of the stamp's branch go to a new branch beside it: there they are made, and here
    /// they are undone.
    pub(super) fn split_branch(&mut self, name: String, items: &BTreeSet<ItemId>) -> Planned {
        let id = self.stamp.branch;
        let branch = self.child(id)?;
        let n_branches = self.unnamed(&name)?;
        check::count("branches", n_branches + 1, MAX_BRANCHES)?;
        let changes = self.knowledge.own_changes(id)?;
        if let Some(other) = items.iter().find(|item| !changes.contains(item)) {
            let expected = format!("what branch {id} changed itself");
            return Err(KnowledgeError::Invalid {
                what: "items",
                expected,
                found: other.to_string(),
            });
        }
        if items.is_empty() {
            let (expected, found) = ("at least one".to_string(), "none".to_string());
            return Err(KnowledgeError::Invalid { what: "items", expected, found });
        }
        let base = self.knowledge.base(id)?;
        let parted = Joints { base: &base, branch: &self.view, changes: &changes }.parted(items);
        if !parted.is_empty() {
            return Err(KnowledgeError::Parted(parted));
        }
        let new = BranchId(self.number());
        for item in items {
            self.beside.push((new, *item, self.view.item(*item)));
            self.stage(*item, base.item(*item))?;
        }
        self.made(ItemId::Branch(new), true);
        self.stage(ItemId::Branch(new), Some(Item::Branch(crate::item::Branch { name, ..branch })))
    }

    /// Hides branches that nobody changed for long.
    pub(super) fn prune_branches(&mut self, pruning: &Pruning) -> Planned {
        let go = self.knowledge.prunable(pruning, self.stamp.at);
        go.into_iter().try_for_each(|id| self.stage(ItemId::Branch(id), None))
    }

    /// Merges a branch into the stamp's if it is ready.
    pub(super) fn consolidate(
        &mut self,
        id: BranchId,
        strategy: &MergeStrategy,
        policy: &Consolidation,
    ) -> Planned {
        if self.child(id)?.state == BranchState::Merged {
            return Err(KnowledgeError::Closed(id));
        }
        let why = self.knowledge.life(id, self.stamp.at, policy)?.obstacles(policy);
        if !why.is_empty() {
            return Err(KnowledgeError::NotReady { branch: id, why });
        }
        self.merge_branch(id, strategy)
    }
}

/// What two changes may have in common, so that one makes no sense without the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Joint {
    /// One of them refers to what the other made, took back or settled.
    Item(ItemId),
    /// Both say something of one subject that may end, repeat or contradict the other.
    Says(EntityId, String, Option<String>),
    /// Both are about a name.
    Named(String),
    /// Both are about how two belong together.
    Relates(Vertex, String, Vertex),
    /// Something is no longer said to be another, which may make room for a circle.
    IsA,
    /// A class says something else of its members, or a member has a value no longer for that.
    Template,
}

/// The changes of a branch, and what joins them.
struct Joints<'a> {
    base: &'a View<'a>,
    branch: &'a View<'a>,
    changes: &'a [ItemId],
}

impl Joints<'_> {
    /// Pairs of a change that would go and one that would stay and are joined; each that stays once.
    fn parted(&self, going: &BTreeSet<ItemId>) -> Vec<(ItemId, ItemId)> {
        let mut members: BTreeMap<Joint, (Option<ItemId>, Vec<ItemId>)> = BTreeMap::new();
        let unmade = self.unmakes_parents();
        for item in self.changes {
            for joint in self.of(*item, unmade) {
                let (goes, stay) = members.entry(joint).or_default();
                if going.contains(item) {
                    goes.get_or_insert(*item);
                } else {
                    stay.push(*item);
                }
            }
        }
        let mut parted: BTreeMap<ItemId, ItemId> = BTreeMap::new();
        for (goes, stay) in members.into_values() {
            let Some(goes) = goes else { continue };
            for stays in stay {
                parted.entry(stays).or_insert(goes);
            }
        }
        parted.into_iter().map(|(stays, goes)| (goes, stays)).collect()
    }

    fn of(&self, id: ItemId, unmade: bool) -> BTreeSet<Joint> {
        let mut joints = BTreeSet::new();
        if self.is_essential(id) {
            joints.insert(Joint::Item(id));
        }
        let (base, branch) = (self.base.item(id), self.branch.item(id));
        if let (Some(Item::Entity(before)), Some(Item::Entity(after))) = (&base, &branch) {
            let gone = before.properties.keys().any(|name| !after.properties.contains_key(name));
            if gone || before.template != after.template {
                joints.insert(Joint::Template);
            }
        }
        for value in [base, branch].into_iter().flatten() {
            match value {
                Item::Entity(entity) => self.of_entity(&entity, &mut joints),
                Item::Fact(fact) => self.of_fact(&fact, unmade, &mut joints),
                Item::Relation(relation) => {
                    for end in [relation.from, relation.to] {
                        if let Vertex::Entity(entity) = end {
                            self.refers(ItemId::Entity(entity), &mut joints);
                        }
                    }
                    joints.insert(Joint::Relates(relation.from, relation.kind, relation.to));
                }
                Item::Contradiction(contradiction) => {
                    self.refers(ItemId::Fact(contradiction.first), &mut joints);
                    self.refers(ItemId::Fact(contradiction.second), &mut joints);
                }
                Item::Predicate(_) | Item::Branch(_) => {}
            }
        }
        joints
    }

    fn of_entity(&self, entity: &Entity, joints: &mut BTreeSet<Joint>) {
        let names = entity.aliases.iter().chain([&entity.name]);
        joints.extend(names.map(|name| Joint::Named(normalised(name))));
        let others = entity.absorbed.iter().copied().chain(entity.merged_into);
        others.for_each(|other| self.refers(ItemId::Entity(other), joints));
    }

    fn of_fact(&self, fact: &Fact, unmade: bool, joints: &mut BTreeSet<Joint>) {
        let called = |id: EntityId| self.branch.resolve(id).unwrap_or(id);
        self.refers(ItemId::Entity(fact.subject), joints);
        let object = match &fact.object {
            Object::Entity(id) => {
                self.refers(ItemId::Entity(*id), joints);
                format!("{:?}", Object::Entity(called(*id)))
            }
            literal => format!("{literal:?}"),
        };
        for reason in fact.justifications.iter().flatten() {
            self.refers(ItemId::Fact(*reason), joints);
        }
        let declared = self.branch.predicate(&fact.predicate);
        if let Some(declared) = &declared {
            self.refers(ItemId::Predicate(declared.id), joints);
        }
        let functional = declared.is_some_and(|declared| declared.item.functional);
        let object = (!functional).then_some(object);
        joints.insert(Joint::Says(called(fact.subject), fact.predicate.clone(), object));
        if unmade && fact.predicate == IS_A {
            joints.insert(Joint::IsA);
        }
    }

    fn refers(&self, id: ItemId, joints: &mut BTreeSet<Joint>) {
        if self.changes.binary_search(&id).is_ok() && self.is_essential(id) {
            joints.insert(Joint::Item(id));
        }
    }

    /// Whether what refers to a change needs it: an entity that only has another property is the same.
    fn is_essential(&self, id: ItemId) -> bool {
        match (self.base.item(id), self.branch.item(id)) {
            (Some(Item::Entity(a)), Some(Item::Entity(b))) => {
                (a.merged_into, a.absorbed) != (b.merged_into, b.absorbed)
            }
            (Some(Item::Relation(_)), Some(Item::Relation(_))) => false,
            _ => true,
        }
    }

    /// Whether a fact `is_a` that was known where the branch began is known no longer.
    fn unmakes_parents(&self) -> bool {
        self.changes.iter().any(|id| match (self.base.item(*id), self.branch.item(*id)) {
            (Some(Item::Fact(a)), after) if a.predicate == IS_A => {
                after.is_none_or(|b| !matches!(b, Item::Fact(b) if b.object == a.object))
            }
            _ => false,
        })
    }
}
