//! The room's integration tests, in one binary.
//! `UPDATE_EXPECT=1 cargo test -p nir` renews the expected texts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod cases;
mod document;
mod hostile;
mod problems;
mod python;
mod real;
mod repairs;
mod round_trip;
