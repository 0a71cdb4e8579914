//! Intentions and claims as memories: through closing and opening, export and import, tending and
//! erasing; what may not follow on what; what a turn brings up.

use memory::{
    Attitude, Config, End, Existing, Happened, Judge, Memory, MemoryError, Message, New, Outcome,
    Patch, Profile, Recall, Resume, Scope, Status, Turn,
};
use proptest::prelude::*;

use crate::{NOW, by, exported, of_user, open, said, store};

const DAY: i64 = 86_400 * 1_000_000;

fn everything() -> Judge {
    Judge { scope: Scope::default(), subject: None, from: None, to: None, bins: 10 }
}

fn resume(message: &str, user: Option<&str>) -> Resume {
    let scope = Scope { user_id: user.map(str::to_owned), ..Scope::default() };
    Resume { message: message.into(), scope, threshold: memory::MATCH_THRESHOLD, limit: 10 }
}

fn touched(memory: &Memory, resume: &Resume) -> Vec<String> {
    memory.resume(resume, NOW + 10).unwrap().iter().map(|t| t.item.text.clone()).collect()
}

fn states(memory: &Memory) -> Vec<(String, &'static str)> {
    let all = memory.attitudes(&Scope::default(), |_| true, None, 100).unwrap().items;
    let state = |item: &memory::Item| item.attitude.as_ref().map_or("none", Attitude::state);
    all.iter().map(|item| (item.text.clone(), state(item))).collect()
}

#[tokio::test]
async fn an_intention_lives_through_opening_moving_and_erasing() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = store(from.path());
    let memory = open(&disk, "acme", Config::default()).await;
    memory.store(said("Book the flight to Lisbon"), &by(NOW)).await.unwrap();
    let flight = memory.intend(said("Book the flight to Lisbon"), None, &by(NOW)).await.unwrap();
    assert_eq!(flight.outcome, Outcome::Added, "what was only said is another memory");
    let again = memory.intend(said("Book the flight to Lisbon"), None, &by(NOW + 1)).await.unwrap();
    assert_eq!((again.outcome, again.item.id), (Outcome::Reinforced, flight.item.id));
    let tax = memory.intend(said("File the tax return"), Some(NOW + 5), &by(NOW)).await.unwrap();
    let rain = said("It rains in Porto on Sunday");
    let rain = memory.claim(rain, 0.7, Some("weather".into()), &by(NOW)).await.unwrap().item.id;
    let id = flight.item.id;
    memory.end(id, End::Complete, Some("seat 12A".into()), &by(NOW + 2)).await.unwrap();
    memory.verify(rain, false, Some("it was dry".into()), &by(NOW + 3)).await.unwrap();
    for wrong in [End::Complete, End::Abandon] {
        let error = memory.end(id, wrong, None, &by(NOW + 4)).await.unwrap_err();
        let said = format!("memory {id} is completed, expected an open intention");
        assert_eq!(error.to_string(), said);
    }
    let error = memory.verify(rain, true, None, &by(NOW + 4)).await.unwrap_err();
    assert!(error.to_string().contains("a claim verified false, expected an unverified claim"));
    let error = memory.verify(id, true, None, &by(NOW + 4)).await.unwrap_err();
    assert!(error.to_string().contains("is no claim"), "{error}");
    let hindsight = Patch { text: Some("It rains in Faro".into()), ..Patch::default() };
    let error = memory.update(rain, hindsight, &by(NOW + 4)).await.unwrap_err();
    assert!(error.to_string().contains("stands as it was said"), "{error}");
    let hindsight = Patch { confidence: Some(0.1), ..Patch::default() };
    assert!(memory.update(rain, hindsight, &by(NOW + 4)).await.is_err());
    let (before, file) = (states(&memory), exported(&memory).await);
    drop(memory);

    let memory = open(&disk, "acme", Config::default()).await;
    assert_eq!(states(&memory), before);
    let there = ("Book the flight to Lisbon".to_owned(), "completed");
    assert!(before.contains(&there) && before.iter().any(|(_, state)| *state == "false"));
    let what: Vec<_> = memory.history(id).await.unwrap().iter().map(|e| e.what).collect();
    assert_eq!(what, [Happened::Added, Happened::Completed]);
    let then = memory.as_of(id, NOW + 1).await.unwrap();
    assert_eq!(then["attitude"]["intention"]["state"], "open");
    assert_eq!(memory.search(&memory::Query::new("12A"), NOW).unwrap().hits[0].item.id, id);

    let other = open(&store(to.path()), "other", Config::default()).await;
    other.import(&file, Existing::Refuse).await.unwrap();
    assert_eq!((states(&other), exported(&other).await == file), (before, true));
    assert_eq!(other.calibration(&everything()).unwrap().overall.n, 1);

    memory.erase(tax.item.id, &by(NOW + 9)).await.unwrap();
    memory.erase(rain, &by(NOW + 9)).await.unwrap();
    drop(memory);
    let memory = open(&disk, "acme", Config::default()).await;
    assert_eq!(states(&memory).len(), 1);
    assert_eq!(memory.calibration(&everything()).unwrap().overall.n, 0);
    assert!(touched(&memory, &resume("the tax return", None)).is_empty());
}

