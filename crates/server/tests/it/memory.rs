//! Memories and knowledge over HTTP: every operation as a client has it, and what callers may not.

use serde_json::{Value, json};

use crate::client::{Asked, Running, models};
use server::{Config, Memory};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
const SPEC: &str = "[profile]\nname = \"snntorch\"\nreset = \"zero\"\nreset_delay = false\n";

fn start() -> Running {
    Running::start(models(NETWORK, SPEC), Config::default())
}

fn stored(server: &Running, key: Option<&str>, body: Value) -> String {
    let answer = server.ask("POST", "/v1/memories", key, body).of(201);
    answer["results"][0]["id"].as_str().unwrap().to_owned()
}

fn text(answer: &Asked) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

fn get(server: &Running, path: &str) -> Value {
    server.ask("GET", path, None, Value::Null).of(200)
}

fn post(server: &Running, path: &str, body: Value) -> Value {
    let answer = server.ask("POST", path, None, body);
    let status = answer.status;
    assert!(status < 300, "{path}: {status} {}", text(&answer));
    answer.of(status)
}

#[test]
fn a_memory_is_stored_found_changed_and_forgotten() {
    let server = start();
    let id = stored(
        &server,
        None,
        json!({
            "text": "Ada Lovelace prefers window seats", "user_id": "ada",
            "metadata": { "trip": 3 }, "tags": ["travel"],
        }),
    );
    let same = post(
        &server,
        "/v1/memories",
        json!({
            "text": "Ada Lovelace prefers window seats", "user_id": "ada",
        }),
    );
    assert_eq!(
        (&same["results"][0]["event"], &same["results"][0]["id"]),
        (&json!("NONE"), &json!(id))
    );
    let messages = json!({ "messages": [
        { "role": "user", "content": "My train leaves at nine" },
        { "role": "assistant", "content": "Noted." },
    ], "user_id": "bob" });
    assert_eq!(post(&server, "/v1/memories", messages)["results"].as_array().unwrap().len(), 2);

    let found = post(
        &server,
        "/v1/search",
        json!({
            "query": "which seats does Ada prefer?", "user_id": "ada", "explain": true,
            "filters": { "AND": [{ "trip": { "gte": 3 } }, { "tags": "travel" }] },
        }),
    );
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    let hit = &found["results"][0];
    assert_eq!((&hit["id"], &hit["metadata"]["trip"]), (&json!(id), &json!(3)));
    assert_eq!(hit["explain"]["text"]["rank"], 1);

    let path = format!("/v1/memories/{id}");
    let patched =
        server.ask("PATCH", &path, None, json!({ "text": "Ada prefers the aisle", "version": 1 }));
    assert_eq!(patched.of(200)["version"], 2);
    let stale = server.ask("PATCH", &path, None, json!({ "text": "late", "version": 1 }));
    assert_eq!(stale.status, 409, "{}", text(&stale));
    assert_eq!(server.ask("DELETE", &path, None, Value::Null).status, 204);
    assert_eq!(get(&server, "/v1/memories?user_id=ada")["total"], 0);
    assert_eq!(post(&server, &format!("{path}/restore"), Value::Null)["status"], "active");
    let history = get(&server, &format!("{path}/history"));
    let events: Vec<_> =
        history["results"].as_array().unwrap().iter().map(|e| &e["what"]).collect();
    assert_eq!(events, ["added", "updated", "deleted", "restored"]);
    assert_eq!(history["results"][1]["old_memory"], "Ada Lovelace prefers window seats");
    assert_eq!(server.ask("DELETE", &format!("{path}?erase=true"), None, Value::Null).status, 204);
    assert_eq!(server.ask("GET", &path, None, Value::Null).status, 404);
    let stats = get(&server, "/v1/memory/stats");
    assert_eq!((&stats["active"], &stats["deleted"]), (&json!(2), &json!(0)));
}

