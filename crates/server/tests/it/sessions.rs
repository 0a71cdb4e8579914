//! Sessions: one network's state from request to request, over HTTP, WebSocket and a restart,
//! bounded in number, memory and idle time.

use std::path::PathBuf;

use serde_json::{Value, json};
use server::{Config, Sessions, State};
use tungstenite::client::IntoClientRequest;

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
const SPEC: &str = "[profile]\nname = \"snntorch\"\nreset = \"zero\"\nreset_delay = false\n";

fn running(sessions: Sessions) -> Running {
    Running::start(models(NETWORK, SPEC), Config { sessions, ..Config::default() })
}

/// The `k`-th ten steps of a fixed input.
fn piece(k: usize) -> Value {
    let data: Vec<u8> =
        (0..120usize).map(|n| u8::from((n * 7 + k * 13).is_multiple_of(5))).collect();
    json!({ "inputs": [{ "name": "input", "shape": [1, 10, 12], "datatype": "FP32", "data": data }],
            "outputs": [{ "name": "output.spikes" }] })
}

/// The first pieces as one input, from rest.
fn whole(server: &Running, pieces: usize) -> Vec<Value> {
    whole_as(server, None, pieces)
}

fn whole_as(server: &Running, key: Option<&str>, pieces: usize) -> Vec<Value> {
    let data: Vec<Value> = (0..pieces)
        .flat_map(|k| piece(k)["inputs"][0]["data"].as_array().unwrap().clone())
        .collect();
    let mut body = piece(0);
    body["inputs"][0]["shape"] = json!([1, 10 * pieces, 12]);
    body["inputs"][0]["data"] = json!(data);
    spikes(server.ask("POST", "/v2/models/good/infer", key, body).of(200))
}

fn spikes(answer: Value) -> Vec<Value> {
    answer["outputs"][0]["data"].as_array().unwrap().clone()
}

#[test]
fn pieces_of_a_sequence_give_what_the_whole_gives() {
    let server = running(Sessions::default());
    let mut parts = Vec::new();
    for k in 0..4 {
        let mut body = piece(k);
        let (start, end) = (k == 0, k == 3);
        body["parameters"] =
            json!({ "sequence_id": 9, "sequence_start": start, "sequence_end": end });
        parts.extend(spikes(server.ask("POST", "/v2/models/good/infer", None, body).of(200)));
    }
    assert_eq!(parts, whole(&server, 4));
    assert!(parts.contains(&json!(1.0)), "the network is silent");
    let mut body = piece(4);
    body["parameters"] = json!({ "sequence_id": 9 });
    let error = server.ask("POST", "/v2/models/good/infer", None, body).of(404);
    assert_eq!(error["detail"], "session 9 does not exist");
    assert_eq!(server.metric("striatum_sessions{}"), 0.0);
}

