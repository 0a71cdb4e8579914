//! Dead letters: work that was accepted and could not be done, kept on disk with everything that is
//! needed to understand it and to do it again. A letter leaves when it was replayed, when someone
//! removes it, or when it is too old, which is counted and logged; where there is no room for one
//! more, new work is refused before it is accepted. Nothing is dropped silently.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Collection, Range, Store, StoreError, TenantId};

use crate::error::RequestError;
use crate::experiments::{self, ExperimentSpec};
use crate::request::{Server, now_ms};

pub(crate) const LETTERS: Collection = Collection::new("dead-letters");

/// Letters that a tenant may have.
pub(crate) const MAX_LETTERS: u64 = 10_000;

/// Age at which a letter is removed (milliseconds): thirty days.
const MAX_AGE_MS: u64 = 30 * 86_400_000;

/// Letters that are replayed in one request, and in a second.
const MAX_REPLAYED: usize = 1000;
const MAX_PER_SECOND: f64 = 500.0;

/// Work that could not be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DeadLetter {
    /// Its number, in 20 digits; empty only before it is kept.
    #[serde(default)]
    pub(crate) id: String,
    /// What was to be done: `experiment`.
    pub(crate) origin: String,
    /// What it was to be done with.
    pub(crate) payload: serde_json::Value,
    /// The error and its causes.
    pub(crate) errors: Vec<String>,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// When it was first tried (milliseconds since 1970).
    pub(crate) first_ms: u64,
    /// When it was last tried (milliseconds since 1970).
    pub(crate) last_ms: u64,
    /// The trace that it was asked for in, where the caller said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace_id: Option<String>,
}

/// Which letters are to be replayed, and how fast.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRequest {
    /// Only those of this origin.
    #[serde(default)]
    origin: Option<String>,
    /// Only those whose errors hold this text.
    #[serde(default)]
    error: Option<String>,
    /// At most so many.
    #[serde(default = "limit")]
    #[schemars(range(min = 1, max = 1000))]
    limit: usize,
    /// Letters a second.
    #[serde(default = "per_second")]
    #[schemars(range(min = 0.01, max = 500.0))]
    per_second: f64,
    /// Only say which would be replayed.
    #[serde(default)]
    dry_run: bool,
}

fn limit() -> usize {
    100
}

fn per_second() -> f64 {
    10.0
}

/// What a replay did.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Replayed {
    /// The letters that fit.
    matched: Vec<String>,
    /// Of them, those whose work was accepted again.
    replayed: Vec<String>,
    /// Of them, those that stay, with the reason.
    refused: Vec<Refused>,
}

/// A letter that stays.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Refused {
    id: String,
    error: String,
}

/// Refuses work for which there would be no letter.
pub(crate) async fn has_room(store: &Store, tenant: &TenantId) -> Result<(), RequestError> {
    if store.tenant(tenant).usage(LETTERS).await?.records >= MAX_LETTERS {
        return Err(RequestError::Full { what: "dead letters", limit: MAX_LETTERS as usize });
    }
    Ok(())
}

/// Keeps a letter; on disk when it returns.
pub(crate) async fn put(
    server: &Server,
    tenant: &TenantId,
    letter: &DeadLetter,
) -> Result<(), StoreError> {
    let value = serde_json::to_vec(letter).unwrap_or_default();
    server.store.tenant(tenant).append(LETTERS, &value).await?;
    server.metrics.counter("striatum_dead_letters_total", &[&letter.origin, "put"]).inc();
    Ok(())
}

/// Where notifications are from that could not be sent.
const NOTIFICATION: &str = "notification";

/// Keeps a notification that could not be sent, as a letter of the default tenant: alerts are the
/// operators', and theirs it is.
pub(crate) async fn put_notification(
    server: &Server,
    lost: &alert::DeadLetter,
) -> Result<(), StoreError> {
    let tenant = TenantId::parse(crate::security::DEFAULT_TENANT)?;
    let letter = DeadLetter {
        id: String::new(),
        origin: NOTIFICATION.into(),
        payload: serde_json::to_value(lost).unwrap_or_default(),
        errors: vec![format!("{} of {:?}", lost.kind, lost.receiver), lost.error.clone()],
        attempts: lost.n_attempts as u32,
        first_ms: now_ms(),
        last_ms: now_ms(),
        trace_id: None,
    };
    put(server, &tenant, &letter).await
}

/// The letters of a tenant after one, the oldest first.
pub(crate) async fn list(
    server: &Server,
    tenant: &TenantId,
    after: Option<String>,
) -> Result<(Vec<DeadLetter>, Option<String>), RequestError> {
    let range = Range { after, limit: 100, ..Range::default() };
    let page = server.store.tenant(tenant).scan(LETTERS, range).await?;
    Ok((page.records.into_iter().filter_map(letter).collect(), page.next))
}

