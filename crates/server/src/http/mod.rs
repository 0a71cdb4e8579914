//! HTTP: one table of operations becomes the router, the roles, the audit log and the OpenAPI
//! document; the handlers stand beside it by subject.

mod admin;
pub(crate) mod agents;
mod alerts;
pub(crate) mod analysis;
pub(crate) mod assumptions;
pub(crate) mod branches;
pub(crate) mod classes;
pub(crate) mod cognition;
mod dead_letters;
mod experiments;
pub(crate) mod extract;
mod guard;
mod inference;
pub(crate) mod intentions;
pub(crate) mod knowledge;
pub(crate) mod laws;
pub(crate) mod learners;
pub(crate) mod memories;
mod models;
mod openapi;
mod operation;
mod pages;
mod parameters;
mod profiles;
mod query;
pub(crate) mod reason;
pub(crate) mod reflection;
pub(crate) mod sessions;
mod stream;
mod system;
mod tenants;
pub(crate) mod vocabulary;
mod watching;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use tower_http::decompression::RequestDecompressionLayer;

use crate::error::RequestError;
use crate::grpc;
use crate::record::RouteSignals;
use crate::request::Server;

pub(crate) use extract::Whole;
pub(crate) use guard::{Admitted, Asked, admit, with_rates};
pub(crate) use inference::configuration;
pub(crate) use models::refuse_files;
pub(crate) use operation::Operation;
pub(crate) use sessions::{random_bytes, random_id};
pub(crate) use system::is_ready;

type Shared = State<Arc<Server>>;

/// Every operation, by subject.
pub(crate) fn operations() -> Vec<Operation> {
    [
        system::operations(),
        inference::operations(),
        models::operations(),
        sessions::operations(),
        experiments::operations(),
        memories::operations(),
        intentions::operations(),
        knowledge::operations(),
        analysis::operations(),
        assumptions::operations(),
        vocabulary::operations(),
        classes::operations(),
        branches::operations(),
        reason::operations(),
        reflection::operations(),
        cognition::operations(),
        agents::operations(),
        learners::operations(),
        laws::operations(),
        dead_letters::operations(),
        admin::operations(),
        tenants::operations(),
        watching::operations(),
        alerts::operations(),
        query::operations(),
        profiles::operations(),
        pages::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) fn router(server: &Arc<Server>) -> Router {
    let mut router: Router<Arc<Server>> = Router::new();
    // Other protocols stand behind the same guard, and in no OpenAPI document.
    for operation in operations().into_iter().chain([crate::mcp::operation()]) {
        let (path, access, counts) = (operation.path, operation.access, operation.counts);
        let signals = Arc::new(RouteSignals::of(&server.metrics, path));
        let server = Arc::clone(server);
        let guarded = guard::Guarded { server, id: operation.id, access, counts, signals };
        let layer = axum::middleware::from_fn_with_state(guarded, guard::guard);
        for path in std::iter::once(path).chain(operation.alias) {
            router = router.route(path, operation.handler.clone().layer(layer.clone()));
        }
    }
    grpc::add(router, server)
        .method_not_allowed_fallback(|| async { RequestError::Method })
        .fallback(|| async {
            RequestError::NotFound("no such route; GET /openapi.json lists them".to_owned())
        })
        .layer(RequestDecompressionLayer::new())
        .layer(axum::middleware::from_fn_with_state(Arc::clone(server), guard::finish))
        .with_state(Arc::clone(server))
}
