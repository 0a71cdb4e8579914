//! Starting and stopping: open the state, load the models, listen, answer, and finish what was let
//! in.

#![allow(clippy::disallowed_methods, reason = "the edge knows what time it is")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use observe::Metrics;
use observe::export::{OtlpExporter, Poster};
use observe::telemetry::Telemetry;
use resilience::{Clock, SystemClock};
use resources::{Stall, Watchdog, Watched, watchdog};
use store::{Collection, PostgresConfig, Range, Store};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::accounts::{self, Accounts};
use crate::agents::{self, Agents};
use crate::alarm::Alarm;
use crate::backup;
use crate::config::{self, Config};
use crate::degradation::Degradation;
use crate::error::ServeError;
use crate::experiments::{self, Experiments};
use crate::health::Health;
use crate::http::router;
use crate::learners::{self, Learners};
use crate::listen::{self, Certificates, Listener};
use crate::machine::Reader;
use crate::memories::{self, Memories};
use crate::past::Past;
use crate::record::{self, RouteSignals, Signals, StoreSignals, Tenants};
use crate::repository::Repository;
use crate::request::{Server, now_ms};
use crate::security::Security;
use crate::sessions::Sessions;
use crate::watch;
use crate::workers::{Pool, Workers};

/// Where roll-outs are kept.
pub(crate) const ROLLOUTS: Collection = Collection::new("rollouts");

/// Time between two looks at the load and at what is idle.
const SWEEP: Duration = Duration::from_millis(100);

/// So many looks until tenants are looked at: a minute.
const TENANT_SWEEPS: u64 = 600;

/// Time between two looks for dead letters that are too old.
const EXPIRE: Duration = Duration::from_secs(3600);

/// Time that the last spans, records and metrics have to be sent when the server stops.
const LAST_EXPORT: Duration = Duration::from_secs(2);

/// Time after a backup that failed.
const BACKUP_RETRY: Duration = Duration::from_secs(60);

/// What the outside world tells a server that runs.
pub struct Told<S, R> {
    /// Done when the server is to stop.
    pub stop: S,
    /// Each call gives a future that is done when files of keys and certificates are to be read
    /// again, and settings that can change.
    pub reload: R,
    /// Reads the settings again; what is wrong with them is told and leaves the old ones in place.
    pub settings: Settings,
    /// Threads and locks that are watched; the runtime's own among them where it was built so.
    pub watched: Watched,
}

/// Reads the settings.
pub type Settings = Box<dyn Fn() -> Result<Config, String> + Send>;

/// Opens the durable state that a configuration names.
///
/// # Errors
/// [`ServeError::Store`].
pub async fn open_store(config: &Config) -> Result<Store, ServeError> {
    let opened = match &config.state.postgresql {
        Some(url) => Store::postgresql(&PostgresConfig::new(url)).await,
        None => Store::sqlite(&config.state.folder),
    };
    opened.map_err(ServeError::Store)
}

