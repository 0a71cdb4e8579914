//! One memory: what was said, by whom, how sure, how long it is kept.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::attitude::Attitude;
use crate::error::{MemoryError, TooLarge};

/// The longest text of a memory.
pub const MAX_TEXT_BYTES: usize = 64 << 10;
/// Tags of a memory.
pub const MAX_TAGS: usize = 32;
/// The longest tag, name of a scope, source, actor or collection.
pub const MAX_NAME_BYTES: usize = 128;
/// Entries of a memory's metadata.
pub const MAX_METADATA_ENTRIES: usize = 64;
/// The largest metadata of a memory, as JSON.
pub const MAX_METADATA_BYTES: usize = 16 << 10;
/// Changes that a memory's history can hold.
pub const MAX_VERSIONS: u32 = 900;
/// Actors that are remembered by name for one memory; more are only counted.
pub const MAX_ACTORS: usize = 16;

/// A longer text of metadata is not found by its words.
const MAX_SAID_BYTES: usize = 64;

/// Microseconds since 1970-01-01 UTC.
pub type Time = i64;

/// The name of a memory: a UUID whose order is that of creation (RFC 9562, version 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Uuid);

/// Who a memory belongs to inside a tenant, in mem0's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// A user of the application.
    pub user_id: Option<String>,
    /// An agent of the application.
    pub agent_id: Option<String>,
    /// A run, a conversation.
    pub run_id: Option<String>,
}

/// What kind of memory it is; the class decides how it decays.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// What happened, what was said.
    #[default]
    Episodic,
    /// What is so.
    Semantic,
    /// How something is done.
    Procedural,
    /// What comes again.
    Pattern,
    /// What somebody has confirmed.
    Validated,
    /// What turned out to be none.
    FalsePositive,
}

/// How far a memory has been consolidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Just come.
    Working,
    /// Kept for a while.
    ShortTerm,
    /// Kept.
    LongTerm,
}

/// Whether a memory is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is found.
    Active,
    /// The gate held it back; somebody must let it in.
    Quarantined,
    /// A newer memory has taken its place.
    Superseded,
    /// Its time is over.
    Expired,
    /// It was deleted, and can be had back until the window to undo ends.
    Deleted,
}

/// How a memory has been used and judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// How often it was recalled.
    pub accesses: u32,
    /// How often somebody endorsed it.
    pub endorsements: u32,
    /// How often somebody dismissed it.
    pub dismissals: u32,
    /// How often the same was stored again.
    pub repeats: u32,
    /// How often consolidation found it worth keeping.
    pub consolidations: u32,
    /// Who used or judged it, the first [`MAX_ACTORS`].
    pub actors: Vec<String>,
    /// When it was last stored, recalled or judged.
    pub reinforced_at: Time,
}

/// A memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its name.
    pub id: Id,
    /// Its number among the tenant's memories, by which knowledge refers to it.
    pub number: u64,
    /// What is remembered.
    pub text: String,
    /// Where its vector lives.
    pub collection: String,
    /// Its kind.
    pub class: Class,
    /// How far it is consolidated.
    pub tier: Tier,
    /// Whether it is found.
    pub status: Status,
    /// Whose it is.
    pub scope: Scope,
    /// Free words to filter by, sorted.
    pub tags: Vec<String>,
    /// Free values to filter by.
    #[serde(with = "as_json")]
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// Where it comes from.
    pub source: Option<String>,
    /// How sure it is, 0 to 1.
    pub confidence: f32,
    /// How much it matters, 0 to 1.
    pub importance: f32,
    /// How far its source is trusted, 0 to 1.
    pub trust: f32,
    /// Why the gate held it back.
    pub reasons: Vec<String>,
    /// When it came.
    pub created_at: Time,
    /// When its content last changed.
    pub updated_at: Time,
    /// When it ends; never where there is none.
    pub expires_at: Option<Time>,
    /// When it was deleted.
    pub deleted_at: Option<Time>,
    /// What took its place.
    pub superseded_by: Option<Id>,
    /// Names that it mentions.
    pub mentions: Vec<String>,
    /// Changes so far: 1, 2 ...
    pub version: u32,
    /// How it has been used.
    pub usage: Use,
    /// How somebody stands to it, where that is more than having been told. It is the last field:
    /// a record of a memory without one has the bytes that it had before there were any
    /// (`record.rs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attitude: Option<Attitude>,
}

