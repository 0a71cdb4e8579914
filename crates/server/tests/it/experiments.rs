//! Experiments on the held-out digits: the counts of the demo, progress as it happens, resumed after
//! a restart, kept apart by tenant.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde_json::{Value, json};
use server::{Config, State};
use tempfile::TempDir;

use crate::client::Running;

/// The demo model twice, and its held-out images.
fn models() -> TempDir {
    let models = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/digits");
    let to = models.path().join("digits");
    for version in ["1", "2"] {
        std::fs::create_dir_all(to.join(version)).unwrap();
        for file in ["model.nir", "model.toml"] {
            std::fs::copy(from.join("1").join(file), to.join(version).join(file)).unwrap();
        }
    }
    // The second encodes by chance: its runs differ with the seed.
    let spec = std::fs::read_to_string(to.join("2/model.toml")).unwrap();
    std::fs::write(to.join("2/model.toml"), spec.replace("\"rate\"", "\"bernoulli\"")).unwrap();
    std::fs::copy(from.join("heldout.npz"), to.join("heldout.npz")).unwrap();
    models
}

fn ended(server: &Running, id: &str) -> Value {
    loop {
        let path = format!("/v1/experiments/{id}");
        let found = server.ask("GET", &path, None, Value::Null).of(200);
        if found["status"] != "running" {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn versions_and_seeds_are_run_compared_and_exported() {
    let server = Running::start(models(), Config::default());
    let spec = json!({ "name": "=codes, \"rate\" or chance", "model": "digits", "data": "heldout",
                       "versions": [1, 2], "seeds": [0, 1], "limit": 200 });
    let started = server.ask("POST", "/api/experiments", None, spec).of(201);
    assert_eq!((&started["status"], &started["total"]), (&json!("running"), &json!(800)));
    let id = started["id"].as_str().unwrap();
    let found = ended(&server, id);
    assert_eq!((&found["status"], &found["done"]), (&json!("done"), &json!(800)), "{found}");
    let runs = found["runs"].as_array().unwrap();
    let of = |k: usize, key: &str| runs[k][key].clone();
    // What the same requests one by one give.
    let right = runs[0]["correct"].as_u64().unwrap();
    assert!(right >= 190, "{right} of 200");
    assert_eq!(of(0, "correct"), of(1, "correct"), "an even code has no chance in it");
    assert_eq!(of(0, "spikes"), of(1, "spikes"));
    assert_ne!(of(2, "spikes"), of(3, "spikes"), "another seed draws other spikes");
    let confusion = runs[0]["confusion"].as_array().unwrap();
    let cells = confusion.iter().flat_map(|row| row.as_array().unwrap());
    assert_eq!(cells.map(|n| n.as_u64().unwrap()).sum::<u64>(), 200);
    let compare = format!("/v1/experiments/compare?ids={id}");
    let compared = server.ask("GET", &compare, None, Value::Null).of(200);
    let behind: Vec<f64> = compared["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["behind"].as_f64().unwrap())
        .collect();
    assert!(behind.is_sorted() && behind[0] == 0.0 && behind.len() == 4, "{behind:?}");
    let csv = server.ask("GET", &format!("/v1/experiments/{id}/export"), None, Value::Null);
    let csv = String::from_utf8(csv.bytes).unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(
        csv.lines().nth(1).unwrap().starts_with("\"'=codes, \"\"rate\"\" or chance\",digits,1,")
    );
    let one = format!("/v1/experiments/{id}");
    assert_eq!(server.ask("DELETE", &one, None, Value::Null).status, 204);
    assert_eq!(server.ask("GET", &one, None, Value::Null).status, 404);
}

#[test]
fn progress_is_told_until_the_end() {
    let server = Running::start(models(), Config::default());
    let spec = json!({ "name": "all", "model": "digits", "data": "heldout", "versions": [1] });
    let started = server.ask("POST", "/v1/experiments", None, spec).of(201);
    let id = started["id"].as_str().unwrap();
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    let head = format!(
        "GET /v1/experiments/{id}/events HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (mut names, mut last) = (Vec::new(), Value::Null);
    for line in BufReader::new(stream).lines().map(Result::unwrap) {
        if let Some(name) = line.strip_prefix("event: ") {
            names.push(name.to_owned());
        }
        if let Some(data) = line.strip_prefix("data: ") {
            last = serde_json::from_str(data).unwrap();
        }
    }
    assert!(names.len() > 2 && names.pop().unwrap() == "done", "{names:?}");
    assert!(names.iter().all(|name| name == "progress"));
    // The very count of the demo, and of snnTorch.
    assert_eq!(last["runs"][0]["correct"], 976, "{last}");
}

#[test]
fn an_experiment_goes_on_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let config = || Config {
        state: State { folder: state.path().to_owned(), postgresql: None },
        workers: 1,
        ..Config::default()
    };
    let spec = json!({ "name": "long", "model": "digits", "data": "heldout", "versions": [1],
                       "seeds": [0, 1, 2, 3, 4, 5] });
    let mut server = Running::start(models(), config());
    let started = server.ask("POST", "/v1/experiments", None, spec).of(201);
    let id = started["id"].as_str().unwrap();
    let path = format!("/v1/experiments/{id}");
    let before = loop {
        let found = server.ask("GET", &path, None, Value::Null).of(200);
        if found["done"].as_u64().unwrap() > 1000 {
            break found;
        }
    };
    server.stop();
    let server = Running::start(models(), config());
    let found = ended(&server, id);
    assert_eq!((&found["status"], &found["done"]), (&json!("done"), &json!(6000)));
    let runs = found["runs"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["correct"] == 976));
    assert_eq!(runs[0], before["runs"][0], "what was done is not done again");
}

#[test]
fn what_cannot_be_run_is_said() {
    let server = Running::start(models(), Config::default());
    let ask = |spec: Value, status: u16| -> String {
        let error = server.ask("POST", "/v1/experiments", None, spec).of(status);
        error["detail"].as_str().unwrap().to_owned()
    };
    let spec = |changes: Value| {
        let mut spec = json!({ "name": "x", "model": "digits", "data": "heldout" });
        spec.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        spec
    };
    assert_eq!(
        ask(spec(json!({ "data": "other" })), 404),
        "data set digits/other.npz does not exist"
    );
    ask(spec(json!({ "data": "../../etc/passwd" })), 400);
    ask(spec(json!({ "model": "none" })), 404);
    ask(spec(json!({ "versions": [7] })), 404);
    assert_eq!(ask(spec(json!({ "seeds": vec![0; 101] })), 400), "101 runs, expected at most 100");
    ask(spec(json!({ "tenant": "other" })), 400);
    let error = server.ask("GET", "/v1/experiments/..%2Fx", None, Value::Null).of(404);
    assert_eq!(error["detail"], "no such experiment");
}

#[test]
fn an_experiment_that_cannot_go_on_is_a_dead_letter_and_can_be_replayed() {
    let folder = models();
    let data = folder.path().join("digits/heldout.npz");
    let config = Config { workers: 1, ..Config::default() };
    let server = Running::start(folder, config);
    let spec = json!({ "name": "cut", "model": "digits", "data": "heldout", "versions": [1],
                       "seeds": [0, 1, 2, 3] });
    let started = server.ask("POST", "/v1/experiments", None, spec.clone()).of(201);
    // The model goes away under it.
    server.ask("POST", "/v2/repository/models/digits/unload", None, Value::Null).of(200);
    let failed = ended(&server, started["id"].as_str().unwrap());
    assert_eq!(failed["status"], "failed");
    let letters = server.ask("GET", "/v1/dead-letters", None, Value::Null).of(200);
    let letter = &letters["letters"][0];
    assert_eq!((&letter["origin"], &letter["attempts"]), (&json!("experiment"), &json!(1)));
    assert_eq!(letter["payload"]["seeds"], spec["seeds"]);
    assert_eq!(letter["errors"][1], "model digits is not ready: unloaded");
    let replay = |body: Value| server.ask("POST", "/v1/dead-letters/replay", None, body).of(200);
    let none = replay(json!({ "error": "something else" }));
    assert_eq!(none["matched"], json!([]));
    let dry = replay(json!({ "dry_run": true }));
    assert_eq!((&dry["matched"], &dry["replayed"]), (&json!([letter["id"]]), &json!([])));
    // While the cause lasts the letter stays.
    let refused = replay(json!({ "origin": "experiment" }));
    assert_eq!(refused["refused"][0]["error"], "model digits is not ready: unloaded");
    server.ask("POST", "/v2/repository/models/digits/load", None, Value::Null).of(200);
    assert!(data.exists());
    let done = replay(json!({}));
    assert_eq!(done["replayed"], json!([letter["id"]]));
    assert_eq!(replay(json!({}))["matched"], json!([]), "it is done once");
    let id = format!("replay-{}", letter["id"].as_str().unwrap());
    let found = ended(&server, &id);
    assert_eq!((&found["status"], &found["done"]), (&json!("done"), &json!(4000)));
    assert_eq!(found["tried"], 1);
    for (event, n) in [("put", 1.0), ("replayed", 1.0)] {
        let line =
            format!("striatum_dead_letters_total{{origin=\"experiment\",event=\"{event}\"}}");
        assert_eq!(server.metric(&line), n, "{event}");
    }
}
