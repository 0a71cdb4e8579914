//! Open Inference Protocol v2: models, their metadata, inference; Triton's statistics and
//! configuration.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Shared;
use super::extract::Whole;
use super::operation::{Operation, json};
use super::system::{ModelState, listed};
use crate::error::RequestError;
use crate::metadata::{ModelMetadata, metadata};
use crate::model::Model;
use crate::repository::Served;
use crate::request::{Server, Target};
use crate::security::{Access, Caller, Role};
use crate::statistics::{Counted, Timed};
use crate::wire::{self, InferRequest};

/// The header that says how long the JSON of a body is.
const JSON_LENGTH: &str = "inference-header-content-length";

pub(crate) fn operations() -> Vec<Operation> {
    let reader = |path, id, handler| {
        Operation::new(("GET", path), id, Access::AtLeast(Role::Reader), handler)
    };
    let writer = |path, id, handler| {
        let access = Access::AtLeast(Role::Writer);
        Operation::new(("POST", path), id, access, handler)
            .takes(json::<InferRequest>())
            .gives(json::<InferResponse>())
            .or("application/octet-stream")
    };
    let metadata = |path, id, handler| {
        reader(path, id, handler)
            .says("inference", "What a model takes and gives.")
            .gives(json::<ModelMetadata>())
    };
    let ready = |path, id, handler| {
        reader(path, id, handler)
            .says("inference", "Whether a model can be served.")
            .gives(json::<Ready>())
    };
    let config = |path, id, handler| {
        reader(path, id, handler)
            .says("inference", "A model's configuration, as Triton tells it.")
            .gives(json::<ModelConfiguration>())
    };
    let statistics = |path, id, handler| {
        reader(path, id, handler)
            .says("inference", "What models have done, as Triton counts it.")
            .gives(json::<StatisticsList>())
    };
    let infer = "Runs a network on a batch of sequences, or on the next steps of a session.";
    vec![
        reader("/v2/models", "list_models", get(models))
            .says("inference", "Every version of every model.")
            .gives(json::<ModelList>()),
        metadata("/v2/models/{name}", "model_metadata", get(describe)),
        metadata("/v2/models/{name}/versions/{version}", "version_metadata", get(describe_version)),
        ready("/v2/models/{name}/ready", "model_ready", get(is_ready)),
        ready("/v2/models/{name}/versions/{version}/ready", "version_ready", get(version_is_ready)),
        config("/v2/models/{name}/config", "model_config", get(configure)),
        config(
            "/v2/models/{name}/versions/{version}/config",
            "version_config",
            get(configure_version),
        ),
        statistics("/v2/models/stats", "statistics", get(all_statistics)),
        statistics("/v2/models/{name}/stats", "model_statistics", get(model_statistics)),
        statistics(
            "/v2/models/{name}/versions/{version}/stats",
            "version_statistics",
            get(version_statistics),
        ),
        writer("/v2/models/{name}/infer", "infer", post(infer_model)).says("inference", infer),
        writer("/v2/models/{name}/versions/{version}/infer", "infer_version", post(infer_version))
            .says("inference", infer),
    ]
}

/// Every version of every model.
#[derive(Serialize, JsonSchema)]
struct ModelList {
    /// One entry for each version.
    models: Vec<ModelState>,
}

/// Whether a model can be served.
#[derive(Serialize, JsonSchema)]
struct Ready {
    /// The model.
    name: String,
    /// It can.
    ready: bool,
}

/// An answer, as it is written.
#[derive(Serialize, JsonSchema)]
pub(crate) struct InferResponse {
    /// The model.
    model_name: String,
    /// Its version.
    model_version: String,
    /// The request's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// What it took: steps, spikes, synaptic operations, and microseconds.
    parameters: std::collections::BTreeMap<String, Value>,
    /// The outputs.
    outputs: Vec<OutputTensor>,
}

/// One output.
#[derive(Serialize, JsonSchema)]
struct OutputTensor {
    /// Its name.
    name: String,
    /// The type of its values: FP32, INT64 or BYTES.
    datatype: String,
    /// Its axes.
    shape: Vec<u64>,
    /// Its values in row-major order; absent where they stand behind the JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<Value>>,
}

