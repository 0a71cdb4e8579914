//! Every series, the index over them, and which chunk goes first: what the lock of a store is over.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::chunk::Sample;
use crate::error::Refused;
use crate::index::{Index, Slot};
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::series::{CHUNK_BYTES, Order, Series};

/// A series of a store, found: what it is appended by. It is cheap to copy, and outlived by nothing:
/// a series that was forgotten refuses its old handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    pub(crate) slot: Slot,
    pub(crate) generation: u32,
}

/// What a store has done since it was opened, and what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Series held.
    pub series: usize,
    /// Samples held.
    pub samples: u64,
    /// Memory taken, nearly (bytes).
    pub memory_bytes: usize,
    /// Samples taken, ever.
    pub appended: u64,
    /// Samples refused because they were out of order.
    pub out_of_order: u64,
    /// Samples refused because there was one at their time.
    pub duplicates: u64,
    /// Series refused because there were too many, or no memory.
    pub refused_series: u64,
    /// Samples dropped to make room.
    pub dropped_for_room: u64,
    /// Samples dropped because they were too old.
    pub expired: u64,
    /// Series forgotten because they had no samples left.
    pub forgotten_series: u64,
}

/// The share of the memory that series may take without their samples: three quarters, so that
/// samples always have some.
const SERIES_SHARE: (usize, usize) = (3, 4);

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Table {
    slots: Vec<Option<Series>>,
    free: Vec<Slot>,
    places: HashMap<Labels, Slot>,
    index: Index,
    /// When each chunk that is full ends, the earliest first. A series' chunks are in order, so the
    /// one that goes is always the series' oldest.
    turns: BinaryHeap<Reverse<(i64, Slot)>>,
    generations: u32,
    series_bytes: usize,
    sample_bytes: usize,
    max_bytes: usize,
    max_series: usize,
    stats: Stats,
}

impl Table {
    pub(crate) fn new(max_bytes: usize, max_series: usize) -> Self {
        Self { max_bytes, max_series, ..Self::default() }
    }

    pub(crate) fn stats(&self) -> Stats {
        let memory_bytes = self.memory_bytes();
        Stats { series: self.places.len(), memory_bytes, ..self.stats }
    }

    fn memory_bytes(&self) -> usize {
        self.series_bytes + self.index.bytes() + self.sample_bytes
    }

    pub(crate) fn n_slots(&self) -> Slot {
        self.slots.len() as Slot
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Series> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(crate) fn select(&self, matchers: &[Matcher]) -> Vec<Slot> {
        self.index.select(matchers)
    }

    pub(crate) fn handle(&mut self, labels: &Labels) -> Result<Handle, Refused> {
        if let Some(slot) = self.places.get(labels) {
            let generation = self.get(*slot).map_or(0, |series| series.generation);
            return Ok(Handle { slot: *slot, generation });
        }
        self.admit(labels).inspect_err(|_| self.stats.refused_series += 1)?;
        Ok(self.insert(labels.clone()))
    }

    fn admit(&self, labels: &Labels) -> Result<(), Refused> {
        if self.places.len() >= self.max_series {
            return Err(Refused::TooManySeries { limit: self.max_series });
        }
        let bytes = Series::bytes_without_samples(labels) + Index::most_bytes(labels);
        let (share, of) = SERIES_SHARE;
        let limit_bytes = self.max_bytes / of * share;
        if self.series_bytes + self.index.bytes() + bytes > limit_bytes {
            return Err(Refused::MemoryFull { limit_bytes });
        }
        Ok(())
    }

    fn insert(&mut self, labels: Labels) -> Handle {
        self.generations = self.generations.wrapping_add(1);
        let generation = self.generations;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as Slot
        });
        self.series_bytes += Series::bytes_without_samples(&labels);
        self.index.insert(slot, &labels);
        self.places.insert(labels.clone(), slot);
        self.slots[slot as usize] = Some(Series::new(labels, generation));
        self.make_room();
        Handle { slot, generation }
    }

    pub(crate) fn append(&mut self, handle: Handle, sample: Sample) -> Result<(), Refused> {
        let series = self.slots.get_mut(handle.slot as usize).and_then(Option::as_mut);
        let Some(series) = series.filter(|series| series.generation == handle.generation) else {
            return Err(Refused::Forgotten);
        };
        match series.check(sample.t_ms) {
            Ok(()) => {}
            Err(Order::Earlier) => {
                self.stats.out_of_order += 1;
                return Err(Refused::OutOfOrder);
            }
            Err(Order::Same) => {
                self.stats.duplicates += 1;
                return Err(Refused::Duplicate);
            }
        }
        let before = series.head_capacity();
        let full = series.push(sample);
        self.sample_bytes = self.sample_bytes + series.head_capacity() - before;
        self.stats.appended += 1;
        self.stats.samples += 1;
        if full {
            self.seal(handle.slot);
        }
        self.make_room();
        Ok(())
    }

    fn seal(&mut self, slot: Slot) {
        let Some(series) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let (before, last_ms) = (series.head_capacity(), series.head_last_ms());
        if let Some(bytes) = series.seal() {
            self.sample_bytes = self.sample_bytes + bytes - before;
            self.turns.push(Reverse((last_ms, slot)));
        }
    }

    /// Drops the oldest chunks until all is within the limit. Where no chunk is full, all become so:
    /// the oldest can then be told.
    fn make_room(&mut self) {
        let mut sealed = false;
        while self.memory_bytes() > self.max_bytes {
            if let Some(samples) = self.drop_oldest() {
                self.stats.dropped_for_room += samples;
            } else if std::mem::replace(&mut sealed, true) {
                return;
            } else {
                (0..self.n_slots()).for_each(|slot| self.seal(slot));
            }
        }
    }

    /// Drops the chunk that ends first; samples that were in it.
    fn drop_oldest(&mut self) -> Option<u64> {
        let Reverse((_, slot)) = self.turns.pop()?;
        let series = self.slots.get_mut(slot as usize)?.as_mut()?;
        let chunk = series.pop()?;
        let samples = u64::from(chunk.count);
        self.sample_bytes -= CHUNK_BYTES + chunk.bytes.len();
        self.stats.samples -= samples;
        self.forget_if_empty(slot);
        Some(samples)
    }

    fn forget_if_empty(&mut self, slot: Slot) {
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        let Some(series) = place.take_if(|series| series.is_empty()) else { return };
        self.index.remove(slot, &series.labels);
        self.places.remove(&series.labels);
        self.series_bytes -= Series::bytes_without_samples(&series.labels);
        self.sample_bytes -= series.head_capacity();
        self.free.push(slot);
        self.stats.forgotten_series += 1;
    }

    /// Drops the chunks that end before a time.
    pub(crate) fn expire_full(&mut self, limit_ms: i64) {
        while self.turns.peek().is_some_and(|Reverse((last_ms, _))| *last_ms < limit_ms) {
            self.stats.expired += self.drop_oldest().unwrap_or(0);
        }
    }

    /// The same for heads, of some series; those without samples are forgotten.
    pub(crate) fn expire_heads(&mut self, slots: std::ops::Range<Slot>, limit_ms: i64) {
        for slot in slots {
            if let Some(Some(series)) = self.slots.get_mut(slot as usize) {
                let before = series.head_capacity();
                let samples = u64::from(series.drop_head_before(limit_ms));
                self.sample_bytes = self.sample_bytes + series.head_capacity() - before;
                self.stats.samples -= samples;
                self.stats.expired += samples;
            }
            self.forget_if_empty(slot);
        }
    }
}