#[tokio::test]
async fn a_file_with_an_attitude_out_of_range_is_refused_as_a_whole() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = open(&store(from.path()), "acme", Config::default()).await;
    memory.claim(said("Bread rises"), 0.5, None, &by(NOW)).await.unwrap();
    let file = String::from_utf8(exported(&memory).await).unwrap();
    let other = open(&store(to.path()), "other", Config::default()).await;
    let forged =
        file.replacen("\"confidence\":0.5,\"subject\"", "\"confidence\":1.5,\"subject\"", 1);
    assert_ne!(forged, file);
    let error = other.import(forged.as_bytes(), Existing::Refuse).await.unwrap_err().to_string();
    assert!(error.contains("confidence: expected a number from 0 to 1"), "{error}");
    assert_eq!(other.stats().unwrap().active, 0);
}

#[tokio::test]
async fn what_is_talked_about_brings_up_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    let mean = async |text: &str, user: &str, due| {
        memory.intend(of_user(text, user), due, &by(NOW)).await.unwrap().item.id
    };
    let flight = mean("Book the flight to Lisbon", "ada", None).await;
    mean("Call the plumber about the kitchen sink", "ada", None).await;
    mean("Book the flight to Rome", "bob", None).await;
    let asked = "Which flights leave for Lisbon tomorrow?";
    assert_eq!(touched(&memory, &resume(asked, Some("ada"))), ["Book the flight to Lisbon"]);
    let less = Resume { threshold: 0.1, ..resume(asked, None) };
    let all = memory.resume(&less, NOW).unwrap();
    assert_eq!(all.len(), 2, "Rome shares the flight");
    assert!(all[0].score > all[1].score && all[0].words.contains(&"lisbon".to_owned()));
    assert!(touched(&memory, &resume("What is for dinner, and to whom is it?", None)).is_empty());
    mean("Renew the passport", "ada", Some(NOW + 5)).await;
    assert_eq!(touched(&memory, &resume("hello", Some("ada"))), ["Renew the passport"]);
    memory.end(flight, End::Abandon, Some("we take the train".into()), &by(NOW)).await.unwrap();
    assert!(
        !touched(&memory, &resume(asked, Some("ada")))
            .contains(&"Book the flight to Lisbon".into())
    );
    let wrong = Resume { threshold: f32::NAN, ..resume("x", None) };
    assert!(matches!(
        memory.resume(&wrong, NOW),
        Err(MemoryError::Field { what: "threshold", .. })
    ));
}

#[tokio::test]
async fn a_turn_recalls_before_it_learns() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    memory.store(of_user("Ada is allergic to peanuts", "ada"), &by(NOW)).await.unwrap();
    memory.intend(of_user("Bake a cake for Ada", "ada"), None, &by(NOW)).await.unwrap();
    let message =
        |role: &str, content: &str| Message { role: role.into(), content: content.into() };
    let question = "What can go into the cake for Ada?";
    let scope = Scope { user_id: Some("ada".into()), ..Scope::default() };
    let recall =
        Recall { message: question.into(), scope, limit: 10, context_bytes: 4096, attention: None };
    let messages = vec![message("user", question), message("assistant", "Almonds, no peanuts.")];
    let turned = memory.turn(&Turn { recall, messages }, &by(NOW + 1)).await.unwrap();
    let recalled: Vec<&str> = turned.recalled.hits.iter().map(|h| h.item.text.as_str()).collect();
    assert!(recalled.contains(&"Ada is allergic to peanuts"));
    assert!(!recalled.contains(&question), "what is said now was not remembered");
    assert!(turned.recalled.context.contains("(intention, open) Bake a cake for Ada"));
    assert_eq!(turned.intentions.len(), 1);
    assert_eq!(turned.learned.messages.len(), 2);
    assert_eq!(memory.stats().unwrap().active, 4);
}

