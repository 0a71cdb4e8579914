//! `striatum memory fact`: what is said of entities, and in which words.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::belief::{self, Statement};
use super::happened::History;
use super::look::Facts;
use super::place::Place;
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
    /// What happened to a fact.
    History(History),
    /// Predicates: what is declared of each, how many facts say it.
    Predicates(Predicates),
    /// Declare of a predicate whether a subject has one value at a time, and what follows.
    Declare(Declare),
}

#[derive(Args)]
struct Retract {
    /// The fact.
    fact: u64,
    /// For good, with its history.
    #[arg(long)]
    erase: bool,
    #[command(flatten)]
    place: Place,
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
    /// A subject has one value at a time: a later one ends the one before.
    #[arg(long, conflicts_with = "many")]
    one: bool,
    /// A subject may have several values at a time.
    #[arg(long)]
    many: bool,
    /// What one leads to leads on, as `part_of`; `false` takes it back.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    transitive: Option<bool>,
    /// It goes both ways, as `married_to`; `false` takes it back.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    symmetric: Option<bool>,
    /// The predicate that says the same from the other end; an empty name takes it back.
    #[arg(long, value_name = "PREDICATE")]
    inverse_of: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

impl Fact {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Add(c) => c.say("/v1/facts", json),
            Command::List(c) => c.run(json),
            Command::Retract(c) => c.run(json),
            Command::History(c) => c.run("fact", json),
            Command::Predicates(c) => c.run(json),
            Command::Declare(c) => c.run(json),
        }
    }
}

impl Retract {
    fn run(self, json: bool) -> Result<Outcome> {
        let path = format!("/v1/facts/{}", self.fact);
        belief::changed(&self.place.remove(&path, self.erase)?, json)
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
            vec![
                field(predicate, "name"),
                values.to_owned(),
                laws(predicate),
                field(predicate, "facts"),
            ]
        };
        listed(&all, &["predicate", "values", "follows", "facts"], row, "no predicates", json)
    }
}

impl Declare {
    fn run(self, json: bool) -> Result<Outcome> {
        let said = [
            ("functional", (self.one || self.many).then_some(json!(self.one))),
            ("transitive", self.transitive.map(Value::from)),
            ("symmetric", self.symmetric.map(Value::from)),
            ("inverse_of", self.inverse_of.map(Value::from)),
        ];
        let mut spec = json!({ "name": self.predicate });
        for (name, value) in said {
            if let Some(value) = value {
                spec[name] = value;
            }
        }
        let answer = Client::of(&self.server).send("POST", "/v1/predicates", &spec)?;
        if json {
            println!("{answer:#}");
        } else {
            println!("{}: declared", self.predicate);
        }
        Ok(Outcome::Done)
    }
}

/// What was declared to follow of a predicate, in words.
fn laws(predicate: &Value) -> String {
    let named = ["transitive", "symmetric"].into_iter().filter(|law| predicate[*law] == true);
    let inverse = predicate["inverse_of"].as_str().map(|other| format!("inverse of {other}"));
    named.map(str::to_owned).chain(inverse).collect::<Vec<_>>().join(", ")
}
