//! What time does to a memory: what was recalled is reinforced, what was used is consolidated and
//! promoted, what is over expires, what was deleted long ago is erased.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use knowledge::{BranchId, Command, Consolidation, MergeStrategy, Stamp, Vertex};
use serde::Serialize;

use crate::durable::Memory;
use crate::error::MemoryError;
use crate::item::{Id, Tier, Time};
use crate::plan::{By, Fated};
use crate::record::Change;
use crate::search::Hit;
use crate::state::State;

/// Memories that one commit tends.
const BATCH: usize = 100;
/// Memories whose recalls are remembered between two rounds.
pub const MAX_TOUCHED: usize = 100_000;
/// Recalls whose memories are remembered together between two rounds.
pub const MAX_TOGETHER: usize = 256;
const SECOND: Time = 1_000_000;
/// Who tends.
const ACTOR: &str = "striatum";

/// How often a memory was recalled since it was last tended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touched {
    id: Id,
    times: u32,
    last: Time,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tended {
    /// Memories that were recalled since the round before.
    pub reinforced: u64,
    /// Memories that proved worth keeping.
    pub consolidated: u64,
    /// Memories that moved to the short-term tier.
    pub short_term: u64,
    /// Memories that moved to the long-term tier.
    pub long_term: u64,
    /// Memories whose time was over.
    pub expired: u64,
    /// Memories that were deleted before the window to undo, and are gone now.
    pub erased: u64,
}

