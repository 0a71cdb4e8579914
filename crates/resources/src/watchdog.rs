//! The watchdog: a thread that looks from time to time at what is watched, and names what does not
//! move.
//!
//! - A **lock** is named with its holder's place when it is held longer than it may be.
//! - A **thread** with a heartbeat is named with its stack when it works on one thing for too long.
//! - A **runtime** is asked to run an empty task. If it does not, each worker that does not rest is
//!   named with its stack. If it does, a worker that has not rested for too long while another had
//!   nothing to do is named: with others idle, its tasks would have been taken from it, so it has not
//!   come back from one. If all are busy and tasks are run, there is load, and nothing is named.
//!
//! A watchdog that is itself late blames nobody for it: the time between two looks counts for no more
//! than twice what it should be, so a process that was stopped does not come back to a list of stalls.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Deserialize;

use crate::clock::Stopwatch;
use crate::error::Error;
use crate::heartbeat::Thread;
use crate::progress::{Id, Progress};
use crate::runtime::RuntimeState;
use crate::stack::stack_of_thread;
use crate::stall::{Stall, StalledThread};
use crate::watched::{Held, LockState, Watched};

/// The longest time that any setting may name (seconds): an hour.
pub const MAX_SECONDS: f64 = 3600.0;

/// The most stalls that may be told in a minute.
pub const MAX_TOLD_PER_MINUTE: u32 = 1000;

/// The most threads of a runtime whose stacks are told at once.
pub const MAX_STACKS: usize = 16;

/// What is too long. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How often it looks (seconds): 0.1.
    pub look_every_seconds: f64,
    /// How long a runtime may run no task, and a worker not come back (seconds): 1.
    pub runtime_limit_seconds: f64,
    /// How long a thread with a heartbeat may work on one thing (seconds): 10.
    pub thread_limit_seconds: f64,
    /// How long a lock may be held (seconds): 1.
    pub lock_limit_seconds: f64,
    /// How long until a stall that lasts is told again (seconds): 60.
    pub tell_again_seconds: f64,
    /// How many stalls are told in a minute: 30; the others are counted.
    pub max_told_per_minute: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            look_every_seconds: 0.1,
            runtime_limit_seconds: 1.0,
            thread_limit_seconds: 10.0,
            lock_limit_seconds: 1.0,
            tell_again_seconds: 60.0,
            max_told_per_minute: 30,
        }
    }
}

impl Config {
    /// Every setting that cannot be.
    pub fn problems(&self) -> Vec<Error> {
        let seconds = [
            ("look_every_seconds", self.look_every_seconds),
            ("runtime_limit_seconds", self.runtime_limit_seconds),
            ("thread_limit_seconds", self.thread_limit_seconds),
            ("lock_limit_seconds", self.lock_limit_seconds),
            ("tell_again_seconds", self.tell_again_seconds),
        ];
        let wrong = seconds.into_iter().filter(|(_, s)| !(0.001..=MAX_SECONDS).contains(s));
        let mut problems: Vec<Error> = wrong
            .map(|(key, found)| Error::Setting {
                key,
                expected: format!("0.001 to {MAX_SECONDS}"),
                found: found.to_string(),
            })
            .collect();
        if !(1..=MAX_TOLD_PER_MINUTE).contains(&self.max_told_per_minute) {
            problems.push(Error::Setting {
                key: "max_told_per_minute",
                expected: format!("1 to {MAX_TOLD_PER_MINUTE}"),
                found: self.max_told_per_minute.to_string(),
            });
        }
        problems
    }
}

/// A watchdog that looks until it is dropped.
pub struct Watchdog {
    counts: Arc<Counts>,
    /// Dropped to stop it.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    n_told: AtomicU64,
    n_untold: AtomicU64,
}

