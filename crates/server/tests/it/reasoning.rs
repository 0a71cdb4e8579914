//! Reasoning, the life of branches and history over HTTP.

use serde_json::{Value, json};
use server::Config;

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";

struct Asking(Running);

impl Asking {
    fn start() -> Self {
        Self(Running::start(models(NETWORK, ""), Config::default()))
    }

    fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.0.ask("POST", path, None, body);
        let status = answer.status;
        assert!(status < 300, "{path}: {status} {}", String::from_utf8_lossy(&answer.bytes));
        answer.of(status)
    }

    fn get(&self, path: &str) -> Value {
        self.0.ask("GET", path, None, Value::Null).of(200)
    }

    fn refused(&self, path: &str, body: Value, says: &str) {
        let answer = self.0.ask("POST", path, None, body);
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert!((400..500).contains(&answer.status) && text.contains(says), "{text}");
    }

    fn entity(&self, name: &str) -> u64 {
        let made = self.post("/v1/entities", json!({ "name": name }));
        made["id"].as_u64().unwrap()
    }

    fn say(&self, subject: &str, predicate: &str, object: &str, branch: Option<u64>) -> u64 {
        let fact = json!({ "subject": subject, "predicate": predicate, "object_entity": object,
                           "branch": branch });
        self.post("/v1/facts", fact)["id"].as_u64().unwrap()
    }

    fn reason(&self, question: Value) -> Value {
        self.post("/v1/reason", question)
    }
}

