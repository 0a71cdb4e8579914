//! Selectors: stored series as rows, or as ranges of samples.

use std::time::{SystemTime, UNIX_EPOCH};

use promql_parser::label::MatchOp;
use promql_parser::parser::{AtModifier, Expr, Offset, VectorSelector};

use super::QueryError;
use super::eval::Evaluator;
use super::rows::{ABSENT, Row, Steps, is_present};
use crate::chunk::{Sample, is_stale};
use crate::go_regex::anchored;
use crate::labels::{Labels, METRIC_NAME};
use crate::matcher::{Matcher, Test};
use crate::store::Selected;

/// The matchers of a selector, its name among them.
pub(super) fn matchers(selector: &VectorSelector) -> Result<Vec<Matcher>, QueryError> {
    let mut matchers: Vec<Matcher> =
        selector.name.iter().map(|name| Matcher::equal(METRIC_NAME, name)).collect();
    for matcher in &selector.matchers.matchers {
        let value = &matcher.value;
        // The parser has compiled a regex too, which is not quite Go's.
        let regex = || {
            anchored(value).map_err(|problem| QueryError::Parse {
                problem: format!("error parsing regexp {value:?}: {problem}"),
            })
        };
        let test = match &matcher.op {
            MatchOp::Equal => Test::Equal(value.clone()),
            MatchOp::NotEqual => Test::NotEqual(value.clone()),
            MatchOp::Re(_) => Test::Matches(regex()?),
            MatchOp::NotRe(_) => Test::MatchesNot(regex()?),
        };
        matchers.push(Matcher { name: matcher.name.clone(), test });
    }
    Ok(matchers)
}

/// `@` and `offset`: at which time a selector looks for a step.
#[derive(Clone, Copy)]
pub(super) struct Shift {
    at_ms: Option<i64>,
    offset_ms: i64,
}

impl Shift {
    /// `ends_ms` are those of the query, which `@` may mean.
    pub(super) fn new(
        at: Option<&AtModifier>,
        offset: Option<&Offset>,
        ends_ms: (i64, i64),
    ) -> Self {
        let at_ms = at.map(|at| match at {
            AtModifier::Start => ends_ms.0,
            AtModifier::End => ends_ms.1,
            AtModifier::At(time) => since_epoch_ms(*time),
        });
        let offset_ms = offset.map_or(0, |offset| match offset {
            Offset::Pos(by) => millis(*by),
            Offset::Neg(by) => -millis(*by),
        });
        Self { at_ms, offset_ms }
    }

    pub(super) fn time(self, step_ms: i64) -> i64 {
        self.at_ms.unwrap_or(step_ms).saturating_sub(self.offset_ms)
    }

    /// The first and the last time.
    fn span(self, steps: &Steps) -> (i64, i64) {
        (self.time(steps.start_ms), self.time(steps.end_ms()))
    }
}

fn since_epoch_ms(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
}

pub(super) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// What a row of a selector holds.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Of {
    Values,
    /// When the samples were taken (seconds): `timestamp()` of a selector.
    Times,
}

