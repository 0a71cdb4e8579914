//! What a tenant remembers, held in memory: the items, and everything made of them that searches.
//!
//! It knows no store, clock or chance. Changes are planned (`plan.rs`) and applied here; a state
//! that was read from the records is the same as one that applied the changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use column::{Allocation, Columns};
use knowledge::Knowledge;
use roaring::RoaringBitmap;
use sha2::{Digest, Sha256};
use text::Postings;

use crate::aspects;
use crate::attitude::Attitude;
use crate::beside::Beside;
use crate::config::{Config, DEFAULT_COLLECTION, MAX_COLLECTIONS, MAX_DIMENSION};
use crate::error::{MemoryError, TooLarge};
use crate::filter::Filter;
use crate::item::{Id, Item, New, Scope, Status, Time};
use crate::quota::Quota;
use crate::record::{Change, Encoding, Space};
use crate::selection::Shared;
use crate::when::Calendar;

/// What a tenant remembers.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) quota: Arc<Quota>,
    pub(crate) items: Vec<Option<Arc<Item>>>,
    /// Versions of the records of `items`.
    pub(crate) records: Vec<u64>,
    free: Vec<u32>,
    pub(crate) ids: BTreeMap<Id, u32>,
    same: HashMap<[u8; 16], u32>,
    numbers: HashMap<u64, u32>,
    pub(crate) next_number: u64,
    pub(crate) spaces: BTreeMap<String, Index>,
    pub(crate) words: Postings,
    pub(crate) beside: Beside,
    pub(crate) days: Calendar,
    /// Those that are found unless more is asked for.
    pub(crate) active: RoaringBitmap,
    /// Those that end at some time.
    ending: RoaringBitmap,
    pub(crate) shared: Shared,
    pub(crate) knowledge: Knowledge,
    /// Memories that took the place of another.
    corrections: HashSet<Id>,
    /// Memories that are meant or claimed.
    pub(crate) attitudes: BTreeSet<Id>,
    pub(crate) bytes: u64,
}

/// A collection and its columns.
pub(crate) struct Index {
    pub(crate) space: Space,
    pub(crate) columns: Columns,
    /// The insertions that the layout in the store holds.
    pub(crate) laid_out: Option<u64>,
}

impl State {
    /// A memory of nothing, with the default collection of the built-in encoder.
    pub(crate) fn new(config: Config, quota: Arc<Quota>) -> Result<Self, MemoryError> {
        Ok(Self {
            config,
            quota,
            items: Vec::new(),
            records: Vec::new(),
            free: Vec::new(),
            ids: BTreeMap::new(),
            same: HashMap::new(),
            numbers: HashMap::new(),
            next_number: 1,
            spaces: BTreeMap::new(),
            words: Postings::new(text::postings::Config::default())?,
            beside: Beside::default(),
            days: Calendar::default(),
            active: RoaringBitmap::new(),
            ending: RoaringBitmap::new(),
            shared: Shared::default(),
            knowledge: Knowledge::default(),
            corrections: HashSet::new(),
            attitudes: BTreeSet::new(),
            bytes: 0,
        })
    }

    /// The memory of a name, whatever its status.
    pub(crate) fn item(&self, id: Id) -> Result<&Arc<Item>, MemoryError> {
        self.slot(id).and_then(|slot| self.at(slot)).ok_or(MemoryError::Unknown { id })
    }

    pub(crate) fn slot(&self, id: Id) -> Option<u32> {
        self.ids.get(&id).copied()
    }

    pub(crate) fn at(&self, slot: u32) -> Option<&Arc<Item>> {
        self.items.get(slot as usize)?.as_ref()
    }

    /// Whether a memory has not ended.
    pub(crate) fn lasts(&self, slot: u32, now: Time) -> bool {
        let ended = |item: &Arc<Item>| item.expires_at.is_some_and(|at| at <= now);
        !(self.ending.contains(slot) && self.at(slot).is_some_and(ended))
    }

    /// The memory that knowledge calls by this number.
    pub(crate) fn numbered(&self, number: u64) -> Option<u32> {
        self.numbers.get(&number).copied()
    }

    /// Memories in all, those that were deleted and can be had back among them.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The memory that says the same, word for word, in the same scope and collection, and is meant
    /// or claimed alike.
    pub(crate) fn repeat_of(&self, new: &New, collection: &str) -> Option<&Arc<Item>> {
        let digest = digest(&new.scope, collection, &new.text, new.attitude.as_ref())?;
        self.same.get(&digest).and_then(|&slot| self.at(slot))
    }

