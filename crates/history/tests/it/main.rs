//! What is asked of a store, a query and the API; queries are held against a real Prometheus.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a test may wait")]

mod data;
mod differential;
mod limits;
mod prometheus;
mod queries;
mod storage;
