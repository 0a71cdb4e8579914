//! Two servers that share a tenant: each sees what the other wrote.

use memory::{Config, Memory, MemoryError, Patch};
use store::StoreError;
use tokio::time::{Duration, sleep};

use crate::{NOW, by, found, open, said, store};

/// Waits until a memory says something of another, as long as a test may last.
async fn until(what: impl Fn() -> bool) {
    while !what() {
        sleep(Duration::from_millis(2)).await;
    }
}

fn finds(memory: &Memory, word: &str) -> bool {
    // While it is read anew it says so, and gives no old answer.
    matches!(memory.search(&memory::Query::new(word), NOW), Ok(found) if !found.hits.is_empty())
}

#[tokio::test]
async fn what_another_server_wrote_is_seen_without_writing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let config = Config { follow_ms: Some(5), ..Config::default() };
    let (a, b) = (open(&store, "acme", config.clone()).await, open(&store, "acme", config).await);
    let id = a.store(said("Ada likes heliotrope"), &by(NOW)).await.unwrap().item.id;
    until(|| finds(&b, "heliotrope")).await;
    b.erase(id, &by(NOW + 1)).await.unwrap();
    until(|| a.stats().is_ok() && !finds(&a, "heliotrope")).await;
    assert!(matches!(a.get(id), Err(MemoryError::Unknown { .. })));
    b.erase_all().await.unwrap();
    b.store(said("Boris likes basalt"), &by(NOW + 2)).await.unwrap();
    until(|| finds(&a, "basalt")).await;
}

#[tokio::test]
async fn one_that_writes_sees_that_another_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    // An embedded store is not looked at in between.
    let (a, b) = (
        open(&store, "acme", Config::default()).await,
        open(&store, "acme", Config::default()).await,
    );
    let id = a.store(said("Ada likes heliotrope"), &by(NOW)).await.unwrap().item.id;
    assert!(!finds(&b, "heliotrope"), "it is behind, and does not know it");
    let refused = b.store(said("Boris likes basalt"), &by(NOW + 1)).await.unwrap_err();
    assert!(matches!(refused, MemoryError::Store(StoreError::Conflict { .. })), "{refused}");
    until(|| finds(&b, "heliotrope")).await;
    let second = b.store(said("Boris likes basalt"), &by(NOW + 1)).await.unwrap().item;
    assert_eq!(found(&b, &memory::Query::new("basalt"))[0], "Boris likes basalt");
    assert_ne!(second.number, b.get(id).unwrap().number, "knowledge tells them apart");
    // A change of what the other has changed is refused, and nothing of it is done.
    let patch = |text: &str| Patch { text: Some(text.into()), ..Patch::default() };
    b.update(id, patch("Ada likes tea"), &by(NOW + 2)).await.unwrap();
    a.update(id, patch("Ada likes coffee"), &by(NOW + 3)).await.unwrap_err();
    until(|| finds(&a, "tea") && finds(&a, "basalt")).await;
    assert_eq!(a.get(id).unwrap().text, "Ada likes tea");
}
