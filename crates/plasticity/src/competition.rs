//! Learning without labels: neurons that excite one another's inhibitors compete for inputs, and
//! spike timing makes each winner fit what it won.

use std::sync::Arc;

use spike::{
    AdaptiveLif, Connection, Dense, Integration, Learning, Model, Network, OneToOne, Output,
    Population, PopulationId, PostPre, Projection, Raster, Report, Session,
};

use crate::error::PlasticityError;
use crate::random::Random;
use crate::undo::Reader;

/// Neurons of a competition.
pub const MAX_NEURONS: usize = 16_384;

/// Inputs of a competition.
pub const MAX_INPUTS: usize = 65_536;

/// Steps for which an input is shown.
pub const MAX_STEPS: usize = 10_000;

/// What a competition is made of; steps last 1 ms.
#[derive(Clone, Debug, PartialEq)]
pub struct CompetitionConfig {
    /// Values of an input.
    pub n_inputs: usize,
    /// Neurons that compete, 400.
    pub n_neurons: usize,
    /// Steps for which an input is shown, 100.
    pub n_steps: usize,
    /// Rate of an input of 1 (Hz), 128.
    pub max_rate_hz: f64,
    /// Weight from a neuron to its inhibitor, 22.5.
    pub excitation: f32,
    /// Weight from an inhibitor to every other neuron, 120.
    pub inhibition: f32,
    /// Rates of depression and of potentiation, (1e-4, 1e-2).
    pub nu: [f32; 2],
    /// What the weights onto a neuron sum to, 78.4.
    pub norm: f32,
    /// Jump of a neuron's threshold at each spike (mV), 0.05.
    pub theta_plus: f64,
    /// Decides the first weights and every input spike.
    pub seed: u64,
}

impl CompetitionConfig {
    /// The published values for `n_inputs` values and `n_neurons` neurons.
    pub fn new(n_inputs: usize, n_neurons: usize, seed: u64) -> Self {
        Self {
            n_inputs,
            n_neurons,
            n_steps: 100,
            max_rate_hz: 128.0,
            excitation: 22.5,
            inhibition: 120.0,
            nu: [1e-4, 1e-2],
            norm: 78.4,
            theta_plus: 0.05,
            seed,
        }
    }

    fn check(&self) -> Result<(), PlasticityError> {
        let counts = [
            ("n_inputs", self.n_inputs, MAX_INPUTS, "1 to 65,536"),
            ("n_neurons", self.n_neurons, MAX_NEURONS, "1 to 16,384"),
            ("n_steps", self.n_steps, MAX_STEPS, "1 to 10,000"),
        ];
        for (parameter, n, most, expected) in counts {
            if n == 0 || n > most {
                return Err(PlasticityError::Parameter { parameter, expected, found: n as f64 });
            }
        }
        let positive = [
            ("max_rate_hz", self.max_rate_hz, 1000.0, "more than 0, at most 1,000"),
            ("norm", f64::from(self.norm), 1e9, "more than 0"),
            ("excitation", f64::from(self.excitation), 1e9, "more than 0"),
            ("inhibition", f64::from(self.inhibition), 1e9, "more than 0"),
        ];
        for (parameter, found, most, expected) in positive {
            if !(found > 0.0 && found <= most) {
                return Err(PlasticityError::Parameter { parameter, expected, found });
            }
        }
        let finite = [
            ("nu[0]", f64::from(self.nu[0])),
            ("nu[1]", f64::from(self.nu[1])),
            ("theta_plus", self.theta_plus),
        ];
        match finite.into_iter().find(|(_, value)| !(0.0..=1e6).contains(value)) {
            Some((parameter, found)) => {
                Err(PlasticityError::Parameter { parameter, expected: "0 or more", found })
            }
            None => Ok(()),
        }
    }
}

