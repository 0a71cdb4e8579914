//! Clients that nobody here wrote: tritonclient over HTTP and gRPC, schemathesis over the OpenAPI
//! document, and a public list of naughty strings on every text field.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use server::Config;

use crate::client::Running;

/// The Python that has the clients; none is said, and is a failure where nothing may be skipped.
fn python(modules: &str) -> Option<String> {
    let python = std::env::var("STRIATUM_PYTHON").unwrap_or_else(|_| "python3".into());
    let imported = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if imported.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let reason = format!("STRIATUM_PYTHON names no Python with {modules}; ./test makes one");
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: {reason}");
    eprintln!("SKIPPED: {reason}");
    None
}

/// A server of the demo model.
fn digits() -> Running {
    let models = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/digits");
    let to = models.path().join("digits");
    std::fs::create_dir_all(to.join("1")).unwrap();
    for file in ["1/model.nir", "1/model.toml"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    Running::start(models, Config::default())
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn tritonclient_lists_loads_infers_and_reads_statistics() {
    let Some(python) = python("tritonclient.http, tritonclient.grpc") else { return };
    let server = digits();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python)
        .arg(here.join("tests/it/triton.py"))
        .arg(server.address.to_string())
        .arg(here.join("../../models/digits/heldout.npz"))
        .output()
        .unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("ok").count(), 2, "{text}");
}

#[test]
fn grpcio_stores_finds_and_carries_memories() {
    let Some(python) = python("grpc, google.protobuf.message_factory") else { return };
    let server = digits();
    let folder = tempfile::tempdir().unwrap();
    let descriptor = folder.path().join("striatum.pb");
    std::fs::write(&descriptor, api::DESCRIPTOR).unwrap();
    let output = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/memory_rpc.py"))
        .arg(server.address.to_string())
        .arg(&descriptor)
        .output()
        .unwrap();
    let text = text(&output);
    assert!(output.status.success() && text.contains("ok"), "{text}");
}

#[test]
fn schemathesis_finds_no_answer_that_is_not_documented() {
    let Some(python) = python("schemathesis") else { return };
    let server = digits();
    let spec = json!({ "name": "tester", "role": "admin", "tenant": "acme" });
    let key = server.ask("POST", "/v1/keys", None, spec).of(201)["key"].clone();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .current_dir(folder.path())
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("http://{}/openapi.json", server.address))
        .args(["-H", &format!("Authorization: Bearer {}", key.as_str().unwrap())])
        // A profile may take a minute.
        .args(["--request-timeout", "70"])
        .args(["--max-examples", "15", "--seed", "4", "--continue-on-failure", "--no-color"])
        // What the schema cannot say (a time to come, a shape that fits) may still be refused.
        .args(["--exclude-checks", "positive_data_acceptance"])
        .output()
        .unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    let document: Value = serde_json::from_str(&server.get("/openapi.json").1).unwrap();
    // All but the document itself, which it has read.
    let paths =
        document["paths"].as_object().unwrap().iter().filter(|(p, _)| *p != "/openapi.json");
    let n: usize = paths.map(|(_, item)| item.as_object().unwrap().len()).sum();
    assert!(text.contains(&format!("Tested: {n}")), "{n} operations: {text}");
}

#[test]
fn naughty_strings_come_back_as_they_went() {
    let list = include_str!("../fixtures/naughty-strings.json");
    let list: Vec<String> = serde_json::from_str(list).unwrap();
    assert!(list.len() > 450);
    let server = digits();
    let numbers = vec![0; 784];
    for text in list.iter().filter(|text| !text.is_empty()) {
        // The name of a request.
        let input =
            json!({ "name": "input", "shape": [1, 784], "datatype": "UINT8", "data": numbers });
        let body = json!({ "id": text, "inputs": [input] });
        let answer = server.ask("POST", "/v2/models/digits/infer", None, body).of(200);
        assert_eq!(answer["id"], **text);
        // Names that lead nowhere are not there, and say so.
        let path = percent(text);
        for path in [format!("/v2/models/{path}"), format!("/v1/sessions/{path}")] {
            let status = server.ask("GET", &path, None, Value::Null).status;
            assert!((400..500).contains(&status), "{status} {text:?}");
        }
        // The name of a session, and of a sequence.
        if text.len() > 128 || text.contains('\0') {
            continue;
        }
        let open = json!({ "model": "digits", "id": text });
        let made = server.ask("POST", "/v1/sessions", None, open).of(201);
        assert_eq!(made["id"], **text);
        if text != "." && text != ".." {
            let path = format!("/v1/sessions/{path}");
            let found = server.ask("GET", &path, None, Value::Null).of(200);
            assert_eq!(found["id"], **text);
            assert_eq!(server.ask("DELETE", &path, None, Value::Null).status, 204, "{text:?}");
        }
    }
    // The name of a key, shown by the list; the first key closes the door.
    let make = |key: Option<&str>, name: &str| {
        let spec = json!({ "name": name, "role": "admin", "tenant": "acme" });
        server.ask("POST", "/v1/keys", key, spec).of(201)
    };
    let admin = make(None, "first")["key"].as_str().unwrap().to_owned();
    let fits: Vec<&String> = list.iter().filter(|text| (1..=128).contains(&text.len())).collect();
    for text in &fits {
        let made = make(Some(&admin), text);
        assert_eq!(made["name"], ***text);
    }
    let listed = server.ask("GET", "/v1/keys", Some(&admin), Value::Null).of(200);
    let mut names: Vec<&str> =
        listed["keys"].as_array().unwrap().iter().map(|k| k["name"].as_str().unwrap()).collect();
    let mut expected: Vec<&str> = fits.iter().map(|text| text.as_str()).collect();
    expected.push("first");
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// A text as one part of a path.
fn percent(text: &str) -> String {
    text.bytes()
        .map(
            |b| {
                if b.is_ascii_alphanumeric() {
                    (b as char).to_string()
                } else {
                    format!("%{b:02X}")
                }
            },
        )
        .collect()
}
