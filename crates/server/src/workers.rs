//! The threads that step networks, and how many requests are let in.
//! A worker keeps one session per model and resets it before each request, so nothing of one is
//! left for the next. It takes requests of the same model together, so that their weights are read
//! from memory once; a request that belongs to a caller's session brings that session along.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long requests take")]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use observe::{Gauge, Metrics, Sum};
use resources::{Heartbeat, Watched};
use spike::{Raster, Run, RunError, Session};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::Span;

use crate::error::RequestError;
use crate::live::Live;
use crate::model::Model;
use crate::record::Took;
use crate::repository::Served;
use crate::traced;
use crate::wire::{Batch, Sequence};

/// Stack of a worker: stepping needs little.
const WORKER_STACK_BYTES: usize = 512 << 10;

/// Sessions that a worker keeps; the one used longest ago goes first.
const MAX_SESSIONS: usize = 16;

/// What a worker gives back: the outputs of each sequence, and what it took.
pub(crate) type Done = Result<(Batch, Vec<Raster>, Took), RequestError>;

/// A session that belongs to a caller, held while it is stepped.
pub(crate) type Held = OwnedMutexGuard<Session>;

/// What a worker is asked to do.
pub(crate) struct Task {
    pub(crate) served: Arc<Served>,
    pub(crate) batch: Batch,
    /// The caller's session; without one the request starts from rest.
    pub(crate) session: Option<Held>,
    /// Whether weights may change.
    pub(crate) learns: bool,
    pub(crate) admitted: Admitted,
    /// The span that it belongs to.
    pub(crate) span: Span,
}

struct Job {
    task: Task,
    since: Instant,
    done: oneshot::Sender<Done>,
}

/// Room for one request; given back when dropped.
pub(crate) struct Admitted {
    _permit: OwnedSemaphorePermit,
    in_flight: Gauge,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.in_flight.dec();
    }
}

/// How the pool is set up.
pub(crate) struct Pool {
    pub(crate) threads: usize,
    pub(crate) max_in_flight: usize,
    /// The longest wait that a request is let in for.
    pub(crate) max_queue: Duration,
    /// Sequences that a worker takes together.
    pub(crate) max_batch: usize,
    /// How long a worker waits for more of them.
    pub(crate) batch_wait: Duration,
    pub(crate) in_flight: Gauge,
    /// Requests that wait, shown when somebody looks.
    pub(crate) waiting: Gauge,
    /// Where the workers say how busy they are.
    pub(crate) metrics: Arc<Metrics>,
    /// Who sees whether they stand still.
    pub(crate) watched: Watched,
}

/// The pool.
pub(crate) struct Workers {
    queue: Arc<Queue>,
    room: Arc<Semaphore>,
    pool: Pool,
}

/// Requests that wait.
struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
    waiting: AtomicUsize,
    /// When a worker last took a request, since the start (milliseconds).
    taken_ms: AtomicU64,
    started: Instant,
    /// A running mean of the time that a request takes a worker (nanoseconds).
    service_ns: AtomicU64,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    closed: bool,
}

impl Workers {
    pub(crate) fn start(mut pool: Pool) -> std::io::Result<Self> {
        pool.threads = pool.threads.max(1);
        let queue = Arc::new(Queue {
            jobs: Mutex::default(),
            changed: Condvar::new(),
            waiting: AtomicUsize::new(0),
            taken_ms: AtomicU64::new(0),
            started: Instant::now(),
            service_ns: AtomicU64::new(0),
        });
        for k in 0..pool.threads {
            let queue = Arc::clone(&queue);
            let gather =
                Gather { threads: pool.threads, max_batch: pool.max_batch, wait: pool.batch_wait };
            let name = format!("step-{k}");
            let busy = pool.metrics.sum("striatum_worker_busy_seconds_total", &[&name]);
            let watched = pool.watched.clone();
            thread::Builder::new()
                .name(name.clone())
                .stack_size(WORKER_STACK_BYTES)
                .spawn(move || work(&queue, &gather, &busy, &watched.heartbeat(&name)))?;
        }
        let room = Arc::new(Semaphore::new(pool.max_in_flight));
        Ok(Self { queue, room, pool })
    }

    /// Room for one request, now or not at all: the number let in and the wait to be expected are
    /// bounded.
    pub(crate) fn admit(&self) -> Result<Admitted, RequestError> {
        let busy = || RequestError::Busy { limit: self.pool.max_in_flight };
        if self.expected_wait() > self.pool.max_queue {
            return Err(busy());
        }
        let permit = Arc::clone(&self.room).try_acquire_owned().map_err(|_| busy())?;
        self.pool.in_flight.inc();
        Ok(Admitted { _permit: permit, in_flight: self.pool.in_flight.clone() })
    }

