//! The vault: digests of content that was denied, which stays refused.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::AgentError;
use crate::law::normal;

/// Digests that a vault holds.
pub const MAX_VAULT: usize = 100_000;

/// SHA-256 of normalised content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a content: the same for texts that differ in case, spaces, compatible forms,
    /// marks, look-alikes and what is not seen.
    pub fn of(content: &str) -> Self {
        Self(Sha256::digest(normal(content).as_bytes()).into())
    }

    /// A digest from its 64 hexadecimal digits; none where they are not.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (k, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * k..2 * k + 2], 16).ok()?;
        }
        Some(Self(bytes)).filter(|digest| digest.to_string() == text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Content that was denied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    digests: BTreeSet<Digest>,
}

impl Vault {
    /// Refuses a content from now on; says whether it is new here.
    ///
    /// # Errors
    /// [`AgentError::Full`].
    pub fn refuse(&mut self, digest: Digest) -> Result<bool, AgentError> {
        if self.digests.len() >= MAX_VAULT && !self.digests.contains(&digest) {
            return Err(AgentError::Full { what: "denied contents", limit: MAX_VAULT });
        }
        Ok(self.digests.insert(digest))
    }

    /// Whether a content was denied.
    pub fn refuses(&self, digest: &Digest) -> bool {
        self.digests.contains(digest)
    }

    /// The digests, in order.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.digests.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }
}
