//! The server over real HTTP on a free loopback port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a test may know what time it is")]

mod agent_rpc;
mod agents;
mod analysis;
mod bad_requests;
mod beliefs;
mod client;
mod clients;
mod embeddings;
#[path = "../../../embedding/tests/it/endpoint.rs"]
#[allow(dead_code, reason = "the tests of the room itself need more of it")]
mod endpoint;
mod experiments;
mod grpc;
mod knowing;
mod knowledge_rpc;
mod learner_rpc;
mod learners;
mod limits;
mod mcp;
mod memory;
mod memory_rpc;
mod mind;
mod payloads;
#[path = "../../../store/tests/it/postgres_server.rs"]
#[allow(dead_code, reason = "the tests of the room itself need more of it")]
mod postgres_server;
mod reasoning;
#[path = "../../../embedding/tests/it/redis_server.rs"]
#[allow(dead_code, reason = "the tests of the room itself need more of it")]
mod redis_server;
mod repository;
mod requests;
mod running;
mod security;
mod sessions;
mod tenants;
mod watching;
