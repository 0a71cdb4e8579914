//! What a watched lock knows of itself.

use std::collections::BTreeMap;
use std::panic::Location;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Stopwatch, coarse};
use crate::progress::Id;
use crate::stack::this_thread;

/// The most readers of a lock whose places are known; there may be more readers.
pub const MAX_READER_PLACES: usize = 8;

/// A place in the source.
pub(crate) type Place = &'static Location<'static>;

/// What locks of one name have seen since they were made, those that are gone left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LockUse {
    /// Their name.
    pub name: String,
    /// Times that one was taken.
    pub n_acquisitions: u64,
    /// Times that somebody had to wait.
    pub n_contended: u64,
    /// How long they waited, all together (seconds).
    pub wait_seconds: f64,
    /// How long they held it, all together, from a clock that ticks every few milliseconds; a single
    /// hold is off by a tick, the sum is not (seconds).
    pub hold_seconds: f64,
    /// How many wait now.
    pub n_waiting: u64,
}

impl LockUse {
    pub(super) fn by_name(uses: impl Iterator<Item = Self>) -> Vec<Self> {
        let mut of: BTreeMap<String, Self> = BTreeMap::new();
        for one in uses {
            let sum = of
                .entry(one.name.clone())
                .or_insert_with(|| Self { name: one.name.clone(), ..Self::default() });
            sum.n_acquisitions += one.n_acquisitions;
            sum.n_contended += one.n_contended;
            sum.wait_seconds += one.wait_seconds;
            sum.hold_seconds += one.hold_seconds;
            sum.n_waiting += one.n_waiting;
        }
        of.into_values().collect()
    }
}

pub(crate) struct LockState {
    pub(crate) id: Id,
    pub(crate) name: String,
    /// Moves whenever the lock is taken or given back; odd while one holds it alone.
    count: AtomicU64,
    /// Where it was taken alone, and by which thread.
    place: AtomicPtr<Location<'static>>,
    thread: AtomicI32,
    n_readers: AtomicU32,
    readers: [AtomicPtr<Location<'static>>; MAX_READER_PLACES],
    n_waiting: AtomicU32,
    n_acquisitions: AtomicU64,
    n_contended: AtomicU64,
    wait_nanos: AtomicU64,
    hold_nanos: AtomicU64,
}

/// Who holds a lock.
pub(crate) enum Held {
    Alone { place: Option<Place>, thread: i32 },
    Shared { places: Vec<Place>, n_readers: u32 },
}

/// That somebody holds it alone; given back by [`LockState::give_back`].
pub(super) struct Hold {
    since: Duration,
}

/// That somebody reads; given back by [`LockState::stop_reading`].
pub(super) struct Reading {
    since: Duration,
    slot: Option<usize>,
}

impl LockState {
    pub(super) fn new(id: Id, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            count: AtomicU64::new(0),
            place: AtomicPtr::new(null_mut()),
            thread: AtomicI32::new(0),
            n_readers: AtomicU32::new(0),
            readers: [const { AtomicPtr::new(null_mut()) }; MAX_READER_PLACES],
            n_waiting: AtomicU32::new(0),
            n_acquisitions: AtomicU64::new(0),
            n_contended: AtomicU64::new(0),
            wait_nanos: AtomicU64::new(0),
            hold_nanos: AtomicU64::new(0),
        }
    }

    /// Notes that the caller, who has the lock alone, has it. Nobody else changes these, so they need
    /// no read-modify-write.
    pub(super) fn take(&self, place: Place) -> Hold {
        self.place.store(pointer(place), Ordering::Relaxed);
        self.thread.store(this_thread(), Ordering::Relaxed);
        add_alone(&self.n_acquisitions, 1);
        add_alone(&self.count, 1);
        Hold { since: coarse() }
    }

    pub(super) fn give_back(&self, hold: &Hold) {
        add_alone(&self.hold_nanos, nanos(coarse().saturating_sub(hold.since)));
        add_alone(&self.count, 1);
    }

    /// Notes that the caller reads.
    pub(super) fn read(&self, place: Place) -> Reading {
        let slot = self.readers.iter().position(|slot| {
            slot.compare_exchange(null_mut(), pointer(place), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        });
        self.n_acquisitions.fetch_add(1, Ordering::Relaxed);
        self.n_readers.fetch_add(1, Ordering::Relaxed);
        self.count.fetch_add(2, Ordering::Release);
        Reading { since: coarse(), slot }
    }

    pub(super) fn stop_reading(&self, reading: &Reading) {
        let held = nanos(coarse().saturating_sub(reading.since));
        self.hold_nanos.fetch_add(held, Ordering::Relaxed);
        if let Some(slot) = reading.slot.and_then(|slot| self.readers.get(slot)) {
            slot.store(null_mut(), Ordering::Relaxed);
        }
        self.n_readers.fetch_sub(1, Ordering::Relaxed);
        self.count.fetch_add(2, Ordering::Release);
    }

    /// Waits as `wait` does, and counts it.
    pub(super) fn contended<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.n_contended.fetch_add(1, Ordering::Relaxed);
        self.n_waiting.fetch_add(1, Ordering::Relaxed);
        let stopwatch = Stopwatch::start();
        let waited = wait();
        self.wait_nanos.fetch_add(nanos(stopwatch.elapsed()), Ordering::Relaxed);
        self.n_waiting.fetch_sub(1, Ordering::Relaxed);
        waited
    }

    /// What moves whenever the lock does.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) fn n_waiting(&self) -> u32 {
        self.n_waiting.load(Ordering::Relaxed)
    }

    /// Who holds it, if it is as it was at `count`.
    pub(crate) fn held(&self, count: u64) -> Option<Held> {
        let n_readers = self.n_readers.load(Ordering::Relaxed);
        let held = if count % 2 == 1 {
            let place = place(&self.place);
            Held::Alone { place, thread: self.thread.load(Ordering::Relaxed) }
        } else if n_readers > 0 {
            Held::Shared { places: self.readers.iter().filter_map(place).collect(), n_readers }
        } else {
            return None;
        };
        std::sync::atomic::fence(Ordering::Acquire);
        (self.count() == count).then_some(held)
    }

    pub(super) fn lock_use(&self) -> LockUse {
        let seconds = |nanos: &AtomicU64| nanos.load(Ordering::Relaxed) as f64 * 1e-9;
        LockUse {
            name: self.name.clone(),
            n_acquisitions: self.n_acquisitions.load(Ordering::Relaxed),
            n_contended: self.n_contended.load(Ordering::Relaxed),
            wait_seconds: seconds(&self.wait_nanos),
            hold_seconds: seconds(&self.hold_nanos),
            n_waiting: u64::from(self.n_waiting()),
        }
    }
}

fn add_alone(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Release);
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// An `AtomicPtr` wants a mutable pointer; nothing is ever written through it.
fn pointer(place: Place) -> *mut Location<'static> {
    std::ptr::from_ref(place).cast_mut()
}

fn place(slot: &AtomicPtr<Location<'static>>) -> Option<Place> {
    // SAFETY: it is null, or was made by `pointer` from a reference that lives for ever.
    unsafe { slot.load(Ordering::Relaxed).as_ref() }
}
