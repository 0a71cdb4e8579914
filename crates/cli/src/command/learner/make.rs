//! `striatum learner create`, `list` and what needs but a name.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::of_learner;
use crate::command::client::Client;
use crate::command::document::{Switch, given, given_in, print, word};
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Make a learner.
#[derive(Args)]
pub(super) struct Create {
    /// Its description in JSON, as POST /v1/learners takes it.
    #[arg(long, conflicts_with_all = ["file", "columns"])]
    spec: Option<String>,
    /// A file with it.
    #[arg(long, conflicts_with = "columns")]
    file: Option<PathBuf>,
    /// Micro-columns of this name, for inputs of --inputs values.
    #[arg(long, value_name = "NAME", requires = "inputs")]
    columns: Option<String>,
    /// Values of an input of --columns.
    #[arg(long, requires = "columns")]
    inputs: Option<u32>,
    #[command(flatten)]
    server: ServerFlags,
}

/// List learners.
#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    server: ServerFlags,
}

/// One of a name.
#[derive(Args)]
pub(super) struct Named {
    /// Its name.
    id: String,
    #[command(flatten)]
    server: ServerFlags,
}

/// Turn learning on or off.
#[derive(Args)]
pub(super) struct Learning {
    /// The learner.
    id: String,
    /// Whether it learns.
    to: Switch,
    #[command(flatten)]
    server: ServerFlags,
}

impl Create {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let spec = match (&self.spec, &self.file, &self.columns) {
            (Some(text), _, _) => given("--spec", text)?,
            (_, Some(path), _) => given_in(path)?,
            (_, _, Some(id)) => json!({ "id": id, "columns": { "inputs": self.inputs } }),
            _ => bail!("expected --spec, --file or --columns"),
        };
        print(&Client::of(&self.server).send("POST", "/v1/learners", &spec)?, json);
        Ok(Outcome::Done)
    }
}

impl List {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let answer = Client::of(&self.server).get("/v1/learners", &[])?;
        if json {
            print(&answer, json);
            return Ok(Outcome::Done);
        }
        let row = |one: &Value| {
            let learning = if one["learning"] == true { "on" } else { "off" };
            let saved = if one["saved_at"].is_null() { "-".into() } else { word(&one["saved_at"]) };
            let cells = [&one["id"], &one["kind"], &one["created_at"]].map(word);
            let [id, kind, made] = cells;
            vec![id, kind, learning.to_owned(), made, saved]
        };
        let rows: Vec<_> = answer["learners"].as_array().into_iter().flatten().map(row).collect();
        print!("{}", draw::table(&["name", "kind", "learning", "made", "saved"], &rows));
        Ok(Outcome::Done)
    }
}

impl Named {
    /// Asks something of a learner.
    pub(super) fn ask(self, method: &str, rest: &str, json: bool) -> Result<Outcome> {
        let answer = Client::of(&self.server).bare(method, &of_learner(&self.id, rest), &[])?;
        if !answer.is_null() {
            print(&answer, json);
        }
        Ok(Outcome::Done)
    }
}

impl Learning {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let to = json!({ "learning": self.to == Switch::On });
        let path = of_learner(&self.id, "");
        print(&Client::of(&self.server).send("PATCH", &path, &to)?, json);
        Ok(Outcome::Done)
    }
}
