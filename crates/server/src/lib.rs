//! Serves models over HTTP: a model repository, the path of one request, and the wire around it.
//!
//! The path stands once, in [`request`]: bytes arrive, the wire type becomes ours, is there room,
//! whose session, encode, step, decode, the report is recorded, the answer leaves. Networks are
//! stepped by a few worker threads ([`workers`]); the async side only reads and writes.

mod config;
mod error;
mod http;
mod model;
mod record;
mod repository;
mod request;
mod serve;
mod wire;
mod workers;

pub use config::Config;
pub use error::{RequestError, ServeError};
pub use model::{Decoding, Encoding, InputSpec, Model, ModelError, ModelSpec, OutputSpec};
pub use repository::{Repository, Served};
pub use serve::serve;
pub use wire::{Batch, parse};
