//! Knowledge over gRPC: each method does and answers what HTTP does and answers, field by field, on two
//! servers that are told the same.

use std::collections::BTreeSet;

use api::memory as pb;
use api::memory::knowledge_client::KnowledgeClient;
use prost::Message;
use prost_types::FileDescriptorSet;
use serde::Serialize;
use serde_json::{Value, json};
use server::Config;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::client::{Asked, Running};

/// A name for the memory of both.
const MEMORY: &str = "0191a1b2-0000-7000-8000-000000000001";
/// What is told at two times.
const TIMES: [&str; 5] = ["at", "learned_at", "retracted_at", "created_at", "changed_at"];

/// One server that is asked over gRPC, and one over HTTP.
struct Both {
    rpc: Running,
    http: Running,
    client: KnowledgeClient<Channel>,
    called: BTreeSet<String>,
}

async fn connect(server: &Running) -> KnowledgeClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    KnowledgeClient::new(channel.connect().await.unwrap())
}

fn start() -> Running {
    Running::start(tempfile::tempdir().unwrap(), Config::default())
}

impl Both {
    async fn start() -> Self {
        let (rpc, http) = (start(), start());
        let client = connect(&rpc).await;
        Self { rpc, http, client, called: BTreeSet::new() }
    }

    /// Tells both the same over HTTP; gives what one answered.
    fn told(&self, path: &str, body: &Value) -> Value {
        self.rpc.ask("POST", path, None, body.clone()).of(201);
        self.http.ask("POST", path, None, body.clone()).of(201)
    }
}

/// What a message or a document says, without what is absent and without times.
fn plain(value: &mut Value) {
    let empty = |value: &Value| value.is_null() || *value == json!([]) || *value == json!({});
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(plain);
            fields.retain(|name, value| !empty(value) && !TIMES.contains(&name.as_str()));
        }
        Value::Array(values) => values.iter_mut().for_each(plain),
        // Strengths fade between two questions, and a value of protobuf is a double.
        Value::Number(n) => *value = json!((n.as_f64().unwrap() * 1e3).round() / 1e3),
        _ => {}
    }
}

/// Compares two answers; gives that of HTTP.
fn alike(ours: Result<impl Serialize, Status>, theirs: Asked, what: &str) -> Value {
    let (status, bytes) = (theirs.status, theirs.bytes.clone());
    let theirs: Value = serde_json::from_slice(&bytes).unwrap();
    match ours {
        Ok(message) => {
            assert!(status < 300, "{what}: {status} {theirs}");
            // By text: numbers have the digits of 32 bits there.
            let ours = serde_json::to_string(&message).unwrap();
            let mut both = [serde_json::from_str(&ours).unwrap(), theirs.clone()];
            both.iter_mut().for_each(plain);
            assert_eq!(both[0], both[1], "{what}");
        }
        Err(refused) => {
            let code = match status {
                400 => Code::InvalidArgument,
                404 => Code::NotFound,
                409 => Code::FailedPrecondition,
                _ => panic!("{what}: {status} {theirs}, {refused}"),
            };
            assert_eq!(refused.code(), code, "{what}: {theirs}");
            let detail = theirs["detail"].as_str().unwrap();
            // A body has lines and columns, a message has none.
            let detail = detail.strip_prefix("body: ").unwrap_or(detail);
            let detail = detail.split(" at line ").next().unwrap();
            assert!(refused.message().contains(detail), "{what}: {refused}, {detail}");
        }
    }
    theirs
}

/// Asks one server by a method and the other by a route, and compares.
macro_rules! same {
    ($both:ident, $method:ident($message:expr), $http:literal, $path:expr, $body:expr) => {{
        let ours = $both.client.$method($message).await.map(|answer| answer.into_inner());
        $both.called.insert(stringify!($method).to_owned());
        let path: String = $path.to_string();
        let theirs = $both.http.ask($http, &path, None, $body);
        alike(ours, theirs, &format!("{} {path}", stringify!($method)))
    }};
    ($both:ident, $method:ident($message:expr), $http:literal, $path:expr) => {
        same!($both, $method($message), $http, $path, Value::Null)
    };
}

