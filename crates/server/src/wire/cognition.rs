//! Patterns of thinking, compounds and snapshots on the wire.

use memory::{
    Compound, Detect, Detected, Id, Instance, Mark, Marks, Moved, New, Pattern, Portrait, Portray,
    Scope, Sequence, Time, moment,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::memory::{MemoryAnswer, time};
use super::question::EntityName;
use super::reflection::{ChangedFactAnswer, ChangedRelationAnswer};
use crate::error::RequestError;

/// Entries of a list where nobody says how many.
const LISTED: usize = 20;
/// A week, which is a period where nobody says another.
const WEEK: Time = 7 * 86_400 * 1_000_000;
/// Periods of a profile where nobody says when it begins.
const PERIODS: Time = 12;
/// The longest period, in days: a century.
const MAX_PERIOD_DAYS: u32 = 36_600;

/// A pattern of thinking, as it was seen once.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PatternRequest {
    /// The pattern, as one statement.
    text: String,
    /// `abstract`, `adaptive`, `convergent`, `critical`, `divergent`, `lateral`, `systems`, or a name
    /// of your own.
    kind: String,
    /// What brings it about, in words that a message would have; up to 4 KiB.
    trigger: Option<String>,
    /// When it was seen: RFC 3339; now where there is none.
    seen_at: Option<String>,
    /// In what it was seen; up to 256 bytes.
    note: Option<String>,
    /// The memory in which it was seen.
    memory: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    tags: Vec<String>,
}

/// Which patterns are listed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PatternParams {
    /// Of this kind only.
    pub(crate) kind: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 1000; 100 where there is none.
    pub(crate) limit: Option<usize>,
}

/// What is detected, and how sure it must be.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DetectRequest {
    /// What is said now: recorded patterns whose trigger it names are told.
    message: Option<String>,
    /// Done after then, RFC 3339; everything where there is none.
    from: Option<String>,
    /// Up to then, RFC 3339; now where there is none.
    to: Option<String>,
    /// The longest sequence, 2 to 5; 3 where there is none.
    longest: Option<usize>,
    /// Episodes in which a sequence must be; 3 where there is none.
    support: Option<usize>,
    /// The highest share of what is told that may be chance, above 0 to 1; 0.05 where there is none.
    chance: Option<f64>,
    /// Seconds of pause after which another episode begins; 1800 where there is none.
    pause_seconds: Option<u32>,
    /// How many, 1 to 100; 20 where there is none.
    limit: Option<usize>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
}

/// Which time is told, and in which periods.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProfileParams {
    /// After then, RFC 3339; twelve periods before `to` where there is none.
    from: Option<String>,
    /// Up to then, RFC 3339; now where there is none.
    to: Option<String>,
    /// How long a period is, in days, 1 to 36600; 7 where there is none. At most 60 periods.
    period_days: Option<u32>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
}

/// How many compounds.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CompoundParams {
    /// How many, up to 1000; 100 where there is none.
    pub(crate) limit: Option<usize>,
}

/// A time that is to be marked: this one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SnapshotRequest {
    /// What the time is called.
    pub(crate) name: String,
    /// The branch of knowledge; the main one where there is none.
    pub(crate) branch: Option<u64>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
}

/// Which snapshots are listed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SnapshotParams {
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 1000; 100 where there is none.
    pub(crate) limit: Option<usize>,
}

/// Which two snapshots are compared.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareParams {
    /// The name of a snapshot.
    from: String,
    /// The name of another.
    to: String,
    /// Changes of each kind, up to 200; 20 where there is none.
    limit: Option<usize>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
}

/// A pattern of thinking, beside the memory that it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PatternAnswer {
    kind: String,
    /// What brings it about.
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<String>,
    /// How often it was seen.
    seen: usize,
    /// The latest times it was seen, the last first.
    instances: Vec<InstanceAnswer>,
}

/// A time when a pattern was seen.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct InstanceAnswer {
    at: String,
    /// In what.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The memory in which it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
}

/// A snapshot, beside the memory that it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SnapshotItem {
    /// The time that is marked.
    at: String,
    /// The branch of knowledge.
    branch: u64,
}

/// What was detected.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DetectedAnswer {
    /// What was done in all.
    deeds: usize,
    /// In how many episodes.
    episodes: usize,
    /// Sequences that were tested.
    tested: usize,
    /// Those that come again, the surest first.
    sequences: Vec<SequenceAnswer>,
    /// Recorded patterns whose trigger the message names, the best first.
    triggered: Vec<TriggeredAnswer>,
}

/// A sequence that comes again more often than chance has it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SequenceAnswer {
    /// What was done, one right after the other.
    deeds: Vec<String>,
    /// How often.
    count: usize,
    /// How often all but the last was followed by anything.
    chances: usize,
    /// In how many episodes.
    support: usize,
    /// The share that is expected by chance.
    expected: f64,
    /// How many times as often as expected.
    lift: f64,
    /// How probable it is to come so often by chance (binomial test).
    p_value: f64,
    /// The same, for all that were tested (Benjamini and Hochberg).
    q_value: f64,
    /// The memories of its last time.
    last: Vec<String>,
}

