//! What training tells: a report for each epoch, and one at the end.

use serde::{Deserialize, Serialize};

/// What one epoch brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The learning rate of its last batch.
    pub rate: f32,
    /// Mean over its training samples, with the weights of the moment.
    pub training: Score,
    /// Mean over the validation part, with the weights after the epoch.
    pub validation: Score,
    /// Whether it is the best so far by what the validation part says.
    pub is_best: bool,
    /// What it took, by the caller's clock, validation included.
    pub seconds: f64,
    /// What its training took, by the caller's clock, validation left out.
    pub training_seconds: f64,
}

/// How well a network does on some samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Samples.
    pub samples: usize,
    /// Mean loss of a sample.
    pub loss: f64,
    /// Share of samples whose class was said.
    pub accuracy: f64,
    /// Spikes of each layer of neurons, per neuron and step; 0 for a read-out.
    pub spikes_per_neuron_step: Vec<f64>,
}

/// What a whole training brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingReport {
    /// Every epoch.
    pub epochs: Vec<EpochReport>,
    /// The epoch whose weights were kept, from 1.
    pub best_epoch: usize,
    /// Its score on the validation part.
    pub validation: Score,
    /// Its score on the test part, where there is one: nothing was chosen by it.
    pub test: Option<Score>,
    /// Weights and biases.
    pub parameters: usize,
    /// Samples that trained.
    pub training_samples: usize,
    /// The seed of the training.
    pub seed: u64,
    /// The seed of the split.
    pub split_seed: u64,
    /// Why it ended.
    pub ended: Ended,
}

/// Why a training ended, or that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It goes on.
    Not,
    /// All epochs were run.
    Epochs,
    /// The validation part had not become better for long enough.
    Patience,
}
