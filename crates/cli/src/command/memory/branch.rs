//! `striatum memory branch`: lines of knowledge that are made, compared, split and merged.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{field, happened, line, list, listed, paged, results};
use crate::command::client::Client;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Characters of what an item is on one side.
const TEXT: usize = 48;

/// Lines of knowledge that are made, compared, split and merged.
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
    /// Move some changes of a branch to a new branch beside it.
    Split(Split),
    /// Merge a branch into its parent if it is ready, or say what it lacks.
    Consolidate(Consolidate),
    /// What happened on a branch, the oldest first.
    History(History),
    /// Hide a branch, or erase it.
    Delete(Delete),
    /// Hide branches that nobody changed for long.
    Prune(Prune),
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
    #[command(flatten)]
    choices: Choices,
    #[command(flatten)]
    server: ServerFlags,
}

/// Which side is taken of what both changed.
#[derive(Args)]
struct Choices {
    /// With manual: parent or child for an item, as in "fact 7=child"; can be repeated.
    #[arg(long = "choose", value_name = "ITEM=SIDE")]
    choices: Vec<String>,
}

#[derive(Args)]
struct Split {
    /// The branch.
    branch: String,
    /// The name of the new one.
    name: String,
    /// Items that the branch changed itself, as "fact 7".
    #[arg(required = true, value_name = "ITEM")]
    items: Vec<String>,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Consolidate {
    /// The branch.
    branch: String,
    /// Where both sides changed the same: prefer_newer, prefer_parent, prefer_child, merge_both or
    /// manual.
    #[arg(long, default_value = "prefer_newer")]
    strategy: String,
    #[command(flatten)]
    choices: Choices,
    /// Its score is at least this [default: 0.8].
    #[arg(long)]
    min_score: Option<f64>,
    /// Its divergence is at most this [default: 0.3].
    #[arg(long)]
    max_divergence: Option<f64>,
    /// Without a change for so many seconds it counts as settled [default: 3600].
    #[arg(long, value_name = "SECONDS")]
    settle: Option<u32>,
    /// Only tell whether it is ready.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct History {
    /// The branch.
    branch: String,
    /// How many events at most.
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Prune {
    /// Those that nobody changed for more seconds [default: 86400].
    #[arg(long, value_name = "SECONDS")]
    older_than: Option<u32>,
    /// Those that were not merged, too.
    #[arg(long)]
    unmerged: bool,
    /// Those that were merged stay.
    #[arg(long, requires = "unmerged")]
    keep_merged: bool,
    /// Only tell which.
    #[arg(long)]
    dry_run: bool,
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
            Command::Split(c) => c.run(json),
            Command::Consolidate(c) => c.run(json),
            Command::History(c) => c.run(json),
            Command::Delete(c) => c.run(json),
            Command::Prune(c) => c.run(json),
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
        let how = json!({ "strategy": self.strategy, "choices": self.choices.read()? });
        let path = format!("/v1/branches/{}/merge", number(&client, &self.branch)?);
        changed(&client.send("POST", &path, &how)?, json)
    }
}

impl Choices {
    fn read(&self) -> Result<Value> {
        let mut choices = json!({});
        for choice in &self.choices {
            let (item, side) =
                choice.split_once('=').context("--choose: expected ITEM=SIDE, as fact 7=child")?;
            choices[item.trim()] = side.trim().into();
        }
        Ok(choices)
    }
}

impl Split {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let path = format!("/v1/branches/{}/split", number(&client, &self.branch)?);
        let spec = json!({ "name": self.name, "items": self.items });
        changed(&client.send("POST", &path, &spec)?, json)
    }
}

impl Consolidate {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let path = format!("/v1/branches/{}/consolidate", number(&client, &self.branch)?);
        let how = json!({
            "strategy": self.strategy, "choices": self.choices.read()?, "dry_run": self.dry_run,
            "min_score": self.min_score, "max_divergence": self.max_divergence,
            "settle_seconds": self.settle,
        });
        let answer = client.send("POST", &path, &how)?;
        let lacks = list(&answer, "why_not");
        if json {
            println!("{answer:#}");
        } else if answer["consolidated"] == true {
            println!("it is merged");
        } else if lacks.is_empty() {
            println!("it is ready");
        } else {
            println!("it is not ready");
            lacks
                .iter()
                .filter_map(Value::as_str)
                .for_each(|why| println!("  {}", line(why, TEXT)));
        }
        Ok(if lacks.is_empty() { Outcome::Done } else { Outcome::No })
    }
}

impl History {
    fn run(self, json: bool) -> Result<Outcome> {
        let client = Client::of(&self.server);
        let path = format!("/v1/branches/{}/history", number(&client, &self.branch)?);
        happened::shown(&paged(&client, &path, &[], self.limit)?, json);
        Ok(Outcome::Done)
    }
}

impl Prune {
    fn run(self, json: bool) -> Result<Outcome> {
        let which = json!({
            "older_than_seconds": self.older_than, "merged": !self.keep_merged,
            "unmerged": self.unmerged, "dry_run": self.dry_run,
        });
        let answer = Client::of(&self.server).send("POST", "/v1/branches/prune", &which)?;
        let numbers: Vec<String> =
            list(&answer, "branches").iter().map(ToString::to_string).collect();
        if json {
            println!("{answer:#}");
        } else if numbers.is_empty() {
            println!("no branch is to go");
        } else {
            let how = if self.dry_run { "would go" } else { "are gone" };
            println!("{how:14} {}", numbers.join(" "));
        }
        Ok(if numbers.is_empty() { Outcome::No } else { Outcome::Done })
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
        list(answer, "contradictions").iter().map(ToString::to_string).collect();
    if !numbers.is_empty() {
        println!("contradictions {}", numbers.join(" "));
    }
    Ok(Outcome::Done)
}
