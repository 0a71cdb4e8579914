//! The judgement: every violation, the highest law first.

use serde::{Deserialize, Serialize};

use super::inspect::{Finding, inspect};
use super::{Action, Context, Law};
use crate::overrides::Lifted;

/// What the laws say of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether it may be done.
    pub permitted: bool,
    /// The highest law that is broken.
    pub law: Option<Law>,
    /// In words.
    pub reason: String,
    /// Every way in which it breaks a law, the highest law first.
    pub violations: Vec<Violation>,
    /// Those that an override lifted.
    pub lifted: Vec<Violation>,
}

/// A way in which an action breaks a law.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// The law.
    pub law: Law,
    /// How it is known.
    pub why: Why,
    /// In words.
    pub reason: String,
}

/// How a violation is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// The context says so.
    Context,
    /// What the action says.
    Content,
}

/// Judges an action.
///
/// Total: it has a verdict for everything. Pure: the same input has the same verdict.
///
/// ```
/// use agent::law::{Action, Context, Law, judge};
///
/// let action = |content: &str| Action { name: String::new(), content: content.into() };
/// assert!(judge(&action("water the plants"), &Context::default()).permitted);
/// let harm = Context { endangers_human: true, is_user_order: true, ..Context::default() };
/// assert_eq!(judge(&action("water the plants"), &harm).law, Some(Law::First));
/// ```
pub fn judge(action: &Action, context: &Context) -> Verdict {
    judge_under(action, context, Lifted::NOTHING)
}

/// Judges an action while overrides are active. The Zeroth and the First Law cannot be lifted.
pub fn judge_under(action: &Action, context: &Context, lifted: Lifted) -> Verdict {
    let mut all = of_context(context);
    all.extend(of_content(action, context));
    all.sort();
    all.dedup();
    let (lifted, violations): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|v| lifted.lifts(v.law, v.why));
    let law = violations.first().map(|v| v.law);
    let reason = match violations.first() {
        Some(violation) => violation.reason.clone(),
        None if !lifted.is_empty() => "what it breaks is lifted by an override".into(),
        None if context.is_user_order => "an order that breaks no law".into(),
        None => "it breaks no law".into(),
    };
    Verdict { permitted: violations.is_empty(), law, reason, violations, lifted }
}

fn of_context(context: &Context) -> Vec<Violation> {
    // To obey an order outranks protecting oneself.
    let risks_self = context.endangers_self && !context.is_user_order;
    let known = [
        (context.endangers_humanity, Law::Zeroth, "it endangers humanity"),
        (context.order_conflicts_with_zeroth, Law::Zeroth, "the order would harm humanity"),
        (context.endangers_human, Law::First, "it endangers a human"),
        (context.harms_others, Law::First, "it harms others"),
        (context.predicted_harm, Law::First, "harm is predicted"),
        (context.order_conflicts_with_first, Law::First, "the order would harm a human"),
        (
            context.protect_self_conflicts_with_first,
            Law::First,
            "to protect itself it would harm a human",
        ),
        (
            context.protect_self_conflicts_with_second,
            Law::Second,
            "to protect itself it would disobey",
        ),
        (risks_self, Law::Third, "it endangers the agent, and nobody ordered it"),
    ];
    let broken = known.into_iter().filter(|(holds, ..)| *holds);
    broken
        .map(|(_, law, reason)| Violation { law, why: Why::Context, reason: reason.into() })
        .collect()
}

fn of_content(action: &Action, context: &Context) -> Vec<Violation> {
    let texts = [&action.name, &action.content].into_iter().chain(&context.moral_claims);
    let found = texts.flat_map(|text| inspect(text));
    let stands = |finding: &Finding| finding.law != Law::Third || !context.is_user_order;
    found.filter(stands).map(Violation::from).collect()
}

impl From<Finding> for Violation {
    fn from(finding: Finding) -> Self {
        let reason = format!("its content: {}", finding.what);
        Self { law: finding.law, why: Why::Content, reason }
    }
}