/// A recorded pattern whose trigger a message names.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TriggeredAnswer {
    #[serde(flatten)]
    memory: MemoryAnswer,
    /// The share of the trigger's words, by their rarity, that the message names.
    score: f32,
}

/// How somebody thinks, in numbers.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ProfileAnswer {
    /// Recorded patterns by kind, those seen most often first.
    kinds: Vec<KindAnswer>,
    /// What each period brought, the first first.
    periods: Vec<PeriodAnswer>,
}

/// Recorded patterns of a kind.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KindAnswer {
    kind: String,
    patterns: usize,
    /// How often they were seen within the time.
    instances: usize,
}

/// What a period brought.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PeriodAnswer {
    from: String,
    to: String,
    /// Memories that came and are still there.
    memories: usize,
    /// Of these, decisions that were learned.
    decisions: usize,
    /// Entities that came to be known.
    concepts: usize,
    /// Relations that came.
    links: usize,
    /// Facts that came to be known.
    facts: usize,
    /// Facts that were taken back, ended, or came to be held more or less surely.
    revised: usize,
    /// Contradictions that came up.
    contradictions: usize,
    /// Intentions that were completed.
    completed: usize,
    /// Claims that turned out.
    verified: usize,
    /// Times that a recorded pattern was seen.
    instances: usize,
}

/// Concepts that are one.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CompoundList {
    /// Those that are surest first.
    results: Vec<CompoundAnswer>,
}

/// Two concepts that come together so often that they are one.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CompoundAnswer {
    /// The entity's number.
    entity: u64,
    name: String,
    parts: Vec<EntityName>,
    /// Messages that have both, now.
    together: u64,
    /// How much more often than by chance, -1 to 1, now: normalised pointwise mutual information.
    npmi: f64,
}

/// What two snapshots have otherwise.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ComparedAnswer {
    /// The earlier.
    from: SnapshotName,
    /// The later.
    to: SnapshotName,
    /// Entities that came to be known.
    entities: Vec<EntityName>,
    /// Facts that changed.
    facts: Vec<ChangedFactAnswer>,
    /// Relations that changed.
    relations: Vec<ChangedRelationAnswer>,
    /// Contradictions that came up, by their numbers.
    contradictions: Vec<u64>,
    /// Intentions, claims and patterns that changed, in the order of their times.
    attitudes: Vec<ChangedAttitudeAnswer>,
    /// Memories that came and are still there.
    memories: usize,
    /// Whether there is more of a kind than was asked for.
    more: bool,
}

/// A snapshot by its name.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SnapshotName {
    id: String,
    name: String,
    at: String,
    branch: u64,
}

/// What became of an intention, a claim or a pattern.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChangedAttitudeAnswer {
    /// The memory that it is.
    id: String,
    /// What it says.
    text: String,
    /// `meant`, `completed`, `abandoned`, `claimed`, `came true`, `came false`, `recorded` or `seen`.
    change: &'static str,
    at: String,
}

fn scope(user_id: Option<String>, agent_id: Option<String>, run_id: Option<String>) -> Scope {
    Scope { user_id, agent_id, run_id }
}

fn at(what: &'static str, text: Option<&str>, or: Time) -> Result<Time, RequestError> {
    text.map_or(Ok(or), |text| time(what, text))
}

/// What is recorded, of which kind and trigger, and when it was seen.
pub(crate) type Recorded = (New, (String, Option<String>), Instance);

impl PatternRequest {
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self, now: Time) -> Result<Recorded, RequestError> {
        let new = New {
            text: self.text,
            scope: scope(self.user_id, self.agent_id, self.run_id),
            tags: self.tags,
            ..New::default()
        };
        let instance = Instance {
            at: at("seen_at", self.seen_at.as_deref(), now)?,
            note: self.note,
            memory: self.memory.as_deref().map(Id::parse).transpose()?,
        };
        Ok((new, (self.kind, self.trigger), instance))
    }
}

impl PatternParams {
    pub(crate) fn scope(&self) -> Scope {
        scope(self.user_id.clone(), self.agent_id.clone(), self.run_id.clone())
    }
}

impl DetectRequest {
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self, now: Time) -> Result<Detect, RequestError> {
        Ok(Detect {
            from: at("from", self.from.as_deref(), Time::MIN)?,
            to: at("to", self.to.as_deref(), now)?,
            scope: scope(self.user_id, self.agent_id, self.run_id),
            message: self.message,
            longest: self.longest.unwrap_or(3),
            support: self.support.unwrap_or(3),
            chance: self.chance.unwrap_or(0.05),
            pause: self.pause_seconds.map_or(memory::PAUSE, |s| Time::from(s) * 1_000_000),
            limit: self.limit.unwrap_or(LISTED),
        })
    }
}