/// A network that learns to tell inputs apart without being told what they are.
///
/// Inputs fire as Poisson trains onto excitatory neurons through synapses that learn
/// ([`PostPre`]); each excitatory neuron drives an inhibitory one, which silences all the others.
/// A neuron's threshold rises with each of its spikes, so that no neuron wins everything, and the
/// weights onto a neuron are scaled to a fixed sum before every input.
///
/// Source: Diehl and Cook 2015, "Unsupervised learning of digit recognition using
/// spike-timing-dependent plasticity", Frontiers in Computational Neuroscience 9:99; parameters as
/// in BindsNET 0.3.4, `bindsnet.models.DiehlAndCook2015`.
#[derive(Debug)]
pub struct Competition {
    config: CompetitionConfig,
    session: Session,
    random: Random,
    ends: [PopulationId; 2],
}

/// The answer to an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Presented {
    /// Spikes of each neuron.
    pub counts: Vec<f32>,
    /// What it took.
    pub report: Report,
}

impl Competition {
    /// A competition whose weights are drawn.
    ///
    /// # Errors
    /// [`PlasticityError::Parameter`].
    pub fn new(config: CompetitionConfig) -> Result<Self, PlasticityError> {
        config.check()?;
        let mut random = Random::new(config.seed);
        let (network, ends) = describe(&config, &mut random);
        let compiled = network.compile().map_err(|problems| PlasticityError::Snapshot {
            part: "network",
            expected: "a network that compiles".to_owned(),
            found: problems.to_string(),
        })?;
        let session = Session::new(Arc::new(compiled));
        Ok(Self { config, session, random, ends })
    }

    /// What it is made of.
    pub fn config(&self) -> &CompetitionConfig {
        &self.config
    }

    /// Shows an input of values in 0 to 1; the synapses learn from it if `learns`.
    ///
    /// # Errors
    /// For an input of another length, or a value that is not in 0 to 1; nothing is stepped then.
    pub fn present(&mut self, input: &[f32], learns: bool) -> Result<Presented, PlasticityError> {
        let raster = encode(&self.config, &mut self.random, input)?;
        let [source, target] = self.ends;
        self.session.rest();
        self.session.set_learning(learns);
        if learns {
            self.session.scale_weights(source, target, self.config.norm);
        }
        shown(&mut self.session, raster)
    }

    /// Answers inputs and stays as it is, thresholds and chance too: the same input has the same
    /// answer, whatever else is asked.
    ///
    /// # Errors
    /// As [`Competition::present`].
    pub fn look(&self, inputs: &[&[f32]]) -> Result<Vec<Presented>, PlasticityError> {
        let bytes = self.session.snapshot();
        let answer = |input: &&[f32]| {
            let raster = encode(&self.config, &mut Random::new(!self.config.seed), input)?;
            let mut session = Session::restored(Arc::clone(self.session.network()), &bytes)
                .map_err(|error| unfit(&error))?;
            session.rest();
            session.set_learning(false);
            shown(&mut session, raster)
        };
        inputs.iter().map(answer).collect()
    }

    /// The bytes from which [`Competition::restored`] goes on as this competition would.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        self.random.state().iter().for_each(|word| out.extend(word.to_le_bytes()));
        out.extend(self.session.snapshot());
        out
    }

    /// The competition of a snapshot.
    ///
    /// # Errors
    /// [`PlasticityError::Snapshot`] where the bytes are no snapshot of a competition of this
    /// configuration.
    pub fn restored(config: CompetitionConfig, bytes: &[u8]) -> Result<Self, PlasticityError> {
        let mut competition = Self::new(config)?;
        let mut from = Reader::new(bytes, MAGIC)?;
        let mut state = [0; 4];
        for word in &mut state {
            *word = from.u64()?;
        }
        competition.random = Random::at(state);
        let network = Arc::clone(competition.session.network());
        competition.session =
            Session::restored(network, from.rest()).map_err(|error| unfit(&error))?;
        Ok(competition)
    }

    /// The weights as they stand, shape `[n_neurons][n_inputs]`.
    pub fn weights(&self) -> Vec<f32> {
        self.session.weights(self.ends[0], self.ends[1], 0).unwrap_or_default()
    }
}

