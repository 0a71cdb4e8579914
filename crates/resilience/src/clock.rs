//! Time that is passed in: the system's, or one that a test turns by hand.

#![allow(clippy::disallowed_methods, reason = "the one place of this room that reads the clock")]

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crate::lock::lock;

/// What [`Clock::sleep`] gives: ready when the time has passed.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time, and waits.
pub trait Clock: Send + Sync {
    /// Time since an origin of the clock's own choice; it does not go back.
    fn now(&self) -> Duration;

    /// Waits this long. Dropping it ends the wait.
    fn sleep(&self, time: Duration) -> Sleep;
}

/// The system's monotonic clock. Its sleep needs a tokio runtime with time enabled.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    #[allow(clippy::new_without_default, reason = "two of them do not tell the same time")]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&self, time: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(time))
    }
}

/// A clock that moves only when told to. Clones share one time.
///
/// ```
/// use std::time::Duration;
/// use resilience::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// // A minute of waiting takes no time at all.
/// let done = clock.run(async {
///     clock.sleep(Duration::from_secs(60)).await;
///     "done"
/// });
/// assert_eq!((done, clock.now()), (Some("done"), Duration::from_secs(60)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<Mutex<Time>>);

#[derive(Debug, Default)]
struct Time {
    now: Duration,
    /// By the time they are due, then by the order in which they came.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    n_sleepers: u64,
}

impl ManualClock {
    /// A clock that stands at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves on, and wakes who is due, in the order they are due.
    pub fn advance(&self, time: Duration) {
        self.set(self.now().saturating_add(time));
    }

    /// Jumps to a time, backwards too, which a sound clock never does.
    pub fn set(&self, now: Duration) {
        let due = {
            let mut time = lock(&self.0);
            time.now = now;
            let later = time.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut time.sleepers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Jumps to when the next sleeper is due; false where nobody sleeps.
    pub fn advance_to_next(&self) -> bool {
        let next = lock(&self.0).sleepers.keys().next().map(|(due, _)| *due);
        next.inspect(|due| self.set(*due)).is_some()
    }

    /// How many sleep.
    pub fn n_sleepers(&self) -> usize {
        lock(&self.0).sleepers.len()
    }

    /// Runs a future to its end, and jumps over the times in which it only waits for this clock.
    /// None where it waits for something that time does not bring.
    pub fn run<F: Future>(&self, future: F) -> Option<F::Output> {
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(output);
            }
            if !woken.0.swap(false, Ordering::Relaxed) && !self.advance_to_next() {
                return None;
            }
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        lock(&self.0).now
    }

    fn sleep(&self, time: Duration) -> Sleep {
        let mut state = lock(&self.0);
        state.n_sleepers += 1;
        let key = (state.now.saturating_add(time), state.n_sleepers);
        Box::pin(Sleeper { clock: self.clone(), key })
    }
}

struct Sleeper {
    clock: ManualClock,
    key: (Duration, u64),
}

impl Future for Sleeper {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut time = lock(&self.clock.0);
        if time.now >= self.key.0 {
            return Poll::Ready(());
        }
        time.sleepers.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        lock(&self.clock.0).sleepers.remove(&self.key);
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn sleepers_wake_in_the_order_they_are_due() {
        let clock = ManualClock::new();
        let woke = Mutex::new(Vec::new());
        let nap = async |name: &'static str, time: u32| {
            clock.sleep(SECOND * time).await;
            woke.lock().unwrap().push((name, clock.now()));
        };
        let all = async { tokio::join!(nap("late", 3), nap("early", 1), nap("late too", 3)) };
        assert!(clock.run(all).is_some());
        assert_eq!(
            *woke.lock().unwrap(),
            [("early", SECOND), ("late", SECOND * 3), ("late too", SECOND * 3)]
        );
    }

    #[test]
    fn a_dropped_sleep_leaves_nothing() {
        let clock = ManualClock::new();
        let mut sleep = clock.sleep(SECOND);
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert_eq!(clock.n_sleepers(), 1);
        drop(sleep);
        assert_eq!(clock.n_sleepers(), 0);
    }

    #[test]
    fn what_time_does_not_bring_is_told() {
        assert_eq!(ManualClock::new().run(std::future::pending::<()>()), None);
    }

    #[tokio::test]
    async fn advancing_wakes_tasks_of_a_runtime() {
        let clock = ManualClock::new();
        let sleeper = tokio::spawn(clock.sleep(SECOND));
        while clock.n_sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!sleeper.is_finished());
        clock.advance(SECOND);
        sleeper.await.unwrap();
    }

    #[tokio::test]
    async fn the_system_clock_moves_on() {
        let clock = SystemClock::new();
        let before = clock.now();
        clock.sleep(Duration::from_millis(5)).await;
        assert!(clock.now() - before >= Duration::from_millis(5));
    }
}
