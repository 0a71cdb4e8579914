//! Tenants: what one may use and has used, for itself and for administrators, who see and change all.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::{Path, State};
use axum::routing::get;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use store::TenantId;

use super::Shared;
use super::extract::{Json, Params};
use super::operation::{Operation, Query, json};
use crate::accounts::{self, DAY_MS, OwnQuotas, Plan, Settings, Standing};
use crate::error::RequestError;
use crate::request::{Server, now_ms};
use crate::security::{Access, Caller, Role};

/// Tenants of a page where no number is asked for, and at most.
const PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

const PAGES: &[Query] = &[
    Query { name: "after", help: "The last name seen.", kind: "string", required: false },
    Query { name: "limit", help: "Tenants of the page.", kind: "count", required: false },
];

const CONFIRM: &[Query] =
    &[Query { name: "confirm", help: "The name again.", kind: "string", required: true }];

pub(crate) fn operations() -> Vec<Operation> {
    let of = |route, id, role, handler| {
        Operation::new(route, id, Access::AtLeast(role), handler).uncounted()
    };
    let admin = Role::Admin;
    vec![
        of(("GET", "/v1/tenant"), "tenant_own", Role::Reader, get(own))
            .says("tenants", "What the caller's tenant may use, and what it has used.")
            .gives(json::<TenantAnswer>()),
        of(("GET", "/v1/tenants"), "tenant_list", admin, get(list))
            .says("tenants", "Every tenant that has keys, data or settings, by name.")
            .query(PAGES)
            .gives(json::<TenantList>()),
        of(("GET", "/v1/tenants/{name}"), "tenant_get", admin, get(one))
            .says("tenants", "What a tenant may use, and what it has used.")
            .gives(json::<TenantAnswer>()),
        of(("PUT", "/v1/tenants/{name}"), "tenant_set", admin, axum::routing::put(set))
            .says(
                "tenants",
                "Gives a tenant a plan or quotas, suspends or resumes it; what is not said stays, \
                 null takes back.",
            )
            .takes(json::<TenantChange>())
            .gives(json::<TenantAnswer>()),
        of(("DELETE", "/v1/tenants/{name}"), "tenant_delete", admin, axum::routing::delete(erase))
            .says("tenants", "Erases everything of a tenant for good, its keys too.")
            .query(CONFIRM)
            .gives(json::<ErasedAnswer>()),
    ]
}

/// How a tenant stands.
#[derive(Serialize, JsonSchema)]
struct TenantAnswer {
    /// Its name.
    tenant: String,
    /// Its plan.
    plan: String,
    /// Whether its calls are refused.
    suspended: bool,
    /// Whether it is being deleted.
    deleting: bool,
    /// What it may use; calls that are 0 are not limited.
    quotas: Plan,
    /// Those of the quotas that stand in place of its plan's.
    own: OwnQuotas,
    /// What it has used.
    r#use: TenantUse,
    /// Its keys that were not revoked.
    keys: u64,
}

/// What a tenant has used.
#[derive(Serialize, JsonSchema)]
struct TenantUse {
    /// Memories, whatever their status.
    memories: u64,
    /// Bytes of texts and metadata; null where its memory is not in the process and was not
    /// opened for this.
    bytes: Option<u64>,
    /// Calls of today.
    calls_today: u64,
    /// When the day ends, and calls begin anew (milliseconds since 1970).
    day_ends_ms: u64,
}

/// Tenants.
#[derive(Serialize, JsonSchema)]
struct TenantList {
    /// By name.
    tenants: Vec<TenantAnswer>,
    /// Where the next page begins, if there is one.
    next: Option<String>,
}

/// What is to be changed of a tenant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TenantChange {
    /// Its plan; null for the default one.
    #[serde(default, deserialize_with = "said")]
    plan: Option<Option<String>>,
    /// Quotas that stand in place of its plan's.
    #[serde(default, deserialize_with = "by_name")]
    quotas: QuotaChange,
    /// Whether its calls are refused.
    suspended: Option<bool>,
}

