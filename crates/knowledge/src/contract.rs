//! Contraction (Alchourron, Gärdenfors and Makinson 1985): believing something no longer, and giving
//! up as little else as that takes.
//!
//! What is believed are the facts that are supported ([`View::support`]): those that need no reason,
//! the base, and what follows from them. For a fact not to follow, every way to it must lack
//! something of the base. Which, is decided by entrenchment: the base is taken up again from the most
//! entrenched on, and what would bring the fact back is given up. So the contraction is by one
//! remainder, the best in the order of entrenchment (maxichoice), and it satisfies success,
//! inclusion, vacuity, extensionality and closure. Recovery does not hold, as it does not for any
//! base; relevance does (Hansson 1991, "Belief contraction without recovery"): nothing is given up
//! that would not bring the fact back together with what is kept.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::error::KnowledgeError;
use crate::id::{FactId, Time};
use crate::limits::MAX_SUPPORT;
use crate::truth::Search;
use crate::view::View;

/// Facts of the base times all facts below the one that is given up.
pub const MAX_WEIGHED: usize = 200_000;

impl View<'_> {
    /// The facts to be given up for one not to be believed any more, the least entrenched first;
    /// none where it is not believed.
    ///
    /// # Errors
    /// [`KnowledgeError::TooMany`] where it rests on too much to be weighed.
    pub fn give_up(&self, fact: FactId) -> Result<Vec<FactId>, KnowledgeError> {
        self.give_up_all(&[fact], &BTreeSet::new())
    }

    /// The same for several facts, none of which is to be believed (package contraction: Fuhrmann and
    /// Hansson 1994, "A survey of multiple contractions"). What some reasons rest on is given up last.
    pub(crate) fn give_up_all(
        &self,
        facts: &[FactId],
        reasons: &BTreeSet<FactId>,
    ) -> Result<Vec<FactId>, KnowledgeError> {
        let mut cone = Search::default();
        facts.iter().for_each(|fact| cone.collect(self, *fact));
        let too_many = |what, limit, found| Err(KnowledgeError::TooMany { what, limit, found });
        if cone.cut_short {
            return too_many("facts below a fact", MAX_SUPPORT, MAX_SUPPORT + 1);
        }
        let mut base: Vec<FactId> = cone.ready.iter().map(|(id, _)| *id).collect();
        let weighed = base.len() * cone.seen.len();
        if weighed > MAX_WEIGHED {
            return too_many("facts that are weighed to give one up", MAX_WEIGHED, weighed);
        }
        let needed = self.base_of(reasons);
        base.sort_by_cached_key(|id| Reverse((needed.contains(id), self.entrenchment(*id))));
        let (mut kept, mut given_up) = (BTreeSet::new(), Vec::new());
        for id in base {
            kept.insert(id);
            if self.follows(&cone, &kept, facts) {
                kept.remove(&id);
                given_up.push(id);
            }
        }
        given_up.reverse();
        Ok(given_up)
    }

    /// Whether all of some facts are still believed when others are given up.
    pub(crate) fn stand_without(&self, facts: &BTreeSet<FactId>, given_up: &[FactId]) -> bool {
        let mut search = Search::default();
        facts.iter().for_each(|fact| search.collect(self, *fact));
        search.ready.retain(|(id, _)| !given_up.contains(id));
        search.label(self);
        facts.iter().all(|fact| search.holds.contains_key(fact))
    }

    /// Facts without reasons below some facts.
    fn base_of(&self, facts: &BTreeSet<FactId>) -> BTreeSet<FactId> {
        let mut search = Search::default();
        facts.iter().for_each(|fact| search.collect(self, *fact));
        search.ready.into_iter().map(|(id, _)| id).collect()
    }

    /// How hard a fact is to give up: by how many others rest on it, then the longer it is known.
    pub(crate) fn entrenchment(&self, fact: FactId) -> (usize, Reverse<Time>) {
        let learned = self.fact_created_at(fact).unwrap_or(Time::MIN);
        (self.dependants(fact).len(), Reverse(learned))
    }

    fn follows(&self, cone: &Search, base: &BTreeSet<FactId>, facts: &[FactId]) -> bool {
        let mut search = cone.clone();
        search.ready.retain(|(id, _)| base.contains(id));
        search.label(self);
        facts.iter().any(|fact| search.holds.contains_key(fact))
    }
}
