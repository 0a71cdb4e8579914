//! Memories over gRPC: each method, the same answers as over HTTP, roles, tenants, errors.

use api::memory as pb;
use api::memory::memory_client::MemoryClient;
use serde_json::{Value, json};
use server::Config;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";

fn start() -> Running {
    Running::start(models(NETWORK, ""), Config::default())
}

async fn connect(server: &Running) -> MemoryClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    MemoryClient::new(channel.connect().await.unwrap())
}

fn with_key<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

fn key(server: &Running, admin: Option<&str>, role: &str, tenant: &str) -> String {
    let spec = json!({ "name": role, "role": role, "tenant": tenant });
    server.ask("POST", "/v1/keys", admin, spec).of(201)["key"].as_str().unwrap().to_owned()
}

fn new(text: &str) -> pb::NewMemory {
    pb::NewMemory { text: text.into(), ..Default::default() }
}

fn storing(texts: &[&str]) -> pb::StoreRequest {
    pb::StoreRequest { memories: texts.iter().map(|text| new(text)).collect() }
}

fn structure(fields: &[(&str, f64)]) -> prost_types::Struct {
    let value =
        |n: f64| prost_types::Value { kind: Some(prost_types::value::Kind::NumberValue(n)) };
    prost_types::Struct { fields: fields.iter().map(|(k, n)| ((*k).into(), value(*n))).collect() }
}

fn asked(query: &str) -> pb::SearchRequest {
    pb::SearchRequest { query: query.into(), ..Default::default() }
}

fn get(id: &str) -> pb::GetRequest {
    pb::GetRequest { id: id.into() }
}

/// The lines of an export.
async fn exported(client: &mut MemoryClient<Channel>, key: &str) -> Result<Vec<u8>, Status> {
    let mut lines = client.export(with_key(pb::ExportRequest {}, key)).await?.into_inner();
    let mut file = Vec::new();
    while let Some(message) = lines.message().await? {
        file.extend(message.lines);
    }
    Ok(file)
}

/// A file in messages that are cut anywhere.
fn cut(file: &[u8], existing: Option<&str>) -> Vec<pb::ImportRequest> {
    let chunks = file.chunks(97).map(<[u8]>::to_vec);
    let message = |lines| pb::ImportRequest { existing: existing.map(str::to_owned), lines };
    chunks.map(message).collect()
}

