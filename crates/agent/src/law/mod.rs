//! The Four Laws: a total, ordered, pure function over what an action says and what is known around
//! it, and the guard that alone makes an [`Approved`] action.
//!
//! Zeroth: no harm to humanity. First: no harm to a human. Second: obey, unless that breaks a higher
//! law or escapes accountability. Third: protect yourself, unless that breaks a higher law. A higher
//! law is judged first, and the highest one that is broken is the verdict's.
//! Each thing that is known of harm can only add a violation, so adding harm never turns a refusal
//! into a permission. Source: Asimov 1950, "I, Robot"; Asimov 1985, "Robots and Empire".

mod guard;
mod inspect;
mod judge;
mod lexicon;
mod normal;

use serde::{Deserialize, Serialize};

pub use guard::{Approved, Decision, Guard, Refused};
pub use inspect::{Finding, MAX_FINDINGS, inspect};
pub use judge::{Verdict, Violation, Why, judge, judge_under};
pub use normal::normal;

/// One of the Four Laws, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Law {
    /// No harm to humanity.
    Zeroth,
    /// No harm to a human.
    First,
    /// Obey, unless that breaks a higher law or escapes accountability.
    Second,
    /// Protect yourself, unless that breaks a higher law.
    Third,
}

impl Law {
    /// Every law, the highest first.
    pub const ALL: [Self; 4] = [Self::Zeroth, Self::First, Self::Second, Self::Third];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zeroth => "zeroth",
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
        }
    }

    /// How grave it is to break it.
    pub fn severity(self) -> &'static str {
        match self {
            Self::Zeroth | Self::First => "critical",
            Self::Second => "high",
            Self::Third => "medium",
        }
    }
}

/// What is to be done, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// What it says or does; inspected.
    #[serde(default)]
    pub content: String,
}

/// What is known around an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// It endangers humanity.
    pub endangers_humanity: bool,
    /// It endangers a human.
    pub endangers_human: bool,
    /// It harms others.
    pub harms_others: bool,
    /// A user ordered it.
    pub is_user_order: bool,
    /// To obey the order would break the First Law.
    pub order_conflicts_with_first: bool,
    /// To obey the order would break the Zeroth Law.
    pub order_conflicts_with_zeroth: bool,
    /// It endangers the agent itself.
    pub endangers_self: bool,
    /// To protect itself the agent would break the First Law.
    pub protect_self_conflicts_with_first: bool,
    /// To protect itself the agent would break the Second Law.
    pub protect_self_conflicts_with_second: bool,
    /// Harm to somebody was predicted.
    pub predicted_harm: bool,
    /// Claims that the action is right. They are inspected as its content is, and permit nothing.
    pub moral_claims: Vec<String>,
}
