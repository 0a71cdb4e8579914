//! What somebody means to do, what somebody holds to be true, how somebody thinks again and again,
//! and a time that somebody marked: what a memory carries beside its text, with its states and what
//! may follow on what.
//!
//! Philosophy calls both propositional attitudes; agents that reason by them are those of Bratman
//! (1987, "Intention, Plans, and Practical Reason") and Rao and Georgeff (1991, "Modeling Rational
//! Agents within a BDI-Architecture"). What belief adds to it are the facts of `knowledge`.

use serde::{Deserialize, Serialize};

use crate::error::{MemoryError, TooLarge};
use crate::item::{Id, Item, Time, check_name};

/// The longest outcome of an intention, or evidence of a claim.
pub const MAX_NOTE_BYTES: usize = 4 << 10;
/// The longest note of one instance of a pattern.
pub const MAX_INSTANCE_BYTES: usize = 256;
/// Instances of one pattern.
pub const MAX_INSTANCES: usize = 800;

/// How somebody stands to what a memory says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attitude {
    /// Somebody means to do it.
    Intention(Intention),
    /// Somebody holds it to be true, more or less.
    Claim(Claim),
    /// Somebody thinks so again and again.
    Pattern(Pattern),
    /// Somebody marked the time when it was said.
    Mark(Mark),
}

/// How somebody thinks again and again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// How: `abstract`, `adaptive`, `convergent`, `critical`, `divergent`, `lateral`, `systems`, or a
    /// name of the caller's.
    pub kind: String,
    /// What brings it about.
    pub trigger: Option<String>,
    /// When it was seen, in the order in which that was told; at least once. [`Pattern::by_time`] has
    /// them by their times.
    pub instances: Vec<Instance>,
}

/// A time when a pattern was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// When.
    pub at: Time,
    /// In what.
    pub note: Option<String>,
    /// The memory in which it was seen; one that was erased since leads nowhere.
    pub memory: Option<Id>,
}

/// A time that was marked, by the name that the memory's text is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The time.
    pub at: Time,
    /// The branch of knowledge that is meant, by its number.
    pub branch: u64,
}

/// What somebody means to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intention {
    /// By when.
    pub due_at: Option<Time>,
    /// Where it stands.
    pub state: IntentionState,
}

/// Where an intention stands. What has ended does not begin again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentionState {
    /// It is still meant.
    #[default]
    Open,
    /// It was done.
    Completed(Ended),
    /// It was given up.
    Abandoned(Ended),
}

/// How an intention ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// When.
    pub at: Time,
    /// What came of it, or why it was given up.
    pub outcome: Option<String>,
}

/// What somebody holds to be true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// How probable it was held to be when it was made, 0 to 1. It never changes, so that nobody is
    /// surer in hindsight.
    pub confidence: f64,
    /// What it is about, to judge by.
    pub subject: Option<String>,
    /// Where it stands.
    pub state: ClaimState,
}

/// Where a claim stands. What was verified stays so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    /// Nobody knows yet.
    #[default]
    Unverified,
    /// It turned out.
    Verified(Verified),
}

/// How a claim turned out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// When.
    pub at: Time,
    /// Whether it was true.
    pub truth: bool,
    /// By what.
    pub evidence: Option<String>,
}

/// How an intention ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was done.
    Complete,
    /// It was given up.
    Abandon,
}