/// Statistics of versions of models.
#[derive(Serialize, JsonSchema)]
struct StatisticsList {
    /// One entry for each version.
    model_stats: Vec<ModelStatistics>,
}

/// Statistics of one version, since it was loaded.
#[derive(Serialize, JsonSchema)]
struct ModelStatistics {
    /// The model.
    name: String,
    /// The version.
    version: String,
    /// When the last request was answered (milliseconds since 1970).
    last_inference: u64,
    /// Sequences that were answered.
    inference_count: u64,
    /// Times that a worker took requests together.
    execution_count: u64,
    /// Requests by how they ended, and where their time went.
    inference_stats: InferenceStatistics,
    /// Executions by the number of sequences in them.
    batch_stats: Vec<BatchStatistics>,
}

/// Requests by how they ended, and where their time went.
#[derive(Serialize, JsonSchema)]
struct InferenceStatistics {
    success: Timed,
    fail: Timed,
    queue: Timed,
    compute_input: Timed,
    compute_infer: Timed,
    compute_output: Timed,
    cache_hit: Timed,
    cache_miss: Timed,
}

/// Executions of one size.
#[derive(Serialize, JsonSchema)]
struct BatchStatistics {
    /// Sequences in one execution.
    batch_size: u64,
    compute_input: Timed,
    compute_infer: Timed,
    compute_output: Timed,
}

async fn models(State(server): Shared, caller: Caller) -> Json<ModelList> {
    let mut models = listed(&server);
    models.retain(|model| caller.may_use(&model.name));
    Json(ModelList { models })
}

fn found(
    server: &Server,
    caller: &Caller,
    name: &str,
    version: Option<&str>,
) -> Result<std::sync::Arc<Served>, RequestError> {
    caller.uses(name)?;
    server.repository.find(name, version)
}

fn described(
    server: &Server,
    caller: &Caller,
    name: &str,
    version: Option<&str>,
) -> Result<Json<ModelMetadata>, RequestError> {
    let served = found(server, caller, name, version)?;
    Ok(Json(metadata(&served.model, server.repository.versions(name))))
}

