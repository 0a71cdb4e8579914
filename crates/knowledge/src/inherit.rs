//! Inheritance with exceptions: what an entity is, and the properties that it has from that.
//!
//! Parents are the facts `is_a`, in the order in which they were learned. Ancestors are in the order
//! of C3 (Barrett et al. 1996, "A monotonic superclass linearization for Dylan"), the one that
//! Python uses. Knowledge is not a program, so where C3 has no order there still is one: children
//! before parents, and otherwise as a walk along the parents meets them.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::id::{EntityId, FactId};
use crate::item::{Entity, Fact, Object, Scalar, Validity};
use crate::limits::{MAX_ANCESTORS, MAX_INHERITANCE_DEPTH, MAX_PARENTS};
use crate::view::{FactQuery, View};

/// The predicate of inheritance.
pub const IS_A: &str = "is_a";

/// How ancestors are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By C3.
    C3,
    /// C3 has none: by precedence.
    Precedence,
}

/// An entity and its ancestors.
#[derive(Clone, Debug, PartialEq)]
pub struct Ancestors {
    /// The entity itself, and then those that it inherits from, the nearest first.
    pub line: Vec<EntityId>,
    /// How they are ordered.
    pub order: Order,
    /// There are more than [`MAX_ANCESTORS`], or farther than [`MAX_INHERITANCE_DEPTH`].
    pub cut_short: bool,
}

/// Where a property comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// The entity's own.
    Own,
    /// An exception of the entity's own, with its reason.
    OwnException(String),
    /// A property of this ancestor.
    Inherited(EntityId),
    /// An exception of this ancestor, with its reason.
    InheritedException(EntityId, String),
}

/// A property, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The value; `None` if an exception says that there is none.
    pub value: Option<Scalar>,
    /// Where it comes from.
    pub origin: Origin,
}

/// The entities above each.
pub(crate) type Parents = FxHashMap<EntityId, Vec<EntityId>>;

/// What an entity says of a property: a value, or by an exception that there is none.
struct Said<'a> {
    value: Option<&'a Scalar>,
    /// The reason of an exception.
    reason: Option<&'a str>,
}

impl Entity {
    /// What it says of all properties: its own, its exceptions, its template.
    pub fn said(&self) -> impl Iterator<Item = (&String, Option<&Scalar>)> {
        let exceptions = self.exceptions.iter().map(|(name, e)| (name, e.value.as_ref()));
        let values = self.properties.iter().chain(&self.template);
        values.map(|(name, value)| (name, Some(value))).chain(exceptions)
    }

    /// What it says of a property of itself.
    fn says(&self, name: &str) -> Option<Said<'_>> {
        if let Some(value) = self.properties.get(name) {
            return Some(Said { value: Some(value), reason: None });
        }
        let exception = self.exceptions.get(name)?;
        Some(Said { value: exception.value.as_ref(), reason: Some(&exception.reason) })
    }

    /// What it says of a property of those below it.
    fn says_below(&self, name: &str) -> Option<Said<'_>> {
        let template = self.template.get(name);
        template.map(|value| Said { value: Some(value), reason: None }).or_else(|| self.says(name))
    }
}

