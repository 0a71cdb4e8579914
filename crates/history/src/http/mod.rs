//! Prometheus' HTTP API without HTTP: parameters in, status and JSON out.
//!
//! Each function is one endpoint and takes the parameters of the query string and of a form
//! together. Who serves them sends the body as `application/json`.
//!
//! Source: Prometheus, documentation "HTTP API"; package `web/api/v1`.

mod json;
mod parameters;

use std::collections::BTreeSet;

use json::Json;
pub use parameters::{MAX_MATCHERS, Parameters, parse_duration, parse_time};

use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::promql::{Evaluated, Query, QueryConfig, QueryError, Range, Stop, selector};
use crate::remote::{Kind, Metadata};
use crate::store::History;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// Why there is no answer: Prometheus' kinds of errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// A parameter that is missing or wrong.
    #[error("{problem}")]
    BadData {
        /// What is wrong.
        problem: String,
    },
    /// The query.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl ApiError {
    /// The HTTP status, and the error's kind.
    fn kind(&self) -> (u16, &'static str) {
        match self {
            Self::BadData { .. } => (400, "bad_data"),
            Self::Query(error) => match error {
                QueryError::Parse { .. }
                | QueryError::TooLong { .. }
                | QueryError::TooDeep { .. }
                | QueryError::Unsupported { .. }
                | QueryError::Steps { .. }
                | QueryError::NotForRange { .. } => (400, "bad_data"),
                QueryError::Deadline => (503, "timeout"),
                QueryError::Cancelled => (499, "canceled"),
                QueryError::TooManySamples { .. }
                | QueryError::SameLabels { .. }
                | QueryError::ManyToMany { .. }
                | QueryError::ManyToOne
                | QueryError::NotUnique
                | QueryError::Parameter { .. } => (422, "execution"),
            },
        }
    }
}

/// An answer, and whether the limit cut it.
struct Answer {
    data: Json,
    is_cut: bool,
}

fn respond(answer: Result<Answer, ApiError>) -> Response {
    let mut json = Json::default();
    let status = match answer {
        Ok(answer) => {
            json.raw("{\"status\":\"success\",\"data\":").raw(answer.data.text());
            if answer.is_cut {
                json.raw(",\"warnings\":[\"results truncated due to limit\"]");
            }
            200
        }
        Err(error) => {
            let (status, kind) = error.kind();
            json.raw("{\"status\":\"error\",\"errorType\":").string(kind);
            json.raw(",\"error\":").string(&error.to_string());
            status
        }
    };
    json.raw("}");
    Response { status, body: json.into_text() }
}

/// A store that is asked over HTTP.
#[derive(Clone, Copy)]
pub struct Api<'a> {
    /// What is asked.
    pub history: &'a History,
    /// The limits of a query.
    pub config: &'a QueryConfig,
    /// What time it is (milliseconds since 1970).
    pub now_ms: i64,
    /// Asked now and then whether to stop; it must know the parameter `timeout`, too.
    pub stop: &'a dyn Fn() -> Option<Stop>,
}

