//! `striatum agent act`, `learn`, `learning`, `persona`.

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Map, Value, json};

use super::{client, of_agent};
use crate::Outcome;
use crate::command::document::{Switch, given, print};
use crate::watched::ServerFlags;

/// Propose an action and have it judged; exit status 1 where it is refused.
#[derive(Args)]
pub(super) struct Act {
    /// The agent.
    id: String,
    /// What it observes: numbers with commas between.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, required = true)]
    observation: Vec<f64>,
    /// What the action would say or do; inspected.
    #[arg(long, default_value = "")]
    content: String,
    /// What is known around it, in JSON: {"endangers_human": true}.
    #[arg(long, default_value = "{}")]
    context: String,
    #[command(flatten)]
    server: ServerFlags,
}

/// Learn from what came of the last action.
#[derive(Args)]
pub(super) struct Learn {
    /// The agent.
    id: String,
    /// How good it was.
    #[arg(long, allow_hyphen_values = true)]
    reward: f64,
    /// What is observed now: numbers with commas between.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, required = true)]
    observation: Vec<f64>,
    /// The episode is over, and nothing more is to be expected.
    #[arg(long)]
    terminal: bool,
    /// Time is up: the episode is over.
    #[arg(long)]
    truncated: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Turn learning on or off.
#[derive(Args)]
pub(super) struct Learning {
    /// The agent.
    id: String,
    /// Whether it learns.
    to: Switch,
    #[command(flatten)]
    server: ServerFlags,
}

/// Show who an agent is, or move traits.
#[derive(Args)]
pub(super) struct Persona {
    /// The agent.
    id: String,
    /// Move a trait: curiosity=0.1; more than once for more.
    #[arg(long, value_name = "TRAIT=BY", allow_hyphen_values = true)]
    adjust: Vec<String>,
    #[command(flatten)]
    server: ServerFlags,
}

impl Act {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let body = json!({
            "observation": self.observation,
            "content": self.content,
            "context": given("--context", &self.context)?,
        });
        let answer = client(&self.server).send("POST", &of_agent(&self.id, "/act"), &body)?;
        print(&answer, json);
        Ok(if answer["approved"] == true { Outcome::Done } else { Outcome::No })
    }
}

impl Learn {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let body = json!({
            "reward": self.reward, "observation": self.observation,
            "terminal": self.terminal, "truncated": self.truncated,
        });
        print(&client(&self.server).send("POST", &of_agent(&self.id, "/learn"), &body)?, json);
        Ok(Outcome::Done)
    }
}

impl Learning {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let body = json!({ "learning": self.to == Switch::On });
        print(&client(&self.server).send("PATCH", &of_agent(&self.id, ""), &body)?, json);
        Ok(Outcome::Done)
    }
}

impl Persona {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let (client, path) = (client(&self.server), of_agent(&self.id, "/persona"));
        let answer = if self.adjust.is_empty() {
            client.get(&path, &[])?
        } else {
            client.send("PATCH", &path, &json!({ "adjust": adjust(&self.adjust)? }))?
        };
        print(&answer, json);
        Ok(Outcome::Done)
    }
}

fn adjust(all: &[String]) -> Result<Map<String, Value>> {
    let one = |text: &String| {
        let wrong = || format!("--adjust {text}: expected a trait, =, and by how much");
        let (name, by) = text.split_once('=').with_context(wrong)?;
        let by: f64 = by.trim().parse().with_context(wrong)?;
        Ok((name.trim().to_owned(), json!(by)))
    };
    all.iter().map(one).collect()
}
