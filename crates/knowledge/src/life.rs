//! The life of a branch: how old it is, how far it has gone from its parent, whether it is ready to
//! be merged, whether it can go. All of it is derived; nothing of it is stored.
//!
//! The clocks are those of requirement C.2: working memory for 30 s, short term for an hour,
//! consolidating for a day, long term after that. So are the score of 0.8 from which a branch is
//! merged by itself and the divergence of 0.3 up to which it is.

use std::collections::BTreeSet;

use crate::branch::Conflict;
use crate::command::{Command, MergeStrategy, Stamp};
use crate::error::KnowledgeError;
use crate::id::{BranchId, ItemId, Revision, Time};
use crate::item::{Branch, BranchState};
use crate::knowledge::Knowledge;
use crate::table::Table;
use crate::view::View;

const SECOND: Time = 1_000_000;
const HOUR: Time = 3_600 * SECOND;
/// A branch is working memory up to this age.
pub const WORKING_MEMORY: Time = 30 * SECOND;
/// A branch is of the short term up to this age.
pub const SHORT_TERM: Time = HOUR;
/// A branch is consolidating up to this age, and without a change for so long it can be pruned.
pub const CONSOLIDATING: Time = 24 * HOUR;

/// Where a branch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It was made at most 30 s ago.
    WorkingMemory,
    /// At most an hour ago.
    ShortTerm,
    /// At most a day ago.
    Consolidating,
    /// Longer ago.
    LongTerm,
    /// It cannot be merged without somebody choosing.
    Conflicted,
    /// It was merged.
    Merged,
}

impl Stage {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Stage::WorkingMemory => "working_memory",
            Stage::ShortTerm => "short_term",
            Stage::Consolidating => "consolidating",
            Stage::LongTerm => "long_term",
            Stage::Conflicted => "conflicted",
            Stage::Merged => "merged",
        }
    }

    fn of_age(age: Time) -> Stage {
        let stages = [
            (WORKING_MEMORY, Stage::WorkingMemory),
            (SHORT_TERM, Stage::ShortTerm),
            (CONSOLIDATING, Stage::Consolidating),
        ];
        let found = stages.into_iter().find(|(up_to, _)| age <= *up_to);
        found.map_or(Stage::LongTerm, |(_, stage)| stage)
    }
}

/// Whether a branch was made of another and can still be merged into it.
fn is_open_of(branch: &Branch, parent: BranchId) -> bool {
    branch.parent == parent && branch.state == BranchState::Open
}

/// When a branch is ready to be merged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Consolidation {
    /// Its score is at least this.
    pub min_score: f64,
    /// Its divergence is at most this.
    pub max_divergence: f64,
    /// Without a change for so long, it counts as settled.
    pub settle: Time,
}

impl Default for Consolidation {
    fn default() -> Self {
        Consolidation { min_score: 0.8, max_divergence: 0.3, settle: HOUR }
    }
}

/// Which branches go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruning {
    /// Those that nobody changed for longer than this.
    pub older_than: Time,
    /// Those that were merged.
    pub merged: bool,
    /// Those that were not.
    pub unmerged: bool,
}

impl Default for Pruning {
    fn default() -> Self {
        Pruning { older_than: CONSOLIDATING, merged: true, unmerged: false }
    }
}

/// What became of a branch, as it is at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// Which.
    pub branch: BranchId,
    /// Where it stands.
    pub stage: Stage,
    /// When it was made.
    pub created_at: Time,
    /// Who made it.
    pub by: String,
    /// When it was last changed, or made.
    pub changed_at: Time,
    /// Items that are other than where it began.
    pub n_changes: usize,
    /// Those as a share of all items that are known on it or were known where it began.
    pub divergence: f64,
    /// What its parent changed too, so that somebody has to choose.
    pub conflicts: Vec<Conflict>,
    /// The share of its changes that are without a conflict, times how much of the time to settle it
    /// went without a change.
    pub score: f64,
    /// Why it cannot be merged by any strategy.
    pub refused: Option<String>,
    /// Open branches that were made of it; they could not be merged into it any more.
    pub n_open: usize,
}

