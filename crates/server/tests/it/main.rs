//! The server over real HTTP on a free loopback port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a test may know what time it is")]

mod bad_requests;
mod client;
mod clients;
mod experiments;
mod grpc;
mod limits;
mod mcp;
mod memory;
mod repository;
mod requests;
mod running;
mod security;
mod sessions;
mod watching;
