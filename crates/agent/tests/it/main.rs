//! Agents do what they promise: worlds move as Gymnasium's, the rule learns, saved agents come back
//! bit by bit, the laws are total and ordered, what is hostile is refused.
//!
//! `fixtures/worlds.json` is written by `fixtures/worlds.py` with Gymnasium 1.4.0.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod laws;
mod learns;
mod people;
mod policies;
mod worlds;
