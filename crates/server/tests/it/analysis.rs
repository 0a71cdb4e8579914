//! Analyses of what is known: over HTTP, gRPC and MCP, with tenants, times, branches, and what is
//! wrong with a question.

use api::memory as pb;
use api::memory::memory_client::MemoryClient;
use serde_json::{Value, json};
use server::Config;

use crate::client::{Asked, Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";

fn start() -> Running {
    Running::start(models(NETWORK, ""), Config::default())
}

fn post(server: &Running, path: &str, body: Value) -> Value {
    let answer = server.ask("POST", path, None, body);
    let status = answer.status;
    assert!(status < 300, "{path}: {status} {}", text(&answer));
    answer.of(status)
}

fn text(answer: &Asked) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

fn analyze(server: &Running, request: Value) -> Value {
    post(server, "/v1/graph/analyze", request)
}

/// The problem that a request has.
fn refused(server: &Running, request: Value) -> (u16, String) {
    let answer = server.ask("POST", "/v1/graph/analyze", None, request);
    (answer.status, text(&answer))
}

/// Ada - Babbage - Menabrea - Turin, Ada - Menabrea more weakly, and Grace - COBOL beside them.
fn known(server: &Running) -> Vec<u64> {
    let names = ["Ada", "Babbage", "Menabrea", "Turin", "Grace", "COBOL"];
    let entity = |name: &&str| {
        let added = post(server, "/v1/entities", json!({ "name": name, "kind": "thing" }));
        added["id"].as_u64().unwrap()
    };
    let ids: Vec<u64> = names.iter().map(entity).collect();
    let relate = |from: usize, kind: &str, to: usize, strength: f64| {
        let relation = json!({
            "from": { "entity": ids[from] }, "kind": kind, "to": { "entity": ids[to] },
            "strength": strength, "floor": 1.0,
        });
        post(server, "/v1/relations", relation);
    };
    relate(0, "wrote_to", 1, 0.5);
    relate(1, "met", 2, 0.5);
    relate(0, "translated", 2, 0.125);
    relate(4, "wrote", 5, 1.0);
    let fact = json!({
        "subject": ids[2], "predicate": "lives_in", "object_entity": ids[3], "confidence": 0.5,
        "valid_at": "1809-01-01", "invalid_at": "1896-01-01",
    });
    post(server, "/v1/facts", fact);
    ids
}

fn names(of: &Value) -> Vec<&str> {
    of.as_array().unwrap().iter().map(|named| named["name"].as_str().unwrap()).collect()
}

#[test]
fn ways_parts_and_numbers_over_http() {
    let server = start();
    let ids = known(&server);
    let ends = json!({ "analysis": "shortest_paths", "k": 3,
                       "from": { "name": "ada" }, "to": { "entity": ids[2] } });
    let ways = analyze(&server, ends.clone());
    assert_eq!(names(&ways["paths"][0]["vertices"]), ["Ada", "Babbage", "Menabrea"]);
    assert_eq!(ways["paths"][0]["kinds"], json!(["wrote_to", "met"]));
    assert_eq!(ways["paths"][0]["strength"], 0.25);
    assert_eq!(names(&ways["paths"][1]["vertices"]), ["Ada", "Menabrea"]);
    assert_eq!(ways["values"]["paths"], 2.0);
    let mut direct = ends;
    direct["cost"] = "hops".into();
    assert_eq!(analyze(&server, direct)["paths"][0]["kinds"], json!(["translated"]));

    let parts = analyze(&server, json!({ "analysis": "components" }));
    assert_eq!(parts["graph"]["vertices"], 6);
    let sizes: Vec<_> =
        parts["groups"].as_array().unwrap().iter().map(|g| g["size"].clone()).collect();
    assert_eq!(sizes, [3, 2, 1], "the fact has ended");
    let then = json!({ "analysis": "components", "valid_at": "1850-01-01T00:00:00Z" });
    assert_eq!(analyze(&server, then)["groups"][0]["size"], 4);
    let before = json!({ "analysis": "summary", "known_at": "2001-01-01T00:00:00Z" });
    assert_eq!(analyze(&server, before)["graph"]["vertices"], 0);

    let flow = json!({ "analysis": "maximum_flow",
                       "from": { "name": "Ada" }, "to": { "name": "Menabrea" } });
    let flow = analyze(&server, flow);
    assert_eq!((&flow["values"]["flow"], &flow["values"]["ties"]), (&json!(0.625), &json!(2.0)));
    let bridges = analyze(&server, json!({ "analysis": "bridges" }));
    let bridge = &bridges["ties"][0];
    assert_eq!((&bridge["from"]["name"], &bridge["kind"]), (&json!("Grace"), &json!("wrote")));
    let chosen = json!({ "analysis": "summary", "kinds": ["met"], "directed": true });
    let chosen = analyze(&server, chosen);
    assert_eq!(chosen["graph"], json!({ "vertices": 6, "links": 1, "ties": 1, "directed": true }));
    assert_eq!(chosen["degrees"][0], json!({ "degree": 0, "vertices": 4 }));
}

#[test]
fn every_analysis_answers_and_branches_are_their_own() {
    let server = start();
    let ids = known(&server);
    let (ada, turin) = (json!({ "entity": ids[0] }), json!({ "entity": ids[3] }));
    let with_ends = ["shortest_paths", "maximum_flow"];
    let with_one = ["reachable", "predicted_links"];
    let plain = [
        "summary",
        "components",
        "strong_components",
        "degree",
        "in_degree",
        "out_degree",
        "page_rank",
        "betweenness",
        "closeness",
        "eigenvector",
        "clustering",
        "triangles",
        "cores",
        "motifs",
        "communities",
        "spanning_forest",
        "bridges",
        "articulation_points",
        "matching",
        "colouring",
    ];
    for name in plain.iter().chain(&with_one).chain(&with_ends) {
        let mut request = json!({ "analysis": name, "limit": 3 });
        if with_one.contains(name) || with_ends.contains(name) {
            request["from"] = ada.clone();
        }
        if with_ends.contains(name) {
            request["to"] = turin.clone();
        }
        let answer = analyze(&server, request);
        assert_eq!(answer["analysis"], *name);
        assert_eq!(answer["graph"]["links"], 4, "{name}");
    }
    let branch = post(&server, "/v1/branches", json!({ "name": "what if" }))["id"].clone();
    let relation = json!({ "from": turin, "kind": "near", "to": { "entity": ids[4] },
                           "branch": branch });
    post(&server, "/v1/relations", relation);
    let links = |branch: &Value| {
        analyze(&server, json!({ "analysis": "summary", "branch": branch }))["graph"]["links"]
            .clone()
    };
    assert_eq!([links(&branch), links(&Value::Null)], [json!(5), json!(4)]);
}

#[test]
fn memories_are_told_by_their_text() {
    let server = start();
    let ids = known(&server);
    let stored = post(&server, "/v1/memories", json!({ "text": "A letter to Charles" }));
    let memory = stored["results"][0]["id"].clone();
    let relation = json!({ "from": { "memory": memory }, "kind": "mentions",
                           "to": { "entity": ids[1] }, "floor": 1.0 });
    post(&server, "/v1/relations", relation);
    let near = json!({ "analysis": "reachable", "from": { "memory": memory }, "hops": 1,
                       "memories": true });
    let near = analyze(&server, near);
    assert_eq!(names(&near["vertices"]), ["A letter to Charles", "Babbage"]);
    assert_eq!(near["vertices"][0]["vertex"], json!({ "memory": memory }));
    let without = json!({ "analysis": "reachable", "from": { "memory": memory } });
    let (status, said) = refused(&server, without);
    assert!(status == 400 && said.contains("memories among what is analysed"), "{status} {said}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let server = start();
    known(&server);
    let twin = json!({ "name": "Ada", "kind": "language" });
    post(&server, "/v1/entities", twin);
    let wrong = [
        (json!({ "analysis": "dreams" }), 400, "unknown variant `dreams`"),
        (json!({ "analysis": "bridges", "kind": "x" }), 400, "unknown field `kind`"),
        (json!({ "analysis": "bridges", "k": 3 }), 400, "k: this analysis does not have it"),
        (json!({ "analysis": "reachable" }), 400, "from: expected one, found none"),
        (
            json!({ "analysis": "reachable", "from": { "name": "Nobody" } }),
            404,
            "nothing is called",
        ),
        (json!({ "analysis": "reachable", "from": { "name": "Ada" } }), 400, "several are called"),
        (json!({ "analysis": "reachable", "from": { "entity": 999 } }), 404, "no entity 999"),
        (json!({ "analysis": "bridges", "directed": true }), 400, "links both ways"),
        (json!({ "analysis": "page_rank", "damping": 1.5 }), 400, "0 to below 1"),
        (json!({ "analysis": "degree", "limit": 1001 }), 400, "limit: at most 1000, found 1001"),
        (json!({ "analysis": "degree", "branch": 77 }), 404, "no branch 77"),
        (json!({ "analysis": "degree", "valid_at": "soon" }), 400, "valid_at"),
    ];
    for (request, expected, part) in wrong {
        let (status, said) = refused(&server, request.clone());
        assert!(status == expected && said.contains(part), "{request}: {status} {said}");
    }
}

#[test]
fn a_tenant_sees_its_own_entities_and_mcp_answers_the_same() {
    let server = start();
    let ids = known(&server);
    let key = |admin: Option<&str>, role: &str, tenant: &str| {
        let spec = json!({ "name": role, "role": role, "tenant": tenant });
        server.ask("POST", "/v1/keys", admin, spec).of(201)["key"].as_str().unwrap().to_owned()
    };
    let admin = key(None, "admin", "default");
    let (ours, other) =
        (key(Some(&admin), "reader", "default"), key(Some(&admin), "reader", "globex"));
    let request = json!({ "analysis": "degree" });
    let ask = |key: &str, request: &Value| {
        server.ask("POST", "/v1/graph/analyze", Some(key), request.clone())
    };
    let http = ask(&ours, &request).of(200);
    assert_eq!(http["graph"]["vertices"], 6);
    let theirs = ask(&other, &request).of(200);
    assert_eq!((&theirs["graph"]["vertices"], theirs.get("vertices")), (&json!(0), None));
    let theirs = json!({ "analysis": "reachable", "from": { "entity": ids[0] } });
    assert_eq!(ask(&other, &theirs).status, 404);

    let call = |key: &str| {
        let called = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "memory_analyze", "arguments": request },
        });
        let answer = ureq::post(format!("http://{}/mcp", server.address))
            .header("authorization", format!("Bearer {key}"))
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .header("content-type", "application/json")
            .send(called.to_string())
            .unwrap();
        let answer = answer.into_body().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["result"]["structuredContent"].clone()
    };
    assert_eq!(call(&ours), http);
    assert_eq!(call(&other)["graph"]["vertices"], 0);
    let metrics = server.ask("GET", "/metrics", Some(&admin), Value::Null).bytes;
    let line = r#"striatum_memory_operations_total{operation="analyze",outcome="ok"} 4"#;
    assert!(String::from_utf8(metrics).unwrap().contains(line));
}

#[tokio::test]
async fn grpc_answers_the_same() {
    let server = start();
    known(&server);
    let channel = tonic::transport::Channel::from_shared(format!("http://{}", server.address));
    let mut client = MemoryClient::new(channel.unwrap().connect().await.unwrap());
    let end = |name: &str| Some(pb::End { name: Some(name.into()), ..Default::default() });
    let request = pb::AnalyzeRequest {
        analysis: "shortest_paths".into(),
        from: end("Ada"),
        to: end("Menabrea"),
        k: Some(2),
        ..Default::default()
    };
    let answer = client.analyze(request.clone()).await.unwrap().into_inner();
    assert_eq!((answer.paths.len(), answer.paths[0].strength), (2, 0.25));
    assert_eq!(
        (answer.paths[0].vertices[1].name.as_str(), answer.values["paths"]),
        ("Babbage", 2.0)
    );
    assert_eq!(answer.graph.unwrap().vertices, 6);
    let wrong = pb::AnalyzeRequest { hops: Some(1), ..request };
    let said = client.analyze(wrong).await.unwrap_err();
    assert_eq!(said.code(), tonic::Code::InvalidArgument, "{said}");
}
