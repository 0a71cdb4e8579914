//! Memories on the wire, in shapes that users of mem0 know: what is sent and what is answered.

use std::collections::BTreeMap;

use memory::{
    Class, Filter, Id, Item, MemoryError, New, Patch, Query, Scope, Status, Tier, moment,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attitude::{ClaimAnswer, IntentionAnswer};
use super::cognition::{PatternAnswer, SnapshotItem};
use crate::error::RequestError;

/// Memories that one request stores.
pub(crate) const MAX_STORED: usize = 1000;

/// Whose memories.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ScopeSpec {
    /// A user of the application.
    pub(crate) user_id: Option<String>,
    /// An agent of the application.
    pub(crate) agent_id: Option<String>,
    /// A run, a conversation.
    #[serde(alias = "session_id")]
    pub(crate) run_id: Option<String>,
}

/// One message of a conversation.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageSpec {
    /// Who said it.
    #[serde(default = "user")]
    pub(crate) role: String,
    /// What was said.
    pub(crate) content: String,
}

fn user() -> String {
    "user".to_owned()
}

/// What is to be remembered: `text`, or `messages`, each of which becomes a memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreRequest {
    /// What is to be remembered.
    #[serde(alias = "memory", alias = "content")]
    text: Option<String>,
    /// Messages, each remembered as it stands.
    messages: Option<Vec<MessageSpec>>,
    /// The memory's name, a UUID; drawn where there is none. The same name twice is refused, so
    /// that a request can be sent again.
    id: Option<String>,
    /// A vector of the collection's dimension.
    embedding: Option<Vec<f32>>,
    /// The collection; `default` where there is none.
    collection: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    class: Option<ClassName>,
    tier: Option<TierName>,
    tags: Vec<String>,
    metadata: BTreeMap<String, Value>,
    /// Where it comes from.
    source: Option<String>,
    /// How sure it is, 0 to 1.
    confidence: Option<f32>,
    /// How much it matters, 0 to 1.
    importance: Option<f32>,
    /// How far its source is trusted, 0 to 1.
    trust: Option<f32>,
    /// When it ends: RFC 3339, or a date.
    #[serde(alias = "expiration_date")]
    expires_at: Option<String>,
    /// The memory whose place it takes.
    supersedes: Option<String>,
    /// Names that it mentions, beside those found in the text.
    mentions: Vec<String>,
    /// Accepted for clients of mem0; nothing is inferred here, what is said is what is stored.
    infer: Option<bool>,
}

/// Several memories.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreMany {
    /// Up to 1000.
    pub(crate) memories: Vec<StoreRequest>,
}

/// The class of a memory: how it decays.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClassName {
    Episodic,
    Semantic,
    Procedural,
    Pattern,
    Validated,
    FalsePositive,
}

/// How far a memory has been consolidated.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TierName {
    Working,
    ShortTerm,
    LongTerm,
}

/// What is to change; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PatchRequest {
    #[serde(alias = "memory", alias = "content")]
    text: Option<String>,
    embedding: Option<Vec<f32>>,
    class: Option<ClassName>,
    tags: Option<Vec<String>>,
    metadata: Option<BTreeMap<String, Value>>,
    source: Option<String>,
    confidence: Option<f32>,
    importance: Option<f32>,
    trust: Option<f32>,
    /// When it ends; an empty text for never.
    #[serde(alias = "expiration_date")]
    expires_at: Option<String>,
    /// The version that is to be changed; another one is refused.
    version: Option<u32>,
}

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SearchRequest {
    /// The question.
    #[serde(alias = "text")]
    pub(crate) query: String,
    /// How the question is read.
    #[serde(default)]
    syntax: SyntaxName,
    /// Its vector, of the collection's dimension.
    pub(crate) embedding: Option<Vec<f32>>,
    pub(crate) collection: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    /// Conditions on fields, joined by AND, OR and NOT.
    filters: Option<Value>,
    /// Statuses that are found; active ones where there are none.
    #[serde(default)]
    include: Vec<StatusName>,
    /// How many, 1 to 100.
    #[serde(alias = "top_k")]
    limit: Option<usize>,
    /// How many to leave out first.
    offset: usize,
    /// The lowest score, 0 to 1.
    threshold: Option<f32>,
    /// How much each ranking counts.
    weights: Option<WeightsSpec>,
    /// Columns to read; as many as the recall needs where there is none.
    breadth: Option<usize>,
    /// Whether every vector is compared.
    exact: bool,
    /// Whether each result tells why it was found.
    explain: bool,
    /// Whether what is found is the stronger for it.
    reinforce: Option<bool>,
    /// The conversation that it belongs to: what its last questions found primes this one.
    attention: Option<String>,
}

