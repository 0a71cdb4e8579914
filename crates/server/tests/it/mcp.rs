//! The Model Context Protocol as bytes: what the transport demands of headers, who may use which
//! tool, what is counted and audited. A client that nobody here wrote is in the tests of `cli`.

use serde_json::{Value, json};
use server::Config;

use crate::client::Running;

/// What a request of MCP was answered: status, and JSON where it is.
pub(crate) type Answered = (u16, Value);

fn server() -> Running {
    let mut config = Config::default();
    config.security.cors_origins = vec!["https://app.example".into()];
    Running::start(tempfile::tempdir().unwrap(), config)
}

/// Posts a message with headers beside those that every client sends.
pub(crate) fn post(server: &Running, headers: &[(&str, &str)], message: &Value) -> Answered {
    let mut request = ureq::post(format!("http://{}/mcp", server.address))
        .config()
        .http_status_as_error(false)
        .build()
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send(message.to_string()).unwrap();
    let status = answer.status().as_u16();
    let text = answer.into_body().read_to_string().unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn message(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

/// Calls a tool, with a key where there is one.
fn call(server: &Running, key: &str, tool: &str, arguments: Value) -> Value {
    let asked = message("tools/call", json!({ "name": tool, "arguments": arguments }));
    let bearer = format!("Bearer {key}");
    let headers = [("mcp-protocol-version", "2025-11-25"), ("authorization", bearer.as_str())];
    let n = if key.is_empty() { 1 } else { 2 };
    let (status, answer) = post(server, &headers[..n], &asked);
    assert_eq!(status, 200, "{answer}");
    answer["result"].clone()
}

/// The text of a result that is an error.
fn refused(result: &Value) -> &str {
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().unwrap()
}

/// A key of a role and tenant, made by another key where one is needed.
fn key(server: &Running, by: Option<&str>, role: &str, tenant: &str) -> String {
    let spec = json!({ "name": format!("{role} of {tenant}"), "role": role, "tenant": tenant });
    let made = server.ask("POST", "/v1/keys", by, spec).of(201);
    made["key"].as_str().unwrap().to_owned()
}

#[test]
fn the_transport_refuses_what_the_specification_says() {
    let server = server();
    let list = message("tools/list", json!({}));
    let asked = |headers: &[(&str, &str)]| post(&server, headers, &list);
    assert_eq!(asked(&[]).0, 200);
    // Pages of other sites; the server's own, one that is listed, and programs may.
    let own = format!("http://{}", server.address);
    assert_eq!(asked(&[("origin", "http://evil.example")]).0, 403);
    assert_eq!(asked(&[("origin", "null")]).0, 403);
    assert_eq!(asked(&[("origin", &own)]).0, 200);
    assert_eq!(asked(&[("origin", "https://app.example")]).0, 200);
    // Versions, sessions that ended, kinds of content.
    let (status, problem) = asked(&[("mcp-protocol-version", "1999-01-01")]);
    assert_eq!(status, 400);
    assert!(problem["detail"].as_str().unwrap().contains("1999-01-01"), "{problem}");
    assert_eq!(asked(&[("mcp-session-id", "5e55")]).0, 404);
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(post(&server, &[], &notification), (202, Value::String(String::new())));
    for method in ["GET", "DELETE"] {
        assert_eq!(server.ask(method, "/mcp", None, Value::Null).status, 405);
    }
    let said = ureq::post(format!("http://{}/mcp", server.address))
        .config()
        .http_status_as_error(false)
        .build()
        .header("content-type", "application/json")
        .send("{}")
        .unwrap();
    assert_eq!(said.status(), 406, "it accepts neither JSON nor a stream");
    let (status, _) = post(&server, &[], &json!({ "jsonrpc": "2.0", "id": 1 }));
    assert!((400..500).contains(&status), "{status}");
}

#[test]
fn a_body_that_is_too_large_and_too_many_requests_are_refused_as_elsewhere() {
    let mut config = Config { max_body_bytes: 4096, ..Config::default() };
    config.security.requests_per_second = 0.01;
    config.security.burst = 3;
    let server = Running::start(tempfile::tempdir().unwrap(), config);
    let large = message("tools/list", json!({ "cursor": "x".repeat(5000) }));
    assert_eq!(post(&server, &[], &large).0, 413);
    let list = message("tools/list", json!({}));
    let statuses: Vec<u16> = (0..4).map(|_| post(&server, &[], &list).0).collect();
    assert_eq!(statuses, [200, 200, 429, 429]);
}

#[test]
fn initialize_agrees_on_a_version_and_an_unknown_tool_is_an_error_of_the_protocol() {
    let server = server();
    let begin = json!({ "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": { "name": "test", "version": "0" } });
    let (status, answer) = post(&server, &[], &message("initialize", begin));
    assert_eq!((status, &answer["result"]["protocolVersion"]), (200, &json!("2025-06-18")));
    assert_eq!(answer["result"]["serverInfo"]["name"], "striatum");
    assert!(answer["result"]["capabilities"]["tools"].is_object(), "{answer}");
    let unknown = message("tools/call", json!({ "name": "memory_fly", "arguments": {} }));
    let (_, answer) = post(&server, &[], &unknown);
    assert_eq!(answer["error"]["code"], -32602);
    assert!(answer["error"]["message"].as_str().unwrap().contains("memory_fly"));
}

#[test]
fn roles_hold_for_each_tool_and_tenants_do_not_meet() {
    let server = server();
    let admin = key(&server, None, "admin", "acme");
    let make = |role, tenant| key(&server, Some(&admin), role, tenant);
    let (reader, writer, operator) =
        (make("reader", "acme"), make("writer", "acme"), make("operator", "acme"));
    let other = make("operator", "globex");
    let list = message("tools/list", json!({}));
    assert_eq!(post(&server, &[], &list).0, 401);
    let n_tools = |key: &str| {
        let bearer = format!("Bearer {key}");
        let (_, answer) = post(&server, &[("authorization", &bearer)], &list);
        answer["result"]["tools"].as_array().unwrap().len()
    };
    assert_eq!([&reader, &writer, &operator].map(|key| n_tools(key)), [39, 72, 74]);
    let told = json!({ "text": "The cat of Ada is called Byte" });
    let result = call(&server, &reader, "memory_store", told.clone());
    assert_eq!(refused(&result), "this needs the role writer");
    let result = call(&server, &writer, "memory_export", json!({}));
    assert_eq!(refused(&result), "this needs the role operator");
    let stored = call(&server, &writer, "memory_store", told);
    assert_eq!(stored["isError"], false, "{stored}");
    let id = stored["structuredContent"]["results"][0]["id"].clone();
    let text: Value = serde_json::from_str(stored["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, stored["structuredContent"], "the text says the same");
    // Counted as over HTTP.
    let line = r#"striatum_memory_operations_total{operation="store",outcome="ok"}"#;
    let metrics = server.ask("GET", "/metrics", Some(&admin), Value::Null).bytes;
    let metrics = String::from_utf8(metrics).unwrap();
    assert!(metrics.contains(&format!("{line} 1")), "{metrics}");
    // Another tenant finds nothing, by words, by name, or in all that there is.
    let found = call(&server, &other, "memory_search", json!({ "query": "cat of Ada" }));
    assert_eq!(found["structuredContent"]["results"], json!([]));
    let result = call(&server, &other, "memory_get", json!({ "id": id }));
    assert!(refused(&result).contains(id.as_str().unwrap()));
    let result = call(&server, &other, "memory_delete", json!({ "id": id, "erase": true }));
    assert_eq!(result["isError"], true);
    let all = call(&server, &other, "memory_export", json!({}));
    assert!(!all.to_string().contains("Byte"), "{all}");
    // An import is audited, as over HTTP.
    let lines =
        call(&server, &operator, "memory_export", json!({}))["structuredContent"]["lines"].clone();
    let taken = call(&server, &other, "memory_import", json!({ "lines": lines }));
    assert_eq!(taken["structuredContent"]["memories"], 1, "{taken}");
    let audited = server.ask("GET", "/v1/audit", Some(&admin), Value::Null).of(200);
    assert!(audited.to_string().contains("/mcp memory_import"), "{audited}");
}

#[test]
fn wrong_arguments_are_results_that_say_what_is_wrong() {
    let server = server();
    let call = |tool, arguments| call(&server, "", tool, arguments);
    let says = |tool, arguments, expected: &str| {
        let result = call(tool, arguments);
        let said = refused(&result);
        assert!(said.contains(expected), "{tool}: {said}");
    };
    says("memory_store", json!({}), "expected `text`, or `messages`");
    says("memory_store", json!({ "txt": "x" }), "unknown field `txt`");
    says("memory_search", json!({ "query": "x", "limit": "ten" }), "arguments.limit: invalid type");
    says("memory_get", json!({}), "missing field `id`");
    says("memory_get", json!({ "id": "no name" }), "no name");
    says("memory_update", json!({ "text": "x" }), "arguments.id: expected");
    says("memory_as_of", json!({ "at": "yesterday" }), "expected a time as 2026");
    says("memory_as_of", json!({ "at": "2026-01-01", "id": "x", "subject": 1 }), "without id");
    says("memory_import", json!({ "lines": "{}" }), "line");
    says("memory_link", json!({ "from": { "entity": 9 }, "kind": "x", "to": 3 }), "arguments.to");
    says("memory_activate", json!({ "seeds": [{ "entity": 1 }], "method": "magic" }), "pagerank");
}

#[test]
fn what_was_known_is_found_by_the_names_of_then() {
    let server = server();
    let call = |tool, arguments| {
        let result = call(&server, "", tool, arguments);
        assert_eq!(result["isError"], false, "{result}");
        result["structuredContent"].clone()
    };
    let ship = call("memory_add_entity", json!({ "name": "Erebus" }))["id"].clone();
    let fact = json!({ "subject": "Erebus", "predicate": "sails_to", "object": "the ice" });
    let fact = call("memory_add_fact", fact)["id"].clone();
    let events = call("memory_knowledge_history", json!({ "item": format!("fact {fact}") }));
    let then = events["results"][0]["at"].clone();
    let renamed = json!({ "id": ship, "name": "Terror", "remove_aliases": ["Erebus"] });
    call("memory_update_entity", renamed);
    call("memory_add_entity", json!({ "name": "Erebus" }));
    let facts = |at: &Value, name: &str| {
        let asked = json!({ "at": at, "subject": name });
        call("memory_as_of", asked)["facts"].as_array().unwrap().len()
    };
    assert_eq!(facts(&then, "Erebus"), 1);
    let now = json!("2100-01-01T00:00:00Z");
    assert_eq!((facts(&now, "Terror"), facts(&now, "Erebus")), (1, 0));
    let asked = json!({ "name": "memory_as_of", "arguments": { "at": then, "subject": "Terror" } });
    let (_, answer) = post(&server, &[], &message("tools/call", asked));
    assert!(refused(&answer["result"]).contains("nothing is called \"Terror\""), "{answer}");
}

#[test]
fn an_export_that_is_too_long_for_an_answer_says_where_all_of_it_is() {
    let server = server();
    let words: Vec<String> = (0..40).map(|k| format!("note {k} {}", "x".repeat(30_000))).collect();
    for text in words {
        let result = call(&server, "", "memory_store", json!({ "text": text }));
        assert_eq!(result["isError"], false, "{result}");
    }
    let result = call(&server, "", "memory_export", json!({}));
    assert!(refused(&result).contains("GET /v1/memory/export"));
}