    /// For how long requests have waited and none was taken (milliseconds); 0 where none waits.
    pub(crate) fn stuck_ms(&self) -> u64 {
        if self.queue.waiting.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        let now = self.queue.started.elapsed().as_millis() as u64;
        now.saturating_sub(self.queue.taken_ms.load(Ordering::Relaxed))
    }

    /// Shows how many requests wait.
    pub(crate) fn show(&self) {
        self.pool.waiting.set(self.queue.waiting.load(Ordering::Relaxed) as f64);
    }

    /// How full the server is, 0 to 1: of the requests let in, and of the wait to be expected.
    pub(crate) fn load(&self) -> f64 {
        let taken = self.pool.max_in_flight - self.room.available_permits();
        let in_flight = taken as f64 / self.pool.max_in_flight as f64;
        let wait = self.expected_wait().as_secs_f64() / self.pool.max_queue.as_secs_f64();
        in_flight.max(wait).min(1.0)
    }

    /// How long a request that comes now would wait for a worker.
    fn expected_wait(&self) -> Duration {
        let waiting = self.queue.waiting.load(Ordering::Relaxed) as u64;
        let service = self.queue.service_ns.load(Ordering::Relaxed);
        Duration::from_nanos(waiting.saturating_mul(service) / self.pool.threads as u64)
    }

    /// Encodes and steps a batch on a worker.
    pub(crate) async fn run(&self, task: Task) -> Done {
        let (done, answer) = oneshot::channel();
        self.queue.push(Job { task, since: Instant::now(), done });
        answer.await.unwrap_or(Err(RequestError::Failed))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
    }
}

/// How a worker gathers requests.
struct Gather {
    threads: usize,
    max_batch: usize,
    wait: Duration,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        let mut jobs = self.lock();
        jobs.waiting.push_back(job);
        self.waiting.store(jobs.waiting.len(), Ordering::Relaxed);
        drop(jobs);
        self.changed.notify_one();
    }

    /// The next request and those of the same model that may go with it; none once closed.
    fn take(&self, gather: &Gather) -> Option<Vec<Job>> {
        let mut jobs = self.lock();
        let first = loop {
            match jobs.waiting.pop_front() {
                Some(job) => break job,
                None if jobs.closed => return None,
                None => jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        };
        let now = self.started.elapsed().as_millis() as u64;
        self.taken_ms.store(now, Ordering::Relaxed);
        let mut taken = vec![first];
        if taken[0].task.session.is_none() {
            self.gather(jobs, gather, &mut taken);
        } else {
            self.waiting.store(jobs.waiting.len(), Ordering::Relaxed);
        }
        Some(taken)
    }

    /// Adds waiting requests of the same model, no more than this worker's share of them, and waits
    /// a little for those to come.
    fn gather(&self, mut jobs: MutexGuard<'_, Jobs>, gather: &Gather, taken: &mut Vec<Job>) {
        let until = Instant::now() + gather.wait;
        loop {
            let share = jobs.waiting.len().div_ceil(gather.threads);
            let mut sequences: usize = taken.iter().map(|job| job.task.batch.sequences).sum();
            let mut at = 0;
            let mut left = share;
            while at < jobs.waiting.len() && left > 0 && sequences < gather.max_batch {
                let other = &jobs.waiting[at].task;
                let fits = other.session.is_none()
                    && Arc::ptr_eq(&other.served, &taken[0].task.served)
                    && sequences + other.batch.sequences <= gather.max_batch;
                if !fits {
                    at += 1;
                    continue;
                }
                sequences += other.batch.sequences;
                left -= 1;
                taken.extend(jobs.waiting.remove(at));
            }
            self.waiting.store(jobs.waiting.len(), Ordering::Relaxed);
            let now = Instant::now();
            if now >= until || sequences >= gather.max_batch || jobs.closed {
                return;
            }
            let waited = self.changed.wait_timeout(jobs, until - now);
            jobs = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes one request's time into the running mean, by an eighth.
    fn learn_service(&self, took: Duration) {
        let mean = self.service_ns.load(Ordering::Relaxed);
        let now = took.as_nanos() as u64;
        let next = if mean == 0 { now } else { mean - mean / 8 + now / 8 };
        self.service_ns.store(next, Ordering::Relaxed);
    }
}

fn work(queue: &Queue, gather: &Gather, busy: &Sum, heart: &Heartbeat) {
    let mut sessions: Vec<(Arc<Served>, Session)> = Vec::new();
    while let Some(jobs) = queue.take(gather) {
        heart.busy();
        let served = Arc::clone(&jobs[0].task.served);
        let (mut batched, taken) = (0, Instant::now());
        for job in jobs {
            // Whoever asked may have gone.
            heart.beat();
            if !job.done.is_closed() {
                batched += job.task.batch.sequences;
                answer(queue, &mut sessions, job);
            }
        }
        if batched > 0 {
            served.statistics.executed(batched, taken.elapsed());
            served.signals.batched(batched);
        }
        busy.inc_by(taken.elapsed().as_secs_f64());
        heart.idle();
    }
}

fn answer(queue: &Queue, sessions: &mut Vec<(Arc<Served>, Session)>, job: Job) {
    let Job { task: Task { served, batch, session, learns, admitted, span }, since, done } = job;
    let queued = since.elapsed();
    let span = traced::step(&span);
    let entered = span.enter();
    let (started, batch_size) = (Instant::now(), batch.sequences as u64);
    let ran = match session {
        Some(mut own) => {
            own.set_learning(learns);
            go_on(&mut own, &served, batch)
        }
        None => from_rest(session_of(sessions, &served), &served, batch),
    };
    let inference = started.elapsed();
    queue.learn_service(inference);
    drop(admitted);
    if let Ok((_, _, took)) = &ran {
        span.record("striatum.sequences", batch_size);
        span.record("striatum.steps", took.report.steps);
        span.record("striatum.spikes", took.report.spikes);
        span.record("striatum.queued_ms", queued.as_secs_f64() * 1e3);
    }
    drop(entered);
    let _ = done.send(ran.map(|(batch, outputs, mut took)| {
        (took.queued, took.inference) = (queued, inference);
        (batch, outputs, took)
    }));
}

/// The worker's session of a model, made on first use, moved to the end.
fn session_of<'a>(
    sessions: &'a mut Vec<(Arc<Served>, Session)>,
    served: &Arc<Served>,
) -> &'a mut Session {
    let at = sessions.iter().position(|(known, _)| Arc::ptr_eq(known, served));
    let entry = match at {
        Some(at) => sessions.remove(at),
        None => {
            if sessions.len() == MAX_SESSIONS {
                sessions.remove(0);
            }
            (Arc::clone(served), Session::new(Arc::clone(&served.model.network)))
        }
    };
    sessions.push(entry);
    let last = sessions.len() - 1;
    &mut sessions[last].1
}

