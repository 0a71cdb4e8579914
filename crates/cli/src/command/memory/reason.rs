//! `striatum memory reason`: what follows from what is known, with how.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{field, line, list};
use crate::Outcome;
use crate::command::client::Client;
use crate::watched::ServerFlags;

/// Characters of a line.
const TEXT: usize = 100;

/// What follows, may generally hold, would explain or is alike, each with its proof.
///
/// Nothing is learned. Entities are named by a name or an alias, or #NUMBER for the entity of that
/// number.
#[derive(Args)]
pub(super) struct Reason {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What follows by a predicate, or of a property.
    Deduce(Deduce),
    /// What members of a class have in common, and who has not.
    Generalise(Generalise),
    /// The simplest causes of what was observed.
    Explain(Explain),
    /// A is to B as C is to what; without B, what stands for what; A alone, what it is like.
    Analogy(Analogy),
}

/// Of what is known, as of when.
#[derive(Args)]
struct AtFlags {
    /// How many answers [default: 20].
    #[arg(long)]
    limit: Option<usize>,
    /// The branch, by its number.
    #[arg(long)]
    branch: Option<u64>,
    /// As it was known then: RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    known_at: Option<String>,
    /// What was true then: RFC 3339 [default: now].
    #[arg(long, value_name = "TIME")]
    valid_at: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Args)]
struct Deduce {
    /// What: a predicate or a property.
    predicate: String,
    /// Of whom [default: anybody].
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// Of which entity [default: anything].
    #[arg(long, value_name = "NAME")]
    object: Option<String>,
    #[command(flatten)]
    at: AtFlags,
}

#[derive(Args)]
struct Generalise {
    /// The class.
    class: String,
    /// Members that have it at least [default: 2].
    #[arg(long)]
    min_support: Option<usize>,
    #[command(flatten)]
    at: AtFlags,
}

#[derive(Args)]
struct Explain {
    /// What was observed.
    #[arg(required = true)]
    observed: Vec<String>,
    #[command(flatten)]
    at: AtFlags,
}

#[derive(Args)]
struct Analogy {
    /// One.
    a: String,
    /// What A is to.
    #[arg(long, value_name = "NAME", requires = "c")]
    b: Option<String>,
    /// The other one.
    #[arg(long, value_name = "NAME")]
    c: Option<String>,
    #[command(flatten)]
    at: AtFlags,
}

impl Reason {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let (at, mut question, tell): (AtFlags, Value, fn(&Value) -> bool) = match self.command {
            Command::Deduce(c) => {
                let question = json!({
                    "kind": "deductive", "predicate": c.predicate, "subject": end(c.subject),
                    "object_entity": end(c.object),
                });
                (c.at, question, deduced)
            }
            Command::Generalise(c) => {
                let class = end(Some(c.class));
                let question =
                    json!({ "kind": "inductive", "class": class, "min_support": c.min_support });
                (c.at, question, generalised)
            }
            Command::Explain(c) => {
                let observed: Vec<Value> =
                    c.observed.into_iter().map(|name| end(Some(name))).collect();
                (c.at, json!({ "kind": "abductive", "observed": observed }), explained)
            }
            Command::Analogy(c) => {
                let [a, b, other] = [Some(c.a), c.b, c.c].map(end);
                (c.at, json!({ "kind": "analogical", "a": a, "b": b, "c": other }), alike)
            }
        };
        question["limit"] = at.limit.into();
        question["branch"] = at.branch.into();
        question["known_at"] = at.known_at.into();
        question["valid_at"] = at.valid_at.into();
        let answer = Client::of(&at.server).send("POST", "/v1/reason", &question)?;
        if json {
            println!("{answer:#}");
            return Ok(Outcome::Done);
        }
        let found = tell(&answer);
        if answer["more"] == true {
            println!("... and more");
        }
        Ok(if found { Outcome::Done } else { Outcome::No })
    }
}

/// An entity by its name or number.
fn end(name: Option<String>) -> Value {
    let Some(name) = name else { return Value::Null };
    let number = name.strip_prefix('#').and_then(|number| number.parse::<u64>().ok());
    number.map_or_else(|| name.into(), Value::from)
}

fn deduced(answer: &Value) -> bool {
    let conclusions = list(answer, "conclusions");
    for proof in conclusions {
        println!("{}  {}", sure(proof), said(&proof["claim"]));
        steps(proof);
    }
    for blocked in list(answer, "blocked") {
        let (from, by) = (field(blocked, "from"), field(blocked, "by"));
        println!("not     {}, though {from} says so: {by}", said(&blocked["claim"]));
    }
    !conclusions.is_empty()
}

fn generalised(answer: &Value) -> bool {
    let found = list(answer, "generalisations");
    for one in found {
        let (support, members) = (field(one, "support"), field(answer, "members"));
        let known = if one["known"] == true { ", which is known" } else { "" };
        println!("{}  {} ({support} of {members}{known})", sure(one), said(&one["claim"]));
        for other in list(one, "exceptions") {
            println!("        but not {}", field(other, "name"));
        }
    }
    !found.is_empty()
}

fn explained(answer: &Value) -> bool {
    let found = list(answer, "explanations");
    for one in found {
        let causes: Vec<String> =
            list(one, "causes").iter().map(|cause| field(&cause["entity"], "name")).collect();
        println!("{}  {}", sure(one), causes.join(" and "));
        steps(one);
    }
    for one in list(answer, "unexplained") {
        println!("nothing is known to lead to {}", field(one, "name"));
    }
    !found.is_empty()
}

fn alike(answer: &Value) -> bool {
    for one in list(answer, "counterparts") {
        println!("{:.4}  {}", number(&one["score"]), field(&one["entity"], "name"));
        list(one, "ways").iter().for_each(steps);
    }
    for one in list(answer, "alike") {
        println!("{:.4}  {}", number(&one["score"]), field(&one["entity"], "name"));
    }
    let mapping = &answer["mapping"];
    for pair in list(mapping, "pairs") {
        println!("{} as {}", field(&pair[0], "name"), field(&pair[1], "name"));
    }
    for one in list(mapping, "inferences") {
        let how = if one["systematic"] == true { "would be" } else { "might be" };
        println!("{how}: {}", said(&one["claim"]));
    }
    ["counterparts", "alike"].iter().any(|name| !list(answer, name).is_empty())
        || !list(mapping, "shared").is_empty()
}

/// The steps of a proof, each by its number.
fn steps(of: &Value) {
    for (k, step) in list(of, "steps").iter().enumerate() {
        let uses: Vec<&str> = list(step, "uses").iter().filter_map(Value::as_str).collect();
        let (claim, rule) = (said(&step["claim"]), field(step, "rule"));
        println!("        {}", line(&format!("{k} {claim} ({rule}: {})", uses.join(", ")), TEXT));
    }
}

fn said(claim: &Value) -> String {
    field(claim, "said")
}

fn sure(of: &Value) -> String {
    format!("{:.4}", number(&of["confidence"]))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}