/// How a question is read.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SyntaxName {
    /// All of it is words.
    #[default]
    Plain,
    /// `"a phrase"` and `+word` must stand in each memory that is found, `-word` and `-"a phrase"` in
    /// none, whatever else finds it.
    Operators,
}

/// How much each ranking counts; 0 leaves it out.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WeightsSpec {
    /// Words.
    text: f32,
    /// Vectors.
    vector: f32,
    /// What memories mention and how they are related.
    graph: f32,
}

/// Whether a memory is found.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatusName {
    Active,
    Quarantined,
    Superseded,
    Expired,
    Deleted,
}

/// A memory as it is answered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct MemoryAnswer {
    id: String,
    /// What is remembered.
    memory: String,
    collection: String,
    class: ClassName,
    tier: TierName,
    status: StatusName,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    tags: Vec<String>,
    metadata: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    confidence: f32,
    importance: f32,
    trust: f32,
    /// How strong it still is, 0 to 1.
    strength: f32,
    /// Names that it mentions.
    mentions: Vec<String>,
    /// Why it was held back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<String>,
    version: u32,
    accesses: u32,
    endorsements: u32,
    dismissals: u32,
    repeats: u32,
    /// Where it stands, if it is an intention.
    #[serde(skip_serializing_if = "Option::is_none")]
    intention: Option<IntentionAnswer>,
    /// How it was held and how it turned out, if it is a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimAnswer>,
    /// How it was seen, if it is a pattern of thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<PatternAnswer>,
    /// What it marks, if it is a snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<SnapshotItem>,
}

/// A memory that was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct HitAnswer {
    #[serde(flatten)]
    memory: MemoryAnswer,
    /// How well it fits, 0 to 1.
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<WhyAnswer>,
}

/// Why a memory was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct WhyAnswer {
    /// By words.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<RankAnswer>,
    /// Words of the question that it has, with what each gives.
    terms: Vec<TermAnswer>,
    /// By vectors; the score is the cosine.
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<RankAnswer>,
    /// By activation.
    #[serde(skip_serializing_if = "Option::is_none")]
    graph: Option<RankAnswer>,
    /// How active it still was of the conversation's last questions, or what was said beside it, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    attention: Option<f32>,
    /// How activation came to it.
    path: Vec<String>,
    strength: f32,
    /// What its place in the order is made of.
    votes: VotesAnswer,
    /// Words that had to stand in it one after the other, where the question had operators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    required: Vec<String>,
    /// Words that had not to stand in it, where the question had operators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    excluded: Vec<String>,
}

/// What each way of looking adds to a memory's place; their sum orders what is found.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct VotesAnswer {
    /// Its words and its vector.
    semantic: f32,
    /// What was said beside it, and activation over names and relations.
    structural: f32,
    /// The days that the question names, and telling when.
    temporal: f32,
    /// What is taken away for being replaced, dismissed, faded, or a question; never above 0.
    exception: f32,
}

/// A place in a ranking.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct RankAnswer {
    /// From 1.
    rank: usize,
    score: f32,
}

/// A word that was found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TermAnswer {
    term: String,
    score: f32,
}

impl Default for WeightsSpec {
    fn default() -> Self {
        let memory::Weights { text, vector, graph } = memory::Weights::default();
        Self { text, vector, graph }
    }
}

impl From<ScopeSpec> for Scope {
    fn from(spec: ScopeSpec) -> Self {
        Self { user_id: spec.user_id, agent_id: spec.agent_id, run_id: spec.run_id }
    }
}

