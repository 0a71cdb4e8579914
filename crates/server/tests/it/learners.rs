//! Learners over HTTP: taught while they serve, kept when acknowledged, taken back, apart by tenant,
//! and one truth for servers that share a store.

use serde_json::{Value, json};
use server::{Config, State};

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
const SPEC: &str = "[profile]\nname = \"snntorch\"\nreset = \"zero\"\nreset_delay = false\n";

fn start() -> Running {
    Running::start(models(NETWORK, SPEC), Config::default())
}

fn at(folder: &std::path::Path) -> Running {
    let state = State { folder: folder.to_owned(), ..State::default() };
    Running::start(models(NETWORK, SPEC), Config { state, ..Config::default() })
}

fn post(server: &Running, path: &str, body: Value, status: u16) -> Value {
    server.ask("POST", path, None, body).of(status)
}

fn get(server: &Running, id: &str) -> Value {
    server.ask("GET", &format!("/v1/learners/{id}"), None, Value::Null).of(200)
}

fn columns(id: &str) -> Value {
    json!({ "id": id, "columns": { "inputs": 4, "novel_below": 0.7 } })
}

/// A sample near a corner.
fn near(corner: usize, k: usize) -> Value {
    let mut values = [0.01 * k as f64, 0.02, 0.0, 0.01];
    values[corner] = 1.0;
    json!(values)
}

fn samples(labels: &[(&str, usize)], n: usize) -> Value {
    let all = (0..n).map(|k| {
        let (label, corner) = labels[k % labels.len()];
        json!({ "label": label, "values": near(corner, k) })
    });
    json!({ "samples": all.collect::<Vec<_>>() })
}

fn teach(server: &Running, id: &str, labels: &[(&str, usize)], n: usize) -> Value {
    post(server, &format!("/v1/learners/{id}/learn"), samples(labels, n), 200)
}

fn predict(server: &Running, id: &str, corner: usize) -> Value {
    let asked = json!({ "inputs": [{ "values": near(corner, 3) }] });
    post(server, &format!("/v1/learners/{id}/predict"), asked, 200)["predictions"][0].clone()
}

#[test]
fn new_classes_are_learned_while_it_serves_and_outlive_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = at(folder.path());
    let made = post(&server, "/v1/learners", columns("corners"), 201);
    assert_eq!((&made["kind"], &made["learning"]), (&json!("columns"), &json!(true)));
    assert_eq!(predict(&server, "corners", 0), json!({ "novel": true, "score": 0.0 }));
    let taught = teach(&server, "corners", &[("north", 0), ("south", 1)], 10);
    assert_eq!((&taught["samples"], &taught["classes"]), (&json!(10), &json!(2)));
    assert_eq!((&taught["allocated"], &taught["right"]), (&json!(2), &json!(8)));
    assert_eq!(predict(&server, "corners", 1)["label"], "south");
    assert_eq!(predict(&server, "corners", 2)["novel"], true);
    teach(&server, "corners", &[("east", 2)], 1);
    let before = (predict(&server, "corners", 2), get(&server, "corners"));
    assert_eq!(before.0["label"], "east");
    assert_eq!(before.1["now"]["labels"], json!(["north", "south", "east"]));
    server.stop();

    let server = at(folder.path());
    assert_eq!((predict(&server, "corners", 2), get(&server, "corners")), before);
    let list = server.ask("GET", "/v1/learners", None, Value::Null).of(200);
    assert_eq!(list["learners"].as_array().unwrap().len(), 1);
    server.ask("DELETE", "/v1/learners/corners", None, Value::Null).of(204);
    server.ask("GET", "/v1/learners/corners", None, Value::Null).of(404);
    // One of the same name begins anew.
    post(&server, "/v1/learners", columns("corners"), 201);
    assert_eq!(get(&server, "corners")["now"]["samples"], 0);
}

