//! `striatum memory fact`: what is said of entities, and in which words.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::belief::{self, Statement};
use super::look::Facts;
use super::{field, listed, paged};
use crate::Outcome;
use crate::command::client::Client;
use crate::watched::ServerFlags;

/// What is said of entities.
///
/// Facts are named by their numbers.
#[derive(Args)]
pub(super) struct Fact {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Learn a fact beside what is known; what contradicts it stays.
    Add(Statement),
    /// Facts, as they were true and as they were known.
    List(Facts),
    /// Take a fact back, or erase it.
    Retract(Retract),
    /// Predicates: what is declared of each, how many facts say it.
    Predicates(Predicates),
    /// Declare whether a subject has one value of a predicate at a time.
    Declare(Declare),
}

#[derive(Args)]
struct Retract {
    /// The fact.
    fact: u64,
    /// For good, with its history.
    #[arg(long)]
    erase: bool,
    /// The branch, by its number [default: the main one].
    #[arg(long)]
    branch: Option<u64>,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Predicates {
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Declare {
    /// The predicate.
    predicate: String,
    /// A subject may have several values at a time.
    #[arg(long)]
    many: bool,
    #[command(flatten)]
    server: ServerFlags,
}

impl Fact {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Add(c) => c.say("/v1/facts", json),
            Command::List(c) => c.run(json),
            Command::Retract(c) => c.run(json),
            Command::Predicates(c) => c.run(json),
            Command::Declare(c) => c.run(json),
        }
    }
}

impl Retract {
    fn run(self, json: bool) -> Result<Outcome> {
        let branch = self.branch.map(|branch| branch.to_string());
        let erase = self.erase.then_some("true");
        let all = [("erase", erase), ("branch", branch.as_deref())];
        let query: Vec<_> =
            all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let path = format!("/v1/facts/{}", self.fact);
        belief::changed(&Client::of(&self.server).bare("DELETE", &path, &query)?, json)
    }
}

impl Predicates {
    fn run(self, json: bool) -> Result<Outcome> {
        let all = paged(&Client::of(&self.server), "/v1/predicates", &[], usize::MAX)?;
        let row = |predicate: &Value| {
            let values = match predicate["functional"].as_bool() {
                Some(true) => "one at a time",
                Some(false) => "several",
                None => "",
            };
            vec![field(predicate, "name"), values.to_owned(), field(predicate, "facts")]
        };
        listed(&all, &["predicate", "values", "facts"], row, "no predicates", json)
    }
}

impl Declare {
    fn run(self, json: bool) -> Result<Outcome> {
        let spec = json!({ "name": self.predicate, "functional": !self.many });
        let answer = Client::of(&self.server).send("POST", "/v1/predicates", &spec)?;
        if json {
            println!("{answer:#}");
        } else {
            let values = if self.many { "several values" } else { "one value" };
            println!("{}: {values} at a time", self.predicate);
        }
        Ok(Outcome::Done)
    }
}
