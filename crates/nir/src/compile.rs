//! From a checked graph and a profile to a `spike` network.
//! Neurons, ports and maps whose result is shared or read become populations; a map that feeds one
//! population becomes a projection; nodes that only pass values on (`Flatten`, a `Delay` that is
//! the same for all) become part of the projections through them.

use std::collections::BTreeMap;

use spike::{
    Bias, Connection, Conventions, Form, Model, Network, Population, PopulationId, Projection,
    Reset, ResetTiming, Start,
};

use crate::graph::{Graph, Links};
use crate::node::{Conv1d, Conv2d, Node, Padding};
use crate::problem::Problem;
use crate::profile::{Framework, Profile, StoredTau};
use crate::shape::NodeShape;
use crate::tensor::Tensor;

/// A delay that is further from a whole number of steps is rounded, and that is said.
const MAX_DELAY_ROUNDING_STEPS: f64 = 1e-3;

/// A graph as a network, with what was assumed on the way.
#[derive(Debug)]
pub struct Lowered {
    /// The network.
    pub network: Network,
    /// What was assumed, a sentence each.
    pub notes: Vec<String>,
    /// The projections that learn: the node with their weights, source and target.
    pub learning: Vec<(String, PopulationId, PopulationId)>,
}

/// Why a graph does not become a network.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Nodes that cannot run under the profile.
    #[error("{}", lines(.0))]
    Problems(Vec<Problem>),
    /// The engine refuses the network.
    #[error(transparent)]
    Network(#[from] spike::Problems),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Graph {
    /// The graph as a network under a profile.
    ///
    /// # Errors
    /// [`CompileError::Problems`] names each node that cannot run.
    pub fn lower(&self, profile: &Profile) -> Result<Lowered, CompileError> {
        let shapes = self.shapes();
        let mut lowering = Lowering {
            graph: self,
            profile,
            shapes: &shapes,
            links: Links::new(self),
            populations: BTreeMap::new(),
            network: Network::default(),
            notes: Vec::new(),
            learning: Vec::new(),
            problems: Vec::new(),
        };
        lowering.add_populations();
        lowering.add_projections();
        lowering.delay_cycles();
        lowering.add_outputs();
        if !lowering.problems.is_empty() {
            return Err(CompileError::Problems(lowering.problems));
        }
        let Lowering { network, notes, learning, .. } = lowering;
        Ok(Lowered { network, notes, learning })
    }

    /// The graph compiled to run under a profile, with what was assumed on the way.
    ///
    /// # Errors
    /// As [`Graph::lower`], and every problem that the engine finds.
    pub fn compile(
        &self,
        profile: &Profile,
    ) -> Result<(spike::Compiled, Vec<String>), CompileError> {
        let lowered = self.lower(profile)?;
        Ok((lowered.network.compile()?, lowered.notes))
    }
}

/// What a node becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A population.
    Population,
    /// A projection into the one population that it feeds.
    Fused,
    /// Part of the projections through it.
    Pass,
    /// An output port, which is read off what feeds it.
    Read,
}

/// Where a value comes from: a population some steps ago.
#[derive(Clone, Copy, Debug)]
struct Origin<'a> {
    node: &'a str,
    delay_steps: u32,
}

struct Lowering<'a> {
    graph: &'a Graph,
    profile: &'a Profile,
    shapes: &'a BTreeMap<String, NodeShape>,
    links: Links<'a>,
    populations: BTreeMap<&'a str, PopulationId>,
    network: Network,
    notes: Vec<String>,
    learning: Vec<(String, PopulationId, PopulationId)>,
    problems: Vec<Problem>,
}

