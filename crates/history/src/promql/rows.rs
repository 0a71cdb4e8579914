//! Values over the steps of a query: a row for each element of a vector.

use std::collections::HashMap;

use super::{QueryConfig, QueryError, Range};
use crate::chunk::{STALE, is_stale};
use crate::labels::Labels;

/// The times at which an expression is evaluated (milliseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) start_ms: i64,
    pub(crate) step_ms: i64,
    /// At least one.
    pub(crate) count: usize,
}

impl Steps {
    pub(crate) fn new(range: Range, config: &QueryConfig) -> Result<Self, QueryError> {
        let Range { start_ms, end_ms, step_ms } = range;
        let refuse = |problem: &str| Err(QueryError::Steps { problem: problem.to_owned() });
        if step_ms <= 0 {
            return refuse(
                "zero or negative query resolution step widths are not accepted. Try a positive \
                 integer",
            );
        }
        if end_ms < start_ms {
            return refuse("end timestamp must not be before start time");
        }
        let steps = end_ms.saturating_sub(start_ms) / step_ms;
        if usize::try_from(steps).map_or(true, |steps| steps > config.max_points) {
            return refuse(&format!(
                "exceeded maximum resolution of {} points per timeseries. Try decreasing the query \
                 resolution (?step=XX)",
                thousands(config.max_points)
            ));
        }
        Ok(Self { start_ms, step_ms, count: steps as usize + 1 })
    }

    pub(crate) fn at(&self, i: usize) -> i64 {
        self.start_ms.saturating_add((i as i64).saturating_mul(self.step_ms))
    }

    pub(crate) fn times(&self) -> impl Iterator<Item = i64> + '_ {
        (0..self.count).map(|i| self.at(i))
    }

    pub(crate) fn end_ms(&self) -> i64 {
        self.at(self.count - 1)
    }
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// No value at this step. It is the stale marker, a signalling NaN: no operation yields it.
pub(crate) const ABSENT: f64 = STALE;

pub(crate) fn is_present(value: f64) -> bool {
    !is_stale(value)
}

/// One element, with a value or [`ABSENT`] for every step.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) labels: Labels,
    pub(crate) values: Vec<f64>,
}

impl Row {
    /// With each value that is present mapped, at its step.
    pub(crate) fn map(mut self, f: impl Fn(usize, f64) -> f64) -> Self {
        for (i, value) in self.values.iter_mut().enumerate() {
            if is_present(*value) {
                *value = f(i, *value);
            }
        }
        self
    }

    pub(crate) fn without_name(self) -> Self {
        Self { labels: self.labels.without_name(), ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.values.iter().any(|value| is_present(*value))
    }
}

/// What an expression gives.
pub(crate) enum Value {
    /// A number for every step.
    Scalar(Vec<f64>),
    String(String),
    Vector(Vec<Row>),
}

/// Rows with the same labels become one; rows without a value go.
///
/// # Errors
///
/// Two of the same labels with a value at the same step.
pub(crate) fn merged(rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    let mut places: HashMap<Labels, usize> = HashMap::with_capacity(rows.len());
    let mut merged: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| !row.is_empty()) {
        if let Some(place) = places.get(&row.labels) {
            add(&mut merged[*place], row)?;
        } else {
            places.insert(row.labels.clone(), merged.len());
            merged.push(row);
        }
    }
    Ok(merged)
}

fn add(row: &mut Row, other: Row) -> Result<(), QueryError> {
    for (value, other) in row.values.iter_mut().zip(other.values) {
        if !is_present(other) {
            continue;
        }
        if is_present(*value) {
            return Err(QueryError::SameLabels { labels: row.labels.to_string() });
        }
        *value = other;
    }
    Ok(())
}

/// Rows that all have other labels; rows without a value go.
///
/// # Errors
///
/// Two of the same labels, even if at other steps: for those made of a range of time.
pub(crate) fn distinct(mut rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    rows.retain(|row| !row.is_empty());
    let mut seen = std::collections::HashSet::with_capacity(rows.len());
    match rows.iter().find(|row| !seen.insert(&row.labels)) {
        Some(row) => Err(QueryError::SameLabels { labels: row.labels.to_string() }),
        None => Ok(rows),
    }
}
