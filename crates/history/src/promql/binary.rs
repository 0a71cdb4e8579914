//! Operations of two expressions: arithmetic, comparison, and sets.
//!
//! Elements match that agree in certain labels. All rows that agree are a group, and what Prometheus
//! decides at every step about elements is decided here for the rows of a group.

use std::collections::HashMap;

use promql_parser::parser::token::{
    T_ADD, T_ATAN2, T_DIV, T_EQLC, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS, T_MOD,
    T_MUL, T_NEQ, T_POW, T_SUB, TokenId,
};
use promql_parser::parser::{BinModifier, BinaryExpr, LabelModifier, VectorMatchCardinality};

use super::QueryError;
use super::eval::Evaluator;
use super::rows::{ABSENT, Row, Steps, Value, is_present, merged};
use crate::labels::{Labels, METRIC_NAME};

/// What an operator does to two numbers.
#[derive(Clone, Copy)]
enum Operator {
    Arithmetic(fn(f64, f64) -> f64),
    Comparison(fn(&f64, &f64) -> bool),
}

fn operator(op: TokenId) -> Option<Operator> {
    use Operator::{Arithmetic, Comparison};
    Some(match op {
        T_ADD => Arithmetic(|a, b| a + b),
        T_SUB => Arithmetic(|a, b| a - b),
        T_MUL => Arithmetic(|a, b| a * b),
        T_DIV => Arithmetic(|a, b| a / b),
        T_MOD => Arithmetic(|a, b| a % b),
        T_POW => Arithmetic(f64::powf),
        T_ATAN2 => Arithmetic(f64::atan2),
        T_EQLC => Comparison(f64::eq),
        T_NEQ => Comparison(f64::ne),
        T_GTR => Comparison(f64::gt),
        T_LSS => Comparison(f64::lt),
        T_GTE => Comparison(f64::ge),
        T_LTE => Comparison(f64::le),
        _ => return None,
    })
}

/// An operator with its modifiers.
struct Operation<'a> {
    operator: Operator,
    modifier: &'a BinModifier,
}

impl Operation<'_> {
    /// The value, of which `kept` is what a comparison lets through.
    fn apply(&self, left: f64, right: f64, kept: f64) -> f64 {
        match self.operator {
            Operator::Arithmetic(f) => f(left, right),
            Operator::Comparison(f) if self.modifier.return_bool => f64::from(f(&left, &right)),
            Operator::Comparison(f) if f(&left, &right) => kept,
            Operator::Comparison(_) => ABSENT,
        }
    }

    fn drops_name(&self) -> bool {
        self.modifier.return_bool || matches!(self.operator, Operator::Arithmetic(_))
    }
}

/// Rows of both sides that agree in the labels that matter.
#[derive(Default)]
struct Match<'a> {
    left: Vec<&'a Row>,
    right: Vec<&'a Row>,
}

/// The side of which one element matches many of the other.
#[derive(Clone, Copy, PartialEq)]
enum One {
    Left,
    Right,
}