/// Quotas of a tenant's own; 0 as in a plan, null for the plan's.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct QuotaChange {
    /// As in a plan.
    #[serde(default, deserialize_with = "said")]
    max_memories: Option<Option<u64>>,
    /// As in a plan.
    #[serde(default, deserialize_with = "said")]
    max_bytes: Option<Option<u64>>,
    /// As in a plan.
    #[serde(default, deserialize_with = "said")]
    calls_per_day: Option<Option<u64>>,
    /// As in a plan.
    #[serde(default, deserialize_with = "said")]
    calls_per_minute: Option<Option<u64>>,
}

/// Quotas by their names; serde would take them as a list in their order, too.
fn by_name<'de, D: Deserializer<'de>>(from: D) -> Result<QuotaChange, D::Error> {
    match Value::deserialize(from)? {
        fields @ Value::Object(_) => QuotaChange::deserialize(fields).map_err(D::Error::custom),
        _ => Err(D::Error::custom("quotas: expected an object")),
    }
}

/// What was erased.
#[derive(Serialize, JsonSchema)]
struct ErasedAnswer {
    /// The tenant.
    tenant: String,
    /// Its keys.
    keys: u64,
    /// Records of its data.
    records: u64,
}

#[derive(Deserialize)]
struct Pages {
    after: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Confirm {
    confirm: Option<String>,
}

/// A member that is there, be it null.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl QuotaChange {
    fn apply(&self, own: &OwnQuotas) -> OwnQuotas {
        OwnQuotas {
            max_memories: self.max_memories.unwrap_or(own.max_memories),
            max_bytes: self.max_bytes.unwrap_or(own.max_bytes),
            calls_per_day: self.calls_per_day.unwrap_or(own.calls_per_day),
            calls_per_minute: self.calls_per_minute.unwrap_or(own.calls_per_minute),
        }
    }
}

impl TenantChange {
    fn apply(self, settings: &mut Settings) {
        if let Some(plan) = self.plan {
            settings.plan = plan;
        }
        settings.quotas = self.quotas.apply(&settings.quotas);
        settings.suspended = self.suspended.unwrap_or(settings.suspended);
    }
}

impl TenantAnswer {
    fn of(tenant: &TenantId, standing: Standing, keys: u64, used: TenantUse) -> Self {
        let Standing { settings, plan, quotas, .. } = standing;
        Self {
            tenant: tenant.as_str().to_owned(),
            plan,
            suspended: settings.suspended,
            deleting: settings.erasing,
            quotas,
            own: settings.quotas,
            r#use: used,
            keys,
        }
    }
}

/// The name of a tenant in a path.
fn named(name: &str) -> Result<TenantId, RequestError> {
    TenantId::parse(name).map_err(|_| missing(name))
}

fn missing(name: &str) -> RequestError {
    let shown: String = name.chars().take(store::MAX_NAME_BYTES).collect();
    RequestError::NotFound(format!("no tenant {shown:?}"))
}

/// What a tenant has used; its memory is not opened for that.
async fn used(server: &Server, tenant: &TenantId, calls: u64) -> Result<TenantUse, RequestError> {
    let open = server.memories.if_open(tenant).map(|memory| memory.stats()).transpose()?;
    let memories = match &open {
        Some(stats) => stats.memories(),
        None => memory::stored(&server.store.tenant(tenant)).await?,
    };
    let day_ends_ms = (now_ms() / DAY_MS + 1) * DAY_MS;
    Ok(TenantUse {
        memories,
        bytes: open.map(|stats| stats.bytes),
        calls_today: calls,
        day_ends_ms,
    })
}

/// How a tenant stands, with its memory opened to be measured.
async fn measured(server: &Server, tenant: &TenantId) -> Result<TenantAnswer, RequestError> {
    let standing = server.accounts.standing(tenant, now_ms()).await?;
    if !standing.settings.erasing {
        server.memories.of(tenant).await?;
    }
    told(server, tenant).await
}

