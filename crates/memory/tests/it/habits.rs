//! Patterns of thinking, recorded and detected; compounds; snapshots.

use std::collections::BTreeMap;

use knowledge::{BranchId, Command, NewEntity, Provenance};
use memory::{
    Attitude, Config, Detect, End, Filter, Instance, MAX_INSTANCES, Marks, Memory, Message, New,
    Outcome, Pattern, Portray, Repeats, Scope, Status, Time,
};

use crate::{NOW, by, open, said, store};

const MINUTE: Time = 60 * 1_000_000;
const DAY: Time = 24 * 60 * MINUTE;

fn seen(at: Time) -> Instance {
    Instance { at, note: Some("in a review".into()), memory: None }
}

async fn record(memory: &Memory, text: &str, kind: &str, at: Time) -> memory::Stored {
    let trigger = Some("a plan without numbers".to_owned());
    memory.record_pattern(said(text), (kind.into(), trigger), seen(at), &by(at)).await.unwrap()
}

fn everything(to: Time) -> Detect {
    Detect {
        scope: Scope::default(),
        from: 0,
        to,
        message: None,
        longest: 3,
        support: 3,
        chance: 0.05,
        pause: 30 * MINUTE,
        limit: 20,
    }
}

#[tokio::test]
async fn a_pattern_is_recorded_once_and_seen_again() {
    let folder = tempfile::tempdir().unwrap();
    let kept = store(folder.path());
    let memory = open(&kept, "acme", Config::default()).await;
    let first = record(&memory, "Asks for the evidence", "critical", NOW).await;
    let again = record(&memory, "Asks for the evidence", "critical", NOW + DAY).await;
    let other = record(&memory, "Asks for the evidence", "lateral", NOW + DAY).await;
    assert_eq!((first.outcome, again.outcome), (Outcome::Added, Outcome::Reinforced));
    assert_eq!(first.item.id, again.item.id);
    assert_ne!(first.item.id, other.item.id, "another kind is another pattern");
    let pattern = again.item.pattern().unwrap();
    assert_eq!(pattern.instances, [seen(NOW), seen(NOW + DAY)]);
    let events = memory.history(first.item.id).await.unwrap();
    assert_eq!(events.last().unwrap().what.name(), "seen");
    // It lasts.
    drop(memory);
    let memory = open(&kept, "acme", Config::default()).await;
    assert_eq!(memory.get(first.item.id).unwrap().pattern(), Some(pattern));
    // A message that names what brings it about brings it up.
    let message = Some("Here is the plan, but there are no numbers in it".to_owned());
    let detected = memory.detect(&Detect { message, ..everything(NOW + DAY) }).unwrap();
    assert_eq!(detected.triggered.len(), 2);
    let message = Some("Lunch?".to_owned());
    let detected = memory.detect(&Detect { message, ..everything(NOW + DAY) }).unwrap();
    assert!(detected.triggered.is_empty());
    // Counted by kind and by day.
    let portray =
        Portray { scope: Scope::default(), from: NOW - 1, to: NOW + 2 * DAY, period: DAY };
    let portrait = memory.portrait(&portray).unwrap();
    let kinds: Vec<_> =
        portrait.kinds.iter().map(|k| (k.kind.as_str(), k.patterns, k.instances)).collect();
    assert_eq!(kinds, [("critical", 1, 2), ("lateral", 1, 1)]);
    let days: Vec<_> = portrait.periods.iter().map(|p| (p.memories, p.instances)).collect();
    assert_eq!(days, [(1, 1), (1, 2), (0, 0)]);
    let wrong = memory.portrait(&Portray { period: 0, ..portray.clone() }).unwrap_err();
    assert!(wrong.to_string().contains("period"), "{wrong}");
    assert!(memory.portrait(&Portray { period: 1, ..portray }).is_err(), "too many");
}

