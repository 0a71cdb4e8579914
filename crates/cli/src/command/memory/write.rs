//! `striatum memory store`, `update`, `delete`, `restore`.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::{ScopeFlags, given, lines, results};
use crate::Outcome;
use crate::command::client::{Client, of_memory};
use crate::watched::ServerFlags;

/// The longest text that is read from standard input; the server's limit is lower.
const MAX_INPUT_BYTES: u64 = 1 << 20;

/// Remember a text, or the memories of a file.
///
/// A file has a JSON object on each line, as POST /v1/memories takes it. A memory with an `id` that
/// is there already is skipped, so that a file which was cut short can be given again.
#[derive(Args)]
pub(super) struct Store {
    /// The text; `-` reads it from standard input.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    text: Option<String>,
    /// A file of JSON lines; `-` reads them from standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    file: Option<PathBuf>,
    /// Its name, a UUID [default: the server draws one].
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    said: Said,
    /// The collection [default: default].
    #[arg(long)]
    collection: Option<String>,
    /// The memory whose place it takes.
    #[arg(long, value_name = "ID")]
    supersedes: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

/// What is said of a memory beside its text.
#[derive(Args, Clone)]
struct Said {
    /// episodic, semantic, procedural, pattern, validated or false_positive.
    #[arg(long)]
    class: Option<String>,
    /// A word to filter by; several may be given.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Values to filter by: a JSON object.
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// Where it comes from.
    #[arg(long)]
    source: Option<String>,
    /// How sure it is, 0 to 1.
    #[arg(long)]
    confidence: Option<f32>,
    /// How much it matters, 0 to 1.
    #[arg(long)]
    importance: Option<f32>,
    /// When it ends: RFC 3339, or a date.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
}

/// Change a memory; what is not given stays.
#[derive(Args)]
pub(super) struct Update {
    /// The memory.
    id: String,
    /// The text; `-` reads it from standard input.
    #[arg(long)]
    text: Option<String>,
    #[command(flatten)]
    said: Said,
    /// The version that is to be changed; another one is refused.
    #[arg(long)]
    expect: Option<u32>,
    #[command(flatten)]
    server: ServerFlags,
}

/// Delete memories; they can be had back for a while.
///
/// Those that are named, or all of a user, an agent, a run or the tenant.
#[derive(Args)]
pub(super) struct Delete {
    /// The memories.
    #[arg(required_unless_present_any = ["user", "agent", "run", "all"])]
    ids: Vec<String>,
    /// For good, with vector and history; they cannot be had back. Of memories that are named only.
    #[arg(long)]
    erase: bool,
    #[command(flatten)]
    scope: ScopeFlags,
    /// Those that match only: JSON, as a search takes it.
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,
    /// All of the tenant's.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Have a deleted memory back.
#[derive(Args)]
pub(super) struct Restore {
    /// The memory.
    id: String,
    #[command(flatten)]
    server: ServerFlags,
}

impl Said {
    /// The fields that were given.
    fn fields(&self) -> Result<Map<String, Value>> {
        let metadata =
            self.metadata.as_deref().map(|text| given("--metadata", text)).transpose()?;
        let tags = (!self.tags.is_empty()).then(|| json!(self.tags));
        let fields = [
            ("class", self.class.as_ref().map(|v| json!(v))),
            ("tags", tags),
            ("metadata", metadata),
            ("source", self.source.as_ref().map(|v| json!(v))),
            ("confidence", self.confidence.map(|v| json!(v))),
            ("importance", self.importance.map(|v| json!(v))),
            ("expires_at", self.expires_at.as_ref().map(|v| json!(v))),
        ];
        Ok(fields.into_iter().filter_map(|(name, v)| Some((name.to_owned(), v?))).collect())
    }
}

impl Store {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let mut fields = self.said.fields()?;
        fields.extend(self.collection.as_ref().map(|name| ("collection".into(), json!(name))));
        if let Some(file) = &self.file {
            return lines::store(&client, file, &self.scope, &fields, json);
        }
        let mut document = Value::Object(fields);
        document["text"] = said(self.text.as_deref().unwrap_or_default())?.into();
        for (name, value) in [("id", &self.id), ("supersedes", &self.supersedes)] {
            if let Some(value) = value {
                document[name] = value.as_str().into();
            }
        }
        self.scope.fill(&mut document);
        let answer = client.send("POST", "/v1/memories", &document)?;
        if json {
            println!("{answer:#}");
        } else {
            results(&answer).iter().for_each(|stored| println!("{}", told(stored)));
        }
        let held = results(&answer).iter().any(|stored| stored["outcome"] == "quarantined");
        Ok(if held { Outcome::No } else { Outcome::Done })
    }
}

/// What came of storing a memory, as a line.
fn told(stored: &Value) -> String {
    let id = super::field(stored, "id");
    let near = match stored["near"]["similarity"].as_f64() {
        Some(like) => format!("; like {} ({like:.3})", super::field(&stored["near"], "id")),
        None => String::new(),
    };
    match stored["outcome"].as_str() {
        Some("reinforced") => format!("{id}  was there already, and is the stronger for it"),
        Some("quarantined") => {
            let reasons = super::field(stored, "reasons");
            format!("{id}  is held back until somebody has looked at it: {reasons}")
        }
        _ => format!("{id}  is remembered{near}"),
    }
}

impl Update {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut patch = self.said.fields()?;
        if let Some(text) = &self.text {
            patch.insert("text".into(), said(text)?.into());
        }
        if patch.is_empty() {
            bail!("nothing to change, expected --text or another field");
        }
        patch.extend(self.expect.map(|version| ("version".into(), json!(version))));
        let client = Client::of(&self.server);
        let changed = client.send("PATCH", &of_memory(&self.id, ""), &Value::Object(patch))?;
        shown(&changed, json, "is changed");
        Ok(Outcome::Done)
    }
}

