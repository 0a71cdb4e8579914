//! Turns, intentions, claims and looking back over HTTP: each operation as a client has it, what may
//! not follow on what, and that tenants do not meet.

use serde_json::{Value, json};
use server::Config;

use crate::client::Running;

fn start() -> Running {
    Running::start(tempfile::tempdir().unwrap(), Config::default())
}

fn get(server: &Running, path: &str) -> Value {
    server.ask("GET", path, None, Value::Null).of(200)
}

fn post(server: &Running, path: &str, body: Value, status: u16) -> Value {
    let answer = server.ask("POST", path, None, body);
    let said = String::from_utf8_lossy(&answer.bytes).into_owned();
    assert_eq!(answer.status, status, "{path}: {said}");
    answer.of(status)
}

fn names(list: &Value) -> Vec<&str> {
    let results = list["results"].as_array().unwrap();
    results.iter().map(|one| one["memory"].as_str().unwrap()).collect()
}

#[test]
fn a_conversation_is_attended_to_over_searches_recalls_and_turns() {
    let server = start();
    for text in ["Dinner at the harbour was late", "The cousin wore a red coat"] {
        post(&server, "/v1/memories", json!({ "text": text }), 201);
    }
    let attended = |path: &str, mut question: Value| {
        question["attention"] = "evening".into();
        let answer = post(&server, path, question, 200);
        let recalled = answer["recalled"]["results"].as_array();
        let hits = recalled.or(answer["results"].as_array()).unwrap();
        hits.iter()
            .any(|hit| hit["explain"]["attention"].as_f64().is_some_and(|active| active > 0.0))
    };
    assert!(!attended("/v1/recall", json!({ "message": "dinner at the harbour" })));
    assert!(attended("/v1/search", json!({ "query": "which coat?", "explain": true })));
    assert!(attended("/v1/recall", json!({ "message": "which coat?" })));
    assert!(attended("/v1/turn", json!({ "user_message": "whose coat?" })));
    let other = json!({ "query": "which coat?", "explain": true, "attention": "another" });
    let hits = post(&server, "/v1/search", other, 200);
    assert!(hits["results"][0]["explain"]["attention"].is_null());
    let long = json!({ "query": "coat", "attention": "x".repeat(129) });
    let refused = post(&server, "/v1/search", long, 400);
    assert!(refused["detail"].as_str().unwrap().contains("attention"), "{refused}");
}

