//! Knowledge against models that nobody could get wrong, and against Python and networkx
//! (tests/fixtures/references.json, made by tests/references.py).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod analysis;
mod assume;
mod branches;
mod classes;
mod compare;
mod contract;
mod dreams;
mod erase;
mod facts;
mod gather;
mod graphs;
mod inherit;
mod life;
mod limits;
mod reason;
mod records;
mod revise;
mod split;
mod truth;
mod vocabulary;
mod world;
