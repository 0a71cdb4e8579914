//! Taking a mutex. Nothing here can panic between two changes of a guarded value, so a poisoned
//! lock still guards a sound one.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