mod life;
mod reason;

fn structure(json: &Value) -> Option<prost_types::Struct> {
    let fields = json.as_object().unwrap().iter();
    let fields = fields.map(|(name, value)| (name.clone(), value_of(value))).collect();
    Some(prost_types::Struct { fields })
}

fn value_of(json: &Value) -> prost_types::Value {
    use prost_types::value::Kind;
    let kind = match json {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Number(n) => Kind::NumberValue(n.as_f64().unwrap()),
        Value::Object(_) => Kind::StructValue(structure(json).unwrap()),
        Value::Array(_) => panic!("no list is a value here"),
    };
    prost_types::Value { kind: Some(kind) }
}

fn id(answer: &Value) -> u64 {
    answer["id"].as_u64().unwrap()
}

fn item(id: u64) -> pb::ItemNumber {
    pb::ItemNumber { id }
}

fn at(id: u64) -> pb::ItemAt {
    pb::ItemAt { id, ..Default::default() }
}

fn gone(id: u64, erase: bool) -> pb::RemoveRequest {
    pb::RemoveRequest { id, erase, branch: None }
}

fn by_name(name: &str) -> Option<pb::EntityRef> {
    Some(pb::EntityRef { number: None, name: Some(name.into()) })
}

fn by_number(number: u64) -> Option<pb::EntityRef> {
    Some(pb::EntityRef { number: Some(number), name: None })
}

fn fact(subject: &str, predicate: &str, object: &Value) -> pb::FactRequest {
    pb::FactRequest {
        subject: by_name(subject),
        predicate: predicate.into(),
        object: Some(value_of(object)),
        ..Default::default()
    }
}

