//! What tokio's workers do, how late a task is woken, and the hooks by which a runtime is watched.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::time::{Instant, sleep_until};

use crate::heartbeat::Heartbeat;
use crate::progress::Id;
use crate::watched::Watched;

/// A runtime of tokio, by what is stable of its metrics.
///
/// Source: `tokio::runtime::RuntimeMetrics`.
#[derive(Clone, Debug, PartialEq)]
pub struct Runtime {
    /// Tasks that have not ended.
    pub n_alive_tasks: usize,
    /// Tasks that are ready and belong to no worker yet.
    pub global_queue_depth: usize,
    /// The workers, in their order.
    pub workers: Vec<Worker>,
}

/// What a worker has done since its runtime started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worker {
    /// How long it ran tasks (seconds). What it is at now is added when it next rests.
    pub busy_seconds: f64,
    /// Times that it had nothing to do and rested.
    pub n_parks: u64,
}

impl Runtime {
    /// Reads a runtime's counters.
    pub fn read(handle: &Handle) -> Self {
        let metrics = handle.metrics();
        Self {
            n_alive_tasks: metrics.num_alive_tasks(),
            global_queue_depth: metrics.global_queue_depth(),
            workers: (0..metrics.num_workers()).map(|idx| worker(&metrics, idx)).collect(),
        }
    }
}

#[cfg(target_has_atomic = "64")]
fn worker(metrics: &tokio::runtime::RuntimeMetrics, idx: usize) -> Worker {
    Worker {
        busy_seconds: metrics.worker_total_busy_duration(idx).as_secs_f64(),
        n_parks: metrics.worker_park_count(idx),
    }
}

#[cfg(not(target_has_atomic = "64"))]
fn worker(_metrics: &tokio::runtime::RuntimeMetrics, _idx: usize) -> Worker {
    Worker { busy_seconds: 0.0, n_parks: 0 }
}

/// Sleeps again and again for `interval`, and tells by how much it was woken late: the delay that
/// any task of this runtime has to expect. The timer's own steps are a millisecond, and up to that
/// much is no delay. Spawn it, and abort it to end it.
pub async fn watch_delay(interval: Duration, mut tell: impl FnMut(Duration)) -> Infallible {
    loop {
        let due = Instant::now() + interval;
        sleep_until(due).await;
        tell(Instant::now().saturating_duration_since(due));
    }
}

/// A runtime that is watched.
///
/// ```
/// let watched = resources::Watched::default();
/// let watch = watched.runtime("requests");
/// let mut builder = tokio::runtime::Builder::new_multi_thread();
/// watch.install(&mut builder);
/// let runtime = builder.build()?;
/// watch.probe(runtime.handle());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct RuntimeWatch {
    watched: Watched,
    state: Arc<RuntimeState>,
}

pub(crate) struct RuntimeState {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) handle: OnceLock<Handle>,
}

impl RuntimeState {
    pub(crate) fn new(id: Id, name: &str) -> Arc<Self> {
        Arc::new(Self { id, name: name.to_owned(), handle: OnceLock::new() })
    }
}

thread_local! {
    /// The heartbeat of a thread of a runtime; it ends with the thread.
    static HEARTBEAT: RefCell<Option<Heartbeat>> = const { RefCell::new(None) };
}

impl RuntimeWatch {
    pub(crate) fn new(watched: Watched, state: Arc<RuntimeState>) -> Self {
        Self { watched, state }
    }

    /// Sets tokio's hooks for threads that start, rest and work again; those set before are replaced.
    pub fn install(&self, builder: &mut Builder) {
        let (start, park, unpark) = (self.hook(), self.hook(), self.hook());
        builder
            .on_thread_start(move || start(|_| ()))
            .on_thread_park(move || park(Heartbeat::idle))
            .on_thread_unpark(move || unpark(Heartbeat::busy));
    }

    /// Has the runtime asked, again and again, whether it still runs tasks.
    pub fn probe(&self, handle: &Handle) {
        // Only the first counts: a watch is for one runtime.
        drop(self.state.handle.set(handle.clone()));
    }

    /// Does something with the calling thread's heartbeat.
    fn hook(&self) -> impl Fn(fn(&Heartbeat)) + Send + Sync + 'static {
        let (watched, id, name) = (self.watched.clone(), self.state.id, self.state.name.clone());
        move |act| {
            // While a thread ends its locals are gone, and so is its heartbeat.
            let _ = HEARTBEAT.try_with(|own| {
                let mut own = own.borrow_mut();
                if own.as_ref().is_none_or(|heartbeat| heartbeat.runtime() != Some(id)) {
                    *own = Some(Heartbeat::new(&watched, &thread_name(&name), Some(id)));
                }
                if let Some(heartbeat) = own.as_ref() {
                    act(heartbeat);
                }
            });
        }
    }
}

fn thread_name(runtime: &str) -> String {
    std::thread::current().name().unwrap_or(runtime).to_owned()
}
