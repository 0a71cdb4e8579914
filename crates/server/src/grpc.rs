//! gRPC: Open Inference Protocol v2 with Triton's extensions, memories (`grpc/memory.rs`), knowledge
//! (`grpc/knowledge.rs`), agents
//! (`grpc/agents.rs`), learners (`grpc/learners.rs`), health and
//! reflection, on the port that HTTP has. Every method is a route of the table below, with the role that it needs; what it
//! does stands where HTTP has it.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long calls take")]

mod agents;
mod knowledge;
mod learners;
mod memory;
mod messages;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use api::agent::agents_server::AgentsServer;
use api::inference as pb;
use api::inference::grpc_inference_service_server::{
    GrpcInferenceService, GrpcInferenceServiceServer,
};
use api::inference::infer_parameter::ParameterChoice;
use api::learner::learners_server::LearnersServer;
use api::learner::sessions_server::SessionsServer;
use api::memory::knowledge_server::KnowledgeServer;
use api::memory::memory_server::MemoryServer;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response as HttpResponse};
use tokio_stream::{Stream, StreamExt};
use tonic::{Code, Response, Status};

use crate::error::RequestError;
use crate::http::{Admitted, Asked, admit, configuration, is_ready, with_rates};
use crate::metadata::{EXTENSIONS, TensorMetadata, metadata};
use crate::record;
use crate::repository::Served;
use crate::request::{Server, Target};
use crate::security::{Access, Caller, Role};
use crate::statistics::Timed;
use crate::traced::Traced;
use crate::wire::{
    self, Answer, Data, InferRequest, InputTensor, OutputParameters, RequestParameters, SequenceId,
    TensorParameters, WantedOutput,
};

const INFERENCE: &str = "inference.GRPCInferenceService";
const MEMORY: &str = "striatum.memory.v1.Memory";
const KNOWLEDGE: &str = "striatum.memory.v1.Knowledge";
const AGENTS: &str = "striatum.agent.v1.Agents";
const LEARNERS: &str = "striatum.learner.v1.Learners";
const SESSIONS: &str = "striatum.learner.v1.Sessions";
const HEALTH: &str = "grpc.health.v1.Health";
const REFLECTION: &str = "ServerReflection";

