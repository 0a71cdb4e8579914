//! `striatum memory relation`: what belongs together, and how strongly.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::happened::History;
use super::place::{Place, Then};
use super::{day, field, line, listed, results};
use crate::Outcome;
use crate::command::client::Client;
use crate::watched::ServerFlags;

/// Characters of a name in a table.
const TEXT: usize = 40;
/// Entities whose names are asked for; further ones are told by their numbers.
const MAX_NAMED: usize = 100;

/// What belongs together, and how strongly.
///
/// An end is a memory by its UUID, or an entity by its number, or by the name or alias that it alone
/// has. Relations are named by their numbers.
#[derive(Args)]
pub(super) struct Relation {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Relate two, or strengthen their relation.
    Add(Add),
    /// Relations of an entity or a memory.
    List(List),
    /// Take a relation back, or erase it.
    Delete(Delete),
    /// Take weak relations back, the weakest first.
    Prune(Prune),
    /// What happened to a relation.
    History(History),
}

#[derive(Args)]
struct Add {
    /// One end.
    from: String,
    /// How they belong together: mentions, caused, follows.
    kind: String,
    /// The other end.
    to: String,
    /// How strongly, 0 to 1.
    #[arg(long, default_value_t = 0.5)]
    strength: f32,
    /// Decay stops here, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    floor: f32,
    /// From when it is true: RFC 3339, or a date.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct List {
    /// The entity or memory.
    of: String,
    #[command(flatten)]
    then: Then,
}

#[derive(Args)]
struct Delete {
    /// The relation.
    relation: u64,
    /// For good, with its history.
    #[arg(long)]
    erase: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Prune {
    /// Those below this strength.
    #[arg(long, default_value_t = 0.05)]
    below: f32,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    server: ServerFlags,
}

impl Relation {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Add(c) => c.run(json),
            Command::List(c) => c.run(json),
            Command::Delete(c) => c.run(json),
            Command::Prune(c) => c.run(json),
            Command::History(c) => c.run("relation", json),
        }
    }
}

/// An end, as the server has it: what is no memory is an entity, which has a number.
fn end(text: &str, number: impl Fn(&str) -> Result<u64>) -> Result<Value> {
    if is_uuid(text) {
        return Ok(json!({ "memory": text }));
    }
    Ok(json!({ "entity": number(text)? }))
}

/// Whether a text has the form of a UUID (RFC 9562, 4).
fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq(lengths)
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl Add {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = self.place.client();
        let end = |what, text| end(text, |name| self.place.number(&client, what, name));
        let mut spec = json!({
            "from": end("FROM", &self.from)?, "kind": self.kind, "to": end("TO", &self.to)?,
            "strength": self.strength, "floor": self.floor,
        });
        for (name, time) in [("valid_at", &self.since), ("invalid_at", &self.until)] {
            if let Some(time) = time {
                spec[name] = time.as_str().into();
            }
        }
        self.place.fill(&mut spec);
        let answer = client.send("POST", "/v1/relations", &spec)?;
        let how = if answer["created"] == true { "added" } else { "strengthened" };
        changed(&answer, how, json)
    }
}

impl List {
    fn run(self, json: bool) -> Result<Outcome> {
        let place = &self.then.place;
        let client = place.client();
        let end = end(&self.of, |name| self.then.number(&client, "OF", name))?;
        let (memory, entity) = (field(&end, "memory"), field(&end, "entity"));
        let of = [("memory", memory.as_str()), ("entity", entity.as_str())];
        let mut query: Vec<_> = of.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let branch = place.branch();
        let at = Place::query(branch.as_deref(), &self.then.times());
        query.extend(&at);
        let answer = client.get("/v1/relations", &query)?;
        let names = if json { BTreeMap::new() } else { names(&client, &answer, &at) };
        let row = |one: &Value| {
            let end = |end: &Value| match end["entity"].as_u64() {
                Some(number) => names.get(&number).cloned().unwrap_or(format!("entity {number}")),
                None => field(end, "memory"),
            };
            vec![
                field(one, "id"),
                end(&one["from"]),
                line(&field(one, "kind"), TEXT),
                end(&one["to"]),
                format!("{:.2}", one["strength"].as_f64().unwrap_or(0.0)),
                day(one, "valid_at"),
                day(one, "invalid_at"),
            ]
        };
        let head = ["id", "from", "kind", "to", "strength", "since", "until"];
        listed(&answer, &head, row, "no relations", json)
    }
}

/// What the entities of relations are called, the first [`MAX_NAMED`] of them; one that is gone has no
/// name.
fn names(client: &Client, answer: &Value, at: &[(&str, &str)]) -> BTreeMap<u64, String> {
    let ends = results(answer).iter().flat_map(|one| [&one["from"], &one["to"]]);
    let numbers: BTreeSet<u64> = ends.filter_map(|end| end["entity"].as_u64()).collect();
    let named = |number| {
        let entity = client.get(&format!("/v1/entities/{number}"), at).ok()?;
        Some((number, line(&field(&entity, "name"), TEXT)))
    };
    numbers.into_iter().take(MAX_NAMED).filter_map(named).collect()
}

impl Delete {
    fn run(self, json: bool) -> Result<Outcome> {
        let path = format!("/v1/relations/{}", self.relation);
        let answer = self.place.remove(&path, self.erase)?;
        changed(&answer, if self.erase { "erased" } else { "taken back" }, json)
    }
}

impl Prune {
    fn run(self, json: bool) -> Result<Outcome> {
        let which = json!({ "below": self.below, "limit": self.limit });
        let answer = Client::of(&self.server).send("POST", "/v1/relations/prune", &which)?;
        if json {
            println!("{answer:#}");
        } else {
            println!("{} relations are taken back", field(&answer, "pruned"));
        }
        Ok(Outcome::Done)
    }
}

/// What became of a relation.
fn changed(answer: &Value, how: &str, json: bool) -> Result<Outcome> {
    if json {
        println!("{answer:#}");
    } else {
        println!("relation       {} is {how}", field(answer, "id"));
    }
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::is_uuid;

    #[test]
    fn a_memory_is_told_from_an_entity() {
        assert!(is_uuid("0191a1b2-0000-7000-8000-00000000000F"));
        for other in ["7", "Ada", "0191a1b2-0000-7000-8000-00000000000g", "a-b-c-d-e", ""] {
            assert!(!is_uuid(other), "{other}");
        }
    }
}
