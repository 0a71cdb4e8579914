//! Circuits: large recurrent networks described by rules, with a delay per synapse, run by threads
//! that own their targets.
//!
//! A [`Circuit`] is data; [`Circuit::check`] names everything wrong with it, [`Circuit::build`]
//! draws its synapses, and a [`Simulation`] steps it. `docs/concepts/delivery.md` tells how a spike
//! travels and what each choice measured.
//!
//! Read `describe` for what can be said, `plan` for who owns what, `rows` and `deliver` for how
//! spikes travel, `update` for how neurons move, `learn` for how weights change.

mod check;
mod deliver;
mod describe;
mod draw;
mod drive;
mod fault;
mod huge;
mod learn;
mod neuron;
mod plan;
mod plastic;
mod rows;
mod rule;
mod shard;
mod simulation;
mod threads;
mod update;

pub use check::{Estimate, MAX_DISTINCT, MAX_POPULATIONS, MAX_REFRACTORY_STEPS, MAX_SYNAPSES};
pub use describe::{
    Circuit, Distribution, Population, Probe, Projection, Rule, Stimulus, StimulusKind, Synapse,
    ThresholdHomeostasis, Variable,
};
pub use fault::{Fault, Faults, Place};
pub use neuron::{AdEx, Conductance, Izhikevich, Lif, Neuron, Synapses};
pub use plastic::{DelayPart, Dependence, Plasticity, Scaling, Triplet};
pub use simulation::{Report, Samples, Simulation, Spikes, Weights};
