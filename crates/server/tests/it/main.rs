//! The server over real HTTP on a free loopback port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_requests;
mod client;
mod limits;
mod requests;