impl View<'_> {
    /// The parents of an entity, in the order of their precedence.
    pub fn parents(&self, entity: EntityId) -> Vec<EntityId> {
        self.resolve(entity).map_or_else(Vec::new, |own| self.parents_of(own))
    }

    /// The same of one that was not merged.
    fn parents_of(&self, own: EntityId) -> Vec<EntityId> {
        let query = FactQuery { subject: Some(own), ..FactQuery::default() };
        let mut parents = Vec::new();
        for fact in self.parent_facts(own) {
            let Some(known) = self.answer(fact, &query) else { continue };
            let Object::Entity(parent) = known.item.object else { continue };
            let Some(parent) = self.resolve(parent) else { continue };
            if parent != own && !parents.contains(&parent) && parents.len() < MAX_PARENTS {
                parents.push(parent);
            }
        }
        parents
    }

    /// Facts that say that an entity is another, in the order of their numbers.
    fn parent_facts(&self, own: EntityId) -> Vec<FactId> {
        self.is_a_facts(own, false)
    }

    /// Facts that say that an entity is another, or deny it.
    fn is_a_facts(&self, own: EntityId, negated: bool) -> Vec<FactId> {
        let facts = |id: &EntityId| self.knowledge.finds.by_subject.get(id);
        let says = |fact: &Fact| {
            let is_a = fact.predicate == IS_A && fact.negated == negated;
            is_a && matches!(fact.object, Object::Entity(_))
        };
        let same = self.same(own);
        let all = same.iter().filter_map(facts).flatten().copied();
        let mut found: Vec<FactId> =
            all.filter(|id| self.table(&self.knowledge.facts, id.0).is_some_and(says)).collect();
        found.sort_unstable();
        found
    }

    /// Whether what an entity is depends on the time, on reasons, or on what is denied of it.
    pub(crate) fn is_for_a_time(&self, own: EntityId) -> bool {
        let mut facts = self.parent_facts(own).into_iter().filter_map(|id| self.fact(id));
        let may_end =
            |fact: &Fact| fact.valid != Validity::ALWAYS || !fact.justifications.is_empty();
        facts.any(|known| may_end(known.item)) || !self.is_a_facts(own, true).is_empty()
    }

    /// An entity and its ancestors, in the order in which properties are looked for.
    pub fn ancestors(&self, entity: EntityId) -> Option<Ancestors> {
        let entity = self.resolve(entity)?;
        let (parents, cut_short) = self.above(entity);
        let (line, order) = ordered(entity, &parents);
        Some(Ancestors { line, order, cut_short })
    }

    /// The parents of all that are above an entity, without those that close a circle.
    fn above(&self, entity: EntityId) -> (Parents, bool) {
        let (mut parents, mut cut_short) = (Parents::default(), false);
        let mut level = vec![entity];
        for _ in 0..=MAX_INHERITANCE_DEPTH {
            let mut next = Vec::new();
            for at in level {
                if parents.len() >= MAX_ANCESTORS {
                    cut_short = true;
                } else if let Entry::Vacant(place) = parents.entry(at) {
                    let above = self.parents_of(at);
                    next.extend(above.iter().copied());
                    place.insert(above);
                }
            }
            level = next;
        }
        let known = |at: &EntityId| parents.contains_key(at);
        if cut_short || !level.iter().all(known) {
            let there: BTreeSet<EntityId> = parents.keys().copied().collect();
            parents.values_mut().for_each(|above| above.retain(|at| there.contains(at)));
            cut_short = true;
        }
        (parents, cut_short)
    }

    /// A property of an entity: its own, else its exception, else what the nearest ancestor says that
    /// says anything: by its template, else as its own. `None` if nobody does.
    pub fn property(&self, entity: EntityId, name: &str) -> Option<Property> {
        let own = self.resolve(entity)?;
        if let Some(said) = self.entity(own)?.item.says(name) {
            let origin = said.reason.map_or(Origin::Own, |r| Origin::OwnException(r.to_string()));
            return Some(Property { value: said.value.cloned(), origin });
        }
        let (parents, _) = self.above(own);
        let says = |id: &EntityId| *id != own && self.says_below(*id, name).is_some();
        let mut sayers = parents.keys().copied().filter(says);
        let nearest = match (sayers.next(), sayers.next()) {
            // Who alone says anything is the nearest in any order.
            (only, None) => only?,
            _ => line(own, &parents).into_iter().find(says)?,
        };
        let said = self.says_below(nearest, name)?;
        let origin = match said.reason {
            None => Origin::Inherited(nearest),
            Some(reason) => Origin::InheritedException(nearest, reason.to_string()),
        };
        Some(Property { value: said.value.cloned(), origin })
    }

    fn says_below(&self, id: EntityId, name: &str) -> Option<Said<'_>> {
        self.entity(id)?.item.says_below(name)
    }
}

