//! Learners on the wire: what is sent and what is answered.

use learner::{Input, LearnerError, LiquidSpec, Prediction, Sample, Spec, defaults};
use plasticity::{CompetitionConfig, EPropConfig, MicroColumnsConfig};
use reservoir::{Fusion, LiquidConfig, LiquidsConfig, Windows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spike::Raster;

use super::agent::time;
use crate::error::RequestError;
use crate::learners::{About, Live};

/// A learner that is to be: exactly one of `columns`, `eprop`, `competition` and `liquid`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearnerSpec {
    /// Its name, of a-z, 0-9, - and _; drawn where there is none.
    #[schemars(length(min = 1, max = 64))]
    pub(crate) id: Option<String>,
    /// Whether it learns; it does where nothing is said.
    pub(crate) learning: Option<bool>,
    /// Micro-columns: values, a unit for what is new, old classes are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<ColumnsSpec>,
    /// A recurrent network that learns online by e-prop: values or spikes over time.
    #[serde(skip_serializing_if = "Option::is_none")]
    eprop: Option<EPropSpec>,
    /// The network of Diehl and Cook: values in 0 to 1, learned by spike timing without labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    competition: Option<CompetitionSpec>,
    /// Liquids, one for each sense, with a read-out by recursive least squares.
    #[serde(skip_serializing_if = "Option::is_none")]
    liquid: Option<LiquidsSpec>,
    /// The seed of its chance; drawn where there is none.
    pub(crate) seed: Option<u64>,
}

/// Micro-columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ColumnsSpec {
    /// Values of an input.
    #[schemars(range(min = 1))]
    inputs: u32,
    /// Units that a class may allocate, 20 where nothing is said.
    #[schemars(range(min = 1))]
    units_per_class: Option<u32>,
    /// Cosine of a class's best unit below which the class allocates, 0.95 where nothing is said.
    allocate_below: Option<f32>,
    /// The least rate at which a winner moves to its input, 0.05 where nothing is said.
    rate: Option<f32>,
    /// The rate at which a winner of another class is pushed away, 0.01 where nothing is said.
    anti_rate: Option<f32>,
    /// Cosine below which an input is novel and has no label, 0 where nothing is said.
    novel_below: Option<f32>,
}

/// A network that learns by e-prop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EPropSpec {
    /// Channels of the input.
    #[schemars(range(min = 1))]
    channels: u32,
    /// The most classes.
    #[schemars(range(min = 1))]
    classes: u32,
    /// Recurrent neurons, 200 where nothing is said.
    #[schemars(range(min = 1))]
    neurons: Option<u32>,
    /// Time constant of the membrane (steps), 2 where nothing is said.
    tau_mem_steps: Option<f64>,
    /// Time constant of the read-out (steps), 20 where nothing is said.
    tau_out_steps: Option<f64>,
    /// Threshold, 1 where nothing is said.
    threshold: Option<f32>,
    /// Height of the pseudo-derivative, 0.3 where nothing is said.
    gamma: Option<f32>,
    /// Learning rate, 0.2 by the number of neurons where nothing is said.
    rate: Option<f32>,
    /// Errors come back by weights that were drawn, not by the read-out's own.
    random_feedback: Option<bool>,
    /// Steps at the beginning of an input that neither teach nor count for the answer, 0 where
    /// nothing is said.
    #[schemars(range(max = 9999))]
    silent_steps: Option<u32>,
}

/// A competing network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CompetitionSpec {
    /// Values of an input.
    #[schemars(range(min = 1))]
    inputs: u32,
    /// The most classes.
    #[schemars(range(min = 1))]
    classes: u32,
    /// Neurons, 400 where nothing is said.
    #[schemars(range(min = 1, max = 2048))]
    neurons: Option<u32>,
    /// Steps of 1 ms for which an input is shown, 250 where nothing is said.
    #[schemars(range(min = 1, max = 10000))]
    steps: Option<u32>,
    /// Rate of an input of 1 (Hz), 128 where nothing is said.
    max_rate_hz: Option<f64>,
    /// What the weights onto a neuron sum to; a quarter of the inputs, at most 78.4, where nothing is said.
    norm: Option<f32>,
    /// Jump of a neuron's threshold at each spike (mV), 0.2 where nothing is said.
    theta_plus: Option<f64>,
    /// Rate of depression, 0.0001 where nothing is said.
    depression: Option<f32>,
    /// Rate of potentiation, 0.01 where nothing is said.
    potentiation: Option<f32>,
}