#[test]
fn what_was_taught_is_taken_back_request_by_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = at(folder.path());
    post(&server, "/v1/learners", columns("a"), 201);
    let mut states = vec![get(&server, "a")["now"].clone()];
    // Past where states are written, and more than can be taken back.
    for k in 0..100 {
        teach(&server, "a", &[("x", k % 3), ("y", 3)], 3);
        states.push(get(&server, "a")["now"].clone());
    }
    server.stop();
    let server = at(folder.path());
    let undoable = states[100]["undoable"].as_u64().unwrap() as usize;
    assert!((32..=64).contains(&undoable), "{undoable}");
    for k in 0..undoable {
        let now = post(&server, "/v1/learners/a/undo", Value::Null, 200)["now"].clone();
        let then = &states[99 - k];
        for part in ["samples", "right", "units", "weight_changes", "labels"] {
            assert_eq!(now[part], then[part], "{part} after {} are taken back", k + 1);
        }
    }
    let refused = post(&server, "/v1/learners/a/undo", Value::Null, 409);
    assert_eq!(refused["detail"], "learner a: nothing was taught that could be taken back");
    // It goes on from there.
    teach(&server, "a", &[("z", 2)], 1);
    let now = post(&server, "/v1/learners/a/forget", Value::Null, 200)["now"].clone();
    assert_eq!((&now["samples"], &now["labels"]), (&json!(0), &json!([])));
    teach(&server, "a", &[("z", 2)], 1);
    assert_eq!(predict(&server, "a", 2)["label"], "z");
}

#[test]
fn what_was_saved_is_loaded_and_what_is_off_does_not_learn() {
    let server = start();
    post(&server, "/v1/learners", columns("a"), 201);
    let never = post(&server, "/v1/learners/a/load", Value::Null, 409);
    assert_eq!(never["detail"], "learner a: it was never saved");
    teach(&server, "a", &[("x", 0)], 2);
    let saved = post(&server, "/v1/learners/a/save", Value::Null, 200);
    assert!(saved["saved_at"].is_string());
    teach(&server, "a", &[("y", 1)], 2);
    let loaded = post(&server, "/v1/learners/a/load", Value::Null, 200);
    assert_eq!(loaded["now"]["labels"], json!(["x"]));
    assert_eq!(predict(&server, "a", 1)["novel"], true);
    let off = json!({ "learning": false });
    server.ask("PATCH", "/v1/learners/a", None, off).of(200);
    let refused = post(&server, "/v1/learners/a/learn", samples(&[("y", 1)], 1), 409);
    assert_eq!(refused["detail"], "learner a: its learning is off");
    assert_eq!(predict(&server, "a", 0)["label"], "x");
}

#[test]
fn servers_that_share_a_store_teach_one_learner() {
    let Some(database) = crate::postgres_server::Server::start() else { return };
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let servers = folders.each_ref().map(|folder| {
        let (folder, postgresql) = (folder.path().to_owned(), Some(database.url()));
        let state = State { folder, postgresql };
        Running::start(models(NETWORK, SPEC), Config { state, ..Config::default() })
    });
    post(&servers[0], "/v1/learners", columns("shared"), 201);
    for k in 0..80 {
        let label = ["x", "y", "z"][k % 3];
        teach(&servers[k % 2], "shared", &[(label, k % 3)], 1);
        assert_eq!(predict(&servers[(k + 1) % 2], "shared", k % 3)["label"], label);
        if k % 20 == 7 {
            post(&servers[(k + 1) % 2], "/v1/learners/shared/undo", Value::Null, 200);
        }
    }
    let now = servers.each_ref().map(|server| get(server, "shared")["now"].clone());
    assert_eq!(now[0], now[1]);
    assert_eq!(now[0]["samples"], 76);
    // Both at once: every request that is acknowledged has been learned, once.
    let teaching = |server: &Running, corner| {
        for _ in 0..20 {
            let asked = samples(&[("w", corner)], 1);
            while server.ask("POST", "/v1/learners/shared/learn", None, asked.clone()).status == 409
            {
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| teaching(&servers[0], 3));
        scope.spawn(|| teaching(&servers[1], 3));
    });
    for server in &servers {
        assert_eq!(get(server, "shared")["now"]["samples"], 116);
    }
}