#[test]
fn an_intention_is_meant_come_back_to_and_ended_once() {
    let server = start();
    let flight = json!({ "text": "Book the flight to Lisbon", "user_id": "ada",
        "due_at": "2031-01-01", "tags": ["travel"] });
    let meant = post(&server, "/v1/intentions", flight.clone(), 201);
    let id = meant["id"].as_str().unwrap().to_owned();
    assert_eq!(post(&server, "/v1/intentions", flight, 201)["event"], "NONE");
    let sink = post(&server, "/v1/intentions", json!({ "text": "Mend the sink" }), 201);
    let open = get(&server, "/v1/intentions?state=open");
    assert_eq!(names(&open), ["Mend the sink", "Book the flight to Lisbon"]);
    let first = get(&server, "/v1/intentions?limit=1");
    assert_eq!((first["total"].as_u64(), names(&first)), (Some(2), vec!["Mend the sink"]));
    let next = first["next"].as_str().unwrap();
    let second = get(&server, &format!("/v1/intentions?limit=1&after={next}"));
    assert_eq!(
        (names(&second), &second["next"]),
        (vec!["Book the flight to Lisbon"], &Value::Null)
    );

    let turn = json!({ "user_message": "When does the flight to Lisbon leave?",
        "assistant_message": "At nine.", "user_id": "ada" });
    let turned = post(&server, "/v1/turn", turn, 200);
    assert_eq!(turned["intentions"][0]["id"], json!(id));
    assert_eq!(turned["intentions"][0]["words"], json!(["flight", "lisbon"]));
    assert_eq!(turned["learned"]["messages"].as_array().unwrap().len(), 2);
    let context = turned["recalled"]["context"].as_str().unwrap();
    assert!(context.contains("(intention, open) Book the flight") && !context.contains("leave?"));
    let about = json!({ "message": "the sink drips", "threshold": 0.2 });
    let touched = post(&server, "/v1/intentions/resume", about, 200);
    assert_eq!(
        (names(&touched), &touched["results"][0]["due"]),
        (vec!["Mend the sink"], &json!(false))
    );

    let path = format!("/v1/intentions/{id}");
    let done = post(&server, &format!("{path}/complete"), json!({ "outcome": "seat 12A" }), 200);
    assert_eq!(done["intention"]["state"], "completed");
    assert_eq!(done["intention"]["outcome"], "seat 12A");
    for end in ["complete", "abandon"] {
        let refused = post(&server, &format!("{path}/{end}"), json!({}), 409);
        let said = refused["detail"].as_str().unwrap();
        assert!(said.ends_with("is completed, expected an open intention"), "{said}");
    }
    let sink = sink["id"].as_str().unwrap();
    assert_eq!(
        post(&server, &format!("/v1/intentions/{sink}/abandon"), Value::Null, 200)["intention"]["state"],
        "abandoned"
    );
    let history = get(&server, &format!("/v1/memories/{id}/history"));
    let what: Vec<_> = history["results"].as_array().unwrap().iter().map(|e| &e["what"]).collect();
    assert_eq!(what.last(), Some(&&json!("completed")));
    let patch = server.ask("PATCH", &format!("/v1/memories/{id}"), None, json!({ "text": "No" }));
    assert_eq!(patch.status, 400);
    let gone = server.ask("DELETE", &format!("/v1/memories/{id}?erase=true"), None, Value::Null);
    assert_eq!(gone.status, 204);
    assert_eq!(get(&server, "/v1/intentions")["total"], 1);
    assert_eq!(post(&server, &format!("{path}/complete"), json!({}), 404)["status"], 404);
}

#[test]
fn claims_are_verified_and_judged() {
    let server = start();
    for (k, truth) in [true, true, true, false].into_iter().enumerate() {
        let claim =
            json!({ "text": format!("Claim {k}"), "confidence": 0.9, "subject": "weather" });
        let id = post(&server, "/v1/claims", claim, 201)["id"].as_str().unwrap().to_owned();
        let verify = json!({ "truth": truth, "evidence": "a look outside" });
        let verified = post(&server, &format!("/v1/claims/{id}/verify"), verify.clone(), 200);
        assert_eq!(verified["claim"]["state"], if truth { "true" } else { "false" });
        assert_eq!(verified["claim"]["confidence"], 0.9, "as it was said");
        assert_eq!(verified["class"], if truth { "validated" } else { "false_positive" });
        let refused = post(&server, &format!("/v1/claims/{id}/verify"), verify, 409);
        assert!(refused["detail"].as_str().unwrap().contains("expected an unverified claim"));
    }
    post(&server, "/v1/claims", json!({ "text": "It snows in May", "confidence": 0.02 }), 201);
    let judged = get(&server, "/v1/claims/calibration?subject=weather&bins=10");
    assert_eq!((&judged["n"], &judged["unverified"]), (&json!(4), &json!(0)));
    let near = |name: &str, expected: f64| {
        let found = judged[name].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-9, "{name}: {found}");
    };
    near("brier", 0.21);
    near("expected_error", 0.15);
    near("overconfidence", 0.15);
    assert_eq!(judged["bins"][0]["n"], 4);
    assert_eq!(judged["by_subject"][0]["subject"], "weather");
    let none = get(&server, "/v1/claims/calibration?to=2001-01-01");
    assert_eq!(
        (&none["n"], &none["brier"], &none["unverified"]),
        (&json!(0), &Value::Null, &json!(1))
    );
    assert_eq!(names(&get(&server, "/v1/claims?state=unverified")), ["It snows in May"]);
    assert_eq!(names(&get(&server, "/v1/claims?state=false&subject=weather")), ["Claim 3"]);
    let told = get(&server, "/v1/insights");
    let wrong = told["claims_gone_wrong"].as_array().unwrap();
    assert_eq!((wrong.len(), &wrong[0]["memory"]), (1, &json!("Claim 3")));
    for (body, expected) in [
        (json!({ "text": "x" }), "confidence: expected a number from 0 to 1"),
        (json!({ "text": "x", "confidence": 1.5 }), "confidence: expected a number from 0 to 1"),
        (json!({ "text": "x", "confidence": 0.5, "subject": "" }), "subject: expected a name"),
    ] {
        let refused = post(&server, "/v1/claims", body, 400);
        assert!(refused["detail"].as_str().unwrap().contains(expected), "{refused}");
    }
    for path in
        ["/v1/claims?state=open", "/v1/intentions?state=true", "/v1/claims/calibration?bins=0"]
    {
        assert_eq!(server.ask("GET", path, None, Value::Null).status, 400, "{path}");
    }
}

