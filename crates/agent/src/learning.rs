//! Learning requests: an agent asks whether it may learn something, and somebody decides.

use serde::{Deserialize, Serialize};

use crate::error::AgentError;
use crate::overrides::MAX_REASON_BYTES;
use crate::vault::{Digest, Vault};

/// The longest topic.
pub const MAX_TOPIC_BYTES: usize = 256;
/// The longest description.
pub const MAX_DESCRIPTION_BYTES: usize = 16 << 10;

/// How urgent a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// It can wait.
    Low,
    /// As most are.
    #[default]
    Medium,
    /// Soon.
    High,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody has decided.
    Pending,
    /// It may be learned.
    Approved,
    /// It may not, and the same is refused from then on.
    Denied,
}

impl Status {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// Its name.
    pub id: String,
    /// What about, in a few words.
    pub topic: String,
    /// What is to be learned.
    pub description: String,
    /// How urgent it is.
    pub priority: Priority,
}

/// A request to learn something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearningRequest {
    /// Its name.
    pub id: String,
    /// What about, in a few words.
    pub topic: String,
    /// What is to be learned.
    pub description: String,
    /// How urgent it is.
    pub priority: Priority,
    /// What became of it.
    pub status: Status,
    /// What was answered when it was approved.
    pub response: Option<String>,
    /// Why it was denied.
    pub reason: Option<String>,
    /// When it was made (ms since 1970).
    pub created_ms: u64,
    /// When it was decided (ms since 1970).
    pub decided_ms: Option<u64>,
}

impl LearningRequest {
    /// A request that waits to be decided.
    ///
    /// # Errors
    /// [`AgentError::Text`]; [`AgentError::Vaulted`] where the same content was denied before.
    pub fn new(asked: NewRequest, vault: &Vault, now_ms: u64) -> Result<Self, AgentError> {
        let NewRequest { id, topic, description, priority } = asked;
        text("topic", &topic, MAX_TOPIC_BYTES)?;
        text("description", &description, MAX_DESCRIPTION_BYTES)?;
        let digest = Digest::of(&description);
        if vault.refuses(&digest) {
            return Err(AgentError::Vaulted { digest: digest.to_string() });
        }
        Ok(Self {
            id,
            topic,
            description,
            priority,
            status: Status::Pending,
            response: None,
            reason: None,
            created_ms: now_ms,
            decided_ms: None,
        })
    }

    /// The digest of what is to be learned.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.description)
    }

    /// It may be learned.
    ///
    /// # Errors
    /// [`AgentError::Decided`], [`AgentError::Text`].
    pub fn approve(&mut self, response: String, now_ms: u64) -> Result<(), AgentError> {
        self.undecided()?;
        text("response", &response, MAX_DESCRIPTION_BYTES)?;
        (self.status, self.response, self.decided_ms) =
            (Status::Approved, Some(response), Some(now_ms));
        Ok(())
    }

    /// It may not be learned; what the vault is to refuse from now on.
    ///
    /// # Errors
    /// [`AgentError::Decided`], [`AgentError::Text`].
    pub fn deny(&mut self, reason: String, now_ms: u64) -> Result<Digest, AgentError> {
        self.undecided()?;
        text("reason", &reason, MAX_REASON_BYTES)?;
        (self.status, self.reason, self.decided_ms) = (Status::Denied, Some(reason), Some(now_ms));
        Ok(self.digest())
    }

    fn undecided(&self) -> Result<(), AgentError> {
        match self.status {
            Status::Pending => Ok(()),
            decided => Err(AgentError::Decided { id: self.id.clone(), status: decided.name() }),
        }
    }
}

fn text(what: &'static str, text: &str, limit: usize) -> Result<(), AgentError> {
    let found = text.trim().len();
    match found > 0 && text.len() <= limit {
        true => Ok(()),
        false => Err(AgentError::Text { what, found: text.len(), limit }),
    }
}
