//! From a chain of layers and its scales to a NIR graph of integrate-and-fire neurons.
//!
//! Of layer l with scale lambda_l the weights become `W lambda_(l-1) / lambda_l` and the biases
//! `b / lambda_l` (Diehl et al. 2015; Rueckauer et al. 2017, equation 7), so that a neuron with
//! threshold 1 that loses the threshold at a spike (equation 4) fires at the rate `a / lambda_l`
//! for an activation a, up to one spike in each step (equations 5 and 6).
//! A sample is a constant current of its values: lambda_0 = 1 (section 2.3, analogue input).

use std::collections::BTreeMap;

use nir::{Framework, Graph, Node, Padding, ProfileOptions, ResetOption, Tensor};

use crate::ann::{Affine, Ann, Conv, Layer, Op};
use crate::balance::Balance;
use crate::error::ConvertError;

/// How the answer of the last layer is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readout {
    /// The last layer adds up its input and never fires; its potential after T steps is T times
    /// what the network gives. Exact sooner.
    #[default]
    Potential,
    /// The last layer fires, and its spikes are counted; what is negative gives none.
    Counts,
}

/// What may be chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How the answer is read.
    pub readout: Readout,
    /// Potential before the first step as a share of the threshold, 0 to 1. One half makes a rate
    /// the rounded activation instead of the one rounded down (Deng and Gu 2021, "Optimal
    /// conversion of conventional artificial neural networks to spiking neural networks",
    /// section 4).
    pub start: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { readout: Readout::Potential, start: 0.5 }
    }
}

/// A spiking network, and what its neurons stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// The graph, checked.
    pub graph: Graph,
    /// The conventions under which it runs: steps of 1, reset by subtraction, the threshold itself
    /// fires, potentials start where `v_reset` says.
    pub options: ProfileOptions,
    /// The neurons, from the input on; the last are those that are read.
    pub layers: Vec<SpikingLayer>,
    /// How the answer is read; `Counts` where the network ends in a rectifier.
    pub readout: Readout,
}

/// Neurons of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikingLayer {
    /// Their node in the graph.
    pub name: String,
    /// The ONNX node that they stand for.
    pub node: String,
    /// Its position among the layers of the [`Ann`].
    pub layer: usize,
    /// Activation that one spike in each step, or a potential of one for each step, stands for.
    pub lambda: f32,
    /// How many there are.
    pub n_neurons: usize,
    /// Whether they fire.
    pub fires: bool,
}

/// Makes a spiking network of a chain.
///
/// # Errors
/// [`ConvertError::Setting`] for a start outside 0 to 1 or scales of another network;
/// [`ConvertError::Network`] where scaled weights are no finite numbers.
pub fn convert(ann: &Ann, scales: &Balance, settings: Settings) -> Result<Converted, ConvertError> {
    let wrong = |setting, expected, found| Err(ConvertError::Setting { setting, expected, found });
    if !(0.0..=1.0).contains(&settings.start) {
        return wrong("start", "0 to 1", settings.start.to_string());
    }
    if scales.lambda.len() != ann.layers.len()
        || !scales.lambda.iter().all(|l| l.is_normal() && *l > 0.0)
    {
        return wrong("scales", "one above 0 for each layer", format!("{:?}", scales.lambda));
    }
    let mut builder = Builder::new(ann, settings);
    let ends_in_relu = matches!(ann.layers.last().map(|l| &l.op), Some(Op::Relu { .. }));
    let mut first = 0;
    for (idx, layer) in ann.layers.iter().enumerate() {
        if matches!(layer.op, Op::Relu { .. }) {
            builder.stage(ann, first..idx, scales.lambda[idx])?;
            builder.fire(layer, idx)?;
            first = idx + 1;
        }
    }
    let last = ann.layers.len() - 1;
    let readout = if ends_in_relu { Readout::Counts } else { settings.readout };
    if !ends_in_relu {
        match readout {
            Readout::Counts => {
                builder.stage(ann, first..last + 1, scales.lambda[last])?;
                builder.fire(&ann.layers[last], last)?;
            }
            Readout::Potential => {
                builder.stage(ann, first..last + 1, 1.0)?;
                builder.integrate(&ann.layers[last], last)?;
            }
        }
    }
    builder.finish(&ann.layers[last].output, readout)
}

/// The graph as far as it goes.
struct Builder {
    graph: Graph,
    layers: Vec<SpikingLayer>,
    settings: Settings,
    /// The node that feeds the next one.
    from: String,
    /// Activation that one event of `from` stands for.
    unit: f32,
    /// Activation for which the next neurons shall fire in each step.
    lambda: f32,
    numbers: BTreeMap<&'static str, usize>,
}

impl Builder {
    fn new(ann: &Ann, settings: Settings) -> Self {
        let mut builder = Self {
            graph: Graph::default(),
            layers: Vec::new(),
            settings,
            from: "input".into(),
            unit: 1.0,
            lambda: 1.0,
            numbers: BTreeMap::new(),
        };
        let input = nir::Input { shape: ann.input_shape.clone() };
        builder.graph.nodes.insert("input".into(), Node::Input(input));
        builder
    }

    fn add(&mut self, kind: &'static str, node: Node) -> String {
        let number = self.numbers.entry(kind).or_default();
        *number += 1;
        let name = format!("{kind}_{number}");
        self.link(&name, node);
        name
    }

