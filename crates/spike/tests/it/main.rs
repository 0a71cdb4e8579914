//! What must hold of any network: every instruction set, any cut of a run into pieces, any number
//! of threads and either way of storing weights give the same bits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod allocation;
mod circuits;
mod circuits_brian;
mod closed_form;
mod invariance;
mod models;
mod networks;
mod plasticity;
mod problems;
mod snapshots;
