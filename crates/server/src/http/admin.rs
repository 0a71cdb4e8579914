//! For those who run the server: keys, the audit log, the degradation level.

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::TenantId;

use super::Shared;
use super::extract::{Json, Params};
use super::operation::{Operation, Query, json};
use crate::degradation::Level;
use crate::error::RequestError;
use crate::request::{Server, now_ms};
use crate::security::{Access, AuditEntry, Caller, KeyInfo, KeySpec, NewKey, Role, Verdict};

/// Entries of a page where no number is asked for, and at most.
const PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

const AFTER: &[Query] =
    &[Query { name: "after", help: "The last id seen.", kind: "string", required: false }];

const BEFORE: &[Query] = &[
    Query { name: "before", help: "The last number seen.", kind: "integer", required: false },
    Query { name: "limit", help: "Entries of the page.", kind: "count", required: false },
];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| Operation::new(route, id, Access::AtLeast(role), handler);
    let admin = Role::Admin;
    vec![
        of(("GET", "/v1/keys"), "key_list", admin, get(keys))
            .says("keys", "Every key, without its secret.")
            .query(AFTER)
            .gives(json::<KeyList>()),
        of(("POST", "/v1/keys"), "key_create", admin, post(create))
            .says("keys", "Makes a key; it is shown this once.")
            .takes(json::<KeySpec>())
            .gives(json::<NewKey>())
            .status(201),
        of(("DELETE", "/v1/keys/{id}"), "key_revoke", admin, delete(revoke))
            .says("keys", "Ends a key for good.")
            .gives(json::<KeyInfo>()),
        of(("GET", "/v1/audit"), "audit_list", admin, get(audit))
            .says("audit", "Who changed what, the newest first.")
            .query(BEFORE)
            .gives(json::<AuditPage>()),
        of(("GET", "/v1/audit/verify"), "audit_verify", admin, get(verify))
            .says("audit", "Reads the audit log through: changes, gaps and cuts are found.")
            .gives(json::<Verdict>()),
        of(("GET", "/v1/degradation"), "degradation", Role::Reader, get(degradation))
            .says("operation", "How much the server does.")
            .gives(json::<Degraded>()),
        of(("PUT", "/v1/degradation"), "degradation_force", Role::Operator, put(force))
            .says("operation", "Holds a level, or lets the load decide again.")
            .takes(json::<Force>())
            .gives(json::<Degraded>()),
    ]
}

/// Keys.
#[derive(Serialize, JsonSchema)]
struct KeyList {
    /// By id.
    keys: Vec<KeyInfo>,
}

/// Entries of the audit log.
#[derive(Serialize, JsonSchema)]
struct AuditPage {
    /// The newest first.
    entries: Vec<AuditEntry>,
}

/// How much the server does.
#[derive(Serialize, JsonSchema)]
struct Degraded {
    /// The level.
    level: Level,
    /// Whether an operator holds it.
    forced: bool,
    /// How full the server is, 0 to 1.
    load: f64,
}

/// The level that is to be held.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Force {
    /// The level; null lets the load decide.
    level: Option<Level>,
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

#[derive(Deserialize)]
struct Before {
    before: Option<u64>,
    limit: Option<usize>,
}

async fn keys(
    State(server): Shared,
    Params(after): Params<After>,
) -> Result<Answer<KeyList>, RequestError> {
    Ok(Answer(KeyList { keys: server.security.keys.list(after.after).await? }))
}

async fn create(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<KeySpec>,
) -> Result<Response, RequestError> {
    let known = spec.models.iter().flatten().all(|m| crate::repository::is_name(m));
    if !known {
        return Err(RequestError::bad("models: expected names of models"));
    }
    tracing::info!(by = caller.subject, name = spec.name, "key made");
    let tenant = TenantId::parse(&spec.tenant);
    let key = server.security.keys.create(spec, now_ms()).await?;
    // Looked at afterwards: a deletion that began meanwhile may have missed the key.
    if let Ok(tenant) = tenant
        && server.accounts.standing(&tenant, now_ms()).await?.settings.erasing
    {
        server.security.keys.revoke(&key.info.id).await?;
        let ending = format!("tenant {tenant} is being deleted: it is given no more keys");
        return Err(RequestError::Conflict(ending));
    }
    Ok((StatusCode::CREATED, Answer(key)).into_response())
}

async fn revoke(
    State(server): Shared,
    Path(id): Path<String>,
) -> Result<Answer<KeyInfo>, RequestError> {
    Ok(Answer(server.security.keys.revoke(&id).await?))
}

async fn audit(
    State(server): Shared,
    Params(page): Params<Before>,
) -> Result<Answer<AuditPage>, RequestError> {
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(RequestError::bad(format!("limit: expected 1 to {MAX_PAGE}, found {limit}")));
    }
    Ok(Answer(AuditPage { entries: server.security.audit.list(page.before, limit).await? }))
}

async fn verify(State(server): Shared) -> Result<Answer<Verdict>, RequestError> {
    Ok(Answer(server.security.audit.verify().await?))
}

fn degraded(server: &Server) -> Answer<Degraded> {
    let degradation = &server.degradation;
    let (level, forced) = (degradation.level(), degradation.is_forced());
    Answer(Degraded { level, forced, load: server.workers.load() })
}

async fn degradation(State(server): Shared) -> Answer<Degraded> {
    degraded(&server)
}

async fn force(
    State(server): Shared,
    Json(force): Json<Force>,
) -> Result<Answer<Degraded>, RequestError> {
    server.degradation.force(force.level);
    Ok(degraded(&server))
}
