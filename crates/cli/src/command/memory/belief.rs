//! `striatum memory belief`: what facts rest on, what would hold otherwise, and changes of mind.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::place::Place;
use super::{field, line, list};
use crate::command::client::Client;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Characters of a fact on its line.
const TEXT: usize = 100;

/// What facts rest on, what would hold otherwise, and changes of mind.
///
/// Facts are named by their numbers, which `striatum memory facts` shows.
#[derive(Args)]
pub(super) struct Belief {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The smallest sets of assumptions from which a fact follows.
    HoldsUnder(HoldsUnder),
    /// The smallest sets of assumptions that cannot all be true.
    Impossible(Impossible),
    /// What would hold if some facts were so, and others not; nothing is changed.
    Suppose(Suppose),
    /// Learn a fact, and give up as little as it takes that nothing contradicts it.
    Revise(Statement),
    /// Believe a fact no longer, and give up as little else as that takes.
    Contract(Contract),
    /// Know a fact again that was taken back or given up.
    Restore(Restore),
}

/// Of what is known, as of when.
#[derive(Args)]
struct AtFlags {
    /// The branch, by its number.
    #[arg(long)]
    branch: Option<u64>,
    /// As it was known then: RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    known_at: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct HoldsUnder {
    /// The fact.
    fact: u64,
    /// A fact that counts as an assumption while others hold in any case; can be repeated [default:
    /// all without reasons].
    #[arg(long, value_name = "FACT")]
    assumption: Vec<u64>,
    #[command(flatten)]
    at: AtFlags,
}

#[derive(Args)]
struct Impossible {
    /// A fact that counts as an assumption while others hold in any case; can be repeated [default:
    /// all without reasons].
    #[arg(long, value_name = "FACT")]
    assumption: Vec<u64>,
    #[command(flatten)]
    at: AtFlags,
}

#[derive(Args)]
struct Suppose {
    /// A fact that would be so; can be repeated.
    #[arg(long, value_name = "FACT")]
    assume: Vec<u64>,
    /// A fact that would not be so; can be repeated.
    #[arg(long, value_name = "FACT")]
    without: Vec<u64>,
    #[command(flatten)]
    at: AtFlags,
}

/// A fact that is said.
#[derive(Args)]
pub(super) struct Statement {
    /// What it is about: a name or an alias of an entity.
    subject: String,
    /// What is said of it.
    predicate: String,
    /// Of what: a text, or JSON of a number, true, false or null.
    object: String,
    /// The object is an entity of that name.
    #[arg(long)]
    entity: bool,
    /// That it is not so.
    #[arg(long)]
    not: bool,
    /// From when it is true: RFC 3339, or a date.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// A fact that is a reason for it; all that are given are one reason together.
    #[arg(long, value_name = "FACT")]
    because: Vec<u64>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Contract {
    /// The fact.
    fact: u64,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Restore {
    /// The fact.
    fact: u64,
    #[command(flatten)]
    server: ServerFlags,
}

impl Belief {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::HoldsUnder(c) => {
                let question = json!({ "question": "holds_under", "fact": c.fact });
                sets(&c.at.ask(question, &c.assumption)?, json)
            }
            Command::Impossible(c) => {
                sets(&c.at.ask(json!({ "question": "impossible" }), &c.assumption)?, json)
            }
            Command::Suppose(c) => {
                let question =
                    json!({ "question": "suppose", "assume": c.assume, "without": c.without });
                supposed(&c.at.ask(question, &[])?, json)
            }
            Command::Revise(c) => c.say("/v1/facts/revise", json),
            Command::Contract(c) => {
                let path = format!("/v1/facts/{}/contract", c.fact);
                changed(&Client::of(&c.server).send("POST", &path, &json!({}))?, json)
            }
            Command::Restore(c) => {
                let path = format!("/v1/facts/{}/restore", c.fact);
                changed(&Client::of(&c.server).send("POST", &path, &json!({}))?, json)
            }
        }
    }
}

