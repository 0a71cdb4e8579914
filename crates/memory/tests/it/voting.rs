//! Where a memory goes when its vector lies between two columns: with what it belongs to, with its
//! time, with other exceptions.

use column::{Allocation, Votes};
use knowledge::{BranchId, Command, EntityId, NewFact, Object, Validity};
use memory::{By, Config, Encoding, Memory, New, Space, Time};

use crate::erasing::{entity, provenance};
use crate::{NOW, by, open, said, store};

const DIMENSION: usize = 16;
const YEAR: Time = 365 * 86_400_000_000;

/// Near the first or the second of two directions, which are mirror images.
fn vector(k: usize, second: bool) -> Vec<f32> {
    let mut v = vec![0.0; DIMENSION];
    v[usize::from(second)] = 1.0;
    v[2 + k % (DIMENSION - 2)] = 0.4;
    v
}

fn of_points(text: &str, embedding: Vec<f32>) -> New {
    New { collection: Some("points".into()), embedding: Some(embedding), ..said(text) }
}

/// A memory whose vector lies between the two.
fn between(text: &str) -> New {
    let mut v = vec![0.0; DIMENSION];
    (v[0], v[1]) = (1.0, 1.0);
    of_points(text, v)
}

/// Two hundred memories of each side, as `side` has them.
async fn fill(memory: &Memory, side: impl Fn(usize, bool) -> (New, By)) {
    let encoder = Encoding::Given;
    let space = Space { name: "points".into(), dimension: DIMENSION, encoder };
    memory.add_space(space).await.unwrap();
    for k in 0..400 {
        let second = k % 2 == 1;
        let (new, by) = side(k, second);
        let embedding = Some(vector(k / 2, second));
        memory.store(New { embedding, ..new }, &by).await.unwrap();
    }
}

fn is_a(subject: EntityId, kind: EntityId) -> Command {
    Command::AssertFact(NewFact {
        subject,
        predicate: "is_a".into(),
        object: Object::Entity(kind),
        negated: false,
        valid: Validity::ALWAYS,
        confidence: 1.0,
        provenance: provenance(),
        justifications: Vec::new(),
        functional: None,
    })
}

async fn placed(memory: &Memory, new: New, by: &By) -> Allocation {
    memory.allocate(new, by).await.unwrap().0
}

/// Each of two memories with the same vector goes to the column that has more of its kind.
fn check_parted(sides: [&Allocation; 2], vote: impl Fn(&Votes) -> f32) {
    assert_ne!(sides[0].winner, sides[1].winner, "{sides:?}");
    for [side, other] in [sides, [sides[1], sides[0]]] {
        let of = |winner: u32| {
            let found = side.competitors.iter().find(|c| c.column == winner);
            vote(&found.unwrap().votes)
        };
        assert!(of(side.winner) > of(other.winner) + 0.3, "{side:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn structure_decides_between_columns_and_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let tags = |second| vec![if second { "ships" } else { "trains" }.to_owned()];
    let tagged = |second| New { tags: tags(second), ..between("What is it?") };
    let before = {
        let memory = open(&store, "acme", Config::default()).await;
        let side = |k: usize, second| {
            (New { tags: tags(second), ..of_points(&format!("p{k}"), Vec::new()) }, by(NOW))
        };
        fill(&memory, side).await;
        let a = placed(&memory, tagged(false), &by(NOW)).await;
        let b = placed(&memory, tagged(true), &by(NOW)).await;
        check_parted([&a, &b], |v| v.structural);
        // What is told is what storing does.
        let stored = memory.store(tagged(true), &by(NOW)).await.unwrap().allocation.unwrap();
        assert_eq!((stored.winner, stored.votes()), (b.winner, b.votes()));
        b.votes().unwrap()
    };
    let memory = open(&store, "acme", Config::default()).await;
    let after = placed(&memory, tagged(true), &by(NOW)).await.votes().unwrap();
    assert!((after.structural - before.structural).abs() < 0.2, "{before:?} {after:?}");
    assert_eq!(memory.survey(Some("points")).unwrap().n_items, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_are_is_structure_too() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for (names, kind) in [(["Biscuit", "Waffle"], "dog"), (["Oak", "Elm"], "tree")] {
        let kind = entity(&memory, kind.to_owned(), &by(NOW)).await;
        for name in names {
            let subject = entity(&memory, name.to_owned(), &by(NOW)).await;
            memory.know(is_a(subject, kind), BranchId::MAIN, &by(NOW)).await.unwrap();
        }
    }
    let named = |name: &str, new: New| New { mentions: vec![name.to_owned()], ..new };
    let side = |k: usize, second| {
        let name = if second { "Oak" } else { "Biscuit" };
        (named(name, of_points(&format!("p{k}"), Vec::new())), by(NOW))
    };
    fill(&memory, side).await;
    // Names that no memory has had, of kinds that some had.
    let a = placed(&memory, named("Waffle", between("What is it?")), &by(NOW)).await;
    let b = placed(&memory, named("Elm", between("What is it?")), &by(NOW)).await;
    check_parted([&a, &b], |v| v.structural);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_decides_between_columns() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let at = |second: bool| by(if second { NOW } else { NOW - 2 * YEAR });
    fill(&memory, |k, second| (of_points(&format!("p{k}"), Vec::new()), at(second))).await;
    let a = placed(&memory, between("What is it?"), &at(false)).await;
    let b = placed(&memory, between("What is it?"), &at(true)).await;
    check_parted([&a, &b], |v| v.temporal);
    // What metadata says counts, not when it came.
    let day = memory::moment::written(NOW - 2 * YEAR)[..10].to_owned();
    let mut told = between("What is it?");
    told.metadata.insert("date".into(), day.into());
    assert_eq!(placed(&memory, told, &at(true)).await.winner, a.winner);
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_are_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let side = |k: usize, second: bool| {
        let but = if second { ", except on Sundays" } else { "" };
        (of_points(&format!("Train {k} leaves{but}"), Vec::new()), by(NOW))
    };
    fill(&memory, side).await;
    let rule = placed(&memory, between("The ferry leaves at noon"), &by(NOW)).await;
    let exception = between("The ferry leaves at noon, except in winter");
    let exception = placed(&memory, exception, &by(NOW)).await;
    check_parted([&rule, &exception], |v| v.exception);
    // A memory that takes the place of another is an exception of another kind.
    let old = memory.store(between("The ferry leaves at ten"), &by(NOW)).await.unwrap().item;
    let new = New { supersedes: Some(old.id), ..between("The ferry leaves at one") };
    let told = placed(&memory, new.clone(), &by(NOW)).await;
    let stored = memory.store(new, &by(NOW)).await.unwrap().allocation.unwrap();
    assert_eq!(told.votes().unwrap().exception, 0.0);
    assert_eq!(stored.votes().unwrap().exception, 0.0);
}
