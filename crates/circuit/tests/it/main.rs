//! Descriptions: the shipped ones say what was published, wrong ones say what is wrong and where.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod behaviour;
mod faults;
mod shipped;