impl Watchdog {
    /// Starts it. `tell` is called on the watchdog's thread, and nothing is watched meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`], the first that cannot be, and [`Error::Unreadable`] where no thread can be
    /// started.
    pub fn start(
        config: &Config,
        watched: Watched,
        mut tell: impl FnMut(Stall) + Send + 'static,
    ) -> Result<Self, Error> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(problem);
        }
        let counts = Arc::<Counts>::default();
        let mut eye = Eye::new(config, watched, Arc::clone(&counts));
        let (stop, stopped) = mpsc::channel::<()>();
        let every = duration(config.look_every_seconds);
        let look = move || {
            let (stopwatch, mut last, mut now) =
                (Stopwatch::start(), Duration::ZERO, Duration::ZERO);
            while stopped.recv_timeout(every) == Err(mpsc::RecvTimeoutError::Timeout) {
                let elapsed = stopwatch.elapsed();
                now += (elapsed - last).min(every * 2);
                last = elapsed;
                eye.look(now).into_iter().for_each(&mut tell);
            }
        };
        let thread = std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(look)
            .map_err(|error| Error::unreadable("the watchdog's thread", error))?;
        Ok(Self { counts, stop: Some(stop), thread: Some(thread) })
    }

    /// Stalls that were told.
    pub fn n_told(&self) -> u64 {
        self.counts.n_told.load(Ordering::Relaxed)
    }

    /// Stalls that were too many to be told.
    pub fn n_untold(&self) -> u64 {
        self.counts.n_untold.load(Ordering::Relaxed)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If `tell` panicked, that has been said.
            drop(thread.join());
        }
    }
}

/// Looks; the time is passed in.
struct Eye {
    watched: Watched,
    progress: Progress,
    probes: HashMap<Id, Probe>,
    voice: Voice,
    runtime_limit: Duration,
    thread_limit: Duration,
    lock_limit: Duration,
    again: Duration,
}

/// The empty task that a runtime was asked to run.
struct Probe {
    task: tokio::task::JoinHandle<()>,
    n: u64,
}

/// How many stalls are told.
struct Voice {
    counts: Arc<Counts>,
    max_per_minute: u32,
    minute: Duration,
    n_in_minute: u32,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Voice {
    /// Whether one more may be told.
    fn may_tell(&mut self, now: Duration) -> bool {
        if now >= self.minute + MINUTE {
            (self.minute, self.n_in_minute) = (now, 0);
        }
        let may = self.n_in_minute < self.max_per_minute;
        self.n_in_minute += u32::from(may);
        let count = if may { &self.counts.n_told } else { &self.counts.n_untold };
        count.fetch_add(1, Ordering::Relaxed);
        may
    }
}

impl Eye {
    fn new(config: &Config, watched: Watched, counts: Arc<Counts>) -> Self {
        let max_per_minute = config.max_told_per_minute;
        Self {
            watched,
            progress: Progress::default(),
            probes: HashMap::new(),
            voice: Voice { counts, max_per_minute, minute: Duration::ZERO, n_in_minute: 0 },
            runtime_limit: duration(config.runtime_limit_seconds),
            thread_limit: duration(config.thread_limit_seconds),
            lock_limit: duration(config.lock_limit_seconds),
            again: duration(config.tell_again_seconds),
        }
    }

    fn look(&mut self, now: Duration) -> Vec<Stall> {
        self.progress.look();
        let threads = self.watched.threads();
        let mut stalls = Vec::new();
        for lock in self.watched.locks() {
            stalls.extend(self.lock(&lock, now));
        }
        for thread in threads.iter().filter(|thread| thread.runtime.is_none()) {
            stalls.extend(self.thread(thread, self.thread_limit, now).map(Stall::Thread));
        }
        let runtimes = self.watched.runtimes();
        self.probes.retain(|id, _| runtimes.iter().any(|runtime| runtime.id == *id));
        for runtime in runtimes {
            let of_runtime = |thread: &&Arc<Thread>| thread.runtime == Some(runtime.id);
            let workers: Vec<&Arc<Thread>> = threads.iter().filter(of_runtime).collect();
            stalls.extend(self.runtime(&runtime, &workers, now));
        }
        stalls
    }

