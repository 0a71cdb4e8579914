//! `striatum agent judge`, overrides, learning requests, the vault.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::client;
use crate::command::client::encoded;
use crate::command::document::{given, print, word};
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// What the Four Laws say of an action; exit status 1 where it is refused.
#[derive(Args)]
pub(super) struct Judge {
    /// What the action says or does.
    content: String,
    /// What is known around it, in JSON: {"is_user_order": true}.
    #[arg(long, default_value = "{}")]
    context: String,
    #[command(flatten)]
    server: ServerFlags,
}

/// A list.
#[derive(Args)]
pub(super) struct Plain {
    #[command(flatten)]
    server: ServerFlags,
}

/// Lift something for a while.
#[derive(Args)]
pub(super) struct Lift {
    /// What is lifted.
    kind: Kind,
    /// For how long, 1 to 3600 seconds.
    #[arg(long)]
    seconds: u64,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// What content says against the Second and the Third Law.
    ContentFilter,
    /// How many learning requests an hour may be made.
    RateLimiting,
    /// The Second and the Third Law.
    FourLaws,
}

/// Ask to learn something.
#[derive(Args)]
pub(super) struct Request {
    /// What about, in a few words.
    topic: String,
    /// What is to be learned.
    description: String,
    /// How urgent it is.
    #[arg(long, default_value = "medium", value_parser = ["low", "medium", "high"])]
    priority: String,
    #[command(flatten)]
    server: ServerFlags,
}

/// List learning requests.
#[derive(Args)]
pub(super) struct Requests {
    /// Only those of a status.
    #[arg(long, value_parser = ["pending", "approved", "denied"])]
    status: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

/// Decide a learning request.
#[derive(Args)]
pub(super) struct Decide {
    /// The request.
    id: String,
    /// What is answered, or why.
    because: String,
    #[command(flatten)]
    server: ServerFlags,
}

impl Judge {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let context = given("--context", &self.context)?;
        let body = json!({ "content": self.content, "context": context });
        let verdict = client(&self.server).send("POST", "/v1/laws/judge", &body)?;
        print(&verdict, json);
        Ok(if verdict["permitted"] == true { Outcome::Done } else { Outcome::No })
    }
}

impl Plain {
    pub(super) fn list(self, path: &str, of: &str, json: bool) -> Result<Outcome> {
        let answer = client(&self.server).get(path, &[])?;
        if json {
            print(&answer, json);
            return Ok(Outcome::Done);
        }
        for one in answer[of].as_array().into_iter().flatten() {
            print(one, json);
            println!();
        }
        Ok(Outcome::Done)
    }
}

impl Lift {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let kind = match self.kind {
            Kind::ContentFilter => "content_filter",
            Kind::RateLimiting => "rate_limiting",
            Kind::FourLaws => "four_laws",
        };
        let body = json!({ "kind": kind, "seconds": self.seconds, "reason": self.reason });
        print(&client(&self.server).send("POST", "/v1/overrides", &body)?, json);
        Ok(Outcome::Done)
    }
}

impl Request {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let body = json!({
            "topic": self.topic, "description": self.description, "priority": self.priority,
        });
        print(&client(&self.server).send("POST", "/v1/learning/requests", &body)?, json);
        Ok(Outcome::Done)
    }
}

impl Requests {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let query: Vec<(&str, &str)> = self.status.iter().map(|s| ("status", &s[..])).collect();
        let answer = client(&self.server).get("/v1/learning/requests", &query)?;
        if json {
            print(&answer, json);
            return Ok(Outcome::Done);
        }
        let row = |one: &Value| {
            ["id", "status", "priority", "topic", "created_at"]
                .map(|name| word(&one[name]))
                .to_vec()
        };
        let rows: Vec<_> = answer["requests"].as_array().into_iter().flatten().map(row).collect();
        print!("{}", draw::table(&["name", "status", "priority", "topic", "made"], &rows));
        Ok(Outcome::Done)
    }
}

impl Decide {
    pub(super) fn run(self, (how, why): (&str, &str), json: bool) -> Result<Outcome> {
        let path = format!("/v1/learning/requests/{}/{how}", encoded(&self.id));
        let body = json!({ why: self.because });
        print(&client(&self.server).send("POST", &path, &body)?, json);
        Ok(Outcome::Done)
    }
}
