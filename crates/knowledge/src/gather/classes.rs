//! Entities in flat arrays: what is above each and below it, and what each says of properties.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Compression, MAX_CLASSED, MAX_LINES, MAX_SAID};
use crate::check;
use crate::error::KnowledgeError;
use crate::id::EntityId;
use crate::inherit::{Lines, Parents, line, linearise};
use crate::item::{Entity, Scalar};
use crate::limits::{MAX_ANCESTORS, MAX_INHERITANCE_DEPTH};
use crate::view::View;

/// What is found for a property: nothing, no value by an exception, or a value.
pub(super) type Answer = Option<Option<u32>>;

/// What an entity says of a property; values by their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) own: Option<u32>,
    pub(super) exception: Answer,
    pub(super) template: Option<u32>,
}

impl Said {
    /// What it says of itself.
    pub(super) fn of_itself(self) -> Answer {
        self.own.map(Some).or(self.exception)
    }

    /// What it says of those below it.
    pub(super) fn of_members(self) -> Answer {
        self.template.map(Some).or(self.of_itself())
    }
}

/// What entities say of one property.
pub(super) type Sayings = FxHashMap<u32, Said>;

pub(super) struct Classes {
    pub(super) ids: Vec<EntityId>,
    /// What each inherits from, the nearest first.
    pub(super) above: Vec<Vec<u32>>,
    /// What inherits from each, a class before its members.
    pub(super) below: Vec<Vec<u32>>,
    /// Whether what an entity inherits from depends on the time, or is cut short.
    pub(super) unsteady: Vec<bool>,
    pub(super) names: Vec<String>,
    pub(super) values: Vec<Scalar>,
    /// For each name.
    pub(super) said: Vec<Sayings>,
    /// For each entity.
    pub(super) counts: Vec<Counts>,
}

/// How many values of each sort an entity has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) properties: usize,
    pub(super) exceptions: usize,
    pub(super) templates: usize,
}

impl Counts {
    /// One thing is said otherwise.
    pub(super) fn change(&mut self, before: Said, after: Said) {
        let count = |n: &mut usize, was: bool, is: bool| {
            *n = (*n + usize::from(is)).saturating_sub(usize::from(was));
        };
        count(&mut self.properties, before.own.is_some(), after.own.is_some());
        count(&mut self.exceptions, before.exception.is_some(), after.exception.is_some());
        count(&mut self.templates, before.template.is_some(), after.template.is_some());
    }
}

impl Classes {
    pub(super) fn of(view: &View<'_>) -> Result<Self, KnowledgeError> {
        let mut ids: Vec<EntityId> = Vec::new();
        for id in view.all_entities() {
            ids.push(id);
            check::count("entities to reorganise", ids.len(), MAX_CLASSED)?;
        }
        let index: FxHashMap<EntityId, u32> =
            ids.iter().enumerate().map(|(k, id)| (*id, k as u32)).collect();
        let mut classes = Self {
            above: vec![Vec::new(); ids.len()],
            below: vec![Vec::new(); ids.len()],
            unsteady: vec![true; ids.len()],
            names: Vec::new(),
            values: Vec::new(),
            said: Vec::new(),
            counts: vec![Counts::default(); ids.len()],
            ids,
        };
        classes.take_lines(view, &index)?;
        classes.take_below();
        classes.take_said(view);
        Ok(classes)
    }

    /// Lines are made from those of the parents; what is in a circle or too high above is asked for
    /// one by one.
    fn take_lines(
        &mut self,
        view: &View<'_>,
        index: &FxHashMap<EntityId, u32>,
    ) -> Result<(), KnowledgeError> {
        let of = |id: &EntityId| (*id, view.parents(*id));
        let parents: Parents = self.ids.iter().map(of).collect();
        let mut heights: FxHashMap<EntityId, usize> = FxHashMap::default();
        let (mut lines, mut n_all) = (Lines::default(), 0);
        for id in from_above(&self.ids, &parents) {
            let own = &parents[&id];
            let height = own.iter().map(|parent| heights[parent] + 1).max().unwrap_or(0);
            heights.insert(id, height);
            if height > MAX_INHERITANCE_DEPTH {
                continue;
            }
            let found = match linearise(id, &parents, &mut lines, 0) {
                Some(line) => line.to_vec(),
                None if reaches_too_many(id, &parents) => continue,
                None => line(id, &parents),
            };
            n_all += found.len();
            check::count("ancestors of all entities", n_all, MAX_LINES)?;
            if found.len() > MAX_ANCESTORS {
                continue;
            }
            let k = index[&id] as usize;
            let steady = |parent: &EntityId| !self.unsteady[index[parent] as usize];
            self.unsteady[k] = view.is_for_a_time(id) || !own.iter().all(steady);
            self.above[k] = found.iter().skip(1).map(|id| index[id]).collect();
        }
        for (k, id) in self.ids.iter().enumerate() {
            let height = heights.get(id).copied();
            let plain = height.is_some_and(|height| height <= MAX_INHERITANCE_DEPTH);
            if plain && (height == Some(0) || !self.above[k].is_empty()) {
                continue;
            }
            let found = view.ancestors(*id).map(|found| found.line).unwrap_or_default();
            n_all += found.len();
            check::count("ancestors of all entities", n_all, MAX_LINES)?;
            self.above[k] = found.iter().skip(1).filter_map(|id| index.get(id).copied()).collect();
        }
        Ok(())
    }

