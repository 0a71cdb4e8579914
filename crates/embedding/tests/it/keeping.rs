//! What is kept is not asked for again: in the process, and in a real Redis that comes and goes.

use std::time::Duration;

use embedding::{CacheConfig, Layer};
use resilience::breaker::State;

use crate::endpoint::{Endpoint, Fault, vector};
use crate::redis_server::Redis;
use crate::{DIMENSION, config, embedder, none};

fn layer(hits: u64, misses: u64, errors: u64) -> Layer {
    Layer { hits, misses, errors }
}

#[tokio::test]
async fn a_text_is_asked_for_once_by_each_tenant() {
    let endpoint = Endpoint::start(DIMENSION);
    let embedder = embedder(&config(&endpoint), &CacheConfig::default());
    let report = embedder.embed("acme", &["a", "b"]).await.1;
    assert_eq!((report.local, report.redis), (layer(0, 2, 0), layer(0, 0, 0)));
    endpoint.fail(Fault::Status(500, ""));
    let (vectors, report) = embedder.embed("acme", &["b", "a", "b"]).await;
    assert_eq!(vectors.unwrap()[1][..], vector("a", DIMENSION)[..]);
    assert_eq!((report.local, report.requests.len()), (layer(2, 0, 0), 0));
    assert!(embedder.embed("other", &["a"]).await.0.is_err(), "what acme has, it has alone");
    assert_eq!(embedder.kept().held().0, 2);
}

#[tokio::test]
async fn what_came_before_a_failure_is_kept() {
    let endpoint = Endpoint::start(DIMENSION);
    let embedder =
        embedder(&embedding::Config { batch: 1, ..config(&endpoint) }, &CacheConfig::default());
    embedder.embed("acme", &["a"]).await.0.unwrap();
    endpoint.fail(Fault::Dimension);
    embedder.embed("acme", &["a", "b"]).await.0.unwrap_err();
    endpoint.fail(Fault::None);
    endpoint.asked();
    embedder.embed("acme", &["a", "b"]).await.0.unwrap();
    assert_eq!(endpoint.asked(), [["b"]]);
}

#[tokio::test]
async fn processes_share_what_redis_has() {
    let Some(redis) = Redis::start() else { return };
    let endpoint = Endpoint::start(DIMENSION);
    let cache = CacheConfig { redis: Some(redis.url()), ..none() };
    let first = embedder(&config(&endpoint), &cache);
    let report = first.embed("acme", &["a", "b"]).await.1;
    assert_eq!(report.redis, layer(0, 2, 0));
    endpoint.fail(Fault::Status(500, ""));
    let second = embedder(&config(&endpoint), &cache);
    let (vectors, report) = second.embed("acme", &["b", "a"]).await;
    assert_eq!(vectors.unwrap()[0][..], vector("b", DIMENSION)[..]);
    assert_eq!((report.redis, report.requests.len()), (layer(2, 0, 0), 0));
    assert!(second.embed("other", &["a"]).await.0.is_err(), "each tenant has its own");
    let other = embedding::Config { dimension: DIMENSION / 2, ..config(&endpoint) };
    assert!(embedder(&other, &cache).embed("acme", &["a"]).await.0.is_err());

    // What somebody else has written there is no vector.
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.starts_with("striatum:embedding:1:acme:")), "{keys:?}");
    let ttl: i64 = redis::cmd("TTL").arg(&keys[0]).query(&mut connection).unwrap();
    assert!((86_000..=86_400).contains(&ttl), "{ttl}");
    for wrong in [&b"junk"[..], &[0; 4 * DIMENSION], &[0xff; 4 * DIMENSION]] {
        for key in &keys {
            redis::cmd("SET").arg(key).arg(wrong).query::<()>(&mut connection).unwrap();
        }
        let report = second.embed("acme", &["a", "b"]).await.1;
        assert_eq!(report.redis, layer(0, 2, 0));
    }
}

#[tokio::test]
async fn a_redis_that_is_gone_fails_nothing_and_is_found_again() {
    let Some(mut redis) = Redis::start() else { return };
    let endpoint = Endpoint::start(DIMENSION);
    let cache = CacheConfig { redis: Some(redis.url()), ..none() };
    let embedder = embedder(&config(&endpoint), &cache);
    assert_eq!(embedder.embed("acme", &["a"]).await.1.redis, layer(0, 1, 0));
    redis.kill();
    let mut errors = 0;
    for _ in 0..40 {
        let (vectors, report) = embedder.embed("acme", &["a"]).await;
        assert_eq!(vectors.unwrap()[0][..], vector("a", DIMENSION)[..]);
        assert_eq!(report.redis.hits, 0);
        errors += report.redis.errors;
    }
    assert!(errors >= 40, "{errors}");
    assert_eq!(embedder.breakers().1, Some(State::Open), "it is not asked any more");
    redis.start_again();
    // The breaker asks again by itself after a while.
    for _ in 0..1200 {
        if embedder.embed("acme", &["a"]).await.1.redis.hits == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", embedder.breakers());
}