/// Poisson trains, at most one spike in a step of 1 ms.
fn encode(
    config: &CompetitionConfig,
    random: &mut Random,
    input: &[f32],
) -> Result<Raster, PlasticityError> {
    crate::error::check(input, config.n_inputs)?;
    if let Some(idx) = input.iter().position(|value| !(0.0..=1.0).contains(value)) {
        return Err(PlasticityError::Parameter {
            parameter: "an input value",
            expected: "0 to 1",
            found: f64::from(input[idx]),
        });
    }
    // A spike in a step where 64 random bits lie below the rate's share of them.
    let share = config.max_rate_hz / 1000.0 * 2f64.powi(32);
    let active: Vec<(u32, u64)> = (0u32..)
        .zip(input)
        .filter(|(_, value)| **value > 0.0)
        .map(|(idx, value)| (idx, (f64::from(*value) * share) as u64))
        .collect();
    let mut raster = Raster::new(config.n_inputs);
    let mut fired = Vec::with_capacity(active.len());
    for _ in 0..config.n_steps {
        fired.clear();
        for pair in active.chunks(2) {
            let bits = random.next();
            for ((idx, below), bits) in pair.iter().zip([bits >> 32, bits & 0xffff_ffff]) {
                if bits < *below {
                    fired.push(*idx);
                }
            }
        }
        raster.push_spikes(&fired);
    }
    Ok(raster)
}

fn shown(session: &mut Session, raster: Raster) -> Result<Presented, PlasticityError> {
    let (expected, found) = (raster.size(), raster.size());
    let run = session.run(&[raster]).map_err(|_| PlasticityError::Length { expected, found })?;
    Ok(Presented { counts: run.outputs[0].sums(), report: run.report })
}

fn unfit(error: &spike::SnapshotError) -> PlasticityError {
    let expected = "one of this competition's network".to_owned();
    PlasticityError::Snapshot { part: "session", expected, found: error.to_string() }
}

const MAGIC: &[u8; 8] = b"STRCMPT1";

fn describe(config: &CompetitionConfig, random: &mut Random) -> (Network, [PopulationId; 2]) {
    let (n, inputs) = (config.n_neurons, config.n_inputs);
    let mut network = Network::default();
    let input = network.add(Population::new("input", &[inputs], Model::Input));
    let excitatory = neuron(-65.0, -60.0, -52.0, 100.0, 5, config.theta_plus);
    let inhibitory = neuron(-60.0, -45.0, -40.0, 10.0, 2, 0.0);
    let excitatory = network.add(Population::new("excitatory", &[n], excitatory));
    let inhibitory = network.add(Population::new("inhibitory", &[n], inhibitory));
    let weight = (0..n * inputs).map(|_| 0.3 * random.uniform() as f32).collect();
    // exp(-1 ms / 20 ms), the trace's time constant.
    let trace_decay = (-1.0f32 / 20.0).exp();
    let rule = PostPre { nu: config.nu, trace_decay, weight_min: 0.0, weight_max: 1.0 };
    let others = (0..n * n).map(|k| if k / n == k % n { 0.0 } else { -config.inhibition });
    let connect = |source, target, delay_steps, connection, learning| Projection {
        source,
        target,
        receptor: 0,
        delay_steps,
        connection,
        learning,
    };
    let dense = |weight| Connection::Dense(Dense { weight });
    network.projections = vec![
        connect(input, excitatory, 0, dense(weight), Some(Learning::PostPre(rule))),
        connect(
            excitatory,
            inhibitory,
            1,
            Connection::OneToOne(OneToOne { weight: vec![config.excitation] }),
            None,
        ),
        connect(inhibitory, excitatory, 1, dense(others.collect()), None),
    ];
    let name = "excitatory".to_owned();
    network.outputs = vec![Output { name, population: excitatory, delay_steps: 0 }];
    (network, [input, excitatory])
}

