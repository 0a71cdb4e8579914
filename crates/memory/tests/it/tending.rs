//! What time does: memories fade, are consolidated, promoted, expire and are erased.

use knowledge::{BranchId, Command, ItemId, NewEntity, NewRelation, Provenance, Validity, Vertex};
use memory::{Class, Config, Feedback, New, Profile, Query, Status, Tier, strength};

use crate::{NOW, by, open, said, store};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn memories_fade_to_their_floor_and_validated_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let plain = memory.store(said("a remark"), &by(NOW)).await.unwrap().item;
    let sure = New { class: Class::Validated, confidence: Some(0.9), ..said("a law") };
    let sure = memory.store(sure, &by(NOW)).await.unwrap().item;
    // 1 · (1 − 0.02)^10 by the formula of `tier.rs`.
    assert!((strength(&plain, NOW + 10 * DAY) - 0.98_f32.powi(10)).abs() < 1e-6);
    assert!((strength(&plain, NOW + 1000 * DAY) - 0.3).abs() < 1e-6);
    assert!((strength(&sure, NOW + 1000 * DAY) - 0.9).abs() < 1e-6);
    assert_eq!(strength(&plain, NOW - DAY), 1.0, "a clock that went back fades nothing");
}

#[tokio::test]
async fn the_analysts_clock_forgets_what_nobody_needed() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { tiers: Profile::analyst(), ..Config::default() };
    let memory = open(&store(folder.path()), "acme", config).await;
    let idle = memory.store(said("nobody looked at this"), &by(NOW)).await.unwrap().item;
    let hot = New { importance: Some(1.0), ..said("ransomware on the mail server") };
    let hot = memory.store(hot, &by(NOW)).await.unwrap().item;
    for actor in ["bob", "cyd", "eve"] {
        let by = memory::By { actor: actor.into(), now: NOW + 60 * SECOND };
        memory.feedback(hot.id, Feedback::Endorse, &by).await.unwrap();
    }
    assert_eq!(idle.tier, Tier::Working);
    let tended = memory.tend(NOW + 120 * SECOND).await.unwrap();
    assert_eq!(tended.short_term, 1);
    assert_eq!(memory.get(hot.id).unwrap().tier, Tier::ShortTerm);
    let tended = memory.tend(NOW + 2 * HOUR).await.unwrap();
    assert_eq!(tended.expired, 1);
    assert_eq!(memory.get(idle.id).unwrap().status, Status::Expired);
    assert_eq!(memory.get(hot.id).unwrap().status, Status::Active);
    memory.feedback(hot.id, Feedback::Validate, &by(NOW + 2 * HOUR)).await.unwrap();
    for day in 1..200 {
        memory.tend(NOW + day * DAY).await.unwrap();
    }
    let kept = memory.get(hot.id).unwrap();
    assert_eq!((kept.status, kept.class), (Status::Active, Class::Validated), "never forgotten");
}

#[tokio::test]
async fn the_clock_of_a_cortex_consolidates_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { tiers: Profile::cortex(), ..Config::default() };
    let memory = open(&store(folder.path()), "acme", config).await;
    let id = memory.store(said("a thought"), &by(NOW)).await.unwrap().item.id;
    memory.tend(NOW + 29 * SECOND).await.unwrap();
    assert_eq!(memory.get(id).unwrap().tier, Tier::Working);
    memory.tend(NOW + 31 * SECOND).await.unwrap();
    assert_eq!(memory.get(id).unwrap().tier, Tier::ShortTerm);
    memory.tend(NOW + 31 * SECOND + HOUR).await.unwrap();
    assert_eq!(memory.get(id).unwrap().tier, Tier::LongTerm);
    memory.tend(NOW + 10_000 * DAY).await.unwrap();
    assert_eq!(memory.get(id).unwrap().status, Status::Active);
}

#[tokio::test]
async fn what_has_an_end_ends_and_what_was_deleted_is_erased_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let brief = New { expires_at: Some(NOW + HOUR), ..said("parking on level 3") };
    let brief = memory.store(brief, &by(NOW)).await.unwrap().item.id;
    let gone = memory.store(said("a mistake"), &by(NOW)).await.unwrap().item.id;
    memory.delete(gone, &by(NOW)).await.unwrap();
    let query = Query { reinforce: false, ..Query::new("parking level") };
    assert_eq!(memory.search(&query, NOW + HOUR - 1).unwrap().hits.len(), 1);
    assert_eq!(memory.search(&query, NOW + HOUR).unwrap().hits.len(), 0, "before any round");
    let tended = memory.tend(NOW + HOUR).await.unwrap();
    assert_eq!((tended.expired, tended.erased), (1, 0));
    assert_eq!(memory.get(brief).unwrap().status, Status::Expired);
    assert_eq!(memory.tend(NOW + 7 * DAY + SECOND).await.unwrap().erased, 1);
    assert!(memory.get(gone).is_err());
}