impl Api<'_> {
    /// `/api/v1/query`: `query`, `time`, `limit`, `lookback_delta`.
    pub fn query(&self, parameters: &Parameters<'_>) -> Response {
        respond(self.try_query(parameters))
    }

    fn try_query(&self, parameters: &Parameters<'_>) -> Result<Answer, ApiError> {
        let t_ms = parameters.time("time")?.unwrap_or(self.now_ms);
        let limit = parameters.limit()?;
        let config = self.config(parameters)?;
        let query = Query::parse(parameters.required("query")?, &config)?;
        let mut evaluated = query.instant(self.history, t_ms, &config, self.stop)?;
        let is_cut = cut(&mut evaluated, limit);
        Ok(Answer { data: json::evaluated(&evaluated), is_cut })
    }

    /// `/api/v1/query_range`: `query`, `start`, `end`, `step`, `limit`, `lookback_delta`.
    pub fn query_range(&self, parameters: &Parameters<'_>) -> Response {
        respond(self.try_query_range(parameters))
    }

    fn try_query_range(&self, parameters: &Parameters<'_>) -> Result<Answer, ApiError> {
        let start_ms = parameters.required_time("start")?;
        let end_ms = parameters.required_time("end")?;
        let step = parameters.duration("step")?.ok_or_else(|| parameters::missing("step"))?;
        let range = Range { start_ms, end_ms, step_ms: step };
        let limit = parameters.limit()?;
        let config = self.config(parameters)?;
        let query = Query::parse(parameters.required("query")?, &config)?;
        let mut evaluated = query.range(self.history, range, &config, self.stop)?;
        let is_cut = cut(&mut evaluated, limit);
        Ok(Answer { data: json::evaluated(&evaluated), is_cut })
    }

    /// The limits, with the lookback that is asked for.
    fn config(&self, parameters: &Parameters<'_>) -> Result<QueryConfig, ApiError> {
        let mut config = self.config.clone();
        if let Some(lookback_ms) = parameters.duration("lookback_delta")? {
            let lookback = u64::try_from(lookback_ms).ok().filter(|lookback| *lookback > 0);
            let lookback = lookback.ok_or_else(|| ApiError::BadData {
                problem: "invalid parameter \"lookback_delta\": it must be more than 0".to_owned(),
            })?;
            config.lookback = std::time::Duration::from_millis(lookback);
        }
        Ok(config)
    }

    /// `/api/v1/series`: `match[]`, `start`, `end`, `limit`.
    pub fn series(&self, parameters: &Parameters<'_>) -> Response {
        respond(self.try_series(parameters))
    }

    fn try_series(&self, parameters: &Parameters<'_>) -> Result<Answer, ApiError> {
        let limit = parameters.limit()?;
        if parameters.all("match[]").next().is_none() {
            return Err(ApiError::BadData { problem: "no match[] parameter provided".to_owned() });
        }
        let mut found: Vec<Labels> = self.selected(parameters)?.into_iter().collect();
        let is_cut = shorten(&mut found, limit);
        let mut data = Json::default();
        data.list(found.iter(), |json, labels| json.labels(labels));
        Ok(Answer { data, is_cut })
    }

    /// `/api/v1/labels`: `match[]`, `start`, `end`, `limit`.
    pub fn labels(&self, parameters: &Parameters<'_>) -> Response {
        respond(self.try_labels(parameters))
    }

    fn try_labels(&self, parameters: &Parameters<'_>) -> Result<Answer, ApiError> {
        let limit = parameters.limit()?;
        let series = self.selected(parameters)?;
        let names: BTreeSet<&str> = series.iter().flatten().map(|(name, _)| name).collect();
        Ok(strings(names, limit))
    }

    /// `/api/v1/label/NAME/values`: `match[]`, `start`, `end`, `limit`.
    pub fn label_values(&self, name: &str, parameters: &Parameters<'_>) -> Response {
        respond(self.try_label_values(name, parameters))
    }

    fn try_label_values(
        &self,
        name: &str,
        parameters: &Parameters<'_>,
    ) -> Result<Answer, ApiError> {
        if name.is_empty() {
            return Err(ApiError::BadData { problem: format!("invalid label name: {name:?}") });
        }
        let limit = parameters.limit()?;
        let series = self.selected(parameters)?;
        let values = series.iter().map(|labels| labels.get(name));
        Ok(strings(values.filter(|value| !value.is_empty()).collect(), limit))
    }

    /// The series that any selector matches, or all; sorted.
    fn selected(&self, parameters: &Parameters<'_>) -> Result<BTreeSet<Labels>, ApiError> {
        let from_ms = parameters.time("start")?.unwrap_or(i64::MIN);
        let to_ms = parameters.time("end")?.unwrap_or(i64::MAX);
        if to_ms < from_ms {
            let problem = "end timestamp must not be before start time".to_owned();
            return Err(ApiError::BadData { problem });
        }
        let mut selectors: Vec<Vec<Matcher>> = Vec::new();
        for text in parameters.all("match[]") {
            parameters::check_count(selectors.len())?;
            selectors.push(selector(text, self.config)?);
        }
        if selectors.is_empty() {
            selectors.push(Vec::new());
        }
        let found = selectors.iter().flat_map(|s| self.history.select_labels(s, from_ms, to_ms));
        Ok(found.collect())
    }

    /// `/api/v1/metadata`: `limit`, `limit_per_metric`, `metric`. What is known of each metric comes
    /// from the caller.
    pub fn metadata<'m>(
        &self,
        known: impl IntoIterator<Item = (&'m str, &'m Metadata)>,
        parameters: &Parameters<'_>,
    ) -> Response {
        respond(try_metadata(known, parameters))
    }
}

fn try_metadata<'m>(
    known: impl IntoIterator<Item = (&'m str, &'m Metadata)>,
    parameters: &Parameters<'_>,
) -> Result<Answer, ApiError> {
    let limit = parameters.limit()?;
    let metric = parameters.first("metric").filter(|metric| !metric.is_empty());
    let mut known: Vec<_> =
        known.into_iter().filter(|(name, _)| metric.is_none_or(|m| m == *name)).collect();
    known.sort_unstable_by_key(|(name, _)| *name);
    known.dedup_by_key(|(name, _)| *name);
    // As Prometheus: what is left out is not told.
    shorten(&mut known, limit);
    let mut data = Json::default();
    data.object(known.into_iter(), |json, metadata| {
        json.raw("[{\"type\":").string(kind_name(metadata.kind));
        json.raw(",\"help\":").string(&metadata.help);
        json.raw(",\"unit\":").string(&metadata.unit).raw("}]");
    });
    Ok(Answer { data, is_cut: false })
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Unknown => "unknown",
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        Kind::Summary => "summary",
    }
}

fn strings(strings: BTreeSet<&str>, limit: Option<usize>) -> Answer {
    let mut strings: Vec<_> = strings.into_iter().collect();
    let is_cut = shorten(&mut strings, limit);
    let mut data = Json::default();
    data.list(strings.into_iter(), |json, string| {
        json.string(string);
    });
    Answer { data, is_cut }
}

/// Cuts a list to the limit; whether there was more.
fn shorten<T>(list: &mut Vec<T>, limit: Option<usize>) -> bool {
    let is_longer = limit.is_some_and(|limit| list.len() > limit);
    list.truncate(limit.unwrap_or(usize::MAX));
    is_longer
}

fn cut(evaluated: &mut Evaluated, limit: Option<usize>) -> bool {
    match evaluated {
        Evaluated::Vector(vector) => shorten(vector, limit),
        Evaluated::Matrix(matrix) => shorten(matrix, limit),
        Evaluated::Scalar(_) | Evaluated::String(..) => false,
    }
}
