//! How much each of several periods brought, in one pass over the versions of what is known: an item is
//! looked at only in the periods in which something became of it. What it was is told by `compare`.

use crate::compare::{FactChange, fact_change, is_new};
use crate::error::KnowledgeError;
use crate::id::{BranchId, ContradictionId, EntityId, FactId, RelationId, Time};
use crate::knowledge::Knowledge;
use crate::table::Table;
use crate::view::{At, View};

/// How much a period brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Entities that came to be known.
    pub entities: usize,
    /// Relations that came.
    pub relations: usize,
    /// Facts that came to be known.
    pub facts: usize,
    /// Facts that were taken back, ended, or came to be held more or less surely.
    pub revised: usize,
    /// Contradictions that came up.
    pub contradictions: usize,
}

impl Knowledge {
    /// Counts what each period brought: the first after `bounds[0]`, up to `bounds[1]`, and so on. It is
    /// as many as [`Knowledge::between`] tells of each.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for a branch that is not there, [`KnowledgeError::Invalid`] where a
    /// bound is before the one before it.
    pub fn brought(
        &self,
        branch: BranchId,
        bounds: &[Time],
    ) -> Result<Vec<Brought>, KnowledgeError> {
        if let Some(wrong) = bounds.windows(2).find(|pair| pair[1] < pair[0]) {
            let expected = format!("{} or later", wrong[0]);
            let found = wrong[1].to_string();
            return Err(KnowledgeError::Invalid { what: "bounds", expected, found });
        }
        let at = |known: &Time| self.at(At { branch, known: Some(*known), valid: None });
        let views = bounds.iter().map(at).collect::<Result<Vec<View<'_>>, _>>()?;
        let mut periods = vec![Brought::default(); bounds.len().saturating_sub(1)];
        each(&self.entities, bounds, |n, k| {
            let new = is_new(&views[k], &views[k + 1], EntityId(n));
            periods[k].entities += usize::from(new);
        });
        each(&self.relations, bounds, |n, k| {
            let there = |view: &View<'_>| view.relation(RelationId(n)).is_some();
            periods[k].relations += usize::from(!there(&views[k]) && there(&views[k + 1]));
        });
        each(&self.facts, bounds, |n, k| match fact_change(&views[k], &views[k + 1], FactId(n)) {
            Some(FactChange::Added) => periods[k].facts += 1,
            Some(_) => periods[k].revised += 1,
            None => {}
        });
        each(&self.contradictions, bounds, |n, k| {
            let there = |view: &View<'_>| view.contradiction(ContradictionId(n)).is_some();
            periods[k].contradictions += usize::from(!there(&views[k]) && there(&views[k + 1]));
        });
        Ok(periods)
    }
}

/// Every item by its number, with each period in which a version of it was learned, on any branch.
fn each<T>(table: &Table<T>, bounds: &[Time], mut told: impl FnMut(u64, usize)) {
    for (n, versions) in table.all() {
        let nth = |at: Time| bounds.partition_point(|bound| *bound < at);
        let within = |k: &usize| (1..bounds.len()).contains(k);
        let periods = versions.iter().map(|version| nth(version.at)).filter(within);
        let mut periods: Vec<usize> = periods.map(|k| k - 1).collect();
        periods.sort_unstable();
        periods.dedup();
        periods.into_iter().for_each(|k| told(n, k));
    }
}
