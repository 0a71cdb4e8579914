//! Aggregations: the rows of each group become one, or a choice of them.

use std::cmp::Ordering;
use std::collections::HashMap;

use promql_parser::parser::token::{
    T_AVG, T_BOTTOMK, T_COUNT, T_COUNT_VALUES, T_GROUP, T_MAX, T_MIN, T_QUANTILE, T_STDDEV,
    T_STDVAR, T_SUM, T_TOPK, TokenId,
};
use promql_parser::parser::{AggregateExpr, LabelModifier};

use super::QueryError;
use super::eval::Evaluator;
use super::math::{Mean, Sum, quantile};
use super::numbers::plain;
use super::rows::{ABSENT, Row, Steps, is_present, merged};
use crate::labels::{Labels, METRIC_NAME};

/// Rows that are aggregated together.
struct Group {
    labels: Labels,
    rows: Vec<Row>,
}

impl Group {
    /// The values that are present at a step.
    fn column(&self, i: usize) -> impl Iterator<Item = f64> + '_ {
        self.rows.iter().map(move |row| row.values[i]).filter(|value| is_present(*value))
    }

    /// One row, with what a function makes of each step that has values.
    fn reduced(
        &self,
        steps: &Steps,
        f: impl Fn(usize, &mut dyn Iterator<Item = f64>) -> f64,
    ) -> Row {
        let value = |i: usize| {
            let mut column = self.column(i).peekable();
            if column.peek().is_none() { ABSENT } else { f(i, &mut column) }
        };
        Row { labels: self.labels.clone(), values: (0..steps.count).map(value).collect() }
    }
}

impl Evaluator<'_> {
    pub(super) fn aggregate(
        &self,
        aggregate: &AggregateExpr,
        steps: &Steps,
    ) -> Result<Vec<Row>, QueryError> {
        let rows = self.rows(&aggregate.expr, steps)?;
        self.charge(rows.len().saturating_mul(steps.count))?;
        let groups = grouped(rows, aggregate.modifier.as_ref());
        let parameter = || {
            aggregate.param.as_deref().ok_or_else(|| QueryError::Parameter {
                problem: format!("{} lacks its parameter", aggregate.op),
            })
        };
        match aggregate.op.id() {
            op @ (T_TOPK | T_BOTTOMK) => {
                let counts = counts(&self.scalar(parameter()?, steps)?, &groups)?;
                Ok(groups.into_iter().flat_map(|group| chosen(group, &counts, op)).collect())
            }
            T_QUANTILE => {
                let q = self.scalar(parameter()?, steps)?;
                let reduce = |group: Group| {
                    group
                        .reduced(steps, |i, column| quantile(q[i], &mut column.collect::<Vec<_>>()))
                };
                Ok(groups.into_iter().map(reduce).collect())
            }
            T_COUNT_VALUES => count_values(groups, &self.string(parameter()?)?, steps),
            op => {
                let reduce = reduction(op).ok_or_else(|| QueryError::Unsupported {
                    what: format!("aggregation {}", aggregate.op),
                })?;
                Ok(groups
                    .iter()
                    .map(|group| group.reduced(steps, |_, column| reduce(column)))
                    .collect())
            }
        }
    }
}

/// In the order of each group's first row.
fn grouped(rows: Vec<Row>, by: Option<&LabelModifier>) -> Vec<Group> {
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        let labels = group_labels(&row.labels, by);
        let place = *places.entry(labels.clone()).or_insert_with(|| {
            groups.push(Group { labels, rows: Vec::new() });
            groups.len() - 1
        });
        groups[place].rows.push(row);
    }
    groups
}

fn group_labels(labels: &Labels, by: Option<&LabelModifier>) -> Labels {
    let listed = |names: &[String], name: &str| names.iter().any(|listed| listed == name);
    match by {
        None => Labels::default(),
        Some(LabelModifier::Include(names)) => labels.filtered(|name| listed(&names.labels, name)),
        Some(LabelModifier::Exclude(names)) => {
            labels.filtered(|name| name != METRIC_NAME && !listed(&names.labels, name))
        }
    }
}

