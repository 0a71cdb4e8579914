//! How well a memory finds what was said, by ranking: `cargo run --release -p memory --example
//! quality -- [tune | held | FILE.jsonl] ...`. A file has the lines of `striatum memory eval`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example measures and prints"
)]

#[path = "../tests/it/dialogue.rs"]
mod dialogue;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dialogue::{Dialogue, Half, Question, Turn};
use memory::evaluate::{Asked, scores};
use memory::{By, Config, Memory, New, Query, Scope, Weights};
use serde_json::Value;
use store::{Store, TenantId};
use text::Encoder;

const BEGINS: i64 = 1_767_225_600_000_000;
/// What was wanted and what was found.
type Answered = (Vec<String>, Vec<String>);
const DEPTH: usize = 100;
const RANKINGS: [(&str, [f32; 3]); 6] = [
    ("default", [-1.0, 0.0, 0.0]),
    ("words", [1.0, 0.0, 0.0]),
    ("vectors", [0.0, 1.0, 0.0]),
    ("words, vectors", [1.0, 1.0, 0.0]),
    ("words, graph", [1.0, 0.0, 0.1]),
    ("graph", [0.0, 0.0, 1.0]),
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let by_category = arguments.iter().any(|a| a == "-v");
    let misses = arguments.iter().any(|a| a == "-m");
    let further = arguments.iter().any(|a| a == "-f");
    let brief = arguments.iter().any(|a| a == "-b");
    arguments.retain(|a| !a.starts_with('-'));
    for argument in &arguments {
        let case = match argument.as_str() {
            "tune" => dialogue::dialogue(Half::Tune),
            "held" => dialogue::dialogue(Half::Held),
            file => read(&std::fs::read_to_string(file).unwrap()),
        };
        let asked = case.questions.iter().filter(|q| !q.answers.is_empty()).count();
        println!("{argument}: {} memories, {asked} questions", case.turns.len());
        let (memory, ids) = stored(&case).await;
        if further {
            asked_on(&case, &memory, &ids);
            continue;
        }
        for (name, weights) in RANKINGS.iter().take(if brief { 1 } else { 9 }) {
            let [text, vector, graph] = *weights;
            let weights =
                if text < 0.0 { Weights::default() } else { Weights { text, vector, graph } };
            judge(
                &case,
                &memory,
                &ids,
                name,
                weights,
                (by_category && text < 0.0, misses && text < 0.0),
            );
        }
    }
}

fn judge(
    case: &Dialogue,
    memory: &Memory,
    ids: &[String],
    name: &str,
    weights: Weights,
    (by_category, misses): (bool, bool),
) {
    let now = case.turns.iter().map(|t| t.at).max().unwrap();
    let mut by: BTreeMap<String, Vec<Answered>> = BTreeMap::new();
    let (mut some, mut none) = (Vec::new(), Vec::new());
    let mut rights = Vec::new();
    for question in &case.questions {
        let scope = scope(&question.pair);
        let reinforce = false;
        let query = Query { scope, weights, reinforce, limit: DEPTH, ..Query::new(&question.text) };
        let hits = memory.search(&query, now).unwrap().hits;
        let top = hits.first().map_or(0.0, |hit| hit.score);
        let found: Vec<String> = hits.iter().map(|hit| hit.item.id.to_string()).collect();
        let wanted: Vec<String> = question.answers.iter().map(|k| ids[*k].clone()).collect();
        if wanted.is_empty() {
            none.push(top);
            continue;
        }
        if misses && !found.iter().take(10).any(|f| wanted.contains(f)) {
            println!("    missed [{}] {}", question.category, question.text);
        }
        rights.push((wanted.contains(found.first().unwrap_or(&String::new())), top));
        some.push(top);
        by.entry(question.category.clone()).or_default().push((wanted.clone(), found.clone()));
        by.entry(String::new()).or_default().push((wanted, found));
    }
    for (category, asked) in by {
        if !category.is_empty() && !by_category {
            continue;
        }
        let asked: Vec<Asked<'_>> =
            asked.iter().map(|(w, f)| Asked { wanted: w, found: f }).collect();
        let s = scores(&asked, &[1, 5, 10]);
        let any: Vec<String> = s.at.iter().map(|at| format!("{:.3}", at.any_hit)).collect();
        let recall: Vec<String> = s.at.iter().map(|at| format!("{:.3}", at.recall)).collect();
        let label = if category.is_empty() { name.to_owned() } else { format!("  {category}") };
        println!(
            "  {label:<16} {:>5}  any@1,5,10 {}  recall {}  MRR {:.3}",
            s.questions,
            any.join(" "),
            recall.join(" "),
            s.mean_reciprocal_rank
        );
    }
    let above = none.iter().flat_map(|n| some.iter().map(move |s| f64::from(u8::from(s > n))));
    let auc = above.sum::<f64>() / (none.len() * some.len()).max(1) as f64;
    let (right, wrong): (Vec<_>, Vec<_>) = rights.into_iter().partition(|(right, _)| *right);
    let mean = |of: &[(bool, f32)]| of.iter().map(|(_, s)| s).sum::<f32>() / of.len().max(1) as f32;
    println!(
        "    score: nothing {:.3}, something {:.3}, auc {auc:.3}; first right {:.3}, wrong {:.3}",
        none.iter().sum::<f32>() / none.len().max(1) as f32,
        some.iter().sum::<f32>() / some.len().max(1) as f32,
        mean(&right),
        mean(&wrong),
    );
}