/// How a tenant stands.
async fn told(server: &Server, tenant: &TenantId) -> Result<TenantAnswer, RequestError> {
    let standing = server.accounts.standing(tenant, now_ms()).await?;
    let used = used(server, tenant, standing.calls).await?;
    let keys = server.security.keys.by_tenant(now_ms()).await?;
    let keys = keys.get(tenant.as_str()).copied().unwrap_or_default();
    Ok(TenantAnswer::of(tenant, standing, keys, used))
}

/// Every tenant that has keys, data or settings, with its keys.
async fn known(server: &Server) -> Result<BTreeMap<TenantId, u64>, RequestError> {
    let mut known = BTreeMap::new();
    for (name, keys) in server.security.keys.by_tenant(now_ms()).await?.iter() {
        known.insert(TenantId::parse(name)?, *keys);
    }
    let system = TenantId::system();
    let with_data = server.store.tenants().await?.into_iter().filter(|tenant| *tenant != system);
    let given = server.accounts.given().await?.into_iter().map(|(tenant, _)| tenant);
    with_data.chain(given).for_each(|tenant| _ = known.entry(tenant).or_default());
    Ok(known)
}

async fn own(State(server): Shared, caller: Caller) -> Result<Answer<TenantAnswer>, RequestError> {
    Ok(Answer(measured(&server, &caller.tenant).await?))
}

async fn list(
    State(server): Shared,
    Params(pages): Params<Pages>,
) -> Result<Answer<TenantList>, RequestError> {
    let limit = pages.limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(RequestError::bad(format!("limit: expected 1 to {MAX_PAGE}, found {limit}")));
    }
    let after = pages.after.unwrap_or_default();
    let known = known(&server).await?;
    let mut left = known.into_iter().filter(|(tenant, _)| tenant.as_str() > after.as_str());
    let mut tenants = Vec::new();
    for (tenant, keys) in left.by_ref().take(limit) {
        let standing = server.accounts.standing(&tenant, now_ms()).await?;
        let used = used(&server, &tenant, standing.calls).await?;
        tenants.push(TenantAnswer::of(&tenant, standing, keys, used));
    }
    let last = tenants.last().map(|last: &TenantAnswer| last.tenant.clone());
    let next = left.next().and(last);
    Ok(Answer(TenantList { tenants, next }))
}

async fn one(
    State(server): Shared,
    Path(name): Path<String>,
) -> Result<Answer<TenantAnswer>, RequestError> {
    let tenant = named(&name)?;
    if !known(&server).await?.contains_key(&tenant) {
        return Err(missing(&name));
    }
    Ok(Answer(measured(&server, &tenant).await?))
}

async fn set(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(change): Json<TenantChange>,
) -> Result<Answer<TenantAnswer>, RequestError> {
    let tenant = TenantId::parse(&name)
        .map_err(|_| RequestError::bad("name: expected 1 to 64 of a-z, 0-9, - and _"))?;
    let quotas = change.quotas.apply(&OwnQuotas::default());
    server.accounts.check(change.plan.iter().flatten().next().map(String::as_str), &quotas)?;
    let before = server.accounts.standing(&tenant, now_ms()).await?.settings;
    let after = server.accounts.change(&tenant, |settings| change.apply(settings)).await?;
    if before.suspended != after.suspended {
        let action = if after.suspended { "tenant_suspend" } else { "tenant_resume" };
        server.security.audit.note(&caller.subject, action, &name, "done").await;
    }
    Ok(Answer(told(&server, &tenant).await?))
}

async fn erase(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Params(Confirm { confirm }): Params<Confirm>,
) -> Result<Answer<ErasedAnswer>, RequestError> {
    let tenant = named(&name)?;
    if confirm.as_deref() != Some(name.as_str()) {
        return Err(RequestError::bad(format!(
            "confirm: expected {name}, the tenant's name again"
        )));
    }
    if tenant == caller.tenant {
        let own = format!("tenant {name} is that of the key that asks; use a key of another one");
        return Err(RequestError::Conflict(own));
    }
    if !known(&server).await?.contains_key(&tenant) {
        return Err(missing(&name));
    }
    let accounts::Erased { keys, records } = accounts::erase(&server, &tenant).await?;
    Ok(Answer(ErasedAnswer { tenant: name, keys, records }))
}