/// Liquids and their read-out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LiquidsSpec {
    /// The senses, each heard by a liquid of its own.
    #[schemars(length(min = 1, max = 8))]
    senses: Vec<SenseSpec>,
    /// A further liquid that hears those of all senses. Where nothing is said it has 200 neurons,
    /// connectivities of 0.1, an input scale of 0.3, time constants of 30 and 5, and 1 part.
    above: Option<LiquidShape>,
    /// The most classes.
    #[schemars(range(min = 1))]
    classes: u32,
    /// Ridge of the read-out, 10 where nothing is said.
    ridge: Option<f64>,
    /// How much of the past the read-out keeps with each sample, 1 (all) where nothing is said.
    forgetting: Option<f64>,
}

/// A sense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SenseSpec {
    /// Its channels.
    #[schemars(range(min = 1))]
    channels: u32,
    /// The liquid that hears it.
    liquid: Option<LiquidShape>,
}

/// A liquid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LiquidShape {
    /// Neurons, 100 where nothing is said.
    #[schemars(range(min = 1))]
    neurons: Option<u32>,
    /// The share of neurons that excite, 0.8 where nothing is said.
    excitatory: Option<f64>,
    /// The share of pairs of neurons that are connected, 0.1 where nothing is said.
    connectivity: Option<f64>,
    /// The share of pairs of input and neuron that are connected, 3 by the number of channels and at
    /// most 1 where nothing is said.
    input_connectivity: Option<f64>,
    /// Largest absolute eigenvalue of the recurrent weights, 0.9 where nothing is said.
    spectral_radius: Option<f64>,
    /// Mean weight of an input synapse in thresholds, 1 where nothing is said.
    input_scale: Option<f64>,
    /// Time constant of the membrane (steps), 10 where nothing is said.
    tau_mem_steps: Option<f64>,
    /// Time constant of a synapse (steps), 1.5 where nothing is said.
    tau_syn_steps: Option<f64>,
    /// Into how many parts of equal length its spikes are counted, 4 where nothing is said.
    #[schemars(range(min = 1, max = 1024))]
    parts: Option<u32>,
}

impl LearnerSpec {
    /// What the learner is made of.
    ///
    /// # Errors
    /// [`RequestError::Bad`] where not exactly one kind is given.
    pub(crate) fn read(&self) -> Result<Spec, RequestError> {
        let seed = self.seed.unwrap_or_default();
        let kinds = [
            self.columns.as_ref().map(ColumnsSpec::read),
            self.eprop.as_ref().map(|spec| spec.read(seed)),
            self.competition.as_ref().map(|spec| spec.read(seed)),
            self.liquid.as_ref().map(|spec| spec.read(seed)),
        ];
        let mut given: Vec<Spec> = kinds.into_iter().flatten().collect();
        let found = given.len();
        given.pop().filter(|_| found == 1).ok_or_else(|| {
            let kinds = "columns, eprop, competition and liquid";
            RequestError::bad(format!("{found} kinds given, expected exactly one of {kinds}"))
        })
    }
}

impl LearnerSpec {
    /// The same with every value written out, so that what nothing was said about stays as it is
    /// when a later version has other defaults.
    pub(crate) fn told(self, spec: &Spec) -> Self {
        let mut told = Self { columns: None, eprop: None, competition: None, liquid: None, ..self };
        match spec {
            Spec::Columns(config) => told.columns = Some(ColumnsSpec::of(config)),
            Spec::EProp { config, silent_steps } => {
                told.eprop = Some(EPropSpec::of(config, *silent_steps));
            }
            Spec::Competition { config, n_classes } => {
                told.competition = Some(CompetitionSpec::of(config, *n_classes));
            }
            Spec::Liquid(spec) => told.liquid = Some(LiquidsSpec::of(spec)),
        }
        told
    }
}