impl Life {
    /// Why a branch is not to be merged yet; nothing if it is.
    pub fn obstacles(&self, policy: &Consolidation) -> Vec<String> {
        let mut why = Vec::new();
        if self.stage == Stage::Merged {
            return vec!["it was merged".to_string()];
        }
        if self.n_changes == 0 {
            return vec!["it has no changes".to_string()];
        }
        if self.n_open > 0 {
            why.push(format!("{} open branches were made of it", self.n_open));
        }
        if let Some(refused) = &self.refused {
            why.push(format!("its merge would be refused: {refused}"));
        }
        if self.score < policy.min_score {
            let (score, least) = (self.score, policy.min_score);
            why.push(format!("its score is {score:.3}, less than {least:.3}"));
        }
        if self.divergence > policy.max_divergence {
            let (divergence, most) = (self.divergence, policy.max_divergence);
            why.push(format!("its divergence is {divergence:.3}, more than {most:.3}"));
        }
        why
    }
}

impl Knowledge {
    /// What became of a branch.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if it is not there, and for the main one.
    pub fn life(
        &self,
        branch: BranchId,
        now: Time,
        policy: &Consolidation,
    ) -> Result<Life, KnowledgeError> {
        let missing = KnowledgeError::Missing(ItemId::Branch(branch));
        self.lives_of(&[branch], now, policy)?.pop().ok_or(missing)
    }

    /// What became of every branch that is not deleted.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if the parent of one is not there, which is a bug.
    pub fn lives(&self, now: Time, policy: &Consolidation) -> Result<Vec<Life>, KnowledgeError> {
        let all: Vec<BranchId> = self.main().branches().iter().map(|known| known.id).collect();
        self.lives_of(&all, now, policy)
    }

    fn lives_of(
        &self,
        branches: &[BranchId],
        now: Time,
        policy: &Consolidation,
    ) -> Result<Vec<Life>, KnowledgeError> {
        let bases = branches.iter().map(|id| self.base(*id)).collect::<Result<Vec<_>, _>>()?;
        let known = self.n_known(&bases);
        let each = branches.iter().zip(bases.iter().zip(known));
        each.map(|(id, (base, n_base))| self.life_on(*id, base, n_base, now, policy)).collect()
    }

    fn life_on(
        &self,
        id: BranchId,
        base: &View<'_>,
        n_base: usize,
        now: Time,
        policy: &Consolidation,
    ) -> Result<Life, KnowledgeError> {
        let main = self.main();
        let found = main.branch(id).ok_or(KnowledgeError::Missing(ItemId::Branch(id)))?;
        let changes = self.own_changes(id)?;
        let n_new = changes.iter().filter(|item| base.item(**item).is_none()).count();
        let changed_at = self.changed_at(id).max(found.learned_at);
        let (conflicts, refused) = self.merge_would(id, found.item, now);
        let (n_changes, n_all) = (changes.len(), n_base + n_new);
        let age = now.saturating_sub(found.learned_at);
        let stage = match found.item.state {
            BranchState::Merged => Stage::Merged,
            BranchState::Open if !conflicts.is_empty() || refused.is_some() => Stage::Conflicted,
            BranchState::Open => Stage::of_age(age),
        };
        let torn: BTreeSet<ItemId> = conflicts.iter().map(|conflict| conflict.child).collect();
        let agreed = 1.0 - share(torn.len(), n_changes);
        let idle = now.saturating_sub(changed_at).max(0);
        let settled = (idle as f64 / policy.settle.max(1) as f64).min(1.0);
        Ok(Life {
            branch: id,
            stage,
            created_at: found.learned_at,
            by: found.by.to_string(),
            changed_at,
            n_changes,
            divergence: share(n_changes, n_all),
            conflicts,
            score: agreed * settled,
            refused,
            n_open: main.branches().iter().filter(|other| is_open_of(other.item, id)).count(),
        })
    }

