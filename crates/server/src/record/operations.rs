//! What was done, how it ended and how long it took, for any kind of thing that is worked with.

use std::collections::HashMap;
use std::time::Duration;

use observe::{Counter, Histogram, Metrics};

use crate::error::RequestError;

/// How an operation can end.
const OUTCOMES: [&str; 5] = ["ok", "bad_request", "not_found", "conflict", "failed"];

/// A counter by operation and outcome, and a histogram by operation.
pub(crate) struct Operations(HashMap<&'static str, One>);

struct One {
    ended: [(&'static str, Counter); 5],
    took: Histogram,
}

impl Operations {
    /// Handles for the `operations`, under the names of the counter and of the histogram.
    pub(crate) fn of(
        metrics: &Metrics,
        [counter, histogram]: [&'static str; 2],
        operations: &[&'static str],
    ) -> Self {
        let one = |operation: &&'static str| {
            let ended = |outcome| (outcome, metrics.counter(counter, &[operation, outcome]));
            let took = metrics.histogram(histogram, &[operation]);
            (*operation, One { ended: OUTCOMES.map(ended), took })
        };
        Self(operations.iter().map(one).collect())
    }

    /// Counts an operation.
    pub(crate) fn record(&self, name: &'static str, ended: Option<&RequestError>, took: Duration) {
        let Some(one) = self.0.get(name) else { return };
        let outcome = ended.map_or("ok", RequestError::of_operation);
        if let Some((_, counter)) = one.ended.iter().find(|(of, _)| *of == outcome) {
            counter.inc();
        }
        one.took.observe(took.as_secs_f64());
    }
}
