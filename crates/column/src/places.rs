//! Which column holds an id: pages of 64 ids, two bytes each, and the few second copies beside them.

use std::collections::BTreeMap;

/// Ids of a page.
const PAGE: usize = 64;
/// No column.
const NOWHERE: u16 = u16::MAX;

#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pages: BTreeMap<u32, Box<Page>>,
    copies: BTreeMap<u32, u16>,
    n_items: usize,
}

#[derive(Clone, Debug)]
struct Page {
    columns: [u16; PAGE],
    n_used: u8,
}

fn split(id: u32) -> (u32, usize) {
    (id / PAGE as u32, id as usize % PAGE)
}

impl Places {
    pub(crate) fn len(&self) -> usize {
        self.n_items
    }

    pub(crate) fn n_copies(&self) -> usize {
        self.copies.len()
    }

    /// The column that holds the item.
    pub(crate) fn get(&self, id: u32) -> Option<usize> {
        let (page, at) = split(id);
        let column = self.pages.get(&page)?.columns[at];
        (column != NOWHERE).then_some(column.into())
    }

    /// The column that holds its second copy.
    pub(crate) fn copy(&self, id: u32) -> Option<usize> {
        self.copies.get(&id).map(|c| usize::from(*c))
    }

    pub(crate) fn set(&mut self, id: u32, column: usize) {
        let (page, at) = split(id);
        let empty = || Box::new(Page { columns: [NOWHERE; PAGE], n_used: 0 });
        let page = self.pages.entry(page).or_insert_with(empty);
        if page.columns[at] == NOWHERE {
            page.n_used += 1;
            self.n_items += 1;
        }
        page.columns[at] = column as u16;
    }

    pub(crate) fn set_copy(&mut self, id: u32, column: usize) {
        self.copies.insert(id, column as u16);
    }

    pub(crate) fn forget_copy(&mut self, id: u32) {
        self.copies.remove(&id);
    }

    pub(crate) fn forget(&mut self, id: u32) {
        self.copies.remove(&id);
        let (at_page, at) = split(id);
        let Some(page) = self.pages.get_mut(&at_page) else { return };
        if page.columns[at] != NOWHERE {
            page.columns[at] = NOWHERE;
            page.n_used -= 1;
            self.n_items -= 1;
            if page.n_used == 0 {
                self.pages.remove(&at_page);
            }
        }
    }

    /// The row of `id` in the column `from` is in the column `to` now.
    pub(crate) fn moved(&mut self, id: u32, from: usize, to: usize) {
        let (page, at) = split(id);
        match self.pages.get_mut(&page).map(|page| &mut page.columns[at]) {
            Some(column) if usize::from(*column) == from => *column = to as u16,
            _ => self.set_copy(id, to),
        }
    }

    /// Bytes on the heap; a node of the map is taken as three quarters full.
    pub(crate) fn bytes(&self) -> usize {
        let entry = (size_of::<u32>() + size_of::<Box<Page>>()) * 4 / 3;
        self.pages.len() * (entry + size_of::<Page>()) + self.copies.len() * 8
    }
}