impl Evaluator<'_> {
    pub(super) fn binary(&self, binary: &BinaryExpr, steps: &Steps) -> Result<Value, QueryError> {
        let default = BinModifier::default();
        let modifier = binary.modifier.as_ref().unwrap_or(&default);
        let (left, right) = (self.eval(&binary.lhs, steps)?, self.eval(&binary.rhs, steps)?);
        let op = binary.op.id();
        let Some(operator) = operator(op) else {
            let (Value::Vector(left), Value::Vector(right)) = (left, right) else {
                return Err(of_wrong_kind(binary));
            };
            return Ok(Value::Vector(self.set(op, left, right, modifier)?));
        };
        let operation = Operation { operator, modifier };
        Ok(match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                let pairs = left.iter().zip(&right);
                Value::Scalar(pairs.map(|(l, r)| operation.apply(*l, *r, *l)).collect())
            }
            (Value::Vector(rows), Value::Scalar(numbers)) => {
                let apply = |i: usize, value: f64| operation.apply(value, numbers[i], value);
                Value::Vector(with_scalar(rows, &operation, apply)?)
            }
            (Value::Scalar(numbers), Value::Vector(rows)) => {
                let apply = |i: usize, value: f64| operation.apply(numbers[i], value, value);
                Value::Vector(with_scalar(rows, &operation, apply)?)
            }
            (Value::Vector(left), Value::Vector(right)) => {
                Value::Vector(self.matched(&operation, &left, &right, steps)?)
            }
            _ => return Err(of_wrong_kind(binary)),
        })
    }

    fn set(
        &self,
        op: TokenId,
        left: Vec<Row>,
        right: Vec<Row>,
        modifier: &BinModifier,
    ) -> Result<Vec<Row>, QueryError> {
        let n_steps = left.first().or(right.first()).map_or(0, |row| row.values.len());
        self.charge((left.len() + right.len()).saturating_mul(n_steps))?;
        let presence = |rows: &[Row]| {
            let mut presence: HashMap<Labels, Vec<bool>> = HashMap::new();
            for row in rows {
                let seen = presence
                    .entry(signature(&row.labels, modifier))
                    .or_insert_with(|| vec![false; n_steps]);
                for (seen, value) in seen.iter_mut().zip(&row.values) {
                    *seen |= is_present(*value);
                }
            }
            presence
        };
        let filtered =
            |rows: Vec<Row>, others: &HashMap<Labels, Vec<bool>>, where_present: bool| {
                let filter = |row: Row| {
                    let seen = others.get(&signature(&row.labels, modifier));
                    let is_seen = |i: usize| seen.is_some_and(|seen| seen[i]);
                    row.map(|i, value| if is_seen(i) == where_present { value } else { ABSENT })
                };
                rows.into_iter().map(filter).collect::<Vec<_>>()
            };
        merged(match op {
            T_LAND => filtered(left, &presence(&right), true),
            T_LUNLESS => filtered(left, &presence(&right), false),
            T_LOR => {
                let right = filtered(right, &presence(&left), false);
                left.into_iter().chain(right).collect()
            }
            _ => return Err(QueryError::Unsupported { what: "this operator".to_owned() }),
        })
    }

    fn matched(
        &self,
        operation: &Operation<'_>,
        left: &[Row],
        right: &[Row],
        steps: &Steps,
    ) -> Result<Vec<Row>, QueryError> {
        let modifier = operation.modifier;
        let one = match modifier.card {
            VectorMatchCardinality::OneToMany(_) => One::Left,
            _ => One::Right,
        };
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut matches: Vec<(Labels, Match<'_>)> = Vec::new();
        let mut place = |row: &Row, matches: &mut Vec<(Labels, Match<'_>)>| {
            let labels = signature(&row.labels, modifier);
            *places.entry(labels.clone()).or_insert_with(|| {
                matches.push((labels, Match::default()));
                matches.len() - 1
            })
        };
        for row in left {
            let place = place(row, &mut matches);
            matches[place].1.left.push(row);
        }
        for row in right {
            let place = place(row, &mut matches);
            matches[place].1.right.push(row);
        }
        let is_active: Vec<bool> =
            (0..steps.count).map(|i| any_present(left, i) && any_present(right, i)).collect();
        let mut rows = Vec::new();
        for (labels, matched) in matches {
            let (many, single) = match one {
                One::Right => (&matched.left, &matched.right),
                One::Left => (&matched.right, &matched.left),
            };
            check_one(single, &is_active, &labels, one)?;
            let begin = rows.len();
            for many in many {
                for single in single {
                    self.charge(steps.count)?;
                    rows.push(operation.pair(many, single, one));
                }
            }
            check_many(&rows[begin..], operation, steps)?;
        }
        merged(rows)
    }
}

