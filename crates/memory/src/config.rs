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
    /// Bytes of a tenant's texts and metadata.
    pub max_bytes: u64,
    /// Clocks, promotion, forgetting.
    pub tiers: Profile,
    /// How strict the gate is.
    pub gate: Strictness,
    /// What becomes of what looks like an attack on a reader.
    pub attacks: Attacks,
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
    /// How the columns of collections compete and are read.
    pub columns: ColumnSettings,
    /// Seconds from one look for branches that are ready to be merged to the next; where there are none,
    /// no branch is merged by itself.
    pub consolidate_seconds: Option<u64>,
}

/// How the columns of a collection compete and are read; the rest is as [`column::Config::new`] has
/// it. They hold for columns that are made from then on: of new collections, and of those of before
/// when their tenant is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnSettings {
    /// The cosine from which a stored vector is a near duplicate, -1 to 1; default 0.98.
    pub near_duplicate: f32,
    /// How strongly competitors inhibit each other in an iteration, together, above 0, up to 1;
    /// default 0.8.
    pub inhibition: f32,
    /// How much a loaded column holds back, 0 to 1; default 0.02.
    pub conscience: f32,
    /// How many columns compete for a memory, 1 to 64; default 8.
    pub competitors: usize,
    /// Recall among the ten nearest that a search aims at where nobody says how many columns it reads,
    /// 0.01 to 0.9999; default 0.98.
    pub recall: f32,
}

impl Default for ColumnSettings {
    fn default() -> Self {
        let column::Config { near_duplicate, inhibition, conscience, competitors, recall, .. } =
            column::Config::new(1);
        Self { near_duplicate, inhibition, conscience, competitors, recall }
    }
}

impl ColumnSettings {
    /// What columns of vectors of this length are made with.
    pub(crate) fn of(&self, dimension: usize) -> column::Config {
        let Self { near_duplicate, inhibition, conscience, competitors, recall } = *self;
        let plain = column::Config::new(dimension);
        column::Config {
            near_duplicate,
            inhibition,
            conscience,
            competitors,
            recall,
            residual: true,
            ..plain
        }
    }

    /// Tells the first value that cannot be.
    ///
    /// # Errors
    /// [`column::Error::Config`], as columns say it.
    pub fn check(&self) -> Result<(), column::Error> {
        self.of(1).check()
    }
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

/// What becomes of what looks like an attack on a reader, where the gate looks for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attacks {
    /// It is held back until somebody looks at it.
    #[default]
    Hold,
    /// It is refused: nothing of it is kept.
    Refuse,
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
            attacks: Attacks::default(),
            trust: 0.7,
            undo_seconds: 7 * 86_400,
            repeats: Repeats::default(),
            mentions: true,
            follow_ms: None,
            columns: ColumnSettings::default(),
            consolidate_seconds: None,
        }
    }
}
