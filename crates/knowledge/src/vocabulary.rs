//! In which words knowledge is told: kinds of entities, predicates, and names that begin alike.

use std::collections::BTreeMap;

use crate::error::KnowledgeError;
use crate::id::{EntityId, FactId, ItemId};
use crate::item::Entity;
use crate::item::Laws;
use crate::name::normalised;
use crate::view::{FactQuery, View, page};

/// A kind of entities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindUse {
    /// Its name.
    pub kind: String,
    /// Entities of it, without those that were merged into others.
    pub entities: usize,
}

/// A predicate that is declared or that facts say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateUse {
    /// Its name.
    pub name: String,
    /// Whether a subject has one value at a time, where that was declared.
    pub functional: Option<bool>,
    /// What was declared to follow of it.
    pub laws: Laws,
    /// Facts that say it, those that [`View::facts`] tells.
    pub facts: usize,
}

impl View<'_> {
    /// Kinds of entities after one, in the order of their names. Every entity is looked at.
    pub fn kinds(&self, after: Option<&str>, limit: usize) -> Vec<KindUse> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for known in self.all_entities().filter_map(|id| self.entity(id)) {
            *kinds.entry(&known.item.kind).or_default() += 1;
        }
        let later = kinds.into_iter().filter(|(kind, _)| after.is_none_or(|after| *kind > after));
        let told = |(kind, entities): (&str, usize)| KindUse { kind: kind.to_owned(), entities };
        later.take(page(limit)).map(told).collect()
    }

    /// Predicates after one, in the order of their names. Every fact is looked at.
    pub fn predicates(&self, after: Option<&str>, limit: usize) -> Vec<PredicateUse> {
        let declared = self.knowledge.finds.predicates.keys();
        let declared = declared.filter(|name| self.predicate(name).is_some());
        let mut facts: BTreeMap<&str, usize> = declared.map(|name| (name.as_str(), 0)).collect();
        let any = FactQuery::default();
        let known = self.knowledge.facts.all();
        for known in known.filter_map(|(n, _)| self.answer(FactId(n), &any)) {
            *facts.entry(&known.item.predicate).or_default() += 1;
        }
        let later = facts.into_iter().filter(|(name, _)| after.is_none_or(|after| *name > after));
        let told = |(name, facts): (&str, usize)| PredicateUse {
            name: name.to_owned(),
            functional: self.predicate(name).map(|known| known.item.functional),
            laws: self.predicate(name).map(|known| known.item.laws.clone()).unwrap_or_default(),
            facts,
        };
        later.take(page(limit)).map(told).collect()
    }

    /// Entities with a name or alias that begins so, in the order of the first of these, after one.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if `after` is no entity of such a name.
    pub fn by_prefix(
        &self,
        prefix: &str,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<Vec<EntityId>, KnowledgeError> {
        let prefix = normalised(prefix);
        let first = |id: EntityId| {
            let known = self.entity(id).filter(|known| known.id == id)?;
            first_name(known.item, &prefix)
        };
        let after = match after {
            None => None,
            Some(id) => {
                let name = first(id).ok_or(KnowledgeError::Missing(ItemId::Entity(id)))?;
                Some((name, id))
            }
        };
        let from = after.as_ref().map_or(&prefix, |(name, _)| name);
        let names = self.knowledge.finds.names.range(from.clone()..);
        let names = names.take_while(|(name, _)| name.starts_with(&prefix));
        let all = names.flat_map(|(name, ids)| ids.iter().map(move |id| (name, *id)));
        let later = all.filter(|(name, id)| {
            after.as_ref().is_none_or(|(last, of)| (*name, id) > (last, of))
                && first(*id).as_ref() == Some(name)
        });
        Ok(later.map(|(_, id)| id).take(page(limit)).collect())
    }
}

/// The first of an entity's names that begins so, in the order of the alphabet.
fn first_name(entity: &Entity, prefix: &str) -> Option<String> {
    let names = entity.aliases.iter().chain([&entity.name]).map(|name| normalised(name));
    names.filter(|name| name.starts_with(prefix)).min()
}
