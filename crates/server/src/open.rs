//! What of tenants is open in the process: opened when it is first asked for, held by one at a time,
//! closed when it is idle.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use store::TenantId;
use tokio::sync::{OnceCell, OwnedMutexGuard};

use crate::error::RequestError;
use crate::request::now;

/// How long something may be idle before it is closed.
const IDLE: Duration = Duration::from_secs(600);

/// Whose it is, and its name.
pub(crate) type Key = (TenantId, String);

type Cell<T> = Arc<OnceCell<Arc<tokio::sync::Mutex<Slot<T>>>>>;

/// What is open.
pub(crate) struct Open<T> {
    all: Mutex<HashMap<Key, One<T>>>,
    what: &'static str,
    limit: usize,
}

struct One<T> {
    cell: Cell<T>,
    used: Instant,
}

struct Slot<T> {
    value: T,
    /// Whether it was discarded while somebody waited for it.
    gone: bool,
}

/// Something that is being worked with alone.
pub(crate) struct Held<T> {
    slot: OwnedMutexGuard<Slot<T>>,
    key: Key,
    /// While it is held it is not closed.
    _cell: Cell<T>,
}

impl<T> Held<T> {
    /// Whose it is.
    pub(crate) fn tenant(&self) -> &TenantId {
        &self.key.0
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.slot.value
    }
}

impl<T> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.slot.value
    }
}

impl<T> Open<T> {
    /// Nothing yet, and at most `limit` of what is called `what`.
    pub(crate) fn new(what: &'static str, limit: usize) -> Self {
        Self { all: Mutex::default(), what, limit }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, One<T>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// All that are open.
    pub(crate) async fn each(&self) -> Vec<Held<T>> {
        let mut all = Vec::new();
        for (key, cell) in self.cells(|_| true) {
            all.extend(Self::hold(key, cell).await);
        }
        all
    }

    /// Closes all that a tenant has, each when nobody works with it.
    pub(crate) async fn discard_of(&self, tenant: &TenantId) {
        // One after the other: whoever waits for all holds some, and the order of two who do differs.
        for (key, cell) in self.cells(|key| key.0 == *tenant) {
            if let Some(held) = Self::hold(key, cell).await {
                self.discard(held);
            }
        }
    }

    fn cells(&self, wanted: impl Fn(&Key) -> bool) -> Vec<(Key, Cell<T>)> {
        let cell = |(key, one): (&Key, &One<T>)| (key.clone(), Arc::clone(&one.cell));
        self.lock().iter().filter(|(key, _)| wanted(key)).map(cell).collect()
    }

    /// What is open there, once nobody works with it.
    async fn hold(key: Key, cell: Cell<T>) -> Option<Held<T>> {
        let slot = cell.get().map(Arc::clone)?.lock_owned().await;
        (!slot.gone).then(|| Held { slot, key, _cell: cell })
    }

    /// What is of this key, opened where it is not; whoever else wants it waits.
    ///
    /// # Errors
    /// What opening says, and [`RequestError::Full`].
    pub(crate) async fn get<F: Future<Output = Result<T, RequestError>>>(
        &self,
        key: &Key,
        opening: impl Fn() -> F,
        idle: impl Fn(&T) -> bool,
    ) -> Result<Held<T>, RequestError> {
        loop {
            let cell = self.cell(key, &idle)?;
            let opened = cell.get_or_try_init(|| async {
                let slot = Slot { value: opening().await?, gone: false };
                Ok(Arc::new(tokio::sync::Mutex::new(slot)))
            });
            let slot = match opened.await {
                Ok(slot) => Arc::clone(slot).lock_owned().await,
                Err(error) => {
                    self.leave(key);
                    return Err(error);
                }
            };
            if !slot.gone {
                return Ok(Held { slot, key: key.clone(), _cell: cell });
            }
        }
    }

    fn cell(&self, key: &Key, idle: impl Fn(&T) -> bool) -> Result<Cell<T>, RequestError> {
        let mut all = self.lock();
        if !all.contains_key(key) && all.len() >= self.limit {
            close(&mut all, Duration::ZERO, idle);
            if all.len() >= self.limit {
                return Err(RequestError::Full { what: self.what, limit: self.limit });
            }
        }
        let used = now();
        let one = all.entry(key.clone()).or_insert_with(|| One { cell: Cell::default(), used });
        one.used = used;
        Ok(Arc::clone(&one.cell))
    }

    /// Forgets what could not be opened.
    fn leave(&self, key: &Key) {
        let mut all = self.lock();
        if all.get(key).is_some_and(|one| one.cell.get().is_none()) {
            all.remove(key);
        }
    }

    /// Closes what is held, whatever it is like: the next who asks opens it again.
    pub(crate) fn discard(&self, mut held: Held<T>) {
        held.slot.gone = true;
        self.lock().remove(&held.key);
    }

    /// Closes what nobody holds, nobody has asked for, and that may be closed.
    pub(crate) fn close_idle(&self, idle: impl Fn(&T) -> bool) {
        close(&mut self.lock(), IDLE, idle);
    }
}

fn close<T>(all: &mut HashMap<Key, One<T>>, after: Duration, idle: impl Fn(&T) -> bool) {
    all.retain(|_, one| {
        let may = |slot: &Arc<tokio::sync::Mutex<Slot<T>>>| {
            slot.try_lock().is_ok_and(|slot| idle(&slot.value))
        };
        let closes = one.used.elapsed() >= after
            && Arc::strong_count(&one.cell) == 1
            && one.cell.get().is_none_or(may);
        !closes
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn key(name: &str) -> Key {
        (TenantId::parse("acme").unwrap(), name.to_owned())
    }

    #[tokio::test]
    async fn it_is_opened_once_and_again_after_it_was_discarded() {
        let (open, times) = (Open::new("things", 2), AtomicUsize::new(0));
        let opening = || async { Ok(times.fetch_add(1, Ordering::Relaxed)) };
        for _ in 0..3 {
            assert_eq!(*open.get(&key("a"), opening, |_| true).await.unwrap(), 0);
        }
        let key = key("a");
        let held = open.get(&key, opening, |_| true).await.unwrap();
        let waiting = open.get(&key, opening, |_| true);
        let discarding = async { open.discard(held) };
        let (second, ()) = tokio::join!(waiting, discarding);
        assert_eq!(*second.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_is_idle_makes_room_and_what_is_not_stays() {
        let open = Open::new("things", 2);
        let held = open.get(&key("a"), || async { Ok(1) }, |_| true).await.unwrap();
        drop(open.get(&key("b"), || async { Ok(2) }, |_| true).await.unwrap());
        drop(open.get(&key("c"), || async { Ok(3) }, |_| true).await.unwrap());
        assert_eq!(open.len(), 2);
        let full = open.get(&key("d"), || async { Ok(4) }, |value| *value != 3).await;
        assert!(matches!(full, Err(RequestError::Full { limit: 2, .. })));
        assert_eq!(*held, 1);
        let failed = open.get(&key("c"), || async { Ok(5) }, |_| true).await.unwrap();
        assert_eq!(*failed, 3);
    }

    #[tokio::test]
    async fn what_cannot_be_opened_takes_no_room() {
        let open = Open::<u8>::new("things", 1);
        let refused = open.get(&key("a"), || async { Err(RequestError::Failed) }, |_| true).await;
        assert!(refused.is_err());
        assert_eq!(open.len(), 0);
    }
}
