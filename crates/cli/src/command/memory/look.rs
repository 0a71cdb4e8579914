//! `striatum memory get`, `list`, `history`, `facts`, `stats`, `columns`: what is there.

use std::fmt::Write;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{ScopeFlags, day, field, line, plain, results};
use crate::command::client::{Client, of_memory};
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Memories that one request lists.
const PAGE: usize = 1000;
/// Characters of a text in a table.
const TEXT: usize = 72;

/// Show a memory.
#[derive(Args)]
pub(super) struct Get {
    /// The memory.
    id: String,
    /// As it was at a time: RFC 3339.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

/// List memories, the newest first.
#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    scope: ScopeFlags,
    /// active, quarantined, superseded, expired or deleted.
    #[arg(long, default_value = "active")]
    status: String,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    server: ServerFlags,
}

/// What happened to a memory, the first first.
#[derive(Args)]
pub(super) struct History {
    /// The memory.
    id: String,
    #[command(flatten)]
    server: ServerFlags,
}

/// Facts, as they were true and as they were known.
#[derive(Args)]
pub(super) struct Facts {
    /// What they are about: a name or an alias.
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// What they say of it.
    #[arg(long)]
    predicate: Option<String>,
    /// What was true then: RFC 3339 [default: whenever].
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// As it was known then: RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    known_at: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

/// How much is remembered.
#[derive(Args)]
pub(super) struct Stats {
    #[command(flatten)]
    server: ServerFlags,
}

/// The load of the columns of a collection, as a picture.
#[derive(Args)]
pub(super) struct Columns {
    /// The collection.
    #[arg(long, default_value = "default")]
    collection: String,
    #[command(flatten)]
    server: ServerFlags,
}

impl Get {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let memory = match &self.as_of {
            Some(at) => client.get(&of_memory(&self.id, "/as-of"), &[("at", at)])?,
            None => client.get(&of_memory(&self.id, ""), &[])?,
        };
        if json || self.as_of.is_some() {
            println!("{memory:#}");
            return Ok(Outcome::Done);
        }
        println!("{}\n", plain(memory["memory"].as_str().unwrap_or_default()));
        for (name, value) in memory.as_object().into_iter().flatten() {
            let empty =
                value.is_null() || *value == json!([]) || *value == json!({}) || *value == json!(0);
            if name != "memory" && !empty {
                println!("{name:14} {}", field(&memory, name));
            }
        }
        Ok(Outcome::Done)
    }
}

impl List {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let mut all: Vec<Value> = Vec::new();
        let mut after = String::new();
        let total = loop {
            let n = (self.limit - all.len()).clamp(1, PAGE).to_string();
            let mut query = self.scope.pairs();
            query.extend([("status", self.status.as_str()), ("limit", &n), ("after", &after)]);
            let page = client.get("/v1/memories", &query)?;
            all.extend_from_slice(results(&page));
            all.truncate(self.limit);
            match page["next"].as_str() {
                Some(next) if all.len() < self.limit => after = next.to_owned(),
                _ => break page["total"].as_u64().unwrap_or(0),
            }
        };
        if json {
            println!("{:#}", json!({ "results": all, "total": total }));
            return Ok(Outcome::Done);
        }
        let row = |memory: &Value| {
            let strength = memory["strength"].as_f64().unwrap_or(0.0);
            vec![
                field(memory, "id"),
                day(memory, "created_at"),
                field(memory, "class"),
                field(memory, "tier"),
                format!("{strength:.2}"),
                line(&field(memory, "memory"), TEXT),
            ]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        print!("{}", draw::table(&["id", "since", "class", "tier", "strength", "memory"], &rows));
        println!("{} of {total}", all.len());
        Ok(Outcome::Done)
    }
}

impl History {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let answer = Client::of(&self.server).get(&of_memory(&self.id, "/history"), &[])?;
        if json {
            println!("{answer:#}");
            return Ok(Outcome::Done);
        }
        for event in results(&answer) {
            let (version, what) = (field(event, "version"), field(event, "what"));
            let (at, actor) = (field(event, "created_at"), field(event, "actor"));
            println!("{version:>3}  {at}  {what} by {actor}");
            for changed in event["changed"].as_array().into_iter().flatten() {
                let side = |name: &str| line(&field(changed, name), TEXT);
                let name = field(changed, "field");
                let from = if changed["before"].is_null() { None } else { Some(side("before")) };
                let from = from.map_or_else(String::new, |before| format!("{before} > "));
                println!("       {name}: {from}{}", side("after"));
            }
        }
        Ok(Outcome::Done)
    }
}