#[tokio::test]
async fn what_is_done_over_grpc_is_seen_over_http() {
    let server = start();
    let mut client = connect(&server).await;
    let full = pb::NewMemory {
        user_id: Some("ada".into()),
        class: Some("semantic".into()),
        tags: vec!["travel".into()],
        metadata: Some(structure(&[("trip", 3.0), ("cost", 12.5)])),
        confidence: Some(0.5),
        expires_at: Some("2100-01-01T00:00:00Z".into()),
        ..new("Ada Lovelace prefers window seats")
    };
    let memories = vec![full.clone(), full, new("Charles builds engines")];
    let stored = client.store(pb::StoreRequest { memories }).await.unwrap().into_inner().results;
    let events: Vec<&str> = stored.iter().map(|s| s.event.as_str()).collect();
    assert_eq!(events, ["ADD", "NONE", "ADD"]);
    let [ada, charles] = [stored[0].id.clone(), stored[2].id.clone()];

    // The same memory by both ways.
    let item = client.get(get(&ada)).await.unwrap().into_inner();
    let http = server.ask("GET", &format!("/v1/memories/{ada}"), None, Value::Null).of(200);
    assert_eq!(http["metadata"], json!({ "trip": 3, "cost": 12.5 }), "whole numbers stay whole");
    // By text, as HTTP has it: numbers have the digits of 32 bits.
    let ours = serde_json::to_string(&item).unwrap();
    let mut ours: Value = serde_json::from_str(&ours).unwrap();
    ours.as_object_mut().unwrap().retain(|_, value| !value.is_null() && *value != json!([]));
    let mut theirs = http.clone();
    theirs.as_object_mut().unwrap().retain(|_, value| *value != json!([]));
    for both in [&mut ours, &mut theirs] {
        // It fades while both are asked.
        both.as_object_mut().unwrap().remove("strength");
    }
    assert_eq!(ours, theirs);

    let query = pb::SearchRequest {
        filters: Some(structure(&[("trip", 3.0)])),
        explain: true,
        limit: Some(5),
        weights: Some(pb::Weights { graph: Some(0.0), ..Default::default() }),
        ..asked("which seats?")
    };
    let found = client.search(query).await.unwrap().into_inner();
    let hit = &found.results[0];
    assert_eq!(hit.memory.as_ref().unwrap().id, ada);
    assert!(hit.score > 0.0 && hit.explain.as_ref().unwrap().fields.contains_key("text"));
    assert_eq!((found.results.len(), found.more, found.degraded), (1, false, None));

    let update = pb::UpdateRequest {
        id: ada.clone(),
        text: Some("Ada prefers the aisle".into()),
        tags: Some(pb::Tags { values: vec![] }),
        version: Some(1),
        ..Default::default()
    };
    let changed = client.update(update.clone()).await.unwrap().into_inner();
    assert_eq!((changed.version, changed.tags.len(), changed.metadata), (2, 0, item.metadata));
    let stale = client.update(update).await.unwrap_err();
    assert_eq!(stale.code(), Code::FailedPrecondition, "{stale}");
    let then = pb::AsOfRequest { id: ada.clone(), at: item.created_at.clone() };
    let then = client.as_of(then).await.unwrap().into_inner().memory.unwrap();
    let text = then.fields["text"].kind.clone().unwrap();
    let before = "Ada Lovelace prefers window seats".to_owned();
    assert_eq!(text, prost_types::value::Kind::StringValue(before.clone()));
    let history = client.history(pb::HistoryRequest { id: ada.clone() }).await.unwrap();
    let history = history.into_inner().results;
    assert_eq!(history.iter().map(|e| e.what.as_str()).collect::<Vec<_>>(), ["added", "updated"]);
    assert_eq!(history[1].old_memory, Some(before));
    assert!(history[1].changed.iter().any(|changed| changed.field == "tags"));

    let vertex = |id: &str| Some(pb::Vertex { memory: Some(id.into()), entity: None });
    let link = pb::LinkRequest {
        from: vertex(&ada),
        kind: "follows".into(),
        to: vertex(&charles),
        ..Default::default()
    };
    let linked = client.link(link).await.unwrap().into_inner();
    assert!(linked.created && linked.id > 0);
    let activate = pb::ActivateRequest { seeds: vec![vertex(&ada).unwrap()], ..Default::default() };
    let active = client.activate(activate).await.unwrap().into_inner().results;
    let other = active.iter().find(|a| a.vertex == vertex(&charles)).unwrap();
    assert!(other.activation > 0.0 && !other.path.is_empty());

    let stats = client.stats(pb::StatsRequest {}).await.unwrap().into_inner();
    assert_eq!((stats.active, stats.relations), (2, 1));
    let delete = |erase| pb::DeleteRequest { id: charles.clone(), erase };
    client.delete(delete(false)).await.unwrap();
    let gone = client.delete(delete(false)).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound, "{gone}");
    client.delete(delete(true)).await.unwrap();
    assert_eq!(client.get(get(&charles)).await.unwrap_err().code(), Code::NotFound);
    // Counted as over HTTP, and as a call of gRPC.
    let stores = "striatum_memory_operations_total{operation=\"store\",outcome=\"ok\"}";
    assert_eq!(server.metric(stores), 1.0);
    assert_eq!(server.metric("striatum_rpc_requests_total{rpc=\"Store\",code=\"OK\"}"), 1.0);
}

#[tokio::test]
async fn operators_are_read_where_they_are_asked_for() {
    let server = start();
    let mut client = connect(&server).await;
    client.store(storing(&["the old shed is red", "the shed is old and red"])).await.unwrap();
    let query = |query: &str, syntax: Option<&str>| pb::SearchRequest {
        syntax: syntax.map(str::to_owned),
        explain: true,
        ..asked(query)
    };
    let found = client.search(query("red \"old shed\"", Some("operators"))).await.unwrap();
    let [hit] = &found.into_inner().results[..] else { panic!("one has the phrase") };
    assert_eq!(hit.memory.as_ref().unwrap().memory, "the old shed is red");
    assert!(hit.explain.as_ref().unwrap().fields.contains_key("required"));
    let found = client.search(query("red -shed", None)).await.unwrap().into_inner().results;
    assert_eq!(found.len(), 2);
    let wrong = client.search(query("red \"old", Some("operators"))).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument);
    assert!(wrong.message().contains("a quotation mark at the end"), "{wrong}");
}