/// A number of the configuration on the wire, from where it came.
fn wire(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl ColumnsSpec {
    fn of(config: &MicroColumnsConfig) -> Self {
        Self {
            inputs: wire(config.n_inputs),
            units_per_class: Some(wire(config.units_per_class)),
            allocate_below: Some(config.allocate_below),
            rate: Some(config.rate),
            anti_rate: Some(config.anti_rate),
            novel_below: Some(config.novel_below),
        }
    }

    fn read(&self) -> Spec {
        let plain = MicroColumnsConfig::new(self.inputs as usize);
        Spec::Columns(MicroColumnsConfig {
            units_per_class: self.units_per_class.map_or(plain.units_per_class, |n| n as usize),
            allocate_below: self.allocate_below.unwrap_or(plain.allocate_below),
            rate: self.rate.unwrap_or(plain.rate),
            anti_rate: self.anti_rate.unwrap_or(plain.anti_rate),
            novel_below: self.novel_below.unwrap_or(plain.novel_below),
            ..plain
        })
    }
}

impl EPropSpec {
    fn of(config: &EPropConfig, silent_steps: usize) -> Self {
        Self {
            channels: wire(config.n_inputs),
            classes: wire(config.n_classes),
            neurons: Some(wire(config.n_neurons)),
            tau_mem_steps: Some(config.tau_mem_steps),
            tau_out_steps: Some(config.tau_out_steps),
            threshold: Some(config.threshold),
            gamma: Some(config.gamma),
            rate: Some(config.rate),
            random_feedback: Some(!config.symmetric),
            silent_steps: Some(wire(silent_steps)),
        }
    }

    fn read(&self, seed: u64) -> Spec {
        let n_neurons = self.neurons.map_or(defaults::EPROP_NEURONS, |n| n as usize);
        let sizes = (self.channels as usize, self.classes as usize);
        let plain = defaults::eprop(sizes.0, sizes.1, n_neurons, seed);
        let config = EPropConfig {
            tau_mem_steps: self.tau_mem_steps.unwrap_or(plain.tau_mem_steps),
            tau_out_steps: self.tau_out_steps.unwrap_or(plain.tau_out_steps),
            threshold: self.threshold.unwrap_or(plain.threshold),
            gamma: self.gamma.unwrap_or(plain.gamma),
            rate: self.rate.unwrap_or(plain.rate),
            symmetric: !self.random_feedback.unwrap_or_default(),
            ..plain
        };
        Spec::EProp { config, silent_steps: self.silent_steps.unwrap_or_default() as usize }
    }
}

impl CompetitionSpec {
    fn of(config: &CompetitionConfig, n_classes: usize) -> Self {
        Self {
            inputs: wire(config.n_inputs),
            classes: wire(n_classes),
            neurons: Some(wire(config.n_neurons)),
            steps: Some(wire(config.n_steps)),
            max_rate_hz: Some(config.max_rate_hz),
            norm: Some(config.norm),
            theta_plus: Some(config.theta_plus),
            depression: Some(config.nu[0]),
            potentiation: Some(config.nu[1]),
        }
    }

    fn read(&self, seed: u64) -> Spec {
        let neurons = self.neurons.map_or(defaults::COMPETING, |n| n as usize);
        let plain = defaults::competition(self.inputs as usize, neurons, seed);
        let [depression, potentiation] = plain.nu;
        let config = CompetitionConfig {
            n_steps: self.steps.map_or(plain.n_steps, |n| n as usize),
            max_rate_hz: self.max_rate_hz.unwrap_or(plain.max_rate_hz),
            norm: self.norm.unwrap_or(plain.norm),
            theta_plus: self.theta_plus.unwrap_or(plain.theta_plus),
            nu: [self.depression.unwrap_or(depression), self.potentiation.unwrap_or(potentiation)],
            ..plain
        };
        Spec::Competition { config, n_classes: self.classes as usize }
    }
}

impl LiquidsSpec {
    fn of(spec: &LiquidSpec) -> Self {
        let sense = |config: &LiquidConfig| SenseSpec {
            channels: wire(config.n_inputs),
            liquid: Some(LiquidShape::of(config)),
        };
        Self {
            senses: spec.liquids.senses.iter().map(sense).collect(),
            above: match &spec.liquids.fusion {
                Fusion::Above(config) => Some(LiquidShape::of(config)),
                Fusion::Side => None,
            },
            classes: wire(spec.n_classes),
            ridge: Some(spec.lambda),
            forgetting: Some(spec.forgetting),
        }
    }

    fn read(&self, seed: u64) -> Spec {
        let plain = LiquidShape::default();
        let sense = |(idx, sense): (u64, &SenseSpec)| {
            let shape = sense.liquid.as_ref().unwrap_or(&plain);
            shape.read(defaults::liquid(sense.channels as usize, seed.wrapping_add(idx)))
        };
        let senses: Vec<LiquidConfig> = (1..).zip(&self.senses).map(sense).collect();
        let fusion = match &self.above {
            None => Fusion::Side,
            Some(shape) => {
                let heard = senses.iter().fold(0usize, |n, s| n.saturating_add(s.n_neurons));
                Fusion::Above(shape.read(defaults::above(heard, seed)))
            }
        };
        Spec::Liquid(LiquidSpec {
            liquids: LiquidsConfig { senses, fusion },
            n_classes: self.classes as usize,
            lambda: self.ridge.unwrap_or(defaults::LIQUID_RIDGE),
            forgetting: self.forgetting.unwrap_or(1.0),
        })
    }
}

impl LiquidShape {
    fn of(config: &LiquidConfig) -> Self {
        Self {
            neurons: Some(wire(config.n_neurons)),
            excitatory: Some(config.excitatory),
            connectivity: Some(config.connectivity),
            input_connectivity: Some(config.input_connectivity),
            spectral_radius: Some(config.spectral_radius),
            input_scale: Some(config.input_scale),
            tau_mem_steps: Some(config.tau_mem_steps),
            tau_syn_steps: Some(config.tau_syn_steps),
            parts: Some(wire(config.windows.count())),
        }
    }

    /// The liquid, `plain` where nothing is said.
    fn read(&self, plain: LiquidConfig) -> LiquidConfig {
        let parts = self.parts.map(|n| Windows::Parts(n as usize));
        LiquidConfig {
            n_neurons: self.neurons.map_or(plain.n_neurons, |n| n as usize),
            excitatory: self.excitatory.unwrap_or(plain.excitatory),
            connectivity: self.connectivity.unwrap_or(plain.connectivity),
            input_connectivity: self.input_connectivity.unwrap_or(plain.input_connectivity),
            spectral_radius: self.spectral_radius.unwrap_or(plain.spectral_radius),
            input_scale: self.input_scale.unwrap_or(plain.input_scale),
            tau_mem_steps: self.tau_mem_steps.unwrap_or(plain.tau_mem_steps),
            tau_syn_steps: self.tau_syn_steps.unwrap_or(plain.tau_syn_steps),
            windows: parts.unwrap_or(plain.windows),
            ..plain
        }
    }
}

/// Whether a learner learns.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LearnerPatch {
    /// Whether it learns.
    pub(crate) learning: bool,
}