/// The services' methods, and who may call them; what is not listed needs an administrator.
const METHODS: &[(&str, &str, Access)] = &[
    (INFERENCE, "ServerLive", Access::Anyone),
    (INFERENCE, "ServerReady", Access::Anyone),
    (INFERENCE, "ServerMetadata", Access::AtLeast(Role::Reader)),
    (INFERENCE, "ModelReady", Access::AtLeast(Role::Reader)),
    (INFERENCE, "ModelMetadata", Access::AtLeast(Role::Reader)),
    (INFERENCE, "ModelConfig", Access::AtLeast(Role::Reader)),
    (INFERENCE, "ModelStatistics", Access::AtLeast(Role::Reader)),
    (INFERENCE, "RepositoryIndex", Access::AtLeast(Role::Reader)),
    (INFERENCE, "ModelInfer", Access::AtLeast(Role::Writer)),
    (INFERENCE, "ModelStreamInfer", Access::AtLeast(Role::Writer)),
    (INFERENCE, "RepositoryModelLoad", Access::AtLeast(Role::Operator)),
    (INFERENCE, "RepositoryModelUnload", Access::AtLeast(Role::Operator)),
    (HEALTH, "Check", Access::Anyone),
    (HEALTH, "List", Access::Anyone),
    (HEALTH, "Watch", Access::Anyone),
    (REFLECTION, "ServerReflectionInfo", Access::AtLeast(Role::Reader)),
    (MEMORY, "Store", Access::AtLeast(Role::Writer)),
    (MEMORY, "Search", Access::AtLeast(Role::Reader)),
    (MEMORY, "Get", Access::AtLeast(Role::Reader)),
    (MEMORY, "Update", Access::AtLeast(Role::Writer)),
    (MEMORY, "Delete", Access::AtLeast(Role::Writer)),
    (MEMORY, "History", Access::AtLeast(Role::Reader)),
    (MEMORY, "Link", Access::AtLeast(Role::Writer)),
    (MEMORY, "Activate", Access::AtLeast(Role::Reader)),
    (MEMORY, "AsOf", Access::AtLeast(Role::Reader)),
    (MEMORY, "Export", Access::AtLeast(Role::Operator)),
    (MEMORY, "Import", Access::AtLeast(Role::Operator)),
    (MEMORY, "Stats", Access::AtLeast(Role::Reader)),
    (MEMORY, "Analyze", Access::AtLeast(Role::Reader)),
    (MEMORY, "Recall", Access::AtLeast(Role::Reader)),
    (MEMORY, "Learn", Access::AtLeast(Role::Writer)),
    (MEMORY, "Turn", Access::AtLeast(Role::Writer)),
    (MEMORY, "Intend", Access::AtLeast(Role::Writer)),
    (MEMORY, "ListIntentions", Access::AtLeast(Role::Reader)),
    (MEMORY, "Resume", Access::AtLeast(Role::Reader)),
    (MEMORY, "Complete", Access::AtLeast(Role::Writer)),
    (MEMORY, "Abandon", Access::AtLeast(Role::Writer)),
    (MEMORY, "Claim", Access::AtLeast(Role::Writer)),
    (MEMORY, "ListClaims", Access::AtLeast(Role::Reader)),
    (MEMORY, "Verify", Access::AtLeast(Role::Writer)),
    (MEMORY, "Calibration", Access::AtLeast(Role::Reader)),
    (MEMORY, "Thinking", Access::AtLeast(Role::Reader)),
    (MEMORY, "Insights", Access::AtLeast(Role::Reader)),
    (MEMORY, "Dream", Access::AtLeast(Role::Reader)),
    (MEMORY, "Connections", Access::AtLeast(Role::Reader)),
    (MEMORY, "RecordPattern", Access::AtLeast(Role::Writer)),
    (MEMORY, "ListPatterns", Access::AtLeast(Role::Reader)),
    (MEMORY, "DetectPatterns", Access::AtLeast(Role::Reader)),
    (MEMORY, "CognitiveProfile", Access::AtLeast(Role::Reader)),
    (MEMORY, "ListCompounds", Access::AtLeast(Role::Reader)),
    (MEMORY, "TakeSnapshot", Access::AtLeast(Role::Writer)),
    (MEMORY, "ListSnapshots", Access::AtLeast(Role::Reader)),
    (MEMORY, "CompareSnapshots", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "ListEntities", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "AddEntity", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "GetEntity", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "UpdateEntity", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "DeleteEntity", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "MergeEntities", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "Reorganise", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "GetProperty", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "EntityHistory", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "Neighbours", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "ListKinds", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "ListRelations", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "DeleteRelation", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "PruneRelations", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "ListFacts", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "AddFact", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "ReviseFact", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "DeleteFact", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "ContractFact", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "RestoreFact", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "FactHistory", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "Assumptions", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "ListPredicates", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "DeclarePredicate", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "ListContradictions", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "ResolveContradiction", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "ListBranches", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "AddBranch", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "DeleteBranch", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "DiffBranches", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "MergeBranch", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "SplitBranch", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "ConsolidateBranch", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "BranchHistory", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "PruneBranches", Access::AtLeast(Role::Writer)),
    (KNOWLEDGE, "ItemHistory", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "Reason", Access::AtLeast(Role::Reader)),
    (KNOWLEDGE, "Allocate", Access::AtLeast(Role::Reader)),
    (AGENTS, "CreateAgent", Access::AtLeast(Role::Writer)),
    (AGENTS, "ListAgents", Access::AtLeast(Role::Reader)),
    (AGENTS, "GetAgent", Access::AtLeast(Role::Reader)),
    (AGENTS, "ChangeAgent", Access::AtLeast(Role::Writer)),
    (AGENTS, "DeleteAgent", Access::AtLeast(Role::Writer)),
    (AGENTS, "Act", Access::AtLeast(Role::Writer)),
    (AGENTS, "Learn", Access::AtLeast(Role::Writer)),
    (AGENTS, "Reset", Access::AtLeast(Role::Writer)),
    (AGENTS, "Snapshot", Access::AtLeast(Role::Writer)),
    (AGENTS, "Undo", Access::AtLeast(Role::Writer)),
    (AGENTS, "Save", Access::AtLeast(Role::Writer)),
    (AGENTS, "Load", Access::AtLeast(Role::Writer)),
    (AGENTS, "GetPersona", Access::AtLeast(Role::Reader)),
    (AGENTS, "AdjustPersona", Access::AtLeast(Role::Writer)),
    (AGENTS, "Judge", Access::AtLeast(Role::Reader)),
    (AGENTS, "ListOverrides", Access::AtLeast(Role::Reader)),
    (AGENTS, "Lift", Access::AtLeast(Role::Admin)),
    (AGENTS, "EndOverride", Access::AtLeast(Role::Admin)),
    (AGENTS, "RequestLearning", Access::AtLeast(Role::Writer)),
    (AGENTS, "ListLearning", Access::AtLeast(Role::Reader)),
    (AGENTS, "GetLearning", Access::AtLeast(Role::Reader)),
    (AGENTS, "ApproveLearning", Access::AtLeast(Role::Operator)),
    (AGENTS, "DenyLearning", Access::AtLeast(Role::Operator)),
    (AGENTS, "ListVault", Access::AtLeast(Role::Operator)),
    (LEARNERS, "CreateLearner", Access::AtLeast(Role::Writer)),
    (LEARNERS, "ListLearners", Access::AtLeast(Role::Reader)),
    (LEARNERS, "GetLearner", Access::AtLeast(Role::Reader)),
    (LEARNERS, "ChangeLearner", Access::AtLeast(Role::Writer)),
    (LEARNERS, "DeleteLearner", Access::AtLeast(Role::Writer)),
    (LEARNERS, "Learn", Access::AtLeast(Role::Writer)),
    (LEARNERS, "Predict", Access::AtLeast(Role::Reader)),
    (LEARNERS, "Undo", Access::AtLeast(Role::Writer)),
    (LEARNERS, "Forget", Access::AtLeast(Role::Writer)),
    (LEARNERS, "Save", Access::AtLeast(Role::Writer)),
    (LEARNERS, "Load", Access::AtLeast(Role::Writer)),
    (SESSIONS, "SetLearning", Access::AtLeast(Role::Writer)),
    (SESSIONS, "Reward", Access::AtLeast(Role::Writer)),
    (SESSIONS, "Forget", Access::AtLeast(Role::Writer)),
];

