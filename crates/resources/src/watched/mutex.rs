//! A mutex that knows its name and who holds it.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{Arc, PoisonError, TryLockError};

use super::lock::{Hold, LockState};

/// The standard library's mutex, watched. Made by [`super::Watched::mutex`].
///
/// ```
/// let watched = resources::Watched::default();
/// let sessions = watched.mutex("sessions", 1);
/// *sessions.lock() += 1;
/// assert_eq!(*sessions.lock(), 2);
/// assert_eq!(watched.lock_uses()[0].n_acquisitions, 2);
/// ```
pub struct Mutex<T> {
    state: Arc<LockState>,
    inner: std::sync::Mutex<T>,
}

impl<T> Mutex<T> {
    pub(super) fn new(state: Arc<LockState>, value: T) -> Self {
        Self { state, inner: std::sync::Mutex::new(value) }
    }

    /// Waits until it is free and takes it; the place of the call is the holder's.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let place = Location::caller();
        let inner = match self.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let wait = || self.inner.lock().unwrap_or_else(PoisonError::into_inner);
                self.state.contended(wait)
            }
        };
        MutexGuard { hold: self.state.take(place), state: &self.state, inner }
    }

    /// What it guards.
    pub fn into_inner(self) -> T {
        self.inner.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That the mutex is held; given back when dropped.
#[must_use = "the mutex is given back when the guard is dropped"]
pub struct MutexGuard<'a, T> {
    hold: Hold,
    state: &'a LockState,
    // Dropped after the note of it.
    inner: std::sync::MutexGuard<'a, T>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.state.give_back(&self.hold);
    }
}
