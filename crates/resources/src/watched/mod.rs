//! What is watched: threads, runtimes, and locks that know their name and who holds them.
//!
//! A lock of here is the standard library's with a name, and with a note of who holds it since when.
//! A lock that is poisoned is taken all the same, as by `parking_lot`: what it guards must be sound
//! whenever code may panic.

mod lock;
mod mutex;
mod rwlock;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError, Weak};

pub use lock::{LockUse, MAX_READER_PLACES};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{ReadGuard, RwLock, WriteGuard};

pub(crate) use lock::{Held, LockState};

use crate::heartbeat::{Heartbeat, Thread};
use crate::progress::Id;
use crate::runtime::{RuntimeState, RuntimeWatch};

/// The most threads that are watched; others run unwatched.
pub const MAX_THREADS: usize = 4096;

/// The most locks that are watched; others lock unwatched.
pub const MAX_LOCKS: usize = 4096;

/// The most runtimes that are watched.
pub const MAX_RUNTIMES: usize = 64;

/// All that is watched; clones are the same one.
#[derive(Clone, Default)]
pub struct Watched(Arc<All>);

#[derive(Default)]
struct All {
    n_ids: AtomicU64,
    threads: StdMutex<Vec<Arc<Thread>>>,
    runtimes: StdMutex<Vec<Weak<RuntimeState>>>,
    locks: StdMutex<Vec<Weak<LockState>>>,
}

impl Watched {
    /// Watches the thread that calls, by this name, until what it returns is dropped.
    pub fn heartbeat(&self, name: &str) -> Heartbeat {
        Heartbeat::new(self, name, None)
    }

    /// Watches a runtime, by this name, until what it returns is dropped.
    pub fn runtime(&self, name: &str) -> RuntimeWatch {
        let state = RuntimeState::new(self.next_id(), name);
        insert(&self.0.runtimes, MAX_RUNTIMES, &state);
        RuntimeWatch::new(self.clone(), state)
    }

    /// A mutex of this name.
    pub fn mutex<T>(&self, name: &str, value: T) -> Mutex<T> {
        Mutex::new(self.lock(name), value)
    }

    /// A lock for one writer or many readers, of this name.
    pub fn rwlock<T>(&self, name: &str, value: T) -> RwLock<T> {
        RwLock::new(self.lock(name), value)
    }

    /// What the locks have seen so far. Locks of one name are added up.
    pub fn lock_uses(&self) -> Vec<LockUse> {
        LockUse::by_name(self.locks().iter().map(|lock| lock.lock_use()))
    }

    fn lock(&self, name: &str) -> Arc<LockState> {
        let state = Arc::new(LockState::new(self.next_id(), name));
        insert(&self.0.locks, MAX_LOCKS, &state);
        state
    }

    pub(crate) fn next_id(&self) -> Id {
        self.0.n_ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn enter(&self, thread: &Arc<Thread>) {
        let mut threads = guard(&self.0.threads);
        if threads.len() < MAX_THREADS {
            threads.push(Arc::clone(thread));
        }
    }

    pub(crate) fn leave(&self, id: Id) {
        guard(&self.0.threads).retain(|thread| thread.id != id);
    }

    pub(crate) fn threads(&self) -> Vec<Arc<Thread>> {
        guard(&self.0.threads).clone()
    }

    pub(crate) fn runtimes(&self) -> Vec<Arc<RuntimeState>> {
        guard(&self.0.runtimes).iter().filter_map(Weak::upgrade).collect()
    }

    pub(crate) fn locks(&self) -> Vec<Arc<LockState>> {
        guard(&self.0.locks).iter().filter_map(Weak::upgrade).collect()
    }
}

/// Nothing here can panic between two changes of a list.
fn guard<T>(list: &StdMutex<T>) -> std::sync::MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those that are gone are swept when there is no room, so that each costs little.
fn insert<T>(list: &StdMutex<Vec<Weak<T>>>, limit: usize, item: &Arc<T>) {
    let mut list = guard(list);
    if list.len() == list.capacity() || list.len() >= limit {
        list.retain(|item| item.strong_count() > 0);
    }
    if list.len() < limit {
        list.push(Arc::downgrade(item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_that_are_gone_make_room() {
        let watched = Watched::default();
        for n in 0..3 * MAX_LOCKS {
            drop(watched.mutex("a", n));
        }
        assert!(guard(&watched.0.locks).len() < 16);
        let many: Vec<_> = (0..MAX_LOCKS + 10).map(|n| watched.mutex("b", n)).collect();
        assert_eq!(watched.locks().len(), MAX_LOCKS);
        assert_eq!(*many[MAX_LOCKS + 9].lock(), MAX_LOCKS + 9);
    }
}
