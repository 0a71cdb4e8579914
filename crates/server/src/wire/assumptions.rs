//! Questions about assumptions on the wire. Fields that a question does not have are refused.

use std::collections::BTreeSet;

use knowledge::{
    At, Considered, Environments, Fact, FactId, KnowledgeError, Object, Scalar, Supposed,
    Supposing, View,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::knowledge::AtParams;
use crate::error::RequestError;

/// Facts that one question names.
const MAX_NAMED: usize = 256;

/// What is asked about assumptions. Facts are told by their numbers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssumptionsRequest {
    question: QuestionName,
    /// Which fact: `holds_under`.
    fact: Option<u64>,
    /// What is supposed to be so: `suppose`.
    #[serde(default)]
    assume: Vec<u64>,
    /// What is supposed not to be so: `suppose`.
    #[serde(default)]
    without: Vec<u64>,
    /// The facts that count as assumptions, retracted ones too, while others hold in any case:
    /// `holds_under`, `impossible`; where there is none, all facts without reasons.
    assumptions: Option<Vec<u64>>,
    /// The branch; the main one where there is none.
    branch: Option<u64>,
    /// As it was known then, RFC 3339.
    known_at: Option<String>,
}

/// Which question.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum QuestionName {
    /// The smallest sets of assumptions from which a fact follows.
    HoldsUnder,
    /// The smallest sets of assumptions that cannot all be true.
    Impossible,
    /// What would hold if some facts were assumed, and others not.
    Suppose,
}

/// A question that was read.
pub(crate) enum Question {
    HoldsUnder(FactId, Option<BTreeSet<FactId>>),
    Impossible(Option<BTreeSet<FactId>>),
    Suppose(BTreeSet<FactId>, BTreeSet<FactId>),
}

/// What rests on which assumptions.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct AssumptionsAnswer {
    /// `holds_under`, `impossible`: sets of assumptions, the smallest first. An empty one needs none.
    environments: Vec<Vec<u64>>,
    /// There are more environments than are told.
    more: bool,
    /// `suppose`: facts that would come to hold.
    gained: Vec<u64>,
    /// `suppose`: facts that would hold no longer.
    lost: Vec<u64>,
    /// `suppose`: facts that would both hold, and cannot both be true.
    contradictions: Vec<[u64; 2]>,
    /// All facts that are named above, in words.
    facts: Vec<SaidAnswer>,
}

/// What a fact says.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SaidAnswer {
    id: u64,
    subject: String,
    predicate: String,
    object: String,
    negated: bool,
    /// Whether it was not taken back.
    known: bool,
}

impl AssumptionsRequest {
    /// # Errors
    /// [`RequestError::Bad`] for fields that are missing, too many or too long.
    pub(crate) fn read(self) -> Result<(At, Question), RequestError> {
        let has = [
            ("fact", self.fact.is_some()),
            ("assume", !self.assume.is_empty()),
            ("without", !self.without.is_empty()),
            ("assumptions", self.assumptions.is_some()),
        ];
        let takes: &[&str] = match self.question {
            QuestionName::HoldsUnder => &["fact", "assumptions"],
            QuestionName::Impossible => &["assumptions"],
            QuestionName::Suppose => &["assume", "without"],
        };
        if let Some((name, _)) = has.iter().find(|(name, has)| *has && !takes.contains(name)) {
            let expected = takes.join(" and ");
            let said = format!("{name}: expected none for this question, which takes {expected}");
            return Err(RequestError::bad(said));
        }
        let at = AtParams::new(self.branch, self.known_at, None).read()?;
        let stated = self.assumptions.map(|all| named("assumptions", all)).transpose()?;
        let question = match self.question {
            QuestionName::HoldsUnder => {
                let fact = self.fact.ok_or(RequestError::bad("fact: expected the number of one"));
                Question::HoldsUnder(FactId(fact?), stated)
            }
            QuestionName::Impossible => Question::Impossible(stated),
            QuestionName::Suppose => {
                let (assume, without) =
                    (named("assume", self.assume)?, named("without", self.without)?);
                if assume.is_empty() && without.is_empty() {
                    return Err(RequestError::bad(
                        "assume, without: expected facts in one of them",
                    ));
                }
                Question::Suppose(assume, without)
            }
        };
        Ok((at, question))
    }
}