#[test]
fn what_a_session_learned_becomes_a_version() {
    const LEARNS: &str = "[profile]\nname = \"bindsnet\"\nrefractory_steps = 2\n[profile.learning]\nnu = [0.001, 0.01]\n\
        tau_trace = 0.02\nweight_min = 0.0\nweight_max = 1.0\n";
    let folder = models("described/bindsnet_stdp_postpre.nir", LEARNS);
    let path = folder.path().join("good");
    let server = Running::start(folder, Config::default());
    let data: Vec<u8> = (0..784 * 50usize).map(|k| u8::from(k.is_multiple_of(7))).collect();
    let input = json!({ "name": "input", "shape": [1, 50, 784], "datatype": "FP32", "data": data });
    let body = json!({ "inputs": [input] });
    let open = json!({ "model": "good", "id": "pupil" });
    server.ask("POST", "/v1/sessions", None, open).of(201);
    server.ask("POST", "/v1/sessions/pupil/infer", None, body.clone()).of(200);
    let checkpoint = "/v1/sessions/pupil/checkpoint";
    let made = server.ask("POST", checkpoint, None, Value::Null).of(201);
    assert_eq!(made, json!({ "model": "good", "version": "2" }));
    // It is there for who names it, and for nobody else until it is rolled out.
    let infer = "/v2/models/good/infer";
    assert_eq!(server.ask("POST", infer, None, body.clone()).of(200)["model_version"], "1");
    let learned = server.ask("POST", "/v2/models/good/versions/2/infer", None, body).of(200);
    assert_eq!(learned["model_version"], "2");
    assert_eq!(
        std::fs::read_to_string(path.join("2/model.toml")).unwrap().parse::<toml::Table>(),
        LEARNS.parse::<toml::Table>()
    );
    let weights = |version: u32| {
        let graph = nir::read(&path.join(format!("{version}/model.nir"))).unwrap().graph;
        let node =
            graph.nodes.values().find(|n| matches!(n, nir::Node::Linear(_) | nir::Node::Affine(_)));
        node.unwrap().parameters()[0].1.to_f64()
    };
    let (before, after) = (weights(1), weights(2));
    let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert!(changed > before.len() / 10, "{changed} of {} weights changed", before.len());
    assert_eq!(server.ask("POST", checkpoint, None, Value::Null).of(201)["version"], "3");
    assert_eq!(weights(3), after);
    // A network that does not learn has nothing to keep.
    let server = running(Sessions::default());
    let open = json!({ "model": "good", "id": "stone" });
    server.ask("POST", "/v1/sessions", None, open).of(201);
    let error = server.ask("POST", "/v1/sessions/stone/checkpoint", None, Value::Null).of(409);
    assert!(error["detail"].as_str().unwrap().contains("no projection learns"), "{error}");
}

/// The network of BindsNET under a rule that waits for rewards.
pub(crate) fn rewarded(learning: &str) -> (Running, PathBuf) {
    let spec = format!(
        "{learning}[profile]\nname = \"bindsnet\"\nrefractory_steps = 2\n[profile.reward_stdp]\n\
         a_plus = 0.1\na_minus = 0.01\ntau_plus = 0.02\ntau_minus = 0.02\ntau_eligibility = 0.5\n\
         rate = 0.1\nweight_min = 0.0\nweight_max = 1.0\n"
    );
    let folder = models("described/bindsnet_stdp_postpre.nir", &spec);
    let path = folder.path().join("good");
    (Running::start(folder, Config::default()), path)
}

pub(crate) fn flickers() -> Value {
    let data: Vec<u8> = (0..784 * 50usize).map(|k| u8::from(k.is_multiple_of(7))).collect();
    json!({ "inputs": [{ "name": "input", "shape": [1, 50, 784], "datatype": "FP32", "data": data }] })
}

#[test]
fn a_reward_changes_what_a_session_did_and_forgetting_takes_it_back() {
    let (server, path) = rewarded("");
    let open = json!({ "model": "good", "id": "pupil" });
    assert_eq!(server.ask("POST", "/v1/sessions", None, open).of(201)["learning"], true);
    let reward = |value: f64| {
        server.ask("POST", "/v1/sessions/pupil/reward", None, json!({ "reward": value }))
    };
    assert_eq!(reward(1.0).of(200)["weight_changes"], 0, "nothing has fired yet");
    let learned = || server.metric("striatum_weight_changes_total{model=\"good\"}");
    server.ask("POST", "/v1/sessions/pupil/infer", None, flickers()).of(200);
    let heard = learned();
    let changes = reward(1.0).of(200)["weight_changes"].as_f64().unwrap();
    assert!(changes > 0.0);
    assert_eq!(learned() - heard, changes);
    let checkpoint = "/v1/sessions/pupil/checkpoint";
    assert_eq!(server.ask("POST", checkpoint, None, Value::Null).of(201)["version"], "2");
    server.ask("POST", "/v1/sessions/pupil/forget", None, Value::Null).of(200);
    assert_eq!(server.ask("POST", checkpoint, None, Value::Null).of(201)["version"], "3");
    let weights = |version: u32| {
        let graph = nir::read(&path.join(format!("{version}/model.nir"))).unwrap().graph;
        let node =
            graph.nodes.values().find(|n| matches!(n, nir::Node::Linear(_) | nir::Node::Affine(_)));
        node.unwrap().parameters()[0].1.to_f64()
    };
    assert_ne!(weights(1), weights(2));
    assert_eq!(weights(1), weights(3));
    let error = reward(1e9).of(400);
    assert!(error["detail"].as_str().unwrap().contains("expected -1000 to 1000"), "{error}");
}

