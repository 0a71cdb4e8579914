//! Overrides of tenants: durable, and known for a second without asking the store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use agent::{Lifted, Override, OverrideKind, Overrides};
use store::{Collection, Expect, Tenant, TenantId};

use super::{Agents, read};
use crate::error::RequestError;
use crate::record::OverrideTold;
use crate::request::{Server, now, now_ms};
use crate::security::Caller;

const OVERRIDES: Collection = Collection::new("overrides");
const KEY: &str = "all";
/// How long another server's overrides may go unseen.
const KNOWN: Duration = Duration::from_secs(1);
/// Tenants whose overrides are known at once.
const MAX_KNOWN: usize = 4096;

/// What was last read of each tenant.
#[derive(Default)]
pub(super) struct Known {
    all: Mutex<HashMap<TenantId, (Instant, Overrides)>>,
}

impl Known {
    fn get(&self, tenant: &TenantId) -> Option<Overrides> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, overrides) = all.get(tenant)?;
        (at.elapsed() < KNOWN).then(|| overrides.clone())
    }

    pub(super) fn forget(&self, tenant: &TenantId) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    fn put(&self, tenant: &TenantId, overrides: &Overrides) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_KNOWN {
            all.retain(|_, (at, _)| at.elapsed() < KNOWN);
        }
        all.insert(tenant.clone(), (now(), overrides.clone()));
    }
}

impl Agents {
    /// What is lifted for a tenant now.
    pub(crate) async fn lifted(&self, tenant: &TenantId) -> Result<Lifted, RequestError> {
        if let Some(known) = self.lifted.get(tenant) {
            return Ok(known.lifted(now_ms()));
        }
        let (overrides, _) = kept(&self.tenant(tenant)).await?;
        self.lifted.put(tenant, &overrides);
        Ok(overrides.lifted(now_ms()))
    }

    /// The overrides of a tenant that are active.
    pub(crate) async fn overrides(&self, tenant: &TenantId) -> Result<Vec<Override>, RequestError> {
        let (overrides, _) = kept(&self.tenant(tenant)).await?;
        self.lifted.put(tenant, &overrides);
        Ok(overrides.active(now_ms()).cloned().collect())
    }

    /// Lifts something for a while.
    pub(crate) async fn lift(
        &self,
        caller: &Caller,
        kind: OverrideKind,
        (seconds, reason): (u64, String),
    ) -> Result<Override, RequestError> {
        let done = self
            .change(caller, |overrides, now_ms| {
                let who = (caller.subject.clone(), reason.clone());
                let lasting = seconds.saturating_mul(1000);
                let id = crate::http::random_id()?;
                Ok(overrides.lift((id, kind), who, (now_ms, lasting))?)
            })
            .await;
        let told = if done.is_ok() { OverrideTold::Lifted } else { OverrideTold::Refused };
        self.signals.overridden(kind, told);
        done
    }

    /// Ends an override before its time.
    pub(crate) async fn end_override(&self, caller: &Caller, id: &str) -> Result<(), RequestError> {
        let kind = self
            .change(caller, |overrides, now_ms| {
                let none = || RequestError::NotFound(format!("no active override {id:?}"));
                let kind = overrides.active(now_ms).find(|o| o.id == id).map(|o| o.kind);
                overrides.end(id, now_ms);
                kind.ok_or_else(none)
            })
            .await?;
        self.signals.overridden(kind, OverrideTold::Ended);
        Ok(())
    }

    async fn change<T>(
        &self,
        caller: &Caller,
        change: impl FnOnce(&mut Overrides, u64) -> Result<T, RequestError>,
    ) -> Result<T, RequestError> {
        let tenant = self.tenant(&caller.tenant);
        let (mut overrides, expect) = kept(&tenant).await?;
        let done = change(&mut overrides, now_ms())?;
        let value = serde_json::to_vec(&overrides).map_err(|_| RequestError::Failed)?;
        match tenant.put_if(OVERRIDES, KEY, &value, expect).await {
            Ok(_) => {}
            Err(store::StoreError::Conflict { .. }) => {
                let busy = "overrides were changed at the same time, try again";
                return Err(RequestError::Conflict(busy.into()));
            }
            Err(error) => return Err(error.into()),
        }
        self.lifted.put(&caller.tenant, &overrides);
        Ok(done)
    }

    /// Shows how many overrides are active, of the tenants that are known.
    pub(super) fn show_overrides(&self, server: &Server) {
        let all = self.lifted.all.lock().unwrap_or_else(PoisonError::into_inner);
        let mut active: HashMap<String, usize> = HashMap::new();
        for (tenant, (_, overrides)) in all.iter() {
            let label = server.tenants.label(tenant.as_str());
            *active.entry(label).or_default() += overrides.active(now_ms()).count();
        }
        active.iter().for_each(|(tenant, n)| self.signals.hold_overrides(tenant, *n));
    }
}

async fn kept(tenant: &Tenant) -> Result<(Overrides, Expect), RequestError> {
    Ok(match tenant.get(OVERRIDES, KEY).await? {
        Some(record) => (read(&record.value)?, Expect::Version(record.version)),
        None => (Overrides::default(), Expect::Absent),
    })
}
