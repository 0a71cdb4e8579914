//! What tenants may use and what they have used: plans, quotas of their own, calls of the day and of
//! the minute. A call is counted in the process and written at intervals; servers that share a
//! database add to one count.

mod account;
mod erase;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use observe::Metrics;
use resilience::Clock;
use serde::{Deserialize, Serialize};
use store::{Collection, Expect, MAX_PAGE, Range, Store, StoreError, Tenant, TenantId};
use tokio::sync::Notify;

use crate::config::Config;
use crate::error::RequestError;
use crate::record::Tenants as Labels;
use crate::request::{Server, now_ms};
use crate::security::Rates;

pub(crate) use account::{Account, DAY_MS};
pub(crate) use erase::{Erased, erase, finish};
pub(crate) use plan::OwnQuotas;
pub use plan::{Plan, Tenants};

use account::{Kept, REASONS, Untold};

/// Settings of tenants, by name.
const TENANTS: Collection = Collection::new("tenants");
/// Calls of tenants of the last day, by name.
const CALLS: Collection = Collection::new("tenant-calls");

/// Tenants that were given settings.
const MAX_TENANTS: u64 = 100_000;

/// Accounts in the process.
const MAX_HELD: usize = 100_000;

/// Time between two looks at what is to be shown.
const ROUND: Duration = Duration::from_secs(1);

/// Tenants whose settings are read or changed at a time, and whose calls are written.
const TURNS: usize = 16;

/// Rounds between two writes of what was counted: a process that is killed forgets the calls of so
/// many seconds, or about [`account::MAX_UNWRITTEN`] of a tenant if that is less.
const WRITE_ROUNDS: u64 = 5;

/// What a tenant was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Its plan; the default one where there is none.
    pub(crate) plan: Option<String>,
    pub(crate) quotas: OwnQuotas,
    pub(crate) suspended: bool,
    /// Whether it is being erased.
    pub(crate) erasing: bool,
}

/// What plans mean here.
struct Terms {
    tenants: Tenants,
    /// What a plan has that limits no memories, and no bytes.
    memory: (u64, u64),
}

/// The accounts of tenants.
pub(crate) struct Accounts {
    system: Tenant,
    terms: RwLock<Terms>,
    held: RwLock<HashMap<TenantId, Arc<Account>>>,
    /// Turns of those who read and change settings; a tenant has one of them.
    settling: [tokio::sync::Mutex<()>; TURNS],
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// Told where much is not written.
    much: Notify,
    /// Whose share of the day's calls is shown, as metrics name them.
    shown: Mutex<Vec<String>>,
}

impl Settings {
    /// Why calls are refused, where they are.
    pub(crate) fn refused(&self) -> Option<&'static str> {
        match (self.erasing, self.suspended) {
            (true, _) => Some("it is being deleted"),
            (_, true) => Some("an administrator can resume it"),
            _ => None,
        }
    }
}

impl Terms {
    /// The plan of a tenant by its name, the default one where its own is not there any more.
    fn plan(&self, settings: &Settings) -> (&str, Plan) {
        let own = settings.plan.as_ref().and_then(|name| self.tenants.plans.get_key_value(name));
        let or = || self.tenants.plans.get_key_value(&self.tenants.default_plan);
        own.or_else(or).map_or(("", Plan::default()), |(name, plan)| (name, *plan))
    }

    /// What a tenant may use.
    fn limits(&self, settings: &Settings) -> Plan {
        let mut limits = self.plan(settings).1.with(&settings.quotas);
        for (own, installation) in
            [(&mut limits.max_memories, self.memory.0), (&mut limits.max_bytes, self.memory.1)]
        {
            if *own == 0 {
                *own = installation;
            }
        }
        limits
    }
}