    fn link(&mut self, name: &str, node: Node) {
        self.graph.nodes.insert(name.to_owned(), node);
        let from = std::mem::replace(&mut self.from, name.to_owned());
        self.graph.edges.push((from, name.to_owned()));
    }

    /// The layers between two populations of neurons. The last one with weights carries the scale;
    /// biases before it are in the unit of what comes in.
    fn stage(
        &mut self,
        ann: &Ann,
        range: std::ops::Range<usize>,
        lambda: f32,
    ) -> Result<(), ConvertError> {
        let layers = &ann.layers[range];
        let weighted = |layer: &Layer| matches!(layer.op, Op::Affine(_) | Op::Conv(_));
        let scaled = layers.iter().rposition(weighted);
        let before = self.unit;
        for (k, layer) in layers.iter().enumerate() {
            let after = if Some(k) == scaled { lambda } else { self.unit };
            let node = map(layer, self.unit, after).ok_or_else(|| unfit(layer))?;
            self.add(kind(&layer.op), node);
            self.unit = after;
        }
        debug_assert!(scaled.is_some() || self.unit == before);
        self.lambda = lambda;
        Ok(())
    }

    /// Neurons that fire; their threshold is 1 where weights carried the scale.
    fn fire(&mut self, layer: &Layer, idx: usize) -> Result<(), ConvertError> {
        let threshold = self.lambda / self.unit;
        let all = |value| population(layer, value);
        let node = Node::If(nir::If {
            r: all(1.0)?,
            v_threshold: all(threshold)?,
            v_reset: Some(all(self.settings.start * threshold)?),
        });
        let name = self.add("if", node);
        self.unit = self.lambda;
        self.note(name, layer, idx, true);
        Ok(())
    }

    /// Neurons that add up their input.
    fn integrate(&mut self, layer: &Layer, idx: usize) -> Result<(), ConvertError> {
        self.link("readout", Node::I(nir::I { r: population(layer, 1.0)? }));
        self.note("readout".into(), layer, idx, false);
        Ok(())
    }

    fn note(&mut self, name: String, layer: &Layer, idx: usize, fires: bool) {
        self.layers.push(SpikingLayer {
            name,
            node: layer.node.clone(),
            layer: idx,
            lambda: self.unit,
            n_neurons: layer.size(),
            fires,
        });
    }

    fn finish(mut self, shape: &[usize], readout: Readout) -> Result<Converted, ConvertError> {
        self.link("output", Node::Output(nir::Output { shape: shape.to_vec() }));
        let loaded = self.graph.checked().map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            ConvertError::Network(all.join("; "))
        })?;
        // SpikingJelly's integrators start at `v_reset` and fire at the threshold itself.
        let options = ProfileOptions {
            name: Some(Framework::SpikingJelly),
            dt: Some(1.0),
            reset: Some(ResetOption::Subtract),
            ..ProfileOptions::default()
        };
        Ok(Converted { graph: loaded.graph, options, layers: self.layers, readout })
    }
}

fn kind(op: &Op) -> &'static str {
    match op {
        Op::Affine(_) => "affine",
        Op::Conv(_) => "conv",
        Op::AvgPool(_) => "avg_pool",
        Op::Flatten => "flatten",
        Op::Relu { .. } => "if",
    }
}

fn unfit(layer: &Layer) -> ConvertError {
    ConvertError::Network(format!("{}: its weights do not have its shape", layer.node))
}

fn population(layer: &Layer, value: f32) -> Result<Tensor, ConvertError> {
    Tensor::from_f32(layer.output.clone(), vec![value; layer.size()]).ok_or_else(|| unfit(layer))
}

/// A layer without state as a node that takes values in units of `before` and gives them in units
/// of `after`.
fn map(layer: &Layer, before: f32, after: f32) -> Option<Node> {
    let weights = |values: &[f32]| values.iter().map(|w| w * (before / after)).collect::<Vec<_>>();
    let biases = |values: &[f32]| values.iter().map(|b| b / after).collect::<Vec<_>>();
    Some(match &layer.op {
        Op::Affine(Affine { weight, bias }) => Node::Affine(nir::Affine {
            weight: Tensor::from_f32([bias.len(), weight.len() / bias.len()], weights(weight))?,
            bias: Tensor::from_f32([bias.len()], biases(bias))?,
        }),
        Op::Conv(conv) => {
            let Conv { weight, bias, kernel, stride, padding, dilation, groups } = conv;
            let shape = [bias.len(), conv.channels_in(), kernel[0], kernel[1]];
            Node::Conv2d(nir::Conv2d {
                input_shape: Some([*layer.input.get(1)?, *layer.input.get(2)?]),
                weight: Tensor::from_f32(shape, weights(weight))?,
                stride: *stride,
                padding: Padding::Explicit(*padding),
                dilation: *dilation,
                groups: *groups,
                bias: Tensor::from_f32([bias.len()], biases(bias))?,
            })
        }
        Op::AvgPool(pool) => Node::AvgPool2d(nir::AvgPool2d {
            kernel_size: pool.kernel,
            stride: pool.stride,
            padding: pool.padding,
        }),
        Op::Flatten => Node::Flatten(nir::Flatten {
            input_shape: Some(layer.input.clone()),
            start_dim: 0,
            end_dim: -1,
        }),
        Op::Relu { .. } => return None,
    })
}
