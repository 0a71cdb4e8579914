//! Entities, and what they inherit from.

use std::collections::{BTreeMap, BTreeSet};

use super::{Planned, Planner};
use crate::check;
use crate::command::{EntityUpdate, NewEntity, NewFact};
use crate::error::KnowledgeError;
use crate::gather::Gathering;
use crate::id::{EntityId, FactId, ItemId};
use crate::inherit::IS_A;
use crate::item::{Entity, Fact, Item, Object, Provenance, Validity};
use crate::limits::{
    MAX_ALIASES, MAX_ANCESTORS, MAX_INHERITANCE_DEPTH, MAX_PARENTS, MAX_PROPERTIES,
};
use crate::name::normalised;

impl Planner<'_> {
    pub(super) fn add_entity(&mut self, new: NewEntity) -> Planned {
        self.no_other(None, &new.name, &new.kind)?;
        let id = EntityId(self.number());
        self.made(ItemId::Entity(id), true);
        let entity = Entity {
            name: new.name,
            kind: new.kind,
            aliases: new.aliases,
            properties: new.properties,
            exceptions: BTreeMap::new(),
            template: BTreeMap::new(),
            provenance: new.provenance,
            merged_into: None,
            absorbed: Vec::new(),
        };
        self.stage_entity(id, entity)
    }

    /// No other entity has this name and kind.
    fn no_other(&self, id: Option<EntityId>, name: &str, kind: &str) -> Planned {
        let same = |other: &EntityId| {
            let found = self.view.entity(*other);
            found.is_some_and(|e| {
                e.item.kind == kind && normalised(&e.item.name) == normalised(name)
            })
        };
        let other =
            self.view.by_name(name).into_iter().find(|other| Some(*other) != id && same(other));
        other.map_or(Ok(()), |other| Err(KnowledgeError::Exists(other)))
    }

    pub(super) fn update_entity(&mut self, id: EntityId, mut update: EntityUpdate) -> Planned {
        let parents = update.parents.take();
        if update != EntityUpdate::default() || parents.is_none() {
            self.restate_entity(id, &update)?;
        }
        let source = self.stamp.by.clone();
        let said = Provenance { source, memory: None, episode: None, confidence: 1.0 };
        parents.map_or(Ok(()), |parents| self.set_parents(id, &parents, &said))
    }

    fn restate_entity(&mut self, id: EntityId, update: &EntityUpdate) -> Planned {
        let (id, mut entity) = self.entity(id)?;
        if let Some(kind) = &update.kind {
            entity.kind.clone_from(kind);
        }
        if let Some(name) = &update.name {
            add_alias(&mut entity, name);
            let old = std::mem::replace(&mut entity.name, name.clone());
            entity.aliases.retain(|alias| *alias != entity.name);
            add_alias(&mut entity, &old);
        }
        self.no_other(Some(id), &entity.name, &entity.kind)?;
        entity.aliases.retain(|alias| !update.remove_aliases.contains(alias));
        update.add_aliases.iter().for_each(|alias| add_alias(&mut entity, alias));
        update_values(&mut entity, update);
        self.made(ItemId::Entity(id), false);
        self.stage_entity(id, entity)
    }

    /// The history of each entity that changes tells what it said before.
    pub(super) fn reorganise(&mut self, how: &Gathering) -> Planned {
        let found = self.view.reorganisation(how)?;
        for (id, update) in &found.updates {
            let (id, mut entity) = self.entity(*id)?;
            update_values(&mut entity, update);
            self.stage_entity(id, entity)?;
        }
        self.outcome.reorganisation = Some(found);
        Ok(())
    }

    pub(super) fn retract_entity(&mut self, id: EntityId) -> Planned {
        let (id, _) = self.entity(id)?;
        self.made(ItemId::Entity(id), false);
        self.stage(ItemId::Entity(id), None)
    }

    /// The one that goes stays readable as it was, and leads to the one that stays.
    pub(super) fn merge_entities(&mut self, from: EntityId, into: EntityId) -> Planned {
        let ((from, mut gone), (into, mut stays)) = (self.entity(from)?, self.entity(into)?);
        check::distinct("entities to merge", &[from, into])?;
        self.no_circle_by_merge(from, into)?;
        stays.absorbed.push(from);
        stays.absorbed.append(&mut gone.absorbed.clone());
        for name in gone.aliases.iter().chain([&gone.name]) {
            if stays.aliases.len() < MAX_ALIASES {
                add_alias(&mut stays, name);
            }
        }
        let said: BTreeSet<String> = stays.said().map(|(name, _)| name.clone()).collect();
        let is_new = |name: &String| !said.contains(name);
        add_values(&mut stays.properties, gone.properties.iter());
        add_values(&mut stays.template, gone.template.iter().filter(|(name, _)| is_new(name)));
        add_values(&mut stays.exceptions, gone.exceptions.iter().filter(|(name, _)| is_new(name)));
        gone.merged_into = Some(into);
        self.compare_facts(from, into)?;
        self.made(ItemId::Entity(into), false);
        self.stage_entity(from, gone)?;
        self.stage_entity(into, stays)
    }

    /// Two become one, so a way from one to the other would become a circle.
    fn no_circle_by_merge(&self, from: EntityId, into: EntityId) -> Planned {
        for (a, b) in [(from, into), (into, from)] {
            // The link between the two themselves goes; only a longer way is a circle.
            for parent in self.parents(a).into_iter().filter(|parent| *parent != b) {
                if let Some(mut way) = self.way_up(parent, b) {
                    way.insert(0, a);
                    return Err(KnowledgeError::Cycle(way));
                }
            }
        }
        Ok(())
    }

    /// Those that an entity is said to be, whenever it is true.
    fn parents(&self, entity: EntityId) -> Vec<EntityId> {
        self.parent_facts(entity).into_iter().map(|(_, parent)| parent).collect()
    }

    fn parent_facts(&self, entity: EntityId) -> Vec<(FactId, EntityId)> {
        let staged = self.staged.iter().filter_map(|(id, item)| match (id, item) {
            (ItemId::Fact(id), Some(Item::Fact(_))) => Some(*id),
            _ => None,
        });
        let known = self.facts_of(entity);
        let ids: BTreeSet<FactId> = known.into_iter().chain(staged).collect();
        let parent = |id: FactId| {
            let fact = self.fact(id)?;
            let about = self.view.resolve(fact.subject).unwrap_or(fact.subject) == entity;
            let Object::Entity(parent) = fact.object else { return None };
            let parent = self.view.resolve(parent).unwrap_or(parent);
            let is_a = fact.predicate == IS_A && !fact.negated;
            (about && is_a && parent != entity).then_some((id, parent))
        };
        ids.into_iter().filter_map(parent).collect()
    }

    /// The facts of an entity and of those merged into it, whether or not they are known.
    pub(super) fn facts_of(&self, entity: EntityId) -> Vec<FactId> {
        let finds = &self.knowledge.finds.by_subject;
        let mut same = self.view.same(entity);
        if same.is_empty() {
            same.push(entity);
        }
        same.iter().filter_map(|id| finds.get(id)).flatten().copied().collect()
    }

    /// A way from an entity to an ancestor, both included.
    fn way_up(&self, from: EntityId, to: EntityId) -> Option<Vec<EntityId>> {
        let mut before: BTreeMap<EntityId, EntityId> = BTreeMap::new();
        let mut waiting = vec![from];
        while let Some(at) = waiting.pop() {
            if at == to {
                let mut way = vec![at];
                let mut at = at;
                while at != from {
                    at = *before.get(&at)?;
                    way.push(at);
                }
                way.reverse();
                return Some(way);
            }
            for parent in self.parents(at) {
                if before.len() < MAX_ANCESTORS && !before.contains_key(&parent) && parent != from {
                    before.insert(parent, at);
                    waiting.push(parent);
                }
            }
        }
        None
    }

    /// A parent may be added: no circle, not too deep, not too many.
    pub(super) fn may_inherit(&self, child: EntityId, parent: EntityId) -> Planned {
        if let Some(mut way) = self.way_up(parent, child) {
            way.insert(0, child);
            return Err(KnowledgeError::Cycle(way));
        }
        let mut parents = self.parents(child);
        parents.retain(|other| *other != parent);
        check::count("parents", parents.len() + 1, MAX_PARENTS)?;
        let above = self.levels(parent, |at| self.parents(at));
        let below = self.levels(child, |at| self.children(at));
        check::count("levels of inheritance", above + below + 1, MAX_INHERITANCE_DEPTH)
    }

    fn children(&self, entity: EntityId) -> Vec<EntityId> {
        let same = self.view.same(entity);
        let facts = same.iter().filter_map(|id| self.knowledge.finds.by_object.get(id)).flatten();
        let child = |fact: Fact| {
            let is_a = fact.predicate == IS_A && !fact.negated;
            is_a.then(|| self.view.resolve(fact.subject)).flatten()
        };
        facts.filter_map(|id| self.fact(*id)).filter_map(child).collect()
    }

    /// How far the farthest is, in levels; looking no farther than the limit.
    fn levels(&self, from: EntityId, next: impl Fn(EntityId) -> Vec<EntityId>) -> usize {
        let mut level = BTreeSet::from([from]);
        for depth in 0..=MAX_INHERITANCE_DEPTH {
            level = level.into_iter().flat_map(&next).collect();
            if level.is_empty() {
                return depth;
            }
        }
        MAX_INHERITANCE_DEPTH + 1
    }

    /// Facts `is_a` that are in order stay; from the first that is not they are learned anew, since
    /// their order is that in which they were learned.
    pub(super) fn set_parents(
        &mut self,
        entity: EntityId,
        parents: &[EntityId],
        provenance: &Provenance,
    ) -> Planned {
        let (entity, _) = self.entity(entity)?;
        let parents: Vec<EntityId> =
            parents.iter().map(|id| Ok(self.entity(*id)?.0)).collect::<Planned<_>>()?;
        check::distinct("parents", &parents)?;
        check::count("parents", parents.len(), MAX_PARENTS)?;
        let old = self.parent_facts(entity);
        let kept = old.iter().zip(&parents).take_while(|((_, a), b)| a == *b).count();
        for (fact, _) in old.into_iter().skip(kept) {
            self.retract_fact(fact)?;
        }
        for parent in parents.into_iter().skip(kept) {
            self.learn(NewFact {
                subject: entity,
                predicate: IS_A.to_string(),
                object: Object::Entity(parent),
                negated: false,
                valid: Validity::ALWAYS,
                confidence: provenance.confidence,
                provenance: provenance.clone(),
                justifications: Vec::new(),
                functional: None,
            })?;
        }
        self.made(ItemId::Entity(entity), false);
        Ok(())
    }
}

fn add_alias(entity: &mut Entity, alias: &str) {
    if entity.name != alias && !entity.aliases.iter().any(|known| known == alias) {
        entity.aliases.push(alias.to_string());
    }
}

/// As many of the other values as there is room for.
fn add_values<'a, V: Clone + 'a>(
    values: &mut BTreeMap<String, V>,
    others: impl Iterator<Item = (&'a String, &'a V)>,
) {
    for (name, value) in others {
        if values.len() < MAX_PROPERTIES {
            values.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn update_values(entity: &mut Entity, update: &EntityUpdate) {
    set_all(&mut entity.properties, &update.properties);
    set_all(&mut entity.exceptions, &update.exceptions);
    set_all(&mut entity.template, &update.template);
}

fn set_all<V: Clone>(map: &mut BTreeMap<String, V>, values: &BTreeMap<String, Option<V>>) {
    for (name, value) in values {
        match value {
            Some(value) => map.insert(name.clone(), value.clone()),
            None => map.remove(name),
        };
    }
}
