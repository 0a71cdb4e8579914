//! Sessions: networks that keep their state from one request to the next.
//! A session belongs to a tenant and goes by its id, so that whoever comes back after a broken
//! connection goes on where it stood. Sessions are bounded in number, for each tenant and together,
//! in idle time and in memory. When the server stops they are parked in the store, and the first
//! request for one brings it back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use observe::{Counter, Gauge, Metrics};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spike::Session;
use store::{Collection, Store, TenantId};

use crate::config;
use crate::error::RequestError;
use crate::repository::{Repository, Served};
use crate::request::Now;
use crate::workers::Held;

/// Where parked sessions are kept.
const PARKED: Collection = Collection::new("parked-sessions");

/// The longest id of a session.
pub(crate) const MAX_ID_BYTES: usize = 128;

/// Every session.
pub(crate) struct Sessions {
    limits: config::Sessions,
    open: Mutex<HashMap<Key, Arc<Slot>>>,
    store: Store,
    number: Gauge,
    bytes: Gauge,
    opened: Counter,
    closed: [(Why, Counter); 4],
}

type Key = (TenantId, String);

/// One session.
pub(crate) struct Slot {
    pub(crate) id: String,
    pub(crate) served: Arc<Served>,
    session: Arc<tokio::sync::Mutex<Session>>,
    created: u64,
    /// When it was last used, by the wall clock, to be shown.
    used: AtomicU64,
    /// When it was last used, by a clock that never jumps, to tell whether it is idle.
    used_steady: AtomicU64,
    steps: AtomicU64,
    bytes: AtomicUsize,
    learns: AtomicBool,
}

/// A session as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct SessionInfo {
    /// Its name.
    pub(crate) id: String,
    /// The model that it runs.
    pub(crate) model: String,
    /// The model's version.
    pub(crate) version: String,
    /// Steps since it began.
    pub(crate) steps_done: u64,
    /// Memory of its state (bytes).
    pub(crate) bytes: usize,
    /// Whether its weights change, where the model has a rule of learning.
    pub(crate) learning: bool,
    /// When it began (milliseconds since 1970).
    pub(crate) created_ms: u64,
    /// When it was last used (milliseconds since 1970).
    pub(crate) used_ms: u64,
}

/// A parked session.
#[derive(Serialize, Deserialize)]
struct Parked {
    model: String,
    version: u32,
    sha256: String,
    created: u64,
    /// As the model says, in what was parked before this was kept.
    learning: Option<bool>,
    snapshot: Vec<u8>,
}

/// Why a session is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Asked,
    Idle,
    Replaced,
    Parked,
}

impl Why {
    fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Idle => "idle",
            Self::Replaced => "replaced",
            Self::Parked => "parked",
        }
    }
}

