//! `striatum learner`: what is taught to a running server, and what it makes of it.

mod make;
mod samples;
mod teach;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::client::encoded;
use crate::Outcome;

/// Make learners in a running server, teach them while they serve, and ask them.
///
/// Everything goes over HTTP, as the tenant of the key.
#[derive(Args)]
pub(crate) struct Learner {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a learner.
    Create(make::Create),
    /// List learners.
    List(make::List),
    /// Show a learner, and how it stands.
    Get(make::Named),
    /// Delete a learner, with what was saved of it, for good.
    Delete(make::Named),
    /// Teach it the samples of a file, in their order.
    Learn(teach::Learn),
    /// Ask what the samples of a file are; nothing is learned.
    Predict(teach::Predict),
    /// Take the last request to learn back.
    Undo(make::Named),
    /// Take back all that was learned.
    Forget(make::Named),
    /// Save what was learned.
    Save(make::Named),
    /// Take a learner back to what was saved.
    Load(make::Named),
    /// Turn learning on or off.
    Learning(make::Learning),
}

impl Learner {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Create(c) => c.run(json),
            Command::List(c) => c.run(json),
            Command::Get(c) => c.ask("GET", "", json),
            Command::Delete(c) => c.ask("DELETE", "", json),
            Command::Learn(c) => c.run(json),
            Command::Predict(c) => c.run(json),
            Command::Undo(c) => c.ask("POST", "/undo", json),
            Command::Forget(c) => c.ask("POST", "/forget", json),
            Command::Save(c) => c.ask("POST", "/save", json),
            Command::Load(c) => c.ask("POST", "/load", json),
            Command::Learning(c) => c.run(json),
        }
    }
}

/// The path of a learner, with what follows it.
fn of_learner(id: &str, rest: &str) -> String {
    format!("/v1/learners/{}{rest}", encoded(id))
}
