//! The Model Context Protocol as a client of nobody here speaks it: the official Python SDK, over
//! HTTP and over `striatum mcp`; and what `striatum mcp` says where no server is.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::operate::Serving;
use crate::{program, root, skip, text};

/// A key of a role and tenant.
fn key(server: &Serving, by: &str, role: &str, tenant: &str) -> String {
    let spec = json!({ "name": role, "role": role, "tenant": tenant });
    let (status, made) = server.ask("POST", "/v1/keys", by, &spec);
    assert_eq!(status, 201, "{made}");
    made["key"].as_str().unwrap().to_owned()
}

#[test]
fn the_official_client_calls_every_tool_over_http_and_stdio() {
    let Some(python) = program("STRIATUM_PYTHON") else { return };
    let imported = Command::new(&python).args(["-c", "import mcp, jsonschema"]).output().unwrap();
    if !imported.status.success() {
        return skip("STRIATUM_PYTHON has no package mcp; ./test makes one that has");
    }
    let (state, models) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Serving::start(state.path(), models.path());
    let admin = key(&server, "", "admin", "acme");
    let output = Command::new(python)
        .arg(root().join("crates/cli/tests/it/mcp_client.py"))
        .arg(format!("http://{}", server.address))
        .arg(env!("CARGO_BIN_EXE_striatum"))
        .arg(key(&server, &admin, "operator", "acme"))
        .arg(key(&server, &admin, "operator", "globex"))
        .arg(key(&server, &admin, "reader", "acme"))
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", text(&output.stderr));
    assert_eq!(said.matches("ok").count(), 6, "{said}");
    // Both lifecycles were spoken: the one with a handshake and the one without.
    assert!(said.contains("2026-07-28") && said.contains("2025-11-25"), "{said}");
}

#[test]
fn without_a_server_each_request_has_an_error_and_standard_output_only_messages() {
    let mut bridge = Command::new(env!("CARGO_BIN_EXE_striatum"))
        .args(["mcp", "--url", "http://127.0.0.1:9"])
        .env_remove("STRIATUM_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n\
         {\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n\nnot json\n";
    bridge.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = bridge.wait_with_output().unwrap();
    assert!(output.status.success());
    let said = text(&output.stdout);
    let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<_> = said.iter().map(|s| (&s["id"], s["error"]["code"].as_i64())).collect();
    assert_eq!(codes, [(&json!(1), Some(-32000)), (&Value::Null, Some(-32700))]);
    assert!(text(&output.stderr).contains("striatum serve"), "{}", text(&output.stderr));
}
