//! The wire: protobuf messages and the gRPC service and client made from `proto/`.
//! `cargo xtask generate` makes the code; nothing here is written by hand but the `.proto` files
//! and what JSON has in another form.

/// Open Inference Protocol v2 over gRPC.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated; the .proto file has the documentation"
)]
pub mod inference;

/// What a tenant remembers and knows, over gRPC.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated; the .proto file has the documentation"
)]
pub mod memory;

/// Agents, the Four Laws and learning requests, over gRPC.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated; the .proto file has the documentation"
)]
pub mod agent;

/// Learners and the learning of sessions, over gRPC.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated; the .proto file has the documentation"
)]
pub mod learner;

mod descriptor;
mod json;

pub use descriptor::DESCRIPTOR;
