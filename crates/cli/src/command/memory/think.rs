//! `striatum memory pattern`, `patterns`, `detect`, `profile`, `compounds`, `snapshot`, `snapshots`,
//! `compare`: how somebody thinks, and times that are marked.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::{ScopeFlags, day, field, line, list, listed};
use crate::command::client::Client;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Characters of a text in a table.
const TEXT: usize = 72;

/// Record a pattern of thinking, or that it was seen once more.
#[derive(Args)]
pub(super) struct Pattern {
    /// The pattern, as one statement.
    text: String,
    /// abstract, adaptive, convergent, critical, divergent, lateral, systems, or your own.
    #[arg(long)]
    kind: String,
    /// What brings it about, in words that a message would have.
    #[arg(long)]
    trigger: Option<String>,
    /// In what it was seen.
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// List recorded patterns of thinking, the newest first.
#[derive(Args)]
pub(super) struct Patterns {
    /// Of this kind only.
    #[arg(long)]
    kind: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// Sequences of what was done that come again more often than by chance.
#[derive(Args)]
pub(super) struct Detect {
    /// What is said now: recorded patterns whose trigger it names are told.
    #[arg(long)]
    message: Option<String>,
    /// The longest sequence, 2 to 5.
    #[arg(long, default_value_t = 3)]
    longest: usize,
    /// Episodes in which a sequence must be.
    #[arg(long, default_value_t = 3)]
    support: usize,
    /// The highest share of what is told that may be chance.
    #[arg(long, default_value_t = 0.05)]
    chance: f64,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// Patterns by kind, and what each period brought, in numbers.
#[derive(Args)]
pub(super) struct Profile {
    /// After then: RFC 3339, or a date [default: twelve periods before].
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to then [default: now].
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// How long a period is, in days.
    #[arg(long, default_value_t = 7)]
    days: u32,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// Concepts that come together so often that they are one.
#[derive(Args)]
pub(super) struct Compounds {
    /// How many.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    server: ServerFlags,
}

/// Mark this time by a name, to be compared later.
#[derive(Args)]
pub(super) struct Snapshot {
    /// What the time is called.
    name: String,
    /// The branch of knowledge [default: the main one].
    #[arg(long)]
    branch: Option<u64>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// List snapshots, the newest first.
#[derive(Args)]
pub(super) struct Snapshots {
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// What two snapshots have otherwise.
#[derive(Args)]
pub(super) struct Compare {
    /// The name of a snapshot.
    from: String,
    /// The name of another.
    to: String,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

impl Pattern {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "text": self.text, "kind": self.kind });
        for (name, value) in [("trigger", self.trigger), ("note", self.note)] {
            if let Some(value) = value {
                request[name] = value.into();
            }
        }
        self.scope.fill(&mut request);
        stored(&Client::of(&self.server).send("POST", "/v1/cognitive/patterns", &request)?, json)
    }
}

impl Patterns {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut query = self.scope.pairs();
        query.extend(self.kind.as_deref().map(|kind| ("kind", kind)));
        let answer = Client::of(&self.server).get("/v1/cognitive/patterns", &query)?;
        let row = |one: &Value| {
            let pattern = &one["pattern"];
            let last = list(pattern, "instances").first().map(|last| day(last, "at"));
            vec![
                field(pattern, "kind"),
                field(pattern, "seen"),
                last.unwrap_or_default(),
                line(&field(one, "memory"), TEXT),
                line(&field(pattern, "trigger"), TEXT),
            ]
        };
        listed(
            &answer,
            &["kind", "seen", "last", "pattern", "trigger"],
            row,
            "there are none",
            json,
        )
    }
}

impl Detect {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "longest": self.longest, "support": self.support,
            "chance": self.chance });
        if let Some(message) = self.message {
            request["message"] = message.into();
        }
        self.scope.fill(&mut request);
        let answer = Client::of(&self.server).send("POST", "/v1/cognitive/detect", &request)?;
        let found = list(&answer, "sequences");
        if json {
            println!("{answer:#}");
            return Ok(if found.is_empty() { Outcome::No } else { Outcome::Done });
        }
        let [deeds, episodes, tested] = ["deeds", "episodes", "tested"].map(|n| field(&answer, n));
        println!("{deeds} deeds in {episodes} episodes, {tested} sequences tested");
        let number = |one: &Value, name: &str| format!("{:.3}", one[name].as_f64().unwrap_or(0.0));
        let row = |one: &Value| {
            let deeds: Vec<&str> = list(one, "deeds").iter().filter_map(Value::as_str).collect();
            let counts = [field(one, "count"), field(one, "support")];
            let figures = ["lift", "p_value", "q_value"].map(|name| number(one, name));
            let way = line(&deeds.join(" > "), usize::MAX);
            counts.into_iter().chain(figures).chain([way]).collect()
        };
        let rows: Vec<Vec<String>> = found.iter().map(row).collect();
        if rows.is_empty() {
            println!("nothing comes again more often than by chance");
        } else {
            print!("{}", draw::table(&["times", "episodes", "lift", "p", "q", "deeds"], &rows));
        }
        for one in list(&answer, "triggered") {
            println!("brought about: {}", line(&field(one, "memory"), TEXT));
        }
        Ok(if rows.is_empty() { Outcome::No } else { Outcome::Done })
    }
}

