//! A thread that tells when it works and when it rests, so that one that works too long is named.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::progress::Id;
use crate::stack::this_thread;
use crate::watched::Watched;

/// The heartbeat of the thread that made it. It counts and reads no clock: a beat costs about a
/// nanosecond.
///
/// ```
/// let watched = resources::Watched::default();
/// let heartbeat = watched.heartbeat("steps");
/// for _job in 0..3 {
///     heartbeat.busy();
///     // ... one piece of work; `beat` inside a long one.
///     heartbeat.idle();
/// }
/// ```
pub struct Heartbeat {
    thread: Arc<Thread>,
    watched: Watched,
    /// It stays on its thread, which is the one whose stack is taken.
    _stays: PhantomData<*const ()>,
}

/// A thread that is watched.
pub(crate) struct Thread {
    pub(crate) id: Id,
    pub(crate) name: String,
    /// As the kernel knows it.
    pub(crate) number: i32,
    /// The runtime that it works for.
    pub(crate) runtime: Option<Id>,
    /// Odd while it works; zero before it first worked or rested.
    count: AtomicU64,
}

impl Heartbeat {
    /// Of this thread, at rest.
    pub(crate) fn new(watched: &Watched, name: &str, runtime: Option<Id>) -> Self {
        let thread = Arc::new(Thread {
            id: watched.next_id(),
            name: name.to_owned(),
            number: this_thread(),
            runtime,
            count: AtomicU64::new(0),
        });
        watched.enter(&thread);
        Self { thread, watched: watched.clone(), _stays: PhantomData }
    }

    /// A piece of work begins.
    pub fn busy(&self) {
        self.thread.add(|count| if count % 2 == 0 { 1 } else { 2 });
    }

    /// The work goes on: another part of it is done.
    pub fn beat(&self) {
        self.thread.add(|_| 2);
    }

    /// The work is done, and the thread waits for more.
    pub fn idle(&self) {
        self.thread.add(|count| if count % 2 == 0 { 2 } else { 1 });
    }

    pub(crate) fn runtime(&self) -> Option<Id> {
        self.thread.runtime
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.watched.leave(self.thread.id);
    }
}

impl Thread {
    /// Its own thread alone changes it, so there is no race.
    fn add(&self, step: impl Fn(u64) -> u64) {
        let count = self.count.load(Ordering::Relaxed);
        self.count.store(count.wrapping_add(step(count)), Ordering::Release);
    }

    /// What moves as long as it works on.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.count() % 2 == 1
    }

    /// Whether it has neither worked nor rested yet.
    pub(crate) fn is_new(&self) -> bool {
        self.count() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_moves_it() {
        let heartbeat = Watched::default().heartbeat("a");
        let state = || (heartbeat.thread.count(), heartbeat.thread.is_busy());
        assert!(heartbeat.thread.is_new());
        heartbeat.idle();
        assert_eq!(state(), (2, false));
        heartbeat.busy();
        assert_eq!(state(), (3, true));
        heartbeat.beat();
        assert_eq!(state(), (5, true));
        heartbeat.busy();
        assert_eq!(state(), (7, true));
        heartbeat.idle();
        assert_eq!(state(), (8, false));
    }

    #[test]
    fn a_thread_that_ended_is_not_watched() {
        let watched = Watched::default();
        let heartbeat = watched.heartbeat("a");
        assert_eq!(watched.threads().len(), 1);
        drop(heartbeat);
        assert_eq!(watched.threads().len(), 0);
    }
}