impl Sessions {
    pub(crate) fn new(limits: config::Sessions, store: Store, metrics: &Metrics) -> Self {
        metrics.gauge("striatum_sessions_limit", &[]).set(limits.max as f64);
        metrics.gauge("striatum_session_limit_bytes", &[]).set(limits.max_bytes as f64);
        let closed =
            |why: Why| (why, metrics.counter("striatum_sessions_closed_total", &[why.name()]));
        Self {
            limits,
            open: Mutex::default(),
            store,
            number: metrics.gauge("striatum_sessions", &[]),
            bytes: metrics.gauge("striatum_session_size_bytes", &[]),
            opened: metrics.counter("striatum_sessions_opened_total", &[]),
            closed: [Why::Asked, Why::Idle, Why::Replaced, Why::Parked].map(closed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Slot>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session; one of that name begins anew.
    ///
    /// # Errors
    /// [`RequestError::Full`] where there are too many, [`RequestError::Bad`] for an id that is
    /// none, or for learning that the model does not allow.
    pub(crate) fn open(
        &self,
        tenant: &TenantId,
        id: &str,
        served: &Arc<Served>,
        learning: Option<bool>,
        now: Now,
    ) -> Result<Arc<Slot>, RequestError> {
        let learns = served.model.learning.decide(learning).map_err(RequestError::bad)?;
        let session = Session::new(Arc::clone(&served.model.network));
        self.enter(tenant, id, served, (session, learns), now)
    }

    /// Begins a session from a snapshot.
    ///
    /// # Errors
    /// As [`Sessions::open`], and [`RequestError::Bad`] for bytes that are no snapshot of it.
    pub(crate) fn restore(
        &self,
        tenant: &TenantId,
        id: &str,
        served: &Arc<Served>,
        (snapshot, learning): (&[u8], Option<bool>),
        now: Now,
    ) -> Result<Arc<Slot>, RequestError> {
        let learns = served.model.learning.decide(learning).map_err(RequestError::bad)?;
        let session = Session::restored(Arc::clone(&served.model.network), snapshot)
            .map_err(|e| RequestError::bad(e.to_string()))?;
        if session.sequences() != 1 {
            return Err(RequestError::bad("a snapshot of several sequences, expected one"));
        }
        self.enter(tenant, id, served, (session, learns), now)
    }

    fn enter(
        &self,
        tenant: &TenantId,
        id: &str,
        served: &Arc<Served>,
        (session, learns): (Session, bool),
        now: Now,
    ) -> Result<Arc<Slot>, RequestError> {
        check_id(id)?;
        let limits = &self.limits;
        let key = (tenant.clone(), id.to_owned());
        let mut open = self.lock();
        let known = open.contains_key(&key);
        let own = open.keys().filter(|(t, _)| t == tenant).count();
        let of_model = || open.values().filter(|s| Arc::ptr_eq(&s.served, served)).count();
        let full = |what, limit| Err(RequestError::Full { what, limit });
        if !known && open.len() >= limits.max {
            return full("sessions", limits.max);
        }
        if !known && own >= limits.max_per_tenant {
            return full("sessions of a tenant", limits.max_per_tenant);
        }
        if let Some(limit) = served.model.limits.max_sessions.filter(|&n| !known && of_model() >= n)
        {
            return full("sessions of the model", limit);
        }
        let bytes: usize = open.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum();
        if bytes + session.bytes() > limits.max_bytes {
            return full("bytes of sessions", limits.max_bytes);
        }
        let slot = Arc::new(Slot {
            id: id.to_owned(),
            served: Arc::clone(served),
            created: now.wall_ms,
            used: AtomicU64::new(now.wall_ms),
            used_steady: AtomicU64::new(now.steady_ms),
            steps: AtomicU64::new(session.steps_done()),
            bytes: AtomicUsize::new(session.bytes()),
            learns: AtomicBool::new(learns),
            session: Arc::new(tokio::sync::Mutex::new(session)),
        });
        if open.insert(key, Arc::clone(&slot)).is_some() {
            self.count(Why::Replaced);
        }
        self.opened.inc();
        self.show(&open);
        Ok(slot)
    }

    /// A session that is open or parked.
    ///
    /// # Errors
    /// [`RequestError::NotFound`]: another tenant's session is none.
    pub(crate) async fn find(
        &self,
        tenant: &TenantId,
        id: &str,
        repository: &Repository,
        now: Now,
    ) -> Result<Arc<Slot>, RequestError> {
        let missing = || {
            let id: String = id.chars().take(MAX_ID_BYTES).collect();
            RequestError::NotFound(format!("session {id} does not exist"))
        };
        if check_id(id).is_err() {
            return Err(missing());
        }
        if let Some(slot) = self.lock().get(&(tenant.clone(), id.to_owned())) {
            slot.touch(now);
            return Ok(Arc::clone(slot));
        }
        let handle = self.store.tenant(tenant);
        let record = handle.get(PARKED, id).await?.ok_or_else(missing)?;
        let parked: Parked = serde_json::from_slice(&record.value).map_err(|_| missing())?;
        let served = repository.find(&parked.model, Some(&parked.version.to_string()))?;
        if served.model.sha256 != parked.sha256 {
            let message = format!("session {id}: model {} has changed since", parked.model);
            return Err(RequestError::Conflict(message));
        }
        let kept = (&parked.snapshot[..], parked.learning);
        let slot = self.restore(tenant, id, &served, kept, now)?;
        handle.delete(PARKED, id).await?;
        Ok(slot)
    }

    /// Ends a session; whether there was one.
    pub(crate) async fn close(&self, tenant: &TenantId, id: &str) -> Result<bool, RequestError> {
        if check_id(id).is_err() {
            return Ok(false);
        }
        let removed = {
            let mut open = self.lock();
            let removed = open.remove(&(tenant.clone(), id.to_owned()));
            self.show(&open);
            removed
        };
        let parked = self.store.tenant(tenant).delete(PARKED, id).await?;
        if removed.is_some() {
            self.count(Why::Asked);
        }
        Ok(removed.is_some() || parked)
    }

    /// The open sessions of a tenant, by id.
    pub(crate) fn list(&self, tenant: &TenantId) -> Vec<SessionInfo> {
        let open = self.lock();
        let own = open.iter().filter(|((t, _), _)| t == tenant);
        let mut list: Vec<SessionInfo> = own.map(|(_, slot)| slot.info()).collect();
        list.sort_by(|a, b| a.id.cmp(&b.id));
        list
    }

    /// Ends every session of a tenant that is in the process.
    pub(crate) fn discard(&self, tenant: &TenantId) {
        let mut open = self.lock();
        let before = open.len();
        open.retain(|(of, _), _| of != tenant);
        (open.len()..before).for_each(|_| self.count(Why::Asked));
        self.show(&open);
    }

    /// Closes what has been idle for too long; one that is being stepped is not idle.
    pub(crate) fn sweep(&self, now: Now) {
        let idle = (self.limits.idle_seconds * 1e3) as u64;
        let mut open = self.lock();
        let before = open.len();
        open.retain(|_, slot| {
            now.steady_ms.saturating_sub(slot.used_steady.load(Ordering::Relaxed)) <= idle
                || slot.session.try_lock().is_err()
        });
        (open.len()..before).for_each(|_| self.count(Why::Idle));
        self.show(&open);
    }

    /// Parks every session in the store; how many.
    pub(crate) async fn park(&self) -> usize {
        let all: Vec<(Key, Arc<Slot>)> = self.lock().drain().collect();
        let mut parked = 0;
        for ((tenant, id), slot) in all {
            let model = &slot.served.model;
            let value = serde_json::to_vec(&Parked {
                model: model.name.clone(),
                version: model.version,
                sha256: model.sha256.clone(),
                created: slot.created,
                learning: Some(slot.learns()),
                snapshot: slot.session.lock().await.snapshot(),
            });
            match self.store.tenant(&tenant).put(PARKED, &id, &value.unwrap_or_default()).await {
                Ok(_) => {
                    parked += 1;
                    self.count(Why::Parked);
                }
                Err(error) => tracing::error!(%error, %tenant, id, "session is lost"),
            }
        }
        parked
    }

    fn count(&self, why: Why) {
        if let Some((_, counter)) = self.closed.iter().find(|(w, _)| *w == why) {
            counter.inc();
        }
    }

    fn show(&self, open: &HashMap<Key, Arc<Slot>>) {
        self.number.set(open.len() as f64);
        let bytes: usize = open.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum();
        self.bytes.set(bytes as f64);
    }
}

impl Slot {
    /// The session, when no other request has it.
    pub(crate) async fn hold(&self) -> Held {
        Arc::clone(&self.session).lock_owned().await
    }

    /// Whether its weights change.
    pub(crate) fn learns(&self) -> bool {
        self.learns.load(Ordering::Relaxed)
    }

    /// Turns learning on or off, from the next request on.
    ///
    /// # Errors
    /// [`RequestError::Bad`] where the model does not allow it.
    pub(crate) fn set_learning(&self, learning: bool) -> Result<(), RequestError> {
        let learns = self.served.model.learning.decide(Some(learning));
        self.learns.store(learns.map_err(RequestError::bad)?, Ordering::Relaxed);
        Ok(())
    }

    /// Notes what a step changed.
    pub(crate) fn stepped(&self, steps: u64, now: Now) {
        self.steps.fetch_add(steps, Ordering::Relaxed);
        self.touch(now);
    }

    fn touch(&self, now: Now) {
        self.used.store(now.wall_ms, Ordering::Relaxed);
        self.used_steady.store(now.steady_ms, Ordering::Relaxed);
    }

    pub(crate) fn info(&self) -> SessionInfo {
        SessionInfo {
            id: self.id.clone(),
            model: self.served.model.name.clone(),
            version: self.served.model.version.to_string(),
            steps_done: self.steps.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            learning: self.learns(),
            created_ms: self.created,
            used_ms: self.used.load(Ordering::Relaxed),
        }
    }
}

fn check_id(id: &str) -> Result<(), RequestError> {
    if (1..=MAX_ID_BYTES).contains(&id.len()) && !id.contains('\0') {
        return Ok(());
    }
    Err(RequestError::bad(format!("session id: expected 1 to {MAX_ID_BYTES} bytes without NUL")))
}
