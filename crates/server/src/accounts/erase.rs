//! Everything of a tenant is erased for good. It is noted first that this was begun, so that what a
//! crash cuts short is finished when the server starts again, or when it is asked for again.

use std::time::Duration;

use store::{StoreError, TenantId};

use crate::error::RequestError;
use crate::experiments;
use crate::request::Server;

/// Time between two looks whether calls of the tenant have ended.
const LOOK: Duration = Duration::from_millis(10);

/// What was erased.
pub(crate) struct Erased {
    pub(crate) keys: u64,
    pub(crate) records: u64,
}

/// Ends the keys of a tenant, waits for its calls, and erases what it has.
///
/// # Errors
/// [`RequestError::Conflict`] where calls of it do not end; [`RequestError::Unavailable`]. Its calls
/// are refused from then on, and asking again goes on.
pub(crate) async fn erase(server: &Server, tenant: &TenantId) -> Result<Erased, RequestError> {
    server.accounts.change(tenant, |settings| settings.erasing = true).await?;
    let keys = server.security.keys.remove_all(tenant).await?;
    experiments::discard(server, tenant);
    quiet(server, tenant).await?;
    // One that a call began while it was waited for.
    experiments::discard(server, tenant);
    server.memories.discard(tenant).await?;
    server.agents.discard(tenant).await;
    server.learners.discard(tenant).await;
    server.sessions.discard(tenant);
    let handle = server.store.tenant(tenant);
    let mut records = 0;
    // Again until nothing is there: what was being written when the first ended is gone as well.
    while let n @ 1.. = handle.erase().await? {
        records += n;
    }
    server.accounts.forget(tenant).await?;
    server.tenants.forget(tenant.as_str());
    Ok(Erased { keys, records })
}

/// Waits until no call of a tenant is being answered, no longer than one may take.
async fn quiet(server: &Server, tenant: &TenantId) -> Result<(), RequestError> {
    let limit = Duration::from_secs_f64(server.config.request_timeout_seconds);
    let wait = async {
        while server.accounts.is_busy(tenant) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(limit, wait).await.map_err(|_| {
        RequestError::Conflict(format!(
            "tenant {tenant}: its keys are gone and its calls are refused, but some that were let \
             in before have not ended; ask again"
        ))
    })
}

/// Finishes what was begun before the server was stopped.
///
/// # Errors
/// [`StoreError`] where it is not known what was begun.
pub(crate) async fn finish(server: &Server) -> Result<(), StoreError> {
    for (tenant, settings) in server.accounts.given().await? {
        if !settings.erasing {
            continue;
        }
        match erase(server, &tenant).await {
            Ok(erased) => tracing::info!(%tenant, records = erased.records, "erased"),
            Err(error) => tracing::error!(%error, %tenant, "not erased yet"),
        }
    }
    Ok(())
}
