//! Collections whose vectors come from an endpoint, over HTTP: found by meaning, failing as one
//! problem, and kept so that the same text is not asked for twice.

use embedding::{CacheConfig, Encoding};
use serde_json::{Value, json};
use server::{Config, Memory};

use crate::client::{Asked, Running, models};
use crate::endpoint::{Endpoint, Fault};
use crate::redis_server::Redis;

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
const DIMENSION: usize = 32;

pub(crate) fn settings(endpoint: &Endpoint, cache: CacheConfig) -> Memory {
    let embedding = embedding::Config {
        url: endpoint.url(),
        model: "words".into(),
        dimension: DIMENSION,
        key: None,
        timeout_ms: 2000,
        batch: 16,
        encoding: Encoding::Float,
    };
    Memory { embedding: Some(embedding), cache, ..Memory::default() }
}

fn start(endpoint: &Endpoint, cache: CacheConfig) -> Running {
    let config = Config { memory: settings(endpoint, cache), ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    let made = server.ask("POST", "/v1/collections", None, collection());
    let made = made.of(201);
    assert_eq!((&made["encoder"], &made["dimension"]), (&json!("words"), &json!(DIMENSION)));
    server
}

fn collection() -> Value {
    json!({ "name": "default", "encoder": "endpoint" })
}

fn store(server: &Running, text: &str) -> Asked {
    server.ask("POST", "/v1/memories", None, json!({ "text": text }))
}

fn search(server: &Running, query: &str) -> Value {
    server.ask("POST", "/v1/search", None, json!({ "query": query })).of(200)
}

fn texts(found: &Value) -> Vec<&str> {
    found["results"].as_array().unwrap().iter().map(|r| r["memory"].as_str().unwrap()).collect()
}

fn total(server: &Running) -> Value {
    server.ask("GET", "/v1/memories", None, Value::Null).of(200)["total"].clone()
}

#[test]
fn what_means_the_same_is_found_and_asked_for_once() {
    let endpoint = Endpoint::start(DIMENSION);
    let server = start(&endpoint, CacheConfig::default());
    let many: Vec<Value> =
        (0..40).map(|k| json!({ "text": format!("remark number{k} about nothing") })).collect();
    server.ask("POST", "/v1/memories/batch", None, json!({ "memories": many })).of(201);
    let mut asked: Vec<usize> = endpoint.asked().iter().map(Vec::len).collect();
    asked.sort_unstable();
    assert_eq!(asked, [8, 16, 16]);
    store(&server, "Ada sold her car").of(201);
    let found = search(&server, "roadster");
    assert_eq!((texts(&found)[0], &found["degraded"]), ("Ada sold her car", &Value::Null));
    assert_eq!(endpoint.asked().len(), 2);
    search(&server, "roadster");
    assert_eq!(endpoint.asked().len(), 0, "the question is known");
    let cache = |result: &str| {
        server.metric(&format!(
            "striatum_memory_cache_requests_total{{layer=\"process\",result=\"{result}\"}}"
        ))
    };
    assert_eq!((cache("hit"), cache("miss"), cache("error")), (1.0, 42.0, 0.0));
    assert_eq!(server.metric("striatum_memory_cache_entries{}"), 42.0);
    assert_eq!(server.metric("striatum_embeddings_total{outcome=\"ok\"}"), 42.0);
    assert_eq!(server.metric("striatum_calls_total{target=\"embedding\",outcome=\"ok\"}"), 5.0);
    let recall = json!({ "message": "which roadster?" });
    let recalled = server.ask("POST", "/v1/recall", None, recall).of(200);
    assert!(recalled["context"].as_str().unwrap().contains("sold her car"), "{recalled}");
}

#[test]
fn a_fault_is_one_problem_and_nothing_is_half_stored() {
    let away = "collection default: its endpoint gave no vectors: ";
    for (fault, status, said) in [
        (Fault::Status(500, ""), 503, "it answered with status 500"),
        (Fault::Hang, 503, "no answer within 2 s"),
        (Fault::Dimension, 502, "vector 0 has 31 values, expected 32"),
        (Fault::NotANumber, 502, "vector 0: expected finite numbers, not all of them 0"),
        (Fault::Status(401, ""), 502, "it answered with status 401"),
        (Fault::Index, 502, "index 1 of a vector, expected each of 0 to 0 once"),
        (Fault::Short, 502, "it answered 0 vectors, expected 1"),
        (Fault::Garbage, 502, "its answer cannot be read: expected value at line 1 column 1"),
    ] {
        let endpoint = Endpoint::start(DIMENSION);
        let server = start(&endpoint, CacheConfig::default());
        store(&server, "Ada sold her car").of(201);
        endpoint.fail(fault.clone());
        let answer = store(&server, "something new");
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503, "{fault:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.of(status)["detail"], format!("{away}{said}"), "{fault:?}");
        let found = search(&server, "who sold a car?");
        assert_eq!(texts(&found), ["Ada sold her car"]);
        assert_eq!(found["degraded"], format!("{away}{said}"), "{fault:?}");
        assert_eq!(total(&server), 1);
        let many = json!({ "memories": [{ "text": "one" }, { "text": "two" }] });
        server.ask("POST", "/v1/memories/batch", None, many).of(status);
        assert_eq!(total(&server), 1);
        assert_eq!(server.metric("striatum_memory_searches_degraded_total{}"), 1.0);
        assert_eq!(server.metric("striatum_embeddings_total{outcome=\"failed\"}"), 4.0);
    }
}

#[test]
fn an_endpoint_that_stays_away_is_not_asked_and_is_found_again() {
    let endpoint = Endpoint::start(DIMENSION);
    let server = start(&endpoint, CacheConfig { max_bytes: 0, ..CacheConfig::default() });
    store(&server, "Ada sold her car").of(201);
    endpoint.fail(Fault::Status(503, ""));
    let open = "collection default: its endpoint gave no vectors: it failed too often and is not \
                asked for a while";
    let gave_up = (0..40).any(|_| store(&server, "x").of(503)["detail"] == open);
    assert!(gave_up);
    assert_eq!(server.metric("striatum_breaker_state{target=\"embedding\"}"), 2.0);
    let found = search(&server, "a car");
    assert_eq!((texts(&found), &found["degraded"]), (vec!["Ada sold her car"], &json!(open)));
    endpoint.fail(Fault::None);
    for _ in 0..1200 {
        if search(&server, "roadster")["degraded"].is_null() {
            store(&server, "y").of(201);
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("it is not asked again");
}

#[test]
fn tenants_share_an_endpoint_and_nothing_else() {
    let Some(redis) = Redis::start() else { return };
    let endpoint = Endpoint::start(DIMENSION);
    let cache = CacheConfig { redis: Some(redis.url()), max_bytes: 0, ..CacheConfig::default() };
    let server = start(&endpoint, cache.clone());
    let key = |admin: Option<&str>, role: &str, tenant: &str| {
        let spec = json!({ "name": tenant, "role": role, "tenant": tenant });
        let made = server.ask("POST", "/v1/keys", admin, spec).of(201);
        made["key"].as_str().unwrap().to_owned()
    };
    let admin = key(None, "admin", "acme");
    let other = key(Some(&admin), "writer", "other");
    let text = json!({ "text": "the feline sleeps" });
    for tenant in [&admin, &other] {
        server.ask("POST", "/v1/collections", Some(tenant), collection()).of(201);
        server.ask("POST", "/v1/memories", Some(tenant), text.clone()).of(201);
        assert_eq!(endpoint.asked(), [["the feline sleeps"]], "each tenant's own is asked for");
    }
    // Another server of the same Redis asks nobody.
    let second = start(&endpoint, cache);
    let patient = second.ask("POST", "/v1/memories", None, text).of(201);
    assert_eq!(patient["results"][0]["outcome"], "added");
    assert_eq!(endpoint.asked().len(), 1, "its own tenant is a third");
    let hit = "striatum_memory_cache_requests_total{layer=\"redis\",result=\"hit\"}";
    assert_eq!(second.metric(hit), 0.0);
    second.ask("POST", "/v1/search", None, json!({ "query": "the feline sleeps" })).of(200);
    assert_eq!((second.metric(hit), endpoint.asked().len()), (1.0, 0));
}

#[test]
fn a_redis_that_goes_fails_no_request() {
    let Some(mut redis) = Redis::start() else { return };
    let endpoint = Endpoint::start(DIMENSION);
    let cache = CacheConfig { redis: Some(redis.url()), max_bytes: 0, ..CacheConfig::default() };
    let server = start(&endpoint, cache);
    store(&server, "before").of(201);
    redis.kill();
    for k in 0..30 {
        store(&server, &format!("while it is gone {k}")).of(201);
    }
    assert_eq!(total(&server), 31);
    let errors = "striatum_memory_cache_requests_total{layer=\"redis\",result=\"error\"}";
    assert!(server.metric(errors) >= 30.0);
    assert_eq!(server.metric("striatum_breaker_state{target=\"redis\"}"), 2.0);
}

#[test]
fn a_collection_is_of_the_model_that_is_configured() {
    let endpoint = Endpoint::start(DIMENSION);
    let server = start(&endpoint, CacheConfig::default());
    let add = |spec: Value| server.ask("POST", "/v1/collections", None, spec);
    let wrong = add(json!({ "name": "a", "encoder": "endpoint", "dimension": 31 })).of(409);
    assert_eq!(
        wrong["detail"],
        "collection a: vectors are made by words of 31 values, and the endpoint that is \
         configured is words of 32 values; give `embedding`"
    );
    assert_eq!(add(json!({ "name": "b", "encoder": "built_in" })).of(201)["dimension"], 128);
    let needed = add(json!({ "name": "c" })).of(400);
    assert_eq!(needed["detail"], "dimension: expected where vectors are given");
    let given = json!({ "text": "x", "embedding": [1, 2, 3] });
    let wrong = server.ask("POST", "/v1/memories", None, given).of(400);
    assert_eq!(wrong["detail"], "collection default: a vector of 3 values, expected 32");
    let plain = Running::start(models(NETWORK, ""), Config::default());
    let none = plain.ask("POST", "/v1/collections", None, collection()).of(400);
    let said = "encoder: no endpoint is configured, see `memory.embedding`";
    assert_eq!(none["detail"], said);
}

#[test]
fn a_key_that_is_not_there_stops_the_start() {
    let endpoint = Endpoint::start(DIMENSION);
    let mut memory = settings(&endpoint, CacheConfig::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    memory.embedding.as_mut().unwrap().key = Some(path.clone());
    let mut config = Config { memory, ..Config::default() };
    config.listen.set_port(0);
    config.models = folder.path().to_owned();
    config.state.folder = folder.path().join("state");
    let refused = crate::client::refused(config.clone()).to_string();
    assert!(refused.starts_with(&path.display().to_string()), "{refused}");
    std::fs::write(&path, "two\nlines").unwrap();
    let refused = crate::client::refused(config).to_string();
    let said = "memory.embedding: expected a key of one line, 1 to 4096 bytes";
    assert_eq!(refused, said);
}
