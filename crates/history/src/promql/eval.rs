//! The evaluator: what each kind of expression does, and what it may cost.

use std::cell::Cell;

use promql_parser::parser::value::ValueType;
use promql_parser::parser::{Expr, token};

use super::rows::{Row, Steps, Value, distinct, is_present};
use super::select::Of;
use super::{Evaluated, QueryConfig, QueryError, Stop};
use crate::chunk::Sample;
use crate::store::History;

/// How many samples are touched between two looks at whether to stop.
const STOP_EVERY: u64 = 16_384;

/// One evaluation of one query.
pub(super) struct Evaluator<'a> {
    pub(super) history: &'a History,
    pub(super) config: &'a QueryConfig,
    stop: &'a dyn Fn() -> Option<Stop>,
    /// The steps of the query, not of a subquery within.
    whole: Steps,
    /// What `@ start()` and `@ end()` are (milliseconds); the last step may be before the end.
    pub(super) ends_ms: (i64, i64),
    touched: Cell<u64>,
    looked_at: Cell<u64>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        history: &'a History,
        config: &'a QueryConfig,
        stop: &'a dyn Fn() -> Option<Stop>,
        whole: Steps,
        ends_ms: (i64, i64),
    ) -> Self {
        let (touched, looked_at) = (Cell::new(0), Cell::new(0));
        Self { history, config, stop, whole, ends_ms, touched, looked_at }
    }

    /// Counts samples against the limit, and now and then looks whether to stop.
    pub(super) fn charge(&self, samples: usize) -> Result<(), QueryError> {
        let touched = self.touched.get().saturating_add(samples as u64);
        self.touched.set(touched);
        if touched > self.config.max_samples {
            return Err(QueryError::TooManySamples { limit: self.config.max_samples });
        }
        if touched - self.looked_at.get() < STOP_EVERY {
            return Ok(());
        }
        self.looked_at.set(touched);
        self.look()
    }

    fn look(&self) -> Result<(), QueryError> {
        match (self.stop)() {
            None => Ok(()),
            Some(Stop::Deadline) => Err(QueryError::Deadline),
            Some(Stop::Cancelled) => Err(QueryError::Cancelled),
        }
    }

    pub(super) fn instant(&self, expr: &Expr) -> Result<Evaluated, QueryError> {
        self.look()?;
        let t_ms = self.whole.start_ms;
        if expr.value_type() == ValueType::Matrix {
            return self.matrix(expr);
        }
        Ok(match self.eval(expr, &self.whole)? {
            Value::Scalar(values) => {
                let value = values.first().copied().unwrap_or(f64::NAN);
                Evaluated::Scalar(Sample { t_ms, value })
            }
            Value::String(text) => Evaluated::String(t_ms, text),
            Value::Vector(mut rows) => {
                if !is_ordered(expr) {
                    rows.sort_by(|a, b| a.labels.cmp(&b.labels));
                }
                let element = |row: Row| {
                    let value = *row.values.first().filter(|value| is_present(**value))?;
                    Some((row.labels, Sample { t_ms, value }))
                };
                Evaluated::Vector(rows.into_iter().filter_map(element).collect())
            }
        })
    }

    /// The samples of a range themselves.
    fn matrix(&self, expr: &Expr) -> Result<Evaluated, QueryError> {
        let ranges = self.ranges(expr, &self.whole)?;
        let mut matrix = Vec::new();
        for i in 0..ranges.n_series() {
            let mut samples = Vec::new();
            ranges.samples(i, &mut samples);
            self.charge(samples.len())?;
            if !samples.is_empty() {
                matrix.push((ranges.labels(i).clone(), samples));
            }
        }
        matrix.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Evaluated::Matrix(matrix))
    }

    pub(super) fn range(&self, expr: &Expr) -> Result<Evaluated, QueryError> {
        self.look()?;
        match expr.value_type() {
            ValueType::String => return Err(QueryError::NotForRange { found: "string" }),
            ValueType::Matrix => return Err(QueryError::NotForRange { found: "range vector" }),
            ValueType::Scalar | ValueType::Vector => {}
        }
        let mut rows = self.rows(expr, &self.whole)?;
        rows.sort_by(|a, b| a.labels.cmp(&b.labels));
        let series = rows.into_iter().map(|row| {
            let samples = self.whole.times().zip(row.values);
            let samples = samples.filter(|(_, value)| is_present(*value));
            (row.labels, samples.map(|(t_ms, value)| Sample { t_ms, value }).collect())
        });
        Ok(Evaluated::Matrix(series.filter(|(_, s): &(_, Vec<_>)| !s.is_empty()).collect()))
    }

    pub(super) fn eval(&self, expr: &Expr, steps: &Steps) -> Result<Value, QueryError> {
        self.charge(steps.count)?;
        match expr {
            Expr::Paren(paren) => self.eval(&paren.expr, steps),
            Expr::NumberLiteral(number) => Ok(Value::Scalar(vec![number.val; steps.count])),
            Expr::StringLiteral(string) => Ok(Value::String(string.val.clone())),
            Expr::VectorSelector(selector) => {
                Ok(Value::Vector(self.vector(selector, steps, Of::Values)?))
            }
            Expr::Unary(unary) => negated(self.eval(&unary.expr, steps)?),
            Expr::Binary(binary) => self.binary(binary, steps),
            Expr::Aggregate(aggregate) => Ok(Value::Vector(self.aggregate(aggregate, steps)?)),
            Expr::Call(call) => self.call(call, steps),
            Expr::MatrixSelector(_) | Expr::Subquery(_) => {
                Err(QueryError::Unsupported { what: "a range in this place".to_owned() })
            }
            Expr::Extension(_) => Err(QueryError::Unsupported { what: "an extension".to_owned() }),
        }
    }

    /// A vector; a scalar is one without labels.
    pub(super) fn rows(&self, expr: &Expr, steps: &Steps) -> Result<Vec<Row>, QueryError> {
        match self.eval(expr, steps)? {
            Value::Vector(rows) => Ok(rows),
            Value::Scalar(values) => Ok(vec![Row { labels: Default::default(), values }]),
            Value::String(_) => Err(QueryError::NotForRange { found: "string" }),
        }
    }

    /// A number for every step.
    pub(super) fn scalar(&self, expr: &Expr, steps: &Steps) -> Result<Vec<f64>, QueryError> {
        match self.eval(expr, steps)? {
            Value::Scalar(values) => Ok(values),
            _ => Err(QueryError::Parameter { problem: format!("expected a scalar: {expr}") }),
        }
    }

    pub(super) fn string(&self, expr: &Expr) -> Result<String, QueryError> {
        match expr {
            Expr::Paren(paren) => self.string(&paren.expr),
            Expr::StringLiteral(string) => Ok(string.val.clone()),
            _ => Err(QueryError::Parameter { problem: format!("expected a string: {expr}") }),
        }
    }
}

fn negated(value: Value) -> Result<Value, QueryError> {
    Ok(match value {
        Value::Scalar(values) => Value::Scalar(values.into_iter().map(|value| -value).collect()),
        Value::Vector(rows) => {
            let rows = rows.into_iter().map(|row| row.without_name().map(|_, value| -value));
            Value::Vector(distinct(rows.collect())?)
        }
        Value::String(text) => Value::String(text),
    })
}

/// Whether the order of an instant vector means something.
fn is_ordered(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_ordered(&paren.expr),
        Expr::Call(call) => call.func.name.starts_with("sort"),
        Expr::Aggregate(aggregate) => {
            [token::T_TOPK, token::T_BOTTOMK].contains(&aggregate.op.id())
        }
        _ => false,
    }
}