/// A leaky neuron on which a spike of weight 1 is a jump of 1 mV.
fn neuron(rest: f64, reset: f64, threshold: f64, tau: f64, refractory: u32, jump: f64) -> Model {
    Model::AdaptiveLif(AdaptiveLif {
        tau_m: vec![tau],
        e_l: vec![rest],
        // The model adds (1 - decay) R I in a step; this makes it I.
        r: vec![1.0 / (1.0 - (-1.0 / tau).exp())],
        v_r: vec![reset],
        theta_0: vec![threshold],
        tau_theta: vec![1e7],
        delta_theta: vec![jump],
        refractory_steps: refractory,
        integration: Integration::Exact,
        dt_ms: 1.0,
    })
}

/// What the neurons of a competition stand for, learned from labelled answers afterwards.
///
/// Source: Diehl and Cook 2015, section 2.4: a neuron stands for the class to which it answered
/// most, and the class whose neurons answer most on average is the answer.
#[derive(Clone, Debug)]
pub struct Labels {
    n_classes: usize,
    /// Spikes summed, shape `[n_neurons][n_classes]`.
    answers: Vec<f32>,
    samples: Vec<f32>,
}

impl Labels {
    /// No answers yet.
    pub fn new(n_neurons: usize, n_classes: usize) -> Self {
        Self { n_classes, answers: vec![0.0; n_neurons * n_classes], samples: vec![0.0; n_classes] }
    }

    /// Notes the answer to an input of a class; one of an unknown class is left out.
    pub fn note(&mut self, counts: &[f32], class: usize) {
        if class >= self.n_classes {
            return;
        }
        self.samples[class] += 1.0;
        for (row, count) in self.answers.chunks_exact_mut(self.n_classes).zip(counts) {
            row[class] += count;
        }
    }

    /// The bytes from which [`Labels::restored`] makes the same.
    pub fn snapshot(&self) -> Vec<u8> {
        let all = self.samples.iter().chain(&self.answers);
        all.flat_map(|value| value.to_le_bytes()).collect()
    }

    /// The labels of a snapshot.
    ///
    /// # Errors
    /// [`PlasticityError::Snapshot`] for bytes of other neurons or classes.
    pub fn restored(
        n_neurons: usize,
        n_classes: usize,
        bytes: &[u8],
    ) -> Result<Self, PlasticityError> {
        let mut labels = Self::new(n_neurons, n_classes);
        let mut from = Reader::new(bytes, b"")?;
        from.length((labels.samples.len() + labels.answers.len()) * size_of::<f32>())?;
        for value in labels.samples.iter_mut().chain(&mut labels.answers) {
            *value = from.f32()?;
        }
        Ok(labels)
    }

    /// The class of each neuron.
    pub fn of_neurons(&self) -> Vec<usize> {
        let rate = |row: &[f32], class: usize| row[class] / self.samples[class].max(1.0);
        let best = |row: &[f32]| {
            (0..self.n_classes).max_by(|a, b| rate(row, *a).total_cmp(&rate(row, *b))).unwrap_or(0)
        };
        self.answers.chunks_exact(self.n_classes).map(best).collect()
    }

    /// The class whose neurons answer most on average; `of_neurons` as [`Labels::of_neurons`] gives
    /// it.
    pub fn predict(&self, of_neurons: &[usize], counts: &[f32]) -> usize {
        let mut sums = vec![(0.0f32, 0.0f32); self.n_classes];
        for (class, count) in of_neurons.iter().zip(counts) {
            sums[*class].0 += count;
            sums[*class].1 += 1.0;
        }
        let mean = |class: usize| sums[class].0 / sums[class].1.max(1.0);
        (0..self.n_classes).max_by(|a, b| mean(*a).total_cmp(&mean(*b))).unwrap_or(0)
    }
}
