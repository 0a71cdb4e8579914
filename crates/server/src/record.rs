//! Where reports become metrics: handles are resolved once, so that recording is additions.

#![allow(clippy::disallowed_methods, reason = "an exemplar says when it was")]

mod agents;
mod learners;
mod operations;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use effort::Target;
use observe::{Counter, Gauge, Histogram, Metrics, OTHER, Sum};
use spike::{Compiled, Emission, Report};

pub(crate) use agents::{AgentSignals, OverrideTold};
pub(crate) use learners::LearnerSignals;
pub(crate) use operations::Operations;

use crate::config::Config;
use crate::error::RequestError;

/// What one request took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Took {
    pub(crate) queued: Duration,
    pub(crate) inference: Duration,
    /// Sequences of the request.
    pub(crate) sequences: usize,
    /// Over all of them.
    pub(crate) report: Report,
}

/// Begins at nothing what alerts look for the first of: a counter that appears with its first event
/// has not grown, neither here nor for whoever scrapes it.
pub(crate) fn begin(metrics: &Metrics, config: &Config) {
    let begin = |name, labels: &[&str]| drop(metrics.counter(name, labels));
    ["runtime", "runtime worker", "worker", "lock"]
        .iter()
        .for_each(|kind| begin("striatum_stalls_total", &[kind]));
    for outcome in ["done", "failed", "cancelled"] {
        begin("striatum_experiments_total", &[outcome]);
    }
    for origin in ["experiment", "notification"] {
        begin("striatum_dead_letters_total", &[origin, "expired"]);
    }
    for outcome in ["ok", "failed"] {
        if config.backup.is_some() {
            begin("striatum_backups_total", &[outcome]);
        }
        if config.export.remote_write.is_some() {
            begin("striatum_exports_total", &["remote_write", outcome]);
        }
    }
}

/// The same for a model.
pub(crate) fn begin_model(metrics: &Metrics, model: &str) {
    for outcome in ["ok", "failed"] {
        drop(metrics.counter("striatum_model_loads_total", &[model, outcome]));
    }
    drop(metrics.counter("striatum_rollbacks_total", &[model]));
}