/// Serves the models of a repository until it is told to stop.
///
/// `ready` is called once with the address and the models, when requests can be sent. On stop no
/// more connections are taken, `/ready` answers 503, requests that were let in have
/// [`Config::stop_grace_seconds`] to finish, and sessions are parked in the store.
///
/// # Errors
/// [`ServeError`]; a model that cannot be loaded is not one.
pub async fn serve<S, R, F>(
    config: Config,
    telemetry: Arc<Telemetry>,
    ready: impl FnOnce(SocketAddr, &Repository),
    told: Told<S, R>,
) -> Result<(), ServeError>
where
    S: Future<Output = ()> + Send + 'static,
    R: FnMut() -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let problems = config.problems();
    if !problems.is_empty() {
        return Err(ServeError::Config(problems));
    }
    let metrics = Metrics::new();
    record::begin(&metrics, &config);
    telemetry.count_in(&metrics);
    metrics.say("striatum_build_info", &[env!("CARGO_PKG_VERSION")]);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics.gauge("process_start_time_seconds", &[]).set(since.as_secs_f64());
    let store = open_store(&config).await?.observed_by(Arc::new(StoreSignals::of(&metrics)));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let security = Security::open(&config, &store, &metrics, Arc::clone(&clock)).await?;
    let repository = Repository::open(&config.models, &metrics)?;
    take_up_rollouts(&store, &repository).await?;
    let tls = config.tls.clone().map(Certificates::open).transpose()?.map(Arc::new);
    let address = config.listen;
    let tcp = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let local = tcp.local_addr().map_err(ServeError::Serve)?;
    let grace = Duration::from_secs_f64(config.stop_grace_seconds);
    let listener = Listener {
        tcp,
        limits: config.connections.clone(),
        tls: tls.clone(),
        signals: listen::Signals::of(&metrics),
    };
    let instance = local.to_string();
    let past = Past::open(&config.history, &config.state.folder, instance.clone(), &metrics);
    let past = past.map_err(|e| ServeError::Config(vec![e.to_string()]))?;
    let alarm = Alarm::new(&config.alerting, Arc::clone(&clock), &past)?;
    let mut folders = vec![config.state.folder.clone(), config.models.clone()];
    folders.extend(config.backup.iter().map(|backup| backup.folder.clone()));
    let reader = Reader::new(&metrics, folders);
    reader.read();
    let accounts = Arc::new(Accounts::new(&config, &store, &metrics, &clock));
    let memories = Memories::new(&config.memory, &accounts, (&store, &metrics), &clock)?;
    let exporter = exporter(&config, (&telemetry, &metrics), &clock, &instance)?;
    let remote = remote(&config, &metrics, &clock)?;
    let level = metrics.gauge("striatum_degradation_level", &[]);
    let degradation = Degradation::new(clock, level)?;
    let server = Arc::new(Server {
        workers: Workers::start(pool(&config, &metrics, &told.watched))
            .map_err(ServeError::Serve)?,
        sessions: Sessions::new(config.sessions.clone(), store.clone(), &metrics),
        degradation,
        experiments: Experiments::default(),
        health: Health::default(),
        memories,
        accounts,
        agents: Agents::new(&store, &metrics),
        learners: Learners::new(&store, &metrics),
        past,
        alarm,
        reader,
        unknown: Signals::of(&metrics, "unknown", None),
        tenants: Tenants::new(&metrics),
        unrouted: Arc::new(RouteSignals::of(&metrics, "unknown")),
        security,
        store,
        config,
        repository,
        metrics,
        telemetry,
        started: Instant::now(),
        stopping: AtomicBool::new(false),
    });
    accounts::finish(&server).await?;
    experiments::take_up(&server).await?;
    server.alarm.take_up(&server, now_ms() as i64).await?;
    if server.config.history.gather_seconds > 0.0 {
        // Whatever happens from here on is an increase of what is kept now.
        server.past.gather(&server, now_ms() as i64, 0);
    }
    ready(local, &server.repository);

    let stopped = Arc::new(Notify::new());
    let sweeping = tokio::spawn(sweep(Arc::clone(&server)));
    let _watchdog = watch_stalls(&server, told.watched.clone());
    let settings = told.settings;
    let reloading = tokio::spawn(reload(Arc::clone(&server), tls, told.reload, settings));
    let (tell, flag) = (Arc::clone(&stopped), Arc::clone(&server));
    tokio::spawn(async move {
        told.stop.await;
        flag.stopping.store(true, Ordering::Relaxed);
        tell.notify_one();
    });
    let exporting = exporter.map(|exporter| {
        let exporter = Arc::new(exporter);
        let own = Arc::clone(&exporter);
        (exporter, tokio::spawn(async move { own.run().await }))
    });
    if let Some((poster, settings)) = remote {
        tokio::spawn(watch::send(Arc::clone(&server), poster, settings));
    }
    let background = [
        tokio::spawn(watch::look_back(Arc::clone(&server))),
        tokio::spawn(watch::delay(Arc::clone(&server))),
        tokio::spawn(watch::letters_of_alarms(Arc::clone(&server))),
        tokio::spawn(expire_letters(Arc::clone(&server))),
        tokio::spawn(back_up(Arc::clone(&server))),
        tokio::spawn(watch::look(Arc::clone(&server))),
        tokio::spawn(watch::count(Arc::clone(&server))),
        tokio::spawn(watch::verify(Arc::clone(&server))),
        tokio::spawn(memories::tend(Arc::clone(&server))),
        tokio::spawn(accounts::tend(Arc::clone(&server))),
        tokio::spawn(agents::tend(Arc::clone(&server))),
        tokio::spawn(learners::tend(Arc::clone(&server))),
    ];
    listener.serve(router(&server), stopped.notified(), grace).await;
    background.iter().for_each(tokio::task::JoinHandle::abort);
    sweeping.abort();
    reloading.abort();
    watch::keep(&server).await;
    server.agents.keep().await;
    server.accounts.write().await;
    if let Some((exporter, task)) = exporting {
        task.abort();
        // What cannot be sent in time stays unsent.
        drop(tokio::time::timeout(LAST_EXPORT, exporter.flush()).await);
    }
    let parked = server.sessions.park().await;
    if parked > 0 {
        tracing::info!(parked, "sessions are parked");
    }
    Ok(())
}

