//! A wrong request gets one answer that names everything wrong with it.

use serde_json::{Value, json};
use server::Config;

use crate::client::{Running, models};

fn check(server: &Running, path: &str, body: &str, status: u16, error: &str) {
    let (found, answer) = server.post(path, body);
    assert_eq!((found, answer["error"].as_str()), (status, Some(error)), "{body:.200}");
}

fn tensor(name: &str, shape: Value, data: Value) -> Value {
    json!({ "name": name, "shape": shape, "datatype": "FP32", "data": data })
}

#[test]
fn every_problem_is_named() {
    let models = models("nir/snntorch_srnn12_zero_nodelay.nir", "");
    let server =
        Running::start(models, Config { max_steps: 50, max_batch: 2, ..Config::default() });
    let infer = "/v2/models/good/infer";
    let one = |t: Value| json!({ "inputs": [t] }).to_string();
    check(
        &server,
        infer,
        "",
        400,
        "body is no inference request: EOF while parsing a value at line 1 column 0",
    );
    check(
        &server,
        infer,
        "{\"inputs\": 3}",
        400,
        "body is no inference request: invalid type: integer `3`, expected a sequence at line 1 \
         column 12",
    );
    check(&server, infer, "{\"inputs\": []}", 400, "input input: missing");
    check(
        &server,
        infer,
        &one(tensor("eye", json!([1, 1, 12]), json!(vec![0; 12]))),
        400,
        "input eye: unknown, expected input; input input: missing",
    );
    check(
        &server,
        infer,
        &one(json!({ "name": "input", "shape": [1, 2, 12], "datatype": "FLOAT",
                     "data": [1, 2, 3] })),
        400,
        "input input: datatype FLOAT, expected one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, \
         INT16, INT32, INT64, FP16, FP32, FP64; input input: shape [1, 2, 12], but data has 3 values",
    );
    check(
        &server,
        infer,
        &one(tensor("input", json!([1, 1, 13]), json!(vec![0; 13]))),
        400,
        "input input: shape [1, 1, 13], expected [batch, steps, 12]",
    );
    check(
        &server,
        infer,
        &one(tensor("input", json!([3, 1, 12]), json!(vec![0; 36]))),
        400,
        "input input: a batch of 3, expected 1 to 2",
    );
    check(
        &server,
        infer,
        &one(tensor("input", json!([1, 51, 12]), json!(vec![0; 612]))),
        400,
        "input input: a length of 51, expected 1 to 50",
    );
    check(
        &server,
        infer,
        &one(tensor("input", json!([0, 1, 12]), json!([]))),
        400,
        "input input: a batch of 0, expected 1 to 2",
    );
    check(
        &server,
        infer,
        &one(tensor("input", json!([1, 1, 12]), json!([1e300, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))),
        400,
        "input input: data[0] is inf, expected a finite number",
    );
    let mut wrong_output: Value =
        serde_json::from_str(&one(tensor("input", json!([1, 1, 12]), json!(vec![0; 12])))).unwrap();
    wrong_output["outputs"] = json!([{ "name": "class" }]);
    check(
        &server,
        infer,
        &wrong_output.to_string(),
        400,
        "output class: unknown, expected output, output.spikes",
    );
    let events = json!({ "name": "input", "shape": [1, 2], "datatype": "UINT32",
                         "parameters": { "encoding": "events", "steps": 9 }, "data": [[9, 1]] });
    check(
        &server,
        infer,
        &one(events),
        400,
        "input input: event 0 is [9, 1], expected a step below 9 and an index below 12",
    );
    check(
        &server,
        "/v2/models/good/versions/7/infer",
        "{}",
        404,
        "model good has no version 7, known are 1",
    );
    check(
        &server,
        "/v2/models/nobody/infer",
        "{}",
        404,
        "model nobody does not exist, known are broken, good",
    );
    let (status, answer) = server.post("/v2/models/broken/infer", "{}");
    assert_eq!(status, 409);
    let error = answer["error"].as_str().unwrap();
    assert!(error.starts_with("model broken is not ready: "), "{error}");
}

#[test]
fn deep_nesting_is_refused() {
    let models = models("nir/snntorch_srnn12_zero_nodelay.nir", "");
    let server = Running::start(models, Config::default());
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let body = format!(
        "{{\"inputs\":[{{\"name\":\"input\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":{deep}}}]}}"
    );
    let (status, answer) = server.post("/v2/models/good/infer", &body);
    let error = answer["error"].as_str().unwrap();
    assert_eq!(status, 400);
    assert!(error.contains("nested at most 8 deep"), "{error}");
}
