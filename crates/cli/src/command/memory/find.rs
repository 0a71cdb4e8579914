//! `striatum memory search` and `recall`: what is found, and why.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::{AttentionFlags, ScopeFlags, day, field, given, line, list, results};
use crate::command::client::Client;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Characters of a memory's text in a table.
const TEXT: usize = 72;

/// Find memories by words, vectors and activation.
///
/// The table has each memory's rank by each of them; the vector's cosine and the words come with
/// --explain.
#[derive(Args)]
pub(super) struct Search {
    /// The question.
    #[arg(allow_hyphen_values = true)]
    query: String,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 10)]
    limit: usize,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    attention: AttentionFlags,
    /// Conditions on fields: JSON, as in {"tags": "work"}.
    #[arg(long, value_name = "JSON")]
    filter: Option<String>,
    /// The lowest score, 0 to 1.
    #[arg(long)]
    threshold: Option<f32>,
    /// The collection whose vectors are asked [default: default].
    #[arg(long)]
    collection: Option<String>,
    /// Read "a phrase" and +word as what must stand in each memory, -word as what must not.
    #[arg(long)]
    operators: bool,
    /// Tell the words, the cosine and the path to each.
    #[arg(long)]
    explain: bool,
    /// Leave what is found as strong as it is.
    #[arg(long)]
    no_reinforce: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// What comes to mind with entities, or with those that a question names.
#[derive(Args)]
pub(super) struct Activate {
    /// A question: what it names is where activation begins, what it asks for says how it spreads.
    question: Option<String>,
    /// A name of an entity to begin at; several may be given.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// bidirectional, focused, directional, chain, parallel, local, breadth_first or conservative
    /// [default: that of the question].
    #[arg(long)]
    strategy: Option<String>,
    /// How many [default: as the strategy has it].
    #[arg(long)]
    keep: Option<usize>,
    #[command(flatten)]
    server: ServerFlags,
}

/// What a message brings up, as text for a language model.
#[derive(Args)]
pub(super) struct Recall {
    /// The message.
    message: String,
    /// How many memories, 1 to 100.
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// How long the text may be, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 4096)]
    bytes: usize,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    attention: AttentionFlags,
    #[command(flatten)]
    server: ServerFlags,
}

impl Search {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "query": self.query, "limit": self.limit,
            "explain": self.explain || !json, "reinforce": !self.no_reinforce });
        self.scope.fill(&mut request);
        self.attention.fill(&mut request);
        if let Some(filter) = &self.filter {
            request["filters"] = given("--filter", filter)?;
        }
        if self.operators {
            request["syntax"] = "operators".into();
        }
        if let Some(threshold) = self.threshold {
            request["threshold"] = threshold.into();
        }
        if let Some(collection) = &self.collection {
            request["collection"] = collection.as_str().into();
        }
        let answer = Client::of(&self.server).send("POST", "/v1/search", &request)?;
        if json {
            println!("{answer:#}");
        } else {
            print!("{}", table(results(&answer)));
            if self.explain {
                results(&answer)
                    .iter()
                    .enumerate()
                    .for_each(|(k, hit)| print!("{}", reasons(k, hit)));
            }
            if answer["more"] == true {
                println!("there are more: ask for them with --limit");
            }
        }
        let any = !results(&answer).is_empty();
        Ok(if any { Outcome::Done } else { Outcome::No })
    }
}

fn table(hits: &[Value]) -> String {
    if hits.is_empty() {
        return "nothing is found\n".to_owned();
    }
    let rank = |why: &Value, name: &str| field(&why[name], "rank");
    let row = |hit: &Value| {
        let why = &hit["explain"];
        vec![
            format!("{:.3}", hit["score"].as_f64().unwrap_or(0.0)),
            rank(why, "text"),
            rank(why, "vector"),
            rank(why, "graph"),
            day(hit, "created_at"),
            field(hit, "id"),
            line(&field(hit, "memory"), TEXT),
        ]
    };
    let rows: Vec<_> = hits.iter().map(row).collect();
    draw::table(&["score", "words", "vector", "names", "since", "id", "memory"], &rows)
}

