//! The policy of winner-take-all columns: each column covers the observed space with cells, shifted
//! against the others, and emits one spike, that of its winning cell.

use serde::{Deserialize, Serialize};

use super::gate::{Gate, Gating};
use super::{End, Feedback, Learned, MAX_REWARD, Policy, Proposal, checked, finite};
use crate::error::AgentError;
use crate::random::Random;
use crate::rule::{self, Active, MAX_ACTIVITY, Rule, Traces, Weights};
use crate::saved::{self, Form};

/// Values of an observation.
pub const MAX_DIMENSIONS: usize = 16;
/// Columns of an agent.
pub const MAX_COLUMNS: u32 = 64;
/// Bins of a dimension.
pub const MAX_BINS: u32 = 1024;
/// Actions to choose from.
pub const MAX_ACTIONS: u32 = 64;
/// Snapshots that are kept to go back to.
pub const MAX_SNAPSHOTS: usize = 2;
/// Cells over all columns, with weights or not.
const MAX_PLACES: u64 = 1 << 52;

/// A dimension of what is observed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Values below it are as good as it.
    pub low: f64,
    /// Values above it are as good as it.
    pub high: f64,
    /// Into how many bins a column cuts it, 1 to 1024.
    pub bins: u32,
}

/// What a policy of columns observes and does, and how it learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnsConfig {
    /// What is observed, 1 to 16 dimensions.
    pub dimensions: Vec<Dimension>,
    /// Columns, 1 to 64; each is shifted against the others.
    pub columns: u32,
    /// Actions to choose from, 2 to 64.
    pub actions: u32,
    /// How it learns; steps are divided by the number of columns.
    pub rule: Rule,
    /// Whether a task that is new gets columns of its own; none where one set is all.
    pub gating: Option<Gating>,
}

impl ColumnsConfig {
    /// The settings that were measured on CartPole-v1: `docs/learning/agents.md`.
    pub fn cart_pole() -> Self {
        let dimension = |limit: f64, bins| Dimension { low: -limit, high: limit, bins };
        Self {
            dimensions: vec![
                dimension(2.4, 3),
                dimension(3.0, 4),
                dimension(0.21, 8),
                dimension(3.5, 8),
            ],
            columns: 16,
            actions: 2,
            rule: Rule {
                gamma: 0.99,
                lambda: 0.9,
                actor_step: 3.0,
                critic_step: 0.5,
                initial_value: 0.0,
                weight_limit: 100.0,
            },
            gating: None,
        }
    }

    /// Everything that cannot be.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut within = |what: &str, found: f64, low: f64, high: f64| {
            if !(found >= low && found <= high) {
                problems.push(format!("{what}: {found}, expected {low} to {high}"));
            }
        };
        within("dimensions", self.dimensions.len() as f64, 1.0, MAX_DIMENSIONS as f64);
        within("columns", self.columns.into(), 1.0, MAX_COLUMNS.into());
        within("actions", self.actions.into(), 2.0, MAX_ACTIONS.into());
        within_rule(&self.rule, &mut within);
        for (d, dimension) in self.dimensions.iter().enumerate() {
            let Dimension { low, high, bins } = *dimension;
            within(&format!("dimensions[{d}].bins"), bins.into(), 1.0, MAX_BINS.into());
            within(&format!("dimensions[{d}].low"), low, -super::MAX_OBSERVED, super::MAX_OBSERVED);
            within(
                &format!("dimensions[{d}].high"),
                high,
                -super::MAX_OBSERVED,
                super::MAX_OBSERVED,
            );
        }
        if let Some(gating) = &self.gating {
            gating.within(&mut within);
        }
        let ordered = |d: &Dimension| d.high - d.low > 0.0;
        if !self.dimensions.iter().all(ordered) {
            problems.push("dimensions: low is not below high".into());
        }
        let places = self.dimensions.iter().try_fold(u64::from(self.columns), |n, d| {
            n.checked_mul(u64::from(d.bins) + 1).filter(|n| *n <= MAX_PLACES)
        });
        if places.is_none() {
            problems.push(format!("dimensions: more than {MAX_PLACES} cells"));
        }
        problems
    }

    /// The winner of each column.
    ///
    /// Column `t` of `T` bins dimension `d` as `floor(v (b_d - 1) + (t (2 d + 1) mod T) / T)`, with
    /// `v` from 0 to 1 between the bounds. The odd shifts are those of Miller and Glanz 1996,
    /// "UNH_CMAC".
    fn winners(&self, observation: &[f64]) -> Vec<Active> {
        let n = u64::from(self.columns);
        let winner = |t: u64| {
            let at = |cell: u64, (d, (x, dimension)): (usize, (&f64, &Dimension))| {
                let Dimension { low, high, bins } = *dimension;
                let share = (x.clamp(low, high) - low) / (high - low);
                let shift = (t * (2 * d as u64 + 1)) % n;
                let bin = share * f64::from(bins - 1) + shift as f64 / n as f64;
                cell * (u64::from(bins) + 1) + bin as u64
            };
            observation.iter().zip(&self.dimensions).enumerate().fold(t, at)
        };
        (0..n).map(|t| (winner(t), 1.0)).collect()
    }

    /// The rule with its steps for one column.
    fn rule(&self) -> Rule {
        let n = f64::from(self.columns);
        let Rule { actor_step, critic_step, .. } = self.rule;
        Rule { actor_step: actor_step / n, critic_step: critic_step / n, ..self.rule }
    }

    fn outputs(&self) -> u32 {
        if self.actions == 2 { 1 } else { self.actions }
    }
}