#[test]
fn learning_is_off_on_or_for_the_session_to_say() {
    let changes = |learning: &str, asked: Value| {
        let (server, _) = rewarded(learning);
        let mut open = json!({ "model": "good", "id": "pupil" });
        if !asked.is_null() {
            open["learning"] = asked;
        }
        server.ask("POST", "/v1/sessions", None, open).of(201);
        server.ask("POST", "/v1/sessions/pupil/infer", None, flickers()).of(200);
        let reward = server.ask("POST", "/v1/sessions/pupil/reward", None, json!({ "reward": 1 }));
        reward.of(200)["weight_changes"].as_u64().unwrap()
    };
    assert_eq!(changes("learning = \"off\"\n", Value::Null), 0);
    assert_eq!(changes("learning = \"session\"\n", Value::Null), 0);
    assert!(changes("learning = \"session\"\n", json!(true)) > 0);
    assert_eq!(changes("", json!(false)), 0);
    let (server, _) = rewarded("learning = \"off\"\n");
    let open = json!({ "model": "good", "id": "pupil", "learning": true });
    let error = server.ask("POST", "/v1/sessions", None, open).of(400);
    assert_eq!(error["detail"], "learning: this model's learning is off");
    let (server, _) = rewarded("");
    server.ask("POST", "/v1/sessions", None, json!({ "model": "good", "id": "a" })).of(201);
    let off = json!({ "learning": false });
    let shown = server.ask("PUT", "/v1/sessions/a/learning", None, off).of(200);
    assert_eq!(shown["learning"], false);
}

