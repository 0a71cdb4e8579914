//! The engine: steps, spikes, operations, learning, energy, models.

use super::{SECONDS, counter, gauge, histogram, info, sum};
use crate::label::{BOUND, CHIP, MODEL, OUTCOME, POPULATION, PROFILE, VERSION};
use crate::metric::Metric;

/// From a microsecond to a tenth of a second: what a step may take.
const STEP: &[f64] = &[1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 1e-2, 0.1];

pub(crate) const METRICS: &[Metric] = &[
    counter("striatum_steps_total", &[MODEL], "Steps taken, over all sequences of all requests."),
    histogram(
        "striatum_step_duration_seconds",
        STEP,
        &[MODEL],
        "Time of one step of one sequence: that of its request divided by its steps.",
    ),
    counter("striatum_input_events_total", &[MODEL], "Events that entered networks."),
    counter("striatum_spikes_total", &[MODEL], "Spikes of neurons."),
    counter(
        "striatum_population_spikes_total",
        &[MODEL, POPULATION],
        "Spikes of the neurons of a population.",
    ),
    gauge("striatum_population_neurons", &[MODEL, POPULATION], "Neurons of a population."),
    counter(
        "striatum_synaptic_operations_total",
        &[MODEL],
        "Synaptic operations: an event times the synapses that it visited.",
    ),
    counter(
        "striatum_neuron_updates_total",
        &[MODEL],
        "Updates of neurons: a neuron times the steps that it took.",
    ),
    counter(
        "striatum_weight_changes_total",
        &[MODEL],
        "Changes of weights by learning: a synapse times the spikes that its rule heard of, or that a \
         reward changed.",
    ),
    sum(
        "striatum_energy_joules_total",
        &[MODEL, CHIP, BOUND],
        "Energy that the same work would take on a chip, the least and the most that its published figures allow.",
    ),
    counter(
        "striatum_feedback_total",
        &[MODEL, OUTCOME],
        "Decisions that a caller told the right answer of: right or wrong.",
    ),
    gauge(
        "striatum_model_ready",
        &[MODEL, VERSION],
        "1 where the model can be served, 0 where it could not be loaded.",
    ),
    info(
        "striatum_model_info",
        &[MODEL, VERSION, PROFILE],
        "The models that can be served, and the conventions that they run under.",
    ),
    gauge("striatum_models", &[], "Models that can be served."),
    counter(
        "striatum_model_loads_total",
        &[MODEL, OUTCOME],
        "Times that a model's folder was read: ok or failed.",
    ),
    histogram(
        "striatum_model_load_duration_seconds",
        SECONDS,
        &[],
        "Time to read, check and compile the versions of a model.",
    ),
    counter(
        "striatum_checkpoints_total",
        &[MODEL],
        "Versions that were made of what a session learned.",
    ),
    counter(
        "striatum_rollbacks_total",
        &[MODEL],
        "Candidates that were taken back because they did worse than the stable version.",
    ),
    counter(
        "striatum_shadow_comparisons_total",
        &[MODEL, OUTCOME],
        "Answers of a candidate set beside the stable version's: same, differs, failed, skipped.",
    ),
];
