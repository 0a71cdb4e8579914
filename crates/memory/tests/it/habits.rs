//! Patterns of thinking, recorded and detected; compounds; snapshots.

use std::collections::BTreeMap;

use knowledge::{BranchId, Command, NewEntity, Provenance};
use memory::{
    Config, Detect, End, Instance, MAX_INSTANCES, Marks, Memory, Message, New, Outcome, Portray,
    Scope, Time,
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
async fn instances_of_a_pattern_have_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for k in 0..MAX_INSTANCES {
        record(&memory, "Again", "adaptive", NOW + k as Time).await;
    }
    let one = ("adaptive".to_owned(), None);
    let more = memory.record_pattern(said("Again"), one, seen(NOW + DAY), &by(NOW + DAY)).await;
    assert!(more.unwrap_err().to_string().contains("instances"));
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
