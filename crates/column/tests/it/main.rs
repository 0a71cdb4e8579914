//! Columns keep what they promise: recall, exactness, every id once, and how much room they take.
//!
//! `data/text-64.i8` holds 4,500 real vectors of 64 signed bytes: the first numbers of sentences of
//! documentation, as `benches/peers/vectors.py --sample` writes them (TF-IDF and truncated SVD of
//! docstrings in pinned wheels of PyPI). Truth is a scan in `f64`, written here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod allocation;
mod data;
mod layout;
mod model;
mod recall;
mod room;
mod voting;