    /// The collection of a name.
    pub(crate) fn space(&self, name: Option<&str>) -> Result<&Index, MemoryError> {
        let name = name.unwrap_or(DEFAULT_COLLECTION);
        self.spaces.get(name).ok_or_else(|| MemoryError::Collection {
            found: name.to_owned(),
            known: self.spaces.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }

    /// Whether a collection can be added.
    pub(crate) fn check_space(&self, space: &Space) -> Result<(), MemoryError> {
        crate::item::check_name("collection", &space.name)?;
        if space.dimension == 0 || space.dimension > MAX_DIMENSION {
            let expected = format!("1 to {MAX_DIMENSION}");
            return Err(MemoryError::Field { what: "dimension", expected });
        }
        match self.spaces.get(&space.name) {
            Some(index) if index.space != *space && !index.columns.is_empty() => {
                let expected = format!(
                    "{} values of {:?}, as collection {} has; make another collection",
                    index.space.dimension, index.space.encoder, space.name
                );
                Err(MemoryError::Field { what: "collection", expected })
            }
            Some(_) => Ok(()),
            None => TooLarge::check(
                "collections",
                "collections",
                self.spaces.len() + 1,
                MAX_COLLECTIONS,
            ),
        }
    }

    /// Applies a change that was planned on this state.
    ///
    /// # Errors
    /// Those of what the change is made of; a plan has ruled them out.
    pub(crate) fn apply(&mut self, change: &Change) -> Result<Option<Allocation>, MemoryError> {
        match change {
            Change::Item(item, vector) => self.put(item, vector.as_deref()),
            Change::Event(..) => Ok(None),
            Change::Erase(id, _) => {
                self.erase(*id);
                Ok(None)
            }
            Change::Space(space) => self.add_space(space).map(|()| None),
            Change::Knowledge(plan) => {
                self.knowledge.apply(plan.clone());
                Ok(None)
            }
            Change::Layout(name, kept) => {
                if let Some(index) = self.spaces.get_mut(name) {
                    index.laid_out = kept.as_ref().map(|(_, at)| *at);
                }
                Ok(None)
            }
        }
    }

    pub(crate) fn add_space(&mut self, space: &Space) -> Result<(), MemoryError> {
        let columns = Columns::new(self.config.columns.of(space.dimension))?;
        self.spaces
            .insert(space.name.clone(), Index { space: space.clone(), columns, laid_out: None });
        Ok(())
    }

    fn put(
        &mut self,
        item: &Arc<Item>,
        vector: Option<&[f32]>,
    ) -> Result<Option<Allocation>, MemoryError> {
        let slot = self.slot_of(item);
        let before = self.items[slot as usize].take();
        self.bytes += size(item);
        if let Some(before) = &before {
            self.bytes -= size(before);
            self.forget_fields(slot, before);
        }
        let was = before.as_deref().filter(|i| i.status == Status::Active);
        let allocation = self.index(slot, was, item, vector)?;
        self.shared.insert(slot, item);
        self.corrections.extend(item.superseded_by);
        self.find_again(slot, item);
        self.items[slot as usize] = Some(Arc::clone(item));
        self.records[slot as usize] += 1;
        Ok(allocation)
    }

    /// Puts words and vector of a memory where they are found, or takes them away.
    fn index(
        &mut self,
        slot: u32,
        was: Option<&Item>,
        item: &Item,
        vector: Option<&[f32]>,
    ) -> Result<Option<Allocation>, MemoryError> {
        if item.status != Status::Active {
            self.hide(slot, was);
            return Ok(None);
        }
        self.active.insert(slot);
        if let Some(was) = was {
            self.days.remove(slot, was);
            if (&was.scope, was.number) != (&item.scope, item.number) {
                self.beside.remove(was);
            }
        }
        self.beside.insert(slot, item);
        self.days.insert(slot, item);
        if was.is_none_or(|was| was.document() != item.document()) {
            self.words.insert(slot, &item.document());
        }
        let aspects = self.aspects(item, false);
        let Some(index) = self.spaces.get_mut(&item.collection) else { return Ok(None) };
        let Some(vector) = vector else {
            index.columns.attend(slot, aspects);
            return Ok(None);
        };
        index.columns.remove(slot);
        Ok(Some(index.columns.insert_with(slot, vector, aspects)?))
    }

    /// What a memory is beside its vector; `corrects` where it is to take the place of another.
    pub(crate) fn aspects(&self, item: &Item, corrects: bool) -> column::Aspects {
        let corrects = corrects || self.corrections.contains(&item.id);
        aspects::of(item, corrects, &self.knowledge)
    }

    fn hide(&mut self, slot: u32, was: Option<&Item>) {
        self.active.remove(slot);
        let Some(was) = was else { return };
        self.beside.remove(was);
        self.days.remove(slot, was);
        self.words.remove(slot);
        if let Some(index) = self.spaces.get_mut(&was.collection) {
            index.columns.remove(slot);
        }
    }

    fn forget_fields(&mut self, slot: u32, item: &Item) {
        self.shared.remove(slot, item);
        self.ending.remove(slot);
        if let Some(by) = item.superseded_by {
            self.corrections.remove(&by);
        }
        if let Some(digest) = digest_of(item).filter(|d| self.same.get(d) == Some(&slot)) {
            self.same.remove(&digest);
        }
    }

    /// Lets a memory be found by what it says and by how somebody stands to it, and end.
    fn find_again(&mut self, slot: u32, item: &Item) {
        if item.expires_at.is_some() {
            self.ending.insert(slot);
        }
        if let Some(digest) = digest_of(item) {
            self.same.entry(digest).or_insert(slot);
        }
        if item.attitude.is_some() {
            self.attitudes.insert(item.id);
        }
    }

    fn erase(&mut self, id: Id) {
        let Some(slot) = self.ids.remove(&id) else { return };
        let Some(item) = self.items[slot as usize].take() else { return };
        self.bytes -= size(&item);
        self.forget_fields(slot, &item);
        self.hide(slot, Some(&item));
        self.numbers.remove(&item.number);
        self.attitudes.remove(&id);
        self.records[slot as usize] = 0;
        self.free.push(slot);
    }

    fn slot_of(&mut self, item: &Item) -> u32 {
        if let Some(slot) = self.slot(item.id) {
            return slot;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.items.push(None);
            self.records.push(0);
            (self.items.len() - 1) as u32
        });
        self.ids.insert(item.id, slot);
        self.numbers.insert(item.number, slot);
        self.next_number = self.next_number.max(item.number + 1);
        slot
    }

    /// Takes a memory as it was read; its words and vector are added by `index_all`.
    pub(crate) fn load(&mut self, item: Item, record: u64) -> u32 {
        let slot = self.slot_of(&item);
        self.bytes += size(&item);
        self.shared.insert(slot, &item);
        self.corrections.extend(item.superseded_by);
        self.find_again(slot, &item);
        if item.status == Status::Active {
            self.active.insert(slot);
            self.beside.insert(slot, &item);
            self.days.insert(slot, &item);
        }
        self.records[slot as usize] = record;
        self.items[slot as usize] = Some(Arc::new(item));
        slot
    }

    /// The memories that pass a filter among those of a scope; none stands for all active ones.
    pub(crate) fn select(
        &self,
        scope: &Scope,
        filter: &Filter,
        statuses: &[Status],
    ) -> Option<RoaringBitmap> {
        let selected = self.shared.select(filter);
        let only_active = statuses == [Status::Active];
        let may = match (self.shared.scope(scope), selected.may) {
            (Some(a), Some(b)) => Some(a & b),
            (a, b) => a.or(b),
        };
        if only_active && selected.exact {
            return may.map(|may| may & &self.active);
        }
        let passes = |slot: &u32| {
            self.at(*slot).is_some_and(|i| statuses.contains(&i.status) && filter.passes(i))
        };
        Some(match may {
            Some(may) => may.iter().filter(passes).collect(),
            None if only_active => self.active.iter().filter(passes).collect(),
            None => (0..self.items.len() as u32).filter(passes).collect(),
        })
    }
}

/// The collection that every tenant has.
pub(crate) fn default_space(dimension: usize) -> Space {
    Space { name: DEFAULT_COLLECTION.into(), dimension, encoder: Encoding::BuiltIn }
}

/// Bytes that count against the quota.
pub(crate) fn size(item: &Item) -> u64 {
    let names = item.tags.iter().chain(&item.mentions).map(String::len).sum::<usize>();
    let metadata = item.metadata.iter().map(|(k, v)| k.len() + weigh(v)).sum::<usize>();
    let note = item.attitude.as_ref().map_or(0, Attitude::weight);
    (item.text.len() + names + metadata + note + size_of::<Item>()) as u64
}

fn weigh(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Array(of) => of.iter().map(weigh).sum(),
        serde_json::Value::Object(of) => of.iter().map(|(k, v)| k.len() + weigh(v)).sum(),
        _ => 8,
    }
}

fn digest_of(item: &Item) -> Option<[u8; 16]> {
    digest(&item.scope, &item.collection, &item.text, item.attitude.as_ref())
}

/// What two memories have alike that say the same; none where nothing is the same.
fn digest(
    scope: &Scope,
    collection: &str,
    text: &str,
    attitude: Option<&Attitude>,
) -> Option<[u8; 16]> {
    let attitude = attitude.map(Attitude::sameness);
    if attitude == Some(None) {
        return None;
    }
    let mut hash = Sha256::new();
    let part = |scope: &Option<String>| scope.clone().unwrap_or_default();
    let parts = [part(&scope.user_id), part(&scope.agent_id), part(&scope.run_id)];
    let attitude = attitude.flatten();
    for part in
        parts.iter().map(String::as_str).chain([collection, text]).chain(attitude.as_deref())
    {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    Some(short)
}
