//! Texts become vectors by an endpoint that speaks OpenAI's embeddings, and are not asked for twice:
//! what was answered is kept in the process, and in Redis where one is configured.
//!
//! It knows no memory and no metric: each call hands back a [`Report`] of what it took. Time and
//! chance are passed in.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Config`], [`CacheConfig`] | the endpoint and its model, what is kept and where |
//! | [`Embedder`] | texts of a tenant to vectors, with all that can fail in between |
//! | [`answer`] | what an endpoint may answer, read and checked |
//! | [`Kept`] | vectors in the process and in Redis, by tenant, model, dimension and text |

pub mod answer;
mod client;
mod config;
mod embedder;
mod error;
mod kept;
mod redis;

pub use config::{
    CacheConfig, Config, Encoding, MAX_BATCH, MAX_DIMENSION, MAX_KEY_BYTES, MAX_MODEL_BYTES,
};
pub use embedder::{Embedder, MAX_PARALLEL, Parts, Report, Vector};
pub use error::EmbeddingError;
pub use kept::{Kept, Layer};
