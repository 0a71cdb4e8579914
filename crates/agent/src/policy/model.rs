//! The policy by a spiking network: observations become spikes, a session steps the network, and its
//! output spikes are read out, by the three-factor rule or as they are.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use spike::{Compiled, Raster, Session};

use super::columns::{Dimension, MAX_DIMENSIONS, MAX_SNAPSHOTS, Pending, within_rule};
use super::{End, Feedback, Learned, MAX_ACTIONS, MAX_REWARD, Policy, Proposal, checked, finite};
use crate::error::AgentError;
use crate::random::Random;
use crate::rule::{
    self, Active, MAX_ACTIVITY, MAX_ACTOR_WEIGHTS, MAX_CELLS, Rule, Traces, Weights,
};
use crate::saved::{self, Form};

/// Steps of the network for one action.
pub const MAX_MODEL_STEPS: u32 = 1024;

/// How the spikes of the output become an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadOut {
    /// An actor and a critic that learn weigh them.
    ThreeFactor,
    /// The output neuron that fired most, the first of several; nothing learns.
    Fixed,
}

/// What a policy by a network observes and does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// What is observed; `bins` are the input neurons of the dimension, and together they are the
    /// network's.
    pub dimensions: Vec<Dimension>,
    /// Actions to choose from, 2 to 64.
    pub actions: u32,
    /// Steps of the network for one action, 1 to 1024.
    pub steps: u32,
    /// How spikes become an action.
    pub read_out: ReadOut,
    /// How the read-out learns.
    pub rule: Rule,
}

impl ModelConfig {
    fn problems(&self, network: &Compiled) -> Vec<String> {
        let mut problems = Vec::new();
        let mut within = |what: &str, found: f64, low: f64, high: f64| {
            if !(found >= low && found <= high) {
                problems.push(format!("{what}: {found}, expected {low} to {high}"));
            }
        };
        within("dimensions", self.dimensions.len() as f64, 1.0, MAX_DIMENSIONS as f64);
        within("actions", self.actions.into(), 2.0, MAX_ACTIONS.into());
        within("steps", self.steps.into(), 1.0, MAX_MODEL_STEPS.into());
        within_rule(&self.rule, &mut within);
        let ordered = |d: &Dimension| d.high - d.low > 0.0 && (d.high - d.low).is_finite();
        if !self.dimensions.iter().all(|d| ordered(d) && d.bins >= 1) {
            problems.push("dimensions: low is not below high, or bins are none".into());
        }
        let sizes = |ports: Vec<spike::Port>| -> Vec<usize> {
            ports.iter().map(|port| port.shape.iter().product()).collect()
        };
        let wanted: usize = self.dimensions.iter().map(|d| d.bins as usize).sum();
        let inputs = sizes(network.inputs());
        if inputs != [wanted] {
            problems.push(format!("the network's inputs: {inputs:?}, expected one of {wanted}"));
        }
        let outputs = sizes(network.outputs());
        let actions = self.actions as usize;
        match (&outputs[..], self.read_out) {
            ([n], ReadOut::ThreeFactor) if *n <= MAX_CELLS && n * actions <= MAX_ACTOR_WEIGHTS => {}
            ([n], ReadOut::Fixed) if *n == actions => {}
            _ => problems.push(format!(
                "the network's outputs: {outputs:?}, expected one of {actions} neurons, or of any \
                 number with a read-out that learns"
            )),
        }
        problems
    }

    /// How strongly each input neuron is driven: a hill around its place, 1 at the top.
    fn rates(&self, observation: &[f64]) -> Vec<f64> {
        let mut rates = Vec::new();
        for (x, dimension) in observation.iter().zip(&self.dimensions) {
            let Dimension { low, high, bins } = *dimension;
            let share = (x.clamp(low, high) - low) / (high - low);
            let place = share * f64::from(bins.saturating_sub(1));
            rates.extend((0..bins).map(|k| (1.0 - (place - f64::from(k)).abs()).max(0.0)));
        }
        rates
    }

