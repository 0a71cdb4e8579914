//! The threads that step networks, and how many requests are let in.
//! A worker keeps one session per model and resets it before each use, so nothing of one request is
//! left for the next; the queue is as long as the number of requests let in.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long requests take")]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use prometheus_client::metrics::gauge::Gauge;
use spike::{Raster, RunError, Session};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::error::RequestError;
use crate::model::Model;
use crate::record::Took;
use crate::repository::Served;
use crate::wire::{Batch, Sequence};

/// Stack of a worker: stepping needs little.
const WORKER_STACK_BYTES: usize = 512 << 10;

/// Sessions that a worker keeps; the one used longest ago goes first.
const MAX_SESSIONS: usize = 16;

/// What a worker gives back: the outputs of each sequence, and what it took.
pub(crate) type Done = Result<(Batch, Vec<Raster>, Took), RequestError>;

struct Job {
    served: Arc<Served>,
    batch: Batch,
    since: Instant,
    done: oneshot::Sender<Done>,
    _admitted: Admitted,
}

/// Room for one request; given back when dropped.
pub(crate) struct Admitted {
    _permit: OwnedSemaphorePermit,
    in_flight: Gauge<f64, std::sync::atomic::AtomicU64>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.in_flight.dec();
    }
}

/// The pool.
pub(crate) struct Workers {
    jobs: Sender<Job>,
    room: Arc<Semaphore>,
    limit: usize,
    in_flight: Gauge<f64, std::sync::atomic::AtomicU64>,
}

impl Workers {
    pub(crate) fn start(
        threads: usize,
        max_in_flight: usize,
        in_flight: Gauge<f64, std::sync::atomic::AtomicU64>,
    ) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for k in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("step-{k}"))
                .stack_size(WORKER_STACK_BYTES)
                .spawn(move || work(&queue))?;
        }
        let room = Arc::new(Semaphore::new(max_in_flight));
        Ok(Self { jobs, room, limit: max_in_flight, in_flight })
    }

    /// Room for one request, now or not at all.
    pub(crate) fn admit(&self) -> Result<Admitted, RequestError> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let permit = room.map_err(|_| RequestError::Busy { limit: self.limit })?;
        self.in_flight.inc();
        Ok(Admitted { _permit: permit, in_flight: self.in_flight.clone() })
    }

    /// Encodes and steps a batch on a worker.
    pub(crate) async fn run(&self, served: Arc<Served>, batch: Batch, admitted: Admitted) -> Done {
        let (done, answer) = oneshot::channel();
        let job = Job { served, batch, since: Instant::now(), done, _admitted: admitted };
        self.jobs.send(job).map_err(|_| RequestError::Failed)?;
        answer.await.unwrap_or(Err(RequestError::Failed))
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    let mut sessions: Vec<(Arc<Served>, Session)> = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if job.done.is_closed() {
            continue;
        }
        let queued = job.since.elapsed();
        let started = Instant::now();
        let session = session_of(&mut sessions, &job.served);
        let ran = infer(session, &job.served.model, job.batch);
        let done = ran.map(|(batch, outputs, mut took)| {
            (took.queued, took.inference) = (queued, started.elapsed());
            (batch, outputs, took)
        });
        // Whoever asked may have gone.
        let _ = job.done.send(done);
    }
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
fn infer(session: &mut Session, model: &Model, mut batch: Batch) -> Done {
    let ports = model.network.inputs().len().max(1);
    let mut outputs = Vec::new();
    let mut took = Took::default();
    let mut inputs = std::mem::take(&mut batch.inputs).into_iter();
    for _ in 0..batch.sequences {
        let encoded: Result<Vec<Raster>, RequestError> =
            inputs.by_ref().take(ports).map(|input| encode(input, model)).collect();
        session.reset();
        let run = session.run(&encoded?).map_err(unfit)?;
        outputs.extend(run.outputs);
        took.report.steps += run.report.steps;
        took.report.input_events += run.report.input_events;
        took.report.spikes += run.report.spikes;
        took.report.synaptic_operations += run.report.synaptic_operations;
    }
    Ok((batch, outputs, took))
}

fn encode(input: Sequence, model: &Model) -> Result<Raster, RequestError> {
    let values = match input {
        Sequence::Steps(raster) => return Ok(raster),
        Sequence::Values(values) => values,
    };
    let encoder = model.input.encoding.encoder().ok_or(RequestError::Failed)?;
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
