//! The nodes of a NIR graph, one type for each primitive of nir 1.0.8.
//! Each type's page gives equation, units, shapes and source.

mod conv;
mod delay;
mod flatten;
mod integrator;
mod linear;
mod neuron;
mod pool;
mod port;
mod threshold;

pub use conv::{Conv1d, Conv2d, Padding};
pub use delay::Delay;
pub use flatten::Flatten;
pub use integrator::{CubaLi, I, Li};
pub use linear::{Affine, Linear, Scale};
pub use neuron::{CubaLif, If, Lif};
pub use pool::{AvgPool2d, SumPool2d};
pub use port::{Input, Output};
pub use threshold::Threshold;

use crate::graph::Graph;
use crate::tensor::Tensor;

/// One node of a [`Graph`].
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // Each variant's type carries its page.
pub enum Node {
    Input(Input),
    Output(Output),
    Affine(Affine),
    Linear(Linear),
    Scale(Scale),
    Conv1d(Conv1d),
    Conv2d(Conv2d),
    SumPool2d(SumPool2d),
    AvgPool2d(AvgPool2d),
    Flatten(Flatten),
    Delay(Delay),
    Threshold(Threshold),
    I(I),
    Li(Li),
    CubaLi(CubaLi),
    If(If),
    Lif(Lif),
    CubaLif(CubaLif),
    /// A nested graph, NIR `NIRGraph`; a loaded graph has none, for they are spliced in.
    Graph(Box<Graph>),
}

impl Node {
    /// The primitive's name as NIR spells it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Input(_) => "Input",
            Self::Output(_) => "Output",
            Self::Affine(_) => "Affine",
            Self::Linear(_) => "Linear",
            Self::Scale(_) => "Scale",
            Self::Conv1d(_) => "Conv1d",
            Self::Conv2d(_) => "Conv2d",
            Self::SumPool2d(_) => "SumPool2d",
            Self::AvgPool2d(_) => "AvgPool2d",
            Self::Flatten(_) => "Flatten",
            Self::Delay(_) => "Delay",
            Self::Threshold(_) => "Threshold",
            Self::I(_) => "I",
            Self::Li(_) => "LI",
            Self::CubaLi(_) => "CubaLI",
            Self::If(_) => "IF",
            Self::Lif(_) => "LIF",
            Self::CubaLif(_) => "CubaLIF",
            Self::Graph(_) => "NIRGraph",
        }
    }

    /// Whether the node carries state from one step to the next.
    #[must_use]
    pub fn is_stateful(&self) -> bool {
        match self {
            Self::Delay(Delay { delay }) => delay.iter().all(|seconds| seconds > 0.0),
            _ => self.is_neuron(),
        }
    }

    /// Whether the node is a population of neurons, spiking or not.
    #[must_use]
    pub fn is_neuron(&self) -> bool {
        matches!(
            self,
            Self::I(_)
                | Self::Li(_)
                | Self::CubaLi(_)
                | Self::If(_)
                | Self::Lif(_)
                | Self::CubaLif(_)
        )
    }

    /// Whether the node sends spikes: `IF`, `LIF`, `CubaLIF`, `Threshold`.
    #[must_use]
    pub fn is_spiking(&self) -> bool {
        matches!(self, Self::If(_) | Self::Lif(_) | Self::CubaLif(_) | Self::Threshold(_))
    }

    /// Every tensor of the node with its field's name.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, &Tensor)> {
        let mut parameters = Vec::new();
        macro_rules! fields {
            ($node:expr; $($field:ident),* $(; $optional:ident)?) => {{
                $(parameters.push((stringify!($field), &$node.$field));)*
                $(if let Some(tensor) = &$node.$optional {
                    parameters.push((stringify!($optional), tensor));
                })?
            }};
        }
        each_parameter!(self, fields);
        parameters
    }

    /// Every tensor of the node with its field's name, to change.
    pub(crate) fn parameters_mut(&mut self) -> Vec<(&'static str, &mut Tensor)> {
        let mut parameters = Vec::new();
        macro_rules! fields {
            ($node:expr; $($field:ident),* $(; $optional:ident)?) => {{
                $(parameters.push((stringify!($field), &mut $node.$field));)*
                $(if let Some(tensor) = &mut $node.$optional {
                    parameters.push((stringify!($optional), tensor));
                })?
            }};
        }
        each_parameter!(self, fields);
        parameters
    }
}

/// Calls `$fields!(node; tensors; optional tensor)` for the node at hand.
macro_rules! each_parameter {
    ($node:expr, $fields:ident) => {
        match $node {
            Node::Affine(node) => $fields!(node; weight, bias),
            Node::Linear(node) => $fields!(node; weight),
            Node::Scale(node) => $fields!(node; scale),
            Node::Conv1d(node) => $fields!(node; weight, bias),
            Node::Conv2d(node) => $fields!(node; weight, bias),
            Node::Delay(node) => $fields!(node; delay),
            Node::Threshold(node) => $fields!(node; threshold),
            Node::I(node) => $fields!(node; r),
            Node::Li(node) => $fields!(node; tau, r, v_leak),
            Node::CubaLi(node) => $fields!(node; tau_syn, tau_mem, r, v_leak, w_in),
            Node::If(node) => $fields!(node; r, v_threshold; v_reset),
            Node::Lif(node) => $fields!(node; tau, r, v_leak, v_threshold; v_reset),
            Node::CubaLif(node) => {
                $fields!(node; tau_syn, tau_mem, r, v_leak, v_threshold, w_in; v_reset);
            }
            Node::Input(_)
            | Node::Output(_)
            | Node::SumPool2d(_)
            | Node::AvgPool2d(_)
            | Node::Flatten(_)
            | Node::Graph(_) => {}
        }
    };
}
use each_parameter;