impl Accounts {
    pub(crate) fn new(
        config: &Config,
        store: &Store,
        metrics: &Arc<Metrics>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let memory = (config.memory.max_memories, config.memory.max_bytes);
        Self {
            system: store.system(),
            terms: RwLock::new(Terms { tenants: config.tenants.clone(), memory }),
            held: RwLock::default(),
            settling: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            clock: Arc::clone(clock),
            metrics: Arc::clone(metrics),
            much: Notify::new(),
            shown: Mutex::default(),
        }
    }

    /// The account of a tenant.
    ///
    /// # Errors
    /// [`RequestError::Unavailable`] where nothing is known of it yet and the store does not answer,
    /// [`RequestError::Full`].
    pub(crate) async fn of(
        &self,
        tenant: &TenantId,
        now_ms: u64,
    ) -> Result<Arc<Account>, RequestError> {
        if let Some(account) = self.held(tenant) {
            self.refresh(&account, now_ms).await;
            return Ok(account);
        }
        let _turn = self.turn(tenant).await;
        if let Some(account) = self.held(tenant) {
            return Ok(account);
        }
        let kept = (self.settings(tenant).await?.0, self.calls(tenant).await?);
        let account = Account::new(tenant.clone(), kept, &self.terms(), &self.clock, now_ms);
        self.hold(Arc::new(account), now_ms)
    }

    /// The account of a tenant whose calls are answered; while it is held, nothing of the tenant is
    /// erased.
    ///
    /// # Errors
    /// As [`Accounts::of`], and [`RequestError::Suspended`].
    pub(crate) async fn standing_of(
        &self,
        tenant: &TenantId,
        now_ms: u64,
    ) -> Result<Arc<Account>, RequestError> {
        let account = self.of(tenant, now_ms).await?;
        account.stands()?;
        Ok(account)
    }

    fn hold(&self, account: Arc<Account>, now_ms: u64) -> Result<Arc<Account>, RequestError> {
        if self.held.read().unwrap_or_else(PoisonError::into_inner).len() >= MAX_HELD {
            self.forget_idle(now_ms);
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MAX_HELD {
            return Err(RequestError::Full {
                what: "tenants that call on one day",
                limit: MAX_HELD,
            });
        }
        held.insert(account.tenant.clone(), Arc::clone(&account));
        Ok(account)
    }

    /// Takes up what another server may have changed; while the store does not answer, what is known
    /// holds.
    async fn refresh(&self, account: &Account, now_ms: u64) {
        if !self.system.is_shared() || !account.is_stale(now_ms) {
            return;
        }
        let _turn = self.turn(&account.tenant).await;
        match self.settings(&account.tenant).await {
            Ok((settings, _)) => account.settle(settings, &self.terms()),
            Err(error) => tracing::warn!(%error, tenant = %account.tenant, "settings are not read"),
        }
    }

    /// The turn to read or change the settings of a tenant.
    async fn turn(&self, tenant: &TenantId) -> tokio::sync::MutexGuard<'_, ()> {
        let k = BuildHasherDefault::<DefaultHasher>::default().hash_one(tenant) as usize % TURNS;
        self.settling[k].lock().await
    }