#[test]
fn knowledge_has_two_times_contradictions_and_branches() {
    let server = start();
    let entity = |name: &str, kind: &str| {
        post(&server, "/v1/entities", json!({ "name": name, "kind": kind }))["id"].clone()
    };
    let (ada, lisbon, porto) =
        (entity("Ada", "person"), entity("Lisbon", "city"), entity("Porto", "city"));
    let lives = |city: &Value, since: &str| {
        post(
            &server,
            "/v1/facts",
            json!({
                "subject": ada, "predicate": "lives_in", "object_entity": city,
                "valid_at": since, "functional": true, "source": "letters",
            }),
        )
    };
    lives(&porto, "2020-01-01");
    let moved = lives(&lisbon, "2024-06-01");
    assert_eq!(moved["superseded"].as_array().unwrap().len(), 1, "{moved}");
    let at = |time: &str| {
        let facts = get(&server, &format!("/v1/facts?subject={ada}&valid_at={time}"));
        facts["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["object_name"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(at("2022-03-01T00:00:00Z"), ["Porto"]);
    assert_eq!(at("2025-03-01T00:00:00Z"), ["Lisbon"]);
    let before = get(&server, &format!("/v1/facts?subject={ada}&known_at=2001-01-01T00:00:00Z"));
    assert_eq!(before["results"], json!([]), "nothing was known then");

    let says = |object: &str, because: &[&Value]| {
        let fact = json!({
            "subject": lisbon, "predicate": "says", "object": object, "justifications": [because],
        });
        let plain = json!({ "subject": lisbon, "predicate": "says", "object": object });
        post(&server, "/v1/facts", if because.is_empty() { plain } else { fact })["id"].clone()
    };
    let (clouds, cold) = (says("clouds", &[]), says("cold", &[]));
    let snow = says("snow", &[&clouds, &cold]);
    let contracted = post(&server, &format!("/v1/facts/{snow}/contract"), json!({}));
    assert_eq!(contracted["given_up"], json!([cold]), "the one known for longer stays");
    let said = get(&server, &format!("/v1/facts?subject={lisbon}"));
    assert_eq!(said["results"].as_array().unwrap().len(), 1, "{said}");

    let branch = post(&server, "/v1/branches", json!({ "name": "what if" }))["id"].clone();
    let colour =
        json!({ "subject": ada, "predicate": "likes", "object": "blue", "branch": branch });
    post(&server, "/v1/facts", colour);
    let diff = get(&server, &format!("/v1/branches/{branch}/diff"));
    assert!(diff["results"].as_array().unwrap().iter().any(|d| d["base"].is_null()), "{diff}");
    let count =
        || get(&server, &format!("/v1/facts?subject={ada}"))["results"].as_array().unwrap().len();
    let on_main = count();
    post(&server, &format!("/v1/branches/{branch}/merge"), json!({ "strategy": "prefer_newer" }));
    assert_eq!(count(), on_main + 1);

    let memory = stored(&server, None, json!({ "text": "A postcard from Lisbon" }));
    post(
        &server,
        "/v1/relations",
        json!({
            "from": { "memory": memory }, "kind": "about", "to": { "entity": lisbon }, "strength": 0.9,
        }),
    );
    let active = post(&server, "/v1/activate", json!({ "names": ["Ada"] }));
    let mut reached = active["results"].as_array().unwrap().iter();
    let postcard = reached.find(|a| a["vertex"]["memory"] == json!(memory));
    let postcard = postcard.unwrap_or_else(|| panic!("over the city to the postcard: {active}"));
    assert!(postcard["path"].as_array().unwrap().len() >= 2);
    let missing = server.ask("GET", "/v1/entities/999", None, Value::Null);
    assert_eq!(missing.status, 404, "{}", text(&missing));
}

#[test]
fn an_export_moves_to_another_server_byte_for_byte() {
    let (from, to) = (start(), start());
    for k in 0..30 {
        stored(&from, None, json!({ "text": format!("Remark {k} about Grace Hopper") }));
    }
    post(&from, "/v1/entities", json!({ "name": "Grace Hopper", "kind": "person" }));
    let export =
        |server: &Running| text(&server.ask("GET", "/v1/memory/export", None, Value::Null));
    let file = export(&from);
    let url = format!("http://{}/v1/memory/import", to.address);
    let sent = ureq::post(&url)
        .config()
        .http_status_as_error(false)
        .build()
        .header("content-type", "application/x-ndjson")
        .send(file.as_bytes())
        .unwrap();
    assert_eq!(sent.status(), 200);
    assert_eq!(export(&to), file);
    let columns = get(&to, "/v1/memory/columns");
    assert_eq!(columns["items"], 30);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let server = start();
    let cases = [
        ("/v1/memories", json!({}), 400, "expected `text`, or `messages`"),
        ("/v1/memories", json!({ "text": "x", "colour": 1 }), 400, "unknown field `colour`"),
        (
            "/v1/memories",
            json!({ "text": "x", "confidence": 2 }),
            400,
            "confidence: expected a number from 0 to 1",
        ),
        ("/v1/memories", json!({ "text": "x", "id": "one" }), 400, "expected a UUID"),
        (
            "/v1/memories",
            json!({ "text": "x", "expires_at": "soon" }),
            400,
            "expires_at: \"soon\", expected a time",
        ),
        ("/v1/search", json!({ "query": "x", "limit": 0 }), 400, "limit: expected 1 to 100"),
        (
            "/v1/search",
            json!({ "query": "x", "filters": { "k": { "near": 1 } } }),
            400,
            "operator \"near\"",
        ),
        ("/v1/search", json!({ "query": "x", "embedding": [1.0] }), 400, "a vector of 1 values"),
        ("/v1/facts", json!({ "subject": 7, "predicate": "is", "object": 1 }), 404, "entity 7"),
        ("/v1/memory/reset", json!({ "tenant": "other" }), 400, "expected the caller's own"),
    ];
    for (path, body, status, expected) in cases {
        let answer = server.ask("POST", path, None, body);
        let said = serde_json::from_slice::<Value>(&answer.bytes).unwrap()["detail"].to_string();
        let said = said.replace("\\\"", "\"");
        assert_eq!(answer.status, status, "{path}: {said}");
        assert!(said.contains(expected), "{path}: {said} says {expected}");
    }
}

#[test]
fn a_tenant_reaches_its_own_memories_alone() {
    let server = start();
    let key = |admin: Option<&str>, role: &str, tenant: &str| {
        let spec = json!({ "name": format!("{role} of {tenant}"), "role": role, "tenant": tenant });
        server.ask("POST", "/v1/keys", admin, spec).of(201)["key"].as_str().unwrap().to_owned()
    };
    let admin = key(None, "admin", "acme");
    let (acme, beta) = (key(Some(&admin), "writer", "acme"), key(Some(&admin), "writer", "beta"));
    let reader = key(Some(&admin), "reader", "acme");
    let id = stored(&server, Some(&acme), json!({ "text": "the vault opens with 4711" }));
    stored(&server, Some(&beta), json!({ "text": "lunch is at noon" }));
    let ask = |method: &str, path: &str, key: &str, body: Value| {
        server.ask(method, path, Some(key), body)
    };
    for (method, path) in [
        ("GET", format!("/v1/memories/{id}")),
        ("PATCH", format!("/v1/memories/{id}")),
        ("DELETE", format!("/v1/memories/{id}")),
        ("DELETE", format!("/v1/memories/{id}?erase=true")),
        ("GET", format!("/v1/memories/{id}/history")),
        ("POST", format!("/v1/memories/{id}/restore")),
        ("GET", format!("/v1/relations?memory={id}")),
    ] {
        let body = if method == "PATCH" { json!({ "text": "mine" }) } else { Value::Null };
        assert_eq!(ask(method, &path, &beta, body).status, 404, "{method} {path}");
    }
    let found =
        ask("POST", "/v1/search", &beta, json!({ "query": "vault 4711 opens lunch" })).of(200);
    assert_eq!(found["results"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(ask("GET", "/v1/memory/stats", &beta, Value::Null).of(200)["active"], 1);
    let claimed = json!({ "query": "vault", "tenant": "acme" });
    assert_eq!(ask("POST", "/v1/search", &beta, claimed).status, 400, "no body names a tenant");
    assert_eq!(ask("POST", "/v1/memories", &reader, json!({ "text": "x" })).status, 403);
    assert_eq!(ask("GET", &format!("/v1/memories/{id}"), &reader, Value::Null).status, 200);
    assert_eq!(ask("GET", "/v1/memory/export", &acme, Value::Null).status, 403, "operators only");
}

#[test]
fn the_clock_of_a_tier_is_set() {
    let working_seconds = Some(1);
    let memory = Memory { working_seconds, tend_seconds: 0.1, ..cortex() };
    let server = Running::start(models(NETWORK, SPEC), Config { memory, ..Config::default() });
    let id = stored(&server, None, json!({ "text": "the kettle is on" }));
    let tier = || get(&server, &format!("/v1/memories/{id}"))["tier"].clone();
    assert_eq!(tier(), "working");
    while tier() == "working" {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(tier(), "short_term");
}

fn cortex() -> Memory {
    Memory { profile: "cortex".into(), ..Memory::default() }
}

#[test]
fn an_allocation_tells_what_voted_and_storing_does_the_same() {
    let server = start();
    for k in 0..4 {
        let text = format!("The train to Lisbon leaves at {k}");
        post(&server, "/v1/memories", json!({ "text": text, "tags": ["travel"] }));
    }
    let asked = json!({ "text": "The train to Porto leaves at noon", "tags": ["travel"] });
    let told = post(&server, "/v1/allocate", asked.clone());
    assert_eq!(told["votes"]["structural"].as_f64().unwrap(), 0.5, "tag shared, name not: {told}");
    assert_eq!(told["votes"]["exception"], 1.0);
    assert!(told["votes"]["temporal"].as_f64().unwrap() > 0.9);
    assert_eq!(told["votes"]["semantic"], told["overlap"]);
    let candidates = told["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 1);
    assert_eq!(
        (&candidates[0]["column"], &candidates[0]["votes"]),
        (&told["column"], &told["votes"])
    );
    let stored = post(&server, "/v1/memories", asked);
    assert_eq!(stored["results"][0]["allocation"]["votes"], told["votes"]);
    assert_eq!(stored["results"][0]["allocation"]["column"], told["column"]);
    // A vector alone will do, messages will not, and what storing refuses is refused.
    let refused = |body| server.ask("POST", "/v1/allocate", None, body).status;
    assert_eq!(refused(json!({ "messages": [{ "content": "hello" }] })), 400);
    assert_eq!(refused(json!({ "text": "hello", "tags": [""] })), 400);
    assert_eq!(refused(json!({})), 400);
}

#[test]
fn operators_are_read_where_they_are_asked_for_and_told() {
    let server = start();
    for text in ["the old shed is red", "the shed is old and red", "a red-hot stove"] {
        post(&server, "/v1/memories", json!({ "text": text }));
    }
    let found = |query: &str, syntax: &str| {
        let asked = json!({ "query": query, "syntax": syntax, "explain": true });
        let answer = post(&server, "/v1/search", asked);
        let hits = answer["results"].as_array().unwrap().clone();
        let texts: std::collections::BTreeSet<String> =
            hits.iter().map(|hit| hit["memory"].as_str().unwrap().to_owned()).collect();
        (texts.into_iter().collect::<Vec<_>>(), hits)
    };
    let (texts, hits) = found("red \"old shed\" -stove", "operators");
    assert_eq!(texts, ["the old shed is red"]);
    assert_eq!(hits[0]["explain"]["required"], json!(["old shed"]));
    assert_eq!(hits[0]["explain"]["excluded"], json!(["stove"]));
    let (texts, hits) = found("red -shed", "plain");
    assert_eq!(texts.len(), 3, "a dash means nothing");
    assert!(hits[0]["explain"].get("required").is_none());
    let refused = |query: &str, syntax: &str| {
        let asked = json!({ "query": query, "syntax": syntax });
        let answer = server.ask("POST", "/v1/search", None, asked);
        assert_eq!(answer.status, 400);
        String::from_utf8(answer.bytes).unwrap()
    };
    let said = refused("red \\\"old", "operators");
    assert!(said.contains("a quotation mark at the end of each phrase"), "{said}");
    let said = refused("+ red", "operators");
    assert!(said.contains("one sign, and a word or a phrase right after it"), "{said}");
    assert!(refused("red", "lucene").contains("`plain` or `operators`"));
}