impl<'a> Lowering<'a> {
    fn node(&self, name: &str) -> Option<&'a Node> {
        self.graph.nodes.get(name)
    }

    fn role(&self, name: &str) -> Role {
        match self.node(name) {
            Some(Node::Flatten(_)) => Role::Pass,
            Some(Node::Delay(delay)) if uniform(&delay.delay).is_some() => Role::Pass,
            Some(Node::Output(_)) => Role::Read,
            Some(
                Node::Affine(_)
                | Node::Linear(_)
                | Node::Scale(_)
                | Node::Conv1d(_)
                | Node::Conv2d(_)
                | Node::SumPool2d(_),
            ) if self.feeds_one_neuron(name) => Role::Fused,
            _ => Role::Population,
        }
    }

    /// Whether all that a map feeds, through passing nodes, is one population that sums its input.
    fn feeds_one_neuron(&self, name: &str) -> bool {
        let mut at = name;
        // A chain of passing nodes is no longer than the graph.
        for _ in 0..self.graph.nodes.len() {
            let &[only] = self.links.successors(at) else { return false };
            match self.node(only) {
                Some(Node::Flatten(_)) => at = only,
                Some(node) => return is_neuron(node),
                None => return false,
            }
        }
        false
    }

    fn add_populations(&mut self) {
        for name in self.graph.order() {
            if self.role(name) != Role::Population {
                continue;
            }
            let (Some(node), Some(shape)) = (self.node(name), self.shapes.get(name)) else {
                continue;
            };
            let shape = shape.output.clone();
            let Some(model) = self.model(name, node, &shape) else {
                let expected = "a node that can run".to_owned();
                let found = format!("{node:?}").chars().take(40).collect();
                self.problems.push(Problem { node: name.into(), field: None, expected, found });
                continue;
            };
            let mut population = Population::new(name, &shape, model);
            population.biases.extend(bias(node, &shape, 0));
            self.populations.insert(name, self.network.add(population));
        }
    }

    fn model(&mut self, name: &str, node: &Node, shape: &[usize]) -> Option<Model> {
        let all = |t: &Tensor| per_neuron(t, shape);
        let tau = |t: &Tensor| {
            let mut values = per_neuron(t, shape);
            if self.profile.stored_tau == StoredTau::TimesStep {
                values.iter_mut().for_each(|v| *v /= self.profile.neurons.dt);
            }
            values
        };
        let reset = |t: &Option<Tensor>| match (self.profile.v_reset.get(name), t) {
            (Some(v_reset), _) => vec![*v_reset],
            (None, Some(t)) => all(t),
            (None, None) => vec![0.0],
        };
        let c = self.conventions(name, node);
        Some(match node {
            Node::Input(_) => Model::Input,
            Node::Affine(_)
            | Node::Linear(_)
            | Node::Scale(_)
            | Node::Conv1d(_)
            | Node::Conv2d(_)
            | Node::SumPool2d(_) => Model::Relay(spike::Relay { divisor: 1.0 }),
            Node::AvgPool2d(pool) => {
                let [height, width] = pool.kernel_size;
                Model::Relay(spike::Relay { divisor: (height * width) as f32 })
            }
            Node::Delay(delay) => {
                let mut steps = Vec::new();
                for seconds in per_neuron(&delay.delay, shape) {
                    steps.push(self.steps(name, seconds));
                }
                Model::Delay(spike::Delay { steps })
            }
            Node::Threshold(m) => {
                Model::Threshold(spike::Threshold { threshold: all(&m.threshold) })
            }
            Node::I(m) => Model::I(spike::I { r: all(&m.r) }, c),
            Node::Li(m) => {
                let m = spike::Li { tau: tau(&m.tau), r: all(&m.r), v_leak: all(&m.v_leak) };
                Model::Li(m, c)
            }
            Node::If(m) => {
                let m = spike::If {
                    r: all(&m.r),
                    v_threshold: all(&m.v_threshold),
                    v_reset: reset(&m.v_reset),
                };
                Model::If(m, c)
            }
            Node::Lif(m) => {
                let m = spike::Lif {
                    tau: tau(&m.tau),
                    r: all(&m.r),
                    v_leak: all(&m.v_leak),
                    v_threshold: all(&m.v_threshold),
                    v_reset: reset(&m.v_reset),
                };
                Model::Lif(m, c)
            }
            Node::CubaLi(m) => {
                let m = spike::CubaLi {
                    tau_syn: tau(&m.tau_syn),
                    tau_mem: tau(&m.tau_mem),
                    r: all(&m.r),
                    v_leak: all(&m.v_leak),
                    w_in: all(&m.w_in),
                };
                Model::CubaLi(m, c)
            }
            Node::CubaLif(m) => {
                let m = spike::CubaLif {
                    tau_syn: tau(&m.tau_syn),
                    tau_mem: tau(&m.tau_mem),
                    r: all(&m.r),
                    v_leak: all(&m.v_leak),
                    w_in: all(&m.w_in),
                    v_threshold: all(&m.v_threshold),
                    v_reset: reset(&m.v_reset),
                };
                Model::CubaLif(m, c)
            }
            Node::Output(_) | Node::Flatten(_) | Node::Graph(_) => return None,
        })
    }

    /// The profile's conventions as they apply to one node.
    fn conventions(&self, name: &str, node: &Node) -> Conventions {
        let mut c = self.profile.neurons;
        let synaptic = matches!(node, Node::CubaLi(_) | Node::CubaLif(_));
        if synaptic {
            c.form = self.profile.synaptic_form;
        }
        match (self.profile.framework, node) {
            // These start their integrators where they reset to, all else at rest.
            (Framework::Norse | Framework::BindsNet, Node::If(_)) => c.start = Start::Reset,
            // Rockpool exports a bare exponential synapse as LI: it jumps, then decays.
            (Framework::Rockpool, Node::Li(_)) => c.form = Form::JumpProduct,
            _ => {}
        }
        let late_zero = c.reset != Reset::Subtract && c.reset_timing == ResetTiming::NextStep;
        if self.profile.late_zero_discards && late_zero && (synaptic || self.recurrent(name)) {
            c.reset_timing = ResetTiming::NextStepDiscardsUpdate;
        }
        c
    }

    /// Whether a neuron feeds itself through one map.
    fn recurrent(&self, name: &str) -> bool {
        let mut through = self.links.successors(name).iter();
        through.any(|map| self.links.successors(map).contains(&name))
    }

    /// A delay in whole steps; says where it had to be rounded.
    fn steps(&mut self, name: &str, seconds: f64) -> u32 {
        let exact = seconds / self.profile.neurons.dt;
        let steps = exact.round();
        if (exact - steps).abs() > MAX_DELAY_ROUNDING_STEPS {
            let note = format!("{name}: a delay of {exact:.3} steps was rounded to {steps} steps");
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        // The cast saturates, and the engine refuses delays beyond its limit.
        steps as u32
    }

    /// The populations whose values reach a node, through passing nodes.
    fn origins(&mut self, name: &'a str) -> Vec<(Origin<'a>, Option<&'a str>)> {
        let mut origins = Vec::new();
        let mut waiting: Vec<(&'a str, u32)> =
            self.links.predecessors(name).iter().map(|from| (*from, 0)).collect();
        while let Some((from, delay_steps)) = waiting.pop() {
            match self.role(from) {
                Role::Population => {
                    origins.push((Origin { node: from, delay_steps }, None));
                }
                Role::Fused => origins.push((Origin { node: from, delay_steps }, Some(from))),
                Role::Pass => {
                    let mut delay_steps = delay_steps;
                    if let Some(Node::Delay(delay)) = self.node(from) {
                        let seconds = uniform(&delay.delay).unwrap_or(0.0);
                        delay_steps = delay_steps.saturating_add(self.steps(from, seconds));
                    }
                    let before = self.links.predecessors(from);
                    waiting.extend(before.iter().map(|from| (*from, delay_steps)));
                }
                Role::Read => {}
            }
        }
        origins.reverse();
        origins
    }

    fn add_projections(&mut self) {
        let targets: Vec<(&'a str, PopulationId)> =
            self.populations.iter().map(|(name, id)| (*name, *id)).collect();
        for (name, target) in targets {
            let own = self.node(name).filter(|node| is_map(node));
            for (origin, map) in self.origins(name) {
                match map {
                    // The target is a map of its own, or sums what reaches it.
                    None => self.project(origin, own.map(|_| name), target),
                    Some(map) => {
                        let delay = origin.delay_steps;
                        for (mut origin, inner) in self.origins(map) {
                            debug_assert!(inner.is_none());
                            origin.delay_steps = origin.delay_steps.saturating_add(delay);
                            self.project(origin, Some(map), target);
                        }
                        self.add_bias(map, target, delay);
                    }
                }
            }
        }
    }

    fn project(&mut self, origin: Origin<'a>, map: Option<&'a str>, target: PopulationId) {
        let Some(&source) = self.populations.get(origin.node) else { return };
        let connection = match map.and_then(|map| Some((self.node(map)?, self.shapes.get(map)?))) {
            None => Connection::OneToOne(spike::OneToOne { weight: vec![1.0] }),
            Some((node, shape)) => match connection(node, shape) {
                Some(connection) => connection,
                None => return,
            },
        };
        let from = self.node(origin.node);
        let added = match from {
            Some(Node::Input(_)) => self.profile.input_delay_steps,
            Some(node) if is_neuron(node) => self.profile.layer_delay_steps,
            _ => 0,
        };
        let delay_steps = origin.delay_steps.saturating_add(added);
        let dense = matches!(connection, Connection::Dense(_));
        let learning = self.profile.learning.clone().filter(|_| dense);
        if let (Some(map), true) = (map, learning.is_some()) {
            self.learning.push((map.to_owned(), source, target));
        }
        let projection =
            Projection { source, target, receptor: 0, delay_steps, connection, learning };
        self.network.projections.push(projection);
    }

    fn add_bias(&mut self, map: &str, target: PopulationId, delay_steps: u32) {
        let (Some(node), Some(shape)) = (self.node(map), self.shapes.get(map)) else { return };
        let name = self.network.populations[target.0].name.clone();
        let back = self.links.predecessors(map).contains(&name.as_str());
        let from_step = if back { self.profile.recurrent_bias_from_step } else { 0 };
        let bias = bias(node, &shape.output, from_step.max(delay_steps));
        self.network.populations[target.0].biases.extend(bias);
    }

    /// Gives each projection that closes a cycle the profile's recurrent delay, unless a delay of
    /// the graph's own already breaks it.
    fn delay_cycles(&mut self) {
        let component = self.network.components();
        for p in &mut self.network.projections {
            // Populations stand in the order of the graph, so a cycle closes where one goes back.
            let joined = component[p.target.0] == component[p.source.0];
            let closes = joined && p.target.0 <= p.source.0;
            if closes && p.delay_steps == 0 {
                p.delay_steps = self.profile.recurrent_delay_steps;
            }
        }
    }

    fn add_outputs(&mut self) {
        let names: Vec<&'a str> = self.graph.outputs().map(|(name, _)| name).collect();
        for name in names {
            let origins = self.origins(name);
            let single = match origins.as_slice() {
                [(origin, None)] if origin.delay_steps == 0 => {
                    self.populations.get(origin.node).copied()
                }
                _ => None,
            };
            let population = match single {
                Some(population) => population,
                None => {
                    // Several sources, or delayed ones: a relay sums them.
                    let Some(shape) = self.shapes.get(name) else { continue };
                    let relay = Model::Relay(spike::Relay { divisor: 1.0 });
                    let relay = Population::new(name, &shape.output, relay);
                    let id = self.network.add(relay);
                    for (origin, _) in origins {
                        self.project(origin, None, id);
                    }
                    id
                }
            };
            let delay_steps = self.profile.output_delay_steps;
            self.network.outputs.push(spike::Output { name: name.into(), population, delay_steps });
        }
    }
}

fn is_neuron(node: &Node) -> bool {
    matches!(
        node,
        Node::I(_)
            | Node::Li(_)
            | Node::If(_)
            | Node::Lif(_)
            | Node::CubaLi(_)
            | Node::CubaLif(_)
            | Node::Threshold(_)
    )
}

fn is_map(node: &Node) -> bool {
    matches!(
        node,
        Node::Affine(_)
            | Node::Linear(_)
            | Node::Scale(_)
            | Node::Conv1d(_)
            | Node::Conv2d(_)
            | Node::SumPool2d(_)
            | Node::AvgPool2d(_)
    )
}

fn uniform(tensor: &Tensor) -> Option<f64> {
    let mut values = tensor.iter();
    let first = values.next()?;
    values.all(|v| v == first).then_some(first)
}

/// A parameter as one value, or one per neuron of `shape`.
fn per_neuron(tensor: &Tensor, shape: &[usize]) -> Vec<f64> {
    match uniform(tensor) {
        Some(value) => vec![value],
        None => tensor.broadcast_to(shape).map_or_else(|| tensor.to_f64(), |t| t.to_f64()),
    }
}

/// The bias of a map over its output of `shape`; none where it has none or it is zero.
fn bias(node: &Node, shape: &[usize], from_step: u32) -> Option<Bias> {
    let values = match node {
        Node::Affine(m) => per_neuron(&m.bias, shape),
        Node::Conv1d(m) => per_channel(&m.bias, shape),
        Node::Conv2d(m) => per_channel(&m.bias, shape),
        _ => return None,
    };
    values.iter().any(|v| *v != 0.0).then_some(Bias { from_step, values })
}

fn per_channel(bias: &Tensor, shape: &[usize]) -> Vec<f64> {
    let area: usize = shape.iter().skip(1).product();
    bias.iter().flat_map(|b| std::iter::repeat_n(b, area)).collect()
}

/// A map as a connection; none for a node that is no map.
fn connection(node: &Node, shape: &NodeShape) -> Option<Connection> {
    let plane = |shape: &[usize]| match *shape {
        [channels, height, width] => Some((channels, [height, width])),
        [channels, width] => Some((channels, [1, width])),
        _ => None,
    };
    Some(match node {
        Node::Affine(m) => Connection::Dense(spike::Dense { weight: m.weight.to_f32() }),
        Node::Linear(m) => Connection::Dense(spike::Dense { weight: m.weight.to_f32() }),
        Node::Scale(m) => {
            let weight = per_neuron(&m.scale, &shape.output).iter().map(|&w| w as f32).collect();
            Connection::OneToOne(spike::OneToOne { weight })
        }
        Node::Conv1d(m) => convolution(&widened(m), plane(&shape.input)?, plane(&shape.output)?),
        Node::Conv2d(m) => convolution(m, plane(&shape.input)?, plane(&shape.output)?),
        Node::SumPool2d(m) => pool(m.kernel_size, m.stride, m.padding, shape)?,
        Node::AvgPool2d(m) => pool(m.kernel_size, m.stride, m.padding, shape)?,
        _ => return None,
    })
}

/// A one-dimensional convolution as a two-dimensional one of height 1.
fn widened(m: &Conv1d) -> Conv2d {
    let shape: Vec<usize> = match *m.weight.shape() {
        [out, inputs, width] => vec![out, inputs, 1, width],
        ref other => other.to_vec(),
    };
    Conv2d {
        input_shape: m.input_shape.map(|[width]| [1, width]),
        weight: m.weight.reshaped(&shape).unwrap_or_else(|| m.weight.clone()),
        stride: [1, m.stride[0]],
        padding: match m.padding {
            Padding::Same => Padding::Same,
            Padding::Valid => Padding::Valid,
            Padding::Explicit([width]) => Padding::Explicit([0, width]),
        },
        dilation: [1, m.dilation[0]],
        groups: m.groups,
        bias: m.bias.clone(),
    }
}

fn convolution(
    m: &Conv2d,
    (inputs, input): (usize, [usize; 2]),
    (outputs, output): (usize, [usize; 2]),
) -> Connection {
    let kernel = match *m.weight.shape() {
        [.., height, width] => [height, width],
        _ => [1, 1],
    };
    let padding = m.padding.amounts(kernel, m.dilation).map(|(before, _)| before);
    Connection::Conv2d(spike::Conv2d {
        weight: m.weight.to_f32(),
        channels: [inputs, outputs],
        input,
        output,
        kernel,
        stride: m.stride,
        padding,
        dilation: m.dilation,
        groups: m.groups,
    })
}

fn pool(
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    shape: &NodeShape,
) -> Option<Connection> {
    let (&[channels, height, width], &[_, rows, columns]) = (&shape.input[..], &shape.output[..])
    else {
        return None;
    };
    Some(Connection::Pool2d(spike::Pool2d {
        channels,
        input: [height, width],
        output: [rows, columns],
        kernel,
        stride,
        padding,
    }))
}