async fn describe(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ModelMetadata>, RequestError> {
    described(&server, &caller, &name, None)
}

async fn describe_version(
    State(server): Shared,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<ModelMetadata>, RequestError> {
    described(&server, &caller, &name, Some(&version))
}

async fn is_ready(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Ready>, RequestError> {
    found(&server, &caller, &name, None)?;
    Ok(Json(Ready { name, ready: true }))
}

async fn version_is_ready(
    State(server): Shared,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<Ready>, RequestError> {
    found(&server, &caller, &name, Some(&version))?;
    Ok(Json(Ready { name, ready: true }))
}

/// A model's configuration: the part of Triton's that a network here has.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ModelConfiguration {
    /// The model.
    pub(crate) name: String,
    /// What kind of model it is.
    pub(crate) platform: String,
    /// What runs it.
    pub(crate) backend: String,
    /// Sequences of one request.
    pub(crate) max_batch_size: usize,
    /// What it takes.
    pub(crate) input: Vec<ConfiguredTensor>,
    /// What it gives.
    pub(crate) output: Vec<ConfiguredTensor>,
}

/// A tensor of a configuration.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ConfiguredTensor {
    /// Its name.
    pub(crate) name: String,
    /// The type of its values: TYPE_FP32, TYPE_INT64 or TYPE_STRING.
    pub(crate) data_type: String,
    /// Its axes without the batch.
    pub(crate) dims: Vec<i64>,
}

pub(crate) fn configuration(model: &Model, max_batch: usize) -> ModelConfiguration {
    let about = metadata(model, Vec::new());
    let tensor = |tensor: crate::metadata::TensorMetadata| ConfiguredTensor {
        name: tensor.name,
        data_type: match tensor.datatype {
            "BYTES" => "TYPE_STRING".to_owned(),
            other => format!("TYPE_{other}"),
        },
        dims: tensor.shape[1..].to_vec(),
    };
    ModelConfiguration {
        name: model.name.clone(),
        platform: about.platform,
        backend: "striatum".into(),
        max_batch_size: model.limits.max_batch.unwrap_or(max_batch).min(max_batch),
        input: about.inputs.into_iter().map(tensor).collect(),
        output: about.outputs.into_iter().map(tensor).collect(),
    }
}

async fn configure(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ModelConfiguration>, RequestError> {
    let served = found(&server, &caller, &name, None)?;
    Ok(Json(configuration(&served.model, server.config.max_batch)))
}

async fn configure_version(
    State(server): Shared,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<ModelConfiguration>, RequestError> {
    let served = found(&server, &caller, &name, Some(&version))?;
    Ok(Json(configuration(&served.model, server.config.max_batch)))
}

fn statistics(served: &Served) -> ModelStatistics {
    let Counted {
        inference_count,
        execution_count,
        last_inference,
        success,
        fail,
        queue,
        compute_infer,
        batches,
    } = served.statistics.read();
    let none = Timed::default();
    let batch = |(batch_size, compute_infer)| BatchStatistics {
        batch_size,
        compute_input: none,
        compute_infer,
        compute_output: none,
    };
    ModelStatistics {
        name: served.model.name.clone(),
        version: served.model.version.to_string(),
        last_inference,
        inference_count,
        execution_count,
        inference_stats: InferenceStatistics {
            success,
            fail,
            queue,
            compute_input: none,
            compute_infer,
            compute_output: none,
            cache_hit: none,
            cache_miss: none,
        },
        batch_stats: batches.into_iter().map(batch).collect(),
    }
}

async fn all_statistics(State(server): Shared, caller: Caller) -> Json<StatisticsList> {
    let mut all = server.repository.served();
    all.retain(|served| caller.may_use(&served.model.name));
    Json(StatisticsList { model_stats: all.iter().map(|served| statistics(served)).collect() })
}

async fn model_statistics(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<StatisticsList>, RequestError> {
    found(&server, &caller, &name, None)?;
    let mut all = server.repository.served();
    all.retain(|served| served.model.name == name);
    let model_stats = all.iter().map(|served| statistics(served)).collect();
    Ok(Json(StatisticsList { model_stats }))
}

async fn version_statistics(
    State(server): Shared,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
) -> Result<Json<StatisticsList>, RequestError> {
    let served = found(&server, &caller, &name, Some(&version))?;
    Ok(Json(StatisticsList { model_stats: vec![statistics(&served)] }))
}

async fn infer_model(
    State(server): Shared,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Whole, RequestError>,
) -> Response {
    answer(&server, &caller, Target { name: &name, version: None }, &headers, body).await
}

async fn infer_version(
    State(server): Shared,
    caller: Caller,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Whole, RequestError>,
) -> Response {
    let target = Target { name: &name, version: Some(&version) };
    answer(&server, &caller, target, &headers, body).await
}

async fn answer(
    server: &std::sync::Arc<Server>,
    caller: &Caller,
    target: Target<'_>,
    headers: &HeaderMap,
    body: Result<Whole, RequestError>,
) -> Response {
    let read = || {
        let Whole(bytes) = body?;
        wire::read(&bytes, json_length(headers)?)
    };
    let answered = match caller.uses(target.name) {
        Ok(()) => server.infer(caller, target, read).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(answer) => {
            let (body, json) = answer.body();
            let kind = if json.is_some() { "application/octet-stream" } else { "application/json" };
            let mut response = body.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            if let Some(json) = json {
                headers.insert(JSON_LENGTH, HeaderValue::from(json));
            }
            response
        }
        Err(error) => error.into_response(),
    }
}

/// How long the JSON of a body is, where bytes follow it.
fn json_length(headers: &HeaderMap) -> Result<Option<usize>, RequestError> {
    let Some(value) = headers.get(JSON_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    let wrong = || RequestError::bad(format!("header {JSON_LENGTH}: expected a number of bytes"));
    length.map(Some).ok_or_else(wrong)
}
