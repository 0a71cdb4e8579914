//! `striatum agent`: agents of a running server, the laws, overrides, learning requests.

mod act;
mod laws;
mod make;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::client::{Client, encoded};
use crate::Outcome;
use crate::watched::ServerFlags;

/// Make agents, act and learn through a running server; judge actions, lift laws for a while, decide
/// learning requests.
///
/// Everything goes over HTTP, as the tenant of the key.
#[derive(Args)]
pub(crate) struct Agent {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an agent from a description in JSON.
    Create(make::Create),
    /// List agents.
    List(make::List),
    /// Show an agent, and how it stands.
    Get(make::Named),
    /// Delete an agent, with what was saved of it, for good.
    Delete(make::Named),
    /// Propose an action and have it judged.
    Act(act::Act),
    /// Learn from what came of the last action.
    Learn(act::Learn),
    /// End the episode without a reward.
    Reset(make::Named),
    /// Keep the weights as they are, in the server's process, to go back to.
    Snapshot(make::Named),
    /// Take back what was learned since the last snapshot.
    Undo(make::Named),
    /// Save all that an agent is.
    Save(make::Named),
    /// Take an agent back to what was saved.
    Load(make::Named),
    /// Turn learning on or off.
    Learning(act::Learning),
    /// Show who an agent is, or move traits.
    Persona(act::Persona),
    /// What the Four Laws say of an action.
    Judge(laws::Judge),
    /// List overrides that are active.
    Overrides(laws::Plain),
    /// Lift something for a while; never the Zeroth or the First Law.
    Lift(laws::Lift),
    /// End an override before its time.
    EndOverride(make::Named),
    /// Ask to learn something.
    Request(laws::Request),
    /// List learning requests.
    Requests(laws::Requests),
    /// Approve a learning request.
    Approve(laws::Decide),
    /// Deny a learning request; its content is refused from then on.
    Deny(laws::Decide),
    /// List the digests of what was denied.
    Vault(laws::Plain),
}

impl Agent {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Create(c) => c.run(json),
            Command::List(c) => c.run(json),
            Command::Get(c) => c.ask("GET", "", json),
            Command::Delete(c) => c.ask("DELETE", "", json),
            Command::Act(c) => c.run(json),
            Command::Learn(c) => c.run(json),
            Command::Reset(c) => c.ask("POST", "/reset", json),
            Command::Snapshot(c) => c.ask("POST", "/snapshot", json),
            Command::Undo(c) => c.ask("POST", "/undo", json),
            Command::Save(c) => c.ask("POST", "/save", json),
            Command::Load(c) => c.ask("POST", "/load", json),
            Command::Learning(c) => c.run(json),
            Command::Persona(c) => c.run(json),
            Command::Judge(c) => c.run(json),
            Command::Overrides(c) => c.list("/v1/overrides", "overrides", json),
            Command::Lift(c) => c.run(json),
            Command::EndOverride(c) => c.end_override(json),
            Command::Request(c) => c.run(json),
            Command::Requests(c) => c.run(json),
            Command::Approve(c) => c.run(("approve", "response"), json),
            Command::Deny(c) => c.run(("deny", "reason"), json),
            Command::Vault(c) => c.list("/v1/vault", "contents", json),
        }
    }
}

/// The path of an agent, with what follows it.
fn of_agent(id: &str, rest: &str) -> String {
    format!("/v1/agents/{}{rest}", encoded(id))
}

fn client(server: &ServerFlags) -> Client {
    Client::of(server)
}
