//! What the equations leave open: the conventions by which a framework steps its neurons.
//! They are parameters of a compiled network, not variants of the code; `nir` fills them from a
//! framework's profile.

/// The conventions of one population of linear neurons (I, LI, IF, LIF, CubaLI, CubaLIF).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conventions {
    /// Length of a step, in the unit of the time constants (seconds).
    pub dt: f64,
    /// How a decay is integrated over one step.
    pub integration: Integration,
    /// The order of operations in the update; it decides the last bit.
    pub form: Form,
    /// By how much a unit of input moves the potential.
    pub gain: Gain,
    /// The order of jump, use and decay of a synaptic current.
    pub synapse: SynapseOrder,
    /// Whether the threshold itself fires.
    pub comparison: Comparison,
    /// How many spikes one step may bring.
    pub spikes: SpikesPerStep,
    /// What a spike does to the potential.
    pub reset: Reset,
    /// When it does so.
    pub reset_timing: ResetTiming,
    /// Lower bound of the potential, as a multiple of the threshold.
    pub lower_bound: Option<f32>,
    /// Steps after a spike in which the neuron is refractory.
    pub refractory_steps: u32,
    /// What a refractory neuron does.
    pub refractory: Refractory,
    /// When the input of a step arrives.
    pub arrival: Arrival,
    /// Where the potential starts.
    pub start: Start,
}

impl Conventions {
    /// NIR's equations in forward Euler steps of `dt`, read plainly: fires above the threshold,
    /// resets to `v_reset` in the same step.
    pub fn plain(dt: f64) -> Self {
        Self {
            dt,
            integration: Integration::ForwardEuler,
            form: Form::Increment,
            gain: Gain::Equation,
            synapse: SynapseOrder::EquationThenUse,
            comparison: Comparison::Greater,
            spikes: SpikesPerStep::One,
            reset: Reset::Value,
            reset_timing: ResetTiming::SameStep,
            lower_bound: None,
            refractory_steps: 0,
            refractory: Refractory::Hold,
            arrival: Arrival::BeforeThreshold,
            start: Start::Zero,
        }
    }
}

/// How a decay with time constant `tau` is integrated over one step of `dt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integration {
    /// Decay by `1 - dt / tau`.
    ForwardEuler,
    /// Decay by `exp(-dt / tau)`.
    Exact,
    /// As `Exact`, over the part of the step in which the neuron is not refractory, with the time
    /// of the spike inside the step (Nengo).
    ExactWithinStep,
}

/// The order of operations of the update. The first three are the same equation and differ in
/// rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `v = decay (v - rest) + rest + gain x`.
    Product,
    /// `v = v + rate ((rest - v) + x)`.
    Increment,
    /// `v = v + ((rest - v) + x) / tau`, and `v = v - (v - rest) / tau + x` for unit gain.
    Quotient,
    /// `v = decay ((v - rest) + gain x) + rest`: the input decays in the step that it arrives in.
    JumpProduct,
}

/// By how much a unit of input moves the potential in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gain {
    /// As the equation says: `r dt / tau`, or `r (1 - exp(-dt / tau))`.
    Equation,
    /// By one, whatever `r` and `tau`.
    Unit,
    /// As the equation says with `r = 1`; by one in a model without a leak.
    UnitResistance,
}

/// The order of jump, use and decay of a synaptic current within one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SynapseOrder {
    /// `i = decay i + w_in x`, then the potential uses `i`.
    DecayThenUse,
    /// `i = decay i + (1 - decay) w_in x`, then the potential uses `i`: NIR's equation.
    EquationThenUse,
    /// The potential uses `i`, then `i = decay i + (1 - decay) w_in x`: NIR's equation, both
    /// variables stepped from the old state.
    UseThenEquation,
    /// `i = i + x`, the potential uses `i`, then `i = decay i` (Norse).
    JumpUseDecay,
    /// `i = decay (i + x)`, then the potential uses `i` (Rockpool).
    JumpDecayUse,
}

/// Whether a potential that equals the threshold fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `v > v_threshold`.
    Greater,
    /// `v >= v_threshold`.
    GreaterOrEqual,
}

/// How many spikes a neuron may emit in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpikesPerStep {
    /// One.
    One,
    /// As many thresholds as the potential holds.
    Many,
}

/// What a spike does to the potential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// `v = 0`.
    Zero,
    /// `v = v - n v_threshold` for `n` spikes.
    Subtract,
    /// `v = v_reset`.
    Value,
    /// Nothing: the neuron fires for as long as it is above the threshold.
    None,
}

/// When the reset happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetTiming {
    /// In the step of the spike.
    SameStep,
    /// In the next step: a subtraction after the update, a reset to a value before it.
    NextStep,
    /// In the next step, whose whole update of the potential is lost, input included.
    NextStepDiscardsUpdate,
    /// In the step of the spike; a potential that is still above the threshold is tested in the
    /// next step with one more threshold taken off, which it gets back after the test (snnTorch
    /// with `reset_delay=False`).
    SameStepChargedAhead,
}

/// What a refractory neuron does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refractory {
    /// Keeps its potential; input is lost.
    Hold,
    /// Decays; input is lost.
    Decay,
    /// Integrates as ever, but cannot fire.
    Silent,
}

/// When the input of a step arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Before the threshold is tested: input of a step can fire in that step.
    BeforeThreshold,
    /// After the threshold and before the reset: it can fire in the next step at the earliest, and
    /// is wiped by the reset of a neuron that has just fired (Brian2).
    AfterThreshold,
}

/// Where the potential starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At zero.
    Zero,
    /// At `v_leak`.
    Leak,
    /// At `v_reset`.
    Reset,
}
