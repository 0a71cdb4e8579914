//! One tenant's account: what it may use and what it has used of it. A call takes one lock, which no
//! two tenants share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use memory::Quota;
use resilience::rate::{self, Decision};
use resilience::{Clock, RateLimit};
use serde::{Deserialize, Serialize};
use store::{Expect, StoreError, Tenant, TenantId};

use super::plan::Plan;
use super::{CALLS, Settings, Terms};
use crate::error::{RequestError, Used};
use crate::security::Rates;

/// Milliseconds of a day.
pub(crate) const DAY_MS: u64 = 86_400_000;

/// How long settings are used before they are read again, on a database that servers share
/// (milliseconds): so long may another server's change take.
const FRESH_MS: u64 = 5000;

/// Calls of a tenant that are counted before they are written at once.
pub(super) const MAX_UNWRITTEN: u64 = 1000;

/// Times that a count is tried anew where another server wrote at the same time.
const MAX_TRIES: usize = 20;

/// Why calls of a tenant are refused, as they are counted.
pub(super) const REASONS: [&str; 5] =
    ["suspended", "calls_per_day", "calls_per_minute", "max_memories", "max_bytes"];

/// A tenant's account.
pub(crate) struct Account {
    pub(crate) tenant: TenantId,
    /// What its memory may hold; the memory has it too while it is open.
    pub(crate) quota: Arc<Quota>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    writing: tokio::sync::Mutex<()>,
}

struct State {
    settings: Settings,
    limits: Plan,
    minute: Option<RateLimit<()>>,
    day: Day,
    untold: Untold,
    /// When the settings were read (milliseconds since 1970).
    read_ms: u64,
}

/// Calls of a day.
#[derive(Clone, Copy, Default)]
struct Day {
    /// Days since 1970.
    number: u64,
    /// All of them, by other servers too as far as they were written.
    used: u64,
    /// Those that are not in the store.
    unwritten: u64,
}

/// Calls of a day as they are kept.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Days since 1970.
    pub(super) day: u64,
    pub(super) calls: u64,
}

/// What no metric shows yet.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Untold {
    pub(super) calls: u64,
    /// By [`REASONS`].
    pub(super) refused: [u64; REASONS.len()],
}

