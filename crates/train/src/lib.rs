//! Training of spiking networks by surrogate gradients: backpropagation through time (Neftci,
//! Mostafa, Zenke 2019) for the networks that `spike` runs.
//!
//! A [`Config`] describes data, layers and training; [`Config::from_toml`] names everything that is
//! wrong with it. A [`Trainer`] runs epochs over a [`Dataset`] and keeps the best by the validation
//! part; [`Trainer::checkpoint`] is all of it as bytes, from which [`Trainer::resume`] goes on to
//! the same bits. [`Trained`] is the result as it is used: a NIR graph and its `model.toml`, under
//! which `spike` gives the spikes that the trainer gave.
//!
//! Why it is fast: what is constant over the steps is computed once, spikes are followed where they
//! are few, a few samples stay in cache from the first layer to the last and back, and everything
//! else is products of matrices. Why it repeats: every sum has one order, whatever the instruction
//! set and the number of threads.
//!
//! The crate is pure: no files, clock, log or globals.

pub mod limits;

mod config;
mod data;
mod error;
mod surrogate;

mod network;
mod neuron;

mod pass;

mod loss;

mod augment;
mod encode;
mod optimiser;
mod schedule;

mod checkpoint;
mod curve;
mod report;
mod trained;
mod trainer;

#[cfg(test)]
mod gradients;
mod kernel;
mod parallel;
mod random;

pub use config::{
    AugmentationConfig, Config, DataConfig, EarlyStopConfig, EncoderConfig, EncoderKind, Init,
    LayerConfig, LossConfig, OptimiserConfig, Over, ProfileConfig, RegularisationConfig,
    ResetConfig, ScheduleConfig, TrainingConfig,
};
pub use curve::Curve;
pub use data::{Dataset, Split};
pub use error::{Problem, Problems, TrainError};
pub use report::{Ended, EpochReport, Score, TrainingReport};
pub use surrogate::{Surrogate, SurrogateKind};
pub use trained::{Answer, Trained};
pub use trainer::{Gradient, Trainer, gradient};