    fn lock(&mut self, lock: &LockState, now: Duration) -> Option<Stall> {
        let count = lock.count();
        let held = lock.held(count)?;
        let lasted = self.too_long(lock.id, count, self.lock_limit, now)?;
        let (places, n_holders, stack) = match held {
            Held::Alone { place, thread } => {
                (place.into_iter().collect(), 1, Some(stack_of_thread(thread)))
            }
            Held::Shared { places, n_readers } => (places, n_readers, None),
        };
        let (lock, n_waiting) = (lock.name.clone(), lock.n_waiting());
        Some(Stall::Lock { lock, lasted, places, n_holders, n_waiting, stack })
    }

    fn thread(&mut self, thread: &Thread, limit: Duration, now: Duration) -> Option<StalledThread> {
        let count = thread.count();
        if !thread.is_busy() {
            return None;
        }
        let lasted = self.too_long(thread.id, count, limit, now)?;
        Some(stalled(thread, lasted))
    }

    fn runtime(
        &mut self,
        runtime: &RuntimeState,
        workers: &[&Arc<Thread>],
        now: Duration,
    ) -> Vec<Stall> {
        let Some(handle) = runtime.handle.get() else { return Vec::new() };
        let probe = self
            .probes
            .entry(runtime.id)
            .or_insert_with(|| Probe { task: handle.spawn(async {}), n: 0 });
        if probe.task.is_finished() {
            *probe = Probe { task: handle.spawn(async {}), n: probe.n + 1 };
        }
        let unanswered = probe.n;
        let lasted = self.progress.age(runtime.id, unanswered, now);
        let ages: Vec<(&Thread, Duration)> = workers
            .iter()
            .map(|worker| (&***worker, self.progress.age(worker.id, worker.count(), now)))
            .collect();
        if lasted >= self.runtime_limit {
            return self.unanswered(runtime, handle, &ages, lasted, now).into_iter().collect();
        }
        let some_idle = ages.iter().any(|(worker, _)| !worker.is_busy() && !worker.is_new());
        let limit = self.runtime_limit;
        let stuck =
            ages.iter().filter(|(worker, age)| some_idle && worker.is_busy() && *age >= limit);
        let mut stalls = Vec::new();
        for (worker, age) in stuck {
            if self.tells(worker.id, now) {
                let runtime = runtime.name.clone();
                stalls.push(Stall::Worker { runtime, worker: stalled(worker, *age) });
            }
        }
        stalls
    }

    /// The runtime does not answer. A worker that took a task before it ever rested cannot be told
    /// from a thread for blocking work, so those count only where workers are missing.
    fn unanswered(
        &mut self,
        runtime: &RuntimeState,
        handle: &tokio::runtime::Handle,
        ages: &[(&Thread, Duration)],
        lasted: Duration,
        now: Duration,
    ) -> Option<Stall> {
        if !self.tells(runtime.id, now) {
            return None;
        }
        let n_known = ages.iter().filter(|(thread, _)| !thread.is_new()).count();
        let is_known = n_known >= handle.metrics().num_workers();
        let workers = ages
            .iter()
            .filter(|(thread, _)| thread.is_busy() || (thread.is_new() && !is_known))
            .take(MAX_STACKS)
            .map(|(thread, age)| stalled(thread, *age))
            .collect();
        Some(Stall::Runtime { runtime: runtime.name.clone(), lasted, workers })
    }

    /// How long this has not moved, if that is too long and to be told.
    fn too_long(&mut self, id: Id, count: u64, limit: Duration, now: Duration) -> Option<Duration> {
        let lasted = self.progress.age(id, count, now);
        (lasted >= limit && self.tells(id, now)).then_some(lasted)
    }

    fn tells(&mut self, id: Id, now: Duration) -> bool {
        self.progress.is_due(id, now, self.again) && self.voice.may_tell(now)
    }
}

fn stalled(thread: &Thread, lasted: Duration) -> StalledThread {
    let stack = stack_of_thread(thread.number);
    StalledThread { name: thread.name.clone(), number: thread.number, lasted, stack }
}

/// Checked seconds as a duration.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