/// Samples to learn, in their order.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeachRequest {
    /// The samples.
    #[schemars(length(min = 1, max = 1024))]
    samples: Vec<SampleSpec>,
}

/// Inputs to be told what they are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictRequest {
    /// The inputs.
    #[schemars(length(min = 1, max = 1024))]
    inputs: Vec<InputSpec>,
}

/// An input with its label: exactly one of `values`, `spikes` and `senses`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SampleSpec {
    /// What it is called; only a competition learns from what has no label.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Values; for a learner in time, step by step, `[steps][channels]` in row-major order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<f32>,
    /// Spikes of the only sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    spikes: Option<Spikes>,
    /// What each sense heard, an empty object for one that is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    senses: Vec<SenseInput>,
}

/// An input: exactly one of `values`, `spikes` and `senses`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InputSpec {
    /// Values; for a learner in time, step by step, `[steps][channels]` in row-major order.
    #[serde(default)]
    values: Vec<f32>,
    /// Spikes of the only sense.
    spikes: Option<Spikes>,
    /// What each sense heard, an empty object for one that is missing.
    #[serde(default)]
    senses: Vec<SenseInput>,
}

/// What a sense heard: one of `values` and `spikes`, or neither where it is missing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SenseInput {
    /// Values step by step, `[steps][channels]` in row-major order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<f32>,
    /// Spikes.
    #[serde(skip_serializing_if = "Option::is_none")]
    spikes: Option<Spikes>,
}

