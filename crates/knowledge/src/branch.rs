//! Branches compared: where they part, and in what they differ. Merging is in `plan/branches`.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::KnowledgeError;
use crate::id::{BranchId, ItemId, Revision};
use crate::item::Item;
use crate::knowledge::{Event, Knowledge};
use crate::view::{View, page};

/// An item that is different on two branches.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which.
    pub item: ItemId,
    /// What it was where the branches part; `None` is nothing.
    pub base: Option<Item>,
    /// What it is on the first.
    pub first: Option<Item>,
    /// What it is on the second.
    pub second: Option<Item>,
}

/// What both sides of a merge changed, so that somebody has to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The child's item; choose a side for it by this number.
    pub child: ItemId,
    /// The parent's: the same item, or a fact that contradicts the child's.
    pub parent: ItemId,
}

impl Knowledge {
    /// The branch on which two branches were last the same, and the last revision that both see.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if one is not there.
    pub fn common_ancestor(
        &self,
        first: BranchId,
        second: BranchId,
    ) -> Result<(BranchId, Revision), KnowledgeError> {
        let (first, second) = (self.latest(first)?.lineage(), self.latest(second)?.lineage());
        let common = first.into_iter().find_map(|(branch, bound)| {
            let other = second.iter().find(|(other, _)| *other == branch)?;
            Some((branch, bound.min(other.1).min(self.revision())))
        });
        Ok(common.unwrap_or((BranchId::MAIN, 0)))
    }

    /// In what two branches differ, in the order of the items.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if one is not there.
    pub fn diff(
        &self,
        first: BranchId,
        second: BranchId,
    ) -> Result<Vec<Difference>, KnowledgeError> {
        let (ancestor, fork) = self.common_ancestor(first, second)?;
        let base = self.latest(ancestor)?.until(fork);
        let (a, b) = (self.latest(first)?, self.latest(second)?);
        let mut items = BTreeSet::new();
        for (branch, _) in a.lineage().into_iter().chain(b.lineage()) {
            items.extend(self.changed(branch));
        }
        let differ = items.into_iter().filter_map(|item| {
            let (first, second) = (a.item(item), b.item(item));
            let base = || base.item(item);
            (first != second).then(|| Difference { item, base: base(), first, second })
        });
        Ok(differ.collect())
    }

    /// What a branch saw when it was made.
    pub(crate) fn base(&self, branch: BranchId) -> Result<View<'_>, KnowledgeError> {
        let missing = KnowledgeError::Missing(ItemId::Branch(branch));
        let found = self.main().branch(branch).ok_or(missing)?;
        Ok(self.latest(found.item.parent)?.until(found.item.fork))
    }

    /// Items that are other on a branch than where it began, in their order.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if it is not there, and for the main one.
    pub fn own_changes(&self, branch: BranchId) -> Result<Vec<ItemId>, KnowledgeError> {
        let (base, view) = (self.base(branch)?, self.latest(branch)?);
        let changed = self.changed(branch).into_iter();
        Ok(changed.filter(|item| base.item(*item) != view.item(*item)).collect())
    }

    /// All that happened on a branch, the oldest first, without what happened to the branch itself:
    /// at most so many after the first so many. 0 or more than [`MAX_PAGE`] mean [`MAX_PAGE`].
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] if it is not there.
    pub fn journal(
        &self,
        branch: BranchId,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<(ItemId, Event)>, KnowledgeError> {
        self.latest(branch)?;
        let own = |item: ItemId| {
            let places = self.places(item).into_iter();
            places.filter(|place| place.0 == branch).map(move |place| (place.1, item))
        };
        let mut all: Vec<(Revision, ItemId)> =
            self.changed(branch).into_iter().flat_map(own).collect();
        all.sort_unstable();
        let told: Vec<(Revision, ItemId)> = all.into_iter().skip(skip).take(page(limit)).collect();
        let items: BTreeSet<ItemId> = told.iter().map(|(_, item)| *item).collect();
        let mut events: BTreeMap<(Revision, ItemId), Event> = BTreeMap::new();
        for item in items {
            let own = self.history(item).into_iter().filter(|event| event.branch == branch);
            events.extend(own.map(|event| ((event.revision, item), event)));
        }
        let event = |place: (Revision, ItemId)| Some((place.1, events.remove(&place)?));
        Ok(told.into_iter().filter_map(event).collect())
    }

    /// Items that were ever changed on a branch, without branches themselves; of the main one, all.
    pub(crate) fn changed(&self, branch: BranchId) -> Vec<ItemId> {
        if branch == BranchId::MAIN {
            return self.items().collect();
        }
        self.finds.by_branch.get(&branch).into_iter().flatten().copied().collect()
    }
}
