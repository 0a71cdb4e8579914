//! What a question asks for beside memories: its intent by its words, and the answer that knowledge
//! has, each part with where it comes from. Nothing is guessed: what is not known is said to be so.
//!
//! `docs/concepts/questions.md` is the page about it.

mod above;
mod bound;
mod compare;
mod define;
mod follow;
pub(crate) mod intent;
mod look;
mod named;
mod property;
mod select;
mod words;

use knowledge::links::Strategy;
use knowledge::{At, BranchId, EntityId, ItemId};

use crate::durable::Memory;
use crate::error::{MemoryError, TooLarge};
use crate::item::{Id, Time};
use crate::search::MAX_QUERY_BYTES;
use crate::state::State;
use intent::{Intent, recognise};
use look::Look;

/// Parts of one answer.
pub const MAX_FINDINGS: usize = 50;

/// A question that was understood, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What it asks for.
    pub intent: Intent,
    /// The words that say so.
    pub words: Vec<String>,
    /// Entities that it names, in its order.
    pub about: Vec<(EntityId, String)>,
    /// The answer, at most [`MAX_FINDINGS`] parts.
    pub findings: Vec<Finding>,
    /// How many there are, where that is asked and all were looked at.
    pub count: Option<usize>,
    /// What is not known, where there is no answer.
    pub unknown: Option<String>,
    /// Whether there is more than is told.
    pub more: bool,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is to the question.
    pub role: Role,
    /// It, as a sentence.
    pub said: String,
    /// The entities that it leads to.
    pub entities: Vec<(EntityId, String)>,
    /// Where it comes from.
    pub because: Vec<Because>,
}

/// What a part of an answer is to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A property of what is asked about, its own or inherited.
    Property,
    /// A fact or relation of it.
    Fact,
    /// A way from one to the other.
    Path,
    /// What it is.
    Ancestor,
    /// What is one of it.
    Descendant,
    /// What both have.
    Shared,
    /// What one has, or both have otherwise.
    Different,
    /// What led to it.
    Cause,
    /// What follows from it.
    Effect,
    /// One that the question asks for.
    Item,
}

/// Where something that is known comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Because {
    /// The fact, relation or entity that says so.
    pub what: ItemId,
    /// Who said it.
    pub source: String,
    /// The memory that it was taken from.
    pub memory: Option<Id>,
    /// How sure it is, 0 to 1; of a relation, how strong it is now.
    pub confidence: f32,
    /// When it was learned.
    pub learned_at: Time,
}

impl Role {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Property => "property",
            Self::Fact => "fact",
            Self::Path => "path",
            Self::Ancestor => "ancestor",
            Self::Descendant => "descendant",
            Self::Shared => "shared",
            Self::Different => "different",
            Self::Cause => "cause",
            Self::Effect => "effect",
            Self::Item => "item",
        }
    }
}

/// What one intent's part found.
#[derive(Default)]
struct Told {
    findings: Vec<Finding>,
    count: Option<usize>,
    unknown: Option<String>,
    more: bool,
}

impl Told {
    fn unknown(what: impl Into<String>) -> Self {
        Self { unknown: Some(what.into()), ..Self::default() }
    }
}

impl Memory {
    /// What a question asks for and what is known of it now; nothing where its words do not say what
    /// it asks for.
    ///
    /// # Errors
    /// [`MemoryError::TooLarge`], [`MemoryError::Closed`], [`MemoryError::Knowledge`].
    pub fn asked(&self, question: &str, now: Time) -> Result<Option<Asked>, MemoryError> {
        TooLarge::check("message", "bytes", question.len(), MAX_QUERY_BYTES)?;
        self.read()?.asked(question, now)
    }
}

impl State {
    pub(crate) fn asked(&self, question: &str, now: Time) -> Result<Option<Asked>, MemoryError> {
        let Some(recognised) = recognise(question) else { return Ok(None) };
        let at = At { branch: BranchId::MAIN, known: None, valid: Some(now) };
        let view = self.knowledge.at(at)?;
        let look = Look { state: self, view: &view, now };
        let names = look.named(question, &recognised.words);
        let about: Vec<EntityId> = names.iter().map(|name| name.entity).collect();
        let mut told = match recognised.intent {
            Intent::Definition => look.define(&about),
            Intent::Comparison => look.compare(&about),
            Intent::Hierarchy => look.hierarchy(&about, &recognised.words),
            Intent::Relationship => look.relationship(&about),
            Intent::Causal => look.causes(&about, &recognised.words),
            Intent::Filter => look.filter(question, &names, &recognised.words),
            Intent::Aggregation => look.count(question, &names, &recognised.words),
        };
        told.more |= told.findings.len() > MAX_FINDINGS;
        told.findings.truncate(MAX_FINDINGS);
        Ok(Some(Asked {
            intent: recognised.intent,
            words: recognised.words,
            about: about.into_iter().map(|id| look.entity(id)).collect(),
            findings: told.findings,
            count: told.count,
            unknown: told.unknown,
            more: told.more,
        }))
    }
}

/// From where activation spreads for a question, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Minded {
    /// What it asks for, where its words say so.
    pub asked: Option<intent::Recognised>,
    /// The entities that it names, in its order.
    pub names: Vec<(EntityId, String)>,
    /// How activation spreads for that.
    pub strategy: Strategy,
}

impl Intent {
    /// How activation spreads for what is asked.
    pub fn strategy(self) -> Strategy {
        match self {
            Self::Filter => Strategy::Focused,
            Self::Relationship => Strategy::Bidirectional,
            Self::Hierarchy => Strategy::Directional,
            Self::Comparison => Strategy::Parallel,
            Self::Causal => Strategy::Chain,
            Self::Definition => Strategy::Local,
            Self::Aggregation => Strategy::BreadthFirst,
        }
    }
}

impl Memory {
    /// From where activation spreads for a question, and by which strategy: that of its intent, or
    /// the conservative one where its words do not say what it asks for.
    ///
    /// # Errors
    /// [`MemoryError::TooLarge`], [`MemoryError::Closed`], [`MemoryError::Knowledge`].
    pub fn minded(&self, question: &str, now: Time) -> Result<Minded, MemoryError> {
        TooLarge::check("question", "bytes", question.len(), MAX_QUERY_BYTES)?;
        let state = self.read()?;
        let view = state.knowledge.latest(BranchId::MAIN)?;
        let look = Look { state: &state, view: &view, now };
        let asked = recognise(question);
        let cue = asked.as_ref().map_or(&[] as &[String], |asked| &asked.words);
        let names = look.named(question, cue).into_iter();
        let strategy = asked.as_ref().map_or(Strategy::Conservative, |a| a.intent.strategy());
        Ok(Minded { names: names.map(|one| look.entity(one.entity)).collect(), strategy, asked })
    }
}
