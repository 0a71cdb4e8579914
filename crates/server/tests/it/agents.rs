//! Agents over HTTP: acting, learning, saving, personas, the laws, overrides, learning requests, and
//! what callers may not.

use serde_json::{Value, json};
use server::{Config, State};

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
const SPEC: &str = "[profile]\nname = \"snntorch\"\nreset = \"zero\"\nreset_delay = false\n";

fn start() -> Running {
    Running::start(models(NETWORK, SPEC), Config::default())
}

fn post(server: &Running, path: &str, body: Value, status: u16) -> Value {
    server.ask("POST", path, None, body).of(status)
}

fn get(server: &Running, path: &str) -> Value {
    server.ask("GET", path, None, Value::Null).of(200)
}

fn key(server: &Running, by: Option<&str>, role: &str, tenant: &str) -> String {
    let spec = json!({ "name": role, "role": role, "tenant": tenant });
    server.ask("POST", "/v1/keys", by, spec).of(201)["key"].as_str().unwrap().to_owned()
}

pub(crate) fn spec(id: &str) -> Value {
    let dimension = |limit: f64, bins: u32| json!({ "low": -limit, "high": limit, "bins": bins });
    json!({
        "id": id,
        "actions": ["push left", "push right"],
        "policy": {
            "dimensions": [dimension(2.4, 3), dimension(3.0, 4), dimension(0.21, 8), dimension(3.5, 8)],
        },
        "seed": 7,
    })
}

/// Acts and learns so many times; what was answered.
fn lives(server: &Running, id: &str, steps: usize) -> Vec<Value> {
    let mut all = Vec::new();
    for k in 0..steps {
        let seen = json!([0.01 * k as f64, 0.1, -0.02, 0.3]);
        let act =
            post(server, &format!("/v1/agents/{id}/act"), json!({ "observation": seen }), 200);
        let end = k % 5 == 4;
        let learn = json!({
            "reward": if end { -1.0 } else { 0.0 }, "terminal": end, "observation": seen,
        });
        let learned = post(server, &format!("/v1/agents/{id}/learn"), learn, 200);
        all.push(json!([act, learned]));
    }
    all
}

#[test]
fn an_agent_acts_learns_and_outlives_its_server() {
    let folder = tempfile::tempdir().unwrap();
    let state = State { folder: folder.path().to_owned(), ..State::default() };
    let config = Config { state, ..Config::default() };
    let mut server = Running::start(models(NETWORK, SPEC), config.clone());
    let made = post(&server, "/v1/agents", spec("pole"), 201);
    assert_eq!((&made["id"], &made["seed"]), (&json!("pole"), &json!(7)));
    let taken = post(&server, "/v1/agents", spec("pole"), 409);
    assert_eq!(taken["detail"], "agent pole is there already");
    let done = lives(&server, "pole", 20);
    assert_eq!(done[0][0]["approved"], true);
    assert_eq!(done[0][0]["probability"], 0.5);
    assert_eq!(done[4][1]["delta"], -1.0);
    assert!(done[4][1]["weight_changes"].as_u64().unwrap() > 16, "{}", done[4][1]);
    assert!(done[4][1]["critic_error"].as_f64().unwrap() > 0.0);
    let now = get(&server, "/v1/agents/pole")["now"].clone();
    assert_eq!(
        (&now["approved"], &now["rewards"], &now["reward"]),
        (&json!(20), &json!(20), &json!(-4.0))
    );
    server.stop();

    // What was learned is there after a restart, and goes on as if there had been none.
    let mut other = Running::start(models(NETWORK, SPEC), config.clone());
    assert_eq!(get(&other, "/v1/agents/pole")["now"], now);
    assert_eq!(get(&other, "/v1/agents")["agents"][0]["id"], "pole");
    let after = lives(&other, "pole", 5);
    other.stop();
    drop(other);
    let fresh = start();
    post(&fresh, "/v1/agents", spec("pole"), 201);
    let all = lives(&fresh, "pole", 20);
    assert_eq!(all, done, "the same seed does the same");
    let goes_on: Vec<Value> = lives(&fresh, "pole", 5);
    assert_eq!(goes_on, after);
    assert_eq!(fresh.ask("DELETE", "/v1/agents/pole", None, Value::Null).status, 204);
    post(&fresh, "/v1/agents/pole/reset", Value::Null, 404);
}

