//! Learners by local rules on real digits, and what holds of them whatever they are shown.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod columns;
mod competition;
mod digits;
mod eprop;
