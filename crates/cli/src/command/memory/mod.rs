//! `striatum memory`: what a running server remembers, and how well a memory finds.

mod allocate;
mod belief;
mod branch;
mod carry;
mod collection;
mod contradiction;
mod entity;
mod eval;
mod fact;
mod find;
mod graph;
mod happened;
mod judge;
mod lines;
mod look;
mod mean;
mod place;
mod reason;
mod reflect;
mod relation;
mod think;
mod write;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::command::client::Client;
use crate::{Outcome, draw};

/// Remember, find, change and forget through a running server; measure how well a memory finds.
///
/// Everything but eval goes over HTTP, as the tenant of the key.
#[derive(Args)]
pub(crate) struct Memory {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Remember a text, or the memories of a file.
    Store(write::Store),
    /// Find memories by words, vectors and activation.
    Search(find::Search),
    /// Show a memory.
    Get(look::Get),
    /// List memories, the newest first.
    List(look::List),
    /// Change a memory; what is not given stays.
    Update(write::Update),
    /// Delete memories; they can be had back for a while.
    Delete(write::Delete),
    /// Have a deleted memory back.
    Restore(write::Restore),
    /// What happened to a memory.
    History(look::History),
    /// Let a memory in that was held back, or keep it out.
    Review(judge::Review),
    /// Judge a memory.
    Feedback(judge::Feedback),
    /// What a message brings up, as text for a language model.
    Recall(find::Recall),
    /// What comes to mind with entities, or with those that a question names.
    Activate(find::Activate),
    /// Learn memories, decisions, code and concepts from what was said.
    Learn(reflect::Said),
    /// What a message brings up, then learns from it and its answer.
    Turn(reflect::Turn),
    /// Remember what somebody means to do.
    Intend(mean::Intend),
    /// List intentions, the newest first.
    Intentions(mean::Intentions),
    /// Open intentions that what is said touches, and those that are due.
    Resume(mean::Resume),
    /// End an open intention: it was done.
    Complete(mean::End),
    /// End an open intention: it was given up.
    Abandon(mean::End),
    /// Remember a claim, and how probable it is held to be.
    Claim(mean::Claim),
    /// List claims, the newest first.
    Claims(mean::Claims),
    /// Tell how a claim turned out.
    Verify(mean::Verify),
    /// How far claims can be believed: confidences against how they turned out.
    Calibration(mean::Calibration),
    /// How something was thought about at one time, and at a later one.
    Thinking(reflect::Thinking),
    /// What a time brought: new, stronger, contradicted, wrong, waiting.
    Insights(reflect::Insights),
    /// Walk at random over relations, and propose some that are missing.
    Dream(reflect::Dream),
    /// Entities that may belong together and are not related, with why.
    Connections(reflect::Connections),
    /// Record a pattern of thinking, or that it was seen once more.
    Pattern(think::Pattern),
    /// List recorded patterns of thinking, the newest first.
    Patterns(think::Patterns),
    /// Sequences of what was done that come again more often than by chance.
    Detect(think::Detect),
    /// Patterns by kind, and what each period brought, in numbers.
    Profile(think::Profile),
    /// Concepts that come together so often that they are one.
    Compounds(think::Compounds),
    /// Mark this time by a name, to be compared later.
    Snapshot(think::Snapshot),
    /// List snapshots, the newest first.
    Snapshots(think::Snapshots),
    /// What two snapshots have otherwise.
    Compare(think::Compare),
    /// Whom and what a tenant knows.
    Entity(entity::Entity),
    /// What belongs together, and how strongly.
    Relation(relation::Relation),
    /// What is said of entities.
    Fact(fact::Fact),
    /// Facts, as they were true and as they were known.
    Facts(look::Facts),
    /// What facts rest on, what would hold otherwise, and changes of mind.
    Belief(belief::Belief),
    /// Facts that cannot both be true, and which of them stands.
    Contradiction(contradiction::Contradiction),
    /// Lines of knowledge that are made, compared, split and merged.
    Branch(branch::Branch),
    /// What follows, may generally hold, would explain or is alike, each with its proof.
    Reason(reason::Reason),
    /// Analyse the graph of entities and what joins them.
    Graph(graph::Graph),
    /// How much is remembered.
    Stats(look::Stats),
    /// Which column a memory would go to, and what votes for it.
    Allocate(allocate::Allocate),
    /// Collections of vectors.
    Collection(collection::Collection),
    /// The load of the columns of a collection, as a picture.
    Columns(look::Columns),
    /// Write everything that is remembered into a file.
    Export(carry::Export),
    /// Take in a file that an export wrote.
    Import(carry::Import),
    /// Remove everything that a tenant remembers and knows, for good.
    Reset(carry::Reset),
    /// Measure how well a memory finds, on questions whose answers are known.
    Eval(eval::Eval),
}

/// Whose memories.
#[derive(Args, Clone, Default)]
struct ScopeFlags {
    /// Whose: a user of the application.
    #[arg(long)]
    user: Option<String>,
    /// Whose: an agent of the application.
    #[arg(long)]
    agent: Option<String>,
    /// Whose: a run, a conversation.
    #[arg(long)]
    run: Option<String>,
}

/// What a question follows.
#[derive(Args)]
struct AttentionFlags {
    /// The conversation it belongs to: what its last questions found primes this one.
    #[arg(long, value_name = "NAME")]
    attention: Option<String>,
}

impl AttentionFlags {
    fn fill(&self, request: &mut Value) {
        if let Some(name) = &self.attention {
            request["attention"] = name.as_str().into();
        }
    }
}