impl Attitude {
    /// Its state, by the name on the wire.
    pub fn state(&self) -> &'static str {
        match self {
            Self::Intention(intention) => intention.state.name(),
            Self::Claim(claim) => claim.state.name(),
            Self::Pattern(_) => "recorded",
            Self::Mark(_) => "marked",
        }
    }

    /// Whether it is not settled yet: an intention that is open, a claim that nobody has verified.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Intention(intention) => intention.state == IntentionState::Open,
            Self::Claim(claim) => claim.state == ClaimState::Unverified,
            Self::Pattern(_) | Self::Mark(_) => true,
        }
    }

    /// What is said of it before the text, where a reader would take the text for a fact.
    pub fn said(&self) -> String {
        match self {
            Self::Intention(intention) => format!("intention, {}", intention.state.name()),
            Self::Claim(claim) => {
                format!("claim at {:.2}, {}", claim.confidence, claim.state.name())
            }
            Self::Pattern(pattern) => format!("pattern of thinking, {}", pattern.kind),
            Self::Mark(_) => "snapshot".into(),
        }
    }

    /// Bytes of what it says beside the text.
    pub(crate) fn weight(&self) -> usize {
        let note = self.note().map_or(0, str::len);
        match self {
            Self::Pattern(Pattern { kind, instances, .. }) => {
                let of = |one: &Instance| {
                    size_of::<Instance>() + one.note.as_ref().map_or(0, String::len)
                };
                note + kind.len() + instances.iter().map(of).sum::<usize>()
            }
            _ => note,
        }
    }

    /// The outcome, the evidence or the trigger.
    pub(crate) fn note(&self) -> Option<&str> {
        match self {
            Self::Intention(Intention { state, .. }) => match state {
                IntentionState::Open => None,
                IntentionState::Completed(end) | IntentionState::Abandoned(end) => {
                    end.outcome.as_deref()
                }
            },
            Self::Claim(Claim { state: ClaimState::Verified(v), .. }) => v.evidence.as_deref(),
            Self::Claim(_) | Self::Mark(_) => None,
            Self::Pattern(pattern) => pattern.trigger.as_deref(),
        }
    }

    /// What makes the same text another memory; none where it has ended, and is never the same.
    pub(crate) fn sameness(&self) -> Option<String> {
        if !self.is_open() {
            return None;
        }
        Some(match self {
            Self::Intention(_) => "intention".into(),
            Self::Claim(Claim { confidence, subject, .. }) => {
                format!("claim {confidence} {}", subject.as_deref().unwrap_or_default())
            }
            Self::Pattern(pattern) => format!("pattern {}", pattern.kind),
            Self::Mark(_) => "mark".into(),
        })
    }

    /// # Errors
    /// [`MemoryError`] that names the field.
    pub(crate) fn check(&self) -> Result<(), MemoryError> {
        check_note(self.note())?;
        if let Self::Pattern(pattern) = self {
            return pattern.check();
        }
        let Self::Claim(claim) = self else { return Ok(()) };
        if !(0.0..=1.0).contains(&claim.confidence) {
            let expected = "a number from 0 to 1".into();
            return Err(MemoryError::Field { what: "confidence", expected });
        }
        claim.subject.as_deref().map_or(Ok(()), |subject| check_name("subject", subject))
    }
}

impl Pattern {
    fn check(&self) -> Result<(), MemoryError> {
        check_name("kind", &self.kind)?;
        if self.instances.is_empty() {
            let expected = "at least one time when the pattern was seen".into();
            return Err(MemoryError::Field { what: "instances", expected });
        }
        TooLarge::check("instances", "instances", self.instances.len(), MAX_INSTANCES)?;
        self.instances.iter().try_for_each(|instance| {
            let bytes = instance.note.as_ref().map_or(0, String::len);
            TooLarge::check("note", "bytes", bytes, MAX_INSTANCE_BYTES)
        })
    }

    /// When it was seen, the last first; of one time what was told last.
    pub fn by_time(&self) -> Vec<&Instance> {
        let mut instances: Vec<&Instance> = self.instances.iter().rev().collect();
        instances.sort_by_key(|instance| std::cmp::Reverse(instance.at));
        instances
    }

    /// It with one more instance.
    ///
    /// # Errors
    /// [`MemoryError::TooLarge`].
    pub(crate) fn seen(&self, instance: Instance) -> Result<Self, MemoryError> {
        let mut pattern = self.clone();
        pattern.instances.push(instance);
        pattern.check().map(|()| pattern)
    }
}

impl IntentionState {
    pub(crate) fn ended_at(&self) -> Option<Time> {
        match self {
            Self::Open => None,
            Self::Completed(end) | Self::Abandoned(end) => Some(end.at),
        }
    }

    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completed(_) => "completed",
            Self::Abandoned(_) => "abandoned",
        }
    }
}

impl ClaimState {
    pub(crate) fn verified_at(&self) -> Option<Time> {
        match self {
            Self::Unverified => None,
            Self::Verified(verified) => Some(verified.at),
        }
    }

    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Verified(Verified { truth: true, .. }) => "true",
            Self::Verified(Verified { truth: false, .. }) => "false",
        }
    }
}

impl Intention {
    /// How it stands when it has ended.
    ///
    /// # Errors
    /// [`MemoryError::State`] unless it is open; `id` is the memory's.
    pub(crate) fn ended(&self, id: Id, how: End, ended: Ended) -> Result<Self, MemoryError> {
        if self.state != IntentionState::Open {
            let (expected, found) = ("an open intention", self.state.name());
            return Err(MemoryError::State { id, expected, found });
        }
        check_note(ended.outcome.as_deref())?;
        let state = match how {
            End::Complete => IntentionState::Completed(ended),
            End::Abandon => IntentionState::Abandoned(ended),
        };
        Ok(Self { state, ..self.clone() })
    }
}