/// The methods of the services of a package, each with its service: `Memory.Store`.
#[cfg(test)]
pub(crate) fn methods(package: &str) -> impl Iterator<Item = String> {
    let of = move |(service, method, _): &(&str, &str, Access)| {
        Some(format!("{}.{method}", service.strip_prefix(package)?))
    };
    METHODS.iter().filter_map(of)
}

/// The largest part of a message that is not tensors.
const MAX_ENVELOPE_BYTES: usize = 1 << 20;

/// Adds the services to the router.
pub(crate) fn add(router: Router<Arc<Server>>, server: &Arc<Server>) -> Router<Arc<Server>> {
    let limit = server.config.max_body_bytes + MAX_ENVELOPE_BYTES;
    let inference = GrpcInferenceServiceServer::new(Inference { server: Arc::clone(server) })
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    let remembered = memory::Remembered { server: Arc::clone(server) };
    let remembered = MemoryServer::new(remembered)
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    let knowing = knowledge::Knowing { server: Arc::clone(server) };
    let knowing = KnowledgeServer::new(knowing)
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    let agents = AgentsServer::new(agents::Acting { server: Arc::clone(server) })
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    let teaching = learners::Teaching { server: Arc::clone(server) };
    let learners = LearnersServer::new(teaching.clone())
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    let sessions = SessionsServer::new(teaching);
    let (reporter, health) = tonic_health::server::health_reporter();
    tokio::spawn(report_health(Arc::clone(server), reporter));
    let services = Router::new()
        .route_service("/inference.GRPCInferenceService/{method}", inference)
        .route_service("/striatum.memory.v1.Memory/{method}", remembered)
        .route_service("/striatum.memory.v1.Knowledge/{method}", knowing)
        .route_service("/striatum.agent.v1.Agents/{method}", agents)
        .route_service("/striatum.learner.v1.Learners/{method}", learners)
        .route_service("/striatum.learner.v1.Sessions/{method}", sessions)
        .route_service("/grpc.health.v1.Health/{method}", health);
    let (v1, v1alpha) = (reflection().build_v1(), reflection().build_v1alpha());
    // The descriptors are generated and hold; without them there is no reflection, and all else.
    let services = match (v1, v1alpha) {
        (Ok(v1), Ok(v1alpha)) => services
            .route_service("/grpc.reflection.v1.ServerReflection/{method}", v1)
            .route_service("/grpc.reflection.v1alpha.ServerReflection/{method}", v1alpha),
        _ => services,
    };
    let guarded = axum::middleware::from_fn_with_state(Arc::clone(server), guard);
    router.merge(services.layer(guarded))
}

