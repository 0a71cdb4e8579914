//! Liquids answer the same for the same seed, and read-outs are what scikit-learn fits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod fused;
mod liquids;
mod readouts;
