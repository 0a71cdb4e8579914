//! Many sequences at once, spread over threads.

use std::sync::Arc;
use std::thread;

use crate::compile::Compiled;
use crate::problem::RunError;
use crate::raster::Raster;
use crate::session::{Report, Run, Session};

/// Runs independent sequences from rest and gives their outputs in order.
///
/// `inputs` holds the inputs of the first sequence, then those of the next. The sequences are
/// spread over `threads` threads; the result is the same for any number of them.
///
/// # Errors
/// As [`Session::run`].
pub fn run_batch(
    network: &Arc<Compiled>,
    inputs: &[Raster],
    threads: usize,
) -> Result<Run, RunError> {
    let ports = network.inputs().len().max(1);
    let sequences = inputs.len() / ports;
    let share = sequences.div_ceil(threads.max(1)).max(1);
    let run = |part: &[Raster]| Session::batch(Arc::clone(network), part.len() / ports).run(part);
    let runs: Vec<Result<Run, RunError>> = thread::scope(|scope| {
        let mut parts = inputs.chunks(share * ports);
        let first = parts.next().unwrap_or(&[]);
        let others: Vec<_> = parts.map(|part| scope.spawn(move || run(part))).collect();
        let mut runs = vec![run(first)];
        for other in others {
            // A panic in a worker is a bug here; it goes on in the caller.
            runs.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        runs
    });
    let mut all = Run { outputs: Vec::new(), recordings: Vec::new(), report: Report::default() };
    for run in runs {
        let run = run?;
        all.outputs.extend(run.outputs);
        all.report.steps = run.report.steps;
        all.report.input_events += run.report.input_events;
        all.report.spikes += run.report.spikes;
        all.report.synaptic_operations += run.report.synaptic_operations;
    }
    Ok(all)
}