/// What reflection tells of.
///
/// Not inlined: twice in one function, rustc 1.95 with thin LTO gave the second builder the first
/// one's vector of descriptors, after it was freed, and the program ended as it started.
#[inline(never)]
fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(api::DESCRIPTOR)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Tells health checks whether requests may be sent here.
async fn report_health(server: Arc<Server>, reporter: tonic_health::server::HealthReporter) {
    loop {
        let status = match is_ready(&server) {
            true => tonic_health::ServingStatus::Serving,
            false => tonic_health::ServingStatus::NotServing,
        };
        reporter.set_service_status("", status).await;
        reporter.set_service_status(INFERENCE, status).await;
        reporter.set_service_status(MEMORY, status).await;
        reporter.set_service_status(KNOWLEDGE, status).await;
        reporter.set_service_status(AGENTS, status).await;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

/// Who calls, may they, how often; a refusal is a gRPC status. Every call is counted.
async fn guard(State(server): State<Arc<Server>>, request: Request, next: Next) -> HttpResponse {
    let since = Instant::now();
    let mut path = request.uri().path().rsplit('/');
    let (method, service) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
    // Reflection has two versions.
    let is_of = |known: &str| service == known || known == REFLECTION && service.ends_with(known);
    let known = METHODS.iter().find(|(of, name, _)| *name == method && is_of(of));
    let unknown = ("", "unknown", Access::AtLeast(Role::Admin));
    let (_, method, access) = known.copied().unwrap_or(unknown);
    let traced = Traced::rpc(&server.telemetry, method, request.headers());
    let ended = |response: &HttpResponse| {
        let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |s| s.code());
        let ours =
            matches!(code, Code::Internal | Code::Unknown | Code::Unavailable | Code::DataLoss);
        ("rpc.grpc.status_code", code as i64, ours)
    };
    let passed = pass(&server, method, access, request, next);
    let response = traced.run(&server.telemetry, passed, ended).await;
    let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |s| s.code());
    record::rpc(&server.metrics, method, name_of(code), since.elapsed());
    response
}

/// A code by the name that the specification has.
fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

async fn pass(
    server: &Arc<Server>,
    method: &str,
    access: Access,
    mut request: Request,
    next: Next,
) -> HttpResponse {
    if access == Access::Anyone {
        return next.run(request).await;
    }
    let (rates, admitted) = admit(server, access, true, Asked::of(&request)).await;
    let mut response = match admitted {
        Ok(Admitted { caller, _account }) => {
            let subject = caller.subject.clone();
            request.extensions_mut().insert(caller);
            let response = next.run(request).await;
            if matches!(access, Access::AtLeast(role) if role >= Role::Operator) {
                let status = response.headers().get("grpc-status");
                let status = status.and_then(|s| s.to_str().ok()).unwrap_or("0").to_owned();
                let outcome = format!("grpc {status}");
                server.security.audit.note(&subject, method, "gRPC", &outcome).await;
            }
            response
        }
        Err(error) => Status::from(error).into_http::<axum::body::Body>().into_response(),
    };
    with_rates(&mut response, &rates);
    response
}

/// The service.
struct Inference {
    server: Arc<Server>,
}