#[test]
fn what_was_learned_is_saved_loaded_snapshotted_and_taken_back() {
    let server = start();
    post(&server, "/v1/agents", spec("a"), 201);
    post(&server, "/v1/agents/a/load", Value::Null, 409);
    lives(&server, "a", 10);
    let saved = post(&server, "/v1/agents/a/save", Value::Null, 200);
    assert!(saved["saved_at"].is_string(), "{saved}");
    let next = lives(&server, "a", 10);
    post(&server, "/v1/agents/a/load", Value::Null, 200);
    assert_eq!(lives(&server, "a", 10), next, "the same from the same weights and the same chance");

    assert_eq!(post(&server, "/v1/agents/a/snapshot", Value::Null, 200)["snapshots"], 1);
    let value = |server: &Running| {
        let act = json!({ "observation": [0.0, 0.1, -0.02, 0.3] });
        let value = post(server, "/v1/agents/a/act", act, 200)["value"].clone();
        post(server, "/v1/agents/a/reset", Value::Null, 200);
        value
    };
    let before = value(&server);
    lives(&server, "a", 10);
    assert_ne!(value(&server), before);
    assert_eq!(post(&server, "/v1/agents/a/undo", Value::Null, 200)["snapshots"], 0);
    assert_eq!(value(&server), before);
    post(&server, "/v1/agents/a/undo", Value::Null, 409);

    let off = server.ask("PATCH", "/v1/agents/a", None, json!({ "learning": false })).of(200);
    assert_eq!(off["now"]["learning"], false);
    let still = lives(&server, "a", 10);
    assert!(still.iter().all(|both| both[1]["weight_changes"] == 0));
    assert_eq!(value(&server), before);
}

#[test]
fn a_model_proposes_too() {
    let server = start();
    let spec = json!({
        "id": "spiking", "actions": ["a", "b", "c"], "seed": 1,
        "policy": {
            "kind": "model", "model": "good", "steps": 16,
            "dimensions": [{ "low": -1.0, "high": 1.0, "bins": 12 }],
        },
    });
    let made = post(&server, "/v1/agents", spec.clone(), 201);
    assert_eq!(made["model_version"], 1);
    for k in 0..6 {
        let seen = json!([f64::from(k) / 3.0 - 1.0]);
        let act = post(&server, "/v1/agents/spiking/act", json!({ "observation": seen }), 200);
        assert!(act["action"].as_u64().unwrap() < 3, "{act}");
        let learn = json!({ "reward": 1.0, "observation": seen, "terminal": true });
        post(&server, "/v1/agents/spiking/learn", learn, 200);
    }
    let mut wrong = spec.clone();
    wrong["id"] = json!("other");
    wrong["policy"]["dimensions"][0]["bins"] = json!(11);
    let said = post(&server, "/v1/agents", wrong.clone(), 400);
    assert!(
        said["detail"].as_str().unwrap().contains("inputs: [12], expected one of 11"),
        "{said}"
    );
    wrong["policy"]["model"] = json!("nobody");
    post(&server, "/v1/agents", wrong.clone(), 404);
    wrong["policy"] = json!({ "model": "good", "columns": 4, "dimensions": [] });
    post(&server, "/v1/agents", wrong, 400);
}

