//! Where the report of a request becomes metrics; nowhere else is anything counted.

use std::time::Duration;

use observe::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use spike::Report;

use crate::error::RequestError;

/// What one request took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Took {
    pub(crate) queued: Duration,
    pub(crate) inference: Duration,
    /// Sequences of the request.
    pub(crate) sequences: usize,
    /// Over all of them.
    pub(crate) report: Report,
}

/// Handles of one model's metrics, resolved once.
pub(crate) struct Signals {
    outcomes: Vec<(&'static str, Counter)>,
    request: Histogram,
    queue: Histogram,
    inference: Histogram,
    steps: Counter,
    input_events: Counter,
    spikes: Counter,
    operations: Counter,
}

const OUTCOMES: [&str; 8] =
    ["ok", "bad_request", "not_found", "refused", "not_ready", "busy", "timed_out", "failed"];

impl Signals {
    pub(crate) fn of(metrics: &Metrics, model: &str) -> Self {
        let outcome = |o| (o, metrics.counter("striatum_requests_total", &[model, o]));
        Self {
            outcomes: OUTCOMES.map(outcome).to_vec(),
            request: metrics.histogram("striatum_request_duration_seconds", &[model]),
            queue: metrics.histogram("striatum_queue_duration_seconds", &[model]),
            inference: metrics.histogram("striatum_inference_duration_seconds", &[model]),
            steps: metrics.counter("striatum_steps_total", &[model]),
            input_events: metrics.counter("striatum_input_events_total", &[model]),
            spikes: metrics.counter("striatum_spikes_total", &[model]),
            operations: metrics.counter("striatum_synaptic_operations_total", &[model]),
        }
    }

    /// Counts one request.
    pub(crate) fn record(&self, outcome: Result<&Took, &RequestError>, total: Duration) {
        let name = outcome.map_or_else(RequestError::outcome, |_| "ok");
        if let Some((_, counter)) = self.outcomes.iter().find(|(o, _)| *o == name) {
            counter.inc();
        }
        self.request.observe(total.as_secs_f64());
        if let Ok(took) = outcome {
            self.queue.observe(took.queued.as_secs_f64());
            self.inference.observe(took.inference.as_secs_f64());
            self.steps.inc_by(took.report.steps);
            self.input_events.inc_by(took.report.input_events);
            self.spikes.inc_by(took.report.spikes);
            self.operations.inc_by(took.report.synaptic_operations);
        }
    }
}
