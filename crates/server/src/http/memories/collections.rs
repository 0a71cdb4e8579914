//! Collections of vectors over HTTP, and the columns that they lie in.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use memory::Space;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Shared;
use super::super::extract::{Json, Params};
use super::with;
use crate::error::RequestError;
use crate::request::Server;
use crate::security::Caller;

/// Columns of a collection.
#[derive(Serialize, JsonSchema)]
pub(super) struct SurveyAnswer {
    /// Memories with a vector.
    items: usize,
    /// Rows, second copies among them.
    rows: usize,
    /// The coefficient of variation of the load.
    load_variation: f64,
    splits: u64,
    merges: u64,
    /// Competitions by iterations: 0, 1, 2 ...
    iterations: Vec<u64>,
    unsettled: u64,
    exact_duplicates: u64,
    near_duplicates: u64,
    columns: Vec<ColumnAnswer>,
}

/// A column.
#[derive(Serialize, JsonSchema)]
pub(super) struct ColumnAnswer {
    load: usize,
    state: String,
    updates: u64,
    age: u64,
    /// Where it stands in the grid.
    position: Vec<i16>,
    neighbours: Vec<u32>,
}

/// Collections.
#[derive(Serialize, JsonSchema)]
pub(super) struct CollectionList {
    results: Vec<CollectionAnswer>,
}

/// A collection.
#[derive(Serialize, JsonSchema)]
pub(super) struct CollectionAnswer {
    name: String,
    dimension: usize,
    /// `built_in`, `given`, or the model of the endpoint.
    encoder: String,
    /// Memories that have a vector.
    items: usize,
}

/// A collection to make.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CollectionSpec {
    name: String,
    /// Values of a vector, 1 to 4096; those of its encoder where this is absent.
    dimension: Option<usize>,
    /// Where vectors come from; the caller gives them where this is absent.
    #[serde(default)]
    encoder: EncoderName,
}

/// Where vectors come from.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EncoderName {
    /// The caller gives them.
    #[default]
    Given,
    /// The encoder that is built in.
    BuiltIn,
    /// The endpoint that is configured, by its model.
    Endpoint,
}

#[derive(Deserialize)]
pub(super) struct CollectionParams {
    collection: Option<String>,
}

pub(super) async fn columns(
    State(server): Shared,
    caller: Caller,
    Params(params): Params<CollectionParams>,
) -> Result<Answer<SurveyAnswer>, RequestError> {
    let survey = with(&server, &caller, "get", async |memory| {
        Ok(memory.survey(params.collection.as_deref())?)
    })
    .await?;
    let column = |c: column::ColumnSurvey| ColumnAnswer {
        load: c.load,
        state: format!("{:?}", c.state).to_lowercase(),
        updates: c.n_updates,
        age: c.age,
        position: c.position.to_vec(),
        neighbours: c.neighbours,
    };
    Ok(Answer(SurveyAnswer {
        items: survey.n_items,
        rows: survey.n_rows,
        load_variation: survey.load_cv,
        splits: survey.n_splits,
        merges: survey.n_merges,
        iterations: survey.iterations,
        unsettled: survey.n_unsettled,
        exact_duplicates: survey.n_exact_duplicates,
        near_duplicates: survey.n_near_duplicates,
        columns: survey.columns.into_iter().map(column).collect(),
    }))
}

impl CollectionAnswer {
    fn of(space: &Space, items: usize) -> Self {
        let encoder = match &space.encoder {
            memory::Encoding::BuiltIn => "built_in".to_owned(),
            memory::Encoding::Given => "given".to_owned(),
            memory::Encoding::Endpoint(model) => model.clone(),
        };
        Self { name: space.name.clone(), dimension: space.dimension, encoder, items }
    }
}

pub(super) async fn collections(
    State(server): Shared,
    caller: Caller,
) -> Result<Answer<CollectionList>, RequestError> {
    let spaces = with(&server, &caller, "list", async |memory| Ok(memory.spaces()?)).await?;
    let results = spaces.iter().map(|(space, items)| CollectionAnswer::of(space, *items)).collect();
    Ok(Answer(CollectionList { results }))
}

pub(super) async fn add_collection(
    State(server): Shared,
    caller: Caller,
    Json(spec): Json<CollectionSpec>,
) -> Result<(StatusCode, Answer<CollectionAnswer>), RequestError> {
    let (encoder, own) = encoding(&server, spec.encoder)?;
    let needed = || RequestError::bad("dimension: expected where vectors are given");
    let dimension = spec.dimension.or(own).ok_or_else(needed)?;
    let space = Space { name: spec.name, dimension, encoder };
    with(&server, &caller, "store", async |memory| Ok(memory.add_space(space.clone()).await?))
        .await?;
    Ok((StatusCode::CREATED, Answer(CollectionAnswer::of(&space, 0))))
}

/// Where vectors come from, and their values where that says it.
fn encoding(
    server: &Server,
    name: EncoderName,
) -> Result<(memory::Encoding, Option<usize>), RequestError> {
    Ok(match name {
        EncoderName::Given => (memory::Encoding::Given, None),
        EncoderName::BuiltIn => (memory::Encoding::BuiltIn, Some(server.memories.dimension())),
        EncoderName::Endpoint => {
            let none =
                || RequestError::bad("encoder: no endpoint is configured, see `memory.embedding`");
            let (model, dimension) = server.memories.endpoint().ok_or_else(none)?;
            (memory::Encoding::Endpoint(model.to_owned()), Some(dimension))
        }
    })
}
