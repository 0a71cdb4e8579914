//! The memories of tenants: opened when they are first asked for, tended, counted, closed when they
//! are idle.
//!
//! A tenant's memory is reached by the tenant of the caller's credential alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use memory::{By, Encoders, Endpoint, Memory, MemoryError, Tended};
use observe::{Counter, Gauge, Histogram, Metrics};
use resilience::Clock;
use store::{Store, Tenant, TenantId};
use text::Encoder;
use tokio::sync::{OnceCell, Semaphore};

use crate::accounts::Accounts;
use crate::config;
use crate::embeddings::{Embeddings, OfTenant};
use crate::error::{RequestError, ServeError, Used};
use crate::record::Operations;
use crate::request::{Server, now, now_ms};
use crate::security::Caller;

/// How long a memory may be idle before it is closed.
const IDLE: Duration = Duration::from_secs(600);

/// Analyses of what is known at a time; others wait. Each holds a copy of what it analyses.
const MAX_ANALYSES: usize = 2;

/// What can be done with a memory, as it is counted.
pub(crate) const OPERATIONS: [&str; 24] = [
    "store",
    "get",
    "list",
    "update",
    "delete",
    "erase",
    "restore",
    "review",
    "feedback",
    "search",
    "recall",
    "learn",
    "turn",
    "intend",
    "resume",
    "end",
    "claim",
    "verify",
    "calibrate",
    "reflect",
    "record",
    "know",
    "move",
    "analyze",
];

/// The memories of tenants.
pub(crate) struct Memories {
    open: Mutex<HashMap<TenantId, Open>>,
    settings: config::Memory,
    config: memory::Config,
    encoder: Arc<Encoder>,
    embeddings: Option<Arc<Embeddings>>,
    accounts: Arc<Accounts>,
    store: Store,
    /// Room for analyses.
    pub(crate) analyses: Arc<Semaphore>,
    pub(crate) signals: MemorySignals,
}

struct Open {
    memory: Arc<OnceCell<Memory>>,
    used: Instant,
}

/// Handles of the metrics of memories.
pub(crate) struct MemorySignals {
    pub(crate) operations: Operations,
    outcomes: [(memory::Outcome, Counter); 3],
    refused: Counter,
    duplicates: [Counter; 2],
    iterations: Histogram,
    convergence: Histogram,
    unsettled: Counter,
    splits: Counter,
    scanned: Histogram,
    visited: Histogram,
    hits: Histogram,
    words_only: Counter,
    tended: [Counter; 6],
    open: Gauge,
    open_time: Histogram,
    metrics: Arc<Metrics>,
}

