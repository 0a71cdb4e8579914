//! What is reasoned over: a copy of what a view knows at a time, found by its ends.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Ground, MAX_PREMISES, leads};
use crate::check;
use crate::error::KnowledgeError;
use crate::id::{EntityId, FactId, RelationId, Time, Vertex};
use crate::inherit::{IS_A, Parents, line};
use crate::item::{Exception, Laws, Object, Scalar};
use crate::limits::MAX_PAGE;
use crate::view::{FactQuery, View};

/// A fact, or a relation between two entities.
#[derive(Clone, Debug)]
pub(super) struct Premise {
    pub(super) ground: Ground,
    pub(super) subject: EntityId,
    pub(super) predicate: String,
    pub(super) object: Object,
    pub(super) negated: bool,
    /// Of a relation that of who said so: how strong it is tells how often it was thought of.
    pub(super) confidence: f32,
    /// Facts that are reasons for it.
    pub(super) reasons: BTreeSet<FactId>,
    /// Which of its ends leads to the other, as [`leads`] says of what it says.
    pub(super) leads: Option<bool>,
}

/// What an entity says of itself.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    properties: BTreeMap<String, Scalar>,
    exceptions: BTreeMap<String, Exception>,
    pub(super) template: BTreeMap<String, Scalar>,
    pub(super) confidence: f32,
}

impl Thing {
    /// What it says of a property, of itself or of what is below it; no value is an exception.
    pub(super) fn says(&self, name: &str, of_itself: bool) -> Option<Option<&Scalar>> {
        let template = self.template.get(name).filter(|_| !of_itself);
        let value = template.or_else(|| self.properties.get(name));
        value.map(Some).or_else(|| Some(self.exceptions.get(name)?.value.as_ref()))
    }

    /// The properties that it says anything of, of itself or of what is below it.
    pub(super) fn names(&self, of_itself: bool) -> BTreeSet<&str> {
        let template = self.template.keys().filter(move |_| !of_itself);
        let own = self.properties.keys().chain(self.exceptions.keys());
        own.chain(template).map(String::as_str).collect()
    }
}

/// What is reasoned over.
#[derive(Clone, Debug, Default)]
pub struct Premises {
    pub(super) all: Vec<Premise>,
    by_subject: FxHashMap<EntityId, Vec<usize>>,
    by_object: FxHashMap<EntityId, Vec<usize>>,
    pub(super) things: BTreeMap<EntityId, Thing>,
    parents: Parents,
    /// Whether anything is said not to be something.
    has_denials: bool,
    pub(super) laws: BTreeMap<String, (bool, Laws)>,
}

impl Premises {
    /// What a view knows, of what is true at a time. What is not supported, and relations without
    /// strength, are not there; entities are called as they are there.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for more than [`MAX_PREMISES`].
    pub fn of(view: &View<'_>, time: Time) -> Result<Self, KnowledgeError> {
        let mut premises = Premises::default();
        for id in view.all_entities() {
            let Some(known) = view.entity(id) else { continue };
            let thing = Thing {
                properties: known.item.properties.clone(),
                exceptions: known.item.exceptions.clone(),
                template: known.item.template.clone(),
                confidence: known.item.provenance.confidence,
            };
            premises.things.insert(id, thing);
            check::count("entities to reason over", premises.things.len(), MAX_PREMISES)?;
        }
        premises.take_facts(view, time);
        premises.take_relations(view, time);
        check::count("premises", premises.all.len(), MAX_PREMISES)?;
        for declared in view.declared() {
            let laws = (declared.item.functional, declared.item.laws.clone());
            // Of two that branches declared, the first, as everywhere.
            premises.laws.entry(declared.item.name.clone()).or_insert(laws);
        }
        premises.index();
        Ok(premises)
    }

    fn take_facts(&mut self, view: &View<'_>, time: Time) {
        let mut query = FactQuery::default();
        loop {
            let page = view.facts(&query);
            for known in &page {
                let fact = known.item;
                let Some(subject) = view.resolve(fact.subject) else { continue };
                let object = match fact.object {
                    Object::Entity(id) => match view.resolve(id) {
                        Some(id) => Object::Entity(id),
                        None => continue,
                    },
                    Object::Literal(ref value) => Object::Literal(value.clone()),
                };
                if fact.valid.contains(time) && object != Object::Entity(subject) {
                    self.all.push(Premise {
                        ground: Ground::Fact(known.id),
                        subject,
                        predicate: fact.predicate.clone(),
                        object,
                        negated: fact.negated,
                        confidence: fact.confidence,
                        reasons: fact.justifications.iter().flatten().copied().collect(),
                        leads: None,
                    });
                }
            }
            if page.len() < MAX_PAGE || self.all.len() > MAX_PREMISES {
                return;
            }
            query.after = page.last().map(|known| known.id);
        }
    }

