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
use serde::Serialize;
use serde_json::Value;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use super::messages::{body, from, plain, read, written};
use super::{Answered, caller};
use crate::error::RequestError;
use crate::http::extract::{Json, JsonIfAny, Params, Whole};
use crate::http::{analysis, cognition, intentions, knowledge, memories, reflection};
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

/// What stands beside a memory that was found, and beside an intention that is touched.
const HIT: [&str; 2] = ["score", "explain"];
const TOUCHED: [&str; 3] = ["score", "words", "due"];

/// An answer in which memories of lists are messages of their own; over HTTP their fields stand
/// beside the others, which are named with the list.
fn nested(answer: impl Serialize, lists: &[(&str, &[&str])]) -> Result<Value, RequestError> {
    let mut answer = serde_json::to_value(answer).map_err(|_| RequestError::Failed)?;
    for (list, beside) in lists {
        let Some(Value::Array(items)) = answer.pointer_mut(list) else { continue };
        for item in items {
            let mut outer = serde_json::Map::new();
            for name in *beside {
                if let Some(value) = item.get_mut(*name) {
                    outer.insert((*name).to_owned(), value.take());
                }
            }
            outer.insert("memory".to_owned(), item.take());
            *item = Value::Object(outer);
        }
    }
    Ok(answer)
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
        written(nested(found, &[("/results", &HIT)])?)
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
        let asked = Params(memories::StatsParams::default());
        written(memories::stats(self.state(), caller(&request)?, asked).await?.0)
    }

    async fn recall(&self, request: Request<pb::RecallRequest>) -> Answered<pb::RecallResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        let recalled = memories::recall(self.state(), caller, asked).await?.0;
        written(nested(recalled, &[("/results", &HIT)])?)
    }

    async fn learn(&self, request: Request<pb::LearnRequest>) -> Answered<pb::LearnResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(memories::learn(self.state(), caller, asked).await?.0)
    }

    async fn turn(&self, request: Request<pb::TurnRequest>) -> Answered<pb::TurnResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        let turned = memories::turn(self.state(), caller, asked).await?.0;
        written(nested(turned, &[("/recalled/results", &HIT), ("/intentions", &TOUCHED)])?)
    }

    async fn intend(&self, request: Request<pb::IntendRequest>) -> Answered<pb::Stored> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(intentions::intend(self.state(), caller, asked).await?.1.0)
    }

    async fn list_intentions(
        &self,
        request: Request<pb::ListAttitudesRequest>,
    ) -> Answered<pb::ListAttitudesResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(intentions::intentions(self.state(), caller, params).await?.0)
    }

    async fn resume(&self, request: Request<pb::ResumeRequest>) -> Answered<pb::ResumeResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        let touched = intentions::resume(self.state(), caller, asked).await?.0;
        written(nested(touched, &[("/results", &TOUCHED)])?)
    }

    async fn complete(&self, request: Request<pb::EndRequest>) -> Answered<pb::MemoryItem> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        let Json(end) = body(message)?;
        written(intentions::complete(self.state(), caller, id, JsonIfAny(Some(end))).await?.0)
    }

    async fn abandon(&self, request: Request<pb::EndRequest>) -> Answered<pb::MemoryItem> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        let Json(end) = body(message)?;
        written(intentions::abandon(self.state(), caller, id, JsonIfAny(Some(end))).await?.0)
    }

    async fn claim(&self, request: Request<pb::ClaimRequest>) -> Answered<pb::Stored> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(intentions::claim(self.state(), caller, asked).await?.1.0)
    }

    async fn list_claims(
        &self,
        request: Request<pb::ListAttitudesRequest>,
    ) -> Answered<pb::ListAttitudesResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(intentions::claims(self.state(), caller, params).await?.0)
    }

    async fn verify(&self, request: Request<pb::VerifyRequest>) -> Answered<pb::MemoryItem> {
        let caller = caller(&request)?;
        let message = request.into_inner();
        let id = Path(message.id.clone());
        written(intentions::verify(self.state(), caller, id, body(message)?).await?.0)
    }

    async fn calibration(
        &self,
        request: Request<pb::CalibrationRequest>,
    ) -> Answered<pb::CalibrationResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(intentions::calibration(self.state(), caller, params).await?.0)
    }

    async fn thinking(
        &self,
        request: Request<pb::ThinkingRequest>,
    ) -> Answered<pb::ThinkingResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(reflection::thinking(self.state(), caller, params).await?.0)
    }

    async fn insights(
        &self,
        request: Request<pb::InsightsRequest>,
    ) -> Answered<pb::InsightsResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        let told = reflection::insights(self.state(), caller, params).await?.0;
        let lists: [(&str, &[&str]); 2] =
            [("/claims_gone_wrong", &["cost"]), ("/stale_intentions", &["overdue", "idle_days"])];
        written(nested(told, &lists)?)
    }

    async fn dream(&self, request: Request<pb::DreamRequest>) -> Answered<pb::DreamResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(reflection::dream(self.state(), caller, asked).await?.0)
    }

    async fn connections(
        &self,
        request: Request<pb::ConnectionsRequest>,
    ) -> Answered<pb::ConnectionsResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(reflection::connections(self.state(), caller, params).await?.0)
    }

    async fn record_pattern(
        &self,
        request: Request<pb::RecordPatternRequest>,
    ) -> Answered<pb::Stored> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(cognition::record(self.state(), caller, asked).await?.1.0)
    }

    async fn list_patterns(
        &self,
        request: Request<pb::ListPatternsRequest>,
    ) -> Answered<pb::ListAttitudesResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(cognition::patterns(self.state(), caller, params).await?.0)
    }

    async fn detect_patterns(
        &self,
        request: Request<pb::DetectPatternsRequest>,
    ) -> Answered<pb::DetectPatternsResponse> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        let detected = cognition::detect(self.state(), caller, asked).await?.0;
        written(nested(detected, &[("/triggered", &["score"])])?)
    }

    async fn cognitive_profile(
        &self,
        request: Request<pb::CognitiveProfileRequest>,
    ) -> Answered<pb::CognitiveProfileResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(cognition::profile(self.state(), caller, params).await?.0)
    }

    async fn list_compounds(
        &self,
        request: Request<pb::ListCompoundsRequest>,
    ) -> Answered<pb::ListCompoundsResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(cognition::compounds(self.state(), caller, params).await?.0)
    }

    async fn take_snapshot(
        &self,
        request: Request<pb::TakeSnapshotRequest>,
    ) -> Answered<pb::Stored> {
        let caller = caller(&request)?;
        let asked = Json(read(request.into_inner())?);
        written(cognition::mark(self.state(), caller, asked).await?.1.0)
    }

    async fn list_snapshots(
        &self,
        request: Request<pb::ListSnapshotsRequest>,
    ) -> Answered<pb::ListAttitudesResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(cognition::snapshots(self.state(), caller, params).await?.0)
    }

    async fn compare_snapshots(
        &self,
        request: Request<pb::CompareSnapshotsRequest>,
    ) -> Answered<pb::CompareSnapshotsResponse> {
        let caller = caller(&request)?;
        let params = Params(read(request.into_inner())?);
        written(cognition::compare(self.state(), caller, params).await?.0)
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