/// Questions after others: about the same, nobody named any more, or about something else.
fn asked_on(case: &Dialogue, memory: &Memory, ids: &[String]) {
    let now = case.turns.iter().map(|t| t.at).max().unwrap();
    let ask = |text: &str, pair: &str, attention: Option<&str>| {
        let (scope, attention) = (scope(pair), attention.map(str::to_owned));
        let query = Query { scope, attention, reinforce: false, limit: 10, ..Query::new(text) };
        let hits = memory.search(&query, now).unwrap().hits;
        hits.iter().map(|hit| hit.item.id.to_string()).collect::<Vec<_>>()
    };
    let asked: Vec<_> = case.questions.iter().filter(|q| q.further.is_some()).collect();
    let mut by: BTreeMap<&str, Vec<Answered>> = BTreeMap::new();
    for (k, question) in asked.iter().enumerate() {
        let wanted: Vec<String> = question.answers.iter().map(|k| ids[*k].clone()).collect();
        let further = question.further.as_deref().unwrap();
        let mut tell = |what, found| by.entry(what).or_default().push((wanted.clone(), found));
        let before = |other: &&&Question| other.pair == question.pair;
        if let Some(first) = asked[..k].last().filter(before).filter(|q| q.topic == question.topic)
        {
            tell("the same, by itself", ask(further, &question.pair, None));
            let name = format!("same {k}");
            ask(&first.text, &question.pair, Some(&name));
            tell("the same, attended", ask(further, &question.pair, Some(&name)));
        }
        let other = asked.iter().cycle().skip(k + 7).filter(before);
        let other = other.take(asked.len()).find(|q| q.topic != question.topic).unwrap();
        tell("another, by itself", ask(&question.text, &question.pair, None));
        let name = format!("other {k}");
        ask(&other.text, &question.pair, Some(&name));
        tell("another, attended", ask(&question.text, &question.pair, Some(&name)));
    }
    for (what, asked) in by {
        let asked: Vec<_> = asked.iter().map(|(w, f)| Asked { wanted: w, found: f }).collect();
        let s = scores(&asked, &[1, 5, 10]);
        let any: Vec<String> = s.at.iter().map(|at| format!("{:.3}", at.any_hit)).collect();
        let (any, mrr) = (any.join(" "), s.mean_reciprocal_rank);
        println!("  {what:<20} {:>5}  any@1,5,10 {any}  MRR {mrr:.3}", s.questions);
    }
}

async fn stored(case: &Dialogue) -> (Memory, Vec<String>) {
    let folder = tempfile::tempdir().unwrap().keep();
    let store = Store::sqlite(&folder).unwrap();
    let tenant = store.tenant(&TenantId::parse("measured").unwrap());
    let encoder = Arc::new(Encoder::default());
    let memory = Memory::open(tenant, Config::default(), encoder, drawn).await.unwrap();
    let mut ids = Vec::new();
    let mut waiting = tokio::task::JoinSet::new();
    for (k, turn) in case.turns.iter().enumerate() {
        let new = New { text: turn.text.clone(), scope: scope(&turn.pair), ..New::default() };
        let (memory, by) = (memory.clone(), By { actor: "eval".into(), now: turn.at });
        waiting
            .spawn(async move { (k, memory.store(new, &by).await.unwrap().item.id.to_string()) });
        // In their order, but waiting for the disk together.
        if k % 200 == 0 {
            while let Some(done) = waiting.join_next().await {
                ids.push(done.unwrap());
            }
        }
    }
    while let Some(done) = waiting.join_next().await {
        ids.push(done.unwrap());
    }
    ids.sort();
    (memory, ids.into_iter().map(|(_, id)| id).collect())
}

fn scope(user: &str) -> Scope {
    Scope { user_id: Some(user.to_owned()), ..Scope::default() }
}

fn read(text: &str) -> Dialogue {
    let mut case = Dialogue::default();
    let mut places = BTreeMap::new();
    let user = |v: &Value| v["user_id"].as_str().unwrap_or("all").to_owned();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let told = &line["memory"];
        if told.is_object() {
            let at = told["at"].as_str().and_then(memory::moment::read);
            let at = at.unwrap_or(BEGINS + case.turns.len() as i64 * 1_000_000);
            places.insert(told["id"].as_str().unwrap().to_owned(), case.turns.len());
            let text = told["text"].as_str().unwrap().to_owned();
            case.turns.push(Turn { text, at, pair: user(told) });
        } else {
            let answers = line["answers"].as_array().unwrap().iter();
            case.questions.push(Question {
                text: line["question"].as_str().unwrap().to_owned(),
                category: line["category"].as_str().unwrap_or("all").to_owned(),
                answers: answers.map(|a| places[a.as_str().unwrap()]).collect(),
                pair: user(&line),
                further: None,
                topic: None,
            });
        }
    }
    case
}

/// Bytes that differ each time.
fn drawn() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}
