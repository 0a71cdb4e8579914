//! API keys: `sk_ID_SECRET`, 128 random bits of secret, shown once and kept as SHA-256.
//! The hash of a random secret needs no slow function: there is nothing to guess from.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Collection, Expect, Range, Store, Tenant, TenantId};
use subtle::ConstantTimeEq;

use super::{Caller, Role};
use crate::error::RequestError;
use crate::model::hex;

const KEYS: Collection = Collection::new("api-keys");

/// What a key begins with.
const PREFIX: &str = "sk_";

/// What the subject of a key's holder begins with.
pub(super) const SUBJECT: &str = "key:";

/// Keys of an installation.
const MAX_KEYS: u64 = 100_000;

/// How long what was read of a key is used: so long may another node's revocation take
/// (milliseconds).
const FRESH_MS: u64 = 5000;

/// How long what was read is used while the store does not answer: a database that is gone for a
/// moment locks nobody out (milliseconds).
const STALE_MS: u64 = 600_000;

/// Keys that are held in memory.
const MAX_HELD: usize = 10_000;

/// The longest name of a key, and the longest list of models.
const MAX_NAME_BYTES: usize = 128;
const MAX_MODELS: usize = 100;

/// What a key is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeySpec {
    /// What people call it.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) name: String,
    /// What its holder may do.
    pub(crate) role: Role,
    /// The tenant that it belongs to.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9_-]{0,63}$"))]
    pub(crate) tenant: String,
    /// The models that its holder may use; all where none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) models: Option<Vec<String>>,
    /// When it ends (milliseconds since 1970); never where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_ms: Option<u64>,
}

/// A key as it is listed: everything but the secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct KeyInfo {
    /// The part of the key that names it.
    pub(crate) id: String,
    /// What it is for.
    #[serde(flatten)]
    pub(crate) spec: KeySpec,
    /// When it was made (milliseconds since 1970).
    pub(crate) created_ms: u64,
    /// Whether it was revoked.
    pub(crate) revoked: bool,
}

/// A key that was just made, with its secret.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct NewKey {
    /// The whole key; it is not shown again.
    pub(crate) key: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub(crate) info: KeyInfo,
}

/// A key as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    info: KeyInfo,
    sha256: String,
}

/// Every key.
pub(crate) struct Keys {
    system: Tenant,
    some: AtomicBool,
    held: Mutex<HashMap<String, (Option<Kept>, u64)>>,
    /// How many keys each tenant has that were not revoked, and when they were counted.
    counted: Mutex<Option<(Counts, u64)>>,
    /// How often this node changed a key.
    changes: AtomicU64,
}

/// How many keys each tenant has.
type Counts = Arc<BTreeMap<String, u64>>;

/// Whether a credential is meant as a key of ours.
pub(crate) fn looks_like_key(credential: &str) -> bool {
    credential.starts_with(PREFIX)
}

impl KeyInfo {
    fn has_ended(&self, now_ms: u64) -> bool {
        self.revoked || self.spec.expires_ms.is_some_and(|at| at <= now_ms)
    }
}

