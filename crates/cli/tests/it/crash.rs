//! A memory whose server is killed in the middle of writes, again and again: what was acknowledged
//! is there, what was not is there whole or not at all.
//!
//! `CRASH_KILLS=200 cargo test -p cli --test it crash -- --nocapture` reports the figures
//! of a longer run; `CRASH_SEED` draws other moments.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::operate::{Serving, name};

/// Kills of the everyday test.
const KILLS: u64 = 25;
const WRITERS: usize = 4;
/// Memories of one user, so that one search finds them all.
const OF_USER: usize = 80;
/// A word that every memory has.
const WORD: &str = "heliotrope";

/// What is there of a memory: its text and whether it is active; nothing where it was erased.
type There = Option<(String, bool)>;

/// A memory as far as its writer knows.
struct Known {
    user: String,
    is: There,
    /// What it is too, if the last write was made without being acknowledged.
    or: Option<There>,
}

/// The memories of one writer, and what it did.
struct Writer {
    memories: BTreeMap<String, Known>,
    random: u64,
    number: usize,
    made: usize,
    /// Writes that were acknowledged: stored, updated, deleted, restored, erased.
    acknowledged: [u64; 5],
    unsure: u64,
}

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

impl Writer {
    fn new(number: usize, seed: u64) -> Self {
        let random = (seed ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
        let (memories, made) = (BTreeMap::new(), 0);
        Self { memories, random, number, made, acknowledged: [0; 5], unsure: 0 }
    }

    fn draw(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 20) as usize % below
    }

    /// Writes until the server is gone.
    fn write(&mut self, address: &str) {
        let agent = agent();
        loop {
            let id = self.some();
            let (kind, method, path, body, then) = match self.draw(10) {
                0..=4 => self.store(),
                kind => match (kind, &id) {
                    (_, None) => self.store(),
                    (5 | 6, Some(id)) => self.update(id),
                    (7, Some(id)) => self.delete(id),
                    (8, Some(id)) => self.restore(id),
                    (_, Some(id)) => self.erase(id),
                },
            };
            let id = path.1;
            if let Some(known) = self.memories.get_mut(&id) {
                known.or = Some(then.clone());
            }
            let status = ask(&agent, address, method, &path.0, &body).0;
            match status {
                200..300 => {
                    self.acknowledged[kind] += 1;
                    if let Some(known) = self.memories.get_mut(&id) {
                        (known.is, known.or) = (then, None);
                    }
                }
                0 => {
                    self.unsure += 1;
                    return;
                }
                other => panic!("{method} {}: {other}", path.0),
            }
        }
    }

    /// One of the memories that are there.
    fn some(&mut self) -> Option<String> {
        let there: Vec<_> = self.memories.iter().filter(|(_, known)| known.is.is_some()).collect();
        let there: Vec<String> = there.into_iter().map(|(id, _)| id.clone()).collect();
        let n = there.len();
        (n > 0).then(|| there[self.draw(n)].clone())
    }

    fn text(&mut self, id: &str) -> String {
        let number = self.draw(1 << 30);
        format!("{WORD} {number} as writer {} has it in {id}", self.number)
    }

    fn store(&mut self) -> Write {
        let id = format!("018f0000-0000-7000-8{:03x}-{:012x}", self.number, self.made);
        let user = format!("w{}-{}", self.number, self.made / OF_USER);
        self.made += 1;
        let text = self.text(&id);
        let body = json!({ "id": id, "text": text, "user_id": user });
        let known = Known { user, is: None, or: None };
        self.memories.insert(id.clone(), known);
        (0, "POST", ("/v1/memories".into(), id), body, Some((text, true)))
    }

    fn update(&mut self, id: &str) -> Write {
        let text = self.text(id);
        if !self.is_active(id) {
            return self.restore(id);
        }
        let body = json!({ "text": text });
        (1, "PATCH", (path(id), id.into()), body, Some((text, true)))
    }

    fn delete(&mut self, id: &str) -> Write {
        let Some((text, true)) = self.memories[id].is.clone() else { return self.restore(id) };
        (2, "DELETE", (path(id), id.into()), Value::Null, Some((text, false)))
    }

    fn restore(&mut self, id: &str) -> Write {
        let Some((text, false)) = self.memories[id].is.clone() else { return self.delete(id) };
        (3, "POST", (format!("{}/restore", path(id)), id.into()), Value::Null, Some((text, true)))
    }