impl Account {
    pub(super) fn new(
        tenant: TenantId,
        (settings, calls): (Settings, Kept),
        terms: &Terms,
        clock: &Arc<dyn Clock>,
        now_ms: u64,
    ) -> Self {
        let state = State {
            settings: Settings::default(),
            limits: Plan::default(),
            minute: None,
            day: Day { number: calls.day, used: calls.calls, unwritten: 0 },
            untold: Untold::default(),
            read_ms: now_ms,
        };
        let account = Self {
            tenant,
            quota: Arc::new(Quota::new(0, 0)),
            clock: Arc::clone(clock),
            state: Mutex::new(state),
            writing: tokio::sync::Mutex::default(),
        };
        account.settle(settings, terms);
        account
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up settings or plans that have changed; what was used stays used.
    pub(super) fn settle(&self, settings: Settings, terms: &Terms) {
        let mut state = self.lock();
        let limits = terms.limits(&settings);
        if state.limits.calls_per_minute != limits.calls_per_minute {
            state.minute = minute(limits.calls_per_minute, &self.clock);
        }
        self.quota.set(limits.max_memories, limits.max_bytes);
        (state.settings, state.limits) = (settings, limits);
    }

    /// Takes up plans that have changed.
    pub(super) fn resettle(&self, terms: &Terms) {
        let settings = self.settings();
        self.settle(settings, terms);
    }

    pub(super) fn settings(&self) -> Settings {
        self.lock().settings.clone()
    }

    /// Whether settings have to be read again; whoever is told so does it.
    pub(super) fn is_stale(&self, now_ms: u64) -> bool {
        let mut state = self.lock();
        let stale = now_ms.abs_diff(state.read_ms) >= FRESH_MS;
        if stale {
            state.read_ms = now_ms;
        }
        stale
    }

    /// Whether calls of the tenant are answered.
    ///
    /// # Errors
    /// [`RequestError::Suspended`].
    pub(crate) fn stands(&self) -> Result<(), RequestError> {
        let mut state = self.lock();
        let refused = state.settings.refused();
        if refused.is_some() {
            state.untold.refused[0] += 1;
        }
        refused.map_or(Ok(()), |why| Err(RequestError::Suspended { why }))
    }

    /// Counts one call where the day and the minute have room for it, and says what is left; also
    /// whether so many are not written that they should be.
    ///
    /// # Errors
    /// [`RequestError::Quota`].
    pub(crate) fn call(&self, rates: &mut Rates, now_ms: u64) -> Result<bool, RequestError> {
        let mut state = self.lock();
        state.day.turn(now_ms);
        let (per_day, used) = (state.limits.calls_per_day, state.day.used);
        let full = per_day > 0 && used >= per_day;
        let cost = u32::from(!full);
        rates.minute = state.minute.as_ref().map(|minute| minute.check((), cost));
        let hurried = rates.minute.filter(|decision| !decision.allowed);
        if !full && hurried.is_none() {
            state.day.used += 1;
            state.day.unwritten += 1;
            state.untold.calls += 1;
        }
        rates.day = (per_day > 0).then(|| state.day.decision(per_day, full, now_ms));
        if full {
            state.untold.refused[1] += 1;
            let whole = Some(until_midnight(now_ms));
            let used = Used { quota: "calls_per_day", used, limit: per_day, wait: whole, whole };
            return Err(RequestError::Quota(used));
        }
        if let Some(decision) = hurried {
            state.untold.refused[2] += 1;
            let (limit, left) = (u64::from(decision.limit), u64::from(decision.remaining));
            return Err(RequestError::Quota(Used {
                quota: "calls_per_minute",
                used: limit - left,
                limit,
                wait: decision.retry_after,
                whole: Some(decision.reset_after),
            }));
        }
        Ok(state.day.unwritten == MAX_UNWRITTEN)
    }

    /// Counts that a quota of the memory refused something.
    pub(super) fn refused(&self, quota: &str) {
        if let Some(k) = REASONS.iter().position(|reason| *reason == quota) {
            self.lock().untold.refused[k] += 1;
        }
    }

    /// Calls of today.
    pub(crate) fn calls_today(&self, now_ms: u64) -> u64 {
        let mut state = self.lock();
        state.day.turn(now_ms);
        state.day.used
    }

    /// What no metric shows yet, which is shown then, and the share of the day's calls that is used.
    pub(super) fn tell(&self, now_ms: u64) -> (Untold, f64) {
        let mut state = self.lock();
        state.day.turn(now_ms);
        let per_day = state.limits.calls_per_day;
        let share = if per_day == 0 { 0.0 } else { state.day.used as f64 / per_day as f64 };
        (std::mem::take(&mut state.untold), share)
    }

    /// Whether it may be forgotten: nothing was called today, and nobody has its quota.
    pub(super) fn is_idle(&self, now_ms: u64) -> bool {
        let mut state = self.lock();
        state.day.turn(now_ms);
        state.day.used == 0 && Arc::strong_count(&self.quota) == 1
    }

    /// Adds what was counted to what is kept, which other servers may add to as well.
    pub(super) async fn write(&self, system: &Tenant) -> Result<(), StoreError> {
        let _turn = self.writing.lock().await;
        for _ in 0..MAX_TRIES {
            let day = self.lock().day;
            if day.unwritten == 0 {
                return Ok(());
            }
            let name = self.tenant.as_str();
            let (kept, expect) = match system.get(CALLS, name).await? {
                Some(record) => (Kept::read(&record.value), Expect::Version(record.version)),
                None => (Kept::default(), Expect::Absent),
            };
            // Another server is in the next day already, and this one's calls of yesterday are over.
            if kept.day > day.number {
                return Ok(());
            }
            let before = if kept.day == day.number { kept.calls } else { 0 };
            let kept = Kept { day: day.number, calls: before + day.unwritten };
            let value = serde_json::to_vec(&kept).unwrap_or_default();
            match system.put_if(CALLS, name, &value, expect).await {
                Ok(_) => {
                    self.lock().day.written(day, kept.calls);
                    return Ok(());
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(()) // The next round tries again.
    }
}

impl Kept {
    /// What cannot be read counts as nothing.
    pub(super) fn read(value: &[u8]) -> Self {
        serde_json::from_slice(value).unwrap_or_default()
    }
}

impl Day {
    /// A new day begins with nothing used.
    fn turn(&mut self, now_ms: u64) {
        let number = now_ms / DAY_MS;
        // A call that came before midnight and is counted after it counts for the new day.
        if number > self.number {
            *self = Self { number, used: 0, unwritten: 0 };
        }
    }

    fn decision(&self, limit: u64, full: bool, now_ms: u64) -> Decision {
        let units = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let reset_after = until_midnight(now_ms);
        Decision {
            allowed: !full,
            limit: units(limit),
            window: Duration::from_millis(DAY_MS),
            remaining: units(limit.saturating_sub(self.used)),
            reset_after,
            retry_after: full.then_some(reset_after),
        }
    }

    /// `day` was written, and makes `total` with what others wrote.
    fn written(&mut self, day: Self, total: u64) {
        if self.number == day.number {
            self.unwritten = self.unwritten.saturating_sub(day.unwritten);
            self.used = total + self.unwritten;
        }
    }
}

/// The time until the day ends.
fn until_midnight(now_ms: u64) -> Duration {
    Duration::from_millis(DAY_MS - now_ms % DAY_MS)
}

/// So many calls at once, which come back evenly within a minute.
fn minute(calls: u64, clock: &Arc<dyn Clock>) -> Option<RateLimit<()>> {
    let units = u32::try_from(calls).ok().filter(|units| *units > 0)?;
    let config = rate::Config { limit: units, window_seconds: 60.0, burst: units, max_keys: 1 };
    // Quotas were checked where they were given: none is refused here.
    RateLimit::new(config, Arc::clone(clock)).ok()
}