#[tokio::test]
async fn recalling_makes_stronger() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let id =
        memory.store(said("the wifi password is on the fridge"), &by(NOW)).await.unwrap().item.id;
    for _ in 0..3 {
        memory.search(&Query::new("wifi"), NOW + DAY).unwrap();
    }
    assert_eq!(memory.tend(NOW + DAY).await.unwrap().reinforced, 1);
    let item = memory.get(id).unwrap();
    assert_eq!((item.usage.accesses, item.usage.reinforced_at), (3, NOW + DAY));
    assert_eq!(item.version, 1, "being recalled is not a change");
}

#[tokio::test]
async fn what_is_recalled_together_is_related_more_strongly() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let mut ends = Vec::new();
    for name in ["Ada", "Bees", "Cyd"] {
        let provenance =
            Provenance { source: "ada".into(), memory: None, episode: None, confidence: 1.0 };
        let (kind, aliases, properties) = ("thing".into(), Vec::new(), Default::default());
        let new = NewEntity { name: name.into(), kind, aliases, properties, provenance };
        let done = memory.know(Command::AddEntity(new), BranchId::MAIN, &by(NOW)).await.unwrap();
        let Some(ItemId::Entity(id)) = done.item else { panic!("{done:?}") };
        ends.push(Vertex::Entity(id));
    }
    for to in &ends[1..] {
        let provenance =
            Provenance { source: "ada".into(), memory: None, episode: None, confidence: 1.0 };
        let (from, kind, valid) = (ends[0], "near".into(), Validity::ALWAYS);
        let new = NewRelation { from, kind, to: *to, strength: 0.5, floor: 0.0, valid, provenance };
        memory.know(Command::AddRelation(new), BranchId::MAIN, &by(NOW)).await.unwrap();
    }
    for (name, text) in [("Ada", "She moved to the valley"), ("Bees", "The hives of the valley")] {
        let new = New { mentions: vec![name.into()], ..said(text) };
        memory.store(new, &by(NOW)).await.unwrap();
    }
    let strengths = || {
        let read = |knowledge: &knowledge::Knowledge| {
            let view = knowledge.latest(BranchId::MAIN)?;
            let all = view.relations(ends[0]);
            Ok(all.iter().map(|r| view.strength(r.id, NOW).unwrap()).collect::<Vec<_>>())
        };
        memory.knowledge(read).unwrap()
    };
    // A search is not a recall.
    memory.search(&Query { limit: 5, ..Query::new("valley") }, NOW).unwrap();
    memory.tend(NOW).await.unwrap();
    assert_eq!(strengths(), [0.5, 0.5]);
    let (message, scope) = ("What of the valley?".to_owned(), memory::Scope::default());
    let recall = memory::Recall { message, scope, limit: 5, context_bytes: 1000, attention: None };
    for _ in 0..2 {
        assert_eq!(memory.recall(&recall, NOW).await.unwrap().hits.len(), 2);
    }
    memory.tend(NOW).await.unwrap();
    // Once a round: 0.5 + 0.1 (1 − 0.5), and nothing where only one end was recalled.
    assert!((strengths()[0] - 0.55).abs() < 1e-6 && strengths()[1] == 0.5, "{:?}", strengths());
    let revision = || memory.knowledge(|k| Ok(k.revision())).unwrap();
    let before = revision();
    memory.tend(NOW).await.unwrap();
    assert_eq!(revision(), before, "a round without recalls writes nothing");
}

/// A branch is merged by itself where that is asked for: when it is ready, and it is time to look.
#[tokio::test]
async fn ready_branches_are_merged_where_that_is_asked_for() {
    for (consolidate_seconds, expected) in [(None, 0), (Some(300), 1)] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { consolidate_seconds, ..Config::default() };
        let memory = open(&store(folder.path()), "acme", config).await;
        let entity = |name: &str| {
            Command::AddEntity(NewEntity {
                name: name.into(),
                kind: "thing".into(),
                aliases: vec![],
                properties: Default::default(),
                provenance: Provenance {
                    source: "test".into(),
                    memory: None,
                    episode: None,
                    confidence: 1.0,
                },
            })
        };
        for name in ["a", "b", "c", "d"] {
            memory.know(entity(name), BranchId::MAIN, &by(NOW)).await.unwrap();
        }
        let fork = Command::CreateBranch { name: "x".into(), known_at: None };
        let made = memory.know(fork, BranchId::MAIN, &by(NOW)).await.unwrap();
        let Some(ItemId::Branch(branch)) = made.item else { panic!("{made:?}") };
        memory.know(entity("e"), branch, &by(NOW)).await.unwrap();
        let n_merged = |memory: &memory::Memory| {
            let named = |k: &knowledge::Knowledge| Ok(k.latest(BranchId::MAIN)?.by_name("e").len());
            memory.knowledge(named).unwrap()
        };
        memory.tend(NOW + 47 * 60 * SECOND).await.unwrap();
        assert_eq!(n_merged(&memory), 0, "it is not settled");
        memory.tend(NOW + 48 * 60 * SECOND).await.unwrap();
        assert_eq!(n_merged(&memory), 0, "it is not time to look again");
        memory.tend(NOW + 53 * 60 * SECOND).await.unwrap();
        assert_eq!(n_merged(&memory), expected);
    }
}