fn of_wrong_kind(binary: &BinaryExpr) -> QueryError {
    QueryError::Parameter { problem: format!("operator {} cannot have such operands", binary.op) }
}

fn with_scalar(
    rows: Vec<Row>,
    operation: &Operation<'_>,
    apply: impl Fn(usize, f64) -> f64,
) -> Result<Vec<Row>, QueryError> {
    let rows = rows.into_iter().map(|row| {
        let row = if operation.drops_name() { row.without_name() } else { row };
        row.map(&apply)
    });
    merged(rows.collect())
}

/// The labels in which elements must agree.
fn signature(labels: &Labels, modifier: &BinModifier) -> Labels {
    let listed = |names: &[String], name: &str| names.iter().any(|listed| listed == name);
    match &modifier.matching {
        None => labels.without_name(),
        Some(LabelModifier::Include(names)) => labels.filtered(|name| listed(&names.labels, name)),
        Some(LabelModifier::Exclude(names)) => {
            labels.filtered(|name| name != METRIC_NAME && !listed(&names.labels, name))
        }
    }
}

fn any_present(rows: &[Row], i: usize) -> bool {
    rows.iter().any(|row| is_present(row.values[i]))
}

/// At no step may there be two elements on the side that has one; steps at which the other side has
/// nothing at all are not looked at.
fn check_one(
    rows: &[&Row],
    is_active: &[bool],
    labels: &Labels,
    one: One,
) -> Result<(), QueryError> {
    if rows.len() < 2 {
        return Ok(());
    }
    let count = |i: usize| rows.iter().filter(|row| is_present(row.values[i])).count();
    if is_active.iter().enumerate().all(|(i, is_active)| !is_active || count(i) < 2) {
        return Ok(());
    }
    let side = if one == One::Right { "right" } else { "left" };
    Err(QueryError::ManyToMany { group: labels.to_string(), side })
}

/// At no step may two results of a match be the same, or be two at all without `group_left`.
fn check_many(rows: &[Row], operation: &Operation<'_>, steps: &Steps) -> Result<(), QueryError> {
    if rows.len() < 2 {
        return Ok(());
    }
    if operation.modifier.card == VectorMatchCardinality::OneToOne {
        let count = |i: usize| rows.iter().filter(|row| is_present(row.values[i])).count();
        let is_unique = (0..steps.count).all(|i| count(i) < 2);
        return if is_unique { Ok(()) } else { Err(QueryError::ManyToOne) };
    }
    merged(rows.to_vec()).map(|_| ()).map_err(|_| QueryError::NotUnique)
}

impl Operation<'_> {
    /// The result of two rows that match.
    fn pair(&self, many: &Row, single: &Row, one: One) -> Row {
        let values = many.values.iter().zip(&single.values).map(|(many, single)| {
            if !is_present(*many) || !is_present(*single) {
                return ABSENT;
            }
            let (left, right) = match one {
                One::Right => (*many, *single),
                One::Left => (*single, *many),
            };
            self.apply(left, right, left)
        });
        Row { labels: self.labels(&many.labels, &single.labels), values: values.collect() }
    }

    fn labels(&self, many: &Labels, single: &Labels) -> Labels {
        let mut labels = if self.drops_name() { many.without_name() } else { many.clone() };
        if self.modifier.card == VectorMatchCardinality::OneToOne {
            let listed = |names: &[String], name: &str| names.iter().any(|listed| listed == name);
            labels = match &self.modifier.matching {
                None => labels,
                Some(LabelModifier::Include(on)) => {
                    labels.filtered(|name| listed(&on.labels, name))
                }
                Some(LabelModifier::Exclude(ignoring)) => {
                    labels.filtered(|name| !listed(&ignoring.labels, name))
                }
            };
        }
        let included = self.modifier.card.labels().map_or(&[][..], |names| &names.labels);
        included.iter().fold(labels, |labels, name| labels.with(name, single.get(name)))
    }
}
