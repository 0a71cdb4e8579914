//! One episode: propose, act, learn, until it ends.

use super::World;
use crate::error::AgentError;
use crate::policy::{End, Feedback, Learned, Policy};
use crate::random::Random;

/// An episode that was played.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Played {
    /// Its steps.
    pub steps: u64,
    /// The sum of its rewards.
    pub reward: f64,
    /// Weights that changed.
    pub weight_changes: u64,
    /// What was learned with its last step.
    pub last: Learned,
}

/// Plays an episode; each step's report goes to `watch`. Its worlds are worlds: nothing that is done
/// in them reaches anything outside, so no guard stands between.
///
/// # Errors
/// [`AgentError`] where the policy does not fit the world.
pub fn play(
    policy: &mut dyn Policy,
    world: &mut dyn World,
    random: &mut Random,
    watch: &mut dyn FnMut(&[f64], u32, &Learned),
) -> Result<Played, AgentError> {
    let mut observation = world.reset(random);
    let mut played = Played::default();
    policy.reset();
    loop {
        let proposal = policy.propose(&observation, random)?;
        let step = world.step(proposal.action, random);
        let feedback = Feedback { reward: step.reward, end: step.end, next: &step.observation };
        let learned = policy.learn(&feedback)?;
        watch(&step.observation, proposal.action, &learned);
        played.steps += 1;
        played.reward += step.reward;
        played.weight_changes += learned.weight_changes;
        played.last = learned;
        if step.end != End::Goes {
            return Ok(played);
        }
        observation = step.observation;
    }
}