impl Keys {
    pub(crate) async fn open(store: &Store) -> Result<Self, store::StoreError> {
        let system = store.system();
        let some = AtomicBool::new(system.usage(KEYS).await?.records > 0);
        Ok(Self {
            system,
            some,
            held: Mutex::default(),
            counted: Mutex::default(),
            changes: AtomicU64::new(0),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.some.load(Ordering::Relaxed)
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`RequestError::Bad`] for a name or tenant that cannot be, [`RequestError::Full`].
    pub(crate) async fn create(&self, spec: KeySpec, now_ms: u64) -> Result<NewKey, RequestError> {
        let mut problems = Vec::new();
        if TenantId::parse(&spec.tenant).is_err() {
            problems.push("tenant: expected 1 to 64 of a-z, 0-9, - and _".to_owned());
        }
        if spec.name.is_empty() || spec.name.len() > MAX_NAME_BYTES {
            problems.push(format!("name: expected 1 to {MAX_NAME_BYTES} bytes"));
        }
        if spec.models.as_ref().is_some_and(|m| m.len() > MAX_MODELS) {
            problems.push(format!("models: expected at most {MAX_MODELS}"));
        }
        if spec.expires_ms.is_some_and(|at| at <= now_ms) {
            problems.push("expires_ms: expected a time to come".to_owned());
        }
        if !problems.is_empty() {
            return Err(RequestError::Bad(problems));
        }
        if self.system.usage(KEYS).await?.records >= MAX_KEYS {
            return Err(RequestError::Full { what: "keys", limit: MAX_KEYS as usize });
        }
        let mut random = [0; 24];
        getrandom::fill(&mut random).map_err(|_| RequestError::Failed)?;
        let (id, secret) = random.split_at(8);
        let id = hex(id);
        let key = format!("{PREFIX}{id}_{}", hex(secret));
        let info = KeyInfo { id: id.clone(), spec, created_ms: now_ms, revoked: false };
        let kept = Kept { info: info.clone(), sha256: hex(&Sha256::digest(&key)) };
        let value = serde_json::to_vec(&kept).map_err(|_| RequestError::Failed)?;
        self.system.put_if(KEYS, &id, &value, Expect::Absent).await?;
        self.some.store(true, Ordering::Relaxed);
        self.changed(&id);
        Ok(NewKey { key, info })
    }

    /// The keys after one, by id.
    pub(crate) async fn list(&self, after: Option<String>) -> Result<Vec<KeyInfo>, RequestError> {
        let page = self.system.scan(KEYS, Range { after, ..Range::default() }).await?;
        let kept = |record: &store::Record| serde_json::from_slice::<Kept>(&record.value).ok();
        Ok(page.records.iter().filter_map(kept).map(|kept| kept.info).collect())
    }

    /// How many keys each tenant has that were not revoked; what another node did is seen within
    /// [`FRESH_MS`].
    pub(crate) async fn by_tenant(&self, now_ms: u64) -> Result<Counts, RequestError> {
        let known = self.counted().clone();
        if let Some((counts, _)) = known.filter(|(_, at)| now_ms.abs_diff(*at) < FRESH_MS) {
            return Ok(counts);
        }
        let changes = self.changes.load(Ordering::Acquire);
        let mut tenants = BTreeMap::new();
        for info in self.all().await?.into_iter().filter(|info| !info.revoked) {
            *tenants.entry(info.spec.tenant).or_default() += 1;
        }
        let counts = Arc::new(tenants);
        let mut counted = self.counted();
        if self.changes.load(Ordering::Acquire) == changes {
            *counted = Some((Arc::clone(&counts), now_ms));
        }
        drop(counted);
        Ok(counts)
    }

    fn counted(&self) -> MutexGuard<'_, Option<(Counts, u64)>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is held of a key, and how many there are, is not so any more.
    fn changed(&self, id: &str) {
        self.lock().remove(id);
        let mut counted = self.counted();
        self.changes.fetch_add(1, Ordering::AcqRel);
        *counted = None;
    }

    /// Removes every key of a tenant; how many.
    pub(crate) async fn remove_all(&self, tenant: &TenantId) -> Result<u64, RequestError> {
        let mut removed = 0;
        let own = |info: &KeyInfo| info.spec.tenant == tenant.as_str();
        for info in self.all().await?.into_iter().filter(own) {
            self.system.delete(KEYS, &info.id).await?;
            self.changed(&info.id);
            removed += 1;
        }
        Ok(removed)
    }

    async fn all(&self) -> Result<Vec<KeyInfo>, RequestError> {
        let mut all: Vec<KeyInfo> = Vec::new();
        loop {
            let page = self.list(all.last().map(|last| last.id.clone())).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Ends a key for good.
    ///
    /// # Errors
    /// [`RequestError::NotFound`].
    pub(crate) async fn revoke(&self, id: &str) -> Result<KeyInfo, RequestError> {
        let missing = || RequestError::NotFound("no such key".into());
        if !is_id(id) {
            return Err(missing());
        }
        let mut kept = self.read(id).await?.ok_or_else(missing)?;
        kept.info.revoked = true;
        let value = serde_json::to_vec(&kept).map_err(|_| RequestError::Failed)?;
        self.system.put(KEYS, id, &value).await?;
        self.changed(id);
        Ok(kept.info)
    }

    /// The caller of a key.
    ///
    /// # Errors
    /// [`RequestError::Unauthenticated`], in the same words whatever is wrong.
    pub(crate) async fn caller(&self, key: &str, now_ms: u64) -> Result<Caller, RequestError> {
        let refused = RequestError::Unauthenticated("the key is not known");
        let id = key.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).map(|(id, _)| id);
        let Some(id) = id.filter(|id| is_id(id)) else { return Err(refused) };
        let Some(Kept { info, sha256 }) = self.held(id, now_ms).await? else { return Err(refused) };
        let same: bool = hex(&Sha256::digest(key)).as_bytes().ct_eq(sha256.as_bytes()).into();
        if !same || info.has_ended(now_ms) {
            return Err(refused);
        }
        let (tenant, role) = (TenantId::parse(&info.spec.tenant)?, info.spec.role);
        Ok(Caller { tenant, role, subject: format!("{SUBJECT}{id}"), models: info.spec.models })
    }

    /// Whether a key that was good still is.
    ///
    /// # Errors
    /// [`RequestError::Unauthenticated`].
    pub(crate) async fn stands(&self, id: &str, now_ms: u64) -> Result<(), RequestError> {
        match self.held(id, now_ms).await? {
            Some(kept) if !kept.info.has_ended(now_ms) => Ok(()),
            _ => Err(RequestError::Unauthenticated("the key is not known any more")),
        }
    }

    /// What is kept of a key, read from the store where what is held is not fresh.
    async fn held(&self, id: &str, now_ms: u64) -> Result<Option<Kept>, RequestError> {
        let held = self.lock().get(id).cloned();
        let age = held.as_ref().map(|(_, at)| now_ms.abs_diff(*at));
        if let (Some((kept, _)), Some(0..FRESH_MS)) = (&held, age) {
            return Ok(kept.clone());
        }
        match (self.read(id).await, held, age) {
            (Err(RequestError::Unavailable(_)), Some((kept, _)), Some(0..STALE_MS)) => Ok(kept),
            (read, ..) => {
                let kept = read?;
                let mut held = self.lock();
                if held.len() >= MAX_HELD {
                    held.clear();
                }
                held.insert(id.to_owned(), (kept.clone(), now_ms));
                Ok(kept)
            }
        }
    }

    async fn read(&self, id: &str) -> Result<Option<Kept>, RequestError> {
        let record = self.system.get(KEYS, id).await?;
        Ok(record.and_then(|record| serde_json::from_slice(&record.value).ok()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Option<Kept>, u64)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_id(id: &str) -> bool {
    id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit())
}
