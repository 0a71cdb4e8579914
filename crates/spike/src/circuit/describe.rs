//! A circuit as it is described: populations, projections by rule, stimuli, recordings.
//! Times are in ms, potentials in mV, currents in pA, capacitances in pF, conductances in nS, rates
//! in Hz. A description is data and may be wrong; [`Circuit::check`](super::Circuit::check) names
//! everything that is, and [`Circuit::build`](super::Circuit::build) makes it run.

use super::neuron::Neuron;
use super::plastic::Plasticity;

/// A large recurrent network, described by rules instead of arrays.
///
/// ```
/// use spike::circuit::{Circuit, Distribution, Lif, Population, Projection, Rule, Stimulus, Synapses};
///
/// let lif = Lif { v_th: 20.0, ..Lif::new(20.0, Synapses::Delta) };
/// let mut circuit = Circuit::new(0.1, 1);
/// let e = circuit.add(Population::new("E", 800, lif.clone()));
/// let i = circuit.add(Population::new("I", 200, lif));
/// for target in [e, i] {
///     circuit.connect(Projection::new(e, target, Rule::InDegree(80), 1.0, 1.5));
///     circuit.connect(Projection::new(i, target, Rule::InDegree(20), -5.0, 1.5));
///     circuit.stimulate(Stimulus::poisson(target, 20_000.0, 0.1));
/// }
/// let mut simulation = circuit.build(1)?;
/// let report = simulation.run(1_000, 1);
/// assert_eq!(report.steps, 1_000);
/// # Ok::<(), spike::circuit::Faults>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Circuit {
    /// Length of a step (ms).
    pub dt: f64,
    /// Seed of everything random in it.
    pub seed: u64,
    /// The populations.
    pub populations: Vec<Population>,
    /// The projections.
    pub projections: Vec<Projection>,
    /// What drives the populations from outside.
    pub stimuli: Vec<Stimulus>,
    /// Potentials to be kept.
    pub probes: Vec<Probe>,
}

/// Neurons of one model with the same parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// Name, unique in the circuit.
    pub name: String,
    /// The number of neurons.
    pub size: usize,
    /// What they compute.
    pub neuron: Neuron,
    /// Where a variable starts, for those that do not start at rest.
    pub start: Vec<(Variable, Distribution)>,
    /// Whether its spikes are kept; they are counted in any case.
    pub recorded: bool,
    /// A threshold that each neuron adapts so that it fires at some rate.
    pub homeostasis: Option<ThresholdHomeostasis>,
}

/// A variable of a neuron that may be given a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// The membrane potential (mV).
    Potential,
    /// The synaptic current (pA) or conductance (nS) of a receptor.
    Synapse(u8),
    /// Adaptation or recovery (pA for AdEx, mV/ms for Izhikevich).
    Adaptation,
}

/// Intrinsic plasticity: a threshold that holds a rate.
///
/// Equation: in each step `v_th = v_th - step rate dt`, and at a spike `v_th = v_th + step`.
/// Source: Diehl and Cook 2015, "Unsupervised learning of digit recognition using
/// spike-timing-dependent plasticity", section 2.3 (theta), with a linear decay that fixes the rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThresholdHomeostasis {
    /// The rate to be held (Hz).
    pub rate: f64,
    /// What a spike adds to the threshold (mV).
    pub step: f64,
}

/// Synapses from one population to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Position of the source in [`Circuit::populations`].
    pub source: usize,
    /// Position of the target.
    pub target: usize,
    /// The target's receptor, 0 where it has one.
    pub receptor: u8,
    /// Which neurons are connected.
    pub rule: Rule,
    /// Whether a neuron may have several synapses onto the same neuron; rules that draw with
    /// replacement do so where this is true.
    pub multapses: bool,
    /// Whether a neuron may have a synapse onto itself.
    pub autapses: bool,
    /// Weight: pA (currents), nS (conductances) or mV (delta synapses).
    pub weight: Distribution,
    /// Time from a spike to its arrival (ms), rounded to steps, at least one.
    pub delay: Distribution,
    /// How the weights change while the circuit runs; none where they do not.
    pub plasticity: Option<Plasticity>,
}

/// Which neurons of two populations are connected.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Every pair.
    AllToAll,
    /// The neuron of the same position.
    OneToOne,
    /// Each pair with this probability, independently; never twice.
    Bernoulli(f64),
    /// This many synapses onto each target, from sources drawn uniformly.
    InDegree(u32),
    /// This many synapses from each source, onto targets drawn uniformly.
    OutDegree(u32),
    /// This many synapses in all, between neurons drawn uniformly.
    TotalNumber(u64),
    /// The total number at which a pair is connected at least once with this probability:
    /// `ln(1 - p) / ln(1 - 1 / (n_source n_target))`.
    ///
    /// Source: Potjans and Diesmann 2014, "The cell-type specific cortical microcircuit", eq. 1.
    Probability(f64),
    /// Synapses one by one.
    Arrays(Vec<Synapse>),
}

