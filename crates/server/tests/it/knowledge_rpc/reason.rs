//! Reasoning of every kind, over both.

use super::*;

const PATH: &str = "/v1/reason";

fn kind(kind: &str) -> pb::ReasonRequest {
    pb::ReasonRequest { kind: kind.into(), ..Default::default() }
}

/// Asks both, and gives the answer.
macro_rules! reason {
    ($both:ident, $message:expr, $body:expr) => {
        same!($both, reason($message), "POST", PATH, $body)
    };
}

pub(super) async fn every_kind(both: &mut Both) {
    let names = "Socrates Plato Meno man animal death hemlock numbness Ada Bob Cid Dan";
    for name in names.split(' ') {
        both.told("/v1/entities", &json!({ "name": name }));
    }
    let mut facts = Vec::new();
    for (subject, predicate, object) in [
        ("Socrates", "is_a", "man"),
        ("Plato", "is_a", "man"),
        ("Meno", "is_a", "man"),
        ("man", "is_a", "animal"),
        ("animal", "faces", "death"),
        ("Socrates", "teaches", "Plato"),
        ("Plato", "teaches", "Meno"),
        ("Ada", "teaches", "Bob"),
        ("Ada", "praises", "Bob"),
        ("Cid", "teaches", "Dan"),
        ("hemlock", "causes", "numbness"),
        ("numbness", "leads_to", "death"),
    ] {
        let fact = json!({ "subject": subject, "predicate": predicate, "object_entity": object });
        facts.push(id(&both.told("/v1/facts", &fact)));
    }
    let denied = json!({ "subject": "Meno", "predicate": "faces", "object_entity": "death",
        "negated": true });
    both.told("/v1/facts", &denied);
    deductive(both).await;
    inductive_and_abductive(both, *facts.last().unwrap()).await;
    analogical(both).await;
    refused(both).await;
}

async fn deductive(both: &mut Both) {
    let faces = || pb::ReasonRequest { predicate: Some("faces".into()), ..kind("deductive") };
    let body = json!({ "kind": "deductive", "predicate": "faces" });
    let all = reason!(both, faces(), body);
    let said = all["conclusions"].as_array().unwrap().len();
    assert!(said > 2 && all["blocked"][0]["claim"]["subject"]["name"] == "Meno", "{all}");
    let one = pb::ReasonRequest { limit: Some(1), ..faces() };
    let told = reason!(both, one, json!({ "kind": "deductive", "predicate": "faces", "limit": 1 }));
    assert_eq!(told["more"], true, "{told}");
    let asked = pb::ReasonRequest {
        subject: by_name("Socrates"),
        object_entity: by_name("death"),
        ..faces()
    };
    let body = json!({ "kind": "deductive", "predicate": "faces", "subject": "Socrates",
        "object_entity": "death" });
    let told = reason!(both, asked, body);
    assert_eq!(told["conclusions"][0]["steps"][2]["rule"], "inherits", "{told}");
    // A property, of an entity by its number and with a value.
    let wings = pb::ReasonRequest {
        predicate: Some("wings".into()),
        subject: by_number(1),
        object: Some(value_of(&json!(2))),
        ..kind("deductive")
    };
    let body = json!({ "kind": "deductive", "predicate": "wings", "subject": 1, "object": 2 });
    let told = reason!(both, wings, body);
    assert_eq!(told["conclusions"][0]["claim"]["object"], 2, "{told}");
    let then = pb::ReasonRequest {
        known_at: Some("2020-01-01".into()),
        valid_at: Some("2020-01-01".into()),
        branch: Some(0),
        ..faces()
    };
    let body = json!({ "kind": "deductive", "predicate": "faces", "known_at": "2020-01-01",
        "valid_at": "2020-01-01", "branch": 0 });
    assert_eq!(reason!(both, then, body)["conclusions"], Value::Null);
}

async fn inductive_and_abductive(both: &mut Both, fact: u64) {
    let men =
        pb::ReasonRequest { class: by_name("man"), min_support: Some(1), ..kind("inductive") };
    let body = json!({ "kind": "inductive", "class": "man", "min_support": 1 });
    let told = reason!(both, men, body);
    assert_eq!(told["members"], 3, "{told}");
    assert!(!told["generalisations"].as_array().unwrap().is_empty(), "{told}");
    let seen = pb::ReasonRequest {
        observed: [by_name("death"), by_name("Meno")].into_iter().flatten().collect(),
        ..kind("abductive")
    };
    let body = json!({ "kind": "abductive", "observed": ["death", "Meno"] });
    let told = reason!(both, seen, body);
    assert_eq!(told["unexplained"][0]["name"], "Meno", "{told}");
    assert!(told["explanations"][0]["causes"][0]["entity"]["id"].is_u64(), "{told}");
    let seen = pb::ReasonRequest { facts: vec![fact], ..kind("abductive") };
    reason!(both, seen, json!({ "kind": "abductive", "facts": [fact] }));
}

async fn analogical(both: &mut Both) {
    let a = || pb::ReasonRequest { a: by_name("Socrates"), ..kind("analogical") };
    let proportion = pb::ReasonRequest { b: by_name("Plato"), c: by_name("Plato"), ..a() };
    let body = json!({ "kind": "analogical", "a": "Socrates", "b": "Plato", "c": "Plato" });
    let told = reason!(both, proportion, body);
    let first = &told["counterparts"][0];
    assert_eq!(first["entity"]["name"], "Meno", "{told}");
    assert!(told["ways"][0][0]["kind"].is_string() && !first["ways"][0]["steps"].is_null());
    let mapped = pb::ReasonRequest { a: by_name("Ada"), c: by_name("Cid"), ..kind("analogical") };
    let told = reason!(both, mapped, json!({ "kind": "analogical", "a": "Ada", "c": "Cid" }));
    let mapping = &told["mapping"];
    assert_eq!(mapping["pairs"][1][1]["name"], "Dan", "{told}");
    assert_eq!(mapping["shared"][0][1]["claim"]["said"], "Cid teaches Dan", "{told}");
    assert_eq!(mapping["inferences"][0]["claim"]["said"], "Cid praises Dan", "{told}");
    let told = reason!(both, a(), json!({ "kind": "analogical", "a": "Socrates" }));
    assert!(!told["alike"][0]["shared"].as_array().unwrap().is_empty(), "{told}");
}

async fn refused(both: &mut Both) {
    reason!(both, kind("magical"), json!({ "kind": "magical" }));
    reason!(both, kind("deductive"), json!({ "kind": "deductive" }));
    let other = pb::ReasonRequest { class: by_name("man"), ..kind("deductive") };
    reason!(both, other, json!({ "kind": "deductive", "class": "man" }));
    let nobody = pb::ReasonRequest { class: by_name("nobody"), ..kind("inductive") };
    reason!(both, nobody, json!({ "kind": "inductive", "class": "nobody" }));
    // Both a number and a name, or neither: JSON has no such entity.
    let unclear = Some(pb::EntityRef { number: Some(1), name: Some("man".into()) });
    for class in [unclear, Some(pb::EntityRef::default())] {
        let asked = pb::ReasonRequest { class, ..kind("inductive") };
        let refused = both.client.reason(asked).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().contains("the number of an entity, or its name"), "{refused}");
    }
}