impl Memories {
    pub(crate) fn new(
        settings: &config::Memory,
        accounts: &Arc<Accounts>,
        (store, metrics): (&Store, &Arc<Metrics>),
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, ServeError> {
        let wrong = |e: String| ServeError::Config(vec![format!("memory: {e}")]);
        Ok(Self {
            open: Mutex::default(),
            config: settings.of_a_tenant().map_err(wrong)?,
            settings: settings.clone(),
            encoder: Arc::new(Encoder::default()),
            embeddings: Embeddings::of(settings, metrics, clock)?.map(Arc::new),
            accounts: Arc::clone(accounts),
            store: store.clone(),
            analyses: Arc::new(Semaphore::new(MAX_ANALYSES)),
            signals: MemorySignals::of(metrics),
        })
    }

    /// The memory of a tenant, opened where it is not.
    ///
    /// # Errors
    /// [`RequestError::Full`] where too many are open, [`RequestError::Unavailable`].
    pub(crate) async fn of(&self, tenant: &TenantId) -> Result<Memory, RequestError> {
        let cell = self.cell(tenant)?;
        let opened = cell.get_or_try_init(|| self.opened(tenant)).await;
        opened.cloned()
    }

    /// The memory of a tenant where it is open.
    pub(crate) fn if_open(&self, tenant: &TenantId) -> Option<Memory> {
        self.lock().get(tenant)?.memory.get().cloned()
    }

    /// Erases the memory of a tenant where it is open, so that nothing writes what is left of it,
    /// and closes it.
    pub(crate) async fn discard(&self, tenant: &TenantId) -> Result<(), RequestError> {
        if let Some(memory) = self.if_open(tenant) {
            memory.erase_all().await?;
        }
        self.lock().remove(tenant);
        Ok(())
    }

    fn cell(&self, tenant: &TenantId) -> Result<Arc<OnceCell<Memory>>, RequestError> {
        let mut open = self.lock();
        let limit = self.settings.max_open;
        if !open.contains_key(tenant) && open.len() >= limit {
            close_idle(&mut open, Duration::ZERO);
            if open.len() >= limit {
                return Err(RequestError::Full { what: "open memories", limit });
            }
        }
        let now = now();
        let entry = open.entry(tenant.clone());
        let entry = entry.or_insert_with(|| Open { memory: Arc::default(), used: now });
        entry.used = now;
        self.signals.open.set(open.len() as f64);
        drop(open);
        Ok(Arc::clone(&self.lock().get(tenant).ok_or(RequestError::Failed)?.memory))
    }

    async fn opened(&self, tenant: &TenantId) -> Result<Memory, RequestError> {
        let since = now();
        let quota = Arc::clone(&self.accounts.of(tenant, now_ms()).await?.quota);
        let handle: Tenant = self.store.tenant(tenant);
        let embeddings = self.embeddings.clone();
        let endpoint = embeddings.map(|e| Arc::new(OfTenant::new(e, tenant)) as Arc<dyn Endpoint>);
        let encoders = Encoders { built_in: Arc::clone(&self.encoder), endpoint };
        let config = self.config.clone();
        let memory = Memory::open_within(quota, handle, config, encoders, random).await?;
        self.signals.open_time.observe(since.elapsed().as_secs_f64());
        Ok(memory)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every open memory with its tenant.
    fn all(&self) -> Vec<(TenantId, Memory)> {
        let open = self.lock();
        open.iter().filter_map(|(t, o)| Some((t.clone(), o.memory.get()?.clone()))).collect()
    }

    /// One round over every open memory; those that are idle are closed.
    pub(crate) async fn tend(&self, server: &Server) {
        let mut held: BTreeMap<String, Held> = BTreeMap::new();
        for (tenant, memory) in self.all() {
            match memory.tend(now_us()).await {
                Ok(tended) => self.signals.tended(tended),
                Err(error) => tracing::warn!(%error, %tenant, "a memory was not tended"),
            }
            let label = server.tenants.label(tenant.as_str());
            // A memory that is being read anew is shown in the next round.
            let _ = held.entry(label).or_default().add(&memory);
        }
        self.signals.hold(&held);
        close_idle(&mut self.lock(), IDLE);
        self.signals.open.set(self.lock().len() as f64);
    }

    /// The endpoint's model and the values of its vectors, where one is configured.
    pub(crate) fn endpoint(&self) -> Option<(&str, usize)> {
        self.embeddings.as_deref().map(Embeddings::model)
    }

    /// Values of the built-in encoder's vectors.
    pub(crate) fn dimension(&self) -> usize {
        self.encoder.dimensions()
    }

    /// Time between two rounds.
    pub(crate) fn every(&self) -> Duration {
        Duration::from_secs_f64(self.settings.tend_seconds)
    }
}

/// Closes memories that nobody has asked for and that nobody holds.
fn close_idle(open: &mut HashMap<TenantId, Open>, idle: Duration) {
    open.retain(|_, one| {
        let held = one.memory.get().is_none_or(|memory| !memory.is_idle());
        held || one.used.elapsed() < idle || Arc::strong_count(&one.memory) > 1
    });
}

impl MemorySignals {
    fn of(metrics: &Arc<Metrics>) -> Self {
        let names =
            ["striatum_memory_operations_total", "striatum_memory_operation_duration_seconds"];
        let outcome = |outcome: memory::Outcome| {
            (outcome, metrics.counter("striatum_memory_stored_total", &[outcome.name()]))
        };
        let tended = |what| metrics.counter("striatum_memory_tended_total", &[what]);
        Self {
            operations: Operations::of(metrics, names, &OPERATIONS),
            outcomes: [
                outcome(memory::Outcome::Added),
                outcome(memory::Outcome::Reinforced),
                outcome(memory::Outcome::Quarantined),
            ],
            refused: metrics.counter("striatum_memory_stored_total", &["refused"]),
            duplicates: ["exact", "near"]
                .map(|kind| metrics.counter("striatum_memory_duplicates_total", &[kind])),
            iterations: metrics.histogram("striatum_column_iterations", &[]),
            convergence: metrics.histogram("striatum_column_convergence_seconds", &[]),
            unsettled: metrics.counter("striatum_column_unsettled_total", &[]),
            splits: metrics.counter("striatum_column_splits_total", &[]),
            scanned: metrics.histogram("striatum_memory_rows_scanned", &[]),
            visited: metrics.histogram("striatum_memory_columns_visited", &[]),
            hits: metrics.histogram("striatum_memory_search_hits", &[]),
            words_only: metrics.counter("striatum_memory_searches_degraded_total", &[]),
            tended: [
                tended("reinforced"),
                tended("consolidated"),
                tended("short_term"),
                tended("long_term"),
                tended("expired"),
                tended("erased"),
            ],
            open: metrics.gauge("striatum_memories_open", &[]),
            open_time: metrics.histogram("striatum_memory_open_duration_seconds", &[]),
            metrics: Arc::clone(metrics),
        }
    }

    /// Records what storing a memory did.
    pub(crate) fn stored(&self, stored: &memory::Stored) {
        if let Some((_, counter)) = self.outcomes.iter().find(|(o, _)| *o == stored.outcome) {
            counter.inc();
        }
        if stored.outcome == memory::Outcome::Reinforced {
            self.duplicates[0].inc();
        }
        let Some(allocation) = &stored.allocation else { return };
        if let Some(duplicate) = allocation.duplicate {
            let exact = duplicate.likeness == column::Likeness::Exact;
            self.duplicates[usize::from(!exact)].inc();
        }
        self.iterations.observe(f64::from(allocation.convergence.iterations));
        self.convergence.observe(f64::from(allocation.convergence.seconds));
        self.unsettled.inc_by(u64::from(!allocation.convergence.settled));
        self.splits.inc_by(u64::from(allocation.split));
    }

    /// Records that the gate refused something.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// Records what a search did.
    pub(crate) fn found(&self, found: &memory::Found) {
        self.hits.observe(found.hits.len() as f64);
        self.degraded(found.words_only.as_deref());
        self.scanned.observe(f64::from(found.columns.rows_scanned));
        self.visited.observe(f64::from(found.columns.columns_visited));
    }

    /// Records that words alone were searched.
    pub(crate) fn degraded(&self, why: Option<&str>) {
        self.words_only.inc_by(u64::from(why.is_some()));
    }

    fn tended(&self, tended: Tended) {
        let counts = [
            tended.reinforced,
            tended.consolidated,
            tended.short_term,
            tended.long_term,
            tended.expired,
            tended.erased,
        ];
        for (counter, n) in self.tended.iter().zip(counts) {
            counter.inc_by(n);
        }
    }

    /// Shows what memories hold, by tenant.
    fn hold(&self, held: &BTreeMap<String, Held>) {
        for (tenant, held) in held {
            let stats = &held.stats;
            let gauge = |name: &'static str, value: f64| {
                self.metrics.gauge(name, &[tenant]).set(value);
            };
            let tiers = [
                ("working", stats.working),
                ("short_term", stats.short_term),
                ("long_term", stats.long_term),
            ];
            for (tier, n) in tiers {
                self.metrics.gauge("striatum_memories", &[tenant, tier]).set(n as f64);
            }
            gauge("striatum_memories_quarantined", stats.quarantined as f64);
            gauge("striatum_memory_content_bytes", stats.bytes as f64);
            gauge("striatum_memory_quota_ratio", held.quota);
            gauge("striatum_memory_index_bytes", (stats.column_bytes + stats.posting_bytes) as f64);
            gauge("striatum_memory_columns", stats.columns as f64);
            gauge("striatum_column_load_variation", held.load_cv);
            gauge("striatum_knowledge_entities", stats.entities as f64);
            gauge("striatum_knowledge_relations", stats.relations as f64);
            gauge("striatum_knowledge_facts", stats.facts as f64);
            gauge("striatum_knowledge_contradictions", stats.contradictions as f64);
        }
    }
}

/// What the memory of a tenant holds, or those of all tenants that have no label of their own.
#[derive(Default)]
struct Held {
    stats: memory::Stats,
    /// The largest share of a quota that is used.
    quota: f64,
    load_cv: f64,
}

impl Held {
    fn add(&mut self, memory: &Memory) -> Result<(), MemoryError> {
        let stats = memory.stats()?;
        let quota = memory.quota();
        let of = |used: u64, limit: u64| used as f64 / limit.max(1) as f64;
        let used = of(stats.memories(), quota.memories()).max(of(stats.bytes, quota.bytes()));
        self.quota = self.quota.max(used);
        self.load_cv = self.load_cv.max(memory.survey(None)?.load_cv);
        self.stats.add(&stats);
        Ok(())
    }
}

impl From<MemoryError> for RequestError {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Unknown { .. } => Self::NotFound(error.to_string()),
            MemoryError::Taken { .. } | MemoryError::Version { .. } | MemoryError::State { .. } => {
                Self::Conflict(error.to_string())
            }
            MemoryError::Quota { what, used, limit, .. } => {
                let quota = if what == "bytes" { "max_bytes" } else { "max_memories" };
                Self::Quota(Used { quota, used, limit, wait: None, whole: None })
            }
            MemoryError::Refused { reasons } => Self::Refused(reasons),
            MemoryError::Store(error) => Self::from(error),
            MemoryError::Closed => Self::Unavailable(error.to_string()),
            MemoryError::NoEndpoint { .. } => Self::Conflict(error.to_string()),
            MemoryError::Endpoint { error: ref failed, .. } => match failed.may_pass {
                true => Self::Away(error.to_string()),
                false => Self::BadGateway(error.to_string()),
            },
            MemoryError::Corrupt { .. } => {
                tracing::error!(%error, "a memory's record cannot be read");
                Self::Failed
            }
            MemoryError::Knowledge(error) => crate::wire::knowledge::refused(&error),
            _ => Self::bad(error.to_string()),
        }
    }
}

/// Who does something to a memory, now.
pub(crate) fn by(caller: &Caller) -> By {
    By { actor: caller.subject.clone(), now: now_us() }
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> i64 {
    now_ms() as i64 * 1000
}

fn random() -> [u8; 10] {
    crate::http::random_bytes()
}

/// Tends memories until the server stops.
pub(crate) async fn tend(server: Arc<Server>) {
    loop {
        tokio::time::sleep(server.memories.every()).await;
        server.memories.tend(&server).await;
    }
}