    fn held(&self, tenant: &TenantId) -> Option<Arc<Account>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(tenant).map(Arc::clone)
    }

    fn all(&self) -> Vec<Arc<Account>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.values().map(Arc::clone).collect()
    }

    fn terms(&self) -> RwLockReadGuard<'_, Terms> {
        self.terms.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a tenant was given, and the version of its record.
    async fn settings(&self, tenant: &TenantId) -> Result<(Settings, Expect), StoreError> {
        let Some(record) = self.system.get(TENANTS, tenant.as_str()).await? else {
            return Ok((Settings::default(), Expect::Absent));
        };
        let settings = serde_json::from_slice(&record.value)
            .map_err(|e| StoreError::Corrupt { reason: format!("tenant {tenant}: {e}") })?;
        Ok((settings, Expect::Version(record.version)))
    }

    async fn calls(&self, tenant: &TenantId) -> Result<Kept, StoreError> {
        let record = self.system.get(CALLS, tenant.as_str()).await?;
        Ok(record.map_or(Kept::default(), |record| Kept::read(&record.value)))
    }

    /// How a tenant stands, without an account being made for it: settings, plan, quotas, calls of
    /// today.
    pub(crate) async fn standing(
        &self,
        tenant: &TenantId,
        now_ms: u64,
    ) -> Result<Standing, RequestError> {
        let (settings, calls) = match self.held(tenant) {
            Some(account) => {
                self.refresh(&account, now_ms).await;
                (account.settings(), account.calls_today(now_ms))
            }
            None => {
                let kept = self.calls(tenant).await?;
                let today = kept.day == now_ms / DAY_MS;
                (self.settings(tenant).await?.0, if today { kept.calls } else { 0 })
            }
        };
        let terms = self.terms();
        let (plan, quotas) = (terms.plan(&settings).0.to_owned(), terms.limits(&settings));
        Ok(Standing { settings, plan, quotas, calls })
    }

    /// Counts a call of a tenant.
    ///
    /// # Errors
    /// [`RequestError::Quota`].
    pub(crate) fn call(
        &self,
        account: &Account,
        rates: &mut Rates,
        now_ms: u64,
    ) -> Result<(), RequestError> {
        if account.call(rates, now_ms)? {
            self.much.notify_one();
        }
        Ok(())
    }

    /// Counts that a quota of a tenant's memory refused something.
    pub(crate) fn refused(&self, tenant: &TenantId, quota: &str) {
        if let Some(account) = self.held(tenant) {
            account.refused(quota);
        }
    }

    /// Changes what a tenant was given; it holds from the next call on.
    ///
    /// # Errors
    /// [`RequestError::Full`], [`RequestError::Conflict`] where another server
    /// changed it at the same time.
    pub(crate) async fn change(
        &self,
        tenant: &TenantId,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Settings, RequestError> {
        let _turn = self.turn(tenant).await;
        let (mut settings, expect) = self.settings(tenant).await?;
        change(&mut settings);
        // Whoever has no settings can always be erased: they last as long as that takes.
        let stays = expect == Expect::Absent && !settings.erasing;
        if stays && self.system.usage(TENANTS).await?.records >= MAX_TENANTS {
            let limit = MAX_TENANTS as usize;
            return Err(RequestError::Full { what: "tenants with settings", limit });
        }
        let value = serde_json::to_vec(&settings).map_err(|_| RequestError::Failed)?;
        match self.system.put_if(TENANTS, tenant.as_str(), &value, expect).await {
            Err(StoreError::Conflict { .. }) => {
                let other = format!("tenant {tenant}: another server changed it, try again");
                return Err(RequestError::Conflict(other));
            }
            put => put?,
        };
        if let Some(account) = self.held(tenant) {
            account.settle(settings.clone(), &self.terms());
        }
        Ok(settings)
    }

    /// Whether a tenant may be given this.
    ///
    /// # Errors
    /// [`RequestError::Bad`].
    pub(crate) fn check(&self, plan: Option<&str>, quotas: &OwnQuotas) -> Result<(), RequestError> {
        let mut problems = Plan::default().with(quotas).problems();
        problems.iter_mut().for_each(|problem| problem.insert_str(0, "quotas."));
        let terms = self.terms();
        let unknown = plan.filter(|plan| !terms.tenants.plans.contains_key(*plan));
        if let Some(found) = unknown {
            let known = terms.tenants.known();
            problems.push(format!("plan: expected one of {known}, found {found}"));
        }
        if problems.is_empty() { Ok(()) } else { Err(RequestError::Bad(problems)) }
    }

    /// Takes up other plans; what was used stays used.
    pub(crate) fn set_plans(&self, tenants: &Tenants) {
        let mut terms = self.terms.write().unwrap_or_else(PoisonError::into_inner);
        terms.tenants = tenants.clone();
        drop(terms);
        let terms = self.terms();
        self.all().iter().for_each(|account| account.resettle(&terms));
    }

    /// Every tenant that was given settings.
    pub(crate) async fn given(&self) -> Result<Vec<(TenantId, Settings)>, StoreError> {
        let mut given = Vec::new();
        let mut range = Range { limit: MAX_PAGE, ..Range::default() };
        loop {
            let page = self.system.scan(TENANTS, range.clone()).await?;
            given.extend(page.records.iter().filter_map(|record| {
                let settings = serde_json::from_slice(&record.value).ok()?;
                Some((TenantId::parse(&record.key).ok()?, settings))
            }));
            let Some(next) = page.next else { return Ok(given) };
            range.after = Some(next);
        }
    }

    /// Writes what was counted and is not written.
    pub(crate) async fn write(&self) {
        let write = async |account: Arc<Account>| {
            if let Err(error) = account.write(&self.system).await {
                tracing::warn!(%error, tenant = %account.tenant, "calls are not written yet");
            }
        };
        stream::iter(self.all()).for_each_concurrent(TURNS, write).await;
    }

    /// Shows what was used since the last time, by tenant.
    fn tell(&self, labels: &Labels, now_ms: u64) {
        let mut shares: BTreeMap<String, f64> = self.shown(labels);
        for account in self.all() {
            let (untold, share) = account.tell(now_ms);
            if untold == Untold::default() && share == 0.0 {
                continue;
            }
            let label = labels.place(account.tenant.as_str(), now_ms);
            let calls = self.metrics.counter("striatum_tenant_calls_total", &[&label]);
            calls.inc_by(untold.calls);
            for (reason, n) in REASONS.iter().zip(untold.refused).filter(|(_, n)| *n > 0) {
                let refused =
                    self.metrics.counter("striatum_tenant_refused_total", &[&label, reason]);
                refused.inc_by(n);
            }
            let shown = shares.entry(label).or_default();
            *shown = shown.max(share);
        }
        for (tenant, share) in &shares {
            self.metrics.gauge("striatum_tenant_day_ratio", &[tenant]).set(*share);
        }
        shares.retain(|_, share| *share > 0.0);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shares.into_keys().collect();
    }

    /// Those whose share was shown the last time, with none: what is used no more is shown as 0, and
    /// who is not known any more is not shown.
    fn shown(&self, labels: &Labels) -> BTreeMap<String, f64> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shown.iter().filter(|label| labels.label(label) == **label);
        known.map(|label| (label.clone(), 0.0)).collect()
    }

    /// Forgets accounts of which the store knows everything.
    fn forget_idle(&self, now_ms: u64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, account| Arc::strong_count(account) > 1 || !account.is_idle(now_ms));
    }

    /// Whether calls of a tenant are being answered.
    fn is_busy(&self, tenant: &TenantId) -> bool {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.get(tenant).is_some_and(|account| Arc::strong_count(account) > 1)
    }

    /// Forgets everything of a tenant.
    async fn forget(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let _turn = self.turn(tenant).await;
        self.held.write().unwrap_or_else(PoisonError::into_inner).remove(tenant);
        self.system.delete(CALLS, tenant.as_str()).await?;
        self.system.delete(TENANTS, tenant.as_str()).await.map(drop)
    }
}

/// How a tenant stands.
pub(crate) struct Standing {
    pub(crate) settings: Settings,
    pub(crate) plan: String,
    pub(crate) quotas: Plan,
    pub(crate) calls: u64,
}

/// Shows and writes what tenants use, until the server stops.
pub(crate) async fn tend(server: Arc<Server>) {
    let accounts = &server.accounts;
    for round in 1_u64.. {
        let much = tokio::select! {
            () = tokio::time::sleep(ROUND) => false,
            () = accounts.much.notified() => true,
        };
        let now = now_ms();
        accounts.tell(&server.tenants, now);
        if much || round.is_multiple_of(WRITE_ROUNDS) {
            accounts.write().await;
            accounts.forget_idle(now);
        }
    }
}