impl AtFlags {
    fn ask(&self, mut question: Value, assumptions: &[u64]) -> Result<Value> {
        if !assumptions.is_empty() {
            question["assumptions"] = assumptions.into();
        }
        if let Some(branch) = self.branch {
            question["branch"] = branch.into();
        }
        if let Some(at) = &self.known_at {
            question["known_at"] = at.as_str().into();
        }
        Client::of(&self.server).send("POST", "/v1/facts/assumptions", &question)
    }
}

impl Statement {
    pub(super) fn say(self, path: &str, json: bool) -> Result<Outcome> {
        let client = self.place.client();
        let one = |what, name| self.place.named(&client, what, name, None);
        let mut fact = json!({
            "subject": one("SUBJECT", &self.subject)?, "predicate": self.predicate,
            "negated": self.not,
        });
        if self.entity {
            fact["object_entity"] = one("OBJECT", &self.object)?.into();
        } else {
            let value = serde_json::from_str(&self.object).ok();
            let plain = value.filter(|v: &Value| !v.is_array() && !v.is_object());
            fact["object"] = plain.unwrap_or_else(|| self.object.as_str().into());
        }
        for (name, time) in [("valid_at", &self.from), ("invalid_at", &self.until)] {
            if let Some(time) = time {
                fact[name] = time.as_str().into();
            }
        }
        self.place.fill(&mut fact);
        if !self.because.is_empty() {
            fact["justifications"] = json!([self.because]);
        }
        changed(&client.send("POST", path, &fact)?, json)
    }
}

fn sets(answer: &Value, json: bool) -> Result<Outcome> {
    let sets = list(answer, "environments");
    if json {
        println!("{answer:#}");
    } else {
        for (k, set) in sets.iter().enumerate() {
            println!("{}", if k == 0 { "with" } else { "or with" });
            if set.as_array().is_some_and(Vec::is_empty) {
                println!("  no assumption");
            }
            set.as_array()
                .into_iter()
                .flatten()
                .for_each(|fact| println!("  {}", said(answer, fact)));
        }
        if answer["more"] == true {
            println!("... and more");
        }
    }
    Ok(if sets.is_empty() { Outcome::No } else { Outcome::Done })
}

fn supposed(answer: &Value, json: bool) -> Result<Outcome> {
    if json {
        println!("{answer:#}");
        return Ok(Outcome::Done);
    }
    let mut rows = Vec::new();
    for (name, what) in [("gained", "would hold"), ("lost", "would not hold")] {
        rows.extend(list(answer, name).iter().map(|f| vec![what.to_owned(), said(answer, f)]));
    }
    for pair in list(answer, "contradictions") {
        let both = [&pair[0], &pair[1]].map(|fact| said(answer, fact)).join(" / ");
        rows.push(vec!["contradicts".to_owned(), both]);
    }
    if rows.is_empty() {
        println!("nothing would change");
    } else {
        print!("{}", draw::table(&["", "fact"], &rows));
    }
    Ok(Outcome::Done)
}

pub(super) fn changed(answer: &Value, json: bool) -> Result<Outcome> {
    if json {
        println!("{answer:#}");
        return Ok(Outcome::Done);
    }
    println!("fact           {}", field(answer, "id"));
    for name in ["given_up", "superseded", "contradictions"] {
        let numbers: Vec<String> = list(answer, name).iter().map(ToString::to_string).collect();
        if !numbers.is_empty() {
            println!("{name:14} {}", numbers.join(" "));
        }
    }
    Ok(Outcome::Done)
}

/// A fact of an answer, in words.
fn said(answer: &Value, fact: &Value) -> String {
    let found = list(answer, "facts").iter().find(|one| one["id"] == *fact);
    let Some(found) = found else { return fact.to_string() };
    let not = if found["negated"] == true { "not " } else { "" };
    let [subject, predicate, object] =
        ["subject", "predicate", "object"].map(|name| field(found, name));
    let gone = if found["known"] == false { " (taken back)" } else { "" };
    line(&format!("{fact} {subject} {not}{predicate} {object}{gone}"), TEXT)
}