/// A memory to store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct New {
    /// What is to be remembered: 1 to [`MAX_TEXT_BYTES`].
    pub text: String,
    /// Its name; drawn where there is none.
    pub id: Option<Id>,
    /// Its vector, of the dimension of its collection; made from the text where there is none.
    pub embedding: Option<Vec<f32>>,
    /// Its collection; `default` where there is none.
    pub collection: Option<String>,
    /// Its kind.
    pub class: Class,
    /// The tier that it enters; the profile's where there is none.
    pub tier: Option<Tier>,
    /// Whose it is.
    pub scope: Scope,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// Values to filter by.
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// Where it comes from.
    pub source: Option<String>,
    /// How sure it is; 1 where there is none.
    pub confidence: Option<f32>,
    /// How much it matters; 0.5 where there is none.
    pub importance: Option<f32>,
    /// How far its source is trusted; the configuration's where there is none.
    pub trust: Option<f32>,
    /// When it ends.
    pub expires_at: Option<Time>,
    /// The memory that it takes the place of.
    pub supersedes: Option<Id>,
    /// Names that it mentions, beside those found in the text.
    pub mentions: Vec<String>,
    /// How somebody stands to it.
    pub attitude: Option<Attitude>,
}

/// What is to change; fields that are absent stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// The text; its vector is made anew unless one is given.
    pub text: Option<String>,
    /// The vector.
    pub embedding: Option<Vec<f32>>,
    /// The kind.
    pub class: Option<Class>,
    /// The tags.
    pub tags: Option<Vec<String>>,
    /// The metadata, as a whole.
    pub metadata: Option<BTreeMap<String, serde_json::Value>>,
    /// The source.
    pub source: Option<String>,
    /// How sure it is.
    pub confidence: Option<f32>,
    /// How much it matters.
    pub importance: Option<f32>,
    /// How far its source is trusted.
    pub trust: Option<f32>,
    /// When it ends; `Some(None)` for never.
    pub expires_at: Option<Option<Time>>,
    /// The version that is to be changed; any where there is none.
    pub version: Option<u32>,
}

impl Id {
    /// A new name, of a time and ten random bytes.
    pub fn new(now: Time, random: &[u8; 10]) -> Self {
        let millis = u64::try_from(now / 1000).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`MemoryError::Id`] where the text is no UUID.
    pub fn parse(text: &str) -> Result<Self, MemoryError> {
        let found = || MemoryError::Id { found: text.chars().take(64).collect() };
        Uuid::try_parse(text).map(Self).map_err(|_| found())
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 6] = [
        Self::Episodic,
        Self::Semantic,
        Self::Procedural,
        Self::Pattern,
        Self::Validated,
        Self::FalsePositive,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Episodic => "episodic",
            Self::Semantic => "semantic",
            Self::Procedural => "procedural",
            Self::Pattern => "pattern",
            Self::Validated => "validated",
            Self::FalsePositive => "false_positive",
        }
    }
}

impl Tier {
    /// Every tier.
    pub const ALL: [Self; 3] = [Self::Working, Self::ShortTerm, Self::LongTerm];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::ShortTerm => "short_term",
            Self::LongTerm => "long_term",
        }
    }

    /// The tier after it.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Working => Some(Self::ShortTerm),
            Self::ShortTerm => Some(Self::LongTerm),
            Self::LongTerm => None,
        }
    }
}

impl Status {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
        }
    }
}

impl Use {
    /// Notes that somebody used or judged the memory.
    pub(crate) fn by(&mut self, actor: &str, now: Time) {
        self.reinforced_at = self.reinforced_at.max(now);
        let known = self.actors.iter().any(|a| a == actor);
        if !actor.is_empty() && !known && self.actors.len() < MAX_ACTORS {
            self.actors.push(actor.to_owned());
        }
    }
}

impl Item {
    /// What words find it by: its text, its tags, names it mentions in other words, and short texts
    /// of its metadata, such as who spoke and when.
    pub(crate) fn document(&self) -> Cow<'_, str> {
        let names = self.mentions.iter().filter(|name| !self.text.contains(name.as_str()));
        let said = self.metadata.values().filter_map(|value| value.as_str());
        let said = said.filter(|said| said.len() <= MAX_SAID_BYTES);
        let note = self.attitude.as_ref().and_then(Attitude::note);
        let more: Vec<&str> =
            self.tags.iter().chain(names).map(String::as_str).chain(said).chain(note).collect();
        match more.is_empty() {
            true => Cow::Borrowed(&self.text),
            false => Cow::Owned(format!("{}\n{}", self.text, more.join("\n"))),
        }
    }
}