/// A moving bar of four channels over eight steps.
fn moving(up: bool, k: usize) -> Vec<f64> {
    let at = |step: usize| (if up { step } else { 7 - step } + k) % 4;
    (0..32).map(|cell| f64::from(u8::from(at(cell / 4) == cell % 4))).collect()
}

#[test]
fn every_kind_learns_over_http() {
    let server = start();
    let kinds = json!([
        { "id": "eprop", "eprop": { "channels": 4, "classes": 2, "neurons": 20 }, "seed": 1 },
        { "id": "competition", "competition": { "inputs": 32, "classes": 2, "neurons": 10 }, "seed": 1 },
        { "id": "liquid", "seed": 1, "liquid": {
            "senses": [{ "channels": 4, "liquid": {
                "neurons": 80, "parts": 4, "input_scale": 1.0, "input_connectivity": 0.5 } }],
            "classes": 2 } },
    ]);
    for spec in kinds.as_array().unwrap() {
        let id = spec["id"].as_str().unwrap();
        let made = post(&server, "/v1/learners", spec.clone(), 201);
        assert_eq!(made["kind"], id);
        let sample = |k: usize| {
            let up = k.is_multiple_of(2);
            json!({ "label": if up { "up" } else { "down" }, "values": moving(up, 0) })
        };
        let all = json!({ "samples": (0..60).map(sample).collect::<Vec<_>>() });
        let taught = post(&server, &format!("/v1/learners/{id}/learn"), all, 200);
        assert!(taught["weight_changes"].as_u64().unwrap() > 0, "{taught}");
        let asked =
            json!({ "inputs": [{ "values": moving(true, 0) }, { "values": moving(false, 0) }] });
        let said = post(&server, &format!("/v1/learners/{id}/predict"), asked, 200);
        let labels = [&said["predictions"][0]["label"], &said["predictions"][1]["label"]];
        assert_eq!(labels, [&json!("up"), &json!("down")], "{id}: {said}");
    }
    let [right, known] = server.metrics([
        r#"striatum_learner_samples_total{kind="liquid",result="right"}"#,
        r#"striatum_learner_predictions_total{kind="liquid",result="known"}"#,
    ]);
    assert!(right > 30.0);
    assert_eq!(known, 2.0);
}

#[test]
fn spikes_and_senses_are_taken_and_one_may_be_missing() {
    let server = start();
    let sense = |channels: u32| {
        let liquid = json!({
            "neurons": 60, "parts": 2, "input_scale": 1.5, "input_connectivity": 0.8,
            "tau_mem_steps": 30, "tau_syn_steps": 5,
        });
        json!({ "channels": channels, "liquid": liquid })
    };
    let spec = json!({ "id": "two", "seed": 3, "liquid": {
        "senses": [sense(2), sense(3)], "above": { "neurons": 20 }, "classes": 4, "ridge": 1 } });
    post(&server, "/v1/learners", spec, 201);
    let heard = |channel: u32| json!({ "spikes": { "steps": 10, "at": [9, 1, 1, 3, 5], "channels": vec![channel; 5] } });
    let sample = |label: &str, senses: Value| json!({ "label": label, "senses": senses });
    let all: Vec<Value> = (0..30)
        .map(|k| match k % 3 {
            0 => sample("low", json!([heard(0), heard(0)])),
            1 => sample("high", json!([heard(1), heard(2)])),
            _ => sample("high", json!([heard(1), {}])),
        })
        .collect();
    post(&server, "/v1/learners/two/learn", json!({ "samples": all }), 200);
    let asked =
        json!({ "inputs": [{ "senses": [heard(0), heard(0)] }, { "senses": [{}, heard(2)] }] });
    let said = post(&server, "/v1/learners/two/predict", asked, 200);
    assert_eq!(said["predictions"][0]["label"], "low", "{said}");
    assert_eq!(said["predictions"][1]["label"], "high", "{said}");
}

