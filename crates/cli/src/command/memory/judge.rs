//! `striatum memory review` and `feedback`: what becomes of a memory that was held back, and how
//! memories are judged.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::write::shown;
use crate::Outcome;
use crate::command::client::{Client, of_memory};
use crate::watched::ServerFlags;

/// Let a memory in that was held back, or keep it out.
///
/// `striatum memory list --status quarantined` lists those that were held back.
#[derive(Args)]
pub(super) struct Review {
    /// The memory.
    id: String,
    /// What becomes of it.
    #[arg(value_enum)]
    verdict: Verdict,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Verdict {
    /// It is remembered.
    Approve,
    /// It is deleted.
    Reject,
}

/// Judge a memory.
#[derive(Args)]
pub(super) struct Feedback {
    /// The memory.
    id: String,
    /// The judgement.
    #[arg(value_enum)]
    action: Action,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    /// Somebody looked at it.
    View,
    /// Somebody found it important.
    Endorse,
    /// Somebody found it of no use.
    Dismiss,
    /// Somebody confirmed it; it no longer fades.
    Validate,
    /// Somebody refuted it; it is found no more as true.
    Refute,
}

impl Action {
    /// As the server names it, and what a memory is after it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::View => ("view", "is viewed"),
            Self::Endorse => ("endorse", "is endorsed"),
            Self::Dismiss => ("dismiss", "is dismissed"),
            Self::Validate => ("validate", "is validated"),
            Self::Refute => ("refute", "is refuted"),
        }
    }
}

impl Review {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let approve = self.verdict == Verdict::Approve;
        let body = json!({ "approve": approve });
        let path = of_memory(&self.id, "/review");
        let memory = Client::of(&self.server).send("POST", &path, &body)?;
        shown(&memory, json, if approve { "is let in" } else { "is kept out" });
        Ok(Outcome::Done)
    }
}

impl Feedback {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let (action, judged) = self.action.names();
        let path = of_memory(&self.id, "/feedback");
        let memory = Client::of(&self.server).send("POST", &path, &json!({ "action": action }))?;
        shown(&memory, json, judged);
        Ok(Outcome::Done)
    }
}