/// What an operator makes of the values of one step; there is at least one.
fn reduction(op: TokenId) -> Option<fn(&mut dyn Iterator<Item = f64>) -> f64> {
    Some(match op {
        T_SUM => |column| {
            let mut sum = Sum::default();
            column.for_each(|value| sum.add(value));
            sum.total()
        },
        T_AVG => |column| {
            let mut mean = Mean::default();
            column.for_each(|value| mean.add(value));
            mean.get()
        },
        T_COUNT => |column| column.count() as f64,
        T_GROUP => |_| 1.0,
        T_MAX => |column| extreme(column, |value, best| value > best),
        T_MIN => |column| extreme(column, |value, best| value < best),
        T_STDVAR => variance,
        T_STDDEV => |column| variance(column).sqrt(),
        _ => return None,
    })
}

fn extreme(column: &mut dyn Iterator<Item = f64>, is_better: fn(f64, f64) -> bool) -> f64 {
    let better =
        |best: f64, value: f64| if is_better(value, best) || best.is_nan() { value } else { best };
    column.reduce(better).unwrap_or(f64::NAN)
}

/// By Welford's method.
fn variance(column: &mut dyn Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for value in column {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
    }
    squares / count
}

/// How many to choose at each step; steps without a value to choose from are not looked at.
fn counts(parameter: &[f64], groups: &[Group]) -> Result<Vec<usize>, QueryError> {
    // The first that is no i64 any more.
    const TOO_MANY: f64 = 9.223_372_036_854_776e18;
    let count = |(i, value): (usize, &f64)| {
        if *value < TOO_MANY {
            // What is negative becomes zero.
            return Ok(*value as usize);
        }
        if groups.iter().all(|group| group.column(i).next().is_none()) {
            return Ok(0);
        }
        let problem = format!("Scalar value {} overflows int64", plain(*value));
        Err(QueryError::Parameter { problem })
    };
    parameter.iter().enumerate().map(count).collect()
}

/// Of each step the largest or smallest values; NaN is chosen last. The rows of an instant query
/// come in that order.
fn chosen(mut group: Group, counts: &[usize], op: TokenId) -> Vec<Row> {
    let mut first = Vec::new();
    for (i, count) in counts.iter().enumerate() {
        let rows = &group.rows;
        let mut order: Vec<usize> =
            (0..rows.len()).filter(|row| is_present(rows[*row].values[i])).collect();
        order.sort_by(|a, b| better_first(rows[*a].values[i], rows[*b].values[i], op));
        for row in order.drain((*count).min(order.len())..) {
            group.rows[row].values[i] = ABSENT;
        }
        if i == 0 {
            first = order;
        }
    }
    let mut ranks = vec![usize::MAX; group.rows.len()];
    for (rank, row) in first.into_iter().enumerate() {
        ranks[row] = rank;
    }
    let mut rows: Vec<_> = ranks.into_iter().zip(group.rows).collect();
    rows.sort_by_key(|(rank, _)| *rank);
    rows.into_iter().map(|(_, row)| row).filter(|row| !row.is_empty()).collect()
}

fn better_first(a: f64, b: f64, op: TokenId) -> Ordering {
    let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    let order = if op == T_TOPK { order.reverse() } else { order };
    a.is_nan().cmp(&b.is_nan()).then(order)
}

/// For each value how often it occurs, the value being a label.
fn count_values(groups: Vec<Group>, label: &str, steps: &Steps) -> Result<Vec<Row>, QueryError> {
    if label.is_empty() {
        return Err(QueryError::Parameter { problem: format!("invalid label name {label:?}") });
    }
    let mut rows = Vec::new();
    for group in groups {
        let mut counted: HashMap<String, usize> = HashMap::new();
        let begin = rows.len();
        for i in 0..steps.count {
            for value in group.column(i) {
                let text = plain(value);
                let place = *counted.entry(text).or_insert_with_key(|text| {
                    let values = vec![ABSENT; steps.count];
                    rows.push(Row { labels: group.labels.with(label, text), values });
                    rows.len() - 1 - begin
                });
                let count: &mut f64 = &mut rows[begin + place].values[i];
                *count = if is_present(*count) { *count + 1.0 } else { 1.0 };
            }
        }
    }
    merged(rows)
}
