//! What time does to a memory: what was recalled is reinforced, what was used is consolidated and
//! promoted, what is over expires, what was deleted long ago is erased.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

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
    pub(crate) fn touch(&self, hits: &[Hit], now: Time) {
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
        let due: Vec<Id> = self.read()?.due(&by);
        for batch in due.chunks(BATCH) {
            let (fates, _) = self.write(|state| Ok(state.plan_fates(batch, &by))).await?;
            fates.into_iter().for_each(|fate| done.count(fate));
        }
        self.keep_layouts().await?;
        Ok(done)
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