impl Memory {
    /// Notes that memories were recalled; it counts from the next round on.
    pub(crate) fn touch<'a>(&self, hits: impl Iterator<Item = &'a Hit>, now: Time) {
        let mut touched = self.shared.touched.lock().unwrap_or_else(PoisonError::into_inner);
        for hit in hits {
            let number = hit.item.number;
            if touched.len() >= MAX_TOUCHED && !touched.contains_key(&number) {
                return;
            }
            let entry = touched.entry(number);
            let one = entry.or_insert(Touched { id: hit.item.id, times: 0, last: now });
            one.times = one.times.saturating_add(1);
            one.last = one.last.max(now);
        }
    }

    /// Notes that one recall brought memories together; relations between them and between what they
    /// name are stronger from the next round on.
    pub(crate) fn together<'a>(&self, hits: impl Iterator<Item = &'a Hit>) {
        let numbers: Vec<u64> = hits.map(|hit| hit.item.number).collect();
        let mut together = self.shared.together.lock().unwrap_or_else(PoisonError::into_inner);
        if !numbers.is_empty() && together.len() < MAX_TOGETHER {
            together.push(numbers);
        }
    }

    /// Strengthens relations between what was recalled together, in one commit.
    async fn strengthen(&self, by: &By) -> Result<(), MemoryError> {
        let together = {
            let mut all = self.shared.together.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *all)
        };
        if together.is_empty() {
            return Ok(());
        }
        let plan = |state: &State| Ok((state.plan_strengthened(&together, by)?, ()));
        self.write(plan).await.map(drop)
    }

    /// One round over everything.
    ///
    /// # Errors
    /// [`MemoryError::Store`]; the next round goes on.
    pub async fn tend(&self, now: Time) -> Result<Tended, MemoryError> {
        let by = By { actor: ACTOR.into(), now };
        let mut done = Tended::default();
        let touched = {
            let mut touched = self.shared.touched.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *touched)
        };
        let recalled: Vec<_> = touched.into_values().collect();
        for batch in recalled.chunks(BATCH) {
            done.reinforced += self.write(|state| Ok(state.plan_recalled(batch))).await?.0;
        }
        self.strengthen(&by).await?;
        let due: Vec<Id> = self.read()?.due(&by);
        for batch in due.chunks(BATCH) {
            let (fates, _) = self.write(|state| Ok(state.plan_fates(batch, &by))).await?;
            fates.into_iter().for_each(|fate| done.count(fate));
        }
        self.consolidate(&by).await?;
        self.keep_layouts().await?;
        Ok(done)
    }

    /// Merges branches that are ready, where that is asked for and it is time to look again. One that
    /// is not ready any more when its turn comes is left for the next look.
    async fn consolidate(&self, by: &By) -> Result<(), MemoryError> {
        let Some(seconds) = self.shared.config.consolidate_seconds else { return Ok(()) };
        if !self.is_time(by.now, i64::try_from(seconds).unwrap_or(i64::MAX)) {
            return Ok(());
        }
        let policy = Consolidation::default();
        let ready: Vec<(BranchId, BranchId)> = self.knowledge(|knowledge| {
            let view = knowledge.latest(BranchId::MAIN)?;
            let lives = knowledge.lives(by.now, &policy)?;
            let ready = lives.iter().filter(|life| life.obstacles(&policy).is_empty());
            let parent = |id: BranchId| Some((id, view.branch(id)?.item.parent));
            Ok(ready.filter_map(|life| parent(life.branch)).collect())
        })?;
        // Branches of branches first: what was merged takes no more.
        for (branch, parent) in ready.into_iter().rev() {
            let command = Command::ConsolidateBranch(branch, MergeStrategy::PreferNewer, policy);
            match self.know(command, parent, by).await {
                Ok(_) | Err(MemoryError::Knowledge(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether so many seconds went by since this was last true, or ever.
    fn is_time(&self, now: Time, seconds: i64) -> bool {
        let mut last = self.shared.consolidated.lock().unwrap_or_else(PoisonError::into_inner);
        let is = last.is_none_or(|last| now.saturating_sub(last) >= seconds.saturating_mul(SECOND));
        if is {
            *last = Some(now);
        }
        is
    }
}

impl Tended {
    fn count(&mut self, fate: Fated) {
        match fate {
            Fated::Consolidated => self.consolidated += 1,
            Fated::Promoted(Tier::LongTerm) => self.long_term += 1,
            Fated::Promoted(_) => self.short_term += 1,
            Fated::Expired => self.expired += 1,
            Fated::Erased => self.erased += 1,
            // The next round goes on.
            Fated::PartlyErased => {}
        }
    }
}

impl State {
    fn plan_recalled(&self, touched: &[Touched]) -> (Vec<Change>, u64) {
        let mut changes = Vec::with_capacity(touched.len());
        for one in touched {
            let Ok(old) = self.item(one.id) else { continue };
            let mut item = (**old).clone();
            item.usage.accesses = item.usage.accesses.saturating_add(one.times);
            item.usage.by("", one.last);
            changes.push(Change::Item(Arc::new(item), None));
        }
        let n = changes.len() as u64;
        (changes, n)
    }

    /// The stronger relations of memories that were recalled together, and of entities that they name.
    fn plan_strengthened(
        &self,
        together: &[Vec<u64>],
        by: &By,
    ) -> Result<Vec<Change>, MemoryError> {
        let view = self.knowledge.latest(BranchId::MAIN)?;
        let vertices = |numbers: &Vec<u64>| -> Vec<Vertex> {
            let items = numbers.iter().filter_map(|n| self.at(self.numbered(*n)?));
            let names = items.flat_map(|item| &item.mentions).flat_map(|name| view.by_name(name));
            let memories = numbers.iter().copied().map(Vertex::Memory);
            let all: BTreeSet<Vertex> = names.map(Vertex::Entity).chain(memories).collect();
            all.into_iter().rev().take(knowledge::MAX_RECALLED).collect()
        };
        let command = Command::RecalledEach(together.iter().map(vertices).collect());
        let stamp = Stamp { branch: BranchId::MAIN, at: by.now, by: by.actor.clone() };
        let plan = self.knowledge.plan(command, &stamp)?;
        // The counters alone are no change.
        Ok(if plan.changes.len() > 1 { vec![Change::Knowledge(plan)] } else { Vec::new() })
    }

    /// The memories that time changes.
    fn due(&self, by: &By) -> Vec<Id> {
        let all = self.items.iter().flatten();
        all.filter(|item| self.plan_fate(item, by).is_some()).map(|item| item.id).collect()
    }

    fn plan_fates(&self, ids: &[Id], by: &By) -> (Vec<Change>, Vec<Fated>) {
        let (mut changes, mut fates) = (Vec::new(), Vec::new());
        for id in ids {
            let Ok(item) = self.item(*id) else { continue };
            let Some((planned, fate)) = self.plan_fate(item, by) else { continue };
            let erases = matches!(fate, Fated::Erased | Fated::PartlyErased);
            if erases && !fates.is_empty() {
                // One erasure at a time: its history may fill a commit, and its knowledge is
                // planned on this state.
                break;
            }
            changes.extend(planned);
            fates.push(fate);
            if erases {
                break;
            }
        }
        (changes, fates)
    }

    /// Memories by what a dashboard counts.
    pub(crate) fn census(&self) -> HashMap<(&'static str, &'static str), u64> {
        let mut census = HashMap::new();
        for item in self.items.iter().flatten() {
            *census.entry((item.status.name(), item.tier.name())).or_default() += 1;
        }
        census
    }
}