#[tokio::test]
async fn each_role_may_what_the_table_says_and_tenants_are_apart() {
    let server = start();
    let mut client = connect(&server).await;
    let admin = key(&server, None, "admin", "acme");
    let [reader, writer, operator] =
        ["reader", "writer", "operator"].map(|role| key(&server, Some(&admin), role, "acme"));
    let theirs = key(&server, Some(&admin), "operator", "other");

    let refused = client.store(storing(&["x"])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    let refused = client.store(with_key(storing(&["x"]), &reader)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    let stored = client.store(with_key(storing(&["Ada's secret"]), &writer)).await.unwrap();
    let id = stored.into_inner().results[0].id.clone();
    client.get(with_key(get(&id), &reader)).await.unwrap();
    for key in [&reader, &writer] {
        let refused = exported(&mut client, key).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    }
    let file = exported(&mut client, &operator).await.unwrap();

    // Another tenant sees, changes and finds nothing of it.
    let none = client.get(with_key(get(&id), &theirs)).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound, "{none}");
    let delete = pb::DeleteRequest { id: id.clone(), erase: true };
    assert_eq!(client.delete(with_key(delete, &theirs)).await.unwrap_err().code(), Code::NotFound);
    let found = client.search(with_key(asked("secret"), &theirs)).await.unwrap().into_inner();
    assert_eq!(found.results.len(), 0);
    let stats = client.stats(with_key(pb::StatsRequest {}, &theirs)).await.unwrap().into_inner();
    assert_eq!(stats.active, 0);

    // What is exported here is imported there, cut anywhere.
    let importing =
        |file: &[u8], existing, key: &str| with_key(tokio_stream::iter(cut(file, existing)), key);
    let done = client.import(importing(&file, None, &theirs)).await.unwrap().into_inner();
    assert_eq!((done.memories, done.skipped), (1, 0));
    assert_eq!(exported(&mut client, &theirs).await.unwrap(), file);
    let taken = client.import(importing(&file, None, &theirs)).await.unwrap_err();
    assert_eq!(taken.code(), Code::FailedPrecondition, "{taken}");
    let done = client.import(importing(&file, Some("skip"), &theirs)).await.unwrap().into_inner();
    assert_eq!((done.memories, done.skipped), (0, 1));
    let wrong = client.import(importing(&file, Some("merge"), &theirs)).await.unwrap_err();
    assert_eq!(wrong.message(), "existing: \"merge\", expected refuse or skip");
    let half = &file[..file.len() / 2];
    let wrong = client.import(importing(half, Some("skip"), &theirs)).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument, "{wrong}");
}

#[tokio::test]
async fn what_is_wrong_is_said_as_over_http() {
    let server = start();
    let mut client = connect(&server).await;
    let said = |status: Status| (status.code(), status.message().to_owned());
    let wrong = Code::InvalidArgument;
    let empty = said(client.store(pb::StoreRequest::default()).await.unwrap_err());
    assert_eq!(empty, (wrong, "memories: 0, expected 1 to 1000".into()));
    let short = pb::NewMemory { embedding: vec![1.0, 2.0], ..new("x") };
    let first = pb::NewMemory { embedding: vec![1.0; 256], ..new("y") };
    client.store(pb::StoreRequest { memories: vec![first] }).await.unwrap();
    let short = said(client.store(pb::StoreRequest { memories: vec![short] }).await.unwrap_err());
    let dimension = "collection default: a vector of 2 values, expected 256";
    assert_eq!(short, (wrong, dimension.into()));
    let class = pb::NewMemory { class: Some("odd".into()), ..new("x") };
    let (code, text) =
        said(client.store(pb::StoreRequest { memories: vec![class] }).await.unwrap_err());
    assert!(code == wrong && text.starts_with("message: unknown variant `odd`"), "{text}");
    let nothing = said(client.search(asked("")).await.unwrap_err());
    assert_eq!(nothing, (wrong, "query: expected a question or a vector".into()));
    let (code, _) = said(client.get(get("no uuid")).await.unwrap_err());
    assert_eq!(code, Code::NotFound);
    let both = pb::Vertex { memory: Some("x".into()), entity: Some(1) };
    let activate = pb::ActivateRequest { seeds: vec![both], ..Default::default() };
    let (code, text) = said(client.activate(activate).await.unwrap_err());
    assert!(code == wrong && text.starts_with("message: "), "{text}");
    let failed = "striatum_memory_operations_total{operation=\"store\",outcome=\"bad_request\"}";
    assert_eq!(server.metric(failed), 1.0);
}

