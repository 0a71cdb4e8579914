//! The layers that a description may name.

use serde::{Deserialize, Serialize};

use super::one;

/// One layer. Sizes along the way are inferred; a convolution and a pool take images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerConfig {
    /// Every input to every output, NIR's `Affine` or `Linear`.
    Linear {
        /// Outputs.
        features: usize,
        /// Whether each output has a bias.
        #[serde(default = "yes")]
        bias: bool,
        /// How weights begin.
        #[serde(default)]
        init: Init,
    },
    /// A convolution, NIR's `Conv2d`, with one group and no dilation.
    Conv2d {
        /// Channels out.
        channels: usize,
        /// Height and width of the kernel.
        kernel: usize,
        /// Positions between two outputs.
        #[serde(default = "first")]
        stride: usize,
        /// Zeros on each side.
        #[serde(default)]
        padding: usize,
        /// Whether each channel out has a bias.
        #[serde(default = "yes")]
        bias: bool,
        /// How weights begin.
        #[serde(default)]
        init: Init,
    },
    /// The sum of each window, NIR's `SumPool2d`.
    SumPool2d {
        /// Height and width of the window.
        kernel: usize,
        /// Positions between two windows; the kernel where absent.
        #[serde(default)]
        stride: Option<usize>,
    },
    /// The mean of each window, NIR's `AvgPool2d`.
    AvgPool2d {
        /// Height and width of the window.
        kernel: usize,
        /// Positions between two windows; the kernel where absent.
        #[serde(default)]
        stride: Option<usize>,
    },
    /// An image as one axis.
    Flatten {},
    /// Normalises each channel of the map before it over samples, steps and positions (Ioffe,
    /// Szegedy 2015); folded into that map when the network is used.
    BatchNorm {
        /// Share of the running moments that a batch replaces.
        #[serde(default = "tenth")]
        momentum: f32,
        /// Added to the variance.
        #[serde(default = "default_epsilon")]
        epsilon: f32,
    },
    /// Silences a share of the values, the same in all steps of a sample (Srivastava et al. 2014).
    Dropout {
        /// The share.
        share: f32,
    },
    /// Leaky integrate-and-fire neurons: `v = beta v + x`, spikes above the threshold.
    Lif {
        /// What remains of the potential after a step.
        beta: f32,
        /// The threshold.
        #[serde(default = "one")]
        threshold: f32,
        /// Whether each neuron hears all of the layer, one step later.
        #[serde(default)]
        recurrent: bool,
    },
    /// Integrate-and-fire neurons: [`LayerConfig::Lif`] without leak.
    If {
        /// The threshold.
        #[serde(default = "one")]
        threshold: f32,
    },
    /// LIF neurons with a synaptic current: `i = alpha i + x`, `v = beta v + i`.
    CubaLif {
        /// What remains of the current after a step.
        alpha: f32,
        /// What remains of the potential after a step.
        beta: f32,
        /// The threshold.
        #[serde(default = "one")]
        threshold: f32,
        /// Whether each neuron hears all of the layer, one step later.
        #[serde(default)]
        recurrent: bool,
    },
    /// A read-out: leaky integrators that do not spike.
    Li {
        /// What remains of the potential after a step.
        beta: f32,
    },
}

/// How weights begin, for a map with `n` inputs for each output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// Uniform within `1 / sqrt(n)`, biases too: torch's default for linear maps and convolutions.
    #[default]
    Torch,
    /// Normal with variance `2 / n` (He et al. 2015, eq. 10), biases zero.
    He,
    /// Normal with variance `2 / (n + m)` for `m` outputs of each input (Glorot, Bengio 2010,
    /// eq. 12), biases zero.
    Glorot,
}

impl LayerConfig {
    /// The layer's kind as it is written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear",
            Self::Conv2d { .. } => "conv2d",
            Self::SumPool2d { .. } => "sum_pool2d",
            Self::AvgPool2d { .. } => "avg_pool2d",
            Self::Flatten {} => "flatten",
            Self::BatchNorm { .. } => "batch_norm",
            Self::Dropout { .. } => "dropout",
            Self::Lif { .. } => "lif",
            Self::If { .. } => "if",
            Self::CubaLif { .. } => "cuba_lif",
            Self::Li { .. } => "li",
        }
    }
}

fn yes() -> bool {
    true
}

fn first() -> usize {
    1
}

fn tenth() -> f32 {
    0.1
}

fn default_epsilon() -> f32 {
    1e-5
}