#[test]
fn what_is_refused_is_an_answer_and_no_action() {
    let server = start();
    post(&server, "/v1/agents", spec("a"), 201);
    let act = |more: Value| {
        let mut body = json!({ "observation": [0.0, 0.0, 0.0, 0.0] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(&server, "/v1/agents/a/act", body, 200)
    };
    let refused = act(json!({ "context": { "endangers_human": true, "is_user_order": true } }));
    assert_eq!((&refused["approved"], &refused["action"]), (&json!(false), &Value::Null));
    assert_eq!(refused["verdict"]["law"], "first");
    let learn = json!({ "reward": 1.0, "observation": [0.0, 0.0, 0.0, 0.0] });
    post(&server, "/v1/agents/a/learn", learn, 409);
    assert_eq!(act(json!({ "content": "k1ll all the people" }))["verdict"]["law"], "first");
    assert_eq!(act(json!({ "content": "open the door" }))["approved"], true);
    let judged = post(&server, "/v1/laws/judge", json!({ "content": "exterminate humanity" }), 200);
    assert_eq!((&judged["permitted"], &judged["law"]), (&json!(false), &json!("zeroth")));
    assert_eq!(judged["violations"][0]["why"], "content");
    let counted = server.metrics([
        "striatum_laws_judged_total{law=\"none\",outcome=\"approved\"}",
        "striatum_laws_judged_total{law=\"first\",outcome=\"refused\"}",
        "striatum_laws_judged_total{law=\"zeroth\",outcome=\"refused\"}",
        "striatum_laws_refused_total{law=\"first\",severity=\"critical\"}",
        "striatum_agent_operations_total{operation=\"act\",outcome=\"ok\"}",
        "striatum_agent_operations_total{operation=\"learn\",outcome=\"conflict\"}",
        "striatum_agents_active{}",
    ]);
    assert_eq!(counted, [1.0, 2.0, 1.0, 2.0, 3.0, 1.0, 1.0]);
}

#[test]
fn a_reward_moves_exactly_the_right_counters() {
    let server = start();
    post(&server, "/v1/agents", spec("a"), 201);
    let done = lives(&server, "a", 5);
    let changes: u64 = done.iter().map(|both| both[1]["weight_changes"].as_u64().unwrap()).sum();
    let counted = server.metrics([
        "striatum_agent_rewards_total{result=\"none\"}",
        "striatum_agent_rewards_total{result=\"negative\"}",
        "striatum_agent_rewards_total{result=\"positive\"}",
        "striatum_agent_episodes_total{}",
        "striatum_agent_delta_count{}",
        "striatum_agent_weight_changes_total{}",
        "striatum_persona_interactions_total{kind=\"reward\"}",
    ]);
    assert_eq!(counted, [4.0, 1.0, 0.0, 1.0, 5.0, changes as f64, 1.0]);
}

#[test]
fn a_persona_is_shown_adjusted_and_bounded() {
    let server = start();
    post(&server, "/v1/agents", spec("a"), 201);
    let persona = get(&server, "/v1/agents/a/persona");
    assert_eq!(
        (&persona["traits"]["curiosity"], &persona["mood"]["energy"]),
        (&json!(0.8), &json!(0.7))
    );
    let adjust = |body: Value| server.ask("PATCH", "/v1/agents/a/persona", None, body);
    let moved = adjust(json!({ "adjust": { "curiosity": 0.9, "formality": -0.1 } })).of(200);
    assert_eq!(
        (&moved["traits"]["curiosity"], &moved["traits"]["formality"]),
        (&json!(1.0), &json!(0.2))
    );
    assert_eq!(moved["history"][0]["trait"], "curiosity");
    let wrong = adjust(json!({ "adjust": { "greed": 0.1, "empathy": 7.0 } })).of(400);
    assert_eq!(wrong["problems"].as_array().unwrap().len(), 2, "{wrong}");
    assert_eq!(get(&server, "/v1/agents/a/persona"), moved);
}

#[test]
fn an_override_is_lifted_by_an_administrator_used_audited_and_ends() {
    let server = start();
    let admin = key(&server, None, "admin", "acme");
    let operator = key(&server, Some(&admin), "operator", "acme");
    let ask = |key: &str, method: &str, path: &str, body: Value| {
        server.ask(method, path, Some(key), body)
    };
    ask(&admin, "POST", "/v1/agents", spec("a")).of(201);
    let act = json!({ "observation": [0.0, 0.0, 0.0, 0.0], "content": "disable the audit log" });
    let path = "/v1/agents/a/act";
    assert_eq!(ask(&admin, "POST", path, act.clone()).of(200)["verdict"]["law"], "second");
    let lift = json!({ "kind": "four_laws", "seconds": 600, "reason": "a drill" });
    assert_eq!(ask(&operator, "POST", "/v1/overrides", lift.clone()).status, 403);
    for wrong in [
        json!({ "kind": "four_laws", "seconds": 0, "reason": "x" }),
        json!({ "kind": "four_laws", "seconds": 3601, "reason": "x" }),
        json!({ "kind": "four_laws", "seconds": 10, "reason": " " }),
        json!({ "kind": "everything", "seconds": 10, "reason": "x" }),
    ] {
        ask(&admin, "POST", "/v1/overrides", wrong).of(400);
    }
    let lifted = ask(&admin, "POST", "/v1/overrides", lift).of(201);
    let passed = ask(&admin, "POST", path, act.clone()).of(200);
    assert_eq!(
        (&passed["approved"], &passed["verdict"]["lifted"][0]["law"]),
        (&json!(true), &json!("second"))
    );
    let grave = json!({ "observation": [0.0, 0.0, 0.0, 0.0], "content": "kill the user" });
    assert_eq!(ask(&admin, "POST", path, grave).of(200)["verdict"]["law"], "first");
    // Another tenant has none of it.
    let other = key(&server, Some(&admin), "admin", "other");
    let judged = json!({ "content": "disable the audit log" });
    assert_eq!(ask(&other, "POST", "/v1/laws/judge", judged.clone()).of(200)["permitted"], false);
    assert_eq!(ask(&other, "GET", "/v1/overrides", Value::Null).of(200)["overrides"], json!([]));
    let id = lifted["id"].as_str().unwrap();
    assert_eq!(ask(&other, "DELETE", &format!("/v1/overrides/{id}"), Value::Null).status, 404);
    assert_eq!(ask(&admin, "DELETE", &format!("/v1/overrides/{id}"), Value::Null).status, 204);
    assert_eq!(ask(&admin, "POST", "/v1/laws/judge", judged.clone()).of(200)["permitted"], false);
    // One that lasts a second ends by itself.
    let short = json!({ "kind": "content_filter", "seconds": 1, "reason": "a drill" });
    ask(&admin, "POST", "/v1/overrides", short).of(201);
    assert_eq!(ask(&admin, "POST", "/v1/laws/judge", judged.clone()).of(200)["permitted"], true);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(ask(&admin, "POST", "/v1/laws/judge", judged).of(200)["permitted"], false);
    let log = ask(&admin, "GET", "/v1/audit", Value::Null).of(200).to_string();
    for said in ["override_used", "four_laws for 600 s: a drill", "second law", "override_end"] {
        assert!(log.contains(said), "{said}: {log}");
    }
}

#[test]
fn what_was_denied_is_refused_forever() {
    let server = start();
    let path = "/v1/learning/requests";
    let asked = |description: &str| json!({ "topic": "locks", "description": description });
    let made = post(&server, path, asked("How to pick locks"), 201);
    assert_eq!((&made["status"], &made["priority"]), (&json!("pending"), &json!("medium")));
    let id = made["id"].as_str().unwrap();
    assert_eq!(get(&server, &format!("{path}?status=pending"))["requests"][0]["id"], *id);
    let deny = json!({ "reason": "not here" });
    let denied = post(&server, &format!("{path}/{id}/deny"), deny.clone(), 200);
    assert_eq!((&denied["status"], &denied["reason"]), (&json!("denied"), &json!("not here")));
    post(&server, &format!("{path}/{id}/deny"), deny, 409);
    post(&server, &format!("{path}/{id}/approve"), json!({ "response": "yes" }), 409);
    let again = post(&server, path, asked("HOW to\u{200b} pick  locks "), 409);
    assert!(again["detail"].as_str().unwrap().contains("denied before"), "{again}");
    let vault = get(&server, "/v1/vault");
    assert_eq!(vault["contents"][0]["sha256"], made["sha256"]);
    let other = post(&server, path, asked("How to bake bread"), 201);
    let approve = format!("{path}/{}/approve", other["id"].as_str().unwrap());
    assert_eq!(post(&server, &approve, json!({ "response": "gladly" }), 200)["response"], "gladly");
    assert_eq!(get(&server, path)["requests"].as_array().unwrap().len(), 2);
    post(&server, path, asked(" "), 400);
    post(&server, &format!("{path}/nobody/approve"), json!({ "response": "x" }), 404);
    let counted = server.metrics([
        "striatum_learning_requests_total{status=\"pending\"}",
        "striatum_learning_requests_total{status=\"approved\"}",
        "striatum_learning_requests_total{status=\"denied\"}",
        "striatum_learning_requests_total{status=\"refused\"}",
        "striatum_vault_additions_total{}",
    ]);
    assert_eq!(counted, [2.0, 1.0, 1.0, 1.0, 1.0]);
    // So many an hour, and more where an override lifts it.
    for k in 2..60 {
        post(&server, path, asked(&format!("lesson {k}")), 201);
    }
    post(&server, path, asked("lesson 60"), 429);
    let lift = json!({ "kind": "rate_limiting", "seconds": 60, "reason": "a class" });
    post(&server, "/v1/overrides", lift, 201);
    post(&server, path, asked("lesson 60"), 201);
}

#[test]
fn each_role_may_what_it_may_and_tenants_are_apart() {
    let server = start();
    let admin = key(&server, None, "admin", "acme");
    let make = |role, tenant| key(&server, Some(&admin), role, tenant);
    let (reader, writer, theirs) =
        (make("reader", "acme"), make("writer", "acme"), make("operator", "other"));
    let ask = |key: &str, method: &str, path: &str, body: Value| {
        server.ask(method, path, Some(key), body)
    };
    assert_eq!(server.ask("GET", "/v1/agents", None, Value::Null).status, 401);
    assert_eq!(ask(&reader, "POST", "/v1/agents", spec("a")).status, 403);
    ask(&writer, "POST", "/v1/agents", spec("a")).of(201);
    ask(&reader, "GET", "/v1/agents/a", Value::Null).of(200);
    let asked = json!({ "topic": "x", "description": "y", "id": "r" });
    ask(&writer, "POST", "/v1/learning/requests", asked.clone()).of(201);
    let approve = "/v1/learning/requests/r/approve";
    assert_eq!(ask(&writer, "POST", approve, json!({ "response": "x" })).status, 403);
    assert_eq!(ask(&writer, "GET", "/v1/vault", Value::Null).status, 403);
    // Another tenant sees and does nothing of it, and may use the same names.
    assert_eq!(ask(&theirs, "GET", "/v1/agents", Value::Null).of(200)["agents"], json!([]));
    for (method, path) in [
        ("GET", "/v1/agents/a"),
        ("DELETE", "/v1/agents/a"),
        ("POST", "/v1/agents/a/reset"),
        ("POST", "/v1/agents/a/save"),
        ("GET", "/v1/agents/a/persona"),
        ("GET", "/v1/learning/requests/r"),
    ] {
        assert_eq!(ask(&theirs, method, path, Value::Null).status, 404, "{method} {path}");
    }
    assert_eq!(ask(&theirs, "POST", approve, json!({ "response": "x" })).status, 404);
    ask(&theirs, "POST", "/v1/agents", spec("a")).of(201);
    ask(&theirs, "POST", "/v1/learning/requests", asked).of(201);
    ask(&writer, "GET", "/v1/agents/a", Value::Null).of(200);
}

#[test]
fn what_is_wrong_is_said_and_there_is_a_limit() {
    let server = start();
    let bad = |change: &dyn Fn(&mut Value), status: u16| {
        let mut spec = spec("bad");
        change(&mut spec);
        post(&server, "/v1/agents", spec, status)["detail"].as_str().unwrap_or_default().to_owned()
    };
    assert!(bad(&|s| s["id"] = json!("Not A Name"), 400).starts_with("id: "));
    assert!(bad(&|s| s["actions"] = json!(["one"]), 400).contains("actions: 1, expected 2 to 64"));
    let said = bad(
        &|s| {
            s["policy"]["gamma"] = json!(2.0);
            s["policy"]["columns"] = json!(65);
            s["policy"]["dimensions"][0]["low"] = json!(9.0);
        },
        400,
    );
    for part in ["gamma: 2, expected 0 to 1", "columns: 65", "low is not below high"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    bad(&|s| s["tenant"] = json!("other"), 400);
    bad(&|s| s["policy"]["kind"] = json!("dream"), 400);
    post(&server, "/v1/agents", spec("a"), 201);
    for wrong in [json!([0.0]), json!([0.0, 0.0, 0.0, "x"]), json!([0.0, 0.0, 0.0, 1e300])] {
        post(&server, "/v1/agents/a/act", json!({ "observation": wrong }), 400);
    }
    let reward = json!({ "reward": 1e9, "observation": [0.0, 0.0, 0.0, 0.0] });
    post(&server, "/v1/agents/a/learn", reward, 400);
    post(&server, "/v1/agents/%2e%2e/act", json!({ "observation": [0.0] }), 404);
    for k in 1..64 {
        post(&server, "/v1/agents", spec(&format!("a{k}")), 201);
    }
    let full = post(&server, "/v1/agents", spec("more"), 429);
    assert!(full["detail"].as_str().unwrap().contains("at most 64"), "{full}");
}
