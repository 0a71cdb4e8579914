//! Inheritance with exceptions: what an entity is, and the properties that it has from that.
//!
//! Parents are the facts `is_a`, in the order in which they were learned. Ancestors are in the order
//! of C3 (Barrett et al. 1996, "A monotonic superclass linearization for Dylan"), the one that
//! Python uses. Knowledge is not a program, so where C3 has no order there still is one: children
//! before parents, and otherwise as a walk along the parents meets them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::id::EntityId;
use crate::item::{Object, Scalar};
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

/// The entities above one.
pub(crate) type Parents = BTreeMap<EntityId, Vec<EntityId>>;

impl View<'_> {
    /// The parents of an entity, in the order of their precedence.
    pub fn parents(&self, entity: EntityId) -> Vec<EntityId> {
        let query = FactQuery {
            subject: Some(entity),
            predicate: Some(IS_A.to_string()),
            ..FactQuery::default()
        };
        let Some(own) = self.resolve(entity) else { return Vec::new() };
        let mut parents = Vec::new();
        for fact in self.facts(&query).into_iter().filter(|fact| !fact.item.negated) {
            let Object::Entity(parent) = fact.item.object else { continue };
            let Some(parent) = self.resolve(parent) else { continue };
            if parent != own && !parents.contains(&parent) && parents.len() < MAX_PARENTS {
                parents.push(parent);
            }
        }
        parents
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
        let (mut parents, mut cut_short) = (Parents::new(), false);
        let mut level = vec![entity];
        for _ in 0..=MAX_INHERITANCE_DEPTH {
            let mut next = Vec::new();
            for at in level {
                if parents.len() >= MAX_ANCESTORS {
                    cut_short = true;
                } else if let Entry::Vacant(place) = parents.entry(at) {
                    let above = self.parents(at);
                    next.extend(above.iter().copied());
                    place.insert(above);
                }
            }
            level = next;
        }
        cut_short |= level.iter().any(|at| !parents.contains_key(at));
        let there: BTreeSet<EntityId> = parents.keys().copied().collect();
        parents.values_mut().for_each(|above| above.retain(|at| there.contains(at)));
        (parents, cut_short)
    }

    /// A property of an entity: its own, else its exception, else that of the nearest ancestor which
    /// has one. `None` if nobody says anything.
    pub fn property(&self, entity: EntityId, name: &str) -> Option<Property> {
        let own = self.resolve(entity)?;
        self.stated(own, name, true).or_else(|| {
            let line = self.ancestors(own)?.line;
            line.into_iter().skip(1).find_map(|ancestor| self.stated(ancestor, name, false))
        })
    }

    /// What an entity itself says of a property.
    fn stated(&self, id: EntityId, name: &str, own: bool) -> Option<Property> {
        let entity = self.entity(id)?.item;
        if let Some(value) = entity.properties.get(name) {
            let origin = if own { Origin::Own } else { Origin::Inherited(id) };
            return Some(Property { value: Some(value.clone()), origin });
        }
        let exception = entity.exceptions.get(name)?;
        let reason = exception.reason.clone();
        let origin =
            if own { Origin::OwnException(reason) } else { Origin::InheritedException(id, reason) };
        Some(Property { value: exception.value.clone(), origin })
    }
}

/// An entity and all above it, the nearest first.
pub(crate) fn line(entity: EntityId, parents: &Parents) -> Vec<EntityId> {
    ordered(entity, parents).0
}

fn ordered(entity: EntityId, parents: &Parents) -> (Vec<EntityId>, Order) {
    match linearise(entity, parents, &mut BTreeMap::new(), 0) {
        Some(line) => (line, Order::C3),
        None => (by_precedence(entity, parents), Order::Precedence),
    }
}

/// The C3 order of an entity and all above it; `None` if there is none.
fn linearise(
    entity: EntityId,
    parents: &Parents,
    done: &mut BTreeMap<EntityId, Option<Vec<EntityId>>>,
    depth: usize,
) -> Option<Vec<EntityId>> {
    if let Some(line) = done.get(&entity) {
        return line.clone();
    }
    if depth > MAX_INHERITANCE_DEPTH {
        return None;
    }
    let own = parents.get(&entity).cloned().unwrap_or_default();
    let lines: Option<Vec<_>> =
        own.iter().map(|parent| linearise(*parent, parents, done, depth + 1)).collect();
    let line = lines.and_then(|mut lines| {
        lines.push(own);
        let rest = merge(lines)?;
        (!rest.contains(&entity)).then(|| std::iter::once(entity).chain(rest).collect())
    });
    done.insert(entity, line.clone());
    line
}

/// Takes the first head that is in no tail, again and again.
fn merge(lines: Vec<Vec<EntityId>>) -> Option<Vec<EntityId>> {
    let mut lines: Vec<_> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let mut tails: BTreeMap<EntityId, usize> = BTreeMap::new();
    for at in lines.iter().flat_map(|line| line.iter().skip(1)) {
        *tails.entry(*at).or_default() += 1;
    }
    lines.iter_mut().for_each(|line| line.reverse());
    let mut out = Vec::new();
    while !lines.is_empty() {
        let free = |head: &&EntityId| tails.get(head).is_none_or(|n| *n == 0);
        let next = *lines.iter().filter_map(|line| line.last()).find(free)?;
        out.push(next);
        for line in lines.iter_mut().filter(|line| line.last() == Some(&next)) {
            line.pop();
            if let Some(head) = line.last() {
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