#[tokio::test]
async fn a_portrait_of_all_time_in_the_longest_periods_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    record(&memory, "Asks for the evidence", "critical", NOW).await;
    let period = Time::MAX / 3 * 2;
    let portray = Portray { scope: Scope::default(), from: 0, to: Time::MAX, period };
    let portrait = memory.portrait(&portray).unwrap();
    let ends: Vec<_> = portrait.periods.iter().map(|p| (p.from, p.to, p.memories)).collect();
    assert_eq!(ends, [(0, period, 1), (period, Time::MAX, 0)]);
    let all = Portray { from: Time::MIN, period: Time::MAX, ..portray };
    assert!(memory.portrait(&all).is_err(), "longer than a time can tell");
}

#[tokio::test]
async fn instances_of_a_pattern_have_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for k in 0..MAX_INSTANCES {
        record(&memory, "Again", "adaptive", NOW + k as Time).await;
    }
    let one = ("adaptive".to_owned(), None);
    let listed =
        memory.list(&Scope::default(), &Filter::everything(), &[Status::Active], None, 10).unwrap();
    let before = &listed.items[0];
    let more = memory.record_pattern(said("Again"), one, seen(NOW + DAY), &by(NOW + DAY)).await;
    assert!(more.unwrap_err().to_string().contains("instances"));
    let after = memory.get(before.id).unwrap();
    assert_eq!(after, *before, "nothing is half applied");
    assert_eq!(after.usage.repeats as usize, MAX_INSTANCES - 1);
    let events = memory.history(before.id).await.unwrap();
    assert_eq!((events.len(), after.version as usize), (MAX_INSTANCES, MAX_INSTANCES));
}

#[tokio::test]
async fn the_history_of_a_pattern_has_each_time_once() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for k in 0..20 {
        record(&memory, "Again", "adaptive", NOW + k * DAY).await;
    }
    let id = record(&memory, "Again", "adaptive", NOW + 20 * DAY).await.item.id;
    let events = memory.history(id).await.unwrap();
    let size = |k: usize| format!("{:?}", events[k].changed).len();
    assert_eq!(size(1), size(20), "an event does not grow with those before it");
    let last: Instance = serde_json::from_str(&events[20].changed[0].after).unwrap();
    assert_eq!(last, seen(NOW + 20 * DAY));
    for n in [1, 7, 21] {
        let then = memory.as_of(id, NOW + (n as Time - 1) * DAY).await.unwrap();
        let instances = then["attitude"]["pattern"]["instances"].as_array().unwrap();
        assert_eq!((instances.len(), then["version"].as_u64()), (n, Some(n as u64)));
    }
}

#[tokio::test]
async fn the_last_time_of_a_pattern_is_the_latest_and_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    record(&memory, "Again", "adaptive", NOW).await;
    let one = ("adaptive".to_owned(), Some("a plan without numbers".to_owned()));
    let before = seen(NOW - DAY);
    let told = memory.record_pattern(said("Again"), one, before.clone(), &by(NOW + DAY)).await;
    let item = told.unwrap().item;
    assert_eq!(item.pattern().unwrap().by_time(), [&seen(NOW), &before]);
    let never = Pattern { kind: "adaptive".into(), ..Pattern::default() };
    let new = New { attitude: Some(Attitude::Pattern(never)), ..said("Never") };
    let refused = memory.store(new, &by(NOW)).await.unwrap_err().to_string();
    assert!(refused.starts_with("instances: expected"), "{refused}");
}

#[tokio::test]
async fn an_episode_is_of_one_scope() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for k in 0..5 {
        for (user, deed) in [("ada", "ask"), ("bob", "answer")] {
            let metadata = BTreeMap::from([("deed".to_owned(), serde_json::Value::from(deed))]);
            let scope = Scope { user_id: Some(user.into()), ..Scope::default() };
            let new = New { metadata, scope, ..said(&format!("{deed} {k}")) };
            memory.store(new, &by(NOW + k * MINUTE)).await.unwrap();
        }
    }
    let detected = memory.detect(&Detect { chance: 1.0, ..everything(NOW + DAY) }).unwrap();
    assert_eq!((detected.deeds, detected.episodes), (10, 2));
    assert_eq!(detected.tested, 4, "nothing from one to the other: {:?}", detected.sequences);
}