impl New {
    /// Checks everything that does not depend on what is stored.
    ///
    /// # Errors
    /// [`MemoryError`] that names the field.
    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        check_text(&self.text)?;
        self.check_beside_text()
    }

    /// As [`New::check`], but for its text.
    pub(crate) fn check_beside_text(&self) -> Result<(), MemoryError> {
        check_tags(&self.tags)?;
        check_metadata(&self.metadata)?;
        self.scope.check()?;
        let names = [("source", &self.source), ("collection", &self.collection)];
        for (what, name) in names {
            name.as_deref().map_or(Ok(()), |name| check_name(what, name))?;
        }
        self.mentions.iter().try_for_each(|name| check_name("mentions", name))?;
        self.attitude.as_ref().map_or(Ok(()), Attitude::check)?;
        check_share("confidence", self.confidence)?;
        check_share("importance", self.importance)?;
        check_share("trust", self.trust)
    }
}

impl Patch {
    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        self.text.as_deref().map_or(Ok(()), check_text)?;
        self.tags.as_deref().map_or(Ok(()), check_tags)?;
        self.metadata.as_ref().map_or(Ok(()), check_metadata)?;
        self.source.as_deref().map_or(Ok(()), |name| check_name("source", name))?;
        check_share("confidence", self.confidence)?;
        check_share("importance", self.importance)?;
        check_share("trust", self.trust)
    }
}

impl Scope {
    /// Whether a memory of `other` is inside this scope: each name that this one has is the same.
    pub fn holds(&self, other: &Self) -> bool {
        let same =
            |mine: &Option<String>, theirs: &Option<String>| mine.is_none() || mine == theirs;
        same(&self.user_id, &other.user_id)
            && same(&self.agent_id, &other.agent_id)
            && same(&self.run_id, &other.run_id)
    }

    /// Its names with what they name.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("user_id", &self.user_id), ("agent_id", &self.agent_id), ("run_id", &self.run_id)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        self.names().try_for_each(|(what, name)| check_name(what, name))
    }
}

fn check_text(text: &str) -> Result<(), MemoryError> {
    if text.trim().is_empty() {
        return Err(MemoryError::Field { what: "text", expected: "1 character or more".into() });
    }
    TooLarge::check("text", "bytes", text.len(), MAX_TEXT_BYTES)
}

fn check_tags(tags: &[String]) -> Result<(), MemoryError> {
    TooLarge::check("tags", "tags", tags.len(), MAX_TAGS)?;
    tags.iter().try_for_each(|tag| check_name("tags", tag))
}

fn check_metadata(metadata: &BTreeMap<String, serde_json::Value>) -> Result<(), MemoryError> {
    TooLarge::check("metadata", "entries", metadata.len(), MAX_METADATA_ENTRIES)?;
    metadata.keys().try_for_each(|key| check_name("metadata", key))?;
    let bytes = serde_json::to_string(metadata).map_or(usize::MAX, |text| text.len());
    TooLarge::check("metadata", "bytes", bytes, MAX_METADATA_BYTES)
}

pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), MemoryError> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        let expected = "a name of 1 character or more, none of them a control character".into();
        return Err(MemoryError::Field { what, expected });
    }
    TooLarge::check(what, "bytes", name.len(), MAX_NAME_BYTES)
}

fn check_share(what: &'static str, share: Option<f32>) -> Result<(), MemoryError> {
    if share.is_none_or(|share| (0.0..=1.0).contains(&share)) {
        return Ok(());
    }
    Err(MemoryError::Field { what, expected: "a number from 0 to 1".into() })
}

/// Metadata as one JSON text, for an encoding that does not describe itself.
mod as_json {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(
        metadata: &BTreeMap<String, Value>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return metadata.serialize(to);
        }
        let text = serde_json::to_string(metadata).map_err(serde::ser::Error::custom)?;
        text.serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(
        from: D,
    ) -> Result<BTreeMap<String, Value>, D::Error> {
        if from.is_human_readable() {
            return BTreeMap::deserialize(from);
        }
        let text = <&str>::deserialize(from)?;
        serde_json::from_str(text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A memory with nothing but a text.
    pub(crate) fn item(text: &str) -> Item {
        Item {
            id: Id::new(0, &[0; 10]),
            number: 1,
            text: text.to_owned(),
            collection: "default".into(),
            class: Class::Episodic,
            tier: Tier::ShortTerm,
            status: Status::Active,
            scope: Scope::default(),
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            source: None,
            confidence: 1.0,
            importance: 0.5,
            trust: 0.7,
            reasons: Vec::new(),
            created_at: 0,
            updated_at: 0,
            expires_at: None,
            deleted_at: None,
            superseded_by: None,
            mentions: Vec::new(),
            version: 1,
            usage: Use::default(),
            attitude: None,
        }
    }
}