#[test]
fn what_does_not_fit_is_told_and_nothing_is_learned() {
    let server = start();
    post(&server, "/v1/learners", columns("a"), 201);
    let wrong = [
        (json!({ "samples": [] }), "samples: 0, expected 1 to 1024"),
        (
            json!({ "samples": [{ "label": "x", "values": [1, 2, 3, 4] }, { "label": "x", "values": [1] }] }),
            "samples[1]: number of values is 1, expected 4",
        ),
        (json!({ "samples": [{ "values": [1, 0, 0, 0] }] }), "samples[0]: no label"),
        (
            json!({ "samples": [{ "label": "x", "values": [0, 0, 0, 0] }] }),
            "samples[0]: the input is all zero",
        ),
        (json!({ "samples": [{ "label": "x" }] }), "expected exactly one of values"),
        (
            json!({ "samples": [{ "label": "x", "spikes": { "steps": 1, "at": [0], "channels": [0] } }] }),
            "samples[0]: spikes for a learner that takes values",
        ),
        (json!({ "samples": [{ "label": "x", "values": [1e39, 0, 0, 0] }] }), ""),
    ];
    for (asked, says) in wrong {
        let told = post(&server, "/v1/learners/a/learn", asked, 400).to_string();
        assert!(told.contains(says), "{told}");
    }
    assert_eq!(get(&server, "a")["now"]["samples"], 0);
    let made = [
        (json!({ "id": "b" }), "0 kinds given"),
        (
            json!({ "id": "b", "columns": { "inputs": 1 }, "eprop": { "channels": 1, "classes": 2 } }),
            "2 kinds given",
        ),
        (json!({ "id": "b", "columns": { "inputs": 0 } }), "expected 1 to"),
        (
            json!({ "id": "b", "eprop": { "channels": 4000, "classes": 2, "neurons": 4000 } }),
            "bytes of weights",
        ),
        (
            json!({ "id": "b", "competition": { "inputs": 9, "classes": 2, "neurons": 5000 } }),
            "n_neurons is 5000, expected 1 to 2048",
        ),
        (json!({ "id": "B", "columns": { "inputs": 1 } }), "expected 1 to 64 of a-z"),
        (json!({ "id": "b", "columns": { "inputs": 1, "rate": 2.0 } }), "rate is 2"),
    ];
    for (asked, says) in made {
        let told = post(&server, "/v1/learners", asked, 400).to_string();
        assert!(told.contains(says), "{told}");
    }
    post(&server, "/v1/learners/nobody/learn", samples(&[("x", 0)], 1), 404);
    post(&server, "/v1/learners/..%2F/predict", json!({ "inputs": [] }), 404);
}

#[test]
fn a_learner_is_its_tenants_alone() {
    let server = start();
    let key = |by: Option<&str>, role: &str, tenant: &str| {
        let spec = json!({ "name": format!("{role}-{tenant}"), "role": role, "tenant": tenant });
        let made = server.ask("POST", "/v1/keys", by, spec).of(201);
        made["key"].as_str().unwrap().to_owned()
    };
    let admin = key(None, "admin", "default");
    let acme = key(Some(&admin), "writer", "acme");
    let other = key(Some(&admin), "writer", "other");
    let reader = key(Some(&admin), "reader", "acme");
    let ask = |method: &str, path: &str, by: &str, body: Value, status: u16| {
        server.ask(method, path, Some(by), body).of(status)
    };
    ask("POST", "/v1/learners", &acme, columns("a"), 201);
    let one = samples(&[("x", 0)], 1);
    ask("POST", "/v1/learners/a/learn", &acme, one.clone(), 200);
    ask("POST", "/v1/learners/a/learn", &other, one.clone(), 404);
    ask("GET", "/v1/learners/a", &other, Value::Null, 404);
    let none = ask("GET", "/v1/learners", &other, Value::Null, 200);
    assert_eq!(none["learners"], json!([]));
    // Of the same name, and nothing of it is the other's.
    ask("POST", "/v1/learners", &other, columns("a"), 201);
    let theirs = ask("GET", "/v1/learners/a", &other, Value::Null, 200);
    assert_eq!(theirs["now"]["samples"], 0);
    let asked = json!({ "inputs": [{ "values": near(0, 1) }] });
    ask("POST", "/v1/learners/a/predict", &reader, asked, 200);
    ask("POST", "/v1/learners/a/learn", &reader, one, 403);
}
