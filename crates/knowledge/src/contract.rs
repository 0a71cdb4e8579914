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
        let mut cone = Search::default();
        cone.collect(self, fact);
        let too_many = |what, limit, found| Err(KnowledgeError::TooMany { what, limit, found });
        if cone.cut_short {
            return too_many("facts below a fact", MAX_SUPPORT, MAX_SUPPORT + 1);
        }
        let mut base: Vec<FactId> = cone.ready.iter().map(|(id, _)| *id).collect();
        let weighed = base.len() * cone.seen.len();
        if weighed > MAX_WEIGHED {
            return too_many("facts that are weighed to give one up", MAX_WEIGHED, weighed);
        }
        base.sort_by_cached_key(|id| Reverse(self.entrenchment(*id)));
        let (mut kept, mut given_up) = (BTreeSet::new(), Vec::new());
        for id in base {
            kept.insert(id);
            if self.follows(&cone, &kept, fact) {
                kept.remove(&id);
                given_up.push(id);
            }
        }
        given_up.reverse();
        Ok(given_up)
    }

    /// How hard a fact is to give up: by how many others rest on it, then the longer it is known.
    pub(crate) fn entrenchment(&self, fact: FactId) -> (usize, Reverse<Time>) {
        let learned = self.fact_created_at(fact).unwrap_or(Time::MIN);
        (self.dependants(fact).len(), Reverse(learned))
    }

    fn follows(&self, cone: &Search, base: &BTreeSet<FactId>, fact: FactId) -> bool {
        let mut search = cone.clone();
        search.ready.retain(|(id, _)| base.contains(id));
        search.label(self);
        search.holds.contains_key(&fact)
    }
}
