//! Spiking networks and running them: described once, compiled to flat arrays, stepped by sessions.
//!
//! A [`Network`] is data: populations of neurons of one [`Model`], projections between them, and
//! which populations are read. [`Network::compile`] checks it, names every problem, and lays it out
//! as a [`Compiled`] that any number of sessions share. A [`Session`] owns only state; its
//! [`run`](Session::run) takes rasters of events and gives rasters and a [`Report`] back.
//!
//! Why it is fast: propagation follows spikes, a layer runs for a window of steps before the next
//! so that its weights stay in cache, sums stay in registers, and weights that a byte holds exactly
//! are bytes. Why it is exact: every convention that a framework's equations leave open is a
//! parameter ([`Conventions`]), the order of additions is fixed, and no instruction set changes a
//! bit.
//!
//! A large recurrent network described by rules, with a delay for every synapse, is a
//! [`circuit::Circuit`] and has an engine of its own.
//!
//! The crate is pure: no files, clock, log, async or globals. The same input gives the same spikes
//! on any machine and any number of threads.

mod aligned;
mod batch;
pub mod circuit;
mod compile;
mod conventions;
mod events;
mod exp;
mod learn;
mod network;
mod neuron;
mod problem;
mod propagate;
mod random;
mod raster;
mod session;
mod simd;
mod snapshot;

pub use batch::run_batch;
pub use compile::{Compiled, MAX_DELAY_STEPS, MAX_NEURONS, Port};
pub use conventions::{
    Arrival, Comparison, Conventions, Form, Gain, Integration, Refractory, Reset, ResetTiming,
    SpikesPerStep, Start, SynapseOrder,
};
pub use learn::{Dependence, Learning, PostPre, RewardStdp, Stdp};
pub use network::{Bias, Network, Output, Population, PopulationId, Projection};
pub use neuron::{
    AdEx, AdaptiveLif, ConductanceLif, CubaLi, CubaLif, CurrentLif, Delay, Emission, I, If,
    Izhikevich, Li, Lif, MAX_POISSON_PER_STEP, Model, Poisson, Relay, SpikeList, SynapseShape,
    Threshold, Values,
};
pub use problem::{Problem, Problems, RunError};
pub use propagate::{Connection, Conv2d, Dense, OneToOne, Padding2d, Pool2d, RowLimit, Sparse};
pub use raster::Raster;
pub use session::{Potentials, Probe, Recording, Report, Run, Session};
pub use simd::Isa;
pub use snapshot::SnapshotError;