    /// Spikes of the input: each neuron fires as often as its rate says, evenly.
    fn spikes(&self, observation: &[f64]) -> Raster {
        let rates = self.rates(observation);
        let mut raster = Raster::new(rates.len());
        for t in 0..self.steps {
            let before = |rate: f64| (rate * f64::from(t)).floor();
            let after = |rate: f64| (rate * f64::from(t + 1)).floor();
            let fires = |(_, rate): &(usize, &f64)| after(**rate) > before(**rate);
            let fired: Vec<u32> =
                rates.iter().enumerate().filter(fires).map(|(k, _)| k as u32).collect();
            raster.push_spikes(&fired);
        }
        raster
    }

    fn outputs(&self) -> u32 {
        if self.actions == 2 { 1 } else { self.actions }
    }
}

/// The policy. Every action starts from a network at rest, so that an agent is what it saved.
///
/// Shapes: observations `[dimensions]`, input spikes `[steps, sum of bins]`, features `[outputs]`:
/// spikes of an output neuron over the steps.
#[derive(Debug)]
pub struct ByModel {
    config: ModelConfig,
    session: Session,
    state: State,
    snapshots: Vec<Weights>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    weights: Weights,
    traces: Traces,
    pending: Option<Pending>,
    learns: bool,
    error: f64,
    steps: u64,
}

impl ByModel {
    /// A policy by a network, whose read-out has learned nothing.
    ///
    /// # Errors
    /// [`AgentError::Config`] with everything that is wrong.
    pub fn new(config: ModelConfig, network: Arc<Compiled>) -> Result<Self, AgentError> {
        let problems = config.problems(&network);
        if !problems.is_empty() {
            return Err(AgentError::Config(problems));
        }
        let state = State {
            weights: Weights::new(config.outputs()),
            traces: Traces::default(),
            pending: None,
            learns: config.read_out == ReadOut::ThreeFactor,
            error: 0.0,
            steps: 0,
        };
        let mut session = Session::new(network);
        session.set_learning(false);
        Ok(Self { config, session, state, snapshots: Vec::new() })
    }

    /// Its settings.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Runs the network: which output neurons fired, and how often in a step.
    fn features(&mut self, observation: &[f64]) -> Result<Vec<Active>, AgentError> {
        self.session.reset();
        let run = self.session.run(&[self.config.spikes(observation)]);
        let run = run.map_err(|e| AgentError::Model(e.to_string()))?;
        let sums = run.outputs.first().map(Raster::sums).unwrap_or_default();
        let steps = f64::from(self.config.steps);
        let active = sums.iter().enumerate().filter(|(_, n)| **n != 0.0);
        let active: Vec<Active> = active.map(|(k, n)| (k as u64, f64::from(*n) / steps)).collect();
        match active.iter().all(|(_, x)| x.abs() <= MAX_ACTIVITY) {
            true => Ok(active),
            false => Err(AgentError::Model(format!("an output is beyond ±{MAX_ACTIVITY:e}"))),
        }
    }

    fn probabilities(&self, active: &[Active]) -> Vec<f64> {
        if self.config.read_out == ReadOut::ThreeFactor {
            return rule::probabilities(&self.state.weights.drives(active));
        }
        let mut most = (0, 0.0);
        for &(cell, x) in active {
            most = if x > most.1 { (cell as usize, x) } else { most };
        }
        (0..self.config.actions as usize).map(|k| f64::from(u8::from(k == most.0))).collect()
    }
}

impl Policy for ByModel {
    fn n_observed(&self) -> usize {
        self.config.dimensions.len()
    }

    fn n_actions(&self) -> u32 {
        self.config.actions
    }