impl Memory {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        match self.command {
            Command::Store(c) => c.run(json),
            Command::Search(c) => c.run(json),
            Command::Get(c) => c.run(json),
            Command::List(c) => c.run(json),
            Command::Update(c) => c.run(json),
            Command::Delete(c) => c.run(json),
            Command::Restore(c) => c.run(json),
            Command::History(c) => c.run(json),
            Command::Review(c) => c.run(json),
            Command::Feedback(c) => c.run(json),
            Command::Recall(c) => c.run(json),
            Command::Activate(c) => c.run(json),
            Command::Learn(c) => c.learn(json),
            Command::Turn(c) => c.run(json),
            Command::Intend(c) => c.run(json),
            Command::Intentions(c) => c.run(json),
            Command::Resume(c) => c.run(json),
            Command::Complete(c) => c.run("complete", json),
            Command::Abandon(c) => c.run("abandon", json),
            Command::Claim(c) => c.run(json),
            Command::Claims(c) => c.run(json),
            Command::Verify(c) => c.run(json),
            Command::Calibration(c) => c.run(json),
            Command::Thinking(c) => c.run(json),
            Command::Insights(c) => c.run(json),
            Command::Dream(c) => c.run(json),
            Command::Connections(c) => c.run(json),
            Command::Pattern(c) => c.run(json),
            Command::Patterns(c) => c.run(json),
            Command::Detect(c) => c.run(json),
            Command::Profile(c) => c.run(json),
            Command::Compounds(c) => c.run(json),
            Command::Snapshot(c) => c.run(json),
            Command::Snapshots(c) => c.run(json),
            Command::Compare(c) => c.run(json),
            Command::Entity(c) => c.run(json),
            Command::Relation(c) => c.run(json),
            Command::Fact(c) => c.run(json),
            Command::Facts(c) => c.run(json),
            Command::Belief(c) => c.run(json),
            Command::Contradiction(c) => c.run(json),
            Command::Branch(c) => c.run(json),
            Command::Reason(c) => c.run(json),
            Command::Graph(c) => c.run(json),
            Command::Stats(c) => c.run(json),
            Command::Allocate(c) => c.run(json),
            Command::Collection(c) => c.run(json),
            Command::Columns(c) => c.run(json),
            Command::Export(c) => c.run(json),
            Command::Import(c) => c.run(json),
            Command::Reset(c) => c.run(json),
            Command::Eval(c) => c.run(json),
        }
    }
}

impl ScopeFlags {
    /// As the names and values of a query.
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [("user_id", &self.user), ("agent_id", &self.agent), ("run_id", &self.run)];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }

    /// Into a document that does not say so itself.
    fn fill(&self, document: &mut Value) {
        for (name, value) in self.pairs() {
            if document[name].is_null() {
                document[name] = value.into();
            }
        }
    }
}

/// JSON of the command line.
fn given(what: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).with_context(|| format!("{what}: expected JSON"))
}

/// Text of others as a terminal may have it: no control characters but line ends.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// A text on one line, cut where it is longer than `room` characters.
fn line(text: &str, room: usize) -> String {
    let text: Vec<String> = text.split_whitespace().map(plain).collect();
    let text = text.join(" ");
    if text.chars().count() <= room {
        return text;
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

/// A field as text; empty where there is none.
fn field(document: &Value, name: &str) -> String {
    match &document[name] {
        Value::Null => String::new(),
        Value::String(text) => line(text, usize::MAX),
        other => line(&other.to_string(), usize::MAX),
    }
}

/// The day, or the minute, of a time in RFC 3339.
fn day(document: &Value, name: &str) -> String {
    field(document, name).chars().take(10).collect()
}

/// A list of an answer.
fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[], Vec::as_slice)
}

/// Shows the results of an answer as a table, or says what there is where there is none.
fn listed(
    answer: &Value,
    head: &[&str],
    row: impl Fn(&Value) -> Vec<String>,
    nothing: &str,
    json: bool,
) -> Result<Outcome> {
    let any = !results(answer).is_empty();
    if json {
        println!("{answer:#}");
    } else if any {
        print!("{}", draw::table(head, &results(answer).iter().map(row).collect::<Vec<_>>()));
    } else {
        println!("{nothing}");
    }
    Ok(if any { Outcome::Done } else { Outcome::No })
}

/// The results of page after page, at most `limit` of them, as one answer.
fn paged(client: &Client, path: &str, query: &[(&str, &str)], limit: usize) -> Result<Value> {
    /// The most that one page may have.
    const PAGE: usize = 1000;
    let mut all: Vec<Value> = Vec::new();
    let mut after: Option<String> = None;
    while all.len() < limit {
        let n = (limit - all.len()).clamp(1, PAGE).to_string();
        let mut query = query.to_vec();
        query.push(("limit", &n));
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page = client.get(path, &query)?;
        all.extend_from_slice(results(&page));
        match &page["next"] {
            Value::Null => break,
            next => after = Some(next.as_str().map_or_else(|| next.to_string(), str::to_owned)),
        }
    }
    Ok(json!({ "results": all }))
}

/// The results of an answer.
fn results(answer: &Value) -> &[Value] {
    answer["results"].as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::{line, plain};

    #[test]
    fn text_of_others_moves_no_cursor_and_stays_on_its_line() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a [2Jb\nc");
        assert_eq!(line("one\n two\u{7} three", 80), "one two  three");
        assert_eq!(line("abcdef", 4), "abc…");
    }
}
