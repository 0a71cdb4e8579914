//! Learning requests of tenants and the vault of what was denied.

use agent::{Digest, LearningRequest, NewRequest, OverrideKind, Status, Vault};
use serde::{Deserialize, Serialize};
use store::{Collection, Expect, Range, StoreError, Tenant, Write};

use super::{Agents, read};
use crate::error::RequestError;
use crate::request::now_ms;
use crate::security::Caller;

const REQUESTS: Collection = Collection::new("learning-requests");
const VAULT: Collection = Collection::new("vault");
const MADE: Collection = Collection::new("learning-made");
const KEY: &str = "hour";

/// Learning requests of a tenant.
const MAX_REQUESTS: u64 = 10_000;
/// Learning requests that a tenant may make in an hour, where no override lifts it.
pub(crate) const MAX_REQUESTS_AN_HOUR: usize = 60;
const HOUR_MS: u64 = 3_600_000;

/// What the vault keeps beside a digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Vaulted {
    pub(crate) request: String,
    pub(crate) denied_ms: u64,
}

impl Agents {
    /// Asks to learn something.
    ///
    /// # Errors
    /// [`RequestError::Conflict`] where the same was denied before, [`RequestError::Full`].
    pub(crate) async fn ask_to_learn(
        &self,
        caller: &Caller,
        asked: NewRequest,
    ) -> Result<LearningRequest, RequestError> {
        let tenant = self.tenant(&caller.tenant);
        let digest = Digest::of(&asked.description);
        let mut vault = Vault::default();
        if tenant.get(VAULT, &digest.to_string()).await?.is_some() {
            vault.refuse(digest)?;
            self.signals.asked("refused");
        }
        let request = LearningRequest::new(asked, &vault, now_ms())?;
        let _turn = self.requesting.lock().await;
        let made = self.made_lately(caller, &tenant).await?;
        if tenant.usage(REQUESTS).await?.records >= MAX_REQUESTS {
            let limit = MAX_REQUESTS as usize;
            return Err(RequestError::Full { what: "learning requests", limit });
        }
        let value = serde_json::to_vec(&request).map_err(|_| RequestError::Failed)?;
        let (key, expect) = (request.id.clone(), Expect::Absent);
        let writes = vec![Write::Put { collection: REQUESTS, key, value, expect }, made];
        match tenant.commit(writes).await {
            Ok(_) => {}
            Err(StoreError::Conflict { .. }) => {
                let taken = format!("learning request {} is there already", request.id);
                return Err(RequestError::Conflict(taken));
            }
            Err(error) => return Err(error.into()),
        }
        self.signals.asked("pending");
        Ok(request)
    }

    /// That one more is made in this hour, where it may be.
    async fn made_lately(&self, caller: &Caller, tenant: &Tenant) -> Result<Write, RequestError> {
        let now = now_ms();
        let mut times: Vec<u64> = match tenant.get(MADE, KEY).await? {
            Some(record) => read(&record.value)?,
            None => Vec::new(),
        };
        times.retain(|time| *time <= now && now - time < HOUR_MS);
        let lifted = self.lifted(&caller.tenant).await?.has(OverrideKind::RateLimiting);
        if times.len() >= MAX_REQUESTS_AN_HOUR && !lifted {
            self.signals.asked("limited");
            let first = times.first().copied().unwrap_or(now);
            let wait = std::time::Duration::from_millis(HOUR_MS - (now - first));
            return Err(RequestError::RateLimited { wait });
        }
        times.push(now);
        let from = times.len().saturating_sub(MAX_REQUESTS_AN_HOUR);
        let value = serde_json::to_vec(&times[from..]).map_err(|_| RequestError::Failed)?;
        Ok(Write::Put { collection: MADE, key: KEY.into(), value, expect: Expect::Any })
    }

    /// Learning requests of a tenant, of one status where it is given; where to go on.
    pub(crate) async fn learning_requests(
        &self,
        caller: &Caller,
        status: Option<Status>,
        after: Option<String>,
    ) -> Result<(Vec<LearningRequest>, Option<String>), RequestError> {
        let range = Range { after, ..Range::default() };
        let page = self.tenant(&caller.tenant).scan(REQUESTS, range).await?;
        let all: Result<Vec<LearningRequest>, _> =
            page.records.iter().map(|record| read(&record.value)).collect();
        let mut all = all?;
        all.retain(|request| status.is_none_or(|status| request.status == status));
        Ok((all, page.next))
    }

    /// A learning request.
    pub(crate) async fn learning_request(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<LearningRequest, RequestError> {
        Ok(find(&self.tenant(&caller.tenant), id).await?.0)
    }

    /// Decides a learning request; the content of one that is denied goes to the vault with it.
    pub(crate) async fn decide(
        &self,
        caller: &Caller,
        id: &str,
        decide: impl FnOnce(&mut LearningRequest, u64) -> Result<Option<Digest>, agent::AgentError>,
    ) -> Result<LearningRequest, RequestError> {
        let tenant = self.tenant(&caller.tenant);
        let (mut request, version) = find(&tenant, id).await?;
        let now = now_ms();
        let denied = decide(&mut request, now)?;
        let json =
            |value: Result<Vec<u8>, _>| value.map_err(|_: serde_json::Error| RequestError::Failed);
        let mut writes = vec![Write::Put {
            collection: REQUESTS,
            key: id.to_owned(),
            value: json(serde_json::to_vec(&request))?,
            expect: Expect::Version(version),
        }];
        if let Some(digest) = &denied {
            let vaulted = Vaulted { request: id.to_owned(), denied_ms: now };
            writes.push(Write::Put {
                collection: VAULT,
                key: digest.to_string(),
                value: json(serde_json::to_vec(&vaulted))?,
                expect: Expect::Any,
            });
        }
        match tenant.commit(writes).await {
            Ok(_) => {}
            Err(StoreError::Conflict { .. }) => {
                let decided = format!("learning request {id} was decided at the same time");
                return Err(RequestError::Conflict(decided));
            }
            Err(error) => return Err(error.into()),
        }
        self.signals.decided(&request, denied.is_some());
        Ok(request)
    }

    /// How many learning requests of a tenant wait, at most those of a page of the store.
    pub(crate) async fn show_pending(&self, caller: &Caller, label: &str) {
        if let Ok((pending, _)) = self.learning_requests(caller, Some(Status::Pending), None).await
        {
            self.signals.hold_requests(label, pending.len());
        }
    }

    /// The vault: digests in order, and where to go on.
    pub(crate) async fn vault(
        &self,
        caller: &Caller,
        after: Option<String>,
    ) -> Result<(Vec<(String, Vaulted)>, Option<String>), RequestError> {
        let range = Range { after, ..Range::default() };
        let page = self.tenant(&caller.tenant).scan(VAULT, range).await?;
        let all: Result<Vec<_>, RequestError> =
            page.records.iter().map(|r| Ok((r.key.clone(), read(&r.value)?))).collect();
        Ok((all?, page.next))
    }
}

async fn find(tenant: &Tenant, id: &str) -> Result<(LearningRequest, u64), RequestError> {
    let none = || RequestError::NotFound(format!("no learning request {id:?}"));
    // What no request can be called is no key of the store either.
    store::TenantId::parse(id).map_err(|_| none())?;
    let record = tenant.get(REQUESTS, id).await?.ok_or_else(none)?;
    Ok((read(&record.value)?, record.version))
}
