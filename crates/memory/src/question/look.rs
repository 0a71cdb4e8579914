//! What is looked at for an answer: knowledge as it is true now, and where each part of it comes
//! from.

use std::collections::BTreeSet;

use knowledge::links::LinkId;
use knowledge::{
    EntityId, Fact, FactId, FactQuery, IS_A, ItemId, Known, MAX_PAGE, Object, Provenance, Vertex,
    View,
};

use super::Because;
use crate::item::Time;
use crate::recall::{literal, name, said};
use crate::state::State;

/// What is known now.
pub(super) struct Look<'a> {
    pub(super) state: &'a State,
    pub(super) view: &'a View<'a>,
    pub(super) now: Time,
}

/// What joins an entity to another.
pub(super) struct Tie {
    /// The relation or fact.
    pub(super) id: LinkId,
    /// How they belong together.
    pub(super) kind: String,
    /// Whether it goes from the entity to the other.
    pub(super) out: bool,
    /// The other.
    pub(super) other: EntityId,
}

impl Look<'_> {
    /// An entity with its name.
    pub(super) fn entity(&self, id: EntityId) -> (EntityId, String) {
        (id, self.name(id))
    }

    pub(super) fn name(&self, id: EntityId) -> String {
        name(self.view, id)
    }

    /// All facts that answer a question: as many as an entity may have
    /// ([`knowledge::MAX_FACTS_PER_ENTITY`]), over all pages.
    fn every_fact(&self, query: &FactQuery) -> Vec<Known<'_, FactId, Fact>> {
        let mut facts = Vec::new();
        loop {
            let after = facts.last().map(|fact: &Known<'_, FactId, Fact>| fact.id);
            let page = self.view.facts(&FactQuery { after, ..query.clone() });
            let last = page.len() < MAX_PAGE;
            facts.extend(page);
            if last {
                return facts;
            }
        }
    }

    /// Facts and relations that join an entity to others, in the order of their numbers; those that
    /// say that something is not so, or that have no strength left, do not.
    pub(super) fn ties(&self, of: EntityId) -> Vec<Tie> {
        let mut ties = Vec::new();
        for (out, query) in [
            (true, FactQuery { subject: Some(of), ..FactQuery::default() }),
            (false, FactQuery { object: Some(Object::Entity(of)), ..FactQuery::default() }),
        ] {
            for fact in self.every_fact(&query).into_iter().filter(|fact| !fact.item.negated) {
                let other = match (&fact.item.object, out) {
                    (Object::Entity(object), true) => *object,
                    (_, false) => fact.item.subject,
                    (Object::Literal(_), true) => continue,
                };
                let Some(other) = self.view.resolve(other) else { continue };
                let (id, kind) = (LinkId::Fact(fact.id), fact.item.predicate.clone());
                ties.push(Tie { id, kind, out, other });
            }
        }
        for relation in self.view.relations(Vertex::Entity(of)) {
            let ends = [relation.item.from, relation.item.to].map(|end| self.view.vertex(end));
            let [Some(Vertex::Entity(from)), Some(Vertex::Entity(to))] = ends else { continue };
            if self.view.strength(relation.id, self.now).is_none_or(|strength| strength <= 0.0) {
                continue;
            }
            let (out, other) = if from == of { (true, to) } else { (false, from) };
            let (id, kind) = (LinkId::Relation(relation.id), relation.item.kind.clone());
            ties.push(Tie { id, kind, out, other });
        }
        ties.retain(|tie| tie.other != of);
        ties
    }

    /// What a fact or relation says, as a sentence.
    pub(super) fn said(&self, link: LinkId) -> String {
        match link {
            LinkId::Fact(id) => {
                self.view.fact(id).map_or_else(String::new, |fact| said(self.view, fact.item))
            }
            LinkId::Relation(id) => self.view.relation(id).map_or_else(String::new, |relation| {
                let end = |vertex| self.state.called(self.view, vertex);
                let (from, to) = (end(relation.item.from), end(relation.item.to));
                format!("{from} {} {to}", relation.item.kind)
            }),
        }
    }

    /// Where a fact or relation comes from.
    pub(super) fn because(&self, link: LinkId) -> Option<Because> {
        match link {
            LinkId::Fact(id) => {
                let fact = self.view.fact(id)?;
                let said = fact.item.evidence.first()?;
                let (what, sure) = (ItemId::Fact(id), fact.item.confidence);
                Some(self.from(what, said, sure, fact.learned_at))
            }
            LinkId::Relation(id) => {
                let relation = self.view.relation(id)?;
                let strength = self.view.strength(id, self.now).unwrap_or(0.0);
                let said = &relation.item.provenance;
                Some(self.from(ItemId::Relation(id), said, strength, relation.learned_at))
            }
        }
    }

    /// Where an entity's properties come from.
    pub(super) fn stated(&self, id: EntityId) -> Option<Because> {
        let entity = self.view.entity(id)?;
        let said = &entity.item.provenance;
        Some(self.from(ItemId::Entity(entity.id), said, said.confidence, entity.learned_at))
    }

    fn from(&self, what: ItemId, said: &Provenance, confidence: f32, learned_at: Time) -> Because {
        let slot = said.memory.and_then(|number| self.state.numbered(number));
        let memory = slot.and_then(|slot| self.state.at(slot)).map(|item| item.id);
        Because { what, source: said.source.clone(), memory, confidence, learned_at }
    }

    /// Facts of an entity about values, with what they say: predicate, value.
    pub(super) fn values(&self, of: EntityId) -> Vec<(FactId, String, String)> {
        let query = FactQuery { subject: Some(of), ..FactQuery::default() };
        let facts = self.every_fact(&query).into_iter();
        facts
            .filter_map(|fact| match &fact.item.object {
                Object::Literal(value) => {
                    let not = if fact.item.negated { "not " } else { "" };
                    let value = format!("{not}{}", literal(value));
                    Some((fact.id, fact.item.predicate.clone(), value))
                }
                Object::Entity(_) => None,
            })
            .collect()
    }

    /// Names of the properties that an entity has or inherits, and of those that it has not by an
    /// exception.
    pub(super) fn property_names(&self, of: EntityId) -> BTreeSet<String> {
        let line = self.view.ancestors(of).map(|above| above.line).unwrap_or_default();
        let entities = line.into_iter().filter_map(|id| self.view.entity(id));
        entities.flat_map(|e| e.item.said()).map(|(name, _)| name.clone()).collect()
    }

    /// What is directly below an entity: each by the fact that says so.
    pub(super) fn below(&self, of: EntityId) -> Vec<(EntityId, FactId)> {
        let query = FactQuery {
            object: Some(Object::Entity(of)),
            predicate: Some(IS_A.to_owned()),
            ..FactQuery::default()
        };
        let facts = self.every_fact(&query).into_iter().filter(|fact| !fact.item.negated);
        facts.filter_map(|f| Some((self.view.resolve(f.item.subject)?, f.id))).collect()
    }

    /// What is directly above an entity: each by the fact that says so.
    pub(super) fn above(&self, of: EntityId) -> Vec<(EntityId, FactId)> {
        let query = FactQuery {
            subject: Some(of),
            predicate: Some(IS_A.to_owned()),
            ..FactQuery::default()
        };
        let facts = self.every_fact(&query).into_iter().filter(|fact| !fact.item.negated);
        facts
            .filter_map(|fact| match fact.item.object {
                Object::Entity(parent) => Some((self.view.resolve(parent)?, fact.id)),
                Object::Literal(_) => None,
            })
            .collect()
    }
}
