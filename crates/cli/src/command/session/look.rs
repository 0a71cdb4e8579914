//! `striatum session open`, `list` and what needs but a name.

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};

use super::of_session;
use crate::command::client::Client;
use crate::command::document::{Switch, print, word};
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Begin a session: a network that keeps its state.
#[derive(Args)]
pub(super) struct Open {
    /// The model.
    model: String,
    /// Its version; the stable one where it is not said.
    #[arg(long)]
    model_version: Option<String>,
    /// What the session is called; a random name where it is not said.
    #[arg(long)]
    id: Option<String>,
    /// Whether it learns; as the model says where it is not said.
    #[arg(long)]
    learning: Option<Switch>,
    #[command(flatten)]
    server: ServerFlags,
}

/// List sessions.
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

impl Open {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let said = [
            ("model", Some(json!(self.model))),
            ("version", self.model_version.map(Value::from)),
            ("id", self.id.map(Value::from)),
            ("learning", self.learning.map(|to| json!(to == Switch::On))),
        ];
        let said = said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let body = Value::Object(said.collect::<Map<_, _>>());
        print(&Client::of(&self.server).send("POST", "/v1/sessions", &body)?, json);
        Ok(Outcome::Done)
    }
}

impl List {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let answer = Client::of(&self.server).get("/v1/sessions", &[])?;
        if json {
            print(&answer, json);
            return Ok(Outcome::Done);
        }
        let row = |one: &Value| {
            let learning = if one["learning"] == true { "on" } else { "off" };
            let [id, model, version] = [&one["id"], &one["model"], &one["version"]].map(word);
            vec![id, model, version, learning.to_owned(), word(&one["steps_done"])]
        };
        let rows: Vec<_> = answer["sessions"].as_array().into_iter().flatten().map(row).collect();
        print!("{}", draw::table(&["name", "model", "version", "learning", "steps"], &rows));
        Ok(Outcome::Done)
    }
}

impl Named {
    /// Asks something of a session.
    pub(super) fn ask(self, method: &str, rest: &str, json: bool) -> Result<Outcome> {
        let answer = Client::of(&self.server).bare(method, &of_session(&self.id, rest), &[])?;
        if !answer.is_null() {
            print(&answer, json);
        }
        Ok(Outcome::Done)
    }
}
