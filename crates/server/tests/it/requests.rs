//! What requests give: the framework's own spikes, metadata, and exactly the right counts.

use sense::Recording;
use serde_json::json;
use server::Config;

use crate::client::{Running, fixture, models};

const SPEC: &str = "[profile]\nname = \"snntorch\"\nreset = \"zero\"\nreset_delay = false\n";

fn recorded() -> (Vec<f32>, Vec<f32>) {
    let path = fixture("nir/snntorch_srnn12_zero_nodelay.npz");
    let recording = Recording::read(&path).unwrap();
    let spikes = recording.nodes["3"].spikes.clone().unwrap();
    (recording.input.unwrap().into_data(), spikes.into_data())
}

fn running() -> Running {
    let models = models("nir/snntorch_srnn12_zero_nodelay.nir", SPEC);
    Running::start(models, Config::default())
}

fn numbers(value: &serde_json::Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

#[test]
fn a_request_gives_the_spikes_of_the_framework() {
    let server = running();
    let (input, spikes) = recorded();
    let body = json!({
        "id": "seven",
        "inputs": [{ "name": "input", "shape": [1, 100, 12], "datatype": "FP32", "data": input }],
        "outputs": [{ "name": "output.spikes" }, { "name": "output" }],
    });
    let (status, answer) = server.post("/v2/models/good/infer", &body.to_string());
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["id"], "seven");
    assert_eq!(answer["model_name"], "good");
    assert_eq!(answer["model_version"], "1");
    assert_eq!(answer["outputs"][0]["shape"], json!([1, 100, 7]));
    assert_eq!(numbers(&answer["outputs"][0]["data"]), spikes);
    let sums: Vec<f32> = (0..7).map(|n| spikes.iter().skip(n).step_by(7).sum()).collect();
    assert_eq!(numbers(&answer["outputs"][1]["data"]), sums);
}

#[test]
fn a_batch_and_events_give_the_same() {
    let server = running();
    let (input, spikes) = recorded();
    let twice = json!({
        "inputs": [{ "name": "input", "shape": [2, 100, 12], "datatype": "UINT8",
                     "data": [input, input] }],
        "outputs": [{ "name": "output.spikes" }],
    });
    let (status, answer) = server.post("/v2/models/good/versions/1/infer", &twice.to_string());
    assert_eq!(status, 200, "{answer}");
    assert_eq!(numbers(&answer["outputs"][0]["data"]), [&spikes[..], &spikes[..]].concat());
    let events: Vec<[usize; 2]> =
        (0..input.len()).filter(|k| input[*k] > 0.0).map(|k| [k / 12, k % 12]).collect();
    let sparse = json!({
        "inputs": [{ "name": "input", "shape": [events.len(), 2], "datatype": "UINT32",
                     "parameters": { "encoding": "events", "steps": 100 }, "data": events }],
        "outputs": [{ "name": "output.spikes" }],
    });
    let (status, answer) = server.post("/v2/models/good/infer", &sparse.to_string());
    assert_eq!(status, 200, "{answer}");
    assert_eq!(numbers(&answer["outputs"][0]["data"]), spikes);
}

#[test]
fn bytes_behind_the_json_give_the_same() {
    let server = running();
    let (input, spikes) = recorded();
    let post = |size: usize, extra: &[u8]| {
        let json = json!({
            "inputs": [{ "name": "input", "shape": [1, 100, 12], "datatype": "FP32",
                         "parameters": { "binary_data_size": size } }],
            "outputs": [{ "name": "output.spikes" }],
        })
        .to_string();
        let bytes: Vec<u8> = input.iter().flat_map(|v| v.to_le_bytes()).collect();
        let body = [json.as_bytes(), &bytes, extra].concat();
        server.post_bytes("/v2/models/good/infer", &body, Some(json.len()))
    };
    let (status, answer) = post(4800, &[]);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(numbers(&answer["outputs"][0]["data"]), spikes);
    for (size, extra, error) in [
        (4801, &[][..], "input input: binary_data_size 4801, but 4800 bytes are left"),
        (4799, &[], "input input: 4799 bytes are no whole FP32"),
        (4800, &[0; 3], "3 bytes behind the JSON belong to no input"),
    ] {
        let (status, answer) = post(size, extra);
        let said = answer["error"].as_str().unwrap();
        assert!(status == 400 && said.starts_with(error), "{said}");
    }
}

