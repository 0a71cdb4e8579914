//! Erasing: every record of something, and every mention in other records, on all branches and at
//! all times. Records that others are found by go last, so that erasing again can finish.

use std::collections::{BTreeMap, BTreeSet};

use super::{Planned, Planner};
use crate::command::Target;
use crate::error::KnowledgeError;
use crate::id::{
    BranchId, ContradictionId, EntityId, FactId, ItemId, RelationId, Revision, Vertex,
};
use crate::item::{Entity, Fact, Item};
use crate::record::{Body, Key, Record, Stored};

/// What goes.
#[derive(Default)]
struct Gone {
    entities: BTreeSet<EntityId>,
    relations: BTreeSet<RelationId>,
    facts: BTreeSet<FactId>,
    contradictions: BTreeSet<ContradictionId>,
    /// Single versions.
    versions: BTreeSet<(ItemId, BranchId, Revision)>,
    /// Versions that stay, with something taken out.
    written: BTreeMap<(ItemId, BranchId, Revision), Stored>,
}

impl Planner<'_> {
    pub(super) fn erase(&mut self, target: Target) -> Planned {
        let mut gone = Gone::default();
        let item = match target {
            Target::Entity(id) => self.entity_goes(id, &mut gone),
            Target::Fact(id) => {
                gone.facts.insert(id);
                ItemId::Fact(id)
            }
            Target::Relation(id) => {
                gone.relations.insert(id);
                ItemId::Relation(id)
            }
            Target::Memory(number) => {
                self.memory_goes(number, &mut gone);
                return self.write_gone(gone);
            }
            Target::Branch(id) => return self.branch_goes(id),
        };
        if self.knowledge.history_len(item) == 0 {
            return Err(KnowledgeError::Missing(item));
        }
        self.made(item, false);
        self.write_gone(gone)
    }

    /// An entity and all that stand for the same now.
    fn entity_goes(&self, id: EntityId, gone: &mut Gone) -> ItemId {
        let main = self.knowledge.main();
        gone.entities.insert(id);
        gone.entities.extend(main.same(id));
        let finds = &self.knowledge.finds;
        for entity in &gone.entities {
            gone.facts.extend(finds.by_subject.get(entity).into_iter().flatten());
            gone.facts.extend(finds.by_object.get(entity).into_iter().flatten());
            gone.relations
                .extend(finds.by_vertex.get(&Vertex::Entity(*entity)).into_iter().flatten());
        }
        ItemId::Entity(id)
    }

    /// What only this memory says goes; from the rest, that it said so.
    fn memory_goes(&self, number: u64, gone: &mut Gone) {
        let at = self.knowledge.finds.by_vertex.get(&Vertex::Memory(number));
        gone.relations.extend(at.into_iter().flatten());
        for (n, versions) in self.knowledge.relations.all() {
            let values = versions.iter().filter_map(|v| v.value.as_ref());
            if values.into_iter().any(|relation| relation.provenance.memory == Some(number)) {
                gone.relations.insert(RelationId(n));
            }
        }
        for (n, versions) in self.knowledge.entities.all() {
            for version in versions {
                let Some(entity) = &version.value else { continue };
                if entity.provenance.memory == Some(number) {
                    let mut entity = entity.clone();
                    entity.provenance.memory = None;
                    let key = (ItemId::Entity(EntityId(n)), version.branch, version.revision);
                    let item = Some(Item::Entity(entity));
                    let stored = Stored { at: version.at, by: version.by.clone(), item };
                    gone.written.insert(key, stored);
                }
            }
        }
        let facts: Vec<FactId> = self.knowledge.facts.all().map(|(n, _)| FactId(n)).collect();
        facts.into_iter().for_each(|fact| self.evidence_goes(fact, number, gone));
    }

    fn evidence_goes(&self, id: FactId, number: u64, gone: &mut Gone) {
        let versions = self.knowledge.facts.versions(id.0);
        let mentions = |fact: &Fact| fact.evidence.iter().any(|e| e.memory == Some(number));
        if !versions.iter().filter_map(|v| v.value.as_ref()).any(mentions) {
            return;
        }
        let mut stays = false;
        let (mut single, mut written) = (Vec::new(), Vec::new());
        for version in versions {
            let Some(fact) = &version.value else { continue };
            let mut fact = fact.clone();
            fact.evidence.retain(|e| e.memory != Some(number));
            let key = (ItemId::Fact(id), version.branch, version.revision);
            if fact.evidence.is_empty() {
                single.push(key);
            } else {
                stays = true;
                let item = Some(Item::Fact(fact));
                written.push((key, Stored { at: version.at, by: version.by.clone(), item }));
            }
        }
        if stays {
            gone.versions.extend(single);
            gone.written.extend(written);
        } else {
            gone.facts.insert(id);
        }
    }

    /// The branch, and every version on it.
    fn branch_goes(&mut self, id: BranchId) -> Planned {
        let mut versions = self.knowledge.branches.all();
        let child = versions.any(|(_, versions)| {
            versions.iter().any(|v| v.value.as_ref().is_some_and(|branch| branch.parent == id))
        });
        let why = match id {
            BranchId::MAIN => Some("is the main one"),
            _ if child => Some("has branches of its own"),
            _ => None,
        };
        if let Some(why) = why {
            return Err(KnowledgeError::Branch(id, why));
        }
        if self.knowledge.branches.versions(id.0).is_empty() {
            return Err(KnowledgeError::Missing(ItemId::Branch(id)));
        }
        if self.stamp.branch == id {
            return Err(KnowledgeError::Branch(id, "cannot erase itself"));
        }
        self.made(ItemId::Branch(id), false);
        let mut gone = Gone::default();
        for item in self.knowledge.changed(id) {
            let events = self.knowledge.history(item).into_iter().filter(|e| e.branch == id);
            gone.versions.extend(events.map(|e| (item, id, e.revision)));
        }
        let relations: BTreeSet<RelationId> = self.knowledge.weights.keys().map(|k| k.0).collect();
        let weights =
            relations.into_iter().filter(|r| self.knowledge.weights.contains_key(&(*r, id)));
        self.raw
            .extend(weights.map(|relation| Record { key: Key::Weight(relation, id), body: None }));
        self.write_gone(gone)?;
        self.delete_all(ItemId::Branch(id));
        Ok(())
    }

    /// Contradictions, facts, relations, entities; then what mentions them.
    fn write_gone(&mut self, mut gone: Gone) -> Planned {
        for fact in &gone.facts {
            let of = self.knowledge.finds.by_fact.get(fact);
            gone.contradictions.extend(of.into_iter().flatten());
        }
        self.forget_reasons(&mut gone);
        self.forget_merges(&mut gone);
        for ((item, branch, revision), stored) in std::mem::take(&mut gone.written) {
            let key = Key::Version(item, branch, revision);
            self.raw.push(Record { key, body: Some(Body::Version(stored)) });
        }
        for (item, branch, revision) in std::mem::take(&mut gone.versions) {
            self.raw.push(Record { key: Key::Version(item, branch, revision), body: None });
        }
        gone.contradictions.iter().for_each(|id| self.delete_all(ItemId::Contradiction(*id)));
        gone.facts.iter().for_each(|id| self.delete_all(ItemId::Fact(*id)));
        for relation in &gone.relations {
            self.delete_weights(*relation);
            self.delete_all(ItemId::Relation(*relation));
        }
        gone.entities.iter().for_each(|id| self.delete_all(ItemId::Entity(*id)));
        Ok(())
    }

    fn delete_all(&mut self, item: ItemId) {
        for event in self.knowledge.history(item) {
            let key = Key::Version(item, event.branch, event.revision);
            self.raw.push(Record { key, body: None });
        }
    }

    fn delete_weights(&mut self, relation: RelationId) {
        let branches = self.knowledge.branches.all().map(|(n, _)| BranchId(n));
        for branch in branches.chain([BranchId::MAIN]) {
            if self.knowledge.weights.contains_key(&(relation, branch)) {
                self.raw.push(Record { key: Key::Weight(relation, branch), body: None });
            }
        }
    }

    /// A reason that goes leaves a place that nothing fills: what rested on it stays unsupported.
    fn forget_reasons(&self, gone: &mut Gone) {
        let by_reason = &self.knowledge.finds.by_reason;
        let above: BTreeSet<FactId> =
            gone.facts.iter().filter_map(|id| by_reason.get(id)).flatten().copied().collect();
        for id in above.difference(&gone.facts.clone()) {
            for version in self.knowledge.facts.versions(id.0) {
                let key = (ItemId::Fact(*id), version.branch, version.revision);
                let Some(fact) = &version.value else { continue };
                if gone.versions.contains(&key) {
                    continue;
                }
                let mut fact = match gone.written.get(&key) {
                    Some(Stored { item: Some(Item::Fact(fact)), .. }) => fact.clone(),
                    _ => fact.clone(),
                };
                for reason in fact.justifications.iter_mut().flatten() {
                    if gone.facts.contains(reason) {
                        *reason = FactId::ERASED;
                    }
                }
                let item = Some(Item::Fact(fact));
                gone.written.insert(key, Stored { at: version.at, by: version.by.clone(), item });
            }
        }
    }

    /// Entities that were merged with one that goes, on another branch or once.
    fn forget_merges(&self, gone: &mut Gone) {
        if gone.entities.is_empty() {
            return;
        }
        let mentions = |entity: &Entity| {
            let absorbed = entity.absorbed.iter().any(|id| gone.entities.contains(id));
            absorbed || entity.merged_into.is_some_and(|id| gone.entities.contains(&id))
        };
        let mut written = BTreeMap::new();
        for (n, versions) in self.knowledge.entities.all() {
            for version in versions {
                let Some(entity) = version.value.as_ref().filter(|entity| mentions(entity)) else {
                    continue;
                };
                let mut entity = entity.clone();
                entity.absorbed.retain(|id| !gone.entities.contains(id));
                entity.merged_into = entity.merged_into.filter(|id| !gone.entities.contains(id));
                let item = Some(Item::Entity(entity));
                let key = (ItemId::Entity(EntityId(n)), version.branch, version.revision);
                written.insert(key, Stored { at: version.at, by: version.by.clone(), item });
            }
        }
        written.retain(
            |(item, ..), _| !matches!(item, ItemId::Entity(id) if gone.entities.contains(id)),
        );
        gone.written.extend(written);
    }
}
