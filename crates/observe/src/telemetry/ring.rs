//! The last of something, bounded in number; and what waits to be sent, bounded too.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps the last ones.
pub(crate) struct Ring<T> {
    held: Mutex<VecDeque<T>>,
    most: usize,
}

impl<T: Clone> Ring<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self { held: Mutex::default(), most }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one; the oldest goes where there are too many.
    pub(crate) fn push(&self, item: T) {
        let mut held = self.lock();
        if held.len() >= self.most {
            held.pop_front();
        }
        held.push_back(item);
    }

    /// Adds one unless there are too many; whether it was added.
    pub(crate) fn offer(&self, item: T) -> bool {
        let mut held = self.lock();
        let room = held.len() < self.most;
        if room {
            held.push_back(item);
        }
        room
    }

    /// Takes up to so many, the oldest first.
    pub(crate) fn take(&self, most: usize) -> Vec<T> {
        let mut held = self.lock();
        let n = most.min(held.len());
        held.drain(..n).collect()
    }

    /// Copies of those that fit, the newest first.
    pub(crate) fn newest(&self, limit: usize, fits: impl Fn(&T) -> bool) -> Vec<T> {
        self.lock().iter().rev().filter(|item| fits(item)).take(limit).cloned().collect()
    }
}