impl Claim {
    /// How it stands when it has turned out.
    ///
    /// # Errors
    /// [`MemoryError::State`] unless it is unverified; `id` is the memory's.
    pub(crate) fn verified(&self, id: Id, verified: Verified) -> Result<Self, MemoryError> {
        if let ClaimState::Verified(before) = &self.state {
            let found =
                if before.truth { "a claim verified true" } else { "a claim verified false" };
            return Err(MemoryError::State { id, expected: "an unverified claim", found });
        }
        check_note(verified.evidence.as_deref())?;
        Ok(Self { state: ClaimState::Verified(verified), ..self.clone() })
    }
}

impl Item {
    /// The intention that it is.
    pub fn intention(&self) -> Option<&Intention> {
        match &self.attitude {
            Some(Attitude::Intention(intention)) => Some(intention),
            _ => None,
        }
    }

    /// The claim that it is.
    pub fn claim(&self) -> Option<&Claim> {
        match &self.attitude {
            Some(Attitude::Claim(claim)) => Some(claim),
            _ => None,
        }
    }

    /// The pattern of thinking that it is.
    pub fn pattern(&self) -> Option<&Pattern> {
        match &self.attitude {
            Some(Attitude::Pattern(pattern)) => Some(pattern),
            _ => None,
        }
    }

    /// The mark of a time that it is.
    pub fn mark(&self) -> Option<&Mark> {
        match &self.attitude {
            Some(Attitude::Mark(mark)) => Some(mark),
            _ => None,
        }
    }

    /// Whether it is meant or claimed and not settled: time alone does not take that away.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.attitude.as_ref().is_some_and(Attitude::is_open)
    }
}

fn check_note(note: Option<&str>) -> Result<(), MemoryError> {
    TooLarge::check(
        "outcome, evidence or trigger",
        "bytes",
        note.map_or(0, str::len),
        MAX_NOTE_BYTES,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ended(at: Time) -> Ended {
        Ended { at, outcome: Some("so".into()) }
    }

    proptest! {
        /// Whatever is asked in whatever order: the first end holds, each later one is refused and
        /// leaves it as it was.
        #[test]
        fn an_intention_ends_once(asked in prop::collection::vec(any::<bool>(), 1..8)) {
            let id = Id::new(0, &[0; 10]);
            let mut intention = Intention::default();
            for (k, complete) in asked.iter().enumerate() {
                let how = if *complete { End::Complete } else { End::Abandon };
                match intention.ended(id, how, ended(k as Time)) {
                    Ok(next) => {
                        prop_assert_eq!(k, 0);
                        let name = if *complete { "completed" } else { "abandoned" };
                        prop_assert_eq!(next.state.name(), name);
                        intention = next;
                    }
                    Err(error) => {
                        prop_assert!(k > 0);
                        let first = if asked[0] { "completed" } else { "abandoned" };
                        let said = format!("memory {id} is {first}, expected an open intention");
                        prop_assert_eq!(error.to_string(), said);
                    }
                }
            }
        }

        #[test]
        fn a_claim_turns_out_once_and_keeps_its_confidence(
            truths in prop::collection::vec(any::<bool>(), 1..8),
            confidence in 0.0..=1.0,
        ) {
            let id = Id::new(0, &[0; 10]);
            let mut claim = Claim { confidence, subject: None, state: ClaimState::default() };
            for (k, &truth) in truths.iter().enumerate() {
                let verified = Verified { at: k as Time, truth, evidence: None };
                let done = claim.verified(id, verified);
                prop_assert_eq!(done.is_ok(), k == 0);
                claim = done.unwrap_or(claim);
            }
            prop_assert_eq!(claim.confidence, confidence);
            prop_assert_eq!(claim.state.name(), if truths[0] { "true" } else { "false" });
        }
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let claim = |confidence| {
            Attitude::Claim(Claim { confidence, subject: None, state: ClaimState::Unverified })
        };
        for wrong in [f64::NAN, -0.1, 1.1] {
            let error = claim(wrong).check().unwrap_err().to_string();
            assert_eq!(error, "confidence: expected a number from 0 to 1");
        }
        assert!(claim(0.0).check().is_ok() && claim(1.0).check().is_ok());
        let long = Ended { at: 0, outcome: Some("x".repeat(MAX_NOTE_BYTES + 1)) };
        let id = Id::new(0, &[0; 10]);
        let error = Intention::default().ended(id, End::Complete, long).unwrap_err().to_string();
        assert!(error.contains("4097 bytes, expected at most 4096"), "{error}");
    }
}