/// Events by their step and channel, in any order; those of one step and channel are added up.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Spikes {
    /// Steps.
    #[schemars(range(min = 1, max = 10000))]
    steps: u32,
    /// The step of each event, from 0.
    at: Vec<u32>,
    /// The channel of each event, from 0.
    channels: Vec<u32>,
    /// The value of each event, 1 where none are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<f32>,
}

impl TeachRequest {
    /// The samples for a learner of these channels.
    ///
    /// # Errors
    /// [`RequestError::Bad`], with the position of the sample.
    pub(crate) fn read(&self, channels: &[usize]) -> Result<Vec<Sample>, RequestError> {
        let read = |(idx, sample): (usize, &SampleSpec)| {
            let input = input((&sample.values, sample.spikes.as_ref(), &sample.senses), channels);
            let label = sample.label.clone();
            Ok(Sample { input: input.map_err(at(("samples", idx)))?, label })
        };
        some("samples", self.samples.len())?;
        self.samples.iter().enumerate().map(read).collect()
    }
}

impl PredictRequest {
    /// The inputs for a learner of these channels.
    ///
    /// # Errors
    /// [`RequestError::Bad`], with the position of the input.
    pub(crate) fn read(&self, channels: &[usize]) -> Result<Vec<Input>, RequestError> {
        let read = |(idx, one): (usize, &InputSpec)| {
            let input = input((&one.values, one.spikes.as_ref(), &one.senses), channels);
            input.map_err(at(("inputs", idx)))
        };
        some("inputs", self.inputs.len())?;
        self.inputs.iter().enumerate().map(read).collect()
    }
}

fn some(what: &str, n: usize) -> Result<(), RequestError> {
    if (1..=learner::MAX_SAMPLES).contains(&n) {
        return Ok(());
    }
    Err(RequestError::bad(format!("{what}: {n}, expected 1 to {}", learner::MAX_SAMPLES)))
}

fn at((what, idx): (&'static str, usize)) -> impl Fn(String) -> RequestError {
    move |wrong| RequestError::bad(format!("{what}[{idx}]: {wrong}"))
}

type Given<'a> = (&'a [f32], Option<&'a Spikes>, &'a [SenseInput]);

fn input((values, spikes, senses): Given<'_>, channels: &[usize]) -> Result<Input, String> {
    match (values.is_empty(), spikes, senses.is_empty()) {
        (false, None, true) => Ok(Input::Values(values.to_vec())),
        (true, Some(spikes), true) => Ok(Input::Senses(vec![Some(spikes.read(only(channels)?)?)])),
        (true, None, false) if senses.len() == channels.len() => {
            let heard = senses.iter().zip(channels).map(|(sense, n)| sense.read(*n));
            Ok(Input::Senses(heard.collect::<Result<_, _>>()?))
        }
        (true, None, false) => Err(format!("{} senses, expected {}", senses.len(), channels.len())),
        _ => Err("expected exactly one of values, spikes and senses".to_owned()),
    }
}

/// The channels of the only sense.
fn only(channels: &[usize]) -> Result<usize, String> {
    match channels {
        [n] => Ok(*n),
        [] => Err("spikes for a learner that takes values".to_owned()),
        _ => Err(format!("spikes of one sense, expected senses, {} of them", channels.len())),
    }
}