impl StoreRequest {
    /// What is to be stored, a memory each.
    ///
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self) -> Result<Vec<New>, RequestError> {
        let messages = match (&self.text, &self.messages) {
            (Some(text), None) => vec![(text.clone(), None)],
            (None, Some(messages)) if !messages.is_empty() => {
                messages.iter().map(|m| (m.content.clone(), Some(m.role.clone()))).collect()
            }
            _ => {
                let expected = "body: expected `text`, or `messages` of one message or more";
                return Err(RequestError::bad(expected));
            }
        };
        let alone = messages.len() == 1;
        if !alone && (self.id.is_some() || self.embedding.is_some() || self.supersedes.is_some()) {
            let said = "id, embedding and supersedes: expected with one memory only";
            return Err(RequestError::bad(said));
        }
        messages.into_iter().map(|(text, role)| self.one(text, role)).collect()
    }

    /// One memory that is not to be stored; its text may be missing.
    ///
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read_one(self) -> Result<New, RequestError> {
        if self.messages.is_some() {
            return Err(RequestError::bad("messages: expected `text` or `embedding`"));
        }
        self.one(self.text.clone().unwrap_or_default(), None)
    }

    fn one(&self, text: String, role: Option<String>) -> Result<New, RequestError> {
        let mut metadata = self.metadata.clone();
        if let Some(role) = role {
            metadata.entry("role".to_owned()).or_insert(role.into());
        }
        let scope = Scope {
            user_id: self.user_id.clone(),
            agent_id: self.agent_id.clone(),
            run_id: self.run_id.clone(),
        };
        Ok(New {
            text,
            id: self.id.as_deref().map(Id::parse).transpose()?,
            embedding: self.embedding.clone(),
            collection: self.collection.clone(),
            class: self.class.map(Class::from).unwrap_or_default(),
            tier: self.tier.map(Tier::from),
            scope,
            tags: self.tags.clone(),
            metadata,
            source: self.source.clone(),
            confidence: self.confidence,
            importance: self.importance,
            trust: self.trust,
            expires_at: self.expires_at.as_deref().map(|at| time("expires_at", at)).transpose()?,
            supersedes: self.supersedes.as_deref().map(Id::parse).transpose()?,
            mentions: self.mentions.clone(),
            attitude: None,
        })
    }
}

impl PatchRequest {
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self) -> Result<Patch, RequestError> {
        let expires_at = match self.expires_at.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(at) => Some(Some(time("expires_at", at)?)),
        };
        Ok(Patch {
            text: self.text,
            embedding: self.embedding,
            class: self.class.map(Class::from),
            tags: self.tags,
            metadata: self.metadata,
            source: self.source,
            confidence: self.confidence,
            importance: self.importance,
            trust: self.trust,
            expires_at,
            version: self.version,
        })
    }
}

impl SearchRequest {
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self) -> Result<Query, RequestError> {
        let filter = self.filters.as_ref().map(Filter::parse).transpose()?;
        let statuses: Vec<Status> = self.include.into_iter().map(Status::from).collect();
        let weights = self.weights.unwrap_or_default();
        let plain = match self.syntax {
            SyntaxName::Plain => Query::new(&self.query),
            SyntaxName::Operators => Query::with_operators(&self.query)?,
        };
        let breadth = match (self.exact, self.breadth) {
            (true, _) => column::Breadth::Exact,
            (false, Some(n)) => column::Breadth::Fixed(n.max(1)),
            (false, None) => column::Breadth::Auto,
        };
        Ok(Query {
            vector: self.embedding,
            collection: self.collection,
            scope: Scope { user_id: self.user_id, agent_id: self.agent_id, run_id: self.run_id },
            filter: filter.unwrap_or_else(Filter::everything),
            statuses: if statuses.is_empty() { vec![Status::Active] } else { statuses },
            limit: self.limit.unwrap_or(plain.limit),
            offset: self.offset,
            threshold: self.threshold.unwrap_or(0.0),
            weights: memory::Weights {
                text: weights.text,
                vector: weights.vector,
                graph: weights.graph,
            },
            breadth,
            explain: self.explain,
            reinforce: self.reinforce.unwrap_or(true),
            attention: self.attention,
            ..plain
        })
    }
}

