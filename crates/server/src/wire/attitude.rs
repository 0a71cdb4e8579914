//! Intentions and claims on the wire: what is meant, what is claimed, how it ended, how far claims
//! can be believed.

use memory::{
    Calibration, Claim, ClaimState, Id, Intention, IntentionState, Item, Judgement,
    MATCH_THRESHOLD, New, Resume, Scope, Time, Touched, moment,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::memory::{MemoryAnswer, time};
use crate::error::RequestError;

/// What somebody means to do.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IntendRequest {
    /// What is meant, as one statement.
    text: String,
    /// By when: RFC 3339, or a date.
    due_at: Option<String>,
    /// The memory's name, a UUID; drawn where there is none.
    id: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    tags: Vec<String>,
    /// How much it matters, 0 to 1.
    importance: Option<f32>,
    /// When it is forgotten if it is still open: RFC 3339, or a date; never where there is none.
    expires_at: Option<String>,
}

/// What somebody holds to be true.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ClaimRequest {
    /// What is claimed, as one statement that can turn out true or false.
    text: String,
    /// How probable it is held to be, 0 to 1; it stays as it was said.
    confidence: Option<f64>,
    /// What it is about, to judge by, as `weather`.
    subject: Option<String>,
    /// The memory's name, a UUID; drawn where there is none.
    id: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    tags: Vec<String>,
    /// Where it comes from.
    source: Option<String>,
}

/// How an intention ended.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EndRequest {
    /// What came of it, or why it was given up; up to 4 KiB.
    pub(crate) outcome: Option<String>,
}

/// How a claim turned out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyRequest {
    /// Whether it was true.
    pub(crate) truth: bool,
    /// By what; up to 4 KiB.
    #[serde(default)]
    pub(crate) evidence: Option<String>,
}

/// What is talked about.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ResumeRequest {
    /// What is said.
    message: String,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    /// The least share of an intention's words, by their rarity, that the message must name, 0 to 1;
    /// 0.3 where there is none.
    threshold: Option<f32>,
    /// How many, 1 to 100; 10 where there is none.
    limit: Option<usize>,
}

/// Which intentions or claims are listed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AttitudeParams {
    /// `open`, `completed` or `abandoned` of intentions; `unverified`, `true` or `false` of claims;
    /// any where there is none.
    pub(crate) state: Option<String>,
    /// Claims about this only.
    pub(crate) subject: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 1000; 100 where there is none.
    pub(crate) limit: Option<usize>,
}

/// Which claims are judged.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CalibrationParams {
    /// Claims about this only.
    subject: Option<String>,
    user_id: Option<String>,
    agent_id: Option<String>,
    #[serde(alias = "session_id")]
    run_id: Option<String>,
    /// Verified from then on, RFC 3339.
    from: Option<String>,
    /// Verified before then, RFC 3339.
    to: Option<String>,
    /// Bins of confidence, 1 to 100; 10 where there is none.
    bins: Option<usize>,
}

/// An intention, beside the memory that it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct IntentionAnswer {
    /// `open`, `completed` or `abandoned`.
    state: &'static str,
    /// By when it is meant to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// What came of it, or why it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
}

/// A claim, beside the memory that it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ClaimAnswer {
    /// `unverified`, `true` or `false`.
    state: &'static str,
    /// How probable it was held to be when it was made.
    confidence: f64,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// When it turned out.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<String>,
    /// By what.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
}

/// Intentions or claims, as the memories that they are.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AttitudeList {
    /// The newest first.
    pub(crate) results: Vec<MemoryAnswer>,
    /// What `after` is for the next page.
    pub(crate) next: Option<String>,
    /// How many there are in all.
    pub(crate) total: u64,
}

/// Open intentions that what is said touches.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ResumeAnswer {
    /// Those that fit best first; those whose time is up are there whatever is said.
    pub(crate) results: Vec<TouchedAnswer>,
}

/// An open intention that what is said touches.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TouchedAnswer {
    #[serde(flatten)]
    memory: MemoryAnswer,
    /// The share of its words, by their rarity, that the message names.
    score: f32,
    /// Its words that the message names, without their endings.
    words: Vec<String>,
    /// Whether its time is up.
    due: bool,
}

/// How far claims can be believed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct JudgementAnswer {
    #[serde(flatten)]
    overall: CalibrationAnswer,
    /// Claims that nobody has verified.
    unverified: usize,
    /// The same by subject, those with the most claims first, at most 100.
    by_subject: Vec<SubjectAnswer>,
}

/// How far claims about a subject can be believed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SubjectAnswer {
    subject: String,
    #[serde(flatten)]
    judged: CalibrationAnswer,
}

/// Confidences against how claims turned out; figures are null where none did.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CalibrationAnswer {
    /// Claims that turned out.
    n: usize,
    /// Mean squared error of the confidences: 0 is best, always saying 0.5 has 0.25.
    brier: Option<f64>,
    /// Expected calibration error over the bins, 0 to 1.
    expected_error: Option<f64>,
    /// The greatest gap of a bin.
    maximum_error: Option<f64>,
    /// Confidence on average.
    mean_confidence: Option<f64>,
    /// The share that was true.
    truth_rate: Option<f64>,
    /// Mean confidence less the share that was true: above 0 is overconfident, below is under.
    overconfidence: Option<f64>,
    /// Bins of equal width that have claims, the lowest first.
    bins: Vec<BinAnswer>,
}

