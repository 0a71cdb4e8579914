//! Servers that share a tenant: each sees what the others wrote, on an embedded database and on a real
//! PostgreSQL.

use std::collections::BTreeSet;

use memory::{Config, Filter, Listed, Memory, MemoryError, Patch, Query, Scope, Status};
use store::{PostgresConfig, Store, StoreError};
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use crate::postgres_server::Server;
use crate::{NOW, by, found, open, said, store};

/// Milliseconds that no test lasts: nobody looks in between.
const NEVER_MS: u64 = 3_600_000;
/// Memories that each of several servers stores at the same time.
const N_EACH: usize = 12;

/// Waits until a memory says something of another, as long as a test may last.
async fn until(what: impl Fn() -> bool) {
    while !what() {
        sleep(Duration::from_millis(2)).await;
    }
}

fn finds(memory: &Memory, word: &str) -> bool {
    // While it is read anew it says so, and gives no old answer.
    matches!(memory.search(&Query::new(word), NOW), Ok(found) if !found.hits.is_empty())
}

/// A server of its own, with connections of its own.
async fn connected(server: &Server) -> Store {
    let mut config = PostgresConfig::new(&server.url());
    config.timeout = Duration::from_secs(2);
    Store::postgresql(&config).await.unwrap()
}

/// What another server wrote is seen by one that writes nothing.
async fn is_seen(stores: [&Store; 2], follow_ms: Option<u64>) {
    let config = Config { follow_ms, ..Config::default() };
    let [a, b] = stores;
    let (a, b) = (open(a, "seen", config.clone()).await, open(b, "seen", config).await);
    let id = a.store(said("Ada likes heliotrope"), &by(NOW)).await.unwrap().item.id;
    until(|| finds(&b, "heliotrope")).await;
    b.erase(id, &by(NOW + 1)).await.unwrap();
    until(|| a.stats().is_ok() && !finds(&a, "heliotrope")).await;
    assert!(matches!(a.get(id), Err(MemoryError::Unknown { .. })));
    b.erase_all().await.unwrap();
    b.store(said("Boris likes basalt"), &by(NOW + 2)).await.unwrap();
    until(|| finds(&a, "basalt")).await;
}

/// One that writes without knowing what another wrote is refused, reads anew, and knows.
async fn is_refused(stores: [&Store; 2]) {
    let config = Config { follow_ms: Some(NEVER_MS), ..Config::default() };
    let [a, b] = stores;
    let (a, b) = (open(a, "refused", config.clone()).await, open(b, "refused", config).await);
    let id = a.store(said("Ada likes heliotrope"), &by(NOW)).await.unwrap().item.id;
    assert!(!finds(&b, "heliotrope"), "it is behind, and does not know it");
    let refused = b.store(said("Boris likes basalt"), &by(NOW + 1)).await.unwrap_err();
    assert!(matches!(refused, MemoryError::Store(StoreError::Conflict { .. })), "{refused}");
    until(|| finds(&b, "heliotrope")).await;
    let second = b.store(said("Boris likes basalt"), &by(NOW + 1)).await.unwrap().item;
    assert_eq!(found(&b, &Query::new("basalt"))[0], "Boris likes basalt");
    assert_ne!(second.number, b.get(id).unwrap().number, "knowledge tells them apart");
    // A change of what the other has changed is refused, and nothing of it is done.
    let patch = |text: &str| Patch { text: Some(text.into()), ..Patch::default() };
    b.update(id, patch("Ada likes tea"), &by(NOW + 2)).await.unwrap();
    a.update(id, patch("Ada likes coffee"), &by(NOW + 3)).await.unwrap_err();
    until(|| holds(&a, "tea") && holds(&a, "basalt")).await;
    assert_eq!(a.get(id).unwrap().text, "Ada likes tea");
}

/// Stores memories one by one, each until it is acknowledged.
async fn persist(memory: Memory, name: &'static str) {
    for k in 0..N_EACH {
        let text = format!("{name} wrote {k}");
        loop {
            match memory.store(said(&text), &by(NOW + k as i64)).await {
                Ok(_) => break,
                Err(MemoryError::Closed | MemoryError::Store(StoreError::Conflict { .. })) => {
                    sleep(Duration::from_millis(1)).await;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

fn listed(memory: &Memory) -> Result<Listed, MemoryError> {
    memory.list(&Scope::default(), &Filter::everything(), &[Status::Active], None, 1000)
}

/// Whether a memory has a text with a word, and is not being read anew.
fn holds(memory: &Memory, word: &str) -> bool {
    listed(memory).is_ok_and(|listed| listed.items.iter().any(|item| item.text.contains(word)))
}

/// Texts and numbers of what a memory has.
fn held(memory: &Memory) -> (BTreeSet<String>, BTreeSet<u64>, u64) {
    let listed = listed(memory).unwrap();
    let texts = listed.items.iter().map(|item| item.text.clone()).collect();
    (texts, listed.items.iter().map(|item| item.number).collect(), listed.total)
}

/// Servers that write at the same time lose nothing, do nothing twice and give each number once.
async fn is_raced_for(stores: [&Store; 2], follow_ms: Option<u64>) {
    let config = Config { follow_ms, ..Config::default() };
    let mut writing = JoinSet::new();
    let mut servers = Vec::new();
    for (store, name) in stores.into_iter().zip(["ada", "boris"]) {
        let memory = open(store, "raced", config.clone()).await;
        writing.spawn(persist(memory.clone(), name));
        servers.push(memory);
    }
    writing.join_all().await;
    let n = 2 * N_EACH;
    servers.push(open(stores[0], "raced", config).await);
    for memory in &servers {
        until(|| memory.stats().is_ok_and(|stats| stats.active == n as u64)).await;
        let (texts, numbers, total) = held(memory);
        assert_eq!((texts.len(), numbers.len(), total), (n, n, n as u64));
        assert_eq!(held(&servers[0]).0, texts);
    }
}

#[tokio::test]
async fn servers_share_a_tenant_on_an_embedded_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    is_seen([&store, &store], Some(5)).await;
    is_refused([&store, &store]).await;
    is_raced_for([&store, &store], Some(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_share_a_tenant_on_postgresql() {
    let Some(server) = Server::start() else { return };
    let (a, b) = (connected(&server).await, connected(&server).await);
    // Servers that share a database look without being told to.
    is_seen([&a, &b], None).await;
    is_refused([&a, &b]).await;
    is_raced_for([&a, &b], None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_go_on_when_postgresql_was_killed() {
    let Some(mut server) = Server::start() else { return };
    let (a, b) = (connected(&server).await, connected(&server).await);
    let (a, b) =
        (open(&a, "killed", Config::default()).await, open(&b, "killed", Config::default()).await);
    a.store(said("Ada likes heliotrope"), &by(NOW)).await.unwrap();
    until(|| holds(&b, "heliotrope")).await;
    server.kill();
    assert!(holds(&b, "heliotrope"), "what it holds is answered");
    a.store(said("Ada likes granite"), &by(NOW + 1)).await.unwrap_err();
    assert!(!holds(&a, "granite"), "who was told that it failed does not read it");
    server.start_again();
    until(|| holds(&a, "heliotrope")).await;
    assert!(!holds(&a, "granite") && holds(&b, "heliotrope"));
    persist(b.clone(), "boris").await;
    until(|| holds(&a, "boris")).await;
    persist(a.clone(), "ada").await;
    until(|| b.stats().is_ok_and(|stats| stats.active == 1 + 2 * N_EACH as u64)).await;
    assert_eq!(held(&a), held(&b));
}
