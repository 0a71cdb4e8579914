//! What is to be trained, as a file says it: data, encoder, layers, training. Plain values, read
//! from TOML with every problem listed; whether the layers fit together is `network`'s to say.

mod check;
mod layer;
mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use layer::{Init, LayerConfig};

use crate::surrogate::Surrogate;

/// A whole description.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    /// Where samples come from and how they are split.
    pub data: DataConfig,
    /// How a sample becomes input.
    pub encoder: EncoderConfig,
    /// The conventions of the neurons.
    pub profile: ProfileConfig,
    /// The layers, from input to output.
    pub layers: Vec<LayerConfig>,
    /// How long, in what portions, from which seed.
    pub training: TrainingConfig,
    /// What stands for the derivative of a spike.
    pub surrogate: Surrogate,
    /// What is made small.
    pub loss: LossConfig,
    /// How gradients become steps.
    pub optimiser: OptimiserConfig,
    /// How the learning rate goes over the epochs.
    pub schedule: ScheduleConfig,
    /// How training images are varied.
    pub augmentation: Option<AugmentationConfig>,
    /// How active neurons are wanted.
    pub regularisation: Option<RegularisationConfig>,
    /// When to stop before the last epoch.
    pub early_stop: Option<EarlyStopConfig>,
}

/// Where samples come from and how they are split.
///
/// The rows are put in a random order by `split_seed`; the last `test` of it are the test part, the
/// `validation` before these the validation part, the others train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A `.npz` with two arrays, a `.csv` of numbers, or a folder with a folder of `.npy` for each
    /// class; relative to the description.
    pub path: String,
    /// The array of samples, shape (samples, ...).
    #[serde(default = "default_x")]
    pub x: String,
    /// The array of classes, or the column of a table (default: the last).
    #[serde(default)]
    pub y: Option<String>,
    /// What values are multiplied by to lie in 0 to 1.
    #[serde(default = "one")]
    pub scale: f32,
    /// The shape of one sample, where it is not that of the array: (n) or (channels, height, width).
    #[serde(default)]
    pub shape: Option<Vec<usize>>,
    /// Samples held out for the last report.
    #[serde(default)]
    pub test: usize,
    /// Samples held out to choose by: the best epoch, the end, what a person tunes.
    pub validation: usize,
    /// The seed of the split.
    #[serde(default)]
    pub split_seed: u64,
    /// The names of the classes.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// How a sample becomes input over the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The code.
    pub kind: EncoderKind,
    /// Steps of one sample.
    pub steps: usize,
}

/// A code of values in 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncoderKind {
    /// The value itself as a current in each step ([`sense::Direct`]).
    Direct,
    /// Evenly spaced spikes ([`sense::Rate`]).
    Rate,
    /// Random spikes: in training of a new seed for each sample and epoch, otherwise of seed 0
    /// ([`sense::Bernoulli`]).
    Bernoulli,
    /// One spike, the earlier the higher the value ([`sense::Latency`]).
    Latency,
    /// Samples of shape (steps, ...) are given as they are.
    Steps,
}

/// The conventions of the neurons: snnTorch's, with its reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileConfig {
    /// The framework; `snntorch` is the one that the trainer computes.
    pub name: String,
    /// What a spike does.
    pub reset: ResetConfig,
    /// Whether it does so in the next step.
    pub reset_delay: bool,
}

impl Default for ProfileConfig {
    fn default() -> Self {
        Self { name: "snntorch".to_owned(), reset: ResetConfig::Subtract, reset_delay: true }
    }
}

/// What a spike does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetConfig {
    /// Takes the threshold off the potential.
    Subtract,
    /// Sets the potential to zero.
    Zero,
    /// Nothing.
    None,
}

/// How long, in what portions, from which seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Passes over the training part.
    pub epochs: usize,
    /// Samples of one step of the optimiser; the last batch of an epoch may have fewer.
    pub batch: usize,
    /// The seed of weights, order, dropout, augmentation and random codes.
    #[serde(default)]
    pub seed: u64,
    /// Gradients are scaled down to this norm where theirs is above it.
    #[serde(default)]
    pub clip_norm: Option<f32>,
    /// Whether gradients also follow the reset of a neuron (snnTorch's do not).
    #[serde(default)]
    pub through_reset: bool,
    /// The weights used are a moving average of those trained, with this share kept each batch.
    #[serde(default)]
    pub average: Option<f32>,
}

/// What is made small. Every loss is the mean over the samples of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LossConfig {
    /// Cross entropy of `scale` times the number of spikes of each output.
    Rate {
        /// What counts are multiplied by.
        #[serde(default = "one")]
        scale: f32,
    },
    /// Cross entropy of `scale` times how many steps before the end each output first spiked.
    FirstSpike {
        /// What steps are multiplied by.
        #[serde(default = "one")]
        scale: f32,
    },
    /// Cross entropy of the potentials of a read-out (`li`).
    Membrane {
        /// Which potential of all steps counts.
        #[serde(default)]
        over: Over,
    },
    /// Half the squared distance of filtered spike trains (van Rossum 2001, eq. 3), per `tau`.
    VanRossum {
        /// Time constant of the filter, in steps.
        tau_steps: f32,
        /// Steps between the spikes that the right output shall send; the others shall be silent.
        period_steps: usize,
    },
}