fn letter(record: store::Record) -> Option<DeadLetter> {
    let mut letter: DeadLetter = serde_json::from_slice(&record.value).ok()?;
    letter.id = record.key;
    Some(letter)
}

/// Removes a letter; whether there was one.
pub(crate) async fn remove(
    server: &Server,
    tenant: &TenantId,
    id: &str,
) -> Result<bool, RequestError> {
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) || id.len() > 20 {
        return Ok(false);
    }
    let removed = server.store.tenant(tenant).delete(LETTERS, id).await?;
    if removed {
        server.metrics.counter("striatum_dead_letters_total", &["any", "removed"]).inc();
    }
    Ok(removed)
}

/// Does the work of letters again, the oldest first. The work goes by the letter's number, so that a
/// letter that is replayed twice is done once.
pub(crate) async fn replay(
    server: &Arc<Server>,
    tenant: &TenantId,
    request: ReplayRequest,
) -> Result<Replayed, RequestError> {
    let mut problems = Vec::new();
    if !(1..=MAX_REPLAYED).contains(&request.limit) {
        problems.push(format!("limit: expected 1 to {MAX_REPLAYED}, found {}", request.limit));
    }
    if !(0.01..=MAX_PER_SECOND).contains(&request.per_second) {
        let found = request.per_second;
        problems.push(format!("per_second: expected 0.01 to {MAX_PER_SECOND}, found {found}"));
    }
    if !problems.is_empty() {
        return Err(RequestError::Bad(problems));
    }
    let fits = |letter: &DeadLetter| {
        request.origin.as_ref().is_none_or(|origin| *origin == letter.origin)
            && request.error.as_ref().is_none_or(|e| letter.errors.iter().any(|l| l.contains(e)))
    };
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let (page, next) = list(server, tenant, after).await?;
        found.extend(page.into_iter().filter(fits));
        found.truncate(request.limit);
        match next {
            Some(next) if found.len() < request.limit => after = Some(next),
            _ => break,
        }
    }
    let matched = found.iter().map(|letter| letter.id.clone()).collect();
    let mut done = Replayed { matched, ..Replayed::default() };
    if request.dry_run {
        return Ok(done);
    }
    for (k, letter) in found.into_iter().enumerate() {
        if k > 0 {
            tokio::time::sleep(Duration::from_secs_f64(1.0 / request.per_second)).await;
        }
        match again(server, tenant, &letter).await {
            Ok(()) => {
                server.store.tenant(tenant).delete(LETTERS, &letter.id).await?;
                let labels = [letter.origin.as_str(), "replayed"];
                server.metrics.counter("striatum_dead_letters_total", &labels).inc();
                done.replayed.push(letter.id);
            }
            Err(error) => {
                done.refused.push(Refused { id: letter.id, error: error.to_string() });
            }
        }
    }
    Ok(done)
}

async fn again(
    server: &Arc<Server>,
    tenant: &TenantId,
    letter: &DeadLetter,
) -> Result<(), RequestError> {
    let spec: ExperimentSpec = serde_json::from_value(letter.payload.clone())
        .map_err(|e| RequestError::bad(format!("payload: {e}")))?;
    let id = format!("replay-{}", letter.id);
    let asked = experiments::Asked {
        id: Some(id),
        attempts: letter.attempts,
        first_ms: letter.first_ms,
        trace_id: letter.trace_id.clone(),
    };
    match experiments::start(server, tenant, spec, asked).await {
        // It was accepted before and only the letter had stayed.
        Err(RequestError::Conflict(_)) => Ok(()),
        done => done.map(drop),
    }
}

/// Removes the letters of every tenant that are too old.
pub(crate) async fn expire(server: &Server) -> Result<(), StoreError> {
    let least = now_ms().saturating_sub(MAX_AGE_MS);
    for tenant in server.store.tenants().await? {
        let handle = server.store.tenant(&tenant);
        loop {
            // The oldest come first.
            let page = handle.scan(LETTERS, Range { limit: 100, ..Range::default() }).await?;
            let old = page.records.into_iter().filter_map(letter).filter(|l| l.last_ms < least);
            let old: Vec<DeadLetter> = old.collect();
            if old.is_empty() {
                break;
            }
            for letter in old {
                handle.delete(LETTERS, &letter.id).await?;
                let DeadLetter { id, origin, errors, .. } = letter;
                tracing::warn!(%tenant, id, origin, ?errors, "dead letter is too old, removed");
                server.metrics.counter("striatum_dead_letters_total", &[&origin, "expired"]).inc();
            }
        }
    }
    Ok(())
}