/// Encode and step, sequence by sequence, each from rest.
fn from_rest(session: &mut Session, served: &Served, mut batch: Batch) -> Done {
    let Served { model, signals, .. } = served;
    let ports = model.network.inputs().len().max(1);
    let mut outputs = Vec::new();
    let mut took = Took::default();
    let mut inputs = std::mem::take(&mut batch.inputs).into_iter();
    for _ in 0..batch.sequences {
        let encoded: Result<Vec<Raster>, RequestError> =
            inputs.by_ref().take(ports).map(|input| encode(input, model, batch.seed)).collect();
        session.reset();
        let run = watched(session, served, &encoded?)?;
        outputs.extend(run.outputs);
        took.report.add(&run.report);
        signals.fired(session.fired());
    }
    Ok((batch, outputs, took))
}

/// Encode and step the one sequence of a caller's session, from where it stands.
fn go_on(session: &mut Session, served: &Served, mut batch: Batch) -> Done {
    let Served { model, signals, .. } = served;
    let inputs = std::mem::take(&mut batch.inputs).into_iter();
    let encoded: Result<Vec<Raster>, RequestError> = inputs.map(|i| encode(i, model, 0)).collect();
    let run = watched(session, served, &encoded?)?;
    signals.fired(session.fired());
    let took = Took { report: run.report, ..Took::default() };
    Ok((batch, run.outputs, took))
}

/// Runs, and shows the run to those who watch the model.
fn watched(session: &mut Session, served: &Served, input: &[Raster]) -> Result<Run, RequestError> {
    if !served.live.wants() {
        return session.run(input).map_err(unfit);
    }
    Live::record(session);
    let run = session.run(input).map_err(unfit);
    session.record(&[]);
    if let Ok(run) = &run {
        served.live.show(&served.model, run);
    }
    run
}

fn encode(input: Sequence, model: &Model, seed: u64) -> Result<Raster, RequestError> {
    let values = match input {
        Sequence::Steps(raster) => return Ok(raster),
        Sequence::Values(values) => values,
    };
    let encoder = model.input.encoding.encoder(seed).ok_or(RequestError::Failed)?;
    let mut rows = vec![Vec::new(); model.input.steps];
    let mut channel = vec![0.0; model.input.steps];
    // Intensity 0 gives nothing in every code.
    for (index, &value) in values.iter().enumerate().filter(|(_, v)| **v != 0.0) {
        channel.fill(0.0);
        encoder.fill(value, index as u32, &mut channel);
        for (row, &event) in rows.iter_mut().zip(&channel).filter(|(_, e)| **e != 0.0) {
            row.push((index as u32, event));
        }
    }
    let mut raster = Raster::new(values.len());
    rows.into_iter().for_each(|row| raster.push_step(row));
    Ok(raster)
}

fn unfit(error: RunError) -> RequestError {
    RequestError::Bad(vec![error.to_string()])
}
