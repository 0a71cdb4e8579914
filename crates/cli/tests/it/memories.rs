//! `striatum memory` against a real server, and its evaluation.

use serde_json::{Value, json};

use crate::operate::{Serving, name};
use crate::{json, striatum, text};

/// A server with nothing in it, and its folder.
pub(crate) fn serving() -> (tempfile::TempDir, Serving, String) {
    let folder = tempfile::tempdir().unwrap();
    let (state, models) = (folder.path().join("state"), folder.path().join("models"));
    std::fs::create_dir_all(&models).unwrap();
    let server = Serving::start(&state, &models);
    let url = format!("http://{}", server.address);
    (folder, server, url)
}

/// A command's JSON document.
pub(crate) fn asked(url: &str, arguments: &[&str], status: i32) -> Value {
    json(&[&["memory"], arguments, &["--url", url]].concat(), status)
}

/// What a command prints for people.
pub(crate) fn shown(url: &str, arguments: &[&str]) -> String {
    let output = striatum(&[&["memory"], arguments, &["--url", url]].concat());
    assert!(output.status.success(), "{arguments:?} {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_memory_is_stored_found_changed_deleted_and_had_back() {
    let (_folder, _server, url) = serving();
    let said = "Biscuit the dog sleeps on the blue sofa";
    let stored = asked(&url, &["store", said, "--user", "mara", "--tag", "home"], 0);
    let id = stored["results"][0]["id"].as_str().unwrap().to_owned();
    asked(&url, &["store", "The ferry to Harlingen leaves at nine", "--user", "tobias"], 0);
    let found = asked(&url, &["search", "where does the dog sleep?", "--user", "mara"], 0);
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    assert_eq!(found["results"][0]["id"], *id);
    let table = shown(&url, &["search", "where does the dog sleep?", "--explain"]);
    for said in [&id, "score", "words   rank 1", "vector  rank", "dog ", "strength "] {
        assert!(table.contains(said), "{said}: {table}");
    }
    let filter = r#"{"user_id": "tobias"}"#;
    let found = asked(&url, &["search", "dog", "--filter", filter], 0);
    let found: Vec<_> =
        found["results"].as_array().unwrap().iter().map(|m| &m["user_id"]).collect();
    assert_eq!(found, ["tobias"]);
    assert!(shown(&url, &["get", &id]).starts_with(&format!("{said}\n\n")));
    let changed = asked(&url, &["update", &id, "--text", "Biscuit sleeps under the table"], 0);
    assert_eq!((&changed["version"], &changed["tags"]), (&json!(2), &json!(["home"])));
    asked(&url, &["update", &id, "--text", "x", "--expect", "1"], 2);
    asked(&url, &["delete", &id], 0);
    assert_eq!(asked(&url, &["list"], 0)["total"], 1);
    assert_eq!(asked(&url, &["list", "--status", "deleted"], 0)["results"][0]["id"], *id);
    assert_eq!(asked(&url, &["restore", &id], 0)["memory"], "Biscuit sleeps under the table");
    let history = asked(&url, &["history", &id], 0);
    let what: Vec<_> = history["results"].as_array().unwrap().iter().map(|e| &e["what"]).collect();
    assert_eq!(what, ["added", "updated", "deleted", "restored"]);
    assert!(
        shown(&url, &["history", &id]).contains("text: Biscuit the dog sleeps"),
        "a change is shown"
    );
    assert!(shown(&url, &["recall", "What about Biscuit?"]).contains("under the table"));
    assert_eq!(asked(&url, &["stats"], 0)["active"], 2);
    assert!(shown(&url, &["columns"]).starts_with("2 memories in "));
    asked(&url, &["delete", "--erase", &id], 0);
    let gone = asked(&url, &["get", &id], 2);
    assert!(gone["error"][0].as_str().unwrap().contains("there is no memory"), "{gone}");
    assert_eq!(asked(&url, &["search", "zzz", "--user", "nobody"], 1)["results"], json!([]));
}

#[test]
fn facts_are_told_as_they_were_true_and_as_they_were_known() {
    let (_folder, server, url) = serving();
    let spec = json!({ "name": "Mara", "kind": "person" });
    let (status, mara) = server.ask("POST", "/v1/entities", "", &spec);
    assert_eq!(status, 201, "{mara}");
    for (place, from) in [("Ghent", "2026-01-01T00:00:00Z"), ("Lisbon", "2026-06-01T00:00:00Z")] {
        let fact = json!({ "subject": mara["id"], "predicate": "lives in", "object": place,
                           "valid_at": from, "functional": true });
        let (status, said) = server.ask("POST", "/v1/facts", "", &fact);
        assert_eq!(status, 201, "{said}");
    }
    let all = shown(&url, &["facts", "--subject", "Mara"]);
    let ghent = all.lines().find(|line| line.contains("Ghent")).unwrap();
    assert!(all.contains("Lisbon") && ghent.contains("2026-01-01  2026-06-01"), "{all}");
    let then = shown(&url, &["facts", "--subject", "Mara", "--as-of", "2026-03-01T00:00:00Z"]);
    assert!(then.contains("Ghent") && !then.contains("Lisbon"), "{then}");
    asked(&url, &["facts", "--subject", "Mara", "--known-at", "2020-01-01T00:00:00Z"], 2);
}

#[test]
fn beliefs_are_asked_about_and_revised() {
    let (_folder, server, url) = serving();
    let spec = json!({ "name": "Tweety", "kind": "bird" });
    assert_eq!(server.ask("POST", "/v1/entities", "", &spec).0, 201);
    let belief = |rest: &[&str]| {
        let all: Vec<&str> = ["belief"].iter().chain(rest).copied().collect();
        asked(&url, &all, 0)
    };
    let id = |answer: &Value| answer["id"].to_string();
    let bird = id(&belief(&["revise", "Tweety", "is", "bird"]));
    let flies = id(&belief(&["revise", "Tweety", "can", "fly", "--because", &bird]));
    let under = belief(&["holds-under", &flies]);
    assert_eq!(under["environments"].to_string(), format!("[[{bird}]]"));
    let would = shown(&url, &["belief", "suppose", "--without", &bird]);
    assert!(would.contains("would not hold") && would.contains("Tweety can fly"), "{would}");
    let denied = belief(&["revise", "Tweety", "can", "fly", "--not"]);
    assert_eq!(denied["given_up"].to_string(), format!("[{bird}]"));
    asked(&url, &["belief", "impossible"], 1);
    let both = shown(
        &url,
        &["belief", "impossible", "--assumption", &flies, "--assumption", &id(&denied)],
    );
    assert!(both.starts_with("with\n") && both.contains("not can fly"), "{both}");
    assert_eq!(belief(&["contract", &id(&denied)])["given_up"], json!([denied["id"]]));
    assert_eq!(asked(&url, &["stats"], 0)["believed"], 0);
    assert_eq!(belief(&["restore", &bird])["id"].to_string(), bird);
    assert_eq!(asked(&url, &["stats"], 0)["believed"], 2, "and what rests on it");
    asked(&url, &["belief", "restore", &bird], 2);
    asked(&url, &["belief", "revise", "Nobody", "is", "here"], 2);
}

#[test]
fn a_file_is_stored_once_however_often_it_is_given_and_travels_by_export() {
    let (folder, _server, url) = serving();
    let line = |k: usize| {
        let id = format!("018f0000-0000-7000-8000-{k:012}");
        json!({ "id": id, "text": format!("Parcel {k} stands in hall {}", k % 7) }).to_string()
    };
    let file = folder.path().join("memories.jsonl");
    let write = |n: usize| {
        let lines: Vec<String> = (0..n).chain([0]).map(line).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
    };
    write(300);
    let store = ["store", "--file", name(&file), "--user", "hall"];
    let done = asked(&url, &store, 0);
    assert_eq!((&done["stored"], &done["skipped"]), (&json!(300), &json!(1)));
    write(450);
    let done = asked(&url, &store, 0);
    assert_eq!((&done["stored"], &done["skipped"]), (&json!(150), &json!(301)));
    std::fs::write(&file, format!("{}\nnothing\n", line(900))).unwrap();
    assert!(asked(&url, &store, 2).to_string().contains("line 2"));
    assert_eq!(asked(&url, &["list", "--user", "hall", "--limit", "2000"], 0)["total"], 450);
    let export = folder.path().join("export.jsonl");
    let written = asked(&url, &["export", name(&export)], 0);
    assert_eq!(written["memories"], 450);
    assert!(asked(&url, &["import", name(&export)], 2).to_string().contains("is there already"));
    let done = asked(&url, &["import", name(&export), "--existing", "skip"], 0);
    assert_eq!((&done["memories"], &done["skipped"]), (&json!(0), &json!(450)));
    let (_other, _server, there) = serving();
    assert_eq!(asked(&there, &["import", name(&export)], 0)["memories"], 450);
    assert_eq!(asked(&there, &["stats"], 0)["active"], 450);
    let out = striatum(&["memory", "export", "-", "--url", &there]);
    assert_eq!(out.stdout, std::fs::read(&export).unwrap(), "an export of an import is the same");
}

#[test]
fn without_a_server_it_says_how_to_have_one() {
    let said = json(&["memory", "stats", "--url", "http://127.0.0.1:9"], 2);
    assert!(said["error"][0].as_str().unwrap().contains("striatum serve"), "{said}");
}

#[test]
fn the_graph_is_analysed_and_drawn() {
    let (_folder, _server, url) = serving();
    let post = |path: &str, body: Value| -> Value {
        let request = ureq::post(format!("{url}{path}")).header("content-type", "application/json");
        let answer = request.send(body.to_string()).unwrap();
        serde_json::from_str(&answer.into_body().read_to_string().unwrap()).unwrap()
    };
    let ids = ["Ada", "Grace", "COBOL"]
        .map(|name| post("/v1/entities", json!({ "name": name }))["id"].clone());
    for (from, kind, to) in [(0, "knows", 1), (1, "wrote", 2)] {
        let relation = json!({ "from": { "entity": ids[from] }, "kind": kind,
                               "to": { "entity": ids[to] }, "strength": 0.5, "floor": 0.5 });
        post("/v1/relations", relation);
    }
    let way = ["graph", "shortest-paths", "--from", "ada", "--to", &format!("#{}", ids[2])];
    assert_eq!(asked(&url, &way, 0)["paths"][0]["kinds"], json!(["knows", "wrote"]));
    let drawn = shown(&url, &way);
    assert!(drawn.starts_with("3 vertices, 2 links, both ways\n"), "{drawn}");
    assert!(drawn.contains("1.3863  0.2500    Ada >knows> Grace >wrote> COBOL\n"), "{drawn}");
    let drawn = shown(&url, &["graph"]);
    assert!(drawn.contains("components           1\n"), "{drawn}");
    assert!(shown(&url, &["graph", "articulation-points"]).contains(" Grace\n"));
    let said = asked(&url, &["graph", "bridges", "--k", "2"], 2);
    assert!(said["error"][0].as_str().unwrap().contains("does not have it"), "{said}");
    asked(&url, &["graph", "triangles", "--kind", "none such"], 0);
    asked(&url, &["graph", "bridges", "--kind", "none such"], 1);
}

#[test]
fn the_sample_is_found_well() {
    let report = json(&["memory", "eval", "--sample", "--k", "1,10"], 0);
    assert_eq!((&report["memories"], &report["questions"]), (&json!(75), &json!(60)));
    assert_eq!((&report["repeated"], &report["quarantined"]), (&json!(0), &json!(0)));
    let at = |scores: &Value, k: usize, what: &str| scores["at"][k][what].as_f64().unwrap();
    let (all, of) = (&report["all"], &report["categories"]);
    for (scores, k, what, floor) in [
        (all, 0, "any_hit", 0.45),
        (all, 1, "any_hit", 0.75),
        (all, 1, "recall", 0.75),
        (&of["words"], 1, "any_hit", 0.8),
        (&of["names"], 1, "recall", 0.95),
        (&of["other words"], 1, "any_hit", 0.5),
        (&of["two hops"], 1, "any_hit", 0.7),
        (&of["dates"], 1, "any_hit", 0.95),
    ] {
        assert!(at(scores, k, what) >= floor, "{what} {k} {floor}: {report:#}");
    }
    // The words alone find what shares words.
    let words = json(&["memory", "eval", "--sample", "--weights", "1,0,0"], 0);
    assert!(at(&words["categories"]["words"], 1, "any_hit") > 0.95, "{words:#}");
    let shown = text(&striatum(&["memory", "eval", "--sample", "--misses"]).stdout);
    for said in ["any-hit@5", "two hops", "searched  median", "6 questions want nothing"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
}

#[test]
fn what_is_meant_and_claimed_is_come_back_to_and_judged() {
    let (_folder, _server, url) = serving();
    let meant = asked(&url, &["intend", "Paint the garden shed", "--user", "mara"], 0);
    let id = meant["id"].as_str().unwrap().to_owned();
    let table = shown(&url, &["resume", "is the shed dry?", "--user", "mara"]);
    assert!(table.contains(&id) && table.contains("shed"), "{table}");
    asked(&url, &["resume", "what is for dinner?"], 1);
    let turned =
        shown(&url, &["turn", "The shed needs paint", "--answer", "Green?", "--user", "mara"]);
    for said in ["(intention, open) Paint", "to come back to: Paint", "learned from 2 messages"] {
        assert!(turned.contains(said), "{said}: {turned}");
    }
    let done = shown(&url, &["complete", &id, "--outcome", "green"]);
    assert_eq!(done, "completed  Paint the garden shed\n");
    asked(&url, &["abandon", &id], 2);
    asked(&url, &["abandon", "../claims"], 2);
    assert!(shown(&url, &["intentions", "--state", "completed"]).contains("green"));
    let claim = ["claim", "It freezes tonight", "--confidence", "0.8", "--subject", "weather"];
    let claim = asked(&url, &claim, 0)["id"].as_str().unwrap().to_owned();
    assert!(shown(&url, &["claims", "--state", "unverified"]).contains("It freezes"));
    asked(&url, &["calibration"], 1);
    assert!(shown(&url, &["verify", &claim, "false"]).starts_with("false  It freezes"));
    let picture = shown(&url, &["calibration"]);
    for said in ["1 claims turned out, 0 are unverified", "brier             0.640", "weather"] {
        assert!(picture.contains(said), "{said}: {picture}");
    }
    let told = shown(&url, &["insights"]);
    assert!(told.contains("wrong        It freezes tonight (held at 0.8)"), "{told}");
    asked(&url, &["thinking", "Nobody", "--from", "2020-01-01"], 2);
    asked(&url, &["dream", "--seed", "7"], 1);
    asked(&url, &["connections"], 1);
}

#[test]
fn entities_facts_and_branches_are_kept_from_the_command_line() {
    let (_folder, _server, url) = serving();
    let add = |name: &str, more: &[&str]| {
        let added = asked(&url, &[&["entity", "add", name], more].concat(), 0);
        added["id"].as_u64().unwrap().to_string()
    };
    let bird = add("Bird", &["--kind", "animal", "--properties", r#"{"wings": 2}"#]);
    let tern = add("Tern", &["--kind", "animal", "--alias", "Sterna"]);
    asked(&url, &["entity", "add", "Tern", "--kind", "animal"], 2);
    asked(&url, &["entity", "update", "sterna", "--parent", "Bird"], 0);
    let shown_tern = shown(&url, &["entity", "get", "tern"]);
    assert!(
        shown_tern.contains("animal") && shown_tern.contains(&format!("[{bird}]")),
        "{shown_tern}"
    );
    let wings = shown(&url, &["entity", "property", &tern, "wings"]);
    assert_eq!(wings, format!("value    2\norigin   inherited\nfrom     {bird}\n"));
    let table = shown(&url, &["entity", "list", "--prefix", "ster"]);
    assert!(table.contains("Tern") && !table.contains("Bird"), "{table}");
    assert_eq!(asked(&url, &["entity", "list", "--limit", "1"], 0)["results"][0]["name"], "Bird");
    asked(&url, &["entity", "list", "--name", "nobody"], 1);
    let kinds = shown(&url, &["entity", "kinds"]);
    assert!(kinds.contains("animal  2"), "{kinds}");

    let gravel = asked(&url, &["fact", "add", "Tern", "nests_on", "gravel"], 0)["id"].to_string();
    let listed = asked(&url, &["fact", "list", "--subject", "Tern", "--predicate", "nests_on"], 0);
    assert_eq!(listed["results"][0]["id"].to_string(), gravel);
    let declared = shown(&url, &["fact", "declare", "weighs", "--one"]);
    assert_eq!(declared, "weighs: declared\n");
    let predicates = shown(&url, &["fact", "predicates"]);
    assert!(
        predicates.contains("nests_on") && predicates.contains("one at a time"),
        "{predicates}"
    );

    let branch = asked(&url, &["branch", "create", "try"], 0)["id"].to_string();
    let sand = ["fact", "add", "Tern", "nests_on", "sand", "--branch", &branch];
    let sand = asked(&url, &sand, 0)["id"].to_string();
    let differ = shown(&url, &["branch", "compare", "try"]);
    assert!(differ.contains(&format!("fact {sand}")), "{differ}");
    asked(&url, &["branch", "compare", "nowhere"], 2);
    assert!(shown(&url, &["branch", "list"]).contains("open"));
    asked(&url, &["branch", "merge", "try", "--strategy", "prefer_child"], 0);
    assert!(shown(&url, &["branch", "list"]).contains("merged"));
    let facts = || {
        let listed = ["fact", "list", "--subject", "Tern", "--predicate", "nests_on"];
        asked(&url, &listed, 0)["results"].as_array().unwrap().len()
    };
    assert_eq!(facts(), 2);
    asked(&url, &["fact", "retract", &gravel], 0);
    assert_eq!(facts(), 1);
    let other = asked(&url, &["branch", "create", "other", "--from", "0"], 0)["id"].to_string();
    asked(&url, &["branch", "delete", &other], 0);

    add("Gull", &["--kind", "animal"]);
    asked(&url, &["entity", "merge", "Gull", "Tern"], 0);
    assert_eq!(asked(&url, &["entity", "get", "Gull"], 0)["name"], "Tern");
    asked(&url, &["entity", "delete", "Tern", "--erase"], 0);
    asked(&url, &["entity", "get", "Tern"], 2);

    asked(&url, &["store", "The old shed is red"], 0);
    asked(&url, &["store", "The shed is old and red"], 0);
    let found = asked(&url, &["search", "red \"old shed\"", "--operators"], 0);
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    asked(&url, &["search", "+shed -old red", "--operators"], 1);
    asked(&url, &["search", "red \"old shed", "--operators"], 2);
    let told = shown(&url, &["search", "red \"old shed\"", "--operators", "--explain"]);
    assert!(told.contains("must    old shed"), "{told}");
    let would = shown(&url, &["allocate", "The old shed is green"]);
    for part in ["column      0, allocated", "convergence settled", "spikes", "support"] {
        assert!(would.contains(part), "{part}: {would}");
    }
}