#[test]
fn a_session_is_opened_stepped_shown_copied_and_closed() {
    let server = running(Sessions::default());
    let open = json!({ "model": "good", "id": "arm/left 🦾" });
    let made = server.ask("POST", "/v1/sessions", None, open).of(201);
    assert_eq!((&made["id"], &made["steps_done"]), (&json!("arm/left 🦾"), &json!(0)));
    let path = "/v1/sessions/arm%2Fleft%20%F0%9F%A6%BE";
    let infer = format!("{path}/infer");
    let mut parts = spikes(server.ask("POST", &infer, None, piece(0)).of(200));
    let shown = server.ask("GET", path, None, Value::Null).of(200);
    assert_eq!(shown["steps_done"], 10);
    // A copy goes on as the first does.
    let snapshot = server.ask("GET", &format!("{path}/snapshot"), None, Value::Null);
    assert_eq!(snapshot.status, 200);
    let put = "/v1/sessions/copy/snapshot?model=good";
    let (status, answer) = server.put_bytes(put, &snapshot.bytes);
    assert_eq!(status, 201, "{answer}");
    let copied = spikes(server.ask("POST", "/v1/sessions/copy/infer", None, piece(1)).of(200));
    parts.extend(spikes(server.ask("POST", &infer, None, piece(1)).of(200)));
    assert_eq!(parts, whole(&server, 2));
    assert_eq!(parts[parts.len() - copied.len()..], copied[..]);
    let (status, answer) = server.put_bytes(put, &snapshot.bytes[..50]);
    assert_eq!(status, 400, "{answer}");
    let list = server.ask("GET", "/v1/sessions", None, Value::Null).of(200);
    assert_eq!(list["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(server.ask("DELETE", path, None, Value::Null).status, 204);
    assert_eq!(server.ask("DELETE", path, None, Value::Null).status, 404);
    assert_eq!(server.ask("GET", path, None, Value::Null).status, 404);
}

#[test]
fn sessions_are_bounded_and_idle_ones_are_closed() {
    let limits = Sessions { max: 2, idle_seconds: 0.5, ..Sessions::default() };
    let server = running(limits);
    let open =
        |id: &str| server.ask("POST", "/v1/sessions", None, json!({ "model": "good", "id": id }));
    open("a").of(201);
    open("b").of(201);
    let full = open("c");
    assert_eq!(full.headers["retry-after"], "1");
    assert_eq!(full.of(429)["detail"], "sessions: at most 2, try again when some are closed");
    open("a").of(201);
    while server.metric("striatum_sessions{}") > 0.0 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(server.metric("striatum_sessions_closed_total{reason=\"idle\"}"), 2.0);
    assert_eq!(server.metric("striatum_sessions_closed_total{reason=\"replaced\"}"), 1.0);
    open("c").of(201);
    let small = Sessions { max_bytes: 100, ..Sessions::default() };
    let server = running(small);
    let refused = server.ask("POST", "/v1/sessions", None, json!({ "model": "good" }));
    assert_eq!(refused.status, 429);
}

#[test]
fn sessions_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = State { folder: folder.path().to_owned(), postgresql: None };
    let config = || Config { state: state.clone(), ..Config::default() };
    let mut server = Running::start(models(NETWORK, SPEC), config());
    server.ask("POST", "/v1/sessions", None, json!({ "model": "good", "id": "kept" })).of(201);
    let mut parts = spikes(server.ask("POST", "/v1/sessions/kept/infer", None, piece(0)).of(200));
    server.stop();
    let server = Running::start(models(NETWORK, SPEC), config());
    parts.extend(spikes(server.ask("POST", "/v1/sessions/kept/infer", None, piece(1)).of(200)));
    assert_eq!(parts, whole(&server, 2));
}

#[test]
fn a_stream_is_refused_while_its_tenant_is_suspended_and_goes_on_after_that() {
    let server = running(Sessions::default());
    let made = |admin: Option<&str>, role: &str, tenant: &str| {
        let spec = json!({ "name": role, "role": role, "tenant": tenant });
        let key = server.ask("POST", "/v1/keys", admin, spec).of(201);
        key["key"].as_str().unwrap().to_owned()
    };
    let admin = made(None, "admin", "house");
    let writer = made(Some(&admin), "writer", "acme");
    let url = format!("ws://{}/v1/stream?model=good&session=s", server.address);
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {writer}").parse().unwrap());
    let (mut socket, _) = tungstenite::connect(request).unwrap();
    let mut step = |k: Option<usize>| -> Value {
        if let Some(k) = k {
            socket.send(tungstenite::Message::text(piece(k).to_string())).unwrap();
        }
        loop {
            if let tungstenite::Message::Text(text) = socket.read().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    };
    assert_eq!(step(None)["session"]["steps_done"], 0);
    let mut parts = spikes(step(Some(0)));
    let suspend = |suspended: bool| {
        let change = json!({ "suspended": suspended });
        server.ask("PUT", "/v1/tenants/acme", Some(&admin), change).of(200);
    };
    suspend(true);
    let refused = step(Some(1));
    assert_eq!(refused["status"], 403, "{refused}");
    suspend(false);
    parts.extend(spikes(step(Some(1))));
    assert_eq!(parts, whole_as(&server, Some(&writer), 2));
}

#[test]
fn a_stream_goes_on_after_it_broke() {
    let server = running(Sessions::default());
    let url = format!("ws://{}/v1/stream?model=good&session=s", server.address);
    let mut parts = Vec::new();
    for k in 0..3 {
        // A connection of its own for each piece: the first two are dropped without a word.
        let (mut socket, _) = tungstenite::connect(&url).unwrap();
        let mut receive = || -> Value {
            loop {
                if let tungstenite::Message::Text(text) = socket.read().unwrap() {
                    return serde_json::from_str(&text).unwrap();
                }
            }
        };
        let hello = receive();
        assert_eq!(hello["session"]["steps_done"], 10 * k);
        socket.send(tungstenite::Message::text("nonsense")).unwrap();
        let mut receive = || -> Value {
            loop {
                if let tungstenite::Message::Text(text) = socket.read().unwrap() {
                    return serde_json::from_str(&text).unwrap();
                }
            }
        };
        assert_eq!(receive()["status"], 400);
        socket.send(tungstenite::Message::text(piece(k).to_string())).unwrap();
        let mut answer = None;
        while answer.is_none() {
            if let tungstenite::Message::Text(text) = socket.read().unwrap() {
                answer = Some(serde_json::from_str(&text).unwrap());
            }
        }
        parts.extend(spikes(answer.unwrap()));
    }
    assert_eq!(parts, whole(&server, 3));
}
