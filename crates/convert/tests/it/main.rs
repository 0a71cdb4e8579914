//! Networks that PyTorch trained and exported: what onnxruntime answers, what spikes keep of it,
//! and what becomes of files that are cut, changed or made up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod build;
mod digits;
mod hostile;
mod reference;
mod refused;
