//! How healthy beliefs are: how many stand without a contradiction, how often they are revised, and
//! how far they drift.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::error::KnowledgeError;
use crate::id::{BranchId, ContradictionId, FactId, Time};
use crate::item::ContradictionState;
use crate::knowledge::Knowledge;
use crate::truth::Search;
use crate::view::{At, View};

/// Microseconds of a minute.
const MINUTE: f64 = 60e6;

/// Beliefs of a branch at the end of a time, and what the time did to them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Health {
    /// Facts that are known and have reason enough.
    pub believed: usize,
    /// Those of them that are part of an open contradiction.
    pub contested: usize,
    /// Those that are believed now and were not.
    pub gained: usize,
    /// Those that were believed and are not now.
    pub lost: usize,
    /// Revisions that changed what is known of facts.
    pub revisions: usize,
    /// The time (minutes).
    pub minutes: f64,
}

impl Health {
    /// Beliefs without an open contradiction, of all; 1 where nothing is believed.
    pub fn ratio(&self) -> f64 {
        part(self.believed - self.contested, self.believed, 1.0)
    }

    /// Revisions of a minute; 0 for no time.
    pub fn revisions_per_minute(&self) -> f64 {
        if self.minutes > 0.0 { self.revisions as f64 / self.minutes } else { 0.0 }
    }

    /// The distance of Jaccard between what was and what is believed: 0 for the same, 1 for nothing in
    /// common.
    pub fn drift(&self) -> f64 {
        part(self.gained + self.lost, self.believed + self.lost, 0.0)
    }
}

fn part(n: usize, of: usize, otherwise: f64) -> f64 {
    if of == 0 { otherwise } else { n as f64 / of as f64 }
}

impl Knowledge {
    /// How healthy the beliefs of a branch are at a time, and what became of them since another.
    ///
    /// # Errors
    /// [`KnowledgeError::Missing`] for a branch that is not there, [`KnowledgeError::Invalid`] where
    /// the second time is before the first.
    pub fn health(&self, branch: BranchId, from: Time, to: Time) -> Result<Health, KnowledgeError> {
        if to < from {
            let (expected, found) = (format!("{from} or later"), to.to_string());
            return Err(KnowledgeError::Invalid { what: "to", expected, found });
        }
        let at = |known| self.at(At { branch, known: Some(known), valid: None });
        let (then, now) = (at(from)?, at(to)?);
        let (before, believed) = (then.believed(), now.believed());
        let contested = now.contested_of(&believed);
        Ok(Health {
            contested: contested.len(),
            gained: believed.difference(&before).count(),
            lost: before.difference(&believed).count(),
            believed: believed.len(),
            revisions: self.fact_revisions(&now, from, to),
            minutes: to.saturating_sub(from) as f64 / MINUTE,
        })
    }

    /// Revisions after a time and up to another in which a fact of a branch was written.
    fn fact_revisions(&self, view: &View<'_>, from: Time, to: Time) -> usize {
        let versions = self.facts.all().flat_map(|(_, versions)| versions);
        let line = view.lineage();
        let there =
            |branch, revision| line.iter().any(|(b, last)| *b == branch && revision <= *last);
        let within = versions.filter(|v| v.at > from && v.at <= to && there(v.branch, v.revision));
        within.map(|version| version.revision).collect::<BTreeSet<_>>().len()
    }
}

impl View<'_> {
    /// All facts that are known and supported.
    fn believed(&self) -> FxHashSet<FactId> {
        let (mut believed, mut search) = (FxHashSet::default(), Search::default());
        for (n, _) in self.knowledge.facts.all() {
            let Some(known) = self.fact(FactId(n)) else { continue };
            if known.item.justifications.is_empty() {
                believed.insert(known.id);
                continue;
            }
            let mut waiting = vec![known.id];
            while let Some(fact) = waiting.pop() {
                waiting.extend(search.take(self, fact));
            }
        }
        search.label(self);
        believed.extend(search.holds.keys());
        believed
    }

    fn contested_of(&self, believed: &FxHashSet<FactId>) -> BTreeSet<FactId> {
        let all = self.knowledge.contradictions.all();
        let open = all.filter_map(|(n, _)| self.open_contradiction(n));
        open.flatten().filter(|fact| believed.contains(fact)).collect()
    }

    /// The facts of a contradiction that is open.
    fn open_contradiction(&self, number: u64) -> Option<[FactId; 2]> {
        let known = self.contradiction(ContradictionId(number))?.item;
        let open = known.state == ContradictionState::Open;
        open.then_some([known.first, known.second])
    }
}
