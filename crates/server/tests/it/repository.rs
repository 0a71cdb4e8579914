//! Versions come and go while requests run: hot loading, per-model limits, checksums, canaries and
//! shadows.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use server::{Config, State};
use tempfile::TempDir;

use crate::client::{Running, fixture, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
const SPEC: &str = "[profile]\nname = \"snntorch\"\nreset = \"zero\"\nreset_delay = false\n";
const INFER: &str = "/v2/models/good/infer";

fn body() -> Value {
    let data: Vec<u8> = (0..240).map(|n| u8::from(n % 3 == 0)).collect();
    json!({ "inputs": [{ "name": "input", "shape": [1, 20, 12], "datatype": "FP32", "data": data }] })
}

/// Adds a version beside the first: the same network under a spec of its own.
fn add(models: &Path, version: u32, spec: &str) {
    let folder = models.join(format!("good/{version}"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(fixture(NETWORK), folder.join("model.nir")).unwrap();
    std::fs::write(folder.join("model.toml"), spec).unwrap();
}

fn load(server: &Running) -> u16 {
    server.ask("POST", "/v2/repository/models/good/load", None, Value::Null).status
}

fn version_of(server: &Running) -> String {
    let answer = server.ask("POST", INFER, None, body()).of(200);
    answer["model_version"].as_str().unwrap().to_owned()
}

#[test]
fn models_are_loaded_and_replaced_without_dropping_a_request() {
    let folder = models(NETWORK, SPEC);
    let path = folder.path().to_owned();
    let server = Running::start(folder, Config::default());
    let (done, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    server.ask("POST", INFER, None, body()).of(200);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for version in 2..12 {
            add(&path, version, SPEC);
            assert_eq!(load(&server), 200);
            std::fs::remove_dir_all(path.join(format!("good/{}", version - 1))).unwrap();
            assert_eq!(load(&server), 200);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(answered.load(Ordering::Relaxed) > 20);
    assert_eq!(version_of(&server), "11");
    let missing = server.ask("POST", "/v2/models/good/versions/3/infer", None, body()).of(404);
    assert_eq!(missing["error"], "model good has no version 3, known are 11");
    // A broken file leaves what was served in place, and says so.
    std::fs::write(path.join("good/11/model.nir"), b"broken").unwrap();
    assert_eq!(load(&server), 409);
    assert_eq!(version_of(&server), "11");
    let unload = "/v2/repository/models/good/unload";
    assert_eq!(server.ask("POST", unload, None, Value::Null).status, 200);
    let gone = server.ask("POST", INFER, None, body()).of(409);
    assert_eq!(gone["error"], "model good is not ready: unloaded");
    let files = json!({ "parameters": { "file:1/model.nir": "AAAA" } });
    let refused = server.ask("POST", "/v2/repository/models/good/load", None, files);
    assert_eq!(refused.status, 400);
    let outside = server.ask("POST", "/v2/repository/models/..%2F..%2Fetc/load", None, Value::Null);
    assert_eq!(outside.status, 404);
}

#[test]
fn a_model_may_allow_less_than_the_server() {
    let spec = format!("{SPEC}[limits]\nmax_steps = 19\nmax_batch = 2\nmax_sessions = 1\n");
    let server = Running::start(models(NETWORK, &spec), Config::default());
    let refused = server.ask("POST", INFER, None, body()).of(400);
    assert_eq!(refused["error"], "input input: a length of 20, expected 1 to 19");
    let open = || server.ask("POST", "/v1/sessions", None, json!({ "model": "good" })).status;
    assert_eq!([open(), open()], [201, 429]);
}

#[test]
fn a_file_that_is_not_the_named_one_is_not_served() {
    let good = std::fs::read(fixture(NETWORK)).unwrap();
    let spec = format!("sha256 = \"{}\"\n{SPEC}", "0".repeat(64));
    let server = Running::start(models(NETWORK, &spec), Config::default());
    let index = server.ask("POST", "/v2/repository/index", None, Value::Null).of(200);
    let listed = index.as_array().unwrap().iter().find(|m| m["name"] == "good").unwrap();
    assert_eq!(listed["state"], "UNAVAILABLE");
    assert!(listed["reason"].as_str().unwrap().contains("expected SHA-256 0000"), "{listed}");
    let sum = sha256(&good);
    let spec = format!("sha256 = \"{sum}\"\n{SPEC}");
    let server = Running::start(models(NETWORK, &spec), Config::default());
    let index = server.ask("POST", "/v2/repository/index", None, Value::Null).of(200);
    let listed = index.as_array().unwrap().iter().find(|m| m["name"] == "good").unwrap();
    assert_eq!((&listed["state"], &listed["sha256"]), (&json!("READY"), &json!(sum)));
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A server of two versions, the second under another spec.
fn two(spec: &str) -> (Running, TempDir) {
    let folder = models(NETWORK, SPEC);
    add(folder.path(), 2, spec);
    let state = tempfile::tempdir().unwrap();
    let config = Config {
        state: State { folder: state.path().to_owned(), postgresql: None },
        ..Config::default()
    };
    (Running::start(folder, config), state)
}

const ROLLOUT: &str = "/v1/models/good/rollout";

#[test]
fn a_canary_that_is_as_good_gets_its_share_and_is_promoted() {
    let (server, _state) = two(SPEC);
    // Times on a busy machine vary; what is shown here is the share.
    let spec = json!({ "candidate": 2, "share": 0.25, "max_latency_ratio": 1000.0 });
    let started = server.ask("PUT", ROLLOUT, None, spec.clone()).of(200);
    assert_eq!((&started["phase"], &started["stable"]), (&json!("running"), &json!(1)));
    assert_eq!(server.ask("PUT", ROLLOUT, None, spec).status, 409);
    let versions: Vec<String> = (0..240).map(|_| version_of(&server)).collect();
    assert_eq!(versions.iter().filter(|v| *v == "2").count(), 60);
    let report = server.ask("GET", ROLLOUT, None, Value::Null).of(200);
    assert_eq!(report["phase"], "running", "{report}");
    assert_eq!(report["candidate_requests"]["requests"], 60);
    assert_eq!(report["stable_requests"]["requests"], 180);
    let promoted = server.ask("POST", &format!("{ROLLOUT}/promote"), None, Value::Null).of(200);
    assert_eq!(promoted["phase"], "promoted");
    assert_eq!(version_of(&server), "2");
    assert_eq!(server.ask("DELETE", ROLLOUT, None, Value::Null).status, 409);
}

#[test]
fn a_canary_that_spikes_otherwise_is_taken_back_and_stays_so_after_a_restart() {
    // A reset to zero that becomes a subtraction: other spikes.
    let other = "[profile]\nname = \"snntorch\"\nreset = \"subtract\"\nreset_delay = false\n";
    let folder = models(NETWORK, SPEC);
    add(folder.path(), 2, other);
    let kept = tempfile::tempdir().unwrap();
    for entry in ["good/1", "good/2"] {
        std::fs::create_dir_all(kept.path().join(entry)).unwrap();
        for file in ["model.nir", "model.toml"] {
            let file = Path::new(entry).join(file);
            std::fs::copy(folder.path().join(&file), kept.path().join(&file)).unwrap();
        }
    }
    let state = tempfile::tempdir().unwrap();
    let config = || Config {
        state: State { folder: state.path().to_owned(), postgresql: None },
        ..Config::default()
    };
    let mut server = Running::start(folder, config());
    let spec = json!({ "candidate": 2, "share": 0.5, "min_requests": 20,
                       "max_spike_shift": 0.0, "max_latency_ratio": 1000.0 });
    server.ask("PUT", ROLLOUT, None, spec).of(200);
    let versions: Vec<String> = (0..100).map(|_| version_of(&server)).collect();
    let report = server.ask("GET", ROLLOUT, None, Value::Null).of(200);
    assert_eq!(report["phase"], "rolled_back", "{report}");
    assert!(report["reason"].as_str().unwrap().contains("spikes per step"), "{report}");
    let last = versions.iter().rposition(|v| v == "2").unwrap();
    assert_eq!(last, 39, "it is taken back with the fortieth request");
    assert_eq!(server.metric("striatum_rollbacks_total{model=\"good\"}"), 1.0);
    let log = server.ask("GET", "/v1/audit", None, Value::Null).of(200);
    assert_eq!(log["entries"][0]["action"], "rollout.roll_back");
    server.stop();
    let server = Running::start(kept, config());
    assert_eq!(version_of(&server), "1");
    let report = server.ask("GET", ROLLOUT, None, Value::Null).of(200);
    assert_eq!(report["phase"], "rolled_back");
}

#[test]
fn a_shadow_is_compared_and_never_answers() {
    let (server, _state) = two(SPEC);
    let spec = json!({ "candidate": 2, "mode": "shadow", "share": 1.0 });
    server.ask("PUT", ROLLOUT, None, spec).of(200);
    assert!((0..30).all(|_| version_of(&server) == "1"));
    let shadow = loop {
        let report = server.ask("GET", ROLLOUT, None, Value::Null).of(200);
        let shadow = report["shadow"].clone();
        let n = |key: &str| shadow[key].as_u64().unwrap();
        if n("compared") + n("skipped") == 30 {
            break shadow;
        }
    };
    assert_eq!(shadow["equal"], shadow["compared"]);
    assert_eq!(shadow["max_difference"], 0.0);
    assert_eq!(shadow["failed"], 0);
    let again = json!({ "candidate": 2 });
    assert_eq!(server.ask("PUT", ROLLOUT, None, again).status, 409, "one runs already");
    server.ask("DELETE", ROLLOUT, None, Value::Null).of(200);
    assert_eq!(server.ask("PUT", ROLLOUT, None, json!({ "candidate": 9 })).status, 404);
}

#[test]
fn requests_of_several_callers_are_taken_together() {
    let config = Config { workers: 1, batch_wait_us: 50_000, ..Config::default() };
    let server = Running::start(models(NETWORK, SPEC), config);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| server.ask("POST", INFER, None, body()).of(200));
        }
    });
    let stats = server.ask("GET", "/v2/models/good/versions/1/stats", None, Value::Null).of(200);
    let stats = &stats["model_stats"][0];
    assert_eq!(stats["inference_count"], 8);
    let executions = stats["execution_count"].as_u64().unwrap();
    assert!(executions < 8, "{stats}");
    let batches = stats["batch_stats"].as_array().unwrap().iter();
    let sequences: u64 = batches
        .map(|b| b["batch_size"].as_u64().unwrap() * b["compute_infer"]["count"].as_u64().unwrap())
        .sum();
    assert_eq!(sequences, 8);
}
