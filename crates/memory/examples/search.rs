//! What one search costs: `cargo run --release -p memory --example search -- SENTENCES FOLDER [QUESTIONS]`.
//!
//! `SENTENCES` has one on each line: the first [`STORED`] are stored in `FOLDER` unless it holds a
//! memory, and the first words of those that follow are asked. Prints times, and a digest of what was
//! found, which stays as it is where a change makes searches faster and finds the same. For
//! instructions: `valgrind --tool=callgrind --collect-atstart=no --toggle-collect='search::ask' ...`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example measures and prints"
)]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use memory::{By, Config, Found, Memory, New, Query, Time};
use store::{Store, TenantId};
use text::Encoder;
use tokio::task::JoinSet;

const NOW: Time = 1_795_000_000_000_000;
/// Memories.
const STORED: usize = 100_000;
/// Words of a question.
const WORDS: usize = 12;
/// Writers at once.
const TOGETHER: usize = 1000;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let text = std::fs::read_to_string(arguments.next().unwrap()).unwrap();
    let folder = PathBuf::from(arguments.next().unwrap());
    let n: usize = arguments.next().map_or(4000, |n| n.parse().unwrap());
    let lines: Vec<&str> = text.lines().collect();
    let tenant = Store::sqlite(&folder).unwrap().tenant(&TenantId::parse("measured").unwrap());
    let encoder = Arc::new(Encoder::default());
    let memory = Memory::open(tenant, Config::default(), encoder, drawn).await.unwrap();
    if memory.stats().unwrap().active == 0 {
        fill(&memory, &lines[..STORED]).await;
        memory.keep_layouts().await.unwrap();
    }
    let first = |line: &&str| line.split_whitespace().take(WORDS).collect::<Vec<_>>().join(" ");
    let questions: Vec<Query> = lines[STORED..].iter().map(first).map(|q| Query::new(&q)).collect();
    // Automata make their states and lists come into the cache.
    questions.iter().rev().take(n).for_each(|query| drop(memory.search(query, NOW).unwrap()));
    let mut seconds = Vec::new();
    let mut digest = DefaultHasher::new();
    for query in questions.iter().take(n) {
        let since = Instant::now();
        let found = ask(&memory, query);
        seconds.push(since.elapsed().as_secs_f64());
        for hit in &found.hits {
            (&hit.item.text, hit.score.to_bits(), found.candidates).hash(&mut digest);
        }
    }
    let mean = seconds.iter().sum::<f64>() / seconds.len() as f64 * 1e6;
    seconds.sort_by(f64::total_cmp);
    let us = |share: f64| seconds[(seconds.len() as f64 * share) as usize] * 1e6;
    println!("searches  {n}, mean {mean:.0} µs, p50 {:.0} µs, p99 {:.0} µs", us(0.5), us(0.99));
    println!("found     {:016x}", digest.finish());
}

#[inline(never)]
fn ask(memory: &Memory, query: &Query) -> Found {
    memory.search(query, NOW).unwrap()
}

async fn fill(memory: &Memory, sentences: &[&str]) {
    for (batch, sentences) in sentences.chunks(TOGETHER).enumerate() {
        let mut storing = JoinSet::new();
        for (k, sentence) in sentences.iter().enumerate() {
            let (memory, text) = (memory.clone(), (*sentence).to_owned());
            let by = By {
                actor: "ada".into(),
                now: NOW - 1_000_000_000 + (batch * TOGETHER + k) as i64,
            };
            storing.spawn(async move { memory.store(New { text, ..New::default() }, &by).await });
        }
        while let Some(stored) = storing.join_next().await {
            stored.unwrap().unwrap();
        }
    }
}

/// Bytes that differ each time.
fn drawn() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}