#[test]
fn one_request_moves_exactly_the_right_counters() {
    let server = running();
    let (input, _) = recorded();
    let counters = [
        "striatum_requests_total{model=\"good\",outcome=\"ok\"}",
        "striatum_requests_total{model=\"good\",outcome=\"bad_request\"}",
        "striatum_requests_total{model=\"unknown\",outcome=\"not_found\"}",
        "striatum_request_duration_seconds_count{model=\"good\"}",
        "striatum_queue_duration_seconds_count{model=\"good\"}",
        "striatum_inference_duration_seconds_count{model=\"good\"}",
        "striatum_steps_total{model=\"good\"}",
        "striatum_input_events_total{model=\"good\"}",
        "striatum_spikes_total{model=\"good\"}",
        "striatum_synaptic_operations_total{model=\"good\"}",
        "striatum_requests_in_flight{}",
    ];
    let read = || counters.map(|name| server.metric(name));
    assert_eq!(read(), [0.0; 11]);
    let body = json!({
        "inputs": [{ "name": "input", "shape": [1, 100, 12], "datatype": "FP32", "data": input }],
    });
    let (_, answer) = server.post("/v2/models/good/infer", &body.to_string());
    let events = input.iter().filter(|v| **v > 0.0).count() as f64;
    // By the recording's own counts: 721 hidden spikes, 369 of the output; an input event reaches
    // 38 neurons, a hidden spike 38 and 7, but the last step's recurrence is still under way.
    let last = Recording::read(&fixture("nir/snntorch_srnn12_zero_nodelay.npz")).unwrap();
    let hidden = last.nodes["1"].spikes.clone().unwrap().into_data();
    let late: f32 = hidden[99 * 38..].iter().sum();
    let operations = events * 38.0 + 721.0 * 45.0 - f64::from(late) * 38.0;
    assert_eq!(read(), [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 100.0, events, 1090.0, operations, 0.0]);
    assert_eq!(answer["parameters"]["spikes"], 1090);
    server.post("/v2/models/good/infer", "{}");
    server.post("/v2/models/nobody/infer", &body.to_string());
    assert_eq!(read()[..4], [1.0, 1.0, 1.0, 2.0]);
}

#[test]
fn health_and_metadata() {
    let server = running();
    let (status, text) = server.get("/health");
    let health: serde_json::Value = serde_json::from_str(&text).unwrap();
    let models = health["checks"].as_array().unwrap().iter().find(|c| c["name"] == "models");
    assert_eq!((status, models.unwrap()["status"].as_str()), (200, Some("degraded")));
    assert_ne!(health["status"], "healthy");
    assert!(health["score"].as_f64().unwrap() <= 1.0, "{health}");
    assert_eq!(server.get("/ready").0, 200);
    assert_eq!(server.get("/v2/health/live"), (200, r#"{"live":true,"ready":true}"#.into()));
    assert_eq!(server.get("/v2/health/ready").0, 200);
    assert_eq!(server.get("/v2/models/good/ready").0, 200);
    assert_eq!(server.get("/v2/models/broken/ready").0, 409);
    let (_, text) = server.get("/v2/models/good");
    let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(metadata["platform"], "snn_nir");
    assert_eq!(metadata["inputs"][0]["shape"], json!([-1, -1, 12]));
    assert_eq!(metadata["outputs"][0]["name"], "output");
    assert_eq!(server.metric("striatum_model_ready{model=\"good\",version=\"1\"}"), 1.0);
    assert_eq!(server.metric("striatum_model_ready{model=\"broken\",version=\"3\"}"), 0.0);
}
