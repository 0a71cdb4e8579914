//! Both databases hold one contract, and lose nothing that they acknowledged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a test may wait")]

mod contract;
mod faults;
mod postgres;
mod postgres_server;
