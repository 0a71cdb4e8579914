//! Versions of items, in the order in which they were learned, on every branch.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::id::{BranchId, Revision, Time};

/// What an item was from a revision on, on a branch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version<T> {
    pub(crate) branch: BranchId,
    pub(crate) revision: Revision,
    pub(crate) at: Time,
    pub(crate) by: String,
    pub(crate) value: Option<T>,
}

/// All items of a kind, by number: looked up far more often than gone through.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table<T> {
    items: FxHashMap<u64, Vec<Version<T>>>,
    order: BTreeSet<u64>,
}

/// Most items have one version; so many are made room for one by one.
const N_EXACT: usize = 4;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { items: FxHashMap::default(), order: BTreeSet::new() }
    }
}

impl<T> Table<T> {
    /// The versions of an item, the oldest first; none if there is no such item.
    pub(crate) fn versions(&self, number: u64) -> &[Version<T>] {
        self.items.get(&number).map_or(&[], Vec::as_slice)
    }

    /// All items after a number.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = (u64, &[Version<T>])> {
        let order = self.order.range(number.saturating_add(1)..);
        order.map(|number| (*number, self.versions(*number)))
    }

    /// All items.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u64, &[Version<T>])> {
        self.order.iter().map(|number| (*number, self.versions(*number)))
    }

    /// Adds a version, or replaces the one of the same branch and revision.
    pub(crate) fn put(&mut self, number: u64, version: Version<T>) {
        let versions = self.items.entry(number).or_insert_with(|| {
            self.order.insert(number);
            Vec::new()
        });
        if versions.len() < N_EXACT {
            versions.reserve_exact(1);
        }
        let place = |v: &Version<T>| (v.revision, v.branch);
        match versions.binary_search_by_key(&place(&version), place) {
            Ok(k) => versions[k] = version,
            Err(k) => versions.insert(k, version),
        }
    }

    /// Removes a version.
    pub(crate) fn remove(&mut self, number: u64, branch: BranchId, revision: Revision) {
        if let Some(versions) = self.items.get_mut(&number) {
            versions.retain(|v| (v.branch, v.revision) != (branch, revision));
            if versions.is_empty() {
                self.items.remove(&number);
                self.order.remove(&number);
            }
        }
    }

    pub(crate) fn n_items(&self) -> usize {
        self.items.len()
    }
}
