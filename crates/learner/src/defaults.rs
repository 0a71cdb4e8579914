//! What a learner is made of where nothing is said: for one pass of samples in whatever order they
//! come. Not the published values, which the crates `plasticity` and `reservoir` have; what chose
//! these, and what they give, is in `docs/learning/defaults.md`.

use plasticity::{CompetitionConfig, EPropConfig};
use reservoir::{LiquidConfig, Windows};

/// Recurrent neurons of e-prop.
pub const EPROP_NEURONS: usize = 200;

/// Neurons that compete.
pub const COMPETING: usize = 400;

/// Ridge of a liquid's read-out.
pub const LIQUID_RIDGE: f64 = 10.0;

/// Learning rates of all neurons that e-prop teaches together: one sample moves the read-out by the
/// sum over its neurons, so that more of them each move less.
const EPROP_RATES: f32 = 0.2;

/// The published sum of the weights onto a neuron of a competition, for 784 inputs.
const MAX_NORM: f32 = 78.4;

/// Inputs that a neuron of a liquid hears, on average.
const HEARD: f64 = 3.0;

/// A network for e-prop: `rate = 0.2 / n_neurons`, a threshold of 1, and a membrane that forgets in
/// 2 steps, since it is the recurrent spikes and the read-out that remember.
pub fn eprop(n_inputs: usize, n_classes: usize, n_neurons: usize, seed: u64) -> EPropConfig {
    EPropConfig {
        n_neurons,
        tau_mem_steps: 2.0,
        threshold: 1.0,
        rate: EPROP_RATES / n_neurons.max(1) as f32,
        ..EPropConfig::new(n_inputs, n_classes, seed)
    }
}

/// A competing network: `norm = min(n_inputs / 4, 78.4)`, 250 steps a sample instead of 100, and
/// thresholds that rise four times as fast as published, so that a neuron which wins gives way
/// within some hundred samples and not some ten thousand.
pub fn competition(n_inputs: usize, n_neurons: usize, seed: u64) -> CompetitionConfig {
    CompetitionConfig {
        n_steps: 250,
        norm: MAX_NORM.min(n_inputs as f32 / 4.0),
        theta_plus: 0.2,
        ..CompetitionConfig::new(n_inputs, n_neurons, seed)
    }
}

/// A liquid: 100 neurons, each of which hears three inputs on average
/// (`input_connectivity = min(1, 3 / n_inputs)`) at the size of the threshold, and whose spikes are
/// counted in four parts of the input.
pub fn liquid(n_inputs: usize, seed: u64) -> LiquidConfig {
    LiquidConfig {
        n_neurons: 100,
        input_connectivity: (HEARD / n_inputs.max(1) as f64).min(1.0),
        input_scale: 1.0,
        tau_mem_steps: 10.0,
        tau_syn_steps: 1.5,
        windows: Windows::Parts(4),
        ..LiquidConfig::new(n_inputs, seed)
    }
}

/// A liquid that hears the liquids of senses: 200 neurons, all else as in [`LiquidConfig::new`].
pub fn above(n_inputs: usize, seed: u64) -> LiquidConfig {
    LiquidConfig { n_neurons: 200, ..LiquidConfig::new(n_inputs, seed) }
}