#[test]
fn conclusions_come_with_their_proofs() {
    let server = Asking::start();
    for name in ["Socrates", "Plato", "man", "animal", "death", "hemlock", "numbness"] {
        server.entity(name);
    }
    server.say("Socrates", "is_a", "man", None);
    server.say("Plato", "is_a", "man", None);
    server.say("man", "is_a", "animal", None);
    let mortal = server.say("animal", "faces", "death", None);
    let found = server.reason(json!({ "kind": "deductive", "subject": "Socrates",
                                      "predicate": "faces" }));
    let proof = &found["conclusions"][0];
    assert_eq!(proof["claim"]["said"], "Socrates faces death");
    assert_eq!(proof["steps"][2]["rule"], "inherits");
    assert_eq!(proof["steps"][2]["uses"], json!(["step 1", format!("fact {mortal}")]));

    server.say("Socrates", "teaches", "Plato", None);
    let spec = json!({ "name": "taught_by", "inverse_of": "teaches" });
    server.post("/v1/predicates", spec);
    let listed = server.get("/v1/predicates");
    let mut predicates = listed["results"].as_array().unwrap().iter();
    let declared = predicates.find(|one| one["name"] == "taught_by").unwrap();
    assert_eq!((&declared["inverse_of"], &declared["facts"]), (&json!("teaches"), &json!(0)));
    let taught = json!({ "kind": "deductive", "predicate": "taught_by" });
    let found = server.reason(taught);
    assert_eq!(found["conclusions"][0]["claim"]["said"], "Plato taught_by Socrates");

    server.say("hemlock", "causes", "numbness", None);
    server.say("numbness", "leads_to", "death", None);
    let found = server.reason(json!({ "kind": "abductive", "observed": ["death"] }));
    let names: Vec<&Value> = found["explanations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["causes"][0]["entity"]["name"])
        .collect();
    assert_eq!(names, ["numbness", "hemlock"]);

    let found = server.reason(json!({ "kind": "inductive", "class": "man", "min_support": 1 }));
    assert_eq!(
        (&found["members"], &found["generalisations"][0]["support"]),
        (&json!(2), &json!(1))
    );
    let found = server.reason(json!({ "kind": "analogical", "a": "Socrates", "b": "man",
                                      "c": "Plato" }));
    assert_eq!(found["counterparts"][0]["entity"]["name"], "man");
    assert!(server.reason(json!({ "kind": "analogical", "a": "Plato" }))["alike"].is_array());

    let refused = |question: Value, says: &str| server.refused("/v1/reason", question, says);
    refused(json!({ "kind": "deductive", "class": "man" }), "class: expected none");
    refused(json!({ "kind": "deductive" }), "predicate: expected one");
    refused(json!({ "kind": "inductive", "class": "nobody" }), "nothing is called");
    refused(json!({ "kind": "inductive", "class": 999 }), "entity 999");
    refused(json!({ "kind": "analogical", "a": "man", "b": "animal" }), "c: expected");
    refused(json!({ "kind": "abductive" }), "observations");
    let is_a = json!({ "name": "is_a", "transitive": true });
    server.refused("/v1/predicates", is_a, "one other than is_a");
}

#[test]
fn branches_live_and_everything_has_its_history() {
    let server = Asking::start();
    for name in ["Ada", "London", "Turin", "a", "b", "c", "d", "e"] {
        server.entity(name);
    }
    let branch = server.post("/v1/branches", json!({ "name": "plan" }))["id"].as_u64().unwrap();
    let first = server.say("Ada", "visits", "London", Some(branch));
    let second = server.say("Ada", "visits", "Turin", Some(branch));
    let split = json!({ "name": "other", "items": [format!("fact {second}")] });
    let path = |what: &str| format!("/v1/branches/{branch}/{what}");
    server.refused(&path("split"), json!({ "name": "x", "items": ["fact"] }), "as `fact 7`");
    let other = server.post(&path("split"), split)["id"].as_u64().unwrap();
    let branches = server.get("/v1/branches");
    assert_eq!(branches["results"][1]["id"], other);
    let of = &branches["results"][0];
    assert_eq!((&of["state"], &of["changes"]), (&json!("working_memory"), &json!(1)));
    assert!(of["divergence"].as_f64().unwrap() > 0.0 && of["created_at"].is_string());

    let told = server.get(&format!("{}?limit=2", path("history")));
    assert_eq!(told["results"][0]["item"], format!("fact {first}"));
    assert_eq!((&told["results"].as_array().unwrap().len(), &told["next"]), (&2, &json!(2)));
    let rest = server.get(&format!("{}?limit=2&after=2", path("history")));
    assert_eq!(rest["results"][0]["after"], Value::Null, "it went to the other branch");
    for item in [format!("branch {branch}"), format!("fact {second}"), "entity 1".to_owned()] {
        let item = item.replace(' ', "%20");
        let told = server.get(&format!("/v1/knowledge/history?item={item}"));
        assert!(!told["results"].as_array().unwrap().is_empty());
    }

    let waits = server.post(&path("consolidate"), json!({}));
    assert_eq!(waits["consolidated"], false);
    assert!(waits["why_not"][0].as_str().unwrap().starts_with("its score is"), "{waits}");
    let at_once = json!({ "min_score": 0, "dry_run": true });
    let would = server.post(&path("consolidate"), at_once);
    assert_eq!((&would["consolidated"], &would["why_not"]), (&json!(false), &json!([])));
    let done = server.post(&path("consolidate"), json!({ "min_score": 0 }));
    assert_eq!(done["consolidated"], true);
    let facts = server.get("/v1/facts?predicate=visits");
    assert_eq!(facts["results"].as_array().unwrap().len(), 1);
    assert!(facts["results"][0]["evidence"][0]["source"].is_string());
    assert_eq!(facts["results"][0]["justifications"], json!([]));

    let active = json!({ "names": ["Ada"], "branch": other });
    let active = server.post("/v1/activate", active);
    assert!(active.to_string().contains("Turin"), "{active}");
    let none = server.get(&format!("/v1/contradictions?branch={other}"));
    assert_eq!(none["results"], json!([]));

    let prune = |dry_run: bool| {
        let asked = json!({ "older_than_seconds": 0, "unmerged": true, "dry_run": dry_run });
        server.post("/v1/branches/prune", asked)
    };
    let would = prune(true);
    assert_eq!((&would["branches"], &would["pruned"]), (&json!([other, branch]), &json!(false)));
    assert_eq!(prune(false)["branches"], json!([branch, other]));
    assert_eq!(server.get("/v1/branches")["results"], json!([]));
}
