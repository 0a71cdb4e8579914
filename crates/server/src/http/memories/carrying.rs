//! Memories carried elsewhere over HTTP: written to a file, read from one, and all of them erased.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json as Answer;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use memory::Existing;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Shared;
use super::super::extract::{Json, Params, Whole};
use super::with;
use crate::error::RequestError;
use crate::request::{Server, now};
use crate::security::Caller;

/// What an import did.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ImportAnswer {
    memories: usize,
    skipped: usize,
    collections: usize,
    knowledge: usize,
}

/// That it is meant.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetRequest {
    /// The tenant's name, so that nobody empties another by mistake.
    tenant: String,
}

#[derive(Deserialize)]
pub(crate) struct ExistingParams {
    #[serde(default)]
    pub(crate) existing: Existing,
}

/// Begins an export; its lines come as they are read.
pub(crate) async fn exporting(
    server: &Arc<Server>,
    caller: &Caller,
) -> Result<tokio::sync::mpsc::Receiver<Vec<u8>>, RequestError> {
    let memory = server.memories.of(&caller.tenant).await?;
    let server = Arc::clone(server);
    // A few lines wait for whoever reads.
    let (lines, written) = tokio::sync::mpsc::channel(64);
    tokio::spawn(async move {
        let since = now();
        // A file that was cut off lacks its last line, and no import takes it.
        let done = memory.export(lines).await.map_err(RequestError::from);
        server.memories.signals.operations.record("move", done.as_ref().err(), since.elapsed());
    });
    Ok(written)
}

pub(super) async fn export(
    State(server): Shared,
    caller: Caller,
) -> Result<Response, RequestError> {
    let written = exporting(&server, &caller).await?;
    let written = tokio_stream::wrappers::ReceiverStream::new(written);
    let stream =
        tokio_stream::StreamExt::map(written, |line| Ok::<_, Infallible>(Bytes::from(line)));
    let kind = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"memory.jsonl\""),
    ];
    Ok((kind, axum::body::Body::from_stream(stream)).into_response())
}

pub(crate) async fn import(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<ExistingParams>,
    Whole(file): Whole,
) -> Result<Answer<ImportAnswer>, RequestError> {
    let done = with(&server, &caller, "move", async |memory| {
        Ok(memory.import(&file, params.existing).await?)
    })
    .await?;
    Ok(Answer(ImportAnswer {
        memories: done.memories,
        skipped: done.skipped,
        collections: done.collections,
        knowledge: done.knowledge,
    }))
}

pub(super) async fn reset(
    State(server): Shared,
    caller: Caller,
    Json(request): Json<ResetRequest>,
) -> Result<StatusCode, RequestError> {
    if request.tenant != caller.tenant.as_str() {
        return Err(RequestError::bad("tenant: expected the caller's own, by its name"));
    }
    with(&server, &caller, "erase", async |memory| Ok(memory.erase_all().await?)).await?;
    Ok(StatusCode::NO_CONTENT)
}
