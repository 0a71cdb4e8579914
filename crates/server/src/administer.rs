//! What an operator does at the command line while no server has the state open, or beside one that
//! uses PostgreSQL: keys and the audit log.

use observe::Metrics;
use serde_json::Value;

use crate::config::Config;
use crate::error::{RequestError, ServeError};
use crate::request::now_ms;
use crate::security::{Audit, KeySpec, Keys};
use crate::serve::open_store;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdministerError {
    /// The state cannot be opened.
    #[error(transparent)]
    Open(#[from] ServeError),
    /// What was asked for cannot be.
    #[error(transparent)]
    Refused(#[from] RequestError),
    /// The state cannot be read.
    #[error("state: {0}")]
    Store(#[from] store::StoreError),
}

/// Makes a key of a specification as `POST /v1/keys` takes it; the key with its secret.
///
/// # Errors
/// [`AdministerError`].
pub async fn create_key(config: &Config, spec: Value) -> Result<Value, AdministerError> {
    let spec: KeySpec =
        serde_json::from_value(spec).map_err(|e| RequestError::bad(e.to_string()))?;
    let store = open_store(config).await?;
    let name = spec.name.clone();
    let key = Keys::open(&store).await?.create(spec, now_ms()).await?;
    Audit::new(&store, &Metrics::new()).note("command line", "key_create", &name, "done").await;
    Ok(serde_json::to_value(key).unwrap_or_default())
}

/// Every key, without its secret.
///
/// # Errors
/// [`AdministerError`].
pub async fn keys(config: &Config) -> Result<Vec<Value>, AdministerError> {
    let store = open_store(config).await?;
    let keys = Keys::open(&store).await?;
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = keys.list(after).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.id.clone());
        all.extend(page.iter().map(|key| serde_json::to_value(key).unwrap_or_default()));
    }
}

/// Ends a key for good.
///
/// # Errors
/// [`AdministerError`].
pub async fn revoke_key(config: &Config, id: &str) -> Result<Value, AdministerError> {
    let store = open_store(config).await?;
    let key = Keys::open(&store).await?.revoke(id).await?;
    Audit::new(&store, &Metrics::new()).note("command line", "key_revoke", id, "done").await;
    Ok(serde_json::to_value(key).unwrap_or_default())
}

/// Reads the audit log through; whether it is whole, and what is wrong.
///
/// # Errors
/// [`AdministerError`].
pub async fn verify_audit(config: &Config) -> Result<(bool, Value), AdministerError> {
    let store = open_store(config).await?;
    let verdict = Audit::new(&store, &Metrics::new()).verify().await?;
    Ok((verdict.whole, serde_json::to_value(verdict).unwrap_or_default()))
}