impl ProfileParams {
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self, now: Time) -> Result<Portray, RequestError> {
        let period = match self.period_days {
            Some(days) if days > MAX_PERIOD_DAYS => {
                let said = format!("period_days: {days}, expected 1 to {MAX_PERIOD_DAYS}");
                return Err(RequestError::bad(said));
            }
            days => days.map_or(WEEK, |days| Time::from(days) * (WEEK / 7)),
        };
        let to = at("to", self.to.as_deref(), now)?;
        let before = to.saturating_sub(period.saturating_mul(PERIODS));
        let from = at("from", self.from.as_deref(), before)?;
        let scope = scope(self.user_id, self.agent_id, self.run_id);
        Ok(Portray { scope, from, to, period })
    }
}

impl SnapshotRequest {
    pub(crate) fn scope(&self) -> Scope {
        scope(self.user_id.clone(), self.agent_id.clone(), self.run_id.clone())
    }
}

impl SnapshotParams {
    pub(crate) fn scope(&self) -> Scope {
        scope(self.user_id.clone(), self.agent_id.clone(), self.run_id.clone())
    }
}

impl CompareParams {
    pub(crate) fn read(self) -> Marks {
        Marks {
            between: [self.from, self.to],
            scope: scope(self.user_id, self.agent_id, self.run_id),
            limit: self.limit.unwrap_or(LISTED),
        }
    }
}

impl PatternAnswer {
    pub(crate) fn of(pattern: &Pattern) -> Self {
        let instance = |one: &Instance| InstanceAnswer {
            at: moment::written(one.at),
            note: one.note.clone(),
            memory: one.memory.map(|id| id.to_string()),
        };
        Self {
            kind: pattern.kind.clone(),
            trigger: pattern.trigger.clone(),
            seen: pattern.instances.len(),
            instances: pattern.by_time().into_iter().take(LISTED).map(instance).collect(),
        }
    }
}

impl SnapshotItem {
    pub(crate) fn of(mark: &Mark) -> Self {
        Self { at: moment::written(mark.at), branch: mark.branch }
    }
}

impl DetectedAnswer {
    pub(crate) fn of(detected: Detected, now: Time) -> Self {
        let sequence = |(one, last): (Sequence, Vec<Id>)| SequenceAnswer {
            deeds: one.deeds,
            count: one.count,
            chances: one.chances,
            support: one.support,
            expected: one.expected,
            lift: one.lift,
            p_value: one.p_value,
            q_value: one.q_value,
            last: last.iter().map(ToString::to_string).collect(),
        };
        let triggered = detected.triggered.iter().map(|(item, score)| TriggeredAnswer {
            memory: MemoryAnswer::of(item, now),
            score: *score,
        });
        Self {
            deeds: detected.deeds,
            episodes: detected.episodes,
            tested: detected.tested,
            triggered: triggered.collect(),
            sequences: detected.sequences.into_iter().map(sequence).collect(),
        }
    }
}

impl ProfileAnswer {
    pub(crate) fn of(portrait: Portrait) -> Self {
        let kind = |kind: memory::Kind| KindAnswer {
            kind: kind.kind,
            patterns: kind.patterns,
            instances: kind.instances,
        };
        let period = |period: memory::Period| PeriodAnswer {
            from: moment::written(period.from),
            to: moment::written(period.to),
            memories: period.memories,
            decisions: period.decisions,
            concepts: period.concepts,
            links: period.links,
            facts: period.facts,
            revised: period.revised,
            contradictions: period.contradictions,
            completed: period.completed,
            verified: period.verified,
            instances: period.instances,
        };
        Self {
            kinds: portrait.kinds.into_iter().map(kind).collect(),
            periods: portrait.periods.into_iter().map(period).collect(),
        }
    }
}

impl CompoundList {
    pub(crate) fn of(compounds: Vec<Compound>) -> Self {
        let answer = |one: Compound| CompoundAnswer {
            entity: one.entity.0,
            name: one.name,
            parts: EntityName::all(one.parts.to_vec()),
            together: one.together,
            npmi: one.npmi,
        };
        Self { results: compounds.into_iter().map(answer).collect() }
    }
}

impl ComparedAnswer {
    pub(crate) fn of(moved: Moved) -> Self {
        let name = |item: &memory::Item| SnapshotName {
            id: item.id.to_string(),
            name: item.text.clone(),
            at: item.mark().map_or_else(String::new, |mark| moment::written(mark.at)),
            branch: item.mark().map_or(0, |mark| mark.branch),
        };
        let attitude = |one: memory::ChangedAttitude| ChangedAttitudeAnswer {
            id: one.item.id.to_string(),
            text: one.item.text.clone(),
            change: one.change,
            at: moment::written(one.at),
        };
        Self {
            from: name(&moved.from),
            to: name(&moved.to),
            entities: EntityName::all(moved.entities),
            facts: moved.facts.into_iter().map(ChangedFactAnswer::of).collect(),
            relations: moved.relations.into_iter().map(ChangedRelationAnswer::of).collect(),
            contradictions: moved.contradictions.into_iter().map(|id| id.0).collect(),
            attitudes: moved.attitudes.into_iter().map(attitude).collect(),
            memories: moved.memories,
            more: moved.more,
        }
    }
}