#[test]
fn looking_back_tells_changes_and_proposes() {
    let server = start();
    let entity = |name: &str| {
        let made = post(&server, "/v1/entities", json!({ "name": name, "kind": "thing" }), 201);
        made["id"].as_u64().unwrap()
    };
    let (ada, grace, compilers) = (entity("Ada"), entity("Grace"), entity("Compilers"));
    let relate = |from: u64, to: u64| {
        let relation = json!({ "from": { "entity": from }, "kind": "works_on",
            "to": { "entity": to }, "strength": 0.8 });
        post(&server, "/v1/relations", relation, 201)
    };
    relate(ada, compilers);
    relate(grace, compilers);
    for city in ["Porto", "Lisbon"] {
        let lives = json!({ "subject": ada, "predicate": "lives_in", "object": city,
            "functional": true, "valid_at": "2020-01-01" });
        post(&server, "/v1/facts", lives, 201);
    }
    let thought = get(&server, "/v1/thinking?about=ada&from=2001-01-01");
    assert_eq!((&thought["name"], &thought["then"]), (&json!("Ada"), &json!([])));
    assert_eq!(thought["facts"].as_array().unwrap().len(), 2, "{thought}");
    assert_eq!(thought["facts"][0]["change"], "added");
    assert_eq!(thought["relations"][0]["to"], "Compilers");
    assert_eq!(thought["relations"][0]["then"], 0.0);
    assert_eq!(
        server.ask("GET", "/v1/thinking?about=Eve&from=2001-01-01", None, Value::Null).status,
        400
    );
    assert_eq!(
        server.ask("GET", "/v1/thinking?about=Ada&from=soon", None, Value::Null).status,
        400
    );

    let told = get(&server, "/v1/insights");
    assert_eq!(told["entities"].as_array().unwrap().len(), 3);
    assert_eq!(told["strengthened"].as_array().unwrap().len(), 2);
    assert_eq!(told["contradictions"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["contradictions"][0]["kind"], "functional");

    let dreamt = post(&server, "/v1/dream", json!({ "seed": 3 }), 200);
    let proposal = &dreamt["results"][0];
    assert_eq!((&proposal["from_name"], &proposal["to_name"]), (&json!("Ada"), &json!("Grace")));
    assert_eq!(proposal["way"], json!(["Ada", "Compilers", "Grace"]));
    let missing = get(&server, "/v1/connections?of=Grace");
    assert_eq!(missing["results"][0]["shared"], json!(["Compilers"]));
    let relations = || get(&server, "/v1/memory/stats")["relations"].clone();
    assert_eq!(relations(), 2, "nothing was written");
    relate(ada, grace);
    assert_eq!(post(&server, "/v1/dream", json!({ "seed": 3 }), 200)["results"], json!([]));
    for wrong in [json!({ "names": ["Eve"] }), json!({ "steps": 33 }), json!({ "walks": 2_001 })] {
        post(&server, "/v1/dream", wrong, 400);
    }
}

#[test]
fn a_tenant_reaches_its_own_mind_alone() {
    let server = start();
    let key = |admin: Option<&str>, role: &str, tenant: &str| {
        let spec = json!({ "name": format!("{role} of {tenant}"), "role": role, "tenant": tenant });
        server.ask("POST", "/v1/keys", admin, spec).of(201)["key"].as_str().unwrap().to_owned()
    };
    let admin = key(None, "admin", "acme");
    let (acme, beta) = (key(Some(&admin), "writer", "acme"), key(Some(&admin), "writer", "beta"));
    let reader = key(Some(&admin), "reader", "acme");
    let ask = |method: &str, path: &str, key: &str, body: Value| {
        server.ask(method, path, Some(key), body)
    };
    let meant = ask("POST", "/v1/intentions", &acme, json!({ "text": "Open the vault" })).of(201);
    let claim = json!({ "text": "Gold rises", "confidence": 0.7 });
    let claimed = ask("POST", "/v1/claims", &acme, claim).of(201);
    let entity = json!({ "name": "Vault", "kind": "room" });
    ask("POST", "/v1/entities", &acme, entity).of(201);
    let (meant, claimed) = (meant["id"].as_str().unwrap(), claimed["id"].as_str().unwrap());
    for (path, body) in [
        (format!("/v1/intentions/{meant}/complete"), json!({})),
        (format!("/v1/intentions/{meant}/abandon"), json!({})),
        (format!("/v1/claims/{claimed}/verify"), json!({ "truth": true })),
    ] {
        assert_eq!(ask("POST", &path, &beta, body.clone()).status, 404, "{path}");
        assert_eq!(ask("POST", &path, &reader, body).status, 403, "{path}");
    }
    let none = |path: &str, list: &str| {
        let answer = ask("GET", path, &beta, Value::Null).of(200);
        assert_eq!(answer[list], json!([]), "{path}");
    };
    none("/v1/intentions", "results");
    none("/v1/claims", "results");
    none("/v1/connections", "results");
    none("/v1/insights", "entities");
    let judged = ask("GET", "/v1/claims/calibration", &beta, Value::Null).of(200);
    assert_eq!(judged["unverified"], 0);
    let said = json!({ "message": "open the vault" });
    assert_eq!(
        ask("POST", "/v1/intentions/resume", &beta, said.clone()).of(200)["results"],
        json!([])
    );
    assert_eq!(names(&ask("POST", "/v1/intentions/resume", &reader, said).of(200)).len(), 1);
    let path = "/v1/thinking?about=Vault&from=2001-01-01";
    assert_eq!(ask("GET", path, &beta, Value::Null).status, 400);
    let turn = json!({ "user_message": "open the vault" });
    let turned = ask("POST", "/v1/turn", &beta, turn.clone()).of(200);
    assert_eq!((&turned["intentions"], &turned["recalled"]["results"]), (&json!([]), &json!([])));
    assert_eq!(ask("POST", "/v1/turn", &reader, turn).status, 403);
    for path in ["/v1/intentions", "/v1/claims"] {
        let body = json!({ "text": "x", "confidence": 0.5 });
        assert_eq!(ask("POST", path, &reader, body).status, 403);
    }
    let metrics = ask("GET", "/metrics", &admin, Value::Null).bytes;
    let metrics = String::from_utf8(metrics).unwrap();
    let line = r#"striatum_memory_operations_total{operation="intend",outcome="ok"} 1"#;
    assert!(metrics.contains(line), "{metrics}");
}

#[test]
fn a_question_is_answered_from_what_is_known_or_said_to_be_unknown() {
    let server = start();
    let entity = |name: &str, properties: Value| {
        let body = json!({ "name": name, "kind": "animal", "properties": properties });
        post(&server, "/v1/entities", body, 201)["id"].as_u64().unwrap()
    };
    let bird = entity("bird", json!({ "fly": true }));
    let penguin = entity("penguin", json!({ "colour": "black" }));
    let robin = entity("robin", json!({ "colour": "red" }));
    for child in [penguin, robin] {
        let fact = json!({ "subject": child, "predicate": "is_a", "object_entity": bird });
        post(&server, "/v1/facts", fact, 201);
    }
    let recall = |message: &str| post(&server, "/v1/recall", json!({ "message": message }), 200);
    let asked = &recall("What is a penguin?")["asked"];
    assert_eq!((&asked["intent"], &asked["words"]), (&json!("definition"), &json!(["what", "is"])));
    assert_eq!(asked["about"], json!([{ "id": penguin, "name": "penguin" }]));
    let inherited = asked["findings"].as_array().unwrap().iter();
    let inherited: Vec<&Value> =
        inherited.filter(|f| f["said"] == "penguin fly: true (from bird)").collect();
    assert_eq!(inherited[0]["because"][0]["entity"], json!(bird));
    let counted = &recall("How many birds are red?")["asked"];
    assert_eq!((&counted["count"], &counted["findings"][0]["said"]), (&json!(1), &json!("robin")));
    let unknown = &recall("Which birds are nocturnal?")["asked"];
    assert!(unknown["unknown"].as_str().unwrap().ends_with("nocturn"), "{unknown}");
    assert_eq!(unknown["findings"], json!([]));
    assert!(recall("the penguin is hungry")["asked"].is_null());

    let activate = |body: Value| post(&server, "/v1/activate", body, 200);
    let near = activate(json!({ "question": "How are penguins and robins alike?" }));
    let spread = json!([near["strategy"], near["intent"], near["words"]]);
    assert_eq!(spread, json!(["parallel", "comparison", ["alike"]]));
    assert!(near["results"].as_array().unwrap().iter().any(|one| one["name"] == "bird"));
    let one = activate(json!({ "question": "What is a penguin?", "strategy": "chain" }));
    assert_eq!((&one["strategy"], &one["intent"]), (&json!("chain"), &json!("definition")));
    let walk = json!({ "names": ["bird"], "method": "pagerank", "strategy": "local" });
    let refused = post(&server, "/v1/activate", walk, 400);
    assert!(refused["detail"].as_str().unwrap().contains("strategy"), "{refused}");
}

#[test]
fn patterns_compounds_and_snapshots_are_kept_detected_and_compared() {
    let server = start();
    let snapshot = |name: &str, status| {
        post(&server, "/v1/snapshots", json!({ "name": name, "user_id": "ada" }), status)
    };
    snapshot("first", 201);
    assert!(snapshot("first", 409)["detail"].as_str().unwrap().contains("name that no other has"));
    let pattern = json!({ "text": "Asks for the evidence", "kind": "critical", "user_id": "ada",
        "trigger": "a plan without figures", "note": "in a review" });
    let recorded = post(&server, "/v1/cognitive/patterns", pattern.clone(), 201);
    let again = post(&server, "/v1/cognitive/patterns", pattern, 201);
    assert_eq!((&again["id"], &again["event"]), (&recorded["id"], &json!("NONE")));
    let refused = json!({ "text": "Asks", "kind": "" });
    assert!(
        post(&server, "/v1/cognitive/patterns", refused, 400)["detail"]
            .as_str()
            .unwrap()
            .starts_with("kind: expected")
    );
    let listed = get(&server, "/v1/cognitive/patterns?kind=critical&user_id=ada");
    assert_eq!(names(&listed), ["Asks for the evidence"]);
    assert_eq!(listed["results"][0]["pattern"]["seen"], json!(2));
    assert_eq!(get(&server, "/v1/cognitive/patterns?kind=lateral")["total"], json!(0));

    for k in 0..8 {
        for deed in ["doubt", "test", ["rest", "walk", "read"][k % 3]] {
            let store = json!({ "text": format!("{deed} {k}"), "run_id": format!("run {k}"),
                "metadata": { "deed": deed } });
            post(&server, "/v1/memories", store, 201);
        }
    }
    let detect = json!({ "message": "this plan has no figures", "longest": 2 });
    let detected = post(&server, "/v1/cognitive/detect", detect, 200);
    assert_eq!((&detected["deeds"], &detected["episodes"]), (&json!(26), &json!(9)));
    let first = &detected["sequences"][0];
    assert_eq!((&first["deeds"], &first["count"]), (&json!(["doubt", "test"]), &json!(8)));
    assert!(
        first["q_value"].as_f64().unwrap() < 0.05 && first["last"].as_array().unwrap().len() == 2
    );
    assert_eq!(detected["triggered"][0]["id"], recorded["id"]);
    let wrong = post(&server, "/v1/cognitive/detect", json!({ "chance": 0 }), 400);
    assert!(wrong["detail"].as_str().unwrap().starts_with("chance: expected"), "{wrong}");

    let profile = get(&server, "/v1/cognitive/profile?user_id=ada&period_days=1");
    assert_eq!(profile["kinds"], json!([{ "kind": "critical", "patterns": 1, "instances": 2 }]));
    assert_eq!(profile["periods"].as_array().unwrap().len(), 12);
    let longest = get(&server, "/v1/cognitive/profile?user_id=ada&period_days=36600");
    assert_eq!(longest["periods"].as_array().unwrap().len(), 12);
    for days in ["36601", "60000000", "4294967295"] {
        let path = format!("/v1/cognitive/profile?period_days={days}");
        let refused = server.ask("GET", &path, None, Value::Null).of(400);
        assert!(refused["detail"].as_str().unwrap().starts_with("period_days: "), "{refused}");
    }
    let before = json!({ "text": "Asks for the evidence", "kind": "critical", "user_id": "ada",
        "trigger": "a plan without figures", "seen_at": "2020-02-20T00:00:00Z" });
    post(&server, "/v1/cognitive/patterns", before, 201);
    let listed = get(&server, "/v1/cognitive/patterns?kind=critical&user_id=ada");
    let instances = &listed["results"][0]["pattern"]["instances"];
    assert_eq!(instances[0]["note"], json!("in a review"), "the last is the latest: {instances}");
    assert!(instances[2]["at"].as_str().unwrap().starts_with("2020-02-20"), "{instances}");
    for day in ["Monday", "Tuesday", "Wednesday"] {
        let said = format!("Mary Somerville met Caroline Herschel on {day}.");
        post(&server, "/v1/learn", json!({ "user_message": said }), 200);
        let other = json!({ "user_message": format!("Nothing at all happened on {day}.") });
        post(&server, "/v1/learn", other, 200);
    }
    let compounds = get(&server, "/v1/compounds");
    assert_eq!(compounds["results"][0]["name"], json!("Caroline Herschel + Mary Somerville"));
    assert_eq!(compounds["results"][0]["together"], json!(3));
    snapshot("second", 201);
    let moved = get(&server, "/v1/snapshots/compare?from=first&to=second&user_id=ada");
    let changes: Vec<&Value> =
        moved["attitudes"].as_array().unwrap().iter().map(|one| &one["change"]).collect();
    assert_eq!(changes, [&json!("recorded"), &json!("seen")]);
    let new = moved["entities"].as_array().unwrap().iter();
    assert!(new.into_iter().any(|one| one["name"] == "Mary Somerville"), "{moved}");
    let never = server.ask("GET", "/v1/snapshots/compare?from=first&to=never", None, Value::Null);
    assert_eq!(never.status, 400);
}
