//! An agent: a policy that proposes, the guard that judges, a persona that adapts. What it proposes
//! leaves it only as an approved action.

use serde::{Deserialize, Serialize};

use crate::error::AgentError;
use crate::law::{Action, Context, Decision, Guard};
use crate::overrides::Lifted;
use crate::persona::Persona;
use crate::policy::{Feedback, Learned, Policy, Proposal};
use crate::random::Random;
use crate::saved::{self, Form};

/// The longest name of an action.
pub const MAX_NAME_BYTES: usize = 256;
/// The longest content of an action, and the longest moral claim.
pub const MAX_CONTENT_BYTES: usize = 64 << 10;
/// Moral claims of one context.
pub const MAX_CLAIMS: usize = 16;

/// An agent.
pub struct Agent {
    policy: Box<dyn Policy + Send>,
    /// What its actions are called.
    names: Vec<String>,
    persona: Persona,
    random: Random,
    counts: Counts,
}

/// What an agent is asked to act on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// What it observes.
    pub observation: Vec<f64>,
    /// What the action would say or do, beside its name.
    pub content: String,
    /// What is known around it.
    pub context: Context,
}

/// What an agent did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Actions that the guard approved.
    pub approved: u64,
    /// Actions that the guard refused.
    pub refused: u64,
    /// Rewards.
    pub rewards: u64,
    /// Their sum.
    pub reward: f64,
    /// Episodes that ended.
    pub episodes: u64,
    /// Weights that changed, as often as they did.
    pub weight_changes: u64,
}

#[derive(Serialize, Deserialize)]
struct State {
    policy: Vec<u8>,
    persona: String,
    random: Random,
    counts: Counts,
}

impl Asked {
    fn check(&self) -> Result<(), AgentError> {
        let claims = &self.context.moral_claims;
        if claims.len() > MAX_CLAIMS {
            return Err(AgentError::Full { what: "moral claims", limit: MAX_CLAIMS });
        }
        let texts = claims.iter().chain([&self.content]);
        texts.map(String::len).try_for_each(|found| match found <= MAX_CONTENT_BYTES {
            true => Ok(()),
            false => Err(AgentError::Text { what: "content", found, limit: MAX_CONTENT_BYTES }),
        })
    }
}

impl Agent {
    /// An agent that has done nothing yet; its actions are named in order.
    ///
    /// # Errors
    /// [`AgentError::Config`] where there are not as many names as actions, [`AgentError::Text`].
    pub fn new(
        policy: Box<dyn Policy + Send>,
        names: Vec<String>,
        seed: u64,
    ) -> Result<Self, AgentError> {
        let (found, wanted) = (names.len(), policy.n_actions());
        if found != wanted as usize {
            let problem = format!("actions: {found} names, expected {wanted}");
            return Err(AgentError::Config(vec![problem]));
        }
        for found in names.iter().map(String::len) {
            if found == 0 || found > MAX_NAME_BYTES {
                let limit = MAX_NAME_BYTES;
                return Err(AgentError::Text { what: "name of an action", found, limit });
            }
        }
        let (persona, counts) = (Persona::default(), Counts::default());
        Ok(Self { policy, names, persona, random: Random::new(seed), counts })
    }

    /// Proposes, and has it judged. A refused proposal is taken back: nothing is learned of it.
    ///
    /// # Errors
    /// [`AgentError`] where what is asked is wrong; nothing has changed.
    pub fn act(&mut self, asked: &Asked, lifted: Lifted) -> Result<Decision<Proposal>, AgentError> {
        asked.check()?;
        let proposal = self.policy.propose(&asked.observation, &mut self.random)?;
        let name = self.names[proposal.action as usize].clone();
        let action = Action { name, content: asked.content.clone() };
        let decision = Guard.decide(action, &asked.context, lifted, proposal);
        match &decision {
            Decision::Approved(_) => self.counts.approved = self.counts.approved.saturating_add(1),
            Decision::Refused(_) => {
                self.policy.withdraw();
                self.counts.refused = self.counts.refused.saturating_add(1);
            }
        }
        Ok(decision)
    }

    /// Learns from what came of the last action; a reward or a punishment also moves the persona.
    ///
    /// # Errors
    /// [`AgentError`]; nothing has changed.
    pub fn learn(&mut self, feedback: &Feedback<'_>) -> Result<Learned, AgentError> {
        let learned = self.policy.learn(feedback)?;
        if feedback.reward != 0.0 {
            self.persona.adapt(feedback.reward)?;
        }
        let counts = &mut self.counts;
        let ended = u64::from(feedback.end != crate::policy::End::Goes);
        counts.rewards = counts.rewards.saturating_add(1);
        counts.reward += feedback.reward;
        counts.episodes = counts.episodes.saturating_add(ended);
        counts.weight_changes = counts.weight_changes.saturating_add(learned.weight_changes);
        Ok(learned)
    }

    /// What its actions are called.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How it proposes.
    pub fn policy(&self) -> &dyn Policy {
        &*self.policy
    }

    /// Ends the episode without a reward.
    pub fn reset(&mut self) {
        self.policy.reset();
    }

    /// Turns learning on or off.
    pub fn set_learning(&mut self, on: bool) {
        self.policy.set_learning(on);
    }

    /// Keeps the weights as they are, to go back to; how many such snapshots there are.
    pub fn snapshot(&mut self) -> usize {
        self.policy.snapshot()
    }

    /// Takes back everything that was learned since the last snapshot; how many are left.
    ///
    /// # Errors
    /// [`AgentError::NothingToUndo`].
    pub fn undo(&mut self) -> Result<usize, AgentError> {
        self.policy.undo()
    }

    /// Who it is.
    pub fn persona(&self) -> &Persona {
        &self.persona
    }

    /// Who it is, to be adjusted.
    pub fn persona_mut(&mut self) -> &mut Persona {
        &mut self.persona
    }

    /// What it did so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// All that it is, but its settings, as bytes.
    ///
    /// # Errors
    /// [`AgentError::Saved`] where it is more than may be saved.
    pub fn save(&self) -> Result<Vec<u8>, AgentError> {
        let (policy, persona) = (self.policy.save()?, self.persona.to_json());
        let state = State { policy, persona, random: self.random.clone(), counts: self.counts };
        saved::to_bytes(Form::Agent, &state)
    }

    /// Becomes what was saved of an agent with the same settings. Bytes are hostile until they are
    /// checked.
    ///
    /// # Errors
    /// [`AgentError::Saved`], [`AgentError::Share`]: nothing has changed.
    pub fn load(&mut self, saved: &[u8]) -> Result<(), AgentError> {
        let State { policy, persona, random, counts } = saved::from_bytes(Form::Agent, saved)?;
        if !counts.reward.is_finite() {
            return Err(AgentError::Saved("the sum of rewards is no number".into()));
        }
        let persona = Persona::from_json(&persona)?;
        self.policy.load(&policy)?;
        (self.persona, self.random, self.counts) = (persona, random, counts);
        Ok(())
    }
}