fn named(what: &str, facts: Vec<u64>) -> Result<BTreeSet<FactId>, RequestError> {
    if facts.len() > MAX_NAMED {
        let said = format!("{what}: at most {MAX_NAMED} facts, found {}", facts.len());
        return Err(RequestError::bad(said));
    }
    Ok(facts.into_iter().map(FactId).collect())
}

/// A question with what it considers: nothing of the memory is held while it is answered.
pub(crate) enum LaidOut {
    Environments(Considered),
    Supposing(Supposing),
}

/// What was found, by the numbers of facts.
pub(crate) enum Found {
    Environments(Environments),
    Supposed(Supposed),
}

impl Question {
    /// # Errors
    /// Those of the question.
    pub(crate) fn lay_out(self, view: &View<'_>) -> Result<LaidOut, KnowledgeError> {
        let considered = match self {
            Self::HoldsUnder(fact, stated) => view.consider(Some(fact), stated)?,
            Self::Impossible(stated) => view.consider(None, stated)?,
            Self::Suppose(assume, without) => {
                return Ok(LaidOut::Supposing(view.supposing(assume, without)?));
            }
        };
        Ok(LaidOut::Environments(considered))
    }
}

impl LaidOut {
    /// # Errors
    /// Those of the question.
    pub(crate) fn find(&self) -> Result<Found, KnowledgeError> {
        Ok(match self {
            Self::Environments(considered) => Found::Environments(considered.environments()?),
            Self::Supposing(supposing) => Found::Supposed(supposing.supposed()),
        })
    }
}

impl Found {
    pub(crate) fn tell(self, view: &View<'_>) -> AssumptionsAnswer {
        match self {
            Self::Environments(found) => AssumptionsAnswer::sets(view, found),
            Self::Supposed(found) => AssumptionsAnswer::supposed(view, found),
        }
    }
}

impl AssumptionsAnswer {
    fn sets(view: &View<'_>, found: Environments) -> Self {
        let facts = said(view, found.sets.iter().flatten());
        let environments = found.sets.iter().map(|set| numbers(set)).collect();
        Self { environments, more: found.cut_short, facts, ..Self::default() }
    }

    fn supposed(view: &View<'_>, found: Supposed) -> Self {
        let pairs = found.impossible.iter().flatten();
        let facts = said(view, found.gained.iter().chain(&found.lost).chain(pairs));
        Self {
            gained: numbers(&found.gained),
            lost: numbers(&found.lost),
            contradictions: found.impossible.iter().map(|pair| pair.map(|id| id.0)).collect(),
            facts,
            ..Self::default()
        }
    }
}

fn numbers(facts: &[FactId]) -> Vec<u64> {
    facts.iter().map(|id| id.0).collect()
}

fn said<'a>(view: &View<'_>, facts: impl Iterator<Item = &'a FactId>) -> Vec<SaidAnswer> {
    let facts: BTreeSet<FactId> = facts.copied().collect();
    let told = |id: FactId| view.last_fact(id).map(|fact| SaidAnswer::of(view, id, fact));
    facts.into_iter().filter_map(told).collect()
}

impl SaidAnswer {
    fn of(view: &View<'_>, id: FactId, fact: &Fact) -> Self {
        let name = |id| view.entity(id).map_or_else(String::new, |known| known.item.name.clone());
        let object = match &fact.object {
            Object::Entity(id) => name(*id),
            Object::Literal(Scalar::Null) => "null".to_owned(),
            Object::Literal(Scalar::Bool(value)) => value.to_string(),
            Object::Literal(Scalar::Integer(value)) => value.to_string(),
            Object::Literal(Scalar::Number(value)) => value.to_string(),
            Object::Literal(Scalar::Text(value)) => value.clone(),
        };
        Self {
            id: id.0,
            subject: name(fact.subject),
            predicate: fact.predicate.clone(),
            object,
            negated: fact.negated,
            known: view.fact(id).is_some(),
        }
    }
}