/// Checks the parameters of a rule.
pub(super) fn within_rule(rule: &Rule, within: &mut impl FnMut(&str, f64, f64, f64)) {
    within("gamma", rule.gamma, 0.0, 1.0);
    within("lambda", rule.lambda, 0.0, 1.0);
    within("actor_step", rule.actor_step, 0.0, 1e3);
    within("critic_step", rule.critic_step, 0.0, 1e3);
    within("weight_limit", rule.weight_limit, 1e-6, 1e9);
    within("initial_value", rule.initial_value, -rule.weight_limit, rule.weight_limit);
}

/// An action that waits for its reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) active: Vec<Active>,
    pub(super) action: u32,
    pub(super) probabilities: Vec<f64>,
}

/// The policy.
///
/// Shapes: observations `[dimensions]`; weights `[cells]` of the critic and `[cells, outputs]` of the
/// actor in each set, where a cell exists once it has learned.
#[derive(Clone, Debug)]
pub struct Columns {
    config: ColumnsConfig,
    state: State,
    snapshots: Vec<(Vec<Weights>, Gate)>,
    /// What the acting set was as the episode began, once it is settled.
    before: Option<Weights>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    sets: Vec<Weights>,
    gate: Gate,
    traces: Traces,
    pending: Option<Pending>,
    learns: bool,
    /// Of the episode: the sum of the magnitudes of delta, and its steps.
    error: f64,
    steps: u64,
}

impl Columns {
    /// A policy that has learned nothing.
    ///
    /// # Errors
    /// [`AgentError::Config`] with everything that is wrong.
    pub fn new(config: ColumnsConfig) -> Result<Self, AgentError> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(AgentError::Config(problems));
        }
        let state = State {
            sets: vec![Weights::new(config.outputs())],
            gate: Gate::new(),
            traces: Traces::default(),
            pending: None,
            learns: true,
            error: 0.0,
            steps: 0,
        };
        Ok(Self { config, state, snapshots: Vec::new(), before: None })
    }

    /// Its settings.
    pub fn config(&self) -> &ColumnsConfig {
        &self.config
    }

    /// Sets of columns, one per task that was told apart.
    pub fn n_sets(&self) -> usize {
        self.state.sets.len()
    }

    /// The set that acts.
    pub fn set(&self) -> u32 {
        self.state.gate.acting as u32
    }

    /// Cells with weights, over all sets.
    pub fn n_cells(&self) -> usize {
        self.state.sets.iter().map(Weights::n_cells).sum()
    }

    fn acting(&self) -> &Weights {
        &self.state.sets[self.state.gate.acting]
    }

    /// The episode is over: is its task a known one?
    fn ended(&mut self, learned: &mut Learned) {
        let state = &mut self.state;
        let error = state.error / state.steps.max(1) as f64;
        learned.critic_error = Some(error);
        let Some(gating) = &self.config.gating else { return };
        let acting = state.gate.acting;
        let turn = state.gate.ended(gating, error, state.learns);
        if turn.surprised
            && let Some(before) = self.before.take()
        {
            state.sets[acting] = before;
            learned.taken_back = true;
        }
        if turn.allocates {
            state.sets.push(Weights::new(self.config.outputs()));
        }
        learned.allocated = turn.allocates;
        learned.switched = state.gate.acting != acting;
    }
}

