//! The server watches itself: it gathers what it counts, keeps it, judges it and tells of it.

use std::sync::Arc;
use std::time::Duration;

use history::remote::{Protocol, SAMPLES_PER_REQUEST};
use observe::export::{Posted, Poster, SendError};
use store::StoreError;

use crate::config::RemoteWrite;
use crate::dead_letters;
use crate::health;
use crate::request::{Server, now_ms};

/// Time between two looks at what is unusual, and at what the process uses.
const SECOND: Duration = Duration::from_secs(1);

/// Time between two readings of the machine where no history is kept.
const READ: Duration = Duration::from_secs(5);

/// How often the history is tidied and what alerts do is kept.
const TIDY: Duration = Duration::from_secs(30);

/// Time between two probes of how late the runtime wakes a task.
const PROBE: Duration = Duration::from_millis(100);

/// Time between two counts of what lies in the store.
const COUNT: Duration = Duration::from_secs(30);

/// Time between two verifications of the audit log.
const VERIFY: Duration = Duration::from_secs(3600);

/// Looks at health, for ever.
pub(crate) async fn look(server: Arc<Server>) {
    loop {
        server.health.look();
        drop(server.health().await);
        tokio::time::sleep(health::LOOK).await;
    }
}

/// Counts dead letters, for ever.
pub(crate) async fn count(server: Arc<Server>) {
    loop {
        match letters(&server).await {
            Ok(waiting) => {
                let shown = server.metrics.gauge("striatum_dead_letters_waiting", &["any"]);
                shown.set(waiting as f64);
            }
            Err(error) => tracing::warn!(%error, "dead letters are not counted"),
        }
        tokio::time::sleep(COUNT).await;
    }
}

async fn letters(server: &Server) -> Result<u64, StoreError> {
    let mut waiting = 0;
    for tenant in server.store.tenants().await? {
        waiting += server.store.tenant(&tenant).usage(dead_letters::LETTERS).await?.records;
    }
    Ok(waiting)
}

/// Verifies the audit log, for ever.
pub(crate) async fn verify(server: Arc<Server>) {
    let whole = server.metrics.gauge("striatum_audit_whole", &[]);
    whole.set(1.0);
    loop {
        match server.security.audit.verify().await {
            Ok(verdict) => {
                whole.set(f64::from(u8::from(verdict.whole)));
                if let Some(problem) = verdict.problem {
                    tracing::error!(problem, "the audit log does not hold");
                }
            }
            Err(error) => tracing::warn!(%error, "the audit log is not verified"),
        }
        tokio::time::sleep(VERIFY).await;
    }
}

/// Keeps the history, judges it and looks for what is unusual in it, for ever, as far as that is
/// configured: without a history there is nothing to judge, and the machine is read for health alone.
pub(crate) async fn look_back(server: Arc<Server>) {
    if server.config.history.gather_seconds == 0.0 {
        return read(server).await;
    }
    let own = || Arc::clone(&server);
    tokio::join!(gather(own()), judge(own()), wonder(own()), tidy(own()));
}

/// Reads what the process and its machine use, for ever.
async fn read(server: Arc<Server>) {
    let mut every = interval(READ.as_secs_f64());
    loop {
        every.tick().await;
        server.reader.runtime();
        let own = Arc::clone(&server);
        blocking(move || own.reader.read()).await;
    }
}

/// Gathers every metric into the history, for ever.
async fn gather(server: Arc<Server>) {
    let mut every = interval(server.config.history.gather_seconds);
    for gathering in 1.. {
        every.tick().await;
        server.reader.runtime();
        let own = Arc::clone(&server);
        let work = move || {
            own.reader.read();
            own.past.gather(&own, now_ms() as i64, gathering);
        };
        blocking(work).await;
    }
}

/// Evaluates the rules, for ever, where that is configured.
async fn judge(server: Arc<Server>) {
    if server.config.alerting.interval_seconds == 0.0 {
        return;
    }
    let mut every = interval(server.config.alerting.interval_seconds);
    loop {
        every.tick().await;
        let (own, runtime) = (Arc::clone(&server), tokio::runtime::Handle::current());
        let work = move || {
            let _entered = runtime.enter();
            own.alarm.turn(&own, now_ms() as i64);
        };
        blocking(work).await;
    }
}

/// Looks for what is unusual, for ever.
async fn wonder(server: Arc<Server>) {
    let mut every = interval(SECOND.as_secs_f64());
    loop {
        every.tick().await;
        let own = Arc::clone(&server);
        blocking(move || own.alarm.watch(&own, now_ms() as i64)).await;
    }
}

/// Keeps the history in bounds and on disk, and what alerts do in the store, for ever.
async fn tidy(server: Arc<Server>) {
    loop {
        tokio::time::sleep(TIDY).await;
        keep(&server).await;
    }
}

/// Keeps what is to be there after the next start.
pub(crate) async fn keep(server: &Arc<Server>) {
    let own = Arc::clone(server);
    blocking(move || own.past.tidy(now_ms() as i64)).await;
    if let Err(error) = server.alarm.keep(server, now_ms() as i64).await {
        tracing::warn!(%error, "what alerts do is not kept");
    }
}

/// Keeps notifications that could not be sent as dead letters, for ever.
pub(crate) async fn letters_of_alarms(server: Arc<Server>) {
    let Some(mut letters) = server.alarm.letters() else { return };
    while let Some(letter) = letters.recv().await {
        if let Err(error) = dead_letters::put_notification(&server, &letter).await {
            tracing::error!(%error, ?letter, "a dead letter is not kept");
        }
    }
}

/// Says how late the runtime wakes tasks, for ever.
pub(crate) async fn delay(server: Arc<Server>) {
    let shown = server.metrics.histogram("striatum_runtime_delay_seconds", &[]);
    match resources::watch_delay(PROBE, |late| shown.observe(late.as_secs_f64())).await {}
}

fn interval(seconds: f64) -> tokio::time::Interval {
    let mut every = tokio::time::interval(Duration::from_secs_f64(seconds));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    every
}

/// Does work that may block where it holds nobody up.
async fn blocking(work: impl FnOnce() + Send + 'static) {
    if let Err(error) = tokio::task::spawn_blocking(work).await {
        tracing::error!(%error, "a part of the monitoring failed");
    }
}

/// Sends every sample to a remote store, for ever.
pub(crate) async fn send(server: Arc<Server>, poster: Poster, settings: RemoteWrite) {
    let mut every = interval(settings.interval_seconds);
    let protocol = if settings.version == 2 { Protocol::V2 } else { Protocol::V1 };
    loop {
        every.tick().await;
        let now = now_ms() as i64;
        for series in server.past.written(&server, now).chunks(SAMPLES_PER_REQUEST) {
            let sent = match history::remote::encode(protocol, series) {
                Ok(encoded) => {
                    let own = encoded.headers.iter().map(|(n, v)| ((*n).into(), (*v).into()));
                    let given = settings.headers.iter().map(|(n, v)| (n.clone(), v.clone()));
                    let headers = own.chain(given).collect();
                    let url = settings.url.clone();
                    poster.post(&Posted { url, headers, body: encoded.body }).await
                }
                Err(error) => Err(SendError::Gone(error.to_string())),
            };
            let outcome = if sent.is_ok() { "ok" } else { "failed" };
            server.metrics.counter("striatum_exports_total", &["remote_write", outcome]).inc();
            if let Err(error) = sent {
                tracing::debug!(%error, "samples were not sent");
            }
        }
    }
}
