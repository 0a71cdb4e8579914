//! Recalling for a conversation: what is remembered and known about a message, as text to put
//! before a language model.

use std::fmt::Write as _;

use knowledge::{BranchId, FactQuery, Object, Scalar, View};

use crate::durable::Memory;
use crate::error::MemoryError;
use crate::item::{Scope, Time};
use crate::moment;
use crate::question::Asked;
use crate::search::{Hit, Query};

/// The longest context that is made.
pub const MAX_CONTEXT_BYTES: usize = 32 << 10;
/// Parts of an answer that a context tells.
const ANSWERS: usize = 12;
/// Facts about one entity that a context tells.
const FACTS: usize = 8;

/// What is to be recalled.
#[derive(Clone, Debug)]
pub struct Recall {
    /// The message.
    pub message: String,
    /// Whose memories.
    pub scope: Scope,
    /// How many, 1 to [`crate::MAX_HITS`].
    pub limit: usize,
    /// How long the context may be, in bytes.
    pub context_bytes: usize,
    /// The conversation that it belongs to: what its last messages brought up primes this one.
    pub attention: Option<String>,
}

/// What was recalled.
#[derive(Clone, Debug, Default)]
pub struct Recalled {
    /// Memories, best first, each with why.
    pub hits: Vec<Hit>,
    /// Entities that the message names, with what is known of them, as sentences.
    pub known: Vec<(String, Vec<String>)>,
    /// What the message asks for by its words, and what is known of that.
    pub asked: Option<Asked>,
    /// All of it as text.
    pub context: String,
    /// Why words alone were searched, where the endpoint gave no vector.
    pub words_only: Option<String>,
}

impl Memory {
    /// Recalls what a message brings up.
    ///
    /// # Errors
    /// As [`Memory::find`].
    pub async fn recall(&self, recall: &Recall, now: Time) -> Result<Recalled, MemoryError> {
        let query = Query {
            scope: recall.scope.clone(),
            limit: recall.limit,
            explain: true,
            attention: recall.attention.clone(),
            ..Query::new(&recall.message)
        };
        let found = self.find(&query, now).await?;
        self.together(found.of_itself());
        let known = self.known(&recall.message)?;
        let asked = self.asked(&recall.message, now)?;
        let limit = recall.context_bytes.min(MAX_CONTEXT_BYTES);
        let context = context(&found.hits, &known, asked.as_ref(), limit);
        Ok(Recalled { hits: found.hits, known, asked, context, words_only: found.words_only })
    }

    /// What is known of the entities that a text names.
    fn known(&self, message: &str) -> Result<Vec<(String, Vec<String>)>, MemoryError> {
        let state = self.read()?;
        let view = state.knowledge.latest(BranchId::MAIN)?;
        let names = state.names(message, &[]);
        let words = message.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 3);
        let mut known: Vec<(String, Vec<String>)> = Vec::new();
        for name in names.iter().map(String::as_str).chain(words) {
            for id in view.by_name(name) {
                let Some(entity) = view.entity(id) else { continue };
                let about = (entity.item.name.clone(), facts(&view, id));
                if !about.1.is_empty() && !known.iter().any(|k| k.0 == about.0) {
                    known.push(about);
                }
            }
        }
        Ok(known)
    }
}

/// What is known of an entity now, as sentences.
pub(crate) fn facts(view: &View<'_>, subject: knowledge::EntityId) -> Vec<String> {
    let query = FactQuery { subject: Some(subject), limit: FACTS, ..FactQuery::default() };
    view.facts(&query).iter().map(|known| said(view, known.item)).collect()
}

/// A fact as a sentence.
pub(crate) fn said(view: &View<'_>, fact: &knowledge::Fact) -> String {
    let object = match &fact.object {
        Object::Entity(id) => name(view, *id),
        Object::Literal(value) => literal(value),
    };
    let not = if fact.negated { "not " } else { "" };
    let since = fact.valid.from.map(|at| format!(" (since {})", moment::written(at)));
    let (subject, since) = (name(view, fact.subject), since.unwrap_or_default());
    format!("{subject} {not}{} {object}{since}", fact.predicate)
}

/// What an entity is called.
pub(crate) fn name(view: &View<'_>, id: knowledge::EntityId) -> String {
    view.entity(id).map_or_else(|| format!("entity {id}"), |e| e.item.name.clone())
}

/// A value as it is read.
pub(crate) fn literal(value: &Scalar) -> String {
    match value {
        Scalar::Null => "nothing".into(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Number(value) => value.to_string(),
        Scalar::Text(value) => value.clone(),
    }
}

/// The answer to the question first, then what else is known, then memories; nothing twice.
fn context(
    hits: &[Hit],
    known: &[(String, Vec<String>)],
    asked: Option<&Asked>,
    limit: usize,
) -> String {
    let mut context = String::new();
    let mut line = |text: &str| {
        if context.len() + text.len() + 3 <= limit {
            let _ = writeln!(context, "- {text}");
        }
    };
    let told = asked.iter().flat_map(|asked| asked.findings.iter().take(ANSWERS));
    let told: Vec<&str> = told.map(|finding| finding.said.as_str()).collect();
    if let Some(count) = asked.and_then(|asked| asked.count) {
        line(&format!("{count} in number"));
    }
    told.iter().for_each(|said| line(said));
    let facts = known.iter().flat_map(|(_, facts)| facts);
    facts.filter(|fact| !told.contains(&fact.as_str())).for_each(|fact| line(fact));
    for hit in hits {
        let day: String = moment::written(hit.item.created_at).chars().take(10).collect();
        let said = hit.item.attitude.as_ref().map(|a| format!("({}) ", a.said()));
        let said = said.unwrap_or_default();
        line(&format!("[{day}] {said}{}", hit.item.text.replace('\n', " ")));
    }
    context
}
