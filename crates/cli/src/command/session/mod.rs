//! `striatum session`: networks that keep their state in a running server, and what they learn.

mod learn;
mod look;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::client::encoded;
use crate::Outcome;

/// Open sessions of models in a running server, and steer what they learn.
///
/// A session of a model that learns changes weights of its own; the model stays as it is until a
/// checkpoint is made of them. Everything goes over HTTP, as the tenant of the key.
#[derive(Args)]
pub(crate) struct Session {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Begin a session: a network that keeps its state.
    Open(look::Open),
    /// List sessions.
    List(look::List),
    /// Show how a session stands.
    #[command(visible_alias = "get")]
    Show(look::Named),
    /// End a session.
    Close(look::Named),
    /// Turn learning on or off, as its model allows.
    Learning(learn::Learning),
    /// Give a reward to the synapses that wait for one.
    Reward(learn::Reward),
    /// Take back all that it learned: its weights are the model's.
    Forget(look::Named),
    /// Keep what it learned as a new version of its model.
    Checkpoint(look::Named),
}

impl Session {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Open(c) => c.run(json),
            Command::List(c) => c.run(json),
            Command::Show(c) => c.ask("GET", "", json),
            Command::Close(c) => c.ask("DELETE", "", json),
            Command::Learning(c) => c.run(json),
            Command::Reward(c) => c.run(json),
            Command::Forget(c) => c.ask("POST", "/forget", json),
            Command::Checkpoint(c) => c.ask("POST", "/checkpoint", json),
        }
    }
}

/// The path of a session, with what follows it.
fn of_session(id: &str, rest: &str) -> String {
    format!("/v1/sessions/{}{rest}", encoded(id))
}
