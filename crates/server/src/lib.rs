//! Serves models over HTTP, WebSocket and gRPC: a model repository, the path of one request, sessions,
//! security, and the wire around them.
//!
//! The path stands once, in [`request`]: bytes arrive and the caller is known, is there room, the
//! wire type becomes ours, whose session, encode, step, decode, the report is recorded, the answer
//! leaves. Networks are stepped by a few worker threads ([`workers`]); the async side only reads
//! and writes. What can be asked, by whom, is one table ([`http`]).

mod accounts;
pub mod administer;
mod agents;
mod alarm;
pub mod backup;
mod checkpoint;
mod config;
mod dead_letters;
mod degradation;
mod embeddings;
mod error;
mod experiments;
mod gauges;
mod grpc;
mod health;
mod http;
mod learners;
mod listen;
mod live;
mod machine;
mod mcp;
mod memories;
mod metadata;
mod model;
mod open;
mod past;
#[cfg(test)]
mod reach;
mod record;
mod repository;
mod request;
mod rollout;
mod security;
mod serve;
mod sessions;
mod statistics;
mod traced;
mod watch;
mod weights;
mod wire;
mod workers;

pub use accounts::{Plan, Tenants};
pub use config::{
    Alerting, Backup, Config, Connections, Export, HistoryConfig, Jwt, Logs, Memory, RemoteWrite,
    Security, Sessions, State, Tls,
};
pub use error::{RequestError, ServeError};
pub use model::{
    Decoding, Encoding, InputSpec, LearningSpec, LimitsSpec, Model, ModelError, ModelSpec,
    OutputSpec,
};
pub use repository::{Listed, Repository, Served};
pub use rollout::{Mode, Phase, RolloutSpec};
pub use serve::{Settings, Told, open_store, serve};
pub use wire::{Batch, parse};