/// One synapse of [`Rule::Arrays`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Synapse {
    /// Position in the source population.
    pub source: u32,
    /// Position in the target population.
    pub target: u32,
    /// Its own weight, in place of the projection's.
    pub weight: Option<f32>,
    /// Its own delay (ms), in place of the projection's.
    pub delay: Option<f32>,
}

/// How a quantity is spread over neurons or synapses.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// The same everywhere.
    Constant(f64),
    /// Uniform between two bounds.
    Uniform {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// Normal, redrawn outside the bounds (a truncated normal distribution).
    Normal {
        /// Mean before truncation.
        mean: f64,
        /// Standard deviation before truncation.
        sd: f64,
        /// Lower bound, may be infinite.
        min: f64,
        /// Upper bound, may be infinite.
        max: f64,
    },
    /// Normal, set to the bound outside the bounds.
    ClippedNormal {
        /// Mean before clipping.
        mean: f64,
        /// Standard deviation before clipping.
        sd: f64,
        /// Lower bound, may be infinite.
        min: f64,
        /// Upper bound, may be infinite.
        max: f64,
    },
    /// One value per neuron; not for synapses.
    Values(Vec<f64>),
}

impl From<f64> for Distribution {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

/// What drives a population from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Stimulus {
    /// Position of the population.
    pub target: usize,
    /// What it is.
    pub kind: StimulusKind,
    /// When it begins (ms).
    pub from: f64,
    /// When it ends (ms); none where it lasts.
    pub until: Option<f64>,
}

/// Kinds of drive.
#[derive(Clone, Debug, PartialEq)]
pub enum StimulusKind {
    /// A constant current (pA), or mV/ms for Izhikevich.
    Current(Distribution),
    /// For each neuron an independent Poisson train into a receptor, without delay.
    Poisson {
        /// Rate (Hz) of the train; several sources are one train at the sum of their rates.
        rate: f64,
        /// Weight in the receptor's unit.
        weight: f64,
        /// Receptor.
        receptor: u8,
    },
}

/// A variable to be kept for some neurons while the circuit runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Position of the population.
    pub population: usize,
    /// Positions of the neurons.
    pub neurons: Vec<u32>,
    /// The variable.
    pub variable: Variable,
    /// Kept every this many steps.
    pub every: u32,
}

impl Circuit {
    /// An empty circuit of steps of `dt` ms.
    pub fn new(dt: f64, seed: u64) -> Self {
        Self {
            dt,
            seed,
            populations: Vec::new(),
            projections: Vec::new(),
            stimuli: Vec::new(),
            probes: Vec::new(),
        }
    }

    /// Adds a population and gives its position.
    pub fn add(&mut self, population: Population) -> usize {
        self.populations.push(population);
        self.populations.len() - 1
    }

    /// Adds a projection.
    pub fn connect(&mut self, projection: Projection) -> &mut Self {
        self.projections.push(projection);
        self
    }

    /// Adds a stimulus.
    pub fn stimulate(&mut self, stimulus: Stimulus) -> &mut Self {
        self.stimuli.push(stimulus);
        self
    }
}

impl Population {
    /// A population that starts at rest and whose spikes are kept.
    pub fn new(name: impl Into<String>, size: usize, neuron: impl Into<Neuron>) -> Self {
        Self {
            name: name.into(),
            size,
            neuron: neuron.into(),
            start: Vec::new(),
            recorded: true,
            homeostasis: None,
        }
    }

    /// The same with a variable that starts elsewhere.
    #[must_use]
    pub fn starting(mut self, variable: Variable, at: impl Into<Distribution>) -> Self {
        self.start.push((variable, at.into()));
        self
    }
}

impl Projection {
    /// A projection onto receptor 0, with multapses and without autapses where the rule draws.
    pub fn new(
        source: usize,
        target: usize,
        rule: Rule,
        weight: impl Into<Distribution>,
        delay: impl Into<Distribution>,
    ) -> Self {
        Self {
            source,
            target,
            receptor: 0,
            rule,
            multapses: true,
            autapses: false,
            weight: weight.into(),
            delay: delay.into(),
            plasticity: None,
        }
    }

    /// The same onto another receptor.
    #[must_use]
    pub fn onto(self, receptor: u8) -> Self {
        Self { receptor, ..self }
    }

    /// The same with weights that change.
    #[must_use]
    pub fn learning(self, plasticity: Plasticity) -> Self {
        Self { plasticity: Some(plasticity), ..self }
    }
}

impl Stimulus {
    /// A constant current from the start on.
    pub fn current(target: usize, current: impl Into<Distribution>) -> Self {
        let kind = StimulusKind::Current(current.into());
        Self { target, kind, from: 0.0, until: None }
    }

    /// Poisson trains onto receptor 0 from the start on.
    pub fn poisson(target: usize, rate: f64, weight: f64) -> Self {
        let kind = StimulusKind::Poisson { rate, weight, receptor: 0 };
        Self { target, kind, from: 0.0, until: None }
    }
}