fn pool(config: &Config, metrics: &Arc<Metrics>, watched: &Watched) -> Pool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Pool {
        threads: if config.workers == 0 { cores } else { config.workers },
        max_in_flight: config.max_in_flight,
        max_queue: Duration::from_secs_f64(config.max_queue_ms / 1e3),
        max_batch: config.max_batch,
        batch_wait: Duration::from_micros(config.batch_wait_us),
        in_flight: metrics.gauge("striatum_requests_in_flight", &[]),
        waiting: metrics.gauge("striatum_queue_depth", &[]),
        metrics: Arc::clone(metrics),
        watched: watched.clone(),
    }
}

/// Tells of threads and locks that stand still, with their place, until it is dropped.
fn watch_stalls(server: &Arc<Server>, watched: Watched) -> Option<Watchdog> {
    // A thread that steps networks may be busy with one request for as long as that may take.
    let thread_limit_seconds = server.config.request_timeout_seconds.clamp(1.0, 3600.0);
    let config = watchdog::Config { thread_limit_seconds, ..watchdog::Config::default() };
    let metrics = Arc::clone(&server.metrics);
    let told = Watchdog::start(&config, watched, move |stall| {
        let kind = match &stall {
            Stall::Runtime { .. } => "runtime",
            Stall::Worker { .. } => "runtime worker",
            Stall::Thread(_) => "worker",
            Stall::Lock { .. } => "lock",
        };
        metrics.counter("striatum_stalls_total", &[kind]).inc();
        tracing::error!(kind, %stall, "stalled");
    });
    told.map_err(|error| tracing::warn!(%error, "stalls are not watched for")).ok()
}

/// Sends what is seen to a collector, where one is configured.
fn exporter(
    config: &Config,
    (telemetry, metrics): (&Arc<Telemetry>, &Arc<Metrics>),
    clock: &Arc<dyn Clock>,
    instance: &str,
) -> Result<Option<OtlpExporter>, ServeError> {
    let Some(otlp) = config.export.otlp.clone() else { return Ok(None) };
    let signals = (Arc::clone(telemetry), Arc::clone(metrics));
    let exporter = OtlpExporter::new(otlp, signals, Arc::clone(clock), instance);
    exporter.map(Some).map_err(|e| ServeError::Config(vec![format!("export.otlp: {e}")]))
}

/// Sends samples to a remote store, where one is configured.
fn remote(
    config: &Config,
    metrics: &Metrics,
    clock: &Arc<dyn Clock>,
) -> Result<Option<(Poster, config::RemoteWrite)>, ServeError> {
    let Some(settings) = config.export.remote_write.clone() else { return Ok(None) };
    let poster = Poster::new("remote_write", metrics, Arc::clone(clock));
    let poster =
        poster.map_err(|e| ServeError::Config(vec![format!("export.remote_write: {e}")]))?;
    Ok(Some((poster, settings)))
}

/// Roll-outs go on where they stood when the server was stopped.
async fn take_up_rollouts(store: &Store, repository: &Repository) -> Result<(), ServeError> {
    for record in store.system().scan(ROLLOUTS, Range::default()).await?.records {
        match serde_json::from_slice(&record.value) {
            Ok(kept) => repository.keep(&record.key, kept),
            Err(error) => tracing::error!(%error, model = record.key, "roll-out is not kept"),
        }
    }
    Ok(())
}

async fn sweep(server: Arc<Server>) {
    let mut sweeps = 0_u64;
    loop {
        tokio::time::sleep(SWEEP).await;
        server.sessions.sweep(server.now());
        server.degradation.observe(server.workers.load());
        sweeps += 1;
        if sweeps.is_multiple_of(TENANT_SWEEPS) {
            server.tenants.sweep(now_ms());
        }
    }
}