impl MemoryAnswer {
    pub(crate) fn of(item: &Item, now: memory::Time) -> Self {
        Self {
            id: item.id.to_string(),
            memory: item.text.clone(),
            collection: item.collection.clone(),
            class: item.class.into(),
            tier: item.tier.into(),
            status: item.status.into(),
            user_id: item.scope.user_id.clone(),
            agent_id: item.scope.agent_id.clone(),
            run_id: item.scope.run_id.clone(),
            tags: item.tags.clone(),
            metadata: item.metadata.clone(),
            source: item.source.clone(),
            confidence: item.confidence,
            importance: item.importance,
            trust: item.trust,
            strength: memory::strength(item, now),
            mentions: item.mentions.clone(),
            reasons: item.reasons.clone(),
            created_at: moment::written(item.created_at),
            updated_at: moment::written(item.updated_at),
            expires_at: item.expires_at.map(moment::written),
            deleted_at: item.deleted_at.map(moment::written),
            superseded_by: item.superseded_by.map(|id| id.to_string()),
            version: item.version,
            accesses: item.usage.accesses,
            endorsements: item.usage.endorsements,
            dismissals: item.usage.dismissals,
            repeats: item.usage.repeats,
            intention: item.intention().map(IntentionAnswer::of),
            claim: item.claim().map(ClaimAnswer::of),
            pattern: item.pattern().map(PatternAnswer::of),
            snapshot: item.mark().map(SnapshotItem::of),
        }
    }
}

impl HitAnswer {
    pub(crate) fn of(hit: &memory::Hit, now: memory::Time) -> Self {
        let memory = MemoryAnswer::of(&hit.item, now);
        Self { memory, score: hit.score, explain: hit.why.as_ref().map(WhyAnswer::of) }
    }
}

impl WhyAnswer {
    fn of(why: &memory::Why) -> Self {
        let rank =
            |place: Option<(usize, f32)>| place.map(|(rank, score)| RankAnswer { rank, score });
        let term = |t: &text::TermScore| TermAnswer { term: t.term.clone(), score: t.score };
        Self {
            text: rank(why.text),
            terms: why.terms.iter().map(term).collect(),
            vector: rank(why.vector),
            graph: rank(why.graph),
            attention: why.attention,
            path: why.path.clone(),
            strength: why.strength,
            votes: VotesAnswer::of(&why.votes),
            required: why.operators.iter().flat_map(|o| o.required.clone()).collect(),
            excluded: why.operators.iter().flat_map(|o| o.excluded.clone()).collect(),
        }
    }
}

impl VotesAnswer {
    fn of(votes: &memory::Votes) -> Self {
        let memory::Votes { semantic, structural, temporal, exception } = *votes;
        Self { semantic, structural, temporal, exception }
    }
}

/// A time that was written.
///
/// # Errors
/// [`RequestError::Bad`].
pub(crate) fn time(what: &str, text: &str) -> Result<memory::Time, RequestError> {
    let found: String = text.chars().take(64).collect();
    moment::read(text).ok_or_else(|| {
        RequestError::bad(format!("{what}: {found:?}, expected a time as 2026-11-21T10:30:00Z"))
    })
}

/// The name of a memory in a path.
///
/// # Errors
/// [`RequestError::NotFound`].
pub(crate) fn id(text: &str) -> Result<Id, RequestError> {
    Id::parse(text).map_err(|e: MemoryError| RequestError::NotFound(e.to_string()))
}

macro_rules! same {
    ($wire:ident, $ours:ident, $($name:ident),+) => {
        impl From<$wire> for $ours {
            fn from(name: $wire) -> Self {
                match name { $($wire::$name => Self::$name),+ }
            }
        }
        impl From<$ours> for $wire {
            fn from(name: $ours) -> Self {
                match name { $($ours::$name => Self::$name),+ }
            }
        }
    };
}

same!(ClassName, Class, Episodic, Semantic, Procedural, Pattern, Validated, FalsePositive);
same!(TierName, Tier, Working, ShortTerm, LongTerm);
same!(StatusName, Status, Active, Quarantined, Superseded, Expired, Deleted);