/// What somebody did, one after the other, in a run of its own.
async fn lived(memory: &Memory, run: usize, deeds: &[&str]) {
    for (k, deed) in deeds.iter().enumerate() {
        let metadata = BTreeMap::from([("deed".to_owned(), serde_json::Value::from(*deed))]);
        let scope = Scope { run_id: Some(format!("run {run}")), ..Scope::default() };
        let new = New { metadata, scope, ..said(&format!("{deed} {run} {k}")) };
        let at = NOW + run as Time * DAY + k as Time * MINUTE;
        memory.store(new, &by(at)).await.unwrap();
    }
}

#[tokio::test]
async fn what_comes_again_is_detected_and_chance_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let others = ["read", "write", "walk", "wait"];
    for run in 0..10 {
        let other = |k: usize| others[(run * 7 + k * 3 + run * k) % 4];
        lived(&memory, run, &[other(0), "doubt", "test", "decide", other(1), other(2)]).await;
    }
    let detected = memory.detect(&everything(NOW + 20 * DAY)).unwrap();
    assert_eq!((detected.deeds, detected.episodes), (60, 10));
    let found: Vec<String> = detected.sequences.iter().map(|(s, _)| s.deeds.join(" ")).collect();
    assert!(found.contains(&"doubt test".to_owned()), "{found:?}");
    assert!(found.contains(&"test decide".to_owned()), "{found:?}");
    assert!(!found.iter().any(|f| f.contains("walk wait")), "{found:?}");
    let (first, last) = &detected.sequences[0];
    assert_eq!((first.count, first.support, last.len()), (10, 10, 2));
    assert!(memory.get(last[0]).unwrap().text.ends_with("9 1"), "of the last run");
    // Without an order there is nothing to find.
    let one = Detect { support: 11, ..everything(NOW + 20 * DAY) };
    assert!(memory.detect(&one).unwrap().sequences.is_empty());
    let wrong = Detect { longest: 9, ..everything(NOW) };
    assert_eq!(memory.detect(&wrong).unwrap_err().to_string(), "longest: expected 2 to 5");
}

#[tokio::test]
async fn deeds_are_told_by_what_a_memory_is() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for k in 0..6 {
        let at = NOW + k * DAY;
        let message = |role: &str, content: String| Message { role: role.into(), content };
        let asked = message("user", format!("Why did job {k} fail?"));
        let answered = message("assistant", format!("The disk of job {k} was full."));
        memory.learn(&[asked, answered], &Scope::default(), &by(at)).await.unwrap();
        let meant = memory.intend(said(&format!("Clean disk {k}")), None, &by(at + MINUTE)).await;
        let id = meant.unwrap().item.id;
        memory.end(id, End::Complete, None, &by(at + 2 * MINUTE)).await.unwrap();
    }
    let detected = memory.detect(&Detect { chance: 1.0, ..everything(NOW + 9 * DAY) }).unwrap();
    let found: Vec<String> = detected.sequences.iter().map(|(s, _)| s.deeds.join(", ")).collect();
    assert!(found.contains(&"ask causal, answer".to_owned()), "{found:?}");
    assert!(found.contains(&"intend, complete".to_owned()), "{found:?}");
}