#[tokio::test]
async fn every_method_answers_as_http_does() {
    let mut both = Both::start().await;
    entities(&mut both).await;
    relations(&mut both).await;
    facts(&mut both).await;
    branches(&mut both).await;
    life::branches(&mut both).await;
    reason::every_kind(&mut both).await;
    endings(&mut both).await;
    // Counted as over HTTP, and as calls of gRPC.
    for operation in ["know", "get", "analyze", "search"] {
        let line =
            format!("striatum_memory_operations_total{{operation=\"{operation}\",outcome=\"ok\"}}");
        let [ours, theirs] = [&both.rpc, &both.http].map(|server| server.metric(&line));
        assert!(ours > 0.0 && ours == theirs, "{operation}: {ours}, {theirs}");
    }
    let calls = "striatum_rpc_requests_total{rpc=\"AddEntity\",code=\"OK\"}";
    assert_eq!(both.rpc.metric(calls), 3.0);
    let set = FileDescriptorSet::decode(api::DESCRIPTOR).unwrap();
    let services = set.file.iter().flat_map(|file| &file.service);
    let ours = services.filter(|service| service.name() == "Knowledge");
    let methods: BTreeSet<String> =
        ours.flat_map(|service| &service.method).map(|method| snake(method.name())).collect();
    assert_eq!(both.called, methods);
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// A bird (1), a penguin that is one and does not fly, and Pingu.
async fn entities(both: &mut Both) {
    let properties = json!({ "flies": true, "wings": 2, "song": "a trill" });
    let bird = pb::AddEntityRequest {
        name: "Bird".into(),
        kind: Some("animal".into()),
        aliases: vec!["fowl".into()],
        properties: structure(&properties),
        source: Some("a book".into()),
        confidence: Some(0.9),
        ..Default::default()
    };
    let body = json!({ "name": "Bird", "kind": "animal", "aliases": ["fowl"],
        "properties": properties, "source": "a book", "confidence": 0.9 });
    let added = same!(both, add_entity(bird.clone()), "POST", "/v1/entities", body.clone());
    assert_eq!(added["created"], true);
    let bird_id = id(&added);
    same!(both, add_entity(bird), "POST", "/v1/entities", body);
    for name in ["Penguin", "Pingu"] {
        let new = pb::AddEntityRequest { name: name.into(), ..Default::default() };
        same!(both, add_entity(new), "POST", "/v1/entities", json!({ "name": name }));
    }
    let penguin = bird_id + 1;
    let exceptions = json!({ "flies": { "value": false, "reason": "it swims" } });
    let change = pb::UpdateEntityRequest {
        id: penguin,
        kind: Some("animal".into()),
        add_aliases: vec!["Aptenodytes".into()],
        exceptions: structure(&exceptions),
        parents: Some(pb::Numbers { values: vec![bird_id] }),
        properties: structure(&json!({ "colour": "black" })),
        ..Default::default()
    };
    let body = json!({ "kind": "animal", "add_aliases": ["Aptenodytes"], "exceptions": exceptions,
        "parents": [bird_id], "properties": { "colour": "black" } });
    let path = format!("/v1/entities/{penguin}");
    same!(both, update_entity(change), "PATCH", path, body);
    let take = json!({ "properties": { "colour": null } });
    let change = pb::UpdateEntityRequest {
        id: penguin,
        properties: structure(&take["properties"]),
        ..Default::default()
    };
    same!(both, update_entity(change), "PATCH", path, take);
    let seen = same!(both, get_entity(at(penguin)), "GET", path);
    assert_eq!((&seen["parents"], &seen["properties"]), (&json!([bird_id]), &json!({})));
    assert_eq!(seen["exceptions"], exceptions);
    same!(both, get_entity(at(999)), "GET", "/v1/entities/999");
    let list = pb::ListEntitiesRequest::default;
    same!(both, list_entities(list()), "GET", "/v1/entities");
    let named = pb::ListEntitiesRequest { name: Some("fowl".into()), ..list() };
    same!(both, list_entities(named), "GET", "/v1/entities?name=fowl");
    let some = pb::ListEntitiesRequest { prefix: Some("P".into()), limit: Some(1), ..list() };
    let page = same!(both, list_entities(some.clone()), "GET", "/v1/entities?prefix=P&limit=1");
    assert_eq!((&page["results"][0]["name"], &page["next"]), (&json!("Penguin"), &json!(penguin)));
    let next = pb::ListEntitiesRequest { after: Some(penguin), ..some.clone() };
    let path = format!("/v1/entities?prefix=P&limit=1&after={penguin}");
    let page = same!(both, list_entities(next), "GET", path);
    assert_eq!(page["results"][0]["name"], "Pingu");
    let wrong = pb::ListEntitiesRequest { limit: Some(0), ..list() };
    same!(both, list_entities(wrong), "GET", "/v1/entities?limit=0");
    let wrong = pb::ListEntitiesRequest { name: Some("a".into()), ..some };
    same!(both, list_entities(wrong), "GET", "/v1/entities?name=a&prefix=P&limit=1");
    for (name, origin) in [("flies", "exception"), ("wings", "inherited"), ("gills", "")] {
        let asked = pb::GetPropertyRequest { id: penguin, name: name.into(), ..Default::default() };
        let path = format!("/v1/entities/{penguin}/property?name={name}");
        let found = same!(both, get_property(asked), "GET", path);
        assert_eq!(found["origin"].as_str().unwrap_or_default(), origin, "{found}");
    }
    reorganise(both, bird_id, penguin).await;
    let all = pb::ListVocabularyRequest::default();
    let kinds = same!(both, list_kinds(all.clone()), "GET", "/v1/kinds");
    let expected = json!([{ "kind": "animal", "entities": 2 }, { "kind": "thing", "entities": 1 }]);
    assert_eq!(kinds["results"], expected);
    let first = pb::ListVocabularyRequest { limit: Some(1), ..all };
    let page = same!(both, list_kinds(first), "GET", "/v1/kinds?limit=1");
    assert_eq!(page["next"], "animal");
}

/// A bird says of all below it what it does not say of itself.
async fn reorganise(both: &mut Both, bird: u64, penguin: u64) {
    let path = format!("/v1/entities/{bird}");
    let template = json!({ "template": { "walks": true } });
    let change = pb::UpdateEntityRequest {
        id: bird,
        template: structure(&template["template"]),
        ..Default::default()
    };
    same!(both, update_entity(change), "PATCH", path, template.clone());
    assert_eq!(same!(both, get_entity(at(bird)), "GET", path)["template"], template["template"]);
    let own = json!({ "properties": { "walks": true } });
    let change = pb::UpdateEntityRequest {
        id: penguin,
        properties: structure(&own["properties"]),
        ..Default::default()
    };
    same!(both, update_entity(change), "PATCH", format!("/v1/entities/{penguin}"), own);
    let path = "/v1/classes/reorganise";
    let ask = |dry_run| pb::ReorganiseRequest { dry_run, least: Some(1), ..Default::default() };
    let body = |dry_run: bool| json!({ "dry_run": dry_run, "least": 1 });
    let told = same!(both, reorganise(ask(true)), "POST", path, body(true));
    assert_eq!(
        (&told["moves"][0]["class"], &told["moves"][0]["property"]),
        (&json!(bird), &json!("walks"))
    );
    let done = same!(both, reorganise(ask(false)), "POST", path, body(false));
    assert_eq!((&done["reorganised"], &done["moves"]), (&json!(true), &told["moves"]));
    let again = same!(both, reorganise(ask(false)), "POST", path, body(false));
    assert_eq!((&again["n_moves"], &again["before"]), (&json!(0), &done["after"]));
}

async fn relations(both: &mut Both) {
    both.told("/v1/memories", &json!({ "text": "Pingu lives on the ice", "id": MEMORY }));
    for strength in [0.9, 0.01] {
        let to = if strength > 0.5 { json!({ "entity": 3 }) } else { json!({ "memory": MEMORY }) };
        let spec = json!({ "from": { "entity": 1 }, "kind": "concerns", "to": to,
            "strength": strength });
        both.told("/v1/relations", &spec);
    }
    let of = pb::ListRelationsRequest { entity: Some(1), ..Default::default() };
    let listed = same!(both, list_relations(of), "GET", "/v1/relations?entity=1");
    let related: Vec<u64> = listed["results"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(related.len(), 2, "{listed}");
    let of = pb::ListRelationsRequest { memory: Some(MEMORY.into()), ..Default::default() };
    same!(both, list_relations(of), "GET", format!("/v1/relations?memory={MEMORY}"));
    same!(both, list_relations(pb::ListRelationsRequest::default()), "GET", "/v1/relations");
    let near = same!(both, neighbours(item(1)), "GET", "/v1/entities/1/neighbours");
    assert!(near["results"].as_array().unwrap().len() >= 2, "{near}");
    let weak = pb::PruneRelationsRequest { below: Some(0.1), limit: None };
    let body = json!({ "below": 0.1 });
    let pruned = same!(both, prune_relations(weak), "POST", "/v1/relations/prune", body);
    assert_eq!(pruned["pruned"], 1);
    let path = format!("/v1/relations/{}", related[0]);
    same!(both, delete_relation(gone(related[0], false)), "DELETE", path);
    let path = format!("/v1/relations/{}?erase=true", related[0]);
    same!(both, delete_relation(gone(related[0], true)), "DELETE", path);
}

async fn facts(both: &mut Both) {
    let red = pb::FactRequest {
        functional: Some(true),
        valid_at: Some("2020-01-01".into()),
        memory: Some(MEMORY.into()),
        confidence: Some(0.5),
        ..fact("Pingu", "colour", &json!("black"))
    };
    let body = json!({ "subject": "Pingu", "predicate": "colour", "object": "black",
        "functional": true, "valid_at": "2020-01-01", "memory": MEMORY, "confidence": 0.5 });
    let black = id(&same!(both, add_fact(red), "POST", "/v1/facts", body));
    let other = pb::FactRequest {
        valid_at: Some("2020-01-01".into()),
        ..fact("Pingu", "colour", &json!("white"))
    };
    let body = json!({ "subject": "Pingu", "predicate": "colour", "object": "white",
        "valid_at": "2020-01-01" });
    let white = same!(both, add_fact(other), "POST", "/v1/facts", body);
    assert_eq!(white["contradictions"].as_array().unwrap().len(), 1, "{white}");
    let white = id(&white);
    let so = pb::FactRequest {
        subject: by_number(3),
        predicate: "is_a".into(),
        object_entity: by_name("Penguin"),
        justifications: vec![pb::Numbers { values: vec![black, white] }],
        ..Default::default()
    };
    let body = json!({ "subject": 3, "predicate": "is_a", "object_entity": "Penguin",
        "justifications": [[black, white]] });
    let so = id(&same!(both, add_fact(so), "POST", "/v1/facts", body));
    let nobody = fact("Nobody", "is", &json!(1));
    let body = json!({ "subject": "Nobody", "predicate": "is", "object": 1 });
    same!(both, add_fact(nobody), "POST", "/v1/facts", body);
    let nothing = pb::FactRequest { object: None, ..fact("Pingu", "is", &json!(1)) };
    let body = json!({ "subject": "Pingu", "predicate": "is" });
    same!(both, add_fact(nothing), "POST", "/v1/facts", body);

    let all = pb::ListFactsRequest::default();
    let listed = same!(both, list_facts(all.clone()), "GET", "/v1/facts");
    assert!(listed["results"].as_array().unwrap().len() >= 4, "{listed}");
    let then = pb::ListFactsRequest {
        subject: Some(3),
        predicate: Some("colour".into()),
        valid_at: Some("2019-01-01".into()),
        ..all
    };
    let path = "/v1/facts?subject=3&predicate=colour&valid_at=2019-01-01";
    assert_eq!(same!(both, list_facts(then), "GET", path)["results"], json!([]));
    let ask =
        |question: &str| pb::AssumptionsRequest { question: question.into(), ..Default::default() };
    let path = "/v1/facts/assumptions";
    let under = pb::AssumptionsRequest { fact: Some(so), ..ask("holds_under") };
    let body = json!({ "question": "holds_under", "fact": so });
    same!(both, assumptions(under), "POST", path, body);
    let body = json!({ "question": "impossible", "assumptions": [black, white] });
    let stated = Some(pb::Numbers { values: vec![black, white] });
    let stated = pb::AssumptionsRequest { assumptions: stated, ..ask("impossible") };
    let found = same!(both, assumptions(stated), "POST", path, body);
    assert_eq!(found["environments"], json!([[black, white]]));
    let without = pb::AssumptionsRequest { without: vec![black], ..ask("suppose") };
    let body = json!({ "question": "suppose", "without": [black] });
    same!(both, assumptions(without), "POST", path, body);
    same!(both, assumptions(ask("why")), "POST", path, json!({ "question": "why" }));

    let open = pb::ListContradictionsRequest::default();
    let listed = same!(both, list_contradictions(open), "GET", "/v1/contradictions");
    let open = id(&listed["results"][0]);
    let path = format!("/v1/contradictions/{open}/resolve");
    let by = |strategy: &str| pb::ResolveContradictionRequest {
        id: open,
        strategy: strategy.into(),
        ..Default::default()
    };
    let sources = json!({ "a book": 0.75 });
    let reliable = pb::ResolveContradictionRequest {
        sources: [("a book".to_owned(), 0.75)].into(),
        ..by("most_reliable")
    };
    let body = json!({ "strategy": "most_reliable", "sources": sources });
    same!(both, resolve_contradiction(reliable), "POST", path, body);
    let body = json!({ "strategy": "reopen" });
    same!(both, resolve_contradiction(by("reopen")), "POST", path, body);
    let manual = pb::ResolveContradictionRequest { fact: Some(white), ..by("manual") };
    let body = json!({ "strategy": "manual", "fact": white });
    same!(both, resolve_contradiction(manual), "POST", path, body);
    let body = json!({ "strategy": "newest" });
    same!(both, resolve_contradiction(by("newest")), "POST", path, body);
    let all = pb::ListContradictionsRequest { all: true, ..Default::default() };
    let settled = same!(both, list_contradictions(all), "GET", "/v1/contradictions?all=true");
    assert_eq!(settled["results"][0]["winner"], white);

    let denied = pb::FactRequest {
        negated: true,
        valid_at: Some("2020-01-01".into()),
        ..fact("Pingu", "colour", &json!("white"))
    };
    let body = json!({ "subject": "Pingu", "predicate": "colour", "object": "white",
        "negated": true, "valid_at": "2020-01-01" });
    let denied = same!(both, revise_fact(denied), "POST", "/v1/facts/revise", body);
    assert_eq!(denied["given_up"], json!([white]), "{denied}");
    let denied = id(&denied);
    let path = format!("/v1/facts/{denied}/contract");
    same!(both, contract_fact(item(denied)), "POST", path);
    let path = format!("/v1/facts/{white}/restore");
    same!(both, restore_fact(item(white)), "POST", path);
    same!(both, delete_fact(gone(white, false)), "DELETE", format!("/v1/facts/{white}"));
    let path = format!("/v1/facts/{white}/history");
    let happened = same!(both, fact_history(item(white)), "GET", path);
    assert!(happened["results"].as_array().unwrap().len() >= 3, "{happened}");
    same!(both, fact_history(item(999)), "GET", "/v1/facts/999/history");

    let declare = pb::DeclarePredicateRequest {
        name: "likes".into(),
        functional: Some(false),
        inverse_of: Some("liked_by".into()),
        ..Default::default()
    };
    let body = json!({ "name": "likes", "functional": false, "inverse_of": "liked_by" });
    same!(both, declare_predicate(declare), "POST", "/v1/predicates", body);
    let all = pb::ListVocabularyRequest::default();
    let listed = same!(both, list_predicates(all), "GET", "/v1/predicates");
    let of = |name: &str| {
        let mut all = listed["results"].as_array().unwrap().iter();
        all.find(|one| one["name"] == name).cloned().unwrap()
    };
    assert_eq!(of("colour")["functional"], true);
    assert_eq!(
        of("likes"),
        json!({ "name": "likes", "functional": false, "transitive": false, "symmetric": false, "inverse_of": "liked_by", "facts": 0 })
    );
}

async fn branches(both: &mut Both) {
    let new = |name: &str| pb::AddBranchRequest { name: name.into(), ..Default::default() };
    let body = json!({ "name": "try" });
    let tried = id(&same!(both, add_branch(new("try")), "POST", "/v1/branches", body.clone()));
    same!(both, add_branch(new("try")), "POST", "/v1/branches", body);
    let change = pb::UpdateEntityRequest {
        id: 3,
        kind: Some("toy".into()),
        branch: Some(tried),
        ..Default::default()
    };
    let body = json!({ "kind": "toy", "branch": tried });
    same!(both, update_entity(change), "PATCH", "/v1/entities/3", body);
    let there = pb::ItemAt { branch: Some(tried), ..at(3) };
    let seen = same!(both, get_entity(there), "GET", format!("/v1/entities/3?branch={tried}"));
    assert_eq!(seen["kind"], "toy");
    let all = pb::ListVocabularyRequest { branch: Some(tried), ..Default::default() };
    same!(both, list_kinds(all), "GET", format!("/v1/kinds?branch={tried}"));
    let change = pb::UpdateEntityRequest { id: 3, kind: Some("hero".into()), ..Default::default() };
    same!(both, update_entity(change), "PATCH", "/v1/entities/3", json!({ "kind": "hero" }));
    let asked = pb::DiffBranchesRequest { id: tried, with: None };
    let path = format!("/v1/branches/{tried}/diff");
    let differ = same!(both, diff_branches(asked), "GET", path);
    assert_eq!(differ["results"][0]["item"], "entity 3", "{differ}");
    let asked = pb::DiffBranchesRequest { id: tried, with: Some(77) };
    same!(both, diff_branches(asked), "GET", format!("{path}?with=77"));
    let how = |strategy: &str| pb::MergeBranchRequest {
        id: tried,
        strategy: strategy.into(),
        ..Default::default()
    };
    let path = format!("/v1/branches/{tried}/merge");
    same!(both, merge_branch(how("manual")), "POST", path, json!({ "strategy": "manual" }));
    let choices = json!({ "entity 3": "child" });
    let chosen = pb::MergeBranchRequest {
        choices: [("entity 3".to_owned(), "child".to_owned())].into(),
        ..how("manual")
    };
    let body = json!({ "strategy": "manual", "choices": choices });
    same!(both, merge_branch(chosen), "POST", path, body);
    let other =
        id(&same!(both, add_branch(new("b")), "POST", "/v1/branches", json!({ "name": "b" })));
    let none = pb::ListBranchesRequest {};
    let listed = same!(both, list_branches(none), "GET", "/v1/branches");
    assert_eq!(listed["results"].as_array().unwrap().len(), 2, "{listed}");
    same!(both, delete_branch(gone(other, false)), "DELETE", format!("/v1/branches/{other}"));
}

async fn endings(both: &mut Both) {
    let merge = pb::MergeEntitiesRequest { id: 2, from: 1 };
    let body = json!({ "from": 1 });
    same!(both, merge_entities(merge), "POST", "/v1/entities/2/merge", body);
    let merge = pb::MergeEntitiesRequest { id: 2, from: 3 };
    same!(both, merge_entities(merge), "POST", "/v1/entities/2/merge", json!({ "from": 3 }));
    let happened = same!(both, entity_history(item(3)), "GET", "/v1/entities/3/history");
    assert!(happened["results"].as_array().unwrap().len() >= 2, "{happened}");
    same!(both, delete_entity(gone(2, true)), "DELETE", "/v1/entities/2?erase=true");
    same!(both, delete_entity(gone(2, false)), "DELETE", "/v1/entities/2");
    let text = "Pingu lives on the ice shelf";
    let memory =
        pb::NewMemory { text: text.into(), tags: vec!["ice".into()], ..Default::default() };
    let asked = pb::AllocateRequest { memory: Some(memory) };
    let body = json!({ "text": text, "tags": ["ice"] });
    let told = same!(both, allocate(asked), "POST", "/v1/allocate", body);
    let spikes = told["first_spikes"].as_array().unwrap();
    let times: Vec<f64> = spikes.iter().map(|s| s["seconds"].as_f64().unwrap()).collect();
    assert!(times.len() == 8 && times.is_sorted(), "{told}");
    assert!(*times.last().unwrap() <= told["last_spike_seconds"].as_f64().unwrap());
    assert_eq!((&told["settled"], &told["state"]), (&json!(true), &json!("allocated")));
    let none = both.client.allocate(pb::AllocateRequest { memory: None }).await.unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument, "{none}");
}

#[tokio::test]
async fn roles_and_tenants_hold() {
    let server = start();
    let mut client = connect(&server).await;
    let key = |admin: Option<&str>, role: &str, tenant: &str| {
        let spec = json!({ "name": format!("{role} {tenant}"), "role": role, "tenant": tenant });
        let made = server.ask("POST", "/v1/keys", admin, spec).of(201);
        made["key"].as_str().unwrap().to_owned()
    };
    let admin = key(None, "admin", "acme");
    let [reader, writer] = ["reader", "writer"].map(|role| key(Some(&admin), role, "acme"));
    let other = key(Some(&admin), "writer", "other");
    fn with<T>(message: T, key: &str) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        request
    }
    let new = || pb::AddEntityRequest { name: "Ada".into(), ..Default::default() };
    assert_eq!(client.add_entity(new()).await.unwrap_err().code(), Code::Unauthenticated);
    let refused = client.add_entity(with(new(), &reader)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    client.add_entity(with(new(), &writer)).await.unwrap();
    let all = pb::ListEntitiesRequest::default;
    let seen = async |client: &mut KnowledgeClient<Channel>, key: &str| {
        client.list_entities(with(all(), key)).await.unwrap().into_inner().results.len()
    };
    assert_eq!(seen(&mut client, &reader).await, 1);
    assert_eq!(seen(&mut client, &other).await, 0);
}