#[tokio::test]
async fn an_import_is_as_large_as_a_body_may_be() {
    let config = Config { max_body_bytes: 2000, ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    let mut client = connect(&server).await;
    let messages = tokio_stream::iter(cut(&[b'x'; 3000], None));
    let refused = client.import(messages).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
}

#[tokio::test]
async fn an_intention_and_a_claim_say_where_they_stand() {
    let server = start();
    let mut client = connect(&server).await;
    let made = |path: &str, body: Value| {
        let answer = server.ask("POST", path, None, body).of(201);
        answer["id"].as_str().unwrap().to_owned()
    };
    let meant = made("/v1/intentions", json!({ "text": "Sweep the hall", "due_at": "2031-01-01" }));
    let claimed = made("/v1/claims", json!({ "text": "It rains", "confidence": 0.7 }));
    let meant = client.get(get(&meant)).await.unwrap().into_inner().intention.unwrap();
    assert_eq!((meant.state.as_str(), meant.outcome), ("open", None));
    assert_eq!(meant.due_at.as_deref(), Some("2031-01-01T00:00:00Z"));
    let claimed = client.get(get(&claimed)).await.unwrap().into_inner();
    assert_eq!((claimed.claim.unwrap().confidence, claimed.intention), (0.7, None));
}

/// What HTTP answers to the same.
fn over_http(server: &Running, method: &str, path: &str, body: Value) -> Value {
    server.ask(method, path, None, body).of(200)
}

#[tokio::test]
async fn what_is_meant_claimed_and_looked_back_at_is_the_same_over_grpc() {
    let server = start();
    let mut client = connect(&server).await;
    let ada = || Some("ada".to_owned());
    let marked = pb::TakeSnapshotRequest { name: "first".into(), ..Default::default() };
    client.take_snapshot(marked).await.unwrap();
    let meant =
        pb::IntendRequest { text: "Paint the shed".into(), user_id: ada(), ..Default::default() };
    let shed = client.intend(meant).await.unwrap().into_inner().id;
    let turn = pb::TurnRequest {
        user_message: "Shall we paint the shed? Ada Lovelace and Grace Hopper asked.".into(),
        user_id: ada(),
        ..Default::default()
    };
    let turned = client.turn(turn).await.unwrap().into_inner();
    let touched = &turned.intentions[0];
    assert_eq!(touched.memory.as_ref().unwrap().id, shed);
    assert!(touched.score > 0.3 && touched.words == ["paint", "shed"]);
    assert_eq!(turned.learned.unwrap().messages.len(), 1);
    assert_eq!(turned.recalled.unwrap().results[0].memory.as_ref().unwrap().id, shed);
    let resume = pb::ResumeRequest { message: "the shed".into(), ..Default::default() };
    assert_eq!(client.resume(resume).await.unwrap().into_inner().results.len(), 1);
    let end = || pb::EndRequest { id: shed.clone(), outcome: Some("green".into()) };
    let done = client.complete(end()).await.unwrap().into_inner();
    assert_eq!(done.intention.unwrap().outcome.as_deref(), Some("green"));
    let again = client.abandon(end()).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition, "{again}");
    let all = pb::ListAttitudesRequest { state: Some("completed".into()), ..Default::default() };
    let all = client.list_intentions(all).await.unwrap().into_inner();
    assert_eq!((all.total, all.results[0].id.as_str()), (1, shed.as_str()));

    let claim = pb::ClaimRequest {
        text: "It will rain".into(),
        confidence: Some(0.8),
        subject: Some("weather".into()),
        ..Default::default()
    };
    let rain = client.claim(claim).await.unwrap().into_inner().id;
    let verify = pb::VerifyRequest { id: rain.clone(), truth: false, evidence: None };
    assert_eq!(client.verify(verify).await.unwrap().into_inner().claim.unwrap().state, "false");
    let claims = client.list_claims(pb::ListAttitudesRequest::default()).await.unwrap();
    assert_eq!(claims.into_inner().results[0].id, rain);
    let judged = client.calibration(pb::CalibrationRequest::default()).await.unwrap().into_inner();
    let http = over_http(&server, "GET", "/v1/claims/calibration", Value::Null);
    assert_eq!((judged.n, judged.brier), (1, http["brier"].as_f64()));
    assert_eq!(judged.by_subject[0].subject, "weather");

    let insights = client.insights(pb::InsightsRequest::default()).await.unwrap().into_inner();
    assert_eq!(insights.claims_gone_wrong[0].memory.as_ref().unwrap().id, rain);
    assert!((insights.claims_gone_wrong[0].cost - 0.64).abs() < 1e-9);
    let thinking = pb::ThinkingRequest {
        about: "Ada Lovelace".into(),
        from: "2020-01-01".into(),
        ..Default::default()
    };
    let thought = client.thinking(thinking).await.unwrap().into_inner();
    assert_eq!(thought.name, "Ada Lovelace");
    let dream = pb::DreamRequest { seed: 7, ..Default::default() };
    let http = over_http(&server, "POST", "/v1/dream", json!({ "seed": 7 }));
    let dreamt = client.dream(dream).await.unwrap().into_inner();
    assert_eq!(dreamt.results.len(), http["results"].as_array().unwrap().len());
    client.connections(pb::ConnectionsRequest::default()).await.unwrap();

    let message = pb::ConversationMessage { role: "user".into(), content: "We met.".into() };
    let learn = pb::LearnRequest { messages: vec![message], ..Default::default() };
    assert_eq!(client.learn(learn).await.unwrap().into_inner().messages.len(), 1);
    let question = "How are Ada Lovelace and Grace Hopper related?";
    let recall = pb::RecallRequest { message: question.into(), ..Default::default() };
    let recalled = client.recall(recall).await.unwrap().into_inner();
    let http = over_http(&server, "POST", "/v1/recall", json!({ "message": question }));
    let asked = recalled.asked.unwrap();
    assert_eq!((asked.intent.as_str(), asked.about.len()), ("relationship", 2));
    assert_eq!(json!(asked.findings[0].said), http["asked"]["findings"][0]["said"]);
    assert!(asked.findings[0].because[0].relation.is_some());
    let attention = Some("evening".to_owned());
    let recall = pb::RecallRequest { message: question.into(), attention, ..Default::default() };
    client.recall(recall.clone()).await.unwrap();
    let primed = client.recall(recall).await.unwrap().into_inner();
    let explained = primed.results[0].explain.clone().unwrap();
    assert!(explained.fields.contains_key("attention"), "{explained:?}");
    let near = pb::ActivateRequest { question: Some(question.into()), ..Default::default() };
    let near = client.activate(near).await.unwrap().into_inner();
    assert_eq!(near.strategy.as_deref(), Some("bidirectional"));

    let pattern = pb::RecordPatternRequest {
        text: "Asks for the evidence".into(),
        kind: "critical".into(),
        trigger: Some("a plan without figures".into()),
        ..Default::default()
    };
    let recorded = client.record_pattern(pattern).await.unwrap().into_inner().id;
    let listed = client.list_patterns(pb::ListPatternsRequest::default()).await.unwrap();
    let listed = listed.into_inner().results;
    assert_eq!(listed[0].pattern.as_ref().unwrap().instances.len(), 1);
    let detect = pb::DetectPatternsRequest {
        message: Some("the plan has no figures".into()),
        ..Default::default()
    };
    let detected = client.detect_patterns(detect).await.unwrap().into_inner();
    assert_eq!(detected.triggered[0].memory.as_ref().unwrap().id, recorded);
    let profile = client.cognitive_profile(pb::CognitiveProfileRequest::default()).await.unwrap();
    assert_eq!(profile.into_inner().kinds[0].instances, 1);
    client.list_compounds(pb::ListCompoundsRequest::default()).await.unwrap();
    let second = pb::TakeSnapshotRequest { name: "second".into(), ..Default::default() };
    client.take_snapshot(second).await.unwrap();
    let listed = client.list_snapshots(pb::ListSnapshotsRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().results[1].snapshot.as_ref().unwrap().branch, 0);
    let compare = pb::CompareSnapshotsRequest {
        from: "first".into(),
        to: "second".into(),
        ..Default::default()
    };
    let moved = client.compare_snapshots(compare).await.unwrap().into_inner();
    let changes: Vec<&str> = moved.attitudes.iter().map(|one| one.change.as_str()).collect();
    assert_eq!(changes, ["meant", "completed", "claimed", "came false", "recorded"]);
}
