//! `striatum memory branch`: lines of knowledge that are made, compared and merged.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{field, line, listed, results};
use crate::command::client::Client;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Characters of what an item is on one side.
const TEXT: usize = 48;

/// Lines of knowledge that are made, compared and merged.
///
/// A branch is named by its name or number; 0 is the main one.
#[derive(Args)]
pub(super) struct Branch {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a branch, of now or of a time that is past.
    Create(Create),
    /// List branches.
    List(List),
    /// In what a branch differs from another.
    Compare(Compare),
    /// Merge a branch into its parent.
    Merge(Merge),
    /// Hide a branch, or erase it.
    Delete(Delete),
}

#[derive(Args)]
struct Create {
    /// Its name.
    name: String,
    /// The branch that it comes from [default: the main one].
    #[arg(long, value_name = "BRANCH")]
    from: Option<String>,
    /// As it was known then: RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    known_at: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Compare {
    /// The branch.
    branch: String,
    /// The other [default: the main one].
    #[arg(long, value_name = "BRANCH")]
    with: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Merge {
    /// The branch.
    branch: String,
    /// prefer_newer, prefer_parent, prefer_child, merge_both or manual.
    #[arg(long, default_value = "manual")]
    strategy: String,
    /// With manual: parent or child for an item, as in "fact 7=child"; can be repeated.
    #[arg(long = "choose", value_name = "ITEM=SIDE")]
    choices: Vec<String>,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Delete {
    /// The branch.
    branch: String,
    /// For good, with all that was changed on it.
    #[arg(long)]
    erase: bool,
    #[command(flatten)]
    server: ServerFlags,
}

impl Branch {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Create(c) => c.run(json),
            Command::List(c) => c.run(json),
            Command::Compare(c) => c.run(json),
            Command::Merge(c) => c.run(json),
            Command::Delete(c) => c.run(json),
        }
    }
}

/// The number of a branch.
fn number(client: &Client, branch: &str) -> Result<u64> {
    if let Ok(number) = branch.parse() {
        return Ok(number);
    }
    let all = client.get("/v1/branches", &[])?;
    let named = results(&all).iter().find(|one| one["name"] == branch);
    match named.and_then(|one| one["id"].as_u64()) {
        Some(number) => Ok(number),
        None => bail!("BRANCH: there is none of the name {branch:?}"),
    }
}

impl Create {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let mut spec = json!({ "name": self.name });
        if let Some(from) = &self.from {
            spec["from"] = number(&client, from)?.into();
        }
        if let Some(at) = &self.known_at {
            spec["known_at"] = at.as_str().into();
        }
        changed(&client.send("POST", "/v1/branches", &spec)?, json)
    }
}

impl List {
    fn run(self, json: bool) -> Result<Outcome> {
        let answer = Client::of(&self.server).get("/v1/branches", &[])?;
        let row = |branch: &Value| {
            let state = if branch["merged"] == true { "merged" } else { "open" };
            vec![
                field(branch, "id"),
                line(&field(branch, "name"), TEXT),
                field(branch, "parent"),
                state.to_owned(),
            ]
        };
        listed(
            &answer,
            &["id", "name", "parent", "state"],
            row,
            "no branches but the main one",
            json,
        )
    }
}

impl Compare {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let branch = number(&client, &self.branch)?;
        let with = self.with.as_deref().map(|with| number(&client, with)).transpose()?;
        let with = with.map(|with| with.to_string());
        let query: Vec<_> = with.iter().map(|with| ("with", with.as_str())).collect();
        let answer = client.get(&format!("/v1/branches/{branch}/diff"), &query)?;
        if json {
            println!("{answer:#}");
        } else if results(&answer).is_empty() {
            println!("they are the same");
        } else {
            let side = |item: &Value, name: &str| line(&field(item, name), TEXT);
            let row = |item: &Value| {
                let sides = ["base", "first", "second"].map(|name| side(item, name));
                [field(item, "item")].into_iter().chain(sides).collect()
            };
            let rows: Vec<_> = results(&answer).iter().map(row).collect();
            print!("{}", draw::table(&["item", "where they part", "branch", "other"], &rows));
        }
        Ok(Outcome::Done)
    }
}

impl Merge {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let mut how = json!({ "strategy": self.strategy, "choices": {} });
        for choice in &self.choices {
            let (item, side) =
                choice.split_once('=').context("--choose: expected ITEM=SIDE, as fact 7=child")?;
            how["choices"][item.trim()] = side.trim().into();
        }
        let path = format!("/v1/branches/{}/merge", number(&client, &self.branch)?);
        changed(&client.send("POST", &path, &how)?, json)
    }
}

impl Delete {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let path = format!("/v1/branches/{}", number(&client, &self.branch)?);
        let query: &[(&str, &str)] = if self.erase { &[("erase", "true")] } else { &[] };
        changed(&client.bare("DELETE", &path, query)?, json)
    }
}

/// What became of a branch.
fn changed(answer: &Value, json: bool) -> Result<Outcome> {
    if json {
        println!("{answer:#}");
        return Ok(Outcome::Done);
    }
    println!("branch         {}", field(answer, "id"));
    let numbers: Vec<String> =
        super::list(answer, "contradictions").iter().map(ToString::to_string).collect();
    if !numbers.is_empty() {
        println!("contradictions {}", numbers.join(" "));
    }
    Ok(Outcome::Done)
}
