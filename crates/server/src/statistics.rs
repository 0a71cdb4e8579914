//! What one version of a model has done since it was loaded, as Triton's statistics extension
//! counts it: requests by outcome with the time of each part, and executions by batch size.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::record::Took;

/// Batch sizes that are told apart; larger ones are counted with the largest.
const MAX_BATCH_SIZES: usize = 1024;

/// The statistics of one version of a model.
#[derive(Default)]
pub(crate) struct Statistics(Mutex<Counted>);

/// Counts and sums.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Counted {
    /// Sequences that were answered.
    pub(crate) inference_count: u64,
    /// Times that a worker took requests, one or several together.
    pub(crate) execution_count: u64,
    /// When the last request was answered (milliseconds since 1970).
    pub(crate) last_inference: u64,
    /// Requests that were answered.
    pub(crate) success: Timed,
    /// Requests that were not.
    pub(crate) fail: Timed,
    /// Waiting for a worker.
    pub(crate) queue: Timed,
    /// Encoding and stepping.
    pub(crate) compute_infer: Timed,
    /// Executions by the number of sequences in them.
    pub(crate) batches: BTreeMap<u64, Timed>,
}

/// A number of times, and how long they took together.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Timed {
    /// How often.
    pub(crate) count: u64,
    /// How long altogether (nanoseconds).
    pub(crate) ns: u64,
}

impl Timed {
    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.ns += took.as_nanos() as u64;
    }
}

impl Statistics {
    fn lock(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request; `took` where it was answered.
    pub(crate) fn request(&self, sequences: usize, took: Option<&Took>, total: Duration, now: u64) {
        let mut counted = self.lock();
        let Some(took) = took else {
            counted.fail.add(total);
            return;
        };
        counted.inference_count += sequences as u64;
        counted.last_inference = now;
        counted.success.add(total);
        counted.queue.add(took.queued);
        counted.compute_infer.add(took.inference);
    }

    /// Counts a worker's taking of requests.
    pub(crate) fn executed(&self, sequences: usize, took: Duration) {
        let mut counted = self.lock();
        counted.execution_count += 1;
        let size = sequences.min(MAX_BATCH_SIZES) as u64;
        counted.batches.entry(size).or_default().add(took);
    }

    /// As it stands.
    pub(crate) fn read(&self) -> Counted {
        self.lock().clone()
    }
}