    fn take_relations(&mut self, view: &View<'_>, time: Time) {
        for n in view.relation_numbers() {
            if self.all.len() > MAX_PREMISES {
                return;
            }
            let id = RelationId(n);
            let Some(known) = view.relation(id) else { continue };
            let ends = [known.item.from, known.item.to].map(|end| view.vertex(end));
            let [Some(Vertex::Entity(subject)), Some(Vertex::Entity(object))] = ends else {
                continue;
            };
            let strength = view.strength(id, time).unwrap_or(0.0);
            if known.item.valid.contains(time) && strength > 0.0 && subject != object {
                self.all.push(Premise {
                    ground: Ground::Relation(id),
                    subject,
                    predicate: known.item.kind.clone(),
                    object: Object::Entity(object),
                    negated: false,
                    confidence: known.item.provenance.confidence,
                    reasons: BTreeSet::new(),
                    leads: None,
                });
            }
        }
    }

    fn index(&mut self) {
        let mut leading: BTreeMap<String, Option<bool>> = BTreeMap::new();
        for premise in &mut self.all {
            let kind = &premise.predicate;
            premise.leads = match leading.get(kind) {
                Some(known) => *known,
                None => *leading.entry(kind.clone()).or_insert(leads(kind)),
            };
        }
        for (k, premise) in self.all.iter().enumerate() {
            self.has_denials |= premise.predicate == IS_A && premise.negated;
            self.by_subject.entry(premise.subject).or_default().push(k);
            let Object::Entity(object) = premise.object else { continue };
            self.by_object.entry(object).or_default().push(k);
            let is_fact = matches!(premise.ground, Ground::Fact(_));
            if premise.predicate == IS_A && !premise.negated && is_fact {
                let parents = self.parents.entry(premise.subject).or_default();
                if !parents.contains(&object) {
                    parents.push(object);
                }
            }
        }
    }

    pub(super) fn about(&self, subject: EntityId) -> impl Iterator<Item = &Premise> {
        self.by_subject.get(&subject).into_iter().flatten().map(|k| &self.all[*k])
    }

    pub(super) fn onto(&self, object: EntityId) -> impl Iterator<Item = &Premise> {
        self.by_object.get(&object).into_iter().flatten().map(|k| &self.all[*k])
    }

    pub(super) fn parents(&self, entity: EntityId) -> &[EntityId] {
        self.parents.get(&entity).map_or(&[], Vec::as_slice)
    }

    /// The fact that says that one is the other.
    pub(super) fn is_a(&self, child: EntityId, parent: EntityId) -> Option<&Premise> {
        let said = self.about(child).filter(|p| p.predicate == IS_A && !p.negated);
        said.filter(|p| p.object == Object::Entity(parent))
            .find(|p| matches!(p.ground, Ground::Fact(_)))
    }

    /// What an entity is said not to be itself.
    fn denied_of(&self, entity: EntityId) -> impl Iterator<Item = EntityId> {
        let denials = self.about(entity).filter(|p| p.predicate == IS_A && p.negated);
        denials.filter_map(|p| if let Object::Entity(id) = p.object { Some(id) } else { None })
    }

    /// What an entity is not: what is said of it, and of what it is, unless something nearer is said to
    /// be that.
    fn denied(&self, entity: EntityId) -> BTreeSet<EntityId> {
        let mut denied = BTreeSet::new();
        if !self.has_denials {
            return denied;
        }
        let mut reached = BTreeSet::from([entity]);
        for at in line(entity, &self.parents) {
            if reached.contains(&at) {
                denied.extend(self.denied_of(at).filter(|id| !reached.contains(id)));
                let parents = self.parents(at).iter().filter(|id| !denied.contains(id));
                reached.extend(parents);
            }
        }
        denied
    }

    /// An entity and its ancestors, the nearest first, without those that it is not and what it would
    /// be through them alone.
    pub(super) fn line(&self, entity: EntityId) -> Vec<EntityId> {
        let denied = self.denied(entity);
        let all = line(entity, &self.parents);
        if denied.is_empty() {
            return all;
        }
        let (mut reached, mut open) = (BTreeSet::from([entity]), vec![entity]);
        while let Some(at) = open.pop() {
            for parent in self.parents(at) {
                if !denied.contains(parent) && reached.insert(*parent) {
                    open.push(*parent);
                }
            }
        }
        all.into_iter().filter(|id| reached.contains(id)).collect()
    }

    /// A shortest way up from an entity to an ancestor, not over what it is not: each with
    /// its parent.
    pub(super) fn way_up(&self, from: EntityId, to: EntityId) -> Vec<(EntityId, EntityId)> {
        if from == to {
            return Vec::new();
        }
        let denied = self.denied(from);
        let mut below: BTreeMap<EntityId, EntityId> = BTreeMap::new();
        let mut level = vec![from];
        while !level.is_empty() && !below.contains_key(&to) {
            let mut next = Vec::new();
            for at in level {
                for parent in self.parents(at) {
                    let is_new = *parent != from && !below.contains_key(parent);
                    if is_new && !denied.contains(parent) {
                        below.insert(*parent, at);
                        next.push(*parent);
                    }
                }
            }
            level = next;
        }
        let mut way = Vec::new();
        let mut at = to;
        while let Some(child) = below.get(&at) {
            way.push((*child, at));
            at = *child;
        }
        way.reverse();
        way
    }

    pub(super) fn is_functional(&self, predicate: &str) -> bool {
        self.laws.get(predicate).is_some_and(|(functional, _)| *functional)
    }
}