/// Which potential of all steps counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The highest.
    #[default]
    Max,
    /// Their mean.
    Mean,
}

/// How gradients become steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimiserConfig {
    /// Adam (Kingma, Ba 2015, algorithm 1).
    Adam {
        /// Learning rate.
        rate: f32,
        /// Share of the first and the second moment that is kept.
        #[serde(default = "default_betas")]
        betas: [f32; 2],
        /// Added to the root of the second moment.
        #[serde(default = "default_epsilon")]
        epsilon: f32,
    },
    /// AdamW (Loshchilov, Hutter 2019, algorithm 2).
    Adamw {
        /// Learning rate.
        rate: f32,
        /// Share of the first and the second moment that is kept.
        #[serde(default = "default_betas")]
        betas: [f32; 2],
        /// Added to the root of the second moment.
        #[serde(default = "default_epsilon")]
        epsilon: f32,
        /// Share of each weight taken off, per unit of learning rate.
        #[serde(default = "default_decay")]
        weight_decay: f32,
    },
    /// Stochastic gradient descent with momentum (Sutskever et al. 2013, as torch has it).
    Sgd {
        /// Learning rate.
        rate: f32,
        /// Share of the last step that is kept.
        #[serde(default)]
        momentum: f32,
        /// Share of each weight added to its gradient.
        #[serde(default)]
        weight_decay: f32,
    },
}

impl OptimiserConfig {
    /// The learning rate before any schedule.
    pub fn rate(&self) -> f32 {
        match self {
            Self::Adam { rate, .. } | Self::Adamw { rate, .. } | Self::Sgd { rate, .. } => *rate,
        }
    }
}

/// How the learning rate goes over the epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScheduleConfig {
    /// It stays.
    Constant {
        /// Epochs over which it first rises from zero.
        #[serde(default)]
        warm_up_epochs: f32,
    },
    /// It is multiplied by `factor` every `epochs`.
    Step {
        /// Epochs between two steps.
        epochs: usize,
        /// What it is multiplied by.
        factor: f32,
        /// Epochs over which it first rises from zero.
        #[serde(default)]
        warm_up_epochs: f32,
    },
    /// It is multiplied by `factor` each epoch.
    Exponential {
        /// What it is multiplied by.
        factor: f32,
        /// Epochs over which it first rises from zero.
        #[serde(default)]
        warm_up_epochs: f32,
    },
    /// It falls along half a cosine, by batch, to `floor` times what it was at the last epoch
    /// (Loshchilov, Hutter 2017, eq. 5).
    Cosine {
        /// Share of the rate that is left at the end.
        #[serde(default)]
        floor: f32,
        /// Epochs over which it first rises from zero.
        #[serde(default)]
        warm_up_epochs: f32,
    },
    /// It is multiplied by `factor` when the loss on the validation part has not fallen for
    /// `patience` epochs.
    Plateau {
        /// What it is multiplied by.
        factor: f32,
        /// Epochs that are waited.
        patience: usize,
        /// Epochs over which it first rises from zero.
        #[serde(default)]
        warm_up_epochs: f32,
    },
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Constant { warm_up_epochs: 0.0 }
    }
}

/// How training images are varied: each is turned, scaled and shifted by chance, uniformly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentationConfig {
    /// Pixels by which an image is shifted at most, along each axis.
    pub shift_pixels: f32,
    /// Degrees by which it is turned at most, either way.
    pub rotation_degrees: f32,
    /// Share by which it is scaled at most, up or down.
    pub scale: f32,
    /// Share by which it is sheared at most, either way.
    pub shear: f32,
}

/// How active neurons are wanted.
///
/// Adds `strength` times the mean over samples and neurons, summed over layers, of the squared
/// distance of each neuron's spikes per step from the range `lower..=upper`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegularisationConfig {
    /// Weight of the term.
    pub strength: f32,
    /// Spikes per step from which on a neuron costs nothing.
    #[serde(default)]
    pub lower: f32,
    /// Spikes per step up to which it costs nothing.
    pub upper: f32,
}

/// When to stop before the last epoch; the weights of the best epoch are kept in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopConfig {
    /// Epochs without a better result on the validation part.
    pub patience: usize,
}

/// The tables that a description may have.
const TABLES: [&str; 12] = [
    "data",
    "encoder",
    "profile",
    "layers",
    "training",
    "surrogate",
    "loss",
    "optimiser",
    "schedule",
    "augmentation",
    "regularisation",
    "early_stop",
];

fn default_x() -> String {
    "x".to_owned()
}

fn default_betas() -> [f32; 2] {
    [0.9, 0.999]
}

fn default_epsilon() -> f32 {
    1e-8
}

fn default_decay() -> f32 {
    0.01
}

pub(crate) fn one() -> f32 {
    1.0
}

/// The names of a list of classes where none are given.
pub(crate) fn labels(config: &DataConfig, n_classes: usize) -> Vec<String> {
    let given: BTreeMap<usize, &String> = config.labels.iter().enumerate().collect();
    (0..n_classes).map(|c| given.get(&c).map_or_else(|| c.to_string(), |&l| l.clone())).collect()
}
