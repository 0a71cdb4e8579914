//! A network as it is described: populations and projections, inputs and outputs.
//! A description is data and may be wrong; [`Network::compile`](crate::Network::compile) checks it
//! and lays it out.

use crate::learn::Learning;
use crate::neuron::{Model, Values};
use crate::propagate::Connection;

/// The position of a population in [`Network::populations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PopulationId(pub usize);

/// Populations, the projections between them, and which of them are read and written from outside.
///
/// Populations whose model is [`Model::Input`] are the inputs, in order of position.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The populations.
    pub populations: Vec<Population>,
    /// The projections.
    pub projections: Vec<Projection>,
    /// The populations that are read, with the name under which they are.
    pub outputs: Vec<Output>,
}

/// Neurons of one model.
#[derive(Clone, Debug)]
pub struct Population {
    /// Name, unique in the network.
    pub name: String,
    /// Shape; its product is the number of neurons.
    pub shape: Vec<usize>,
    /// What the neurons compute.
    pub model: Model,
    /// Constant input.
    pub biases: Vec<Bias>,
}

/// Constant input from some step on.
#[derive(Clone, Debug, PartialEq)]
pub struct Bias {
    /// The first step in which it acts.
    pub from_step: u32,
    /// One value for all neurons, or one per neuron.
    pub values: Values,
}

/// Synapses from one population to another.
#[derive(Clone, Debug)]
pub struct Projection {
    /// Where spikes come from.
    pub source: PopulationId,
    /// Where they go.
    pub target: PopulationId,
    /// The target's receptor, 0 where it has one.
    pub receptor: u8,
    /// Steps from a spike to its arrival; 0 arrives in the step of the spike.
    pub delay_steps: u32,
    /// The synapses.
    pub connection: Connection,
    /// How dense synapses change while they run; none where they do not.
    pub learning: Option<Learning>,
}

/// A population that is read.
#[derive(Clone, Debug)]
pub struct Output {
    /// The name under which it is read.
    pub name: String,
    /// The population.
    pub population: PopulationId,
    /// Steps from an event to the step in which it is read.
    pub delay_steps: u32,
}

impl Network {
    /// Adds a population and gives its position.
    pub fn add(&mut self, population: Population) -> PopulationId {
        self.populations.push(population);
        PopulationId(self.populations.len() - 1)
    }
}

impl Population {
    /// A population without bias.
    pub fn new(name: impl Into<String>, shape: &[usize], model: Model) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), model, biases: Vec::new() }
    }

    /// The number of neurons; none where the product leaves `usize`.
    pub fn size(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
    }
}
