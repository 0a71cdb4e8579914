//! PromQL: queries that are read by `promql-parser` and evaluated here, as Prometheus 3 does.
//!
//! An expression is evaluated over all steps at once: a selector reads each series once and gives a
//! row with a value for every step, and each operation makes rows of rows. Where Prometheus decides
//! at every step, such as which elements match, so does this.
//!
//! Source: Prometheus 3.5, documentation "Querying" and package `promql`; a differential test holds
//! every part against the program itself.

mod aggregate;
mod binary;
mod calendar;
mod call;
mod check;
mod error;
mod eval;
mod histogram;
mod math;
mod numbers;
mod range;
mod rows;
mod select;

use std::time::Duration;

use promql_parser::parser::Expr;

pub(crate) use calendar::{days, days_in_month};
pub use error::{QueryError, Stop};
pub(crate) use numbers::brief;
use rows::Steps;

use crate::chunk::Sample;
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::store::History;

/// The limits of a query, each with its default.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryConfig {
    /// How far back a selector looks for a sample: five minutes.
    pub lookback: Duration,
    /// The step of a subquery that names none: a minute.
    pub default_step: Duration,
    /// Samples that a query may touch: 50 million. A sample counts for every window it is in, and a
    /// value computed for every step.
    pub max_samples: u64,
    /// Points of each series that a range query may ask for: 11,000, as Prometheus.
    pub max_points: usize,
    /// The text of a query (bytes): 64 KiB.
    pub max_text_bytes: usize,
    /// Operators, and brackets within brackets, together: 250. So deep may an expression be.
    pub max_depth: usize,
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            default_step: Duration::from_secs(60),
            max_samples: 50_000_000,
            max_points: 11_000,
            max_text_bytes: 64 << 10,
            max_depth: 250,
        }
    }
}

/// A query that was read and makes sense.
///
/// ```
/// use history::{Config, Evaluated, History, Labels, Query, QueryConfig};
///
/// let (history, _) = History::open(Config::default())?;
/// let series = history.handle(&Labels::new([("__name__", "requests_total")])?)?;
/// for i in 0..10 {
///     history.append(series, i * 15_000, i as f64 * 30.0)?;
/// }
/// let query = Query::parse("rate(requests_total[1m])", &QueryConfig::default())?;
/// let found = query.instant(&history, 120_000, &QueryConfig::default(), &|| None)?;
/// let Evaluated::Vector(found) = found else { unreachable!() };
/// assert_eq!(found[0].1.value, 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Query {
    expr: Expr,
}

/// What a query gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluated {
    /// One number.
    Scalar(Sample),
    /// A string, and when it was asked for (milliseconds).
    String(i64, String),
    /// Series with one value each.
    Vector(Vec<(Labels, Sample)>),
    /// Series with values over time.
    Matrix(Vec<(Labels, Vec<Sample>)>),
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: a text that is too long, too deep, wrong, or asks for what is not supported.
    pub fn parse(text: &str, config: &QueryConfig) -> Result<Self, QueryError> {
        Ok(Self { expr: check::parse(text, config)? })
    }

    /// The value at one time (milliseconds). `stop` is asked every few thousand samples.
    ///
    /// # Errors
    ///
    /// [`QueryError`]: a limit, a match that is not unique, or that it was stopped.
    pub fn instant(
        &self,
        history: &History,
        t_ms: i64,
        config: &QueryConfig,
        stop: &dyn Fn() -> Option<Stop>,
    ) -> Result<Evaluated, QueryError> {
        let steps = Steps { start_ms: t_ms, step_ms: 1, count: 1 };
        eval::Evaluator::new(history, config, stop, steps, (t_ms, t_ms)).instant(&self.expr)
    }

    /// The values from one time to another, both included, at steps (milliseconds): a matrix.
    ///
    /// # Errors
    ///
    /// As [`Query::instant`]; steps that are none or too many; an expression that has no value at a
    /// time, such as a string.
    pub fn range(
        &self,
        history: &History,
        range: Range,
        config: &QueryConfig,
        stop: &dyn Fn() -> Option<Stop>,
    ) -> Result<Evaluated, QueryError> {
        let steps = Steps::new(range, config)?;
        let ends_ms = (range.start_ms, range.end_ms);
        eval::Evaluator::new(history, config, stop, steps, ends_ms).range(&self.expr)
    }
}

/// The times of a range query (milliseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub start_ms: i64,
    /// None is after this.
    pub end_ms: i64,
    /// From one to the next.
    pub step_ms: i64,
}

/// Reads a series selector, such as `up{job="a"}`, as `match[]` has it.
///
/// # Errors
///
/// As [`Query::parse`]; an expression that is more than a selector.
pub fn selector(text: &str, config: &QueryConfig) -> Result<Vec<Matcher>, QueryError> {
    match check::parse(text, config)? {
        Expr::VectorSelector(vector) if vector.at.is_none() && vector.offset.is_none() => {
            select::matchers(&vector)
        }
        _ => Err(QueryError::Parse {
            problem: format!("expected a series selector such as up{{job=\"a\"}}, found {text:?}"),
        }),
    }
}