    fn erase(&mut self, id: &str) -> Write {
        (4, "DELETE", (format!("{}?erase=true", path(id)), id.into()), Value::Null, None)
    }

    fn is_active(&self, id: &str) -> bool {
        self.memories[id].is.as_ref().is_some_and(|(_, active)| *active)
    }

    /// Compares what is there with what was acknowledged, and settles what was not; how many of
    /// those had been written.
    fn settle(&mut self, there: &BTreeMap<String, (String, bool)>) -> u64 {
        let mut written = 0;
        for (id, known) in &mut self.memories {
            let found = there.get(id).cloned();
            match known.or.take() {
                Some(or) if found == or && found != known.is => {
                    known.is = or;
                    written += 1;
                }
                _ => assert_eq!(found, known.is, "{id}: an acknowledged write is lost"),
            }
        }
        written
    }
}

/// Which kind of write, its method, its path and memory, its body, and what is there then.
type Write = (usize, &'static str, (String, String), Value, There);

fn path(id: &str) -> String {
    format!("/v1/memories/{id}")
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .build()
        .into()
}

fn ask(agent: &ureq::Agent, address: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .header("content-type", "application/json");
    let Ok(answer) = agent.run(request.body(body).unwrap()) else { return (0, Value::Null) };
    let status = answer.status().as_u16();
    let text = answer.into_body().into_with_config().limit(64 << 20).read_to_string();
    // An answer that was cut off acknowledges nothing.
    let Ok(text) = text else { return (0, Value::Null) };
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// All memories of a status, by name.
fn listed(
    agent: &ureq::Agent,
    address: &str,
    status: &str,
    all: &mut BTreeMap<String, (String, bool)>,
) {
    let mut after = String::new();
    loop {
        let path = format!("/v1/memories?status={status}&limit=1000&after={after}");
        let (code, page) = ask(agent, address, "GET", &path, &Value::Null);
        assert_eq!(code, 200, "{page}");
        for memory in page["results"].as_array().unwrap() {
            let text = |name: &str| memory[name].as_str().unwrap().to_owned();
            assert_eq!(text("status"), status);
            let twice = all.insert(text("id"), (text("memory"), status == "active"));
            assert!(twice.is_none(), "{} has two statuses", text("id"));
        }
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return,
        }
    }
}

/// What a search of a user's memories finds, by words or by vectors alone.
fn found(agent: &ureq::Agent, address: &str, user: &str, weights: &Value) -> BTreeSet<String> {
    let request = json!({ "query": WORD, "user_id": user, "limit": 100, "weights": weights,
                          "exact": true, "reinforce": false });
    let (code, answer) = ask(agent, address, "POST", "/v1/search", &request);
    assert_eq!(code, 200, "{answer}");
    let hits = answer["results"].as_array().unwrap();
    hits.iter().map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

/// Words and vectors find exactly what is active.
fn searched(agent: &ureq::Agent, address: &str, writers: &[Writer], every: bool) {
    let mut users: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for writer in writers {
        let last = format!("w{}-{}", writer.number, writer.made.saturating_sub(1) / OF_USER);
        for (id, known) in &writer.memories {
            let active = users.entry(&known.user).or_default();
            if known.is.as_ref().is_some_and(|(_, active)| *active) {
                active.insert(id.clone());
            }
        }
        users.retain(|user, _| {
            every || !user.starts_with(&format!("w{}-", writer.number)) || *user == last
        });
    }
    for (user, active) in users {
        let words = json!({ "text": 1, "vector": 0, "graph": 0 });
        assert_eq!(found(agent, address, user, &words), active, "{user} by words");
        let vectors = json!({ "text": 0, "vector": 1, "graph": 0 });
        assert_eq!(found(agent, address, user, &vectors), active, "{user} by vectors");
    }
}

#[test]
fn a_server_that_is_killed_while_it_writes_loses_no_acknowledged_memory() {
    let kills = variable("CRASH_KILLS", KILLS);
    let seed = variable("CRASH_SEED", 20_261_121);
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    std::fs::create_dir_all(&models).unwrap();
    let mut writers: Vec<_> = (0..WRITERS).map(|number| Writer::new(number, seed)).collect();
    let mut clock = Writer::new(WRITERS, seed);
    let mut written = 0;
    for kill in 0..=kills {
        let server = Serving::with(&["--state", name(&state)], &models, &[]);
        let agent = agent();
        let mut there = BTreeMap::new();
        for status in ["active", "deleted"] {
            listed(&agent, &server.address, status, &mut there);
        }
        written += writers.iter_mut().map(|writer| writer.settle(&there)).sum::<u64>();
        let known: usize = writers.iter().map(|writer| writer.memories.len()).sum();
        assert!(there.len() <= known, "{} memories that nobody stored", there.len() - known);
        searched(&agent, &server.address, &writers, kill == kills || kill % 20 == 0);
        if kill == kills {
            break;
        }
        let life = Duration::from_millis(20 + clock.draw(480) as u64);
        let address = server.address.clone();
        std::thread::scope(|scope| {
            for writer in &mut writers {
                let address = &address;
                scope.spawn(move || writer.write(address));
            }
            std::thread::sleep(life);
            server.kill();
        });
    }
    let sum = |kind: usize| writers.iter().map(|w| w.acknowledged[kind]).sum::<u64>();
    let [stored, updated, deleted, restored, erased] = [0, 1, 2, 3, 4].map(sum);
    let unsure: u64 = writers.iter().map(|w| w.unsure).sum();
    eprintln!(
        "{kills} kills, seed {seed}: acknowledged {stored} stores, {updated} updates, {deleted} \
         deletes, {restored} restores, {erased} erases, lost 0; {unsure} writes were under way, \
         {written} of them had been written whole"
    );
    assert!(stored > kills && updated > 0 && deleted > 0 && restored > 0 && erased > 0);
    assert!(unsure > 0, "no kill fell into a write");
}

/// Kills of the test of intentions: each begins where the one before ended.
const KILLS_OF_INTENTIONS: u64 = 6;

/// An intention's path, its name, and the states that it may be in after a kill.
type Meant = BTreeMap<String, BTreeSet<&'static str>>;

/// Means, completes and abandons until the server is gone; how many writes were acknowledged.
fn mean(agent: &ureq::Agent, address: &str, meant: &mut Meant, seed: u64) -> u64 {
    let mut acknowledged = 0;
    for k in 0.. {
        let id = format!("018f0000-0000-7000-9{seed:03x}-{k:012x}");
        let body = json!({ "id": id, "text": format!("Sweep the hall {seed} {k}") });
        // Not there at all, or open.
        meant.insert(id.clone(), BTreeSet::from(["absent", "open"]));
        if ask(agent, address, "POST", "/v1/intentions", &body).0 != 201 {
            return acknowledged;
        }
        let (end, state) =
            if k % 2 == 0 { ("complete", "completed") } else { ("abandon", "abandoned") };
        meant.insert(id.clone(), BTreeSet::from(["open", state]));
        let path = format!("/v1/intentions/{id}/{end}");
        if ask(agent, address, "POST", &path, &json!({ "outcome": "swept" })).0 != 200 {
            return acknowledged + 1;
        }
        meant.insert(id, BTreeSet::from([state]));
        acknowledged += 2;
    }
    acknowledged
}

#[test]
fn a_server_that_is_killed_loses_no_acknowledged_intention_and_no_end_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    std::fs::create_dir_all(&models).unwrap();
    let (mut meant, mut acknowledged) = (Meant::new(), 0);
    for kill in 0..=KILLS_OF_INTENTIONS {
        let server = Serving::with(&["--state", name(&state)], &models, &[]);
        let agent = agent();
        for (id, may) in &meant {
            let (status, memory) = ask(&agent, &server.address, "GET", &path(id), &Value::Null);
            let found = if status == 404 {
                "absent"
            } else {
                memory["intention"]["state"].as_str().unwrap()
            };
            assert!(may.contains(found), "{id} is {found}, expected one of {may:?}");
            let outcome = &memory["intention"]["outcome"];
            let ended = ["completed", "abandoned"].contains(&found);
            assert_eq!(outcome == "swept", ended, "an end is whole or not there: {memory}");
        }
        if kill == KILLS_OF_INTENTIONS {
            break;
        }
        let address = server.address.clone();
        acknowledged += std::thread::scope(|scope| {
            let meaning = scope.spawn(|| mean(&agent, &address, &mut meant, kill));
            std::thread::sleep(Duration::from_millis(100 + 40 * kill));
            server.kill();
            meaning.join().unwrap()
        });
    }
    eprintln!("{KILLS_OF_INTENTIONS} kills: {acknowledged} writes were acknowledged, lost 0");
    assert!(acknowledged > KILLS_OF_INTENTIONS);
}