/// Handles of one model's metrics.
pub(crate) struct Signals {
    outcomes: [(&'static str, Counter); 8],
    request: Histogram,
    /// None for models that do not exist.
    work: Option<Work>,
}

/// Handles of what a model does.
struct Work {
    queue: Histogram,
    inference: Histogram,
    step: Histogram,
    batch: Histogram,
    steps: Counter,
    input_events: Counter,
    spikes: Counter,
    operations: Counter,
    updates: Counter,
    changes: Counter,
    decisions: Counter,
    /// The least and the most, for each machine with published figures.
    energy: Vec<(&'static Target, [Sum; 2])>,
    /// By the number of the population; none for those that do not fire.
    populations: Vec<Option<Counter>>,
}

const OUTCOMES: [&str; 8] =
    ["ok", "bad_request", "not_found", "refused", "not_ready", "busy", "timed_out", "failed"];

impl Signals {
    /// The handles of a model; without a network it is one that does not exist.
    pub(crate) fn of(metrics: &Metrics, model: &str, network: Option<&Compiled>) -> Self {
        Self {
            outcomes: OUTCOMES
                .map(|o| (o, metrics.counter("striatum_requests_total", &[model, o]))),
            request: metrics.histogram("striatum_request_duration_seconds", &[model]),
            work: network.map(|network| Work::of(metrics, model, network)),
        }
    }

    /// Counts one request; `trace` is kept as the exemplar of its latency.
    pub(crate) fn record(
        &self,
        outcome: Result<&Took, &RequestError>,
        total: Duration,
        trace: Option<&str>,
    ) {
        let name = outcome.map_or_else(RequestError::outcome, |_| "ok");
        if let Some((_, counter)) = self.outcomes.iter().find(|(o, _)| *o == name) {
            counter.inc();
        }
        match trace {
            None => self.request.observe(total.as_secs_f64()),
            Some(id) => self.request.observe_traced(total.as_secs_f64(), id, SystemTime::now()),
        }
        if let (Ok(took), Some(work)) = (outcome, &self.work) {
            work.record(took);
        }
    }

    /// Counts sequences that were classified.
    pub(crate) fn decided(&self, sequences: usize) {
        if let Some(work) = &self.work {
            work.decisions.inc_by(sequences as u64);
        }
    }

    /// Counts the sequences that a worker took together.
    pub(crate) fn batched(&self, sequences: usize) {
        if let Some(work) = &self.work {
            work.batch.observe(sequences as f64);
        }
    }

    /// Counts the weights that a reward changed.
    pub(crate) fn rewarded(&self, weight_changes: u64) {
        if let Some(work) = &self.work {
            work.changes.inc_by(weight_changes);
        }
    }

    /// Counts the spikes of each population in a run.
    pub(crate) fn fired(&self, spikes: &[u64]) {
        let populations = self.work.iter().flat_map(|work| &work.populations);
        for (counter, &n) in populations.zip(spikes) {
            if let Some(counter) = counter {
                counter.inc_by(n);
            }
        }
    }
}

impl Work {
    fn of(metrics: &Metrics, model: &str, network: &Compiled) -> Self {
        let counter = |name| metrics.counter(name, &[model]);
        let histogram = |name| metrics.histogram(name, &[model]);
        let energy = |target: &'static Target| {
            let bound =
                |bound| metrics.sum("striatum_energy_joules_total", &[model, target.name, bound]);
            (target, ["least", "most"].map(bound))
        };
        let population = |port: spike::Port| {
            let fires = port.emission == Emission::Spikes;
            fires.then(|| {
                let labels = [model, port.name.as_str()];
                metrics.gauge("striatum_population_neurons", &labels).set(port.size as f64);
                metrics.counter("striatum_population_spikes_total", &labels)
            })
        };
        Self {
            queue: histogram("striatum_queue_duration_seconds"),
            inference: histogram("striatum_inference_duration_seconds"),
            step: histogram("striatum_step_duration_seconds"),
            batch: histogram("striatum_batch_sequences"),
            steps: counter("striatum_steps_total"),
            input_events: counter("striatum_input_events_total"),
            spikes: counter("striatum_spikes_total"),
            operations: counter("striatum_synaptic_operations_total"),
            updates: counter("striatum_neuron_updates_total"),
            changes: counter("striatum_weight_changes_total"),
            decisions: counter("striatum_decisions_total"),
            energy: effort::TARGETS.iter().map(energy).collect(),
            populations: network.populations().into_iter().map(population).collect(),
        }
    }

    fn record(&self, took: &Took) {
        let report = &took.report;
        self.queue.observe(took.queued.as_secs_f64());
        self.inference.observe(took.inference.as_secs_f64());
        self.step.observe(took.inference.as_secs_f64() / report.steps.max(1) as f64);
        self.steps.inc_by(report.steps);
        self.input_events.inc_by(report.input_events);
        self.spikes.inc_by(report.spikes);
        self.operations.inc_by(report.synaptic_operations);
        self.updates.inc_by(report.neuron_updates);
        self.changes.inc_by(report.weight_changes);
        let (operations, updates) =
            (report.synaptic_operations as f64, report.neuron_updates as f64);
        for (target, [least, most]) in &self.energy {
            let joules = target.between(operations, updates);
            least.inc_by(joules.least);
            most.inc_by(joules.most);
        }
    }
}

/// Handles of one route's metrics, made when it is first asked for.
pub(crate) struct RouteSignals {
    metrics: Arc<Metrics>,
    route: &'static str,
    sizes: OnceLock<Sizes>,
    /// By method and status.
    requests: Mutex<HashMap<(&'static str, u16), Counter>>,
}

struct Sizes {
    duration: Histogram,
    request_bytes: Histogram,
    response_bytes: Histogram,
}

impl RouteSignals {
    pub(crate) fn of(metrics: &Arc<Metrics>, route: &'static str) -> Self {
        let metrics = Arc::clone(metrics);
        Self { metrics, route, sizes: OnceLock::new(), requests: Mutex::default() }
    }

    pub(crate) fn route(&self) -> &'static str {
        self.route
    }

    /// Counts one request over HTTP; sizes are those that the heads say.
    pub(crate) fn record(
        &self,
        (method, status): (&'static str, u16),
        took: Duration,
        (asked, answered): (Option<u64>, Option<u64>),
    ) {
        let sizes = self.sizes.get_or_init(|| {
            let of = |name| self.metrics.histogram(name, &[self.route]);
            Sizes {
                duration: of("striatum_http_request_duration_seconds"),
                request_bytes: of("striatum_http_request_size_bytes"),
                response_bytes: of("striatum_http_response_size_bytes"),
            }
        });
        sizes.duration.observe(took.as_secs_f64());
        if let Some(bytes) = asked {
            sizes.request_bytes.observe(bytes as f64);
        }
        if let Some(bytes) = answered {
            sizes.response_bytes.observe(bytes as f64);
        }
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = requests.entry((method, status)).or_insert_with(|| {
            let labels = [method, self.route, &status.to_string()];
            self.metrics.counter("striatum_http_requests_total", &labels)
        });
        counter.inc();
    }
}

/// Counts calls over gRPC.
pub(crate) fn rpc(metrics: &Metrics, method: &str, code: &str, took: Duration) {
    metrics.counter("striatum_rpc_requests_total", &[method, code]).inc();
    metrics.histogram("striatum_rpc_duration_seconds", &[method]).observe(took.as_secs_f64());
}

/// Tenants that have a value of their own, and those that are counted to see whether they should.
const MAX_TENANTS: usize = 100;

/// After which a tenant that asks for nothing is no longer shown (milliseconds).
const IDLE_MS: u64 = 3_600_000;

/// Handles of the metrics of tenants: of those that ask most, and of all others together.
pub(crate) struct Tenants {
    metrics: Arc<Metrics>,
    known: Mutex<HashMap<String, Known>>,
    others: [Counter; 2],
    active: Gauge,
}

struct Known {
    /// None for one that is counted among the others.
    counters: Option<[Counter; 2]>,
    requests: u64,
    used_ms: u64,
}

impl Tenants {
    pub(crate) fn new(metrics: &Arc<Metrics>) -> Self {
        Self {
            metrics: Arc::clone(metrics),
            known: Mutex::default(),
            others: counters(metrics, OTHER),
            active: metrics.gauge("striatum_active_tenants", &[]),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a tenant is called in metrics: by its name, or with those that have no place of their
    /// own.
    pub(crate) fn label(&self, tenant: &str) -> String {
        let own = self.lock().get(tenant).is_some_and(|known| known.counters.is_some());
        if own { tenant.to_owned() } else { OTHER.to_owned() }
    }

    /// As [`Self::label`], and a tenant that is not known is given a place where one is left.
    pub(crate) fn place(&self, tenant: &str, now_ms: u64) -> String {
        let mut known = self.lock();
        if !known.contains_key(tenant) {
            self.enter(&mut known, tenant, now_ms);
        }
        drop(known);
        self.label(tenant)
    }

    /// Forgets a tenant.
    pub(crate) fn forget(&self, tenant: &str) {
        let mut known = self.lock();
        if known.remove(tenant).is_some_and(|known| known.counters.is_some()) {
            self.metrics.forget("tenant", tenant);
        }
        self.active.set(known.len() as f64);
    }

    /// Counts one request of a tenant.
    pub(crate) fn record(&self, tenant: &str, ok: bool, now_ms: u64) {
        let which = usize::from(!ok);
        let mut known = self.lock();
        if !known.contains_key(tenant) {
            self.enter(&mut known, tenant, now_ms);
        }
        let Some(found) = known.get_mut(tenant) else {
            self.others[which].inc();
            return;
        };
        found.requests += 1;
        found.used_ms = now_ms;
        found.counters.as_ref().unwrap_or(&self.others)[which].inc();
    }

    /// Takes a tenant in that is not known, where there is room.
    fn enter(&self, known: &mut HashMap<String, Known>, tenant: &str, now_ms: u64) {
        if known.len() >= 2 * MAX_TENANTS {
            return;
        }
        let own = known.values().filter(|k| k.counters.is_some()).count() < MAX_TENANTS;
        let counters = own.then(|| counters(&self.metrics, tenant));
        known.insert(tenant.to_owned(), Known { counters, requests: 0, used_ms: now_ms });
        self.active.set(known.len() as f64);
    }

    /// Forgets tenants that were idle, and gives the place of the least to one that asks more.
    pub(crate) fn sweep(&self, now_ms: u64) {
        let mut known = self.lock();
        known.retain(|tenant, k| {
            let idle = now_ms.saturating_sub(k.used_ms) > IDLE_MS;
            if idle && k.counters.is_some() {
                self.metrics.forget("tenant", tenant);
            }
            !idle
        });
        let least = known.iter().filter(|(_, k)| k.counters.is_some());
        let least = least.min_by_key(|(_, k)| k.requests).map(|(t, k)| (t.clone(), k.requests));
        let most = known.iter().filter(|(_, k)| k.counters.is_none());
        let most = most.max_by_key(|(_, k)| k.requests).map(|(t, k)| (t.clone(), k.requests));
        if let (Some((least, few)), Some((most, many))) = (least, most)
            && many > 2 * few
        {
            self.metrics.forget("tenant", &least);
            let new = counters(&self.metrics, &most);
            known.entry(least).and_modify(|k| k.counters = None);
            known.entry(most).and_modify(|k| k.counters = Some(new));
        }
        // What counts is who asks now, not who asked most since the start.
        known.values_mut().for_each(|k| k.requests /= 2);
        self.active.set(known.len() as f64);
    }
}

fn counters(metrics: &Metrics, tenant: &str) -> [Counter; 2] {
    ["ok", "failed"].map(|o| metrics.counter("striatum_tenant_requests_total", &[tenant, o]))
}

/// Counts what the store does.
pub(crate) struct StoreSignals {
    operations: HashMap<(&'static str, &'static str), Counter>,
    durations: HashMap<&'static str, Histogram>,
    read: Counter,
    written: Counter,
}

const STORE_OPERATIONS: [&str; 4] = ["get", "scan", "commit", "usage"];
const STORE_OUTCOMES: [&str; 4] = ["ok", "conflict", "unavailable", "failed"];

impl StoreSignals {
    pub(crate) fn of(metrics: &Metrics) -> Self {
        let mut operations = HashMap::new();
        for operation in STORE_OPERATIONS {
            for outcome in STORE_OUTCOMES {
                let labels = [operation, outcome];
                let counter = metrics.counter("striatum_store_operations_total", &labels);
                operations.insert((operation, outcome), counter);
            }
        }
        let duration = |operation| {
            (
                operation,
                metrics.histogram("striatum_store_operation_duration_seconds", &[operation]),
            )
        };
        let bytes = |d| metrics.counter("striatum_store_value_bytes_total", &[d]);
        Self {
            operations,
            durations: STORE_OPERATIONS.map(duration).into(),
            read: bytes("read"),
            written: bytes("written"),
        }
    }
}

impl store::Observer for StoreSignals {
    fn observed(&self, done: &store::Observed) {
        if let Some(counter) = self.operations.get(&(done.operation, done.outcome)) {
            counter.inc();
        }
        if let Some(duration) = self.durations.get(done.operation) {
            duration.observe(done.took.as_secs_f64());
        }
        let bytes = if done.operation == "commit" { &self.written } else { &self.read };
        bytes.inc_by(done.bytes as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use observe::{Metrics, OTHER, samples};

    use crate::model::Model;

    use super::{IDLE_MS, MAX_TENANTS, RouteSignals, Signals, Tenants, Took};

    /// The system's allocator, counting the allocations of each thread.
    struct Counting;

    thread_local! {
        static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    }

    // SAFETY: every call goes to the system's allocator unchanged.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
            // SAFETY: as promised by the caller.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            // SAFETY: as promised by the caller.
            unsafe { System.dealloc(at, layout) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    #[test]
    fn recording_a_request_allocates_nothing() {
        let metrics = Metrics::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/digits/1");
        let network = Model::load("digits", 1, &folder).unwrap().network;
        let signals = Signals::of(&metrics, "digits", Some(&network));
        let route = RouteSignals::of(&metrics, "/v2/models/{model}/infer");
        let tenants = Tenants::new(&metrics);
        let fired = vec![3; network.populations().len()];
        let (took, total) = (Took { sequences: 1, ..Took::default() }, Duration::from_millis(1));
        let record = || {
            signals.record(Ok(&took), total, None);
            signals.decided(1);
            signals.batched(1);
            signals.fired(&fired);
            tenants.record("acme", true, 0);
            route.record(("POST", 200), total, (Some(800), Some(300)));
        };
        // Handles are made with the first.
        record();
        let before = ALLOCATIONS.with(Cell::get);
        (0..1000).for_each(|_| record());
        assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
        assert!(metrics.counter("striatum_decisions_total", &["digits"]).get() == 1001);
    }

    fn of(metrics: &Metrics, tenant: &str) -> Option<f64> {
        let told = samples(&metrics.families());
        let own = told.iter().filter(|s| s.name == "striatum_tenant_requests_total");
        own.filter(|s| s.labels[0].1 == tenant && s.labels[1].1 == "ok").map(|s| s.value).next()
    }

    #[test]
    fn tenants_that_ask_most_are_told_apart() {
        let metrics = Metrics::new();
        let tenants = Tenants::new(&Arc::clone(&metrics));
        for k in 0..MAX_TENANTS + 20 {
            tenants.record(&format!("t{k}"), true, 0);
        }
        assert_eq!(of(&metrics, "t0"), Some(1.0));
        assert_eq!((of(&metrics, "t110"), of(&metrics, OTHER)), (None, Some(20.0)));
        for _ in 0..10 {
            tenants.record("t110", true, 0);
        }
        tenants.sweep(0);
        tenants.record("t110", true, 0);
        assert_eq!(of(&metrics, "t110"), Some(1.0));
        tenants.record("late", true, IDLE_MS + 1);
        tenants.sweep(IDLE_MS + 2);
        assert_eq!(of(&metrics, "t1"), None);
        assert_eq!(metrics.gauge("striatum_active_tenants", &[]).get(), 1.0);
    }
}
