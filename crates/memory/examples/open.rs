//! How long opening a memory takes and searching in it, alone and with other callers: `cargo run --release -p memory --example open -- [ITEMS] [FOLDER]`.
//!
//! A folder that holds a memory is opened as it is; an empty one, or a temporary one where none is
//! given, is filled first with sentences of made-up words and names.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example measures and prints"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use memory::{By, Config, Memory, New, Query, Scope, Time};
use store::{Store, TenantId};
use text::Encoder;
use tokio::task::JoinSet;

const NOW: Time = 1_795_000_000_000_000;
/// Writers at once.
const TOGETHER: usize = 1000;
/// Openings that are measured.
const ROUNDS: usize = 7;
/// Callers at once.
const CALLERS: usize = 8;
/// Questions that are asked.
const QUESTIONS: u64 = 1000;
const SYLLABLES: [&str; 16] = [
    "ka", "lo", "mi", "ren", "tas", "vo", "shi", "den", "bar", "ul", "fen", "go", "pri", "sam",
    "nor", "ex",
];
const NAMES: [&str; 8] = ["Ada", "Boris", "Chen", "Dalia", "Emeka", "Freya", "Goran", "Hana"];

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let n: usize = arguments.next().map_or(100_000, |n| n.parse().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let folder = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let store = Store::sqlite(&folder).unwrap();
    let encoder = Arc::new(Encoder::default());
    let opened = async || {
        let tenant = store.tenant(&TenantId::parse("measured").unwrap());
        Memory::open(tenant, Config::default(), Arc::clone(&encoder), drawn).await.unwrap()
    };
    let memory = opened().await;
    if memory.stats().unwrap().active == 0 {
        fill(&memory, n).await;
    }
    println!("items     {}", memory.stats().unwrap().active);
    memory.keep_layouts().await.unwrap();
    let query = Query { reinforce: false, ..Query::new(&sentence(7)) };
    let before = names(&memory, &query);
    drop(memory);
    let mut seconds: Vec<f64> = Vec::new();
    for _ in 0..ROUNDS {
        let since = Instant::now();
        let memory = opened().await;
        seconds.push(since.elapsed().as_secs_f64());
        assert_eq!(names(&memory, &query).first(), before.first(), "it finds the same");
    }
    seconds.sort_by(f64::total_cmp);
    println!("opened    median {:.3} s, least {:.3} s", seconds[ROUNDS / 2], seconds[0]);
    let memory = opened().await;
    let user = Scope { user_id: Some("u7".into()), ..Scope::default() };
    for (name, scope, ends) in [
        ("all", Scope::default(), ""),
        ("one user", user, ""),
        ("a day", Scope::default(), " on 18 November 2026"),
        ("misspelt", Scope::default(), " kalomizen"),
    ] {
        searched(&memory, name, &scope, ends);
    }
    for callers in [1, 2, CALLERS] {
        together(&memory, callers);
    }
}

/// Callers that each ask one question after the other, as those of the server do.
fn together(memory: &Memory, callers: usize) {
    let asked = &|caller: usize| {
        let ask = |k: u64| {
            let text = question(k * 97 + caller as u64, "");
            let since = Instant::now();
            memory.search(&Query::new(&text), NOW).unwrap();
            since.elapsed().as_secs_f64()
        };
        (0..QUESTIONS).map(ask).collect::<Vec<f64>>()
    };
    let since = Instant::now();
    let mut seconds: Vec<f64> = std::thread::scope(|threads| {
        let asking: Vec<_> = (0..callers).map(|n| threads.spawn(move || asked(n))).collect();
        asking.into_iter().flat_map(|asking| asking.join().unwrap()).collect()
    });
    let rate = seconds.len() as f64 / since.elapsed().as_secs_f64();
    seconds.sort_by(f64::total_cmp);
    let ms = |share: f64| seconds[(seconds.len() as f64 * share) as usize] * 1e3;
    let (half, most) = (ms(0.5), ms(0.99));
    println!(
        "together  {callers} callers {rate:.0} each second, p50 {half:.3} ms, p99 {most:.3} ms"
    );
}

/// A question of some words of a sentence.
fn question(k: u64, ends: &str) -> String {
    let sentence = sentence(k);
    let words: Vec<&str> = sentence.split(' ').take(7).collect();
    format!("What did {} do with the {}{ends}?", words[0], words[1..].join(" "))
}

/// Asks [`QUESTIONS`] questions of some words of a sentence.
fn searched(memory: &Memory, name: &str, scope: &Scope, ends: &str) {
    let mut seconds = Vec::new();
    for k in 0..QUESTIONS {
        let text = question(k * 97, ends);
        let query = Query { scope: scope.clone(), reinforce: false, ..Query::new(&text) };
        let since = Instant::now();
        let found = memory.search(&query, NOW).unwrap();
        seconds.push(since.elapsed().as_secs_f64());
        assert!(!found.hits.is_empty());
    }
    seconds.sort_by(f64::total_cmp);
    let ms = |share: f64| seconds[(seconds.len() as f64 * share) as usize] * 1e3;
    println!("searched  {name:<9} p50 {:.3} ms, p99 {:.3} ms", ms(0.5), ms(0.99));
}

async fn fill(memory: &Memory, n: usize) {
    let since = Instant::now();
    for from in (0..n).step_by(TOGETHER) {
        let mut storing = JoinSet::new();
        for k in from..(from + TOGETHER).min(n) {
            let memory = memory.clone();
            storing.spawn(async move {
                let scope = Scope { user_id: Some(format!("u{}", k % 100)), ..Scope::default() };
                let new = New { text: sentence(k as u64), scope, ..New::default() };
                let by = By { actor: "ada".into(), now: NOW + k as i64 };
                memory.store(new, &by).await.unwrap();
            });
        }
        storing.join_all().await;
    }
    println!("filled    {n} in {:.1} s", since.elapsed().as_secs_f64());
}

fn names(memory: &Memory, query: &Query) -> Vec<String> {
    let found = memory.search(query, NOW).unwrap();
    found.hits.iter().map(|hit| hit.item.id.to_string()).collect()
}

/// Sentence `k`: a name and eight to twenty words, few of them frequent and many rare.
fn sentence(k: u64) -> String {
    let mut state = k.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 16
    };
    let mut text = NAMES[draw() as usize % NAMES.len()].to_owned();
    for _ in 0..8 + draw() % 13 {
        let share = (draw() % 10_000) as f64 / 10_000.0;
        text.push(' ');
        text.push_str(&word((share.powi(3) * 20_000.0) as usize));
    }
    text
}

fn word(k: usize) -> String {
    let n = SYLLABLES.len();
    [k % n, k / n % n, k / n / n % n, k / n / n / n % n].map(|k| SYLLABLES[k]).concat()
}

/// Bytes that differ each time.
fn drawn() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}