    fn take_below(&mut self) {
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_by_key(|k| (self.above[*k as usize].len(), *k));
        for k in order {
            for class in &self.above[k as usize] {
                self.below[*class as usize].push(k);
            }
        }
    }

    fn take_said(&mut self, view: &View<'_>) {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut values: FxHashMap<String, u32> = FxHashMap::default();
        for (k, id) in self.ids.iter().enumerate() {
            let Some(known) = view.entity(*id) else { continue };
            let mut number = |value: &Scalar| {
                let next = values.len() as u32;
                let number = *values.entry(format!("{value:?}")).or_insert(next);
                if number == next {
                    self.values.push(value.clone());
                }
                number
            };
            for (name, said) in says(known.item, &mut number) {
                let at = *names.entry(name.to_string()).or_insert_with(|| {
                    self.names.push(name.to_string());
                    self.said.push(Sayings::default());
                    self.said.len() - 1
                });
                self.counts[k].change(Said::default(), said);
                self.said[at].insert(k as u32, said);
            }
        }
    }

    /// How many properties entities have, and by how many values.
    pub(super) fn compression(&self) -> Result<Compression, KnowledgeError> {
        let mut by_entity: Vec<Vec<(u32, Said)>> = vec![Vec::new(); self.ids.len()];
        for (name, sayings) in self.said.iter().enumerate() {
            for (k, said) in sayings {
                by_entity[*k as usize].push((name as u32, *said));
            }
        }
        let stored = self.counts.iter().map(|n| n.properties + n.exceptions + n.templates).sum();
        let (mut effective, mut looked) = (0, 0);
        // The last entity for which a name was met.
        let mut met = vec![u32::MAX; self.names.len()];
        for (k, above) in self.above.iter().enumerate() {
            let own = by_entity[k].iter().map(|(name, said)| (*name, said.of_itself()));
            let inherited = above.iter().flat_map(|class| &by_entity[*class as usize]);
            let inherited = inherited.map(|(name, said)| (*name, said.of_members()));
            for (name, answer) in own.chain(inherited) {
                looked += 1;
                let Some(answer) = answer else { continue };
                let first = std::mem::replace(&mut met[name as usize], k as u32) != k as u32;
                effective += usize::from(first && answer.is_some());
            }
            check::count("values of all ancestors", looked, MAX_SAID)?;
        }
        Ok(Compression { effective, stored })
    }
}

/// Whether more is above an entity than is looked at.
fn reaches_too_many(id: EntityId, parents: &Parents) -> bool {
    let (mut met, mut open) = (FxHashSet::from_iter([id]), vec![id]);
    while let Some(at) = open.pop() {
        open.extend(parents[&at].iter().filter(|parent| met.insert(**parent)));
        if met.len() > MAX_ANCESTORS {
            return true;
        }
    }
    false
}

/// Entities, each after its parents; those in a circle and below one are not there.
fn from_above(ids: &[EntityId], parents: &Parents) -> Vec<EntityId> {
    let mut children: FxHashMap<EntityId, Vec<EntityId>> = FxHashMap::default();
    let mut lacks: FxHashMap<EntityId, usize> = FxHashMap::default();
    for id in ids {
        let own = &parents[id];
        lacks.insert(*id, own.len());
        own.iter().for_each(|parent| children.entry(*parent).or_default().push(*id));
    }
    let mut order: Vec<EntityId> = ids.iter().copied().filter(|id| lacks[id] == 0).collect();
    let mut next = 0;
    while let Some(id) = order.get(next).copied() {
        next += 1;
        for child in children.get(&id).into_iter().flatten() {
            let open = lacks.entry(*child).or_default();
            *open = open.saturating_sub(1);
            if *open == 0 {
                order.push(*child);
            }
        }
    }
    order
}

/// What an entity says of each property.
fn says<'a>(
    entity: &'a Entity,
    number: &mut impl FnMut(&Scalar) -> u32,
) -> BTreeMap<&'a str, Said> {
    let mut said: BTreeMap<&str, Said> = BTreeMap::new();
    for (name, value) in &entity.properties {
        said.entry(name).or_default().own = Some(number(value));
    }
    for (name, exception) in &entity.exceptions {
        said.entry(name).or_default().exception = Some(exception.value.as_ref().map(&mut *number));
    }
    for (name, value) in &entity.template {
        said.entry(name).or_default().template = Some(number(value));
    }
    said
}