impl Policy for Columns {
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
        let active = self.config.winners(observation);
        let weights = self.acting();
        let probabilities = rule::probabilities(&weights.drives(&active));
        let value = weights.value(&active, self.config.rule.initial_value);
        let action = rule::pick(&probabilities, random.uniform());
        let proposal = Proposal {
            action,
            probability: probabilities[action as usize],
            value,
            active: active.len() as u32,
            set: self.set(),
        };
        self.state.pending = Some(Pending { active, action, probabilities });
        Ok(proposal)
    }

    fn learn(&mut self, feedback: &Feedback<'_>) -> Result<Learned, AgentError> {
        checked(feedback.next, self.n_observed())?;
        finite("reward", feedback.reward, MAX_REWARD)?;
        let pending = self.state.pending.take().ok_or(AgentError::NothingActed)?;
        let rule = self.config.rule();
        let state = &mut self.state;
        if state.steps == 0 && state.learns && state.gate.is_settled() {
            self.before = Some(state.sets[state.gate.acting].clone());
        }
        let weights = &mut state.sets[state.gate.acting];
        let value = weights.value(&pending.active, rule.initial_value);
        let next = match feedback.end {
            End::Terminal => 0.0,
            _ => weights.value(&self.config.winners(feedback.next), rule.initial_value),
        };
        let delta = feedback.reward + rule.gamma * next - value;
        let mut learned = Learned {
            delta,
            active: pending.active.len() as u32,
            set: state.gate.acting as u32,
            ..Learned::default()
        };
        if state.learns {
            let acted = (pending.action, &pending.probabilities[..]);
            let marked = (&mut *weights, &mut state.traces);
            learned.without_cell = rule::mark(marked, &rule, &pending.active, acted);
            let changes = rule::reinforce((weights, &state.traces), &rule, delta);
            (learned.weight_changes, learned.clamped) = (changes.weights, changes.clamped);
            learned.eligible = state.traces.len() as u32;
        }
        state.error += delta.abs();
        state.steps = state.steps.saturating_add(1);
        if feedback.end != End::Goes {
            self.ended(&mut learned);
            self.reset();
        }
        Ok(learned)
    }

    fn withdraw(&mut self) {
        self.state.pending = None;
    }

    fn reset(&mut self) {
        let state = &mut self.state;
        state.traces.clear();
        state.pending = None;
        (state.error, state.steps) = (0.0, 0);
        self.before = None;
    }

    fn learns(&self) -> bool {
        self.state.learns
    }

    fn set_learning(&mut self, on: bool) {
        self.state.learns = on;
        self.state.traces.clear();
    }

    fn snapshot(&mut self) -> usize {
        if self.snapshots.len() == MAX_SNAPSHOTS {
            self.snapshots.remove(0);
        }
        self.snapshots.push((self.state.sets.clone(), self.state.gate.clone()));
        self.snapshots.len()
    }

    fn undo(&mut self) -> Result<usize, AgentError> {
        let (sets, gate) = self.snapshots.pop().ok_or(AgentError::NothingToUndo)?;
        (self.state.sets, self.state.gate) = (sets, gate);
        self.reset();
        Ok(self.snapshots.len())
    }

    fn weights(&self) -> Vec<f64> {
        self.state.sets.iter().flat_map(Weights::values).collect()
    }

    fn save(&self) -> Result<Vec<u8>, AgentError> {
        saved::to_bytes(Form::Columns, &(&self.config, &self.state))
    }

    fn load(&mut self, saved: &[u8]) -> Result<(), AgentError> {
        let (config, mut state): (ColumnsConfig, State) = saved::from_bytes(Form::Columns, saved)?;
        let wrong = |problem: String| AgentError::Saved(problem);
        if config != self.config {
            return Err(wrong("it is of an agent with other settings".into()));
        }
        state.check(&config).map_err(wrong)?;
        self.state = state;
        self.before = None;
        Ok(())
    }
}

impl State {
    fn check(&mut self, config: &ColumnsConfig) -> Result<(), String> {
        self.gate.check(self.sets.len(), config.gating.as_ref())?;
        for weights in &mut self.sets {
            weights.check(config.outputs(), config.rule.weight_limit)?;
        }
        self.traces.check(&self.sets[self.gate.acting])?;
        if let Some(pending) = &self.pending {
            pending.check(config.actions)?;
        }
        match self.error.is_finite() {
            true => Ok(()),
            false => Err("the error of the episode is no number".into()),
        }
    }
}

impl Pending {
    pub(super) fn check(&self, actions: u32) -> Result<(), String> {
        let fits = self.action < actions
            && self.probabilities.len() == actions as usize
            && self.probabilities.iter().all(|p| (0.0..=1.0).contains(p))
            && self.active.iter().all(|(_, x)| x.abs() <= MAX_ACTIVITY);
        match fits {
            true => Ok(()),
            false => Err("the action that waits does not fit".into()),
        }
    }
}