impl SenseInput {
    fn read(&self, channels: usize) -> Result<Option<Raster>, String> {
        match (self.values.is_empty(), &self.spikes) {
            (true, None) => Ok(None),
            (true, Some(spikes)) => spikes.read(channels).map(Some),
            (false, None) if self.values.len().is_multiple_of(channels.max(1)) => {
                Ok(Some(Raster::from_dense(&self.values, channels)))
            }
            (false, None) => {
                let found = self.values.len();
                Err(format!("{found} values of a sense, expected steps times {channels} channels"))
            }
            (false, Some(_)) => Err("a sense has values or spikes, not both".to_owned()),
        }
    }
}

impl Spikes {
    fn read(&self, channels: usize) -> Result<Raster, String> {
        let (steps, n) = (self.steps as usize, self.at.len());
        if !(1..=learner::MAX_STEPS).contains(&steps) {
            return Err(format!("{steps} steps, expected 1 to {}", learner::MAX_STEPS));
        }
        if self.channels.len() != n || !(self.values.is_empty() || self.values.len() == n) {
            let (c, v) = (self.channels.len(), self.values.len());
            return Err(format!(
                "{n} times, {c} channels and {v} values, expected as many of each"
            ));
        }
        let value = |k: usize| self.values.get(k).copied().unwrap_or(1.0);
        let event = |k| (self.at[k], self.channels[k], value(k));
        let mut events: Vec<(u32, u32, f32)> = (0..n).map(event).collect();
        let outside = |e: &&(u32, u32, f32)| e.0 as usize >= steps || e.1 as usize >= channels;
        if let Some((step, channel, _)) = events.iter().find(outside) {
            let right = format!("expected steps below {steps} and channels below {channels}");
            return Err(format!("an event in step {step} of channel {channel}, {right}"));
        }
        events.sort_by_key(|e| (e.0, e.1));
        events.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            kept.2 += if same { next.2 } else { 0.0 };
            same
        });
        let (mut raster, mut rest) = (Raster::new(channels), events.as_slice());
        for step in 0..self.steps {
            let (now, later) = rest.split_at(rest.partition_point(|e| e.0 <= step));
            raster.push_step(now.iter().map(|e| (e.1, e.2)));
            rest = later;
        }
        Ok(raster)
    }
}

/// A learner.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LearnerAnswer {
    id: String,
    /// `columns`, `eprop`, `competition` or `liquid`.
    kind: String,
    /// What it was made of.
    spec: LearnerSpec,
    /// Whether it learns.
    learning: bool,
    created_at: String,
    /// When it was last saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_at: Option<String>,
    /// How it stands; only where one learner is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<StandingAnswer>,
}

/// How a learner stands.
#[derive(Serialize, JsonSchema)]
struct StandingAnswer {
    /// Samples that it learned.
    samples: u64,
    /// Those of them that had a label.
    labelled: u64,
    /// Those with a label that it answered rightly before it learned them.
    right: u64,
    /// Units that answer.
    units: u64,
    /// Weights that changed, as often as they did.
    weight_changes: u64,
    /// Requests that can be taken back.
    undoable: u64,
    /// The labels it was taught, in the order in which they were met.
    labels: Vec<String>,
}

/// Learners.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LearnerList {
    pub(crate) learners: Vec<LearnerAnswer>,
}

/// What samples taught.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TaughtAnswer {
    /// Samples.
    samples: u64,
    /// Those of them that had a label.
    labelled: u64,
    /// Those with a label that it answered rightly before it learned them.
    right: u64,
    /// Units that were made for them.
    allocated: u64,
    /// Labels that were met for the first time.
    classes: u64,
    /// Weights that changed, as often as they did.
    weight_changes: u64,
    /// Requests that can be taken back.
    undoable: u64,
}

/// What inputs are.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PredictAnswer {
    /// One for each input, in their order.
    predictions: Vec<PredictionAnswer>,
}

/// What an input is.
#[derive(Serialize, JsonSchema)]
struct PredictionAnswer {
    /// What it is called; none where it is like nothing that was learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Whether it is like nothing that was learned.
    novel: bool,
    /// How well it fits, larger is better: the cosine of micro-columns, the probability of e-prop,
    /// the share of spikes of a competition, the read-out's value of liquids.
    score: f32,
}

