//! `striatum agent create`, `list` and what needs but a name.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{client, of_agent};
use crate::command::client::encoded;
use crate::command::document::{given, given_in, print, word};
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Make an agent.
#[derive(Args)]
pub(super) struct Create {
    /// Its description in JSON, as POST /v1/agents takes it.
    #[arg(long, conflicts_with_all = ["file", "cart_pole"])]
    spec: Option<String>,
    /// A file with it.
    #[arg(long, conflicts_with = "cart_pole")]
    file: Option<PathBuf>,
    /// An agent for CartPole-v1 of this name, with the settings that were measured.
    #[arg(long, value_name = "NAME")]
    cart_pole: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

/// List agents.
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

impl Create {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let spec = match (&self.spec, &self.file, &self.cart_pole) {
            (Some(text), _, _) => given("--spec", text)?,
            (_, Some(path), _) => given_in(path)?,
            (_, _, Some(id)) => cart_pole(id),
            _ => bail!("expected --spec, --file or --cart-pole"),
        };
        print(&client(&self.server).send("POST", "/v1/agents", &spec)?, json);
        Ok(Outcome::Done)
    }
}

fn cart_pole(id: &str) -> Value {
    let config = agent::ColumnsConfig::cart_pole();
    let dimensions: Vec<Value> = config
        .dimensions
        .iter()
        .map(|d| json!({ "low": d.low, "high": d.high, "bins": d.bins }))
        .collect();
    let policy = json!({ "dimensions": dimensions, "columns": config.columns, "gating": {} });
    json!({ "id": id, "actions": ["push left", "push right"], "policy": policy })
}

impl List {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let answer = client(&self.server).get("/v1/agents", &[])?;
        if json {
            print(&answer, json);
            return Ok(Outcome::Done);
        }
        let row = |one: &Value| {
            let actions = one["actions"].as_array().map_or(0, Vec::len).to_string();
            let cells = [&one["id"], &one["policy"]["kind"], &one["created_at"], &one["saved_at"]];
            let [id, kind, made, saved] = cells.map(|cell| match cell {
                Value::Null => "-".to_owned(),
                cell => word(cell),
            });
            vec![id, kind, actions, made, saved]
        };
        let rows: Vec<_> = answer["agents"].as_array().into_iter().flatten().map(row).collect();
        print!("{}", draw::table(&["name", "policy", "actions", "made", "saved"], &rows));
        Ok(Outcome::Done)
    }
}

impl Named {
    /// Asks something of an agent.
    pub(super) fn ask(self, method: &str, rest: &str, json: bool) -> Result<Outcome> {
        let answer = client(&self.server).bare(method, &of_agent(&self.id, rest), &[])?;
        if !answer.is_null() {
            print(&answer, json);
        }
        Ok(Outcome::Done)
    }

    pub(super) fn end_override(self, _: bool) -> Result<Outcome> {
        let path = format!("/v1/overrides/{}", encoded(&self.id));
        client(&self.server).bare("DELETE", &path, &[])?;
        Ok(Outcome::Done)
    }
}