    fn propose(
        &mut self,
        observation: &[f64],
        random: &mut Random,
    ) -> Result<Proposal, AgentError> {
        checked(observation, self.n_observed())?;
        let active = self.features(observation)?;
        let probabilities = self.probabilities(&active);
        let action = rule::pick(&probabilities, random.uniform());
        let proposal = Proposal {
            action,
            probability: probabilities[action as usize],
            value: self.state.weights.value(&active, self.config.rule.initial_value),
            active: active.len() as u32,
            set: 0,
        };
        self.state.pending = Some(Pending { active, action, probabilities });
        Ok(proposal)
    }

    fn learn(&mut self, feedback: &Feedback<'_>) -> Result<Learned, AgentError> {
        checked(feedback.next, self.n_observed())?;
        finite("reward", feedback.reward, MAX_REWARD)?;
        if self.state.pending.is_none() {
            return Err(AgentError::NothingActed);
        }
        let next = match feedback.end {
            End::Terminal => Vec::new(),
            _ => self.features(feedback.next)?,
        };
        let pending = self.state.pending.take().ok_or(AgentError::NothingActed)?;
        let rule = self.config.rule;
        let state = &mut self.state;
        let value = state.weights.value(&pending.active, rule.initial_value);
        let next = state.weights.value(&next, rule.initial_value);
        let delta = feedback.reward + rule.gamma * next - value;
        let active = pending.active.len() as u32;
        let mut learned = Learned { delta, active, ..Learned::default() };
        if state.learns {
            let acted = (pending.action, &pending.probabilities[..]);
            let marked = (&mut state.weights, &mut state.traces);
            learned.without_cell = rule::mark(marked, &rule, &pending.active, acted);
            let changes = rule::reinforce((&mut state.weights, &state.traces), &rule, delta);
            (learned.weight_changes, learned.clamped) = (changes.weights, changes.clamped);
            learned.eligible = state.traces.len() as u32;
        }
        state.error += delta.abs();
        state.steps = state.steps.saturating_add(1);
        if feedback.end != End::Goes {
            learned.critic_error = Some(state.error / state.steps as f64);
            self.reset();
        }
        Ok(learned)
    }

    fn withdraw(&mut self) {
        self.state.pending = None;
    }

    fn reset(&mut self) {
        self.state.traces.clear();
        self.state.pending = None;
        (self.state.error, self.state.steps) = (0.0, 0);
    }

    fn learns(&self) -> bool {
        self.state.learns
    }

    fn set_learning(&mut self, on: bool) {
        self.state.learns = on && self.config.read_out == ReadOut::ThreeFactor;
        self.state.traces.clear();
    }

    fn snapshot(&mut self) -> usize {
        if self.snapshots.len() == MAX_SNAPSHOTS {
            self.snapshots.remove(0);
        }
        self.snapshots.push(self.state.weights.clone());
        self.snapshots.len()
    }

    fn undo(&mut self) -> Result<usize, AgentError> {
        self.state.weights = self.snapshots.pop().ok_or(AgentError::NothingToUndo)?;
        self.reset();
        Ok(self.snapshots.len())
    }

    fn weights(&self) -> Vec<f64> {
        self.state.weights.values().collect()
    }

    fn save(&self) -> Result<Vec<u8>, AgentError> {
        saved::to_bytes(Form::Model, &(&self.config, &self.state))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), AgentError> {
        let (config, mut state): (ModelConfig, State) = saved::from_bytes(Form::Model, saved)?;
        if config != self.config {
            return Err(AgentError::Saved("it is of an agent with other settings".into()));
        }
        state.check(&config).map_err(AgentError::Saved)?;
        self.state = state;
        Ok(())
    }
}

impl State {
    fn check(&mut self, config: &ModelConfig) -> Result<(), String> {
        self.weights.check(config.outputs(), config.rule.weight_limit)?;
        self.traces.check(&self.weights)?;
        if let Some(pending) = &self.pending {
            pending.check(config.actions)?;
        }
        match self.error.is_finite() {
            true => Ok(()),
            false => Err("the error of the episode is no number".into()),
        }
    }
}