/// Why a memory was found, as lines.
fn reasons(k: usize, hit: &Value) -> String {
    let why = &hit["explain"];
    let number = |value: &Value| value.as_f64().map_or_else(String::new, |v| format!("{v:.3}"));
    let mut text = format!("\n{} {}\n", k + 1, line(&field(hit, "memory"), TEXT));
    let terms = why["terms"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let terms: Vec<_> =
        terms.iter().map(|t| format!("{} {}", field(t, "term"), number(&t["score"]))).collect();
    for (name, what) in [("text", "words "), ("vector", "vector"), ("graph", "names ")] {
        if why[name].is_object() {
            let (rank, score) = (field(&why[name], "rank"), number(&why[name]["score"]));
            text.push_str(&format!("  {what}  rank {rank}, {score}"));
            if name == "text" && !terms.is_empty() {
                text.push_str(&format!(": {}", terms.join(", ")));
            }
            text.push('\n');
        }
    }
    if why["attention"].is_number() {
        text.push_str(&format!("  attended {}\n", number(&why["attention"])));
    }
    let path = why["path"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let path: Vec<_> = path.iter().filter_map(Value::as_str).map(|p| line(p, TEXT)).collect();
    if !path.is_empty() {
        text.push_str(&format!("  path    {}\n", path.join(" > ")));
    }
    let votes = ["semantic", "structural", "temporal", "exception"]
        .map(|name| format!("{name} {}", number(&why["votes"][name])));
    text.push_str(&format!("  votes   {}\n", votes.join(", ")));
    for (name, what) in [("required", "must   "), ("excluded", "must not")] {
        let words: Vec<_> = list(why, name).iter().filter_map(Value::as_str).collect();
        if !words.is_empty() {
            text.push_str(&format!("  {what} {}\n", line(&words.join(", "), TEXT)));
        }
    }
    text.push_str(&format!("  strength {}\n", number(&why["strength"])));
    text
}

impl Activate {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "names": self.names });
        for (name, value) in [("question", self.question), ("strategy", self.strategy)] {
            if let Some(value) = value {
                request[name] = value.into();
            }
        }
        if let Some(keep) = self.keep {
            request["keep"] = keep.into();
        }
        let answer = Client::of(&self.server).send("POST", "/v1/activate", &request)?;
        if json {
            println!("{answer:#}");
        } else {
            let intent = answer["intent"].as_str().map_or_else(String::new, |i| format!(", {i}"));
            println!("{}{intent}", field(&answer, "strategy"));
            let row = |one: &Value| {
                let first = list(one, "path").first().map(|hop| field(hop, "from"));
                let steps = list(one, "path").iter().map(|hop| field(hop, "to"));
                let way: Vec<String> = first.into_iter().chain(steps).collect();
                let activation = one["activation"].as_f64().unwrap_or(0.0);
                let name = line(&field(one, "name"), TEXT);
                vec![format!("{activation:.3}"), name, line(&way.join(" > "), TEXT)]
            };
            let rows: Vec<_> = results(&answer).iter().map(row).collect();
            print!("{}", draw::table(&["activation", "name", "way"], &rows));
        }
        let any = !results(&answer).is_empty();
        Ok(if any { Outcome::Done } else { Outcome::No })
    }
}

impl Recall {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "message": self.message, "limit": self.limit,
            "context_bytes": self.bytes });
        self.scope.fill(&mut request);
        self.attention.fill(&mut request);
        let answer = Client::of(&self.server).send("POST", "/v1/recall", &request)?;
        if json {
            println!("{answer:#}");
        } else {
            let asked = &answer["asked"];
            if asked.is_object() {
                let words: Vec<&str> =
                    list(asked, "words").iter().filter_map(Value::as_str).collect();
                println!("asked: {} ({})", field(asked, "intent"), line(&words.join(" "), TEXT));
            }
            if let Some(unknown) = asked["unknown"].as_str() {
                println!("not known: {}", line(unknown, usize::MAX));
            }
            print!("{}", super::plain(answer["context"].as_str().unwrap_or_default()));
        }
        let any = answer["context"].as_str().is_some_and(|text| !text.is_empty());
        Ok(if any { Outcome::Done } else { Outcome::No })
    }
}
