//! `striatum memory contradiction`: facts that cannot both be true, and which of them stands.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::happened::History;
use super::place::Place;
use super::{field, list, listed, paged};
use crate::Outcome;

/// Facts that cannot both be true, and which of them stands.
///
/// Contradictions and facts are named by their numbers.
#[derive(Args)]
pub(super) struct Contradiction {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List contradictions; those that are open, or all.
    List(List),
    /// Settle a contradiction, or undo that.
    Resolve(Resolve),
    /// What happened to a contradiction.
    History(History),
}

#[derive(Args)]
struct List {
    /// Those that were resolved too.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Resolve {
    /// The contradiction.
    contradiction: u64,
    /// newest, most_reliable, most_confident, most_evidence, entrenchment, voting, manual or reopen.
    strategy: String,
    /// With manual: the fact that stands.
    #[arg(long)]
    fact: Option<u64>,
    /// With most_reliable: how reliable a source is, 0 to 1, as in "a book=0.9"; can be repeated.
    #[arg(long = "source", value_name = "SOURCE=RELIABILITY")]
    sources: Vec<String>,
    #[command(flatten)]
    place: Place,
}

impl Contradiction {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::List(c) => c.run(json),
            Command::Resolve(c) => c.run(json),
            Command::History(c) => c.run("contradiction", json),
        }
    }
}

impl List {
    fn run(self, json: bool) -> Result<Outcome> {
        let branch = self.place.branch();
        let all = self.all.then_some("true");
        let query = Place::query(branch.as_deref(), &[("all", all)]);
        let answer = paged(&self.place.client(), "/v1/contradictions", &query, usize::MAX)?;
        let row = |one: &Value| {
            let types: Vec<&str> = list(one, "types").iter().filter_map(Value::as_str).collect();
            let plain = |name| field(one, name);
            let [id, kind, first, second, state, winner] =
                ["id", "kind", "first", "second", "state", "winner"].map(plain);
            vec![id, kind, types.join(", "), first, second, state, winner]
        };
        let head = ["id", "kind", "types", "fact", "other fact", "state", "stands"];
        listed(&answer, &head, row, "no contradictions", json)
    }
}

impl Resolve {
    fn run(self, json: bool) -> Result<Outcome> {
        let mut by = json!({ "strategy": self.strategy });
        if !self.sources.is_empty() {
            let sources = self.sources.iter().map(|source| reliability(source));
            by["sources"] = sources.collect::<Result<Map<_, _>>>()?.into();
        }
        if let Some(fact) = self.fact {
            by["fact"] = fact.into();
        }
        let path = format!("/v1/contradictions/{}/resolve", self.contradiction);
        let path = match self.place.branch() {
            Some(branch) => format!("{path}?branch={branch}"),
            None => path,
        };
        let answer = self.place.client().send("POST", &path, &by)?;
        if json {
            println!("{answer:#}");
        } else {
            let how = if self.strategy == "reopen" { "open again" } else { "resolved" };
            println!("contradiction  {} is {how}", self.contradiction);
        }
        Ok(Outcome::Done)
    }
}

/// A source and how reliable it is.
fn reliability(text: &str) -> Result<(String, Value)> {
    let expected =
        || format!("--source: expected SOURCE=RELIABILITY, as a book=0.9, found {text:?}");
    let (source, reliability) = text.rsplit_once('=').with_context(expected)?;
    let reliability: f64 = reliability.trim().parse().with_context(expected)?;
    Ok((source.trim().to_owned(), reliability.into()))
}
