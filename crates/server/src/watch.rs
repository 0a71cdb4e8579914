//! The server watches itself: it gathers what it counts, keeps it, judges it and tells of it.

use std::sync::Arc;
use std::time::Duration;

use store::StoreError;

use crate::dead_letters;
use crate::health;
use crate::request::Server;

/// Time from one gathering of every metric to the next.
pub(crate) const GATHER: Duration = Duration::from_secs(5);

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