impl LearnerAnswer {
    pub(crate) fn of(about: &About) -> Self {
        Self {
            id: about.id.clone(),
            kind: about.spec.read().map_or("", |spec| spec.kind()).to_owned(),
            spec: about.spec.clone(),
            learning: about.learning,
            created_at: time(about.created_ms),
            saved_at: about.saved_ms.map(time),
            now: None,
        }
    }

    pub(crate) fn live(live: &Live) -> Self {
        let standing = live.learner.standing();
        let now = StandingAnswer {
            samples: standing.samples,
            labelled: standing.labelled,
            right: standing.right,
            units: live.learner.units() as u64,
            weight_changes: standing.weight_changes,
            undoable: live.undoable(),
            labels: live.learner.labels().to_vec(),
        };
        Self { now: Some(now), ..Self::of(&live.about) }
    }
}

impl TaughtAnswer {
    pub(crate) fn of(learned: &learner::Learned, undoable: u64) -> Self {
        Self {
            samples: learned.samples,
            labelled: learned.labelled,
            right: learned.right,
            allocated: learned.allocated,
            classes: learned.classes,
            weight_changes: learned.weight_changes,
            undoable,
        }
    }
}

impl PredictAnswer {
    pub(crate) fn of(all: Vec<Prediction>) -> Self {
        let one = |p: Prediction| PredictionAnswer {
            novel: p.label.is_none(),
            label: p.label,
            score: p.score,
        };
        Self { predictions: all.into_iter().map(one).collect() }
    }
}

impl From<LearnerError> for RequestError {
    fn from(error: LearnerError) -> Self {
        Self::bad(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LearnerSpec, Spikes};

    #[test]
    fn what_is_written_out_is_what_was_meant() {
        let specs = [
            r#"{"columns": {"inputs": 3, "rate": 0.1}}"#,
            r#"{"eprop": {"channels": 3, "classes": 2, "random_feedback": true, "silent_steps": 4}}"#,
            r#"{"competition": {"inputs": 9, "classes": 2, "potentiation": 0.02}, "seed": 3}"#,
            r#"{"liquid": {"senses": [{"channels": 3}, {"channels": 2, "liquid": {"parts": 4}}],
                "above": {"neurons": 20}, "classes": 5, "ridge": 2.0}, "seed": 3}"#,
        ];
        for text in specs {
            let spec: LearnerSpec = serde_json::from_str(text).unwrap();
            let meant = spec.read().unwrap();
            let told = spec.told(&meant);
            assert_eq!(told.read().unwrap(), meant);
            assert_eq!(told.clone().told(&meant), told);
        }
    }

    proptest! {
        #[test]
        fn events_are_all_there_or_refused(
            steps in 0u32..20,
            events in prop::collection::vec((0u32..22, 0u32..6, -2i8..3), 0..30),
            valued: bool,
        ) {
            let spikes = Spikes {
                steps,
                at: events.iter().map(|e| e.0).collect(),
                channels: events.iter().map(|e| e.1).collect(),
                values: events.iter().filter(|_| valued).map(|e| f32::from(e.2)).collect(),
            };
            let fits = steps > 0 && events.iter().all(|e| e.0 < steps && e.1 < 4);
            let raster = spikes.read(4);
            prop_assert_eq!(raster.is_ok(), fits);
            if let Ok(raster) = raster {
                let mut dense = vec![0.0f32; steps as usize * 4];
                for (at, channel, value) in events {
                    dense[(at * 4 + channel) as usize] += if valued { f32::from(value) } else { 1.0 };
                }
                prop_assert_eq!(raster.to_dense(), dense);
            }
        }
    }

    #[test]
    fn as_many_times_as_channels_are_needed() {
        let spikes = Spikes { steps: 2, at: vec![0, 1], channels: vec![0], values: vec![] };
        let told = spikes.read(1).unwrap_err();
        assert_eq!(told, "2 times, 1 channels and 0 values, expected as many of each");
    }
}