    /// What a merge would ask to choose, or why it would be refused whatever is chosen.
    fn merge_would(
        &self,
        id: BranchId,
        branch: &Branch,
        now: Time,
    ) -> (Vec<Conflict>, Option<String>) {
        if branch.state == BranchState::Merged {
            return (Vec::new(), None);
        }
        let stamp = Stamp { branch: branch.parent, at: now, by: String::new() };
        let merge = Command::MergeBranch(id, MergeStrategy::Manual([].into()));
        match self.plan(merge, &stamp) {
            Ok(_) => (Vec::new(), None),
            Err(KnowledgeError::Conflicts(conflicts)) => (conflicts, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        }
    }

    /// Branches that nobody changed for long, children before their parents. One that has a branch
    /// which stays, stays.
    pub fn prunable(&self, pruning: &Pruning, now: Time) -> Vec<BranchId> {
        let main = self.main();
        let branches = main.branches();
        let mut stay: BTreeSet<BranchId> = BTreeSet::new();
        let mut go = Vec::new();
        // A child has a higher number than its parent.
        for known in branches.iter().rev() {
            let wanted = match known.item.state {
                BranchState::Merged => pruning.merged,
                BranchState::Open => pruning.unmerged,
            };
            let changed = self.changed_at(known.id).max(known.learned_at);
            let old = now.saturating_sub(changed) > pruning.older_than;
            if wanted && old && !stay.contains(&known.id) {
                go.push(known.id);
            } else {
                stay.insert(known.item.parent);
            }
        }
        go
    }

    /// When anything of a branch, or the branch itself, was last changed.
    fn changed_at(&self, branch: BranchId) -> Time {
        let own = self.changed(branch).into_iter().flat_map(|item| self.places(item));
        let own = own.filter(|place| place.0 == branch).map(|place| place.2);
        let itself = self.places(ItemId::Branch(branch)).into_iter().map(|place| place.2);
        own.chain(itself).max().unwrap_or(Time::MIN)
    }

    /// How many items each view knows, in one pass over the main branch.
    fn n_known(&self, views: &[View<'_>]) -> Vec<usize> {
        let bound = |view: &View<'_>| view.lineage().last().map_or(0, |(_, bound)| *bound);
        let mut bounds: Vec<Revision> = views.iter().map(bound).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let mut main = vec![0_isize; bounds.len() + 1];
        count(&self.entities, &bounds, &mut main);
        count(&self.relations, &bounds, &mut main);
        count(&self.facts, &bounds, &mut main);
        count(&self.predicates, &bounds, &mut main);
        count(&self.contradictions, &bounds, &mut main);
        for k in 1..main.len() {
            main[k] += main[k - 1];
        }
        let of = |view: &View<'_>| {
            let at = bounds.partition_point(|known| *known < bound(view));
            (main[at] + self.beyond_main(view)).max(0) as usize
        };
        views.iter().map(of).collect()
    }

    /// How many more items a view knows than the main branch did where its line left it.
    fn beyond_main(&self, view: &View<'_>) -> isize {
        let line = view.lineage();
        let Some(((_, bound), others)) = line.split_last() else { return 0 };
        let main = self.main().until(*bound);
        let items: BTreeSet<ItemId> =
            others.iter().flat_map(|(branch, _)| self.changed(*branch)).collect();
        let more = |item: &ItemId| {
            isize::from(view.item(*item).is_some()) - isize::from(main.item(*item).is_some())
        };
        items.iter().map(more).sum()
    }
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

/// Adds, at the first bound that sees it, each item that came, and takes each that went.
fn count<T>(table: &Table<T>, bounds: &[Revision], changes: &mut [isize]) {
    for (_, versions) in table.all() {
        let mut there = false;
        for version in versions.iter().filter(|version| version.branch == BranchId::MAIN) {
            let is = version.value.is_some();
            let at = bounds.partition_point(|bound| *bound < version.revision);
            changes[at] += isize::from(is) - isize::from(there);
            there = is;
        }
    }
}