#[tokio::test]
async fn concepts_that_come_together_become_a_compound() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let learn = async |text: &str, at: Time| {
        let message = Message { role: "user".into(), content: text.into() };
        memory.learn(&[message], &Scope::default(), &by(at)).await.unwrap().compounds
    };
    for k in 0..5 {
        learn(&format!("Something else happened in Porto on day {k}."), NOW + k).await;
    }
    let told = "Ada Lovelace wrote to Charles Babbage";
    assert!(learn(&format!("{told} today."), NOW + 10).await.is_empty());
    assert!(learn(&format!("{told} yesterday."), NOW + 11).await.is_empty());
    let formed = learn(&format!("{told} again."), NOW + 12).await;
    assert_eq!(formed.len(), 1);
    assert_eq!(formed[0].0, "Ada Lovelace + Charles Babbage");
    assert!(learn(&format!("{told} once more."), NOW + 13).await.is_empty(), "it is one already");
    let compounds = memory.compounds(10).unwrap();
    assert_eq!((compounds.len(), compounds[0].together), (1, 4));
    assert!((compounds[0].npmi - 1.0).abs() < 1e-12, "{compounds:?}");
    let parts = compounds[0].parts.each_ref().map(|(_, name)| name.as_str());
    assert_eq!(parts, ["Ada Lovelace", "Charles Babbage"]);
    // What comes apart later is told as it is then.
    for k in 0..4 {
        learn(&format!("Charles Babbage was alone on day {k}."), NOW + 20 + k).await;
    }
    assert!(memory.compounds(10).unwrap()[0].npmi < 0.8);
}

/// A memory in which two have come together twice, and something else happened.
async fn two_together(memory: &Memory) {
    let told = ["Something happened in Porto.", "Something else happened in Porto."];
    let two = ["today", "yesterday"].map(wrote);
    for (k, said) in told.map(str::to_owned).into_iter().chain(two).enumerate() {
        let message = Message { role: "user".into(), content: said };
        let by = by(NOW + k as Time);
        assert!(
            memory.learn(&[message], &Scope::default(), &by).await.unwrap().compounds.is_empty()
        );
    }
}

fn wrote(when: &str) -> String {
    format!("Ada Lovelace wrote to Charles Babbage {when}.")
}

#[tokio::test]
async fn a_compound_without_its_parts_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    two_together(&memory).await;
    // As it is where forming it ended after the first of three commits.
    let confidence = 1.0;
    let provenance = Provenance { source: "ada".into(), memory: None, episode: None, confidence };
    let half = Command::AddEntity(NewEntity {
        name: "Ada Lovelace + Charles Babbage".into(),
        kind: "compound".into(),
        aliases: Vec::new(),
        properties: Default::default(),
        provenance,
    });
    memory.know(half, BranchId::MAIN, &by(NOW + 10)).await.unwrap();
    assert!(memory.compounds(10).unwrap().is_empty());
    let message = Message { role: "user".into(), content: wrote("again") };
    let learned = memory.learn(&[message], &Scope::default(), &by(NOW + 20)).await.unwrap();
    assert_eq!(learned.compounds.len(), 1);
    let compounds = memory.compounds(10).unwrap();
    assert_eq!((compounds.len(), compounds[0].entity), (1, learned.compounds[0].1));
}

#[tokio::test]
async fn a_compound_is_formed_once_by_several_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    two_together(&memory).await;
    let learn = async |when: &str, at: Time| {
        let message = Message { role: "user".into(), content: wrote(when) };
        memory.learn(&[message], &Scope::default(), &by(at)).await.unwrap();
    };
    let [one, two, three] = [("again", 10), ("at noon", 11), ("at night", 12)];
    tokio::join!(
        learn(one.0, NOW + one.1),
        learn(two.0, NOW + two.1),
        learn(three.0, NOW + three.1)
    );
    let named = memory.knowledge(|known| {
        Ok(known.latest(BranchId::MAIN)?.by_name("Ada Lovelace + Charles Babbage"))
    });
    assert_eq!(named.unwrap().len(), 1);
    assert_eq!(memory.compounds(10).unwrap().len(), 1);
}

