//! An endpoint that fails in every way, and a real Redis that comes and goes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod asking;
mod endpoint;
mod keeping;
mod reading;
mod redis_server;

use std::sync::Arc;

use embedding::{CacheConfig, Config, Embedder, Encoding, Parts};
use resilience::{Chance, SystemClock};

use crate::endpoint::Endpoint;

const DIMENSION: usize = 16;

fn config(endpoint: &Endpoint) -> Config {
    Config {
        url: endpoint.url(),
        model: "words".into(),
        dimension: DIMENSION,
        key: None,
        timeout_ms: 5000,
        batch: 3,
        encoding: Encoding::Float,
    }
}

fn embedder(config: &Config, cache: &CacheConfig) -> Embedder {
    let parts = Parts { clock: Arc::new(SystemClock::new()), chance: Chance::from_seed(1) };
    Embedder::new(config, Some("sk-hunter2\n"), cache, parts).unwrap()
}

fn none() -> CacheConfig {
    CacheConfig { max_bytes: 0, ..CacheConfig::default() }
}