impl Facts {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let times = [("valid_at", &self.as_of), ("known_at", &self.known_at)];
        let times = times.into_iter().filter_map(|(name, at)| Some((name, at.as_deref()?)));
        let times: Vec<(&str, &str)> = times.collect();
        let subjects = match &self.subject {
            None => vec![String::new()],
            Some(name) => subjects(&client, name, &times)?,
        };
        let mut facts = Vec::new();
        for subject in &subjects {
            self.about(&client, subject, &times, &mut facts)?;
        }
        if json {
            println!("{:#}", json!({ "results": facts }));
        } else {
            print!("{}", told(&facts));
        }
        Ok(if facts.is_empty() { Outcome::No } else { Outcome::Done })
    }

    /// The facts about an entity, or all of them, page by page.
    fn about(
        &self,
        client: &Client,
        subject: &str,
        times: &[(&str, &str)],
        facts: &mut Vec<Value>,
    ) -> Result<()> {
        let mut after = String::new();
        loop {
            let mut query = times.to_vec();
            for (name, value) in [("subject", subject), ("after", &after)] {
                if !value.is_empty() {
                    query.push((name, value));
                }
            }
            query.extend(self.predicate.as_deref().map(|p| ("predicate", p)));
            let page = client.get("/v1/facts", &query)?;
            facts.extend_from_slice(results(&page));
            match page["next"].as_u64() {
                Some(next) => after = next.to_string(),
                None => return Ok(()),
            }
        }
    }
}

/// The entities of a name, at times.
fn subjects(client: &Client, name: &str, times: &[(&str, &str)]) -> Result<Vec<String>> {
    // An entity is known from when it was told of, whenever the fact was true.
    let known = times.iter().filter(|(name, _)| *name == "known_at");
    let query: Vec<_> = [("name", name)].into_iter().chain(known.copied()).collect();
    let found = client.get("/v1/entities", &query)?;
    let ids: Vec<_> = results(&found).iter().map(|entity| field(entity, "id")).collect();
    if ids.is_empty() {
        bail!("--subject: nothing is known of {name:?}");
    }
    Ok(ids)
}

fn told(facts: &[Value]) -> String {
    let row = |fact: &Value| {
        let not = if fact["negated"] == true { "not " } else { "" };
        let object = match fact["object_name"].as_str() {
            Some(name) => line(name, TEXT),
            None => line(&field(fact, "object"), TEXT),
        };
        vec![
            field(fact, "id"),
            field(fact, "subject_name"),
            format!("{not}{}", field(fact, "predicate")),
            object,
            day(fact, "valid_at"),
            day(fact, "invalid_at"),
            day(fact, "learned_at"),
        ]
    };
    let rows: Vec<_> = facts.iter().map(row).collect();
    draw::table(&["fact", "subject", "says", "object", "from", "until", "learned"], &rows)
}

impl Stats {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let stats = Client::of(&self.server).get("/v1/memory/stats", &[("beliefs", "true")])?;
        if json {
            println!("{stats:#}");
            return Ok(Outcome::Done);
        }
        for (name, value) in stats.as_object().into_iter().flatten() {
            let bytes = name.ends_with("bytes").then(|| value.as_u64()).flatten();
            let plain = match value.as_f64().filter(|_| value.is_f64()) {
                Some(number) => format!("{number:.3}"),
                None => value.to_string(),
            };
            let value = bytes.map_or(plain, |n| indicatif::HumanBytes(n).to_string());
            println!("{name:20} {value:>12}");
        }
        Ok(Outcome::Done)
    }
}

impl Columns {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let query = [("collection", self.collection.as_str())];
        let survey = Client::of(&self.server).get("/v1/memory/columns", &query)?;
        if json {
            println!("{survey:#}");
        } else {
            print!("{}", picture(&survey));
        }
        Ok(Outcome::Done)
    }
}

fn picture(survey: &Value) -> String {
    let columns = survey["columns"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let load = |column: &Value| column["load"].as_u64().unwrap_or(0) as usize;
    let loads: Vec<usize> = columns.iter().map(load).collect();
    let (least, most) = (loads.iter().min().unwrap_or(&0), loads.iter().max().unwrap_or(&0));
    let number = |name: &str| field(survey, name);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} memories in {} columns, {least} to {most} each; variation {:.2}, {} splits, {} merges",
        number("items"),
        loads.len(),
        survey["load_variation"].as_f64().unwrap_or(0.0),
        number("splits"),
        number("merges")
    );
    text.push_str(&draw::loads(&loads));
    let iterations: Vec<u64> =
        survey["iterations"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let n: u64 = iterations.iter().sum();
    let sum: u64 = iterations.iter().zip(0..).map(|(n, k)| n * k).sum();
    if n > 0 {
        let _ = writeln!(
            text,
            "{n} competitions, {:.1} iterations each, {} undecided; {} stored twice, {} nearly so",
            sum as f64 / n as f64,
            number("unsettled"),
            number("exact_duplicates"),
            number("near_duplicates")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::picture;
    use serde_json::json;

    #[test]
    fn columns_are_drawn_by_their_load() {
        let survey = json!({ "items": 15, "load_variation": 0.5, "splits": 1, "merges": 0,
            "iterations": [1, 3], "unsettled": 0, "exact_duplicates": 0, "near_duplicates": 2,
            "columns": [{ "load": 10 }, { "load": 5 }, { "load": 0 }] });
        let drawn = picture(&survey);
        assert!(
            drawn.starts_with("15 memories in 3 columns, 0 to 10 each; variation 0.50"),
            "{drawn}"
        );
        assert!(drawn.contains("     0 █▒·\n"), "{drawn}");
        assert!(drawn.contains("4 competitions, 0.8 iterations each"), "{drawn}");
    }
}
