//! `striatum memory learn`, `turn`, `thinking`, `insights`, `dream`, `connections`: what is said in a
//! turn, and looking back.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::{AttentionFlags, ScopeFlags, field, line, list, listed, plain};
use crate::Outcome;
use crate::command::client::Client;
use crate::watched::ServerFlags;

/// Characters of a text in a table.
const TEXT: usize = 72;

/// What was said in a turn of a conversation.
#[derive(Args)]
pub(super) struct Said {
    /// What the user said.
    message: String,
    /// What was answered.
    #[arg(long)]
    answer: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// What a message brings up, then learns from it and its answer.
#[derive(Args)]
pub(super) struct Turn {
    #[command(flatten)]
    said: Said,
    #[command(flatten)]
    attention: AttentionFlags,
}

/// How something was thought about at one time, and at a later one.
#[derive(Args)]
pub(super) struct Thinking {
    /// About whom: a name or an alias of an entity.
    about: String,
    /// As it was known then: RFC 3339, or a date.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// And then [default: now].
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// What a time brought: new, stronger, contradicted, wrong, waiting.
#[derive(Args)]
pub(super) struct Insights {
    /// After then: RFC 3339, or a date [default: a week before].
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to then [default: now].
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// Walk at random over relations, and propose some that are missing; nothing is written.
#[derive(Args)]
pub(super) struct Dream {
    /// What decides every step.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where walks begin: a name of an entity; several may be given [default: anywhere].
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// How many proposals.
    #[arg(long, default_value_t = 10)]
    limit: usize,
    #[command(flatten)]
    server: ServerFlags,
}

/// Entities that may belong together and are not related, with why.
#[derive(Args)]
pub(super) struct Connections {
    /// Of this entity: a name or an alias [default: of any].
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    server: ServerFlags,
}

impl Turn {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = self.said.request();
        self.attention.fill(&mut request);
        let answer = Client::of(&self.said.server).send("POST", "/v1/turn", &request)?;
        if json {
            println!("{answer:#}");
            return Ok(Outcome::Done);
        }
        print!("{}", plain(answer["recalled"]["context"].as_str().unwrap_or_default()));
        for one in list(&answer, "intentions") {
            println!(
                "to come back to: {} ({})",
                line(&field(one, "memory"), TEXT),
                field(one, "id")
            );
        }
        let n = list(&answer["learned"], "messages").len();
        println!("learned from {n} messages");
        Ok(Outcome::Done)
    }
}

impl Said {
    /// As the server takes it.
    fn request(&self) -> Value {
        let mut request = json!({ "user_message": self.message });
        if let Some(answer) = &self.answer {
            request["assistant_message"] = answer.as_str().into();
        }
        self.scope.fill(&mut request);
        request
    }

    pub(super) fn learn(self, json: bool) -> Result<Outcome> {
        let learned = Client::of(&self.server).send("POST", "/v1/learn", &self.request())?;
        if json {
            println!("{learned:#}");
            return Ok(Outcome::Done);
        }
        for name in ["messages", "decisions", "code", "concepts", "compounds"] {
            let all: Vec<String> = list(&learned, name).iter().map(said).collect();
            if !all.is_empty() {
                println!("{name:10} {}", all.join(", "));
            }
        }
        println!("{:10} {}", "new", field(&learned, "new_concepts"));
        Ok(Outcome::Done)
    }
}

impl Thinking {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut query = self.scope.pairs();
        query.extend([("about", self.about.as_str()), ("from", &self.from)]);
        query.extend(self.to.as_deref().map(|to| ("to", to)));
        let answer = Client::of(&self.server).get("/v1/thinking", &query)?;
        if json {
            println!("{answer:#}");
            return Ok(Outcome::Done);
        }
        for (when, name) in [("from", "then"), ("to", "later")] {
            println!("{} ({})", name, field(&answer, when));
            list(&answer, name).iter().for_each(|fact| println!("  {}", said(fact)));
        }
        println!("in between");
        for fact in list(&answer, "facts") {
            println!("  {:12} {}", field(fact, "change"), field(fact, "fact"));
        }
        list(&answer, "relations").iter().for_each(|relation| println!("{}", related(relation)));
        for memory in list(&answer, "memories") {
            println!("  {:12} {}", "remembered", line(&field(memory, "memory"), TEXT));
        }
        Ok(Outcome::Done)
    }
}

impl Insights {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut query = self.scope.pairs();
        query.extend(self.from.as_deref().map(|from| ("from", from)));
        query.extend(self.to.as_deref().map(|to| ("to", to)));
        let answer = Client::of(&self.server).get("/v1/insights", &query)?;
        if json {
            println!("{answer:#}");
            return Ok(Outcome::Done);
        }
        println!("{} to {}", field(&answer, "from"), field(&answer, "to"));
        println!("  {:12} {}", "memories", field(&answer, "memories"));
        for entity in list(&answer, "entities") {
            println!("  {:12} {}", "new", field(entity, "name"));
        }
        list(&answer, "strengthened").iter().for_each(|relation| println!("{}", related(relation)));
        for one in list(&answer, "contradictions") {
            println!("  {:12} {} / {}", "contradicts", field(one, "first"), field(one, "second"));
        }
        for one in list(&answer, "claims_gone_wrong") {
            let confidence = field(&one["claim"], "confidence");
            println!(
                "  {:12} {} (held at {confidence})",
                "wrong",
                line(&field(one, "memory"), TEXT)
            );
        }
        for one in list(&answer, "stale_intentions") {
            let days = one["idle_days"].as_f64().unwrap_or(0.0);
            println!("  {:12} {} ({days:.0} days)", "waits", line(&field(one, "memory"), TEXT));
        }
        Ok(Outcome::Done)
    }
}

impl Dream {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let request = json!({ "seed": self.seed, "names": self.names, "limit": self.limit });
        let answer = Client::of(&self.server).send("POST", "/v1/dream", &request)?;
        let row = |one: &Value| {
            let way: Vec<String> = list(one, "way").iter().map(said).collect();
            vec![field(one, "met"), line(&way.join(" - "), usize::MAX)]
        };
        listed(&answer, &["met", "way"], row, "nothing is proposed", json)
    }
}

impl Connections {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let limit = self.limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(self.of.as_deref().map(|of| ("of", of)));
        let answer = Client::of(&self.server).get("/v1/connections", &query)?;
        let row = |one: &Value| {
            let number = |name: &str| {
                one[name].as_f64().map_or_else(String::new, |figure| format!("{figure:.2}"))
            };
            let shared: Vec<String> = list(one, "shared").iter().map(said).collect();
            vec![
                line(&field(&one["from"], "name"), TEXT),
                line(&field(&one["to"], "name"), TEXT),
                number("shared_score"),
                field(one, "together"),
                number("alike"),
                line(&shared.join(", "), TEXT),
            ]
        };
        listed(
            &answer,
            &["from", "to", "shared", "together", "alike", "neighbours"],
            row,
            "nothing is proposed",
            json,
        )
    }
}

/// A relation that changed, with how strong it was and is.
fn related(relation: &Value) -> String {
    let strength = |name: &str| {
        relation[name].as_f64().map_or_else(|| "?".to_owned(), |strength| format!("{strength:.2}"))
    };
    let (from, to) = (line(&field(relation, "from"), TEXT), line(&field(relation, "to"), TEXT));
    let (kind, change) = (field(relation, "kind"), field(relation, "change"));
    format!("  {change:12} {from} {kind} {to}, {} > {}", strength("then"), strength("later"))
}

fn said(value: &Value) -> String {
    line(value.as_str().unwrap_or_default(), usize::MAX)
}