#[tokio::test]
async fn time_alone_takes_no_open_intention_away() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { tiers: Profile::analyst(), ..Config::default() };
    let memory = open(&store(folder.path()), "acme", config).await;
    let kept = memory.intend(said("Plant the tulips"), None, &by(NOW)).await.unwrap().item.id;
    let told = memory.store(said("Tulips are bulbs"), &by(NOW)).await.unwrap().item.id;
    let ends = New { expires_at: Some(NOW + DAY), ..said("Water the tulips") };
    let ends = memory.intend(ends, None, &by(NOW)).await.unwrap().item.id;
    memory.tend(NOW + 400 * DAY).await.unwrap();
    let status = |id| memory.get(id).unwrap().status;
    assert_eq!([status(kept), status(told)], [Status::Active, Status::Expired]);
    assert_eq!(status(ends), Status::Expired, "the time that it was given is its own");
    assert!(memory.end(ends, End::Complete, None, &by(NOW + 400 * DAY)).await.is_err());
    assert_eq!(touched(&memory, &resume("tulips", None)), ["Plant the tulips"]);
}

#[tokio::test]
async fn claims_are_judged_by_subject_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let memory = open(&store(folder.path()), "acme", Config::default()).await;
    for k in 0..20 {
        let subject = if k % 2 == 0 { "weather" } else { "sport" };
        let claim = said(&format!("Claim {k}"));
        let claim = memory.claim(claim, 0.9, Some(subject.into()), &by(NOW)).await.unwrap();
        // Of the weather all came true; of sport one of five.
        let truth = k % 2 == 0 || k % 10 == 1;
        if k < 18 {
            memory.verify(claim.item.id, truth, None, &by(NOW + k)).await.unwrap();
        }
    }
    let all = memory.calibration(&everything()).unwrap();
    assert_eq!((all.overall.n, all.unverified), (18, 2));
    let names: Vec<&str> = all.by_subject.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["sport", "weather"]);
    let (sport, weather) = (&all.by_subject[0].1, &all.by_subject[1].1);
    assert!(weather.overconfidence < 0.0 && sport.overconfidence > 0.6, "{sport:?}");
    let one = Judge { subject: Some("sport".into()), from: Some(NOW + 10), ..everything() };
    assert_eq!(memory.calibration(&one).unwrap().overall.n, 4);
    let again = memory.claim(said("Claim 19"), 0.9, Some("sport".into()), &by(NOW)).await.unwrap();
    assert_eq!(again.outcome, Outcome::Reinforced);
    let surer = memory.claim(said("Claim 19"), 0.95, Some("sport".into()), &by(NOW)).await.unwrap();
    assert_eq!(surer.outcome, Outcome::Added, "another confidence is another claim");
}

/// What may be asked of an intention.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Complete,
    Abandon,
    Delete,
    Restore,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// In any order of requests, an intention ends once, only while it is there, and what was
    /// acknowledged is what is read back.
    #[test]
    fn an_intention_on_disk_follows_its_states(asked in prop::collection::vec(0..4_usize, 1..10)) {
        let all = [Asked::Complete, Asked::Abandon, Asked::Delete, Asked::Restore];
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let disk = store(folder.path());
            let memory = open(&disk, "acme", Config::default()).await;
            let id = memory.intend(said("Sweep"), None, &by(NOW)).await.unwrap().item.id;
            let (mut state, mut there) = ("open", true);
            for (k, ask) in asked.iter().map(|k| all[*k]).enumerate() {
                let by = by(NOW + k as i64);
                let (done, may) = match ask {
                    Asked::Complete => (memory.end(id, End::Complete, None, &by).await.is_ok(), there && state == "open"),
                    Asked::Abandon => (memory.end(id, End::Abandon, None, &by).await.is_ok(), there && state == "open"),
                    Asked::Delete => (memory.delete(id, &by).await.is_ok(), there),
                    Asked::Restore => (memory.restore(id, &by).await.is_ok(), !there),
                };
                assert_eq!(done, may, "{ask:?} of {state}");
                match ask {
                    Asked::Complete if done => state = "completed",
                    Asked::Abandon if done => state = "abandoned",
                    Asked::Delete => there = false,
                    Asked::Restore => there = true,
                    _ => {}
                }
            }
            drop(memory);
            let memory = open(&disk, "acme", Config::default()).await;
            let item = memory.get(id).unwrap();
            assert_eq!(item.attitude.as_ref().unwrap().state(), state);
            assert_eq!(item.status == Status::Active, there);
        });
    }
}