/// Claims of about the same confidence.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BinAnswer {
    from: f64,
    to: f64,
    n: usize,
    mean_confidence: f64,
    truth_rate: f64,
}

/// Whose, from the three names.
fn scope(user_id: Option<String>, agent_id: Option<String>, run_id: Option<String>) -> Scope {
    Scope { user_id, agent_id, run_id }
}

impl IntendRequest {
    /// What is to be remembered, and by when it is meant.
    ///
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self) -> Result<(New, Option<Time>), RequestError> {
        let at = |what, text: Option<&str>| text.map(|text| time(what, text)).transpose();
        let due_at = at("due_at", self.due_at.as_deref())?;
        let new = New {
            text: self.text,
            id: self.id.as_deref().map(Id::parse).transpose()?,
            scope: scope(self.user_id, self.agent_id, self.run_id),
            tags: self.tags,
            importance: self.importance,
            expires_at: at("expires_at", self.expires_at.as_deref())?,
            ..New::default()
        };
        Ok((new, due_at))
    }
}

impl ClaimRequest {
    /// What is to be remembered, how probable it is held to be, and what it is about.
    ///
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self) -> Result<(New, f64, Option<String>), RequestError> {
        let expected = || RequestError::bad("confidence: expected a number from 0 to 1");
        let confidence = self.confidence.ok_or_else(expected)?;
        let new = New {
            text: self.text,
            id: self.id.as_deref().map(Id::parse).transpose()?,
            scope: scope(self.user_id, self.agent_id, self.run_id),
            tags: self.tags,
            source: self.source,
            ..New::default()
        };
        Ok((new, confidence, self.subject))
    }
}

impl ResumeRequest {
    pub(crate) fn read(self) -> Resume {
        Resume {
            message: self.message,
            scope: scope(self.user_id, self.agent_id, self.run_id),
            threshold: self.threshold.unwrap_or(MATCH_THRESHOLD),
            limit: self.limit.unwrap_or(10),
        }
    }
}

impl AttitudeParams {
    pub(crate) fn scope(&self) -> Scope {
        scope(self.user_id.clone(), self.agent_id.clone(), self.run_id.clone())
    }
}

impl CalibrationParams {
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn read(self) -> Result<memory::Judge, RequestError> {
        let at = |what, text: Option<&str>| text.map(|text| time(what, text)).transpose();
        Ok(memory::Judge {
            from: at("from", self.from.as_deref())?,
            to: at("to", self.to.as_deref())?,
            scope: scope(self.user_id, self.agent_id, self.run_id),
            subject: self.subject,
            bins: self.bins.unwrap_or(memory::BINS),
        })
    }
}

impl IntentionAnswer {
    pub(crate) fn of(intention: &Intention) -> Self {
        let ended = match &intention.state {
            IntentionState::Open => None,
            IntentionState::Completed(ended) | IntentionState::Abandoned(ended) => Some(ended),
        };
        Self {
            state: intention.state.name(),
            due_at: intention.due_at.map(moment::written),
            ended_at: ended.map(|ended| moment::written(ended.at)),
            outcome: ended.and_then(|ended| ended.outcome.clone()),
        }
    }
}

impl ClaimAnswer {
    pub(crate) fn of(claim: &Claim) -> Self {
        let verified = match &claim.state {
            ClaimState::Unverified => None,
            ClaimState::Verified(verified) => Some(verified),
        };
        Self {
            state: claim.state.name(),
            confidence: claim.confidence,
            subject: claim.subject.clone(),
            verified_at: verified.map(|verified| moment::written(verified.at)),
            evidence: verified.and_then(|verified| verified.evidence.clone()),
        }
    }
}

impl AttitudeList {
    pub(crate) fn of(listed: &memory::Listed, now: Time) -> Self {
        let answer = |item: &std::sync::Arc<Item>| MemoryAnswer::of(item, now);
        Self {
            results: listed.items.iter().map(answer).collect(),
            next: listed.next.map(|id| id.to_string()),
            total: listed.total,
        }
    }
}

impl TouchedAnswer {
    pub(crate) fn of(touched: &Touched, now: Time) -> Self {
        let Touched { item, score, words, due } = touched;
        let memory = MemoryAnswer::of(item, now);
        Self { memory, score: *score, words: words.clone(), due: *due }
    }
}

impl JudgementAnswer {
    pub(crate) fn of(judged: Judgement) -> Self {
        let subject = |(subject, judged): (String, Calibration)| SubjectAnswer {
            subject,
            judged: CalibrationAnswer::of(&judged),
        };
        Self {
            overall: CalibrationAnswer::of(&judged.overall),
            unverified: judged.unverified,
            by_subject: judged.by_subject.into_iter().map(subject).collect(),
        }
    }
}

impl CalibrationAnswer {
    fn of(judged: &Calibration) -> Self {
        let figure = |figure: f64| (judged.n > 0).then_some(figure);
        let bin = |bin: &memory::Bin| BinAnswer {
            from: bin.from,
            to: bin.to,
            n: bin.n,
            mean_confidence: bin.mean_confidence,
            truth_rate: bin.truth_rate,
        };
        Self {
            n: judged.n,
            brier: figure(judged.brier),
            expected_error: figure(judged.expected_error),
            maximum_error: figure(judged.maximum_error),
            mean_confidence: figure(judged.mean_confidence),
            truth_rate: figure(judged.truth_rate),
            overconfidence: figure(judged.overconfidence),
            bins: judged.bins.iter().filter(|bin| bin.n > 0).map(bin).collect(),
        }
    }
}
