//! `striatum memory intend`, `intentions`, `resume`, `complete`, `abandon`, `claim`, `claims`,
//! `verify`, `calibration`: what is meant, what is claimed, and how that ended.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{ScopeFlags, day, field, line, results};
use crate::command::client::Client;
use crate::watched::ServerFlags;
use crate::{Outcome, draw};

/// Characters of a text in a table.
const TEXT: usize = 72;
/// Characters of a full bar of a calibration.
const BAR: usize = 30;

/// Remember what somebody means to do.
#[derive(Args)]
pub(super) struct Intend {
    /// What is meant, as one statement.
    text: String,
    /// By when: RFC 3339, or a date.
    #[arg(long, value_name = "TIME")]
    due: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// List intentions, the newest first.
#[derive(Args)]
pub(super) struct Intentions {
    /// open, completed or abandoned [default: all].
    #[arg(long)]
    state: Option<String>,
    /// How many at most, 1 to 1000.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// Open intentions that what is said touches, and those that are due.
#[derive(Args)]
pub(super) struct Resume {
    /// What is said.
    message: String,
    /// The least share of an intention that must be named, 0 to 1 [default: 0.3].
    #[arg(long)]
    threshold: Option<f32>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// End an open intention.
#[derive(Args)]
pub(super) struct End {
    /// The intention.
    id: String,
    /// What came of it, or why it was given up.
    #[arg(long)]
    outcome: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

/// Remember a claim, and how probable it is held to be.
#[derive(Args)]
pub(super) struct Claim {
    /// What is claimed, as one statement.
    text: String,
    /// How probable it is held to be, 0 to 1.
    #[arg(long)]
    confidence: f64,
    /// What it is about, to judge by.
    #[arg(long)]
    subject: Option<String>,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// List claims, the newest first.
#[derive(Args)]
pub(super) struct Claims {
    /// unverified, true or false [default: all].
    #[arg(long)]
    state: Option<String>,
    /// Claims about this only.
    #[arg(long)]
    subject: Option<String>,
    /// How many at most, 1 to 1000.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

/// Tell how a claim turned out.
#[derive(Args)]
pub(super) struct Verify {
    /// The claim.
    id: String,
    /// true or false.
    #[arg(action = clap::ArgAction::Set)]
    truth: bool,
    /// By what.
    #[arg(long)]
    evidence: Option<String>,
    #[command(flatten)]
    server: ServerFlags,
}

/// How far claims can be believed: confidences against how they turned out.
#[derive(Args)]
pub(super) struct Calibration {
    /// Claims about this only.
    #[arg(long)]
    subject: Option<String>,
    /// Bins of confidence, 1 to 100.
    #[arg(long, default_value_t = 10)]
    bins: usize,
    #[command(flatten)]
    scope: ScopeFlags,
    #[command(flatten)]
    server: ServerFlags,
}

impl Intend {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "text": self.text });
        if let Some(due) = self.due {
            request["due_at"] = due.into();
        }
        stored(&self.server, &self.scope, "/v1/intentions", request, json)
    }
}

impl Claim {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "text": self.text, "confidence": self.confidence });
        if let Some(subject) = self.subject {
            request["subject"] = subject.into();
        }
        stored(&self.server, &self.scope, "/v1/claims", request, json)
    }
}

/// Sends what is to be remembered and tells its name.
fn stored(
    server: &ServerFlags,
    scope: &ScopeFlags,
    path: &str,
    mut request: Value,
    json: bool,
) -> Result<Outcome> {
    scope.fill(&mut request);
    let answer = Client::of(server).send("POST", path, &request)?;
    if json {
        println!("{answer:#}");
    } else {
        println!("{}  {}", field(&answer, "id"), field(&answer, "outcome"));
    }
    let held = answer["outcome"] == "quarantined";
    Ok(if held { Outcome::No } else { Outcome::Done })
}

impl Intentions {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let asked = [("state", &self.state)];
        let list = listed(&self.server, &self.scope, "/v1/intentions", &asked, self.limit)?;
        let row = |one: &Value| {
            let about = &one["intention"];
            vec![
                field(one, "id"),
                field(about, "state"),
                day(about, "due_at"),
                line(&field(one, "memory"), TEXT),
                line(&field(about, "outcome"), TEXT),
            ]
        };
        shown(&list, &["id", "state", "due", "intention", "outcome"], row, json)
    }
}

impl Claims {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let asked = [("state", &self.state), ("subject", &self.subject)];
        let list = listed(&self.server, &self.scope, "/v1/claims", &asked, self.limit)?;
        let row = |one: &Value| {
            let about = &one["claim"];
            vec![
                field(one, "id"),
                field(about, "state"),
                field(about, "confidence"),
                field(about, "subject"),
                line(&field(one, "memory"), TEXT),
            ]
        };
        shown(&list, &["id", "state", "confidence", "subject", "claim"], row, json)
    }
}

