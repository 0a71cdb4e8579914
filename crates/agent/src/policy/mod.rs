//! How an agent proposes: one trait, by columns or by a spiking model.

mod columns;
mod gate;
mod model;

use serde::{Deserialize, Serialize};

use crate::error::AgentError;
use crate::random::Random;

pub use columns::{
    Columns, ColumnsConfig, Dimension, MAX_ACTIONS, MAX_BINS, MAX_COLUMNS, MAX_DIMENSIONS,
    MAX_SNAPSHOTS,
};
pub use gate::{Gating, MAX_SETS};
pub use model::{ByModel, MAX_MODEL_STEPS, ModelConfig, ReadOut};

/// The largest magnitude of a reward.
pub const MAX_REWARD: f64 = 1e6;
/// The largest magnitude of an observed value.
pub const MAX_OBSERVED: f64 = 1e12;

/// What a policy would do. It is no action until the guard has approved it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Which action, from 0.
    pub action: u32,
    /// How probable it was.
    pub probability: f64,
    /// What the critic expects from here on.
    pub value: f64,
    /// Features that were active.
    pub active: u32,
    /// The set of columns that proposed.
    pub set: u32,
}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feedback<'a> {
    /// How good it was.
    pub reward: f64,
    /// Whether the episode ended.
    pub end: End,
    /// What is observed now.
    pub next: &'a [f64],
}

/// How an episode goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It goes on.
    Goes,
    /// It is over, and nothing more is to be expected.
    Terminal,
    /// Time is up: it is over, and more would have been to be expected.
    Truncated,
}

/// What learning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The error of the critic: dopamine.
    pub delta: f64,
    /// Features that were active.
    pub active: u32,
    /// Synapses that were eligible.
    pub eligible: u32,
    /// Weights that changed.
    pub weight_changes: u64,
    /// Those of them that the limit held.
    pub clamped: u64,
    /// Features without a cell, because all are taken.
    pub without_cell: u64,
    /// The set of columns that learned.
    pub set: u32,
    /// The mean magnitude of delta over the episode, where it ended.
    pub critic_error: Option<f64>,
    /// Whether a new set of columns was allocated.
    pub allocated: bool,
    /// Whether another set of columns acts from now on.
    pub switched: bool,
    /// Whether the episode surprised, and what it changed was taken back.
    pub taken_back: bool,
}

/// How an agent proposes and learns.
pub trait Policy {
    /// Values of an observation.
    fn n_observed(&self) -> usize;

    /// Actions to choose from.
    fn n_actions(&self) -> u32;

    /// Proposes an action for an observation; it then waits for its reward.
    ///
    /// # Errors
    /// [`AgentError::Length`], [`AgentError::Number`]: nothing has changed.
    fn propose(&mut self, observation: &[f64], random: &mut Random)
    -> Result<Proposal, AgentError>;

    /// Learns from what came of the last action, where learning is on; reports it in any case.
    ///
    /// # Errors
    /// [`AgentError::NothingActed`], [`AgentError::Length`], [`AgentError::Number`]: nothing has
    /// changed.
    fn learn(&mut self, feedback: &Feedback<'_>) -> Result<Learned, AgentError>;

    /// Takes back the proposal that waits: it was not done, and nothing is to be learned of it.
    fn withdraw(&mut self);

    /// Ends the episode without a reward: no action waits, nothing is eligible.
    fn reset(&mut self);

    /// Whether weights change.
    fn learns(&self) -> bool;

    /// Turns learning on or off.
    fn set_learning(&mut self, on: bool);

    /// Keeps the weights as they are; says how many snapshots there are. The oldest one goes where
    /// there are too many.
    fn snapshot(&mut self) -> usize;

    /// Takes back everything since the last snapshot; says how many are left.
    ///
    /// # Errors
    /// [`AgentError::NothingToUndo`].
    fn undo(&mut self) -> Result<usize, AgentError>;

    /// Every weight, in an order that does not change.
    fn weights(&self) -> Vec<f64>;

    /// All that was learned, and where the episode stands, as bytes.
    ///
    /// # Errors
    /// [`AgentError::Saved`] where it is more than may be saved.
    fn save(&self) -> Result<Vec<u8>, AgentError>;

    /// Becomes what was saved. Bytes are hostile until they are checked.
    ///
    /// # Errors
    /// [`AgentError::Saved`]: nothing has changed.
    fn load(&mut self, saved: &[u8]) -> Result<(), AgentError>;
}

/// An observation that can be worked with.
pub(crate) fn checked(observation: &[f64], expected: usize) -> Result<(), AgentError> {
    let found = observation.len();
    if found != expected {
        return Err(AgentError::Length { expected, found });
    }
    observation.iter().try_for_each(|x| finite("observation", *x, MAX_OBSERVED))
}

pub(crate) fn finite(what: &'static str, found: f64, limit: f64) -> Result<(), AgentError> {
    match found.abs() <= limit {
        true => Ok(()),
        false => Err(AgentError::Number { what, found, limit }),
    }
}
