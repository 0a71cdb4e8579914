//! A lock for one writer or many readers that knows its name and who holds it.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{Arc, PoisonError, TryLockError};

use super::lock::{Hold, LockState, Reading};

/// The standard library's lock for one writer or many readers, watched. Made by
/// [`super::Watched::rwlock`].
///
/// As long as readers come and go it counts as moving. One that stays is seen when none comes after
/// it: at the latest when a writer waits, which the standard library lets nobody pass.
pub struct RwLock<T> {
    state: Arc<LockState>,
    inner: std::sync::RwLock<T>,
}

impl<T> RwLock<T> {
    pub(super) fn new(state: Arc<LockState>, value: T) -> Self {
        Self { state, inner: std::sync::RwLock::new(value) }
    }

    /// Waits until nobody writes, and reads.
    #[track_caller]
    pub fn read(&self) -> ReadGuard<'_, T> {
        let place = Location::caller();
        let inner = match self.inner.try_read() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let wait = || self.inner.read().unwrap_or_else(PoisonError::into_inner);
                self.state.contended(wait)
            }
        };
        ReadGuard { reading: self.state.read(place), state: &self.state, inner }
    }

    /// Waits until nobody holds it, and takes it alone.
    #[track_caller]
    pub fn write(&self) -> WriteGuard<'_, T> {
        let place = Location::caller();
        let inner = match self.inner.try_write() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let wait = || self.inner.write().unwrap_or_else(PoisonError::into_inner);
                self.state.contended(wait)
            }
        };
        WriteGuard { hold: self.state.take(place), state: &self.state, inner }
    }

    /// What it guards.
    pub fn into_inner(self) -> T {
        self.inner.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That the lock is read; given back when dropped.
#[must_use = "the lock is given back when the guard is dropped"]
pub struct ReadGuard<'a, T> {
    reading: Reading,
    state: &'a LockState,
    // Dropped after the note of it.
    inner: std::sync::RwLockReadGuard<'a, T>,
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.state.stop_reading(&self.reading);
    }
}

/// That the lock is held alone; given back when dropped.
#[must_use = "the lock is given back when the guard is dropped"]
pub struct WriteGuard<'a, T> {
    hold: Hold,
    state: &'a LockState,
    // Dropped after the note of it.
    inner: std::sync::RwLockWriteGuard<'a, T>,
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        self.state.give_back(&self.hold);
    }
}
