//! What a memory may hold and how it behaves.

use serde::{Deserialize, Serialize};

use crate::tier::Profile;

/// The dimension of the built-in encoder's vectors, and the largest that a collection may have.
pub const MAX_DIMENSION: usize = 4096;
/// Collections of a tenant.
pub const MAX_COLLECTIONS: usize = 16;
/// The collection where none is named.
pub const DEFAULT_COLLECTION: &str = "default";

/// How a tenant's memory behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Memories of a tenant, those that can still be had back among them.
    pub max_memories: u64,
    /// Bytes of a tenant's texts, metadata and vectors.
    pub max_bytes: u64,
    /// Clocks, promotion, forgetting.
    pub tiers: Profile,
    /// How strict the gate is.
    pub gate: Strictness,
    /// Trust in a source that nobody named.
    pub trust: f32,
    /// Seconds in which a deleted memory can be had back.
    pub undo_seconds: u64,
    /// What becomes of a memory that is there already, word for word, in the same scope.
    pub repeats: Repeats,
    /// Whether entities are found in texts.
    pub mentions: bool,
    /// Milliseconds after which what another server wrote is seen at the latest; where there are none,
    /// a second on a database that servers share, and never on one that they cannot.
    pub follow_ms: Option<u64>,
    /// Seconds from one look for branches that are ready to be merged to the next; where there are none,
    /// no branch is merged by itself.
    pub consolidate_seconds: Option<u64>,
}

/// How strict the gate is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// Everything that can be read is let in.
    Permissive,
    /// What looks like an attack on a reader is held back.
    #[default]
    Balanced,
    /// And so is what is unsure or of an unknown source.
    Conservative,
}

/// What becomes of a repeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// The memory that is there is reinforced.
    #[default]
    Reinforce,
    /// Both are kept.
    Keep,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_memories: 1_000_000,
            max_bytes: 8 << 30,
            tiers: Profile::assistant(),
            gate: Strictness::default(),
            trust: 0.7,
            undo_seconds: 7 * 86_400,
            repeats: Repeats::default(),
            mentions: true,
            follow_ms: None,
            consolidate_seconds: None,
        }
    }
}
