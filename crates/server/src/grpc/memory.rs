//! Memories over gRPC: each method is the operation that HTTP has, with the same names, so that a
//! message becomes its request and an answer becomes a message through JSON. What is asked, counted
//! and refused stands there.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::memory as pb;
use api::memory::memory_server::Memory;
use axum::Json as Answer;
use axum::extract::{Path, State};
use memory::Existing;
use serde_json::Value;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use super::messages::{from, message, plain, read, written};
use super::{Answered, caller};
use crate::error::RequestError;
use crate::http::extract::{Json, Params, Whole};
use crate::http::{analysis, knowledge, memories};
use crate::request::Server;

/// The service.
pub(super) struct Remembered {
    pub(super) server: Arc<Server>,
}

impl Remembered {
    fn state(&self) -> State<Arc<Server>> {
        State(Arc::clone(&self.server))
    }
}

/// A hit; over HTTP its memory's fields stand beside the score.
fn hit(answer: Value) -> Result<pb::Hit, RequestError> {
    let mut hit: pb::Hit = message(serde_json::json!({
        "score": answer["score"], "explain": answer["explain"],
    }))?;
    hit.memory = Some(message(answer)?);
    Ok(hit)
}

#[tonic::async_trait]
impl Memory for Remembered {
    async fn store(&self, request: Request<pb::StoreRequest>) -> Answered<pb::StoreResponse> {
        let caller = caller(&request)?;
        let many = read(request.into_inner())?;
        let (_, Answer(stored)) = memories::store_many(self.state(), caller, Json(many)).await?;
        written(stored)
    }

    async fn search(&self, request: Request<pb::SearchRequest>) -> Answered<pb::SearchResponse> {
        let caller = caller(&request)?;
        let asked = read(request.into_inner())?;
        let Answer(found) = memories::search(self.state(), caller, Json(asked)).await?;
        let mut found = serde_json::to_value(found).map_err(|_| RequestError::Failed)?;
        let results = match found["results"].take() {
            Value::Array(results) => results,
            _ => Vec::new(),
        };
        let results: Result<Vec<pb::Hit>, RequestError> = results.into_iter().map(hit).collect();
        let more: pb::SearchResponse = message(found)?;
        Ok(Response::new(pb::SearchResponse { results: results?, ..more }))
    }

    async fn get(&self, request: Request<pb::GetRequest>) -> Answered<pb::MemoryItem> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(memories::one(self.state(), caller, id).await?.0)
    }

    async fn update(&self, request: Request<pb::UpdateRequest>) -> Answered<pb::MemoryItem> {
        let caller = caller(&request)?;
        let mut message = request.into_inner();
        let id = Path(std::mem::take(&mut message.id));
        let mut patch = serde_json::to_value(message).map_err(|_| RequestError::Failed)?;
        plain(&mut patch);
        patch.as_object_mut().and_then(|fields| fields.remove("id"));
        let patch = Json(from(patch)?);
        written(memories::update(self.state(), caller, id, patch).await?.0)
    }

    async fn delete(&self, request: Request<pb::DeleteRequest>) -> Answered<pb::DeleteResponse> {
        let caller = caller(&request)?;
        let pb::DeleteRequest { id, erase } = request.into_inner();
        let params = Params(memories::EraseParams { erase });
        memories::forget(self.state(), caller, Path(id), params).await?;
        Ok(Response::new(pb::DeleteResponse {}))
    }

    async fn history(&self, request: Request<pb::HistoryRequest>) -> Answered<pb::HistoryResponse> {
        let caller = caller(&request)?;
        let id = Path(request.into_inner().id);
        written(memories::history(self.state(), caller, id).await?.0)
    }

    async fn link(&self, request: Request<pb::LinkRequest>) -> Answered<pb::LinkResponse> {
        let caller = caller(&request)?;
        let spec = Json(read(request.into_inner())?);
        let (_, Answer(linked)) = knowledge::add_relation(self.state(), caller, spec).await?;
        written(linked)
    }

    async fn activate(
        &self,
        request: Request<pb::ActivateRequest>,
    ) -> Answered<pb::ActivateResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(knowledge::activate(self.state(), caller, asked).await?.0)
    }

    async fn analyze(&self, request: Request<pb::AnalyzeRequest>) -> Answered<pb::AnalyzeResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(analysis::analyze(self.state(), caller, asked).await?.0)
    }

    async fn as_of(&self, request: Request<pb::AsOfRequest>) -> Answered<pb::AsOfResponse> {
        let caller = caller(&request)?;
        let pb::AsOfRequest { id, at } = request.into_inner();
        let params = Params(memories::AtParams { at });
        let Answer(then) = memories::as_of(self.state(), caller, Path(id), params).await?;
        written(serde_json::json!({ "memory": then }))
    }

    type ExportStream = Pin<Box<dyn Stream<Item = Result<pb::ExportResponse, Status>> + Send>>;

    async fn export(&self, request: Request<pb::ExportRequest>) -> Answered<Self::ExportStream> {
        let caller = caller(&request)?;
        let lines = memories::exporting(&self.server, &caller).await?;
        let lines = tokio_stream::wrappers::ReceiverStream::new(lines);
        let lines = lines.map(|lines| Ok(pb::ExportResponse { lines }));
        Ok(Response::new(Box::pin(lines)))
    }

    async fn import(
        &self,
        request: Request<Streaming<pb::ImportRequest>>,
    ) -> Answered<pb::ImportResponse> {
        let caller = caller(&request)?;
        let seconds = self.server.config.request_timeout_seconds;
        let whole = whole(request.into_inner(), self.server.config.max_body_bytes);
        let late = |_| RequestError::TimedOut { seconds };
        let limit = Duration::from_secs_f64(seconds);
        let (existing, file) = tokio::time::timeout(limit, whole).await.map_err(late)??;
        let params = Params(memories::ExistingParams { existing });
        written(memories::import(self.state(), caller, params, Whole(file.into())).await?.0)
    }

    async fn stats(&self, request: Request<pb::StatsRequest>) -> Answered<pb::StatsResponse> {
        written(memories::stats(self.state(), caller(&request)?).await?.0)
    }
}

/// A file that comes in messages, no larger than a body of HTTP may be.
async fn whole(
    mut messages: Streaming<pb::ImportRequest>,
    limit: usize,
) -> Result<(Existing, Vec<u8>), Status> {
    let mut file = Vec::new();
    let mut existing = None;
    while let Some(message) = messages.message().await? {
        let said = existing.is_none().then_some(message.existing).flatten();
        existing = match said.as_deref() {
            Some("refuse" | "") | None => existing.or(Some(Existing::Refuse)),
            Some("skip") => Some(Existing::Skip),
            Some(other) => {
                let wrong = format!("existing: {other:?}, expected refuse or skip");
                return Err(RequestError::bad(wrong).into());
            }
        };
        if file.len() + message.lines.len() > limit {
            return Err(RequestError::TooLarge { limit }.into());
        }
        file.extend(message.lines);
    }
    Ok((existing.unwrap_or_default(), file))
}
