//! What a caller sees of words, postings, the encoder and mentions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod bm25;
mod encoder;
mod names;
mod retrieval;