async fn expire_letters(server: Arc<Server>) {
    loop {
        if let Err(error) = crate::dead_letters::expire(&server).await {
            tracing::error!(%error, "old dead letters stay");
        }
        tokio::time::sleep(EXPIRE).await;
    }
}

/// Makes a backup whenever one is due, and removes those that no rule keeps.
async fn back_up(server: Arc<Server>) {
    let Some(settings) = &server.config.backup else { return };
    let every = (settings.every_hours * 3600.0) as u64;
    loop {
        let last =
            backup::list(&settings.folder).ok().and_then(|all| all.last().map(|b| b.created));
        if let Some(last) = last {
            let shown = server.metrics.gauge("striatum_backup_last_success_time_seconds", &[]);
            shown.set(last as f64);
        }
        let due = last.map_or(0, |last| last + every);
        let wait = due.saturating_sub(now_ms() / 1000);
        // In steps: the clock may be set, and a machine may sleep.
        if wait > 0 {
            tokio::time::sleep(Duration::from_secs(wait.min(60))).await;
            continue;
        }
        let made = make_backup(&server, settings).await;
        let outcome = if made.is_ok() { "ok" } else { "failed" };
        server.metrics.counter("striatum_backups_total", &[outcome]).inc();
        let last = server.metrics.gauge("striatum_backup_last_success_time_seconds", &[]);
        if made.is_ok() {
            last.set(now_ms() as f64 / 1e3);
        }
        match made {
            Ok(described) => tracing::info!(name = described.name, "backup made"),
            Err(error) => {
                tracing::error!(%error, "no backup was made");
                tokio::time::sleep(BACKUP_RETRY).await;
            }
        }
    }
}

async fn make_backup(
    server: &Server,
    settings: &crate::config::Backup,
) -> Result<backup::Described, backup::BackupError> {
    let recipients = backup::Recipients::parse(&settings.recipients)?;
    let state = backup::StateSource::Store(&server.store);
    let source = backup::Source { state, models: &server.config.models };
    let made = backup::create(&source, &settings.folder, &recipients, now_ms() / 1000).await?;
    backup::prune(&settings.folder, &settings.keep, false)?;
    Ok(made)
}

/// Reads files of keys and certificates again, whenever it is told to.
async fn reload<R, F>(
    server: Arc<Server>,
    tls: Option<Arc<Certificates>>,
    mut told: R,
    settings: Settings,
) where
    R: FnMut() -> F,
    F: Future<Output = ()>,
{
    loop {
        told().await;
        let keys = server.security.reload();
        let certificates = tls.as_ref().map_or(Ok(()), |tls| tls.reload());
        match keys.and(certificates) {
            Ok(()) => tracing::info!("keys and certificates were read again"),
            Err(error) => tracing::error!(%error, "the old keys and certificates stay"),
        }
        match settings() {
            Ok(new) => server.change(&new),
            Err(error) => tracing::error!(error, "the old settings stay"),
        }
    }
}

impl Server {
    /// Takes up the settings that can change while the server runs, and says which cannot.
    fn change(&self, new: &Config) {
        let problems = new.problems();
        if !problems.is_empty() {
            return tracing::error!(?problems, "the old settings stay");
        }
        if let Err(error) = self.telemetry.set_levels(&new.logs.levels) {
            tracing::warn!(%error, "the levels of the log stay");
        }
        self.telemetry.set_sampling(new.tracing.clone());
        if let Err(error) = self.security.set_rate(&new.security) {
            tracing::error!(%error, "the rate limit stays");
        }
        self.accounts.set_plans(&new.tenants);
        let mut now = self.config.clone();
        (now.tracing, now.logs) = (new.tracing.clone(), new.logs.clone());
        now.tenants = new.tenants.clone();
        now.security.requests_per_second = new.security.requests_per_second;
        now.security.burst = new.security.burst;
        let table = |config: &Config| toml::Table::try_from(config).unwrap_or_default();
        let (now, new) = (table(&now), table(new));
        let keys = now.keys().chain(new.keys()).filter(|key| now.get(*key) != new.get(*key));
        let keys: std::collections::BTreeSet<&String> = keys.collect();
        if keys.is_empty() {
            tracing::info!("settings were read again");
        } else {
            tracing::warn!(?keys, "these settings change with the next start, the others have");
        }
    }
}
