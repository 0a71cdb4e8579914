//! Items by their properties: a value that the question has, yes or no, or a number within bounds.
//! Inherited properties count as an entity's own do.

use std::collections::BTreeSet;

use knowledge::{EntityId, Origin, Scalar};

use super::bound::bounds;
use super::look::Look;
use super::select::{Items, MAX_LOOKED};
use super::words::{IS_NOT, Words};
use crate::recall::literal;

impl Look<'_> {
    /// What chosen items, or of all entities those that have some, account for by their properties,
    /// and whether not all were looked at; or what is not known.
    pub(super) fn with_property(
        &self,
        items: &mut Option<Items>,
        all: &[EntityId],
        words: &mut Words,
    ) -> Result<bool, String> {
        let (candidates, more): (Vec<EntityId>, bool) = match items {
            Some(items) => {
                let lack = items.iter().filter(|(_, item)| !words.wanted.is_subset(&item.words));
                (lack.map(|(id, _)| *id).collect(), false)
            }
            None => self.may_have(all, words),
        };
        let mut denied: BTreeSet<BTreeSet<String>> = BTreeSet::new();
        for id in candidates {
            for property in self.said_properties(id, words) {
                let Some(found) = self.view.property(id, &property) else { continue };
                let value = found.value.unwrap_or(Scalar::Bool(false));
                let named = self.is_said(&property, words).filter(|terms| words.want(terms));
                if words.negated && matches!(value, Scalar::Bool(_)) {
                    denied.extend(named);
                }
                let Some(terms) = self.fits(&property, &value, words) else { continue };
                let from = match found.origin {
                    Origin::Inherited(from) | Origin::InheritedException(from, _) => from,
                    Origin::Own | Origin::OwnException(_) => id,
                };
                let item = items.get_or_insert_default().entry(id).or_default();
                item.because.extend(self.stated(from));
                words.met.extend(terms.iter().cloned());
                item.words.extend(terms);
            }
        }
        self.one_is_denied(&denied, words).map(|()| more)
    }

    /// What is said not to be so is one thing, or it is not clear what is meant.
    fn one_is_denied(
        &self,
        denied: &BTreeSet<BTreeSet<String>>,
        words: &Words,
    ) -> Result<(), String> {
        // `fly` is part of `fly_far`.
        let whole: BTreeSet<String> = denied.iter().flatten().cloned().collect();
        if denied.is_empty() || denied.contains(&whole) && self.denied(&whole, words) {
            return Ok(());
        }
        Err("it is not clear what of this is not so".into())
    }

    /// Entities with a property that the question may say, their own or inherited, and whether not
    /// all were looked at.
    fn may_have(&self, all: &[EntityId], words: &mut Words) -> (Vec<EntityId>, bool) {
        let mut queue: Vec<EntityId> =
            all.iter().copied().filter(|id| !self.own_said(*id, words).is_empty()).collect();
        let mut may: BTreeSet<EntityId> = BTreeSet::new();
        while let Some(at) = queue.pop() {
            if may.contains(&at) {
                continue;
            }
            if may.len() >= MAX_LOOKED {
                return (may.into_iter().collect(), true);
            }
            may.insert(at);
            queue.extend(self.below(at).into_iter().map(|(below, _)| below));
        }
        (may.into_iter().collect(), false)
    }

    /// Names of the properties that an entity has or inherits, and of those that it has not by an
    /// exception, as far as the question may say them.
    fn said_properties(&self, of: EntityId, words: &mut Words) -> BTreeSet<String> {
        let line = self.view.ancestors(of).map(|above| above.line).unwrap_or_default();
        line.into_iter().flat_map(|id| self.own_said(id, words)).collect()
    }

    /// Of the properties and exceptions of an entity itself, those that the question may say.
    fn own_said(&self, id: EntityId, words: &mut Words) -> Vec<String> {
        let Some(entity) = self.view.entity(id) else { return Vec::new() };
        let may = |(name, value): &(&String, Option<&Scalar>)| match value {
            Some(Scalar::Text(text)) => words.have(text),
            _ => self.is_said(name, words).is_some(),
        };
        entity.item.said().filter(may).map(|(name, _)| name.clone()).collect()
    }

    /// The words that a property accounts for, if the question says its value.
    fn fits(&self, name: &str, value: &Scalar, words: &mut Words) -> Option<BTreeSet<String>> {
        let named = self.is_said(name, words);
        let terms = match value {
            Scalar::Null => None,
            Scalar::Bool(yes) => {
                let not = words.negated.then(|| IS_NOT.to_owned());
                let said = named.filter(|terms| *yes != words.negated && words.want(terms))?;
                Some(said.into_iter().chain(not).collect())
            }
            Scalar::Text(text) => {
                let said = !words.negated && words.have(text);
                said.then(|| self.roots(&text.to_lowercase()))
                    .map(|terms| terms.into_iter().chain(named.into_iter().flatten()).collect())
            }
            Scalar::Integer(_) | Scalar::Number(_) => {
                let number: f64 = literal(value).parse().ok()?;
                let asked = bounds(&words.said);
                let holds = !asked.is_empty() && asked.iter().all(|(b, _)| b.holds(number));
                let numbers = asked.into_iter().flat_map(|(_, text)| self.roots(&text));
                (holds && !words.negated)
                    .then(|| named.map(|n| n.into_iter().chain(numbers).collect()))?
            }
        };
        terms.filter(|terms| words.want(terms))
    }
}
