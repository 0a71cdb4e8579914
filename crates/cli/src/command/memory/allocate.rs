//! `striatum memory allocate`: which column a memory would go to, and why.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::{ScopeFlags, field, list};
use crate::command::client::Client;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Which column a memory would go to, and what votes for it; nothing is stored.
#[derive(Args)]
pub(super) struct Allocate {
    /// The text of the memory.
    text: String,
    /// A tag of it; can be repeated.
    #[arg(long)]
    tag: Vec<String>,
    /// The collection [default: default].
    #[arg(long)]
    collection: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

impl Allocate {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "text": self.text, "tags": self.tag });
        self.scope.fill(&mut request);
        if let Some(collection) = &self.collection {
            request["collection"] = collection.as_str().into();
        }
        let answer = Client::of(&self.server).send("POST", "/v1/allocate", &request)?;
        if json {
            println!("{answer:#}");
        } else {
            print!("{}", told(&answer));
        }
        Ok(Outcome::Done)
    }
}

fn number(value: &Value) -> String {
    value.as_f64().map_or_else(String::new, |value| format!("{value:.3}"))
}

fn told(answer: &Value) -> String {
    let micros = |value: &Value| format!("{:.0} us", value.as_f64().unwrap_or(0.0) * 1e6);
    let (column, state) = (field(answer, "column"), field(answer, "state"));
    let settled = if answer["settled"] == true { "settled" } else { "not settled" };
    let (iterations, took) = (field(answer, "iterations"), micros(&answer["convergence_seconds"]));
    let (n, share) = (field(answer, "n_spikes"), number(&answer["density"]));
    let mut text = format!(
        "column      {column}, {state}\noverlap     {}\nconvergence {settled} after {iterations} \
         iterations, {took}\nspikes      {n}, {share} of the features\n",
        number(&answer["overlap"]),
    );
    if answer["near"].is_object() {
        let (id, near) = (field(&answer["near"], "id"), number(&answer["near"]["similarity"]));
        text.push_str(&format!("near        {id}, {near}\n"));
    }
    let spikes = list(answer, "first_spikes").iter();
    let spikes = spikes.map(|spike| {
        let sign = if spike["positive"] == true { "+" } else { "-" };
        vec![micros(&spike["seconds"]), format!("{sign}{}", field(spike, "feature"))]
    });
    text.push('\n');
    text.push_str(&draw::table(&["spike", "feature"], &spikes.collect::<Vec<_>>()));
    let votes = ["semantic", "structural", "temporal", "exception"];
    let row = |candidate: &Value| {
        let votes = votes.map(|name| number(&candidate["votes"][name]));
        let column = [field(candidate, "column"), number(&candidate["support"])];
        column.into_iter().chain(votes).collect()
    };
    let rows: Vec<_> = list(answer, "candidates").iter().map(row).collect();
    if !rows.is_empty() {
        let head = [&["column", "support"][..], &votes[..]].concat();
        text.push('\n');
        text.push_str(&draw::table(&head, &rows));
    }
    text
}
