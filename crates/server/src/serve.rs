//! Starting and stopping: load the models, listen, answer, and finish what was let in.

#![allow(clippy::disallowed_methods, reason = "the edge knows what time it is")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::serve::ListenerExt;
use observe::Metrics;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::config::Config;
use crate::error::ServeError;
use crate::http::router;
use crate::record::Signals;
use crate::repository::Repository;
use crate::request::Server;
use crate::workers::Workers;

/// Serves the models of a repository until `stop` is done.
///
/// `ready` is called once with the address and the models, when requests can be sent. On `stop` no
/// more connections are taken, `/ready` answers 503, and requests that were let in have
/// [`Config::stop_grace_seconds`] to finish.
///
/// # Errors
/// [`ServeError`]; a model that cannot be loaded is not one.
pub async fn serve(
    config: Config,
    ready: impl FnOnce(SocketAddr, &Repository),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let problems = config.problems();
    if !problems.is_empty() {
        return Err(ServeError::Config(problems));
    }
    let metrics = Metrics::new();
    metrics.say("striatum_build_info", &[env!("CARGO_PKG_VERSION")]);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics.gauge("process_start_time_seconds", &[]).set(since.as_secs_f64());
    let repository = Repository::load(&config.models, &metrics)?;
    let address = config.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if config.workers == 0 { cores } else { config.workers };
    let in_flight = metrics.gauge("striatum_requests_in_flight", &[]);
    let workers =
        Workers::start(threads, config.max_in_flight, in_flight).map_err(ServeError::Serve)?;
    let grace = Duration::from_secs_f64(config.stop_grace_seconds);
    let server = Arc::new(Server {
        unknown: Signals::of(&metrics, "unknown"),
        config,
        repository,
        workers,
        metrics,
        started: Instant::now(),
        stopping: AtomicBool::new(false),
    });
    ready(listener.local_addr().map_err(ServeError::Serve)?, &server.repository);

    let stopped = Arc::new(Notify::new());
    let (told, flag) = (Arc::clone(&stopped), Arc::clone(&server));
    let until = async move {
        stop.await;
        flag.stopping.store(true, Ordering::Relaxed);
        told.notify_one();
    };
    // Small answers leave at once; a connection that cannot be told so still works.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let serving = axum::serve(listener, router(server)).with_graceful_shutdown(until);
    tokio::select! {
        served = serving => served.map_err(ServeError::Serve),
        () = async { stopped.notified().await; tokio::time::sleep(grace).await } => {
            tracing::warn!(seconds = grace.as_secs_f64(), "requests did not finish in time");
            Ok(())
        }
    }
}
