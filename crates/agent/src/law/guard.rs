//! The guard: nothing else makes an approved action.

use super::judge::{Verdict, judge_under};
use super::{Action, Context};
use crate::overrides::Lifted;

/// Judges, and lets through what may be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Guard;

/// An action that the guard let through, with what it carries.
///
/// Only the guard makes one:
///
/// ```compile_fail
/// use agent::law::{Action, Approved, Context, judge};
///
/// let action = Action::default();
/// let verdict = judge(&action, &Context::default());
/// let forged = Approved { action, verdict, carried: () };
/// ```
///
/// ```
/// use agent::Lifted;
/// use agent::law::{Action, Context, Decision, Guard};
///
/// let decision = Guard.decide(Action::default(), &Context::default(), Lifted::NOTHING, 7);
/// let Decision::Approved(approved) = decision else { panic!("harmless") };
/// assert_eq!(*approved.carried(), 7);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Approved<T> {
    action: Action,
    verdict: Verdict,
    carried: T,
}

impl<T> Approved<T> {
    /// The action.
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// What the laws said.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What is to be done, as whoever acts has it.
    pub fn carried(&self) -> &T {
        &self.carried
    }

    /// Takes what is to be done out, to do it.
    pub fn into_carried(self) -> T {
        self.carried
    }
}

/// An action that may not be done, and why. What it carried is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The action.
    pub action: Action,
    /// What the laws said.
    pub verdict: Verdict,
}

/// What the guard decided. A refusal is an outcome, not an error.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision<T> {
    /// It may be done.
    Approved(Approved<T>),
    /// It may not.
    Refused(Refused),
}

impl<T> Decision<T> {
    /// What the laws said.
    pub fn verdict(&self) -> &Verdict {
        match self {
            Self::Approved(approved) => &approved.verdict,
            Self::Refused(refused) => &refused.verdict,
        }
    }
}

impl Guard {
    /// Decides whether an action may be done.
    pub fn decide<T>(
        self,
        action: Action,
        context: &Context,
        lifted: Lifted,
        carried: T,
    ) -> Decision<T> {
        let verdict = judge_under(&action, context, lifted);
        match verdict.permitted {
            true => Decision::Approved(Approved { action, verdict, carried }),
            false => Decision::Refused(Refused { action, verdict }),
        }
    }
}
