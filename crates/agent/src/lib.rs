//! Acting, learning from reward, and the guard that stands before every action.
//!
//! A [`Policy`] proposes: [`Columns`] by winner-take-all cortical columns and [`ByModel`] by a spiking
//! network, both with a three-factor actor-critic rule ([`rule`]) in which the error of the critic is
//! dopamine and traces are synaptic eligibility. A proposal is no action. The [`law`] room judges
//! what it says and what is known around it, and only its guard makes an [`law::Approved`].
//! [`Persona`] is who acts: eight traits and four moods. [`Overrides`] lift what may be lifted, for a
//! while. [`LearningRequest`]s are asked, approved or denied; what was denied stays in the [`Vault`].
//! [`world`] has the small worlds of the field, to test and to show.
//!
//! Pure: no files, clock, log, async or globals; time and chance are passed in. The same
//! observations, rewards and seed give the same actions and the same weights.
//! `docs/concepts/agents.md` tells the rest.
//!
//! ```
//! use agent::{Columns, ColumnsConfig, End, Feedback, Policy, Random};
//!
//! let mut chance = Random::new(1);
//! let mut policy = Columns::new(ColumnsConfig::cart_pole())?;
//! let proposal = policy.propose(&[0.0, 0.0, 0.01, 0.0], &mut chance)?;
//! assert!(proposal.action < 2);
//! let next = [0.0, 0.2, 0.01, -0.3];
//! let learned = policy.learn(&Feedback { reward: 0.0, end: End::Goes, next: &next })?;
//! assert_eq!(learned.active, 16);
//! # Ok::<(), agent::AgentError>(())
//! ```

pub mod law;
pub mod policy;
pub mod rule;
pub mod world;

mod acting;
mod error;
mod learning;
mod overrides;
mod persona;
mod random;
mod saved;
mod vault;

pub use acting::{Agent, Asked, Counts, MAX_CLAIMS, MAX_CONTENT_BYTES, MAX_NAME_BYTES};
pub use error::AgentError;
pub use learning::{
    LearningRequest, MAX_DESCRIPTION_BYTES, MAX_TOPIC_BYTES, NewRequest, Priority, Status,
};
pub use overrides::{
    Lifted, MAX_OVERRIDE_MS, MAX_OVERRIDES, MAX_REASON_BYTES, Override, OverrideKind, Overrides,
};
pub use persona::{Change, MAX_HISTORY, Mood, Persona, Trait};
pub use policy::{
    ByModel, Columns, ColumnsConfig, Dimension, End, Feedback, Gating, Learned, ModelConfig,
    Policy, Proposal, ReadOut,
};
pub use random::Random;
pub use saved::MAX_SAVED_BYTES;
pub use vault::{Digest, MAX_VAULT, Vault};
