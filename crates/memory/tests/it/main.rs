//! A memory as its users have it: on a real store, through closing and opening.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test says what is wrong by panicking"
)]

mod asking;
mod attending;
mod calibrating;
mod dialogue;
mod endpoint;
mod erasing;
mod following;
mod habits;
mod hopping;
mod intending;
mod isolation;
mod lasting;
mod layouts;
mod moving;
#[path = "../../../store/tests/it/postgres_server.rs"]
mod postgres_server;
mod quality;
mod searching;
mod tending;
mod thinking;
mod voting;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use memory::{By, Config, Memory, New, Query, Scope, Time};
use store::{Store, TenantId};
use text::Encoder;

/// A Saturday in November.
pub(crate) const NOW: Time = 1_795_000_000_000_000;

/// The built-in encoder.
pub(crate) static ENCODER: LazyLock<Arc<Encoder>> = LazyLock::new(Default::default);

pub(crate) fn by(now: Time) -> By {
    By { actor: "ada".into(), now }
}

/// Bytes that differ each time.
pub(crate) fn drawn() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}

pub(crate) async fn open(store: &Store, tenant: &str, config: Config) -> Memory {
    let tenant = store.tenant(&TenantId::parse(tenant).unwrap());
    Memory::open(tenant, config, Arc::clone(&ENCODER), drawn).await.unwrap()
}

pub(crate) fn store(folder: &Path) -> Store {
    Store::sqlite(folder).unwrap()
}

pub(crate) fn said(text: &str) -> New {
    New { text: text.to_owned(), ..New::default() }
}

pub(crate) fn of_user(text: &str, user: &str) -> New {
    let scope = Scope { user_id: Some(user.to_owned()), ..Scope::default() };
    New { scope, ..said(text) }
}

pub(crate) fn found(memory: &Memory, query: &Query) -> Vec<String> {
    let found = memory.search(query, NOW).unwrap();
    found.hits.iter().map(|hit| hit.item.text.clone()).collect()
}

pub(crate) fn metadata(pairs: &[(&str, serde_json::Value)]) -> BTreeMap<String, serde_json::Value> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect()
}

pub(crate) async fn exported(memory: &Memory) -> Vec<u8> {
    let (to, mut lines) = tokio::sync::mpsc::channel(4);
    let exporting = tokio::spawn({
        let memory = memory.clone();
        async move { memory.export(to).await.unwrap() }
    });
    let mut file = Vec::new();
    while let Some(line) = lines.recv().await {
        file.extend(line);
    }
    assert!(exporting.await.unwrap() >= 2);
    file
}