impl Delete {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        if self.ids.is_empty() {
            return self.all_of(&client, json);
        }
        if self.all || self.filter.is_some() || !self.scope.pairs().is_empty() {
            bail!("expected memories, or what they have in common, and not both");
        }
        let query: &[(&str, &str)] = if self.erase { &[("erase", "true")] } else { &[] };
        let what = if self.erase { "erased" } else { "deleted" };
        for (k, id) in self.ids.iter().enumerate() {
            let done = client.bare("DELETE", &of_memory(id, ""), query);
            done.with_context(|| format!("{k} of {} are {what}", self.ids.len()))?;
            if !json {
                println!("{id}  is {what}");
            }
        }
        if json {
            println!("{:#}", json!({ what: self.ids }));
        }
        Ok(Outcome::Done)
    }

    /// All that have something in common.
    fn all_of(&self, client: &Client, json: bool) -> Result<Outcome> {
        if self.erase {
            bail!("--erase: expected memories by their names");
        }
        let mut query = self.scope.pairs();
        query.extend(self.filter.as_deref().map(|filter| ("filters", filter)));
        query.extend(self.all.then_some(("all", "true")));
        let answer = client.bare("DELETE", "/v1/memories", &query)?;
        if json {
            println!("{answer:#}");
        } else {
            println!("{} are deleted", super::field(&answer, "deleted"));
        }
        Ok(Outcome::Done)
    }
}

impl Restore {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let back = client.bare("POST", &of_memory(&self.id, "/restore"), &[])?;
        shown(&back, json, "is back");
        Ok(Outcome::Done)
    }
}

/// Shows what became of a memory.
pub(super) fn shown(memory: &Value, json: bool, what: &str) {
    if json {
        println!("{memory:#}");
    } else {
        let version = &memory["version"];
        println!("{}  {what}: version {version}", super::field(memory, "id"));
    }
}

/// A text as it was given, or that of standard input.
fn said(text: &str) -> Result<String> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_INPUT_BYTES + 1).read_to_string(&mut text);
    read.context("standard input")?;
    if text.len() as u64 > MAX_INPUT_BYTES {
        bail!("standard input: expected at most {MAX_INPUT_BYTES} bytes");
    }
    Ok(text.trim_end().to_owned())
}
