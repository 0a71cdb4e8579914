//! Erasing a memory that much is known about: in several commits, final, and finished by tending where
//! it was cut short.

use knowledge::{
    BranchId, Command, EntityId, ItemId, NewEntity, NewRelation, Provenance, Validity, Vertex,
};
use memory::{By, Config, Id, Memory, Status};

use crate::{NOW, by, open, said, store};

/// Relations of one memory, more than a commit takes.
const N_RELATIONS: u64 = 1100;
const DAY: i64 = 86_400 * 1_000_000;

pub(crate) fn provenance() -> Provenance {
    Provenance { source: "ada".into(), memory: None, episode: None, confidence: 1.0 }
}

pub(crate) async fn entity(memory: &Memory, name: String, by: &By) -> EntityId {
    let new = NewEntity {
        name,
        kind: "place".into(),
        aliases: Vec::new(),
        properties: Default::default(),
        provenance: provenance(),
    };
    match memory.know(Command::AddEntity(new), BranchId::MAIN, by).await.unwrap().item {
        Some(ItemId::Entity(id)) => id,
        other => panic!("{other:?}"),
    }
}

async fn related(memory: &Memory) -> Id {
    let item = memory.store(said("Where I have been"), &by(NOW)).await.unwrap().item;
    let place = entity(memory, "Lisbon".into(), &by(NOW)).await;
    for k in 0..N_RELATIONS {
        let new = NewRelation {
            from: Vertex::Memory(item.number),
            kind: format!("kind {k}"),
            to: Vertex::Entity(place),
            strength: 0.5,
            floor: 0.0,
            valid: Validity::ALWAYS,
            provenance: provenance(),
        };
        memory.know(Command::AddRelation(new), BranchId::MAIN, &by(NOW)).await.unwrap();
    }
    item.id
}

fn n_relations(memory: &Memory) -> u64 {
    memory.stats().unwrap().relations
}

#[tokio::test]
async fn a_memory_with_many_relations_is_erased() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let memory = open(&store, "acme", Config::default()).await;
    let id = related(&memory).await;
    assert_eq!(n_relations(&memory), N_RELATIONS);
    memory.erase(id, &by(NOW + 1)).await.unwrap();
    drop(memory);
    let memory = open(&store, "acme", Config::default()).await;
    assert!(memory.get(id).is_err());
    assert_eq!(n_relations(&memory), 0);
    assert_eq!(memory.stats().unwrap().entities, 1);
}

#[tokio::test]
async fn an_erasure_that_is_cut_short_is_deleted_and_finished_by_tending() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let memory = open(&store, "acme", Config::default()).await;
    let id = related(&memory).await;
    {
        let by = by(NOW + 1);
        let mut erasing = std::pin::pin!(memory.erase(id, &by));
        // As a caller who goes away, or a program that is killed: after some commit.
        while n_relations(&memory) == N_RELATIONS {
            tokio::select! {
                biased;
                _ = &mut erasing => panic!("it takes more than one commit"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    // What is acknowledged after it makes durable what was written before it.
    memory.store(said("Something else"), &by(NOW + 2)).await.unwrap();
    drop(memory);
    let memory = open(&store, "acme", Config::default()).await;
    let left = n_relations(&memory);
    assert!(left > 0 && left < N_RELATIONS, "{left}");
    assert_eq!(memory.get(id).unwrap().status, Status::Deleted);
    let mut rounds = 0;
    while memory.get(id).is_ok() {
        memory.tend(NOW + 400 * DAY).await.unwrap();
        rounds += 1;
        assert!(rounds < 9, "tending does not finish it");
    }
    assert_eq!(n_relations(&memory), 0);
}