type Answered<T> = Result<Response<T>, Status>;

/// The caller that the guard found.
fn caller<T>(request: &tonic::Request<T>) -> Result<Caller, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| RequestError::Failed.into())
}

/// A version, where it is said.
fn version(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

impl Inference {
    fn find(&self, caller: &Caller, name: &str, of: &str) -> Result<Arc<Served>, RequestError> {
        caller.uses(name)?;
        self.server.repository.find(name, version(of))
    }
}

#[tonic::async_trait]
impl GrpcInferenceService for Inference {
    async fn server_live(
        &self,
        _: tonic::Request<pb::ServerLiveRequest>,
    ) -> Answered<pb::ServerLiveResponse> {
        Ok(Response::new(pb::ServerLiveResponse { live: true }))
    }

    async fn server_ready(
        &self,
        _: tonic::Request<pb::ServerReadyRequest>,
    ) -> Answered<pb::ServerReadyResponse> {
        let ready = is_ready(&self.server);
        Ok(Response::new(pb::ServerReadyResponse { ready }))
    }

    async fn model_ready(
        &self,
        request: tonic::Request<pb::ModelReadyRequest>,
    ) -> Answered<pb::ModelReadyResponse> {
        let caller = caller(&request)?;
        let pb::ModelReadyRequest { name, version } = request.into_inner();
        let ready = match self.find(&caller, &name, &version) {
            Ok(_) => true,
            Err(RequestError::NotReady { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        Ok(Response::new(pb::ModelReadyResponse { ready }))
    }

    async fn server_metadata(
        &self,
        _: tonic::Request<pb::ServerMetadataRequest>,
    ) -> Answered<pb::ServerMetadataResponse> {
        Ok(Response::new(pb::ServerMetadataResponse {
            name: "striatum".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            extensions: EXTENSIONS.map(String::from).to_vec(),
        }))
    }

    async fn model_metadata(
        &self,
        request: tonic::Request<pb::ModelMetadataRequest>,
    ) -> Answered<pb::ModelMetadataResponse> {
        let caller = caller(&request)?;
        let pb::ModelMetadataRequest { name, version } = request.into_inner();
        let served = self.find(&caller, &name, &version)?;
        let about = metadata(&served.model, self.server.repository.versions(&name));
        let tensor = |tensor: TensorMetadata| pb::model_metadata_response::TensorMetadata {
            name: tensor.name,
            datatype: tensor.datatype.into(),
            shape: tensor.shape,
        };
        Ok(Response::new(pb::ModelMetadataResponse {
            name: about.name,
            versions: about.versions,
            platform: about.platform,
            inputs: about.inputs.into_iter().map(tensor).collect(),
            outputs: about.outputs.into_iter().map(tensor).collect(),
        }))
    }

    async fn model_config(
        &self,
        request: tonic::Request<pb::ModelConfigRequest>,
    ) -> Answered<pb::ModelConfigResponse> {
        let caller = caller(&request)?;
        let pb::ModelConfigRequest { name, version } = request.into_inner();
        let served = self.find(&caller, &name, &version)?;
        let told = configuration(&served.model, self.server.config.max_batch);
        let config = pb::ModelConfig {
            name: told.name,
            platform: told.platform,
            backend: told.backend,
            max_batch_size: i32::try_from(told.max_batch_size).unwrap_or(i32::MAX),
            input: told
                .input
                .into_iter()
                .map(|t| {
                    let data_type = data_type(&t.data_type);
                    pb::ModelInput { name: t.name, data_type, dims: t.dims }
                })
                .collect(),
            output: told
                .output
                .into_iter()
                .map(|t| {
                    let data_type = data_type(&t.data_type);
                    pb::ModelOutput { name: t.name, data_type, dims: t.dims }
                })
                .collect(),
        };
        Ok(Response::new(pb::ModelConfigResponse { config: Some(config) }))
    }

    async fn model_statistics(
        &self,
        request: tonic::Request<pb::ModelStatisticsRequest>,
    ) -> Answered<pb::ModelStatisticsResponse> {
        let caller = caller(&request)?;
        let pb::ModelStatisticsRequest { name, version } = request.into_inner();
        let served = match (name.is_empty(), version.is_empty()) {
            (true, _) => self.server.repository.served(),
            (false, false) => vec![self.find(&caller, &name, &version)?],
            (false, true) => {
                self.find(&caller, &name, "")?;
                let all = self.server.repository.served().into_iter();
                all.filter(|served| served.model.name == name).collect()
            }
        };
        let shown = served.iter().filter(|served| caller.may_use(&served.model.name));
        let model_stats = shown.map(|served| statistics(served)).collect();
        Ok(Response::new(pb::ModelStatisticsResponse { model_stats }))
    }

    async fn repository_index(
        &self,
        request: tonic::Request<pb::RepositoryIndexRequest>,
    ) -> Answered<pb::RepositoryIndexResponse> {
        let caller = caller(&request)?;
        let only_ready = request.into_inner().ready;
        let entry = |listed: crate::repository::Listed| {
            let state = if listed.reason.is_none() { "READY" } else { "UNAVAILABLE" };
            pb::repository_index_response::ModelIndex {
                name: listed.name,
                version: listed.version.to_string(),
                state: state.into(),
                reason: listed.reason.unwrap_or_default(),
            }
        };
        let all = self.server.repository.list().into_iter();
        let shown = all.filter(|l| caller.may_use(&l.name) && !(only_ready && l.reason.is_some()));
        Ok(Response::new(pb::RepositoryIndexResponse { models: shown.map(entry).collect() }))
    }

    async fn repository_model_load(
        &self,
        request: tonic::Request<pb::RepositoryModelLoadRequest>,
    ) -> Answered<pb::RepositoryModelLoadResponse> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let name = request.model_name;
        caller.uses(&name)?;
        crate::http::refuse_files(request.parameters.keys())?;
        let server = Arc::clone(&self.server);
        let load = tokio::task::spawn_blocking(move || server.repository.load(&name));
        load.await.map_err(|_| RequestError::Failed)??;
        Ok(Response::new(pb::RepositoryModelLoadResponse {}))
    }

    async fn repository_model_unload(
        &self,
        request: tonic::Request<pb::RepositoryModelUnloadRequest>,
    ) -> Answered<pb::RepositoryModelUnloadResponse> {
        let caller = caller(&request)?;
        let name = request.into_inner().model_name;
        caller.uses(&name)?;
        self.server.repository.unload(&name)?;
        Ok(Response::new(pb::RepositoryModelUnloadResponse {}))
    }

    async fn model_infer(
        &self,
        request: tonic::Request<pb::ModelInferRequest>,
    ) -> Answered<pb::ModelInferResponse> {
        let caller = caller(&request)?;
        let answer = infer(&self.server, &caller, request.into_inner()).await?;
        Ok(Response::new(answer))
    }

    type ModelStreamInferStream =
        Pin<Box<dyn Stream<Item = Result<pb::ModelStreamInferResponse, Status>> + Send>>;

    async fn model_stream_infer(
        &self,
        request: tonic::Request<tonic::Streaming<pb::ModelInferRequest>>,
    ) -> Answered<Self::ModelStreamInferStream> {
        let caller = caller(&request)?;
        let server = Arc::clone(&self.server);
        let answers = request.into_inner().then(move |message| {
            let (server, caller) = (Arc::clone(&server), caller.clone());
            async move {
                let answered = stands_and_infer(&server, &caller, message?).await;
                Ok(match answered {
                    Ok(answer) => pb::ModelStreamInferResponse {
                        error_message: String::new(),
                        infer_response: Some(answer),
                    },
                    Err(error) => pb::ModelStreamInferResponse {
                        error_message: error.to_string(),
                        infer_response: None,
                    },
                })
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// As [`infer`], of a stream that may be older than what became of its tenant.
async fn stands_and_infer(
    server: &Arc<Server>,
    caller: &Caller,
    request: pb::ModelInferRequest,
) -> Result<pb::ModelInferResponse, RequestError> {
    let _account = server.still_serves(caller).await?;
    infer(server, caller, request).await
}

/// The path of one request, with protobuf at both ends.
async fn infer(
    server: &Arc<Server>,
    caller: &Caller,
    request: pb::ModelInferRequest,
) -> Result<pb::ModelInferResponse, RequestError> {
    let (name, of) = (request.model_name.clone(), request.model_version.clone());
    caller.uses(&name)?;
    let target = Target { name: &name, version: version(&of) };
    let raw = request.inputs.iter().all(|input| input.contents.is_none());
    let answer = server.infer(caller, target, || read(request)).await?;
    Ok(write(answer, raw))
}

/// The wire type becomes ours.
fn read(request: pb::ModelInferRequest) -> Result<InferRequest, RequestError> {
    let pb::ModelInferRequest { id, parameters, inputs, outputs, raw_input_contents, .. } = request;
    let raw = !raw_input_contents.is_empty();
    if raw && raw_input_contents.len() != inputs.len() {
        let (expected, found) = (inputs.len(), raw_input_contents.len());
        return Err(RequestError::bad(format!(
            "raw_input_contents: expected {expected} as inputs, found {found}"
        )));
    }
    let mut problems = Vec::new();
    let mut raw_contents = raw_input_contents.into_iter();
    let mut tensors = Vec::new();
    for input in inputs {
        let values = match raw_contents.next() {
            Some(bytes) => wire::numbers(&input.datatype, &bytes),
            None => Ok(contents(input.contents.unwrap_or_default())),
        };
        let shape: Result<Vec<u64>, _> = input.shape.iter().map(|&d| u64::try_from(d)).collect();
        match (values, shape) {
            (Ok(values), Ok(shape)) => tensors.push(InputTensor {
                parameters: TensorParameters {
                    encoding: text(&input.parameters, "encoding"),
                    steps: number(&input.parameters, "steps"),
                    binary_data_size: None,
                },
                name: input.name,
                shape,
                datatype: input.datatype,
                data: Some(Data(values)),
            }),
            (Err(problem), _) => problems.push(format!("input {}: {problem}", input.name)),
            (_, Err(_)) => problems.push(format!(
                "input {}: shape {:?}, expected no negative axis",
                input.name, input.shape
            )),
        }
    }
    if !problems.is_empty() {
        return Err(RequestError::Bad(problems));
    }
    let wanted = |output: pb::model_infer_request::InferRequestedOutputTensor| WantedOutput {
        parameters: OutputParameters {
            binary_data: false,
            classification: number(&output.parameters, "classification")
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(0),
        },
        name: output.name,
    };
    Ok(InferRequest {
        id: (!id.is_empty()).then_some(id),
        parameters: RequestParameters {
            sequence_id: sequence(&parameters),
            sequence_start: flag(&parameters, "sequence_start"),
            sequence_end: flag(&parameters, "sequence_end"),
            binary_data_output: false,
        },
        inputs: tensors,
        outputs: (!outputs.is_empty()).then(|| outputs.into_iter().map(wanted).collect()),
    })
}

type Parameters = HashMap<String, pb::InferParameter>;

fn choice<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a ParameterChoice> {
    parameters.get(name)?.parameter_choice.as_ref()
}

fn text(parameters: &Parameters, name: &str) -> Option<String> {
    match choice(parameters, name)? {
        ParameterChoice::StringParam(text) => Some(text.clone()),
        _ => None,
    }
}

fn number(parameters: &Parameters, name: &str) -> Option<u64> {
    match choice(parameters, name)? {
        ParameterChoice::Int64Param(n) => u64::try_from(*n).ok(),
        ParameterChoice::Uint64Param(n) => Some(*n),
        _ => None,
    }
}

fn flag(parameters: &Parameters, name: &str) -> bool {
    matches!(choice(parameters, name), Some(ParameterChoice::BoolParam(true)))
}

fn sequence(parameters: &Parameters) -> Option<SequenceId> {
    let word = text(parameters, "sequence_id").map(SequenceId::Word);
    word.or_else(|| number(parameters, "sequence_id").map(SequenceId::Number))
}

/// The values of whichever list holds some.
fn contents(contents: pb::InferTensorContents) -> Vec<f32> {
    let pb::InferTensorContents {
        bool_contents,
        int_contents,
        int64_contents,
        uint_contents,
        uint64_contents,
        fp32_contents,
        fp64_contents,
        bytes_contents: _,
    } = contents;
    let mut values = fp32_contents;
    values.extend(bool_contents.into_iter().map(|v| f32::from(u8::from(v))));
    values.extend(int_contents.into_iter().map(|v| v as f32));
    values.extend(int64_contents.into_iter().map(|v| v as f32));
    values.extend(uint_contents.into_iter().map(|v| v as f32));
    values.extend(uint64_contents.into_iter().map(|v| v as f32));
    values.extend(fp64_contents.into_iter().map(|v| v as f32));
    values
}

/// An answer on the wire; as raw bytes where the request's values were.
fn write(answer: Answer, raw: bool) -> pb::ModelInferResponse {
    let mut response = pb::ModelInferResponse {
        model_name: answer.model_name,
        model_version: answer.model_version,
        id: answer.id.unwrap_or_default(),
        parameters: answer
            .parameters
            .into_iter()
            .map(|(name, n)| {
                let choice = ParameterChoice::Int64Param(i64::try_from(n).unwrap_or(i64::MAX));
                (name.to_owned(), pb::InferParameter { parameter_choice: Some(choice) })
            })
            .collect(),
        outputs: Vec::new(),
        raw_output_contents: Vec::new(),
    };
    for tensor in answer.outputs {
        let mut contents = None;
        if raw {
            let mut bytes = Vec::new();
            tensor.data.write(&mut bytes);
            response.raw_output_contents.push(bytes);
        } else {
            contents = Some(tensor.data.contents());
        }
        response.outputs.push(pb::model_infer_response::InferOutputTensor {
            name: tensor.name,
            datatype: tensor.datatype.into(),
            shape: tensor.shape.iter().map(|&d| d as i64).collect(),
            parameters: HashMap::new(),
            contents,
        });
    }
    response
}

fn data_type(name: &str) -> i32 {
    pb::DataType::from_str_name(name).unwrap_or(pb::DataType::TypeInvalid).into()
}

fn statistics(served: &Served) -> pb::ModelStatistics {
    let counted = served.statistics.read();
    let timed = |timed: Timed| Some(pb::StatisticDuration { count: timed.count, ns: timed.ns });
    let none = || timed(Timed::default());
    let batch = |(size, took): (&u64, &Timed)| pb::InferBatchStatistics {
        batch_size: *size,
        compute_input: none(),
        compute_infer: timed(*took),
        compute_output: none(),
    };
    pb::ModelStatistics {
        name: served.model.name.clone(),
        version: served.model.version.to_string(),
        last_inference: counted.last_inference,
        inference_count: counted.inference_count,
        execution_count: counted.execution_count,
        inference_stats: Some(pb::InferStatistics {
            success: timed(counted.success),
            fail: timed(counted.fail),
            queue: timed(counted.queue),
            compute_input: none(),
            compute_infer: timed(counted.compute_infer),
            compute_output: none(),
            cache_hit: none(),
            cache_miss: none(),
        }),
        batch_stats: counted.batches.iter().map(batch).collect(),
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::FileDescriptorSet;

    use super::*;

    /// A method that nobody listed would need an administrator, and nobody would notice.
    #[test]
    fn every_method_of_ours_says_who_may_call_it() {
        let set = FileDescriptorSet::decode(api::DESCRIPTOR).unwrap();
        let mut n = 0;
        for file in set.file {
            for service in &file.service {
                let name = format!("{}.{}", file.package(), service.name());
                for method in &service.method {
                    let of = |known: &&(&str, &str, Access)| {
                        (known.0, known.1) == (&name, method.name())
                    };
                    assert!(METHODS.iter().any(|known| of(&known)), "{name}/{}", method.name());
                    n += 1;
                }
            }
        }
        assert!(n > 60, "{n}");
    }

    #[test]
    fn every_method_has_room_among_the_values_of_its_label() {
        let names: std::collections::BTreeSet<_> =
            METHODS.iter().map(|(_, name, _)| name).collect();
        let most = catalogue::label::RPC.most;
        assert!(names.len() < most, "{} of {most}", names.len());
    }
}