impl Profile {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let days = self.days.to_string();
        let mut query = self.scope.pairs();
        query.push(("period_days", &days));
        query.extend(self.from.as_deref().map(|from| ("from", from)));
        query.extend(self.to.as_deref().map(|to| ("to", to)));
        let answer = Client::of(&self.server).get("/v1/cognitive/profile", &query)?;
        if json {
            println!("{answer:#}");
            return Ok(Outcome::Done);
        }
        for kind in list(&answer, "kinds") {
            let [name, patterns, seen] = ["kind", "patterns", "instances"].map(|n| field(kind, n));
            println!("{name}: {patterns} patterns, seen {seen} times");
        }
        let columns = [
            "memories",
            "decisions",
            "concepts",
            "links",
            "facts",
            "revised",
            "contradictions",
            "completed",
            "verified",
            "instances",
        ];
        let row = |one: &Value| {
            let counts = columns.iter().map(|name| field(one, name));
            std::iter::once(day(one, "from")).chain(counts).collect()
        };
        let rows: Vec<Vec<String>> = list(&answer, "periods").iter().map(row).collect();
        let head: Vec<&str> = std::iter::once("from").chain(columns).collect();
        print!("{}", draw::table(&head, &rows));
        Ok(Outcome::Done)
    }
}

impl Compounds {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let limit = self.limit.to_string();
        let answer = Client::of(&self.server).get("/v1/compounds", &[("limit", limit.as_str())])?;
        let row = |one: &Value| {
            let npmi = format!("{:.2}", one["npmi"].as_f64().unwrap_or(0.0));
            vec![line(&field(one, "name"), TEXT), field(one, "together"), npmi]
        };
        listed(&answer, &["compound", "together", "npmi"], row, "there are none", json)
    }
}

impl Snapshot {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "name": self.name });
        if let Some(branch) = self.branch {
            request["branch"] = branch.into();
        }
        self.scope.fill(&mut request);
        stored(&Client::of(&self.server).send("POST", "/v1/snapshots", &request)?, json)
    }
}

impl Snapshots {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let answer = Client::of(&self.server).get("/v1/snapshots", &self.scope.pairs())?;
        let row = |one: &Value| {
            let (at, branch) = (field(&one["snapshot"], "at"), field(&one["snapshot"], "branch"));
            vec![line(&field(one, "memory"), TEXT), at, branch]
        };
        listed(&answer, &["name", "at", "branch"], row, "there are none", json)
    }
}

impl Compare {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut query = self.scope.pairs();
        query.extend([("from", self.from.as_str()), ("to", &self.to)]);
        let answer = Client::of(&self.server).get("/v1/snapshots/compare", &query)?;
        if json {
            println!("{answer:#}");
            return Ok(Outcome::Done);
        }
        let named = |end: &str| {
            let end = &answer[end];
            format!("{} ({})", field(end, "name"), field(end, "at"))
        };
        println!("{} to {}", named("from"), named("to"));
        println!("  {:12} {}", "memories", field(&answer, "memories"));
        for one in list(&answer, "entities") {
            println!("  {:12} {}", "new", field(one, "name"));
        }
        for one in list(&answer, "facts") {
            println!("  {:12} {}", field(one, "change"), field(one, "fact"));
        }
        for one in list(&answer, "relations") {
            let [from, kind, to] = ["from", "kind", "to"].map(|name| field(one, name));
            println!("  {:12} {from} {kind} {to}", field(one, "change"));
        }
        for one in list(&answer, "attitudes") {
            println!("  {:12} {}", field(one, "change"), line(&field(one, "text"), TEXT));
        }
        Ok(Outcome::Done)
    }
}

fn stored(answer: &Value, json: bool) -> Result<Outcome> {
    if json {
        println!("{answer:#}");
    } else {
        println!("{}  {}", field(answer, "id"), field(answer, "outcome"));
    }
    Ok(Outcome::Done)
}
