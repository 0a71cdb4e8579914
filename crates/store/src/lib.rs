//! Durable state behind one trait: SQLite beside the program, or PostgreSQL.
//!
//! A [`Store`] keeps records: bytes under a key, in a collection, of a tenant. A tenant's records
//! are reached only through its handle, [`Tenant`], which has no way to name another tenant. Writes
//! that belong together are one [`Tenant::commit`]: all of them or none, on disk before it returns.
//! Each record counts its versions, so that a writer can say what it expects to replace.
//!
//! Both backends hold the same contract (`tests/it/contract.rs`). Everything has a limit: see
//! [`MAX_KEY_BYTES`] and its neighbours.

mod backend;
mod error;
mod name;
mod postgres;
mod record;
mod sqlite;
mod tenant;

pub use error::StoreError;
pub use name::{Collection, MAX_KEY_BYTES, MAX_NAME_BYTES, TenantId};
pub use postgres::PostgresConfig;
pub use record::{
    Expect, MAX_PAGE, MAX_VALUE_BYTES, MAX_WRITES, Page, Range, Record, Usage, Write, Written,
};
pub use sqlite::MAX_WAITING_COMMITS;
pub use tenant::{Observed, Observer, Store, Tenant};