#[tokio::test]
async fn two_snapshots_tell_what_changed_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let mark = async |name: &str, at: Time| {
        memory.mark(name.into(), BranchId::MAIN, Scope::default(), &by(at)).await
    };
    mark("before", NOW).await.unwrap();
    let taken = mark("before", NOW + 1).await.unwrap_err().to_string();
    assert!(taken.contains("a snapshot of that name"), "{taken}");
    let new = NewEntity {
        name: "Ada".into(),
        kind: "person".into(),
        aliases: Vec::new(),
        properties: Default::default(),
        provenance: Provenance {
            source: "ada".into(),
            memory: None,
            episode: None,
            confidence: 1.0,
        },
    };
    memory.know(Command::AddEntity(new), BranchId::MAIN, &by(NOW + 10)).await.unwrap();
    let meant = memory.intend(said("Call Ada"), None, &by(NOW + 11)).await.unwrap().item.id;
    memory.claim(said("Ada is in"), 0.8, None, &by(NOW + 12)).await.unwrap();
    mark("between", NOW + 20).await.unwrap();
    memory.end(meant, End::Complete, None, &by(NOW + 30)).await.unwrap();
    mark("after", NOW + 40).await.unwrap();
    let compare = |a: &str, b: &str| {
        let between = [a.to_owned(), b.to_owned()];
        memory.compare_marks(&Marks { between, scope: Scope::default(), limit: 50 })
    };
    let moved = compare("between", "before").unwrap();
    assert_eq!((moved.from.text.as_str(), moved.to.text.as_str()), ("before", "between"));
    assert_eq!((moved.entities.len(), moved.memories), (1, 2));
    let changes = |moved: &memory::Moved| -> Vec<&str> {
        moved.attitudes.iter().map(|one| one.change).collect()
    };
    assert_eq!(changes(&moved), ["meant", "claimed"]);
    assert_eq!(changes(&compare("between", "after").unwrap()), ["completed"]);
    assert_eq!(changes(&compare("before", "after").unwrap()), ["meant", "claimed", "completed"]);
    let missing = compare("before", "never").unwrap_err().to_string();
    assert!(missing.starts_with("snapshot: expected"), "{missing}");
}

#[tokio::test]
async fn a_snapshot_is_that_of_the_scope_and_never_a_guess() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let of = |user: &str| Scope { user_id: Some(user.into()), ..Scope::default() };
    let mark = async |name: &str, scope: Scope, at: Time| {
        memory.mark(name.into(), BranchId::MAIN, scope, &by(at)).await
    };
    let ours = mark("a", Scope::default(), NOW).await.unwrap().item;
    let adas = mark("a", of("ada"), NOW + 1).await.unwrap().item;
    assert!(mark("a", of("ada"), NOW + 2).await.is_err(), "taken");
    mark("b", Scope::default(), NOW + 3).await.unwrap();
    mark("c", of("ada"), NOW + 4).await.unwrap();
    let first = mark("d", of("ada"), NOW + 5).await.unwrap().item;
    let second = mark("d", of("bob"), NOW + 6).await.unwrap().item;
    let compare = |a: &str, b: &str, scope: Scope| {
        let between = [a.to_owned(), b.to_owned()];
        memory.compare_marks(&Marks { between, scope, limit: 50 })
    };
    // The scope's own, although a newer one of the name lies within it.
    assert_eq!(compare("a", "b", Scope::default()).unwrap().from.id, ours.id);
    assert_eq!(compare("a", "c", of("ada")).unwrap().from.id, adas.id);
    // Or the only one that lies within it; never one of several.
    assert_eq!(compare("b", "c", Scope::default()).unwrap().to.text, "c");
    let several = compare("a", "d", Scope::default()).unwrap_err().to_string();
    for named in [first.id, second.id] {
        assert!(several.contains(&named.to_string()), "{several}");
    }
    let id = first.id.to_string();
    assert_eq!(compare("a", &id, Scope::default()).unwrap().to.id, first.id);
}

#[tokio::test]
async fn of_two_snapshots_of_a_name_at_once_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // Where repeats are kept, nothing but the check keeps a name unique.
    let config = Config { repeats: Repeats::Keep, ..Config::default() };
    let memory = open(&store(folder.path()), "acme", config).await;
    let (one, other) = (by(NOW), by(NOW + 1));
    let mark = |by| memory.mark("release".into(), BranchId::MAIN, Scope::default(), by);
    // A task that has done much is put off, so that both are on their way before either is written.
    let much = async {
        for _ in 0..1_000 {
            tokio::task::coop::consume_budget().await;
        }
    };
    let ((), one, other) = tokio::join!(biased; much, mark(&one), mark(&other));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
}