impl Evaluator<'_> {
    /// For each step the newest sample that is neither older than the lookback nor a stale marker.
    pub(super) fn vector(
        &self,
        selector: &VectorSelector,
        steps: &Steps,
        of: Of,
    ) -> Result<Vec<Row>, QueryError> {
        let shift = Shift::new(selector.at.as_ref(), selector.offset.as_ref(), self.ends_ms);
        let (first, last) = shift.span(steps);
        let lookback_ms = millis(self.config.lookback);
        let from_ms = first.saturating_sub(lookback_ms).saturating_add(1);
        let mut rows = Vec::new();
        for series in self.history.select(&matchers(selector)?, from_ms, last) {
            self.charge(series.n_samples_at_most() + steps.count)?;
            let mut samples = series.samples(from_ms, last).peekable();
            let mut newest: Option<Sample> = None;
            let mut values = Vec::with_capacity(steps.count);
            for step in steps.times() {
                let time = shift.time(step);
                while let Some(sample) = samples.next_if(|sample| sample.t_ms <= time) {
                    newest = Some(sample);
                }
                let found = newest.filter(|sample| {
                    sample.t_ms > time.saturating_sub(lookback_ms) && !is_stale(sample.value)
                });
                values.push(match (found, of) {
                    (None, _) => ABSENT,
                    (Some(sample), Of::Values) => sample.value,
                    (Some(sample), Of::Times) => sample.t_ms as f64 / 1000.0,
                });
            }
            let row = Row { labels: series.labels.clone(), values };
            rows.extend((!row.is_empty()).then_some(row));
        }
        Ok(rows)
    }

    /// The samples of every series that a range selector or a subquery needs for all steps.
    pub(super) fn ranges(&self, expr: &Expr, steps: &Steps) -> Result<Ranges, QueryError> {
        match expr {
            Expr::Paren(paren) => self.ranges(&paren.expr, steps),
            Expr::MatrixSelector(matrix) => {
                let selector = &matrix.vs;
                let shift =
                    Shift::new(selector.at.as_ref(), selector.offset.as_ref(), self.ends_ms);
                let range_ms = millis(matrix.range);
                let (first, last_ms) = shift.span(steps);
                let from_ms = first.saturating_sub(range_ms).saturating_add(1);
                let series = self.history.select(&matchers(selector)?, from_ms, last_ms);
                Ok(Ranges { shift, range_ms, source: Source::Stored(series, from_ms, last_ms) })
            }
            Expr::Subquery(subquery) => {
                let shift =
                    Shift::new(subquery.at.as_ref(), subquery.offset.as_ref(), self.ends_ms);
                let range_ms = millis(subquery.range);
                let step_ms = subquery.step.map_or(millis(self.config.default_step), millis).max(1);
                let (first, last_ms) = shift.span(steps);
                // The first multiple of the step that is within the first range.
                let before = first.saturating_sub(range_ms).div_euclid(step_ms);
                let start_ms = before.saturating_add(1).saturating_mul(step_ms);
                let count = last_ms.saturating_sub(start_ms).div_euclid(step_ms).saturating_add(1);
                let rows = if count > 0 {
                    let count = usize::try_from(count).unwrap_or(usize::MAX);
                    self.charge(count)?;
                    self.rows(&subquery.expr, &Steps { start_ms, step_ms, count })?
                } else {
                    Vec::new()
                };
                let inner = Steps { start_ms, step_ms, count: 1 };
                Ok(Ranges { shift, range_ms, source: Source::Computed(rows, inner) })
            }
            _ => Err(QueryError::Unsupported { what: "a range of this expression".to_owned() }),
        }
    }
}

/// Series with samples over time, and which of them belong to a step.
pub(super) struct Ranges {
    shift: Shift,
    pub(super) range_ms: i64,
    source: Source,
}

enum Source {
    Stored(Vec<Selected>, i64, i64),
    Computed(Vec<Row>, Steps),
}

impl Ranges {
    pub(super) fn n_series(&self) -> usize {
        match &self.source {
            Source::Stored(series, ..) => series.len(),
            Source::Computed(rows, _) => rows.len(),
        }
    }

    pub(super) fn labels(&self, i: usize) -> &Labels {
        match &self.source {
            Source::Stored(series, ..) => &series[i].labels,
            Source::Computed(rows, _) => &rows[i].labels,
        }
    }

    /// The samples of a series, stale markers left out.
    pub(super) fn samples(&self, i: usize, into: &mut Vec<Sample>) {
        into.clear();
        match &self.source {
            Source::Stored(series, from_ms, to_ms) => {
                let samples = series[i].samples(*from_ms, *to_ms);
                into.extend(samples.filter(|sample| !is_stale(sample.value)));
            }
            Source::Computed(rows, steps) => {
                let samples = rows[i].values.iter().enumerate();
                let samples = samples.map(|(i, value)| Sample { t_ms: steps.at(i), value: *value });
                into.extend(samples.filter(|sample| is_present(sample.value)));
            }
        }
    }

    /// The end of the range of a step; it begins `range_ms` before, and that moment is not in it.
    pub(super) fn end_ms(&self, step_ms: i64) -> i64 {
        self.shift.time(step_ms)
    }
}