fn listed(
    server: &ServerFlags,
    scope: &ScopeFlags,
    path: &str,
    asked: &[(&'static str, &Option<String>)],
    limit: usize,
) -> Result<Value> {
    let limit = limit.to_string();
    let mut query = scope.pairs();
    query.extend(asked.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
    query.push(("limit", &limit));
    Client::of(server).get(path, &query)
}

fn shown(
    list: &Value,
    head: &[&str],
    row: impl Fn(&Value) -> Vec<String>,
    json: bool,
) -> Result<Outcome> {
    if json {
        println!("{list:#}");
        return Ok(Outcome::Done);
    }
    let rows: Vec<_> = results(list).iter().map(row).collect();
    print!("{}", draw::table(head, &rows));
    if let Some(total) = list["total"].as_u64() {
        println!("{} of {total}", rows.len());
    }
    Ok(Outcome::Done)
}

impl Resume {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let mut request = json!({ "message": self.message });
        self.scope.fill(&mut request);
        if let Some(threshold) = self.threshold {
            request["threshold"] = threshold.into();
        }
        let answer = Client::of(&self.server).send("POST", "/v1/intentions/resume", &request)?;
        let any = !results(&answer).is_empty();
        let row = |one: &Value| {
            let words = one["words"].as_array().map_or(&[] as &[Value], Vec::as_slice);
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            let due = if one["due"] == true { "due" } else { "" };
            vec![
                format!("{:.2}", one["score"].as_f64().unwrap_or(0.0)),
                due.to_owned(),
                field(one, "id"),
                line(&field(one, "memory"), TEXT),
                line(&words.join(", "), TEXT),
            ]
        };
        if any || json {
            shown(&answer, &["score", "due", "id", "intention", "words"], row, json)?;
        } else {
            println!("no open intention is touched");
        }
        Ok(if any { Outcome::Done } else { Outcome::No })
    }
}

impl End {
    /// As `complete` or `abandon`.
    pub(super) fn run(self, how: &str, json: bool) -> Result<Outcome> {
        let request = json!({ "outcome": self.outcome });
        let path = of("/v1/intentions", &self.id, how)?;
        let ended = Client::of(&self.server).send("POST", &path, &request)?;
        told(&ended, &ended["intention"], json)
    }
}

impl Verify {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let request = json!({ "truth": self.truth, "evidence": self.evidence });
        let path = of("/v1/claims", &self.id, "verify")?;
        let verified = Client::of(&self.server).send("POST", &path, &request)?;
        told(&verified, &verified["claim"], json)
    }
}

/// The path of what is done with an intention or a claim.
fn of(room: &str, id: &str, what: &str) -> Result<String> {
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        bail!("{id:?} names no memory, expected a UUID");
    }
    Ok(format!("{room}/{id}/{what}"))
}

fn told(memory: &Value, about: &Value, json: bool) -> Result<Outcome> {
    if json {
        println!("{memory:#}");
    } else {
        println!("{}  {}", field(about, "state"), line(&field(memory, "memory"), TEXT));
    }
    Ok(Outcome::Done)
}

impl Calibration {
    pub(super) fn run(self, json: bool) -> Result<Outcome> {
        let bins = self.bins.to_string();
        let mut query = self.scope.pairs();
        query.push(("bins", &bins));
        query.extend(self.subject.as_deref().map(|subject| ("subject", subject)));
        let judged = Client::of(&self.server).get("/v1/claims/calibration", &query)?;
        if json {
            println!("{judged:#}");
        } else {
            print!("{}", picture(&judged));
        }
        Ok(if judged["n"] == 0 { Outcome::No } else { Outcome::Done })
    }
}

/// The figures, and of each bin how sure the claims were beside how many were true.
fn picture(judged: &Value) -> String {
    let number = |of: &Value, name: &str| {
        of[name].as_f64().map_or_else(|| "-".to_owned(), |figure| format!("{figure:.3}"))
    };
    let mut text = format!(
        "{} claims turned out, {} are unverified\n",
        field(judged, "n"),
        field(judged, "unverified")
    );
    for name in ["brier", "expected_error", "maximum_error", "overconfidence"] {
        text.push_str(&format!("{name:15} {:>7}\n", number(judged, name)));
    }
    let row = |bin: &Value| {
        let bar = |name: &str, mark: &str| {
            mark.repeat((bin[name].as_f64().unwrap_or(0.0) * BAR as f64).round() as usize)
        };
        vec![
            format!("{} to {}", number(bin, "from"), number(bin, "to")),
            field(bin, "n"),
            number(bin, "mean_confidence"),
            number(bin, "truth_rate"),
            bar("truth_rate", "#"),
        ]
    };
    let bins = judged["bins"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    if !bins.is_empty() {
        let rows: Vec<_> = bins.iter().map(row).collect();
        text.push_str(&draw::table(&["confidence", "n", "said", "true", ""], &rows));
    }
    let subject = |one: &Value| {
        vec![
            line(&field(one, "subject"), TEXT),
            field(one, "n"),
            number(one, "brier"),
            number(one, "expected_error"),
            number(one, "overconfidence"),
        ]
    };
    let subjects = judged["by_subject"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    if !subjects.is_empty() {
        let rows: Vec<_> = subjects.iter().map(subject).collect();
        text.push_str(&draw::table(&["subject", "n", "brier", "error", "over"], &rows));
    }
    text
}