/// An entity and all above it, the nearest first.
pub(crate) fn line(entity: EntityId, parents: &Parents) -> Vec<EntityId> {
    ordered(entity, parents).0
}

fn ordered(entity: EntityId, parents: &Parents) -> (Vec<EntityId>, Order) {
    match linearise(entity, parents, &mut Lines::default(), 0) {
        Some(line) => (line.to_vec(), Order::C3),
        None => (by_precedence(entity, parents), Order::Precedence),
    }
}

/// The C3 order of each entity that was looked at, the entity first; `None` if there is none.
pub(crate) type Lines = FxHashMap<EntityId, Option<Rc<[EntityId]>>>;

/// The C3 order of an entity and all above it; `None` if there is none.
pub(crate) fn linearise(
    entity: EntityId,
    parents: &Parents,
    done: &mut Lines,
    depth: usize,
) -> Option<Rc<[EntityId]>> {
    if let Some(line) = done.get(&entity) {
        return line.clone();
    }
    if depth > MAX_INHERITANCE_DEPTH {
        return None;
    }
    let own = parents.get(&entity).map_or(&[][..], Vec::as_slice);
    let lines: Option<Vec<_>> =
        own.iter().map(|parent| linearise(*parent, parents, done, depth + 1)).collect();
    let line = lines.and_then(|lines| {
        let rest = match lines.as_slice() {
            [] => Vec::new(),
            [only] => only.to_vec(),
            several => merge(several.iter().map(AsRef::as_ref).chain([own]).collect())?,
        };
        (!rest.contains(&entity)).then(|| std::iter::once(entity).chain(rest).collect())
    });
    done.insert(entity, line.clone());
    line
}

/// Takes the first head that is in no tail, again and again.
fn merge(mut lines: Vec<&[EntityId]>) -> Option<Vec<EntityId>> {
    let mut tails: FxHashMap<EntityId, usize> = FxHashMap::default();
    for at in lines.iter().flat_map(|line| line.iter().skip(1)) {
        *tails.entry(*at).or_default() += 1;
    }
    let mut out = Vec::new();
    lines.retain(|line| !line.is_empty());
    while !lines.is_empty() {
        let free = |head: &&EntityId| tails.get(head).is_none_or(|n| *n == 0);
        let next = *lines.iter().filter_map(|line| line.first()).find(free)?;
        out.push(next);
        for line in lines.iter_mut().filter(|line| line.first() == Some(&next)) {
            *line = &line[1..];
            if let Some(head) = line.first() {
                tails.entry(*head).and_modify(|n| *n -= 1);
            }
        }
        lines.retain(|line| !line.is_empty());
    }
    Some(out)
}

/// Children before parents; among those that are free, the one that a walk meets first.
fn by_precedence(entity: EntityId, parents: &Parents) -> Vec<EntityId> {
    let mut met = Vec::new();
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![entity]);
    while let Some(at) = waiting.pop() {
        if seen.insert(at) {
            met.push(at);
            waiting.extend(parents.get(&at).into_iter().flatten().rev());
        }
    }
    let mut children: BTreeMap<EntityId, usize> = BTreeMap::new();
    for parent in met.iter().filter_map(|at| parents.get(at)).flatten() {
        *children.entry(*parent).or_default() += 1;
    }
    let mut line = Vec::with_capacity(met.len());
    while !met.is_empty() {
        let free = met.iter().position(|at| children.get(at).is_none_or(|n| *n == 0));
        let next = met.remove(free.unwrap_or(0));
        for parent in parents.get(&next).into_iter().flatten() {
            children.entry(*parent).and_modify(|n| *n = n.saturating_sub(1));
        }
        line.push(next);
    }
    line
}
