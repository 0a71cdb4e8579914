//! Functions of vectors, scalars and labels.

use promql_parser::label::MatchOp;
use promql_parser::parser::{Call, Expr, VectorSelector};

use super::eval::Evaluator;
use super::histogram::Ask;
use super::rows::{ABSENT, Row, Steps, Value, is_present, merged};
use super::select::Of;
use super::{QueryError, calendar, math, range};
use crate::go_regex::anchored;
use crate::labels::{Labels, METRIC_NAME};

/// Whether there is a function of that name.
pub(super) fn is_known(name: &str) -> bool {
    const OTHERS: [&str; 24] = [
        "absent",
        "absent_over_time",
        "clamp",
        "clamp_max",
        "clamp_min",
        "histogram_avg",
        "histogram_count",
        "histogram_fraction",
        "histogram_quantile",
        "histogram_stddev",
        "histogram_stdvar",
        "histogram_sum",
        "label_join",
        "label_replace",
        "pi",
        "round",
        "scalar",
        "sort",
        "sort_by_label",
        "sort_by_label_desc",
        "sort_desc",
        "time",
        "timestamp",
        "vector",
    ];
    OTHERS.contains(&name)
        || range::named(name).is_some()
        || number(name).is_some()
        || date(name).is_some()
}

/// Functions of one number.
fn number(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "acos" => f64::acos,
        "acosh" => f64::acosh,
        "asin" => f64::asin,
        "asinh" => f64::asinh,
        "atan" => f64::atan,
        "atanh" => f64::atanh,
        "ceil" => f64::ceil,
        "cos" => f64::cos,
        "cosh" => f64::cosh,
        "deg" => |v| v * 180.0 / std::f64::consts::PI,
        "exp" => f64::exp,
        "floor" => f64::floor,
        "ln" => f64::ln,
        "log10" => f64::log10,
        "log2" => f64::log2,
        "rad" => |v| v * std::f64::consts::PI / 180.0,
        "sgn" => |v| if v == 0.0 || v.is_nan() { v } else { v.signum() },
        "sin" => f64::sin,
        "sinh" => f64::sinh,
        "sqrt" => f64::sqrt,
        "tan" => f64::tan,
        "tanh" => f64::tanh,
        _ => return None,
    })
}

/// Functions of a time (seconds since 1970).
fn date(name: &str) -> Option<fn(i64) -> i64> {
    Some(match name {
        "year" => |t| calendar::civil(t).year,
        "month" => |t| calendar::civil(t).month,
        "day_of_month" => |t| calendar::civil(t).day,
        "day_of_week" => calendar::day_of_week,
        "day_of_year" => calendar::day_of_year,
        "days_in_month" => |t| {
            let date = calendar::civil(t);
            calendar::days_in_month(date.year, date.month)
        },
        "hour" => |t| calendar::civil(t).hour,
        "minute" => |t| calendar::civil(t).minute,
        _ => return None,
    })
}

/// Of a number: no calendar reaches as far as numbers do.
fn dated(date: fn(i64) -> i64, seconds: f64) -> f64 {
    const MOST_SECONDS: f64 = 1e15;
    if seconds.abs() <= MOST_SECONDS { date(seconds as i64) as f64 } else { f64::NAN }
}

/// The arguments of a call.
struct Args<'a> {
    evaluator: &'a Evaluator<'a>,
    call: &'a Call,
    steps: &'a Steps,
}

impl<'a> Args<'a> {
    fn expr(&self, place: usize) -> Result<&'a Expr, QueryError> {
        self.call.args.args.get(place).map(Box::as_ref).ok_or_else(|| QueryError::Parameter {
            problem: format!("{}() lacks argument {}", self.call.func.name, place + 1),
        })
    }

    fn rows(&self, place: usize) -> Result<Vec<Row>, QueryError> {
        self.evaluator.rows(self.expr(place)?, self.steps)
    }

    fn scalar(&self, place: usize) -> Result<Vec<f64>, QueryError> {
        self.evaluator.scalar(self.expr(place)?, self.steps)
    }

    fn string(&self, place: usize) -> Result<String, QueryError> {
        self.evaluator.string(self.expr(place)?)
    }

    fn count(&self) -> usize {
        self.call.args.args.len()
    }

    fn times(&self) -> Vec<f64> {
        self.steps.times().map(|t_ms| t_ms as f64 / 1000.0).collect()
    }

    /// The first argument with each value mapped; names go.
    fn mapped(&self, f: impl Fn(usize, f64) -> f64) -> Result<Vec<Row>, QueryError> {
        let rows = self.rows(0)?.into_iter();
        merged(rows.map(|row| row.without_name().map(&f)).collect())
    }
}

impl Evaluator<'_> {
    pub(super) fn call(&self, call: &Call, steps: &Steps) -> Result<Value, QueryError> {
        let name = call.func.name;
        let args = Args { evaluator: self, call, steps };
        if let Some(function) = range::named(name) {
            return Ok(Value::Vector(self.range_call(call, function, steps)?));
        }
        if let Some(function) = number(name) {
            return Ok(Value::Vector(args.mapped(|_, value| function(value))?));
        }
        if let Some(function) = date(name) {
            return Ok(Value::Vector(dates(&args, function)?));
        }
        Ok(match name {
            "pi" => Value::Scalar(vec![std::f64::consts::PI; steps.count]),
            "time" => Value::Scalar(args.times()),
            "scalar" => Value::Scalar(only(&args.rows(0)?, steps)),
            _ => Value::Vector(self.vector_call(name, &args)?),
        })
    }

    fn vector_call(&self, name: &str, args: &Args<'_>) -> Result<Vec<Row>, QueryError> {
        match name {
            "vector" => Ok(vec![Row { labels: Labels::default(), values: args.scalar(0)? }]),
            "absent" => absent(args),
            "absent_over_time" => {
                let values = self.absent_over_time(args.expr(0)?, args.steps)?;
                Ok(vec![Row { labels: absent_labels(args.expr(0)?), values }])
            }
            "clamp" => clamp(args, args.scalar(1)?, args.scalar(2)?),
            "clamp_min" => clamp(args, args.scalar(1)?, vec![f64::INFINITY; args.steps.count]),
            "clamp_max" => clamp(args, vec![f64::NEG_INFINITY; args.steps.count], args.scalar(1)?),
            "round" => round(args),
            "timestamp" => timestamp(args),
            "label_replace" => label_replace(args),
            "label_join" => label_join(args),
            "sort" => sorted(args, false),
            "sort_desc" => sorted(args, true),
            "sort_by_label" => sorted_by_label(args, false),
            "sort_by_label_desc" => sorted_by_label(args, true),
            "histogram_quantile" => {
                let (q, rows) = (args.scalar(0)?, args.rows(1)?);
                self.histograms(&rows, &Ask::Quantile(&q), args.steps)
            }
            "histogram_fraction" => {
                let (lower, upper, rows) = (args.scalar(0)?, args.scalar(1)?, args.rows(2)?);
                self.histograms(&rows, &Ask::Fraction(&lower, &upper), args.steps)
            }
            // These are of native histograms, of which there are none.
            "histogram_avg" | "histogram_count" | "histogram_sum" | "histogram_stddev"
            | "histogram_stdvar" => args.rows(0).map(|_| Vec::new()),
            _ => Err(QueryError::Unsupported { what: format!("function {name}()") }),
        }
    }
}

fn dates(args: &Args<'_>, function: fn(i64) -> i64) -> Result<Vec<Row>, QueryError> {
    if args.count() > 0 {
        return args.mapped(|_, seconds| dated(function, seconds));
    }
    let values = args.times().into_iter().map(|seconds| dated(function, seconds)).collect();
    Ok(vec![Row { labels: Labels::default(), values }])
}

/// The value of the only element, NaN where there is none or more than one.
fn only(rows: &[Row], steps: &Steps) -> Vec<f64> {
    let at = |i: usize| {
        let mut present = rows.iter().map(|row| row.values[i]).filter(|value| is_present(*value));
        match (present.next(), present.next()) {
            (Some(value), None) => value,
            _ => f64::NAN,
        }
    };
    (0..steps.count).map(at).collect()
}

fn absent(args: &Args<'_>) -> Result<Vec<Row>, QueryError> {
    let rows = args.rows(0)?;
    let is_absent = |i: usize| !rows.iter().any(|row| is_present(row.values[i]));
    let values = (0..args.steps.count).map(|i| if is_absent(i) { 1.0 } else { ABSENT }).collect();
    Ok(vec![Row { labels: absent_labels(args.expr(0)?), values }])
}

/// The labels that a selector says its series have. One that it speaks of twice is not among them.
fn absent_labels(expr: &Expr) -> Labels {
    let selector: &VectorSelector = match expr {
        Expr::VectorSelector(selector) => selector,
        Expr::MatrixSelector(matrix) => &matrix.vs,
        _ => return Labels::default(),
    };
    let matchers = &selector.matchers.matchers;
    let is_single = |name: &str| matchers.iter().filter(|m| m.name == name).count() == 1;
    let said = matchers.iter().filter(|matcher| {
        matches!(matcher.op, MatchOp::Equal)
            && matcher.name != METRIC_NAME
            && is_single(&matcher.name)
    });
    said.fold(Labels::default(), |labels, matcher| labels.with(&matcher.name, &matcher.value))
}

fn clamp(args: &Args<'_>, least: Vec<f64>, most: Vec<f64>) -> Result<Vec<Row>, QueryError> {
    args.mapped(|i, value| {
        if most[i] < least[i] {
            return ABSENT;
        }
        math::max(least[i], math::min(most[i], value))
    })
}

fn round(args: &Args<'_>) -> Result<Vec<Row>, QueryError> {
    let to = if args.count() > 1 { args.scalar(1)? } else { vec![1.0; args.steps.count] };
    args.mapped(|i, value| {
        // The inverse is exact for many more numbers than the number itself: 0.1, say.
        let inverse = 1.0 / to[i];
        (value * inverse + 0.5).floor() / inverse
    })
}

fn timestamp(args: &Args<'_>) -> Result<Vec<Row>, QueryError> {
    let mut expr = args.expr(0)?;
    while let Expr::Paren(paren) = expr {
        expr = &paren.expr;
    }
    if let Expr::VectorSelector(selector) = expr {
        let rows = args.evaluator.vector(selector, args.steps, Of::Times)?;
        return merged(rows.into_iter().map(Row::without_name).collect());
    }
    args.mapped(|i, _| args.steps.at(i) as f64 / 1000.0)
}

fn check_label(function: &str, name: &str) -> Result<(), QueryError> {
    if !name.is_empty() {
        return Ok(());
    }
    let problem = format!("invalid destination label name in {function}(): {name:?}");
    Err(QueryError::Parameter { problem })
}

fn label_replace(args: &Args<'_>) -> Result<Vec<Row>, QueryError> {
    let rows = args.rows(0)?;
    let (target, replacement) = (args.string(1)?, args.string(2)?);
    let (source, pattern) = (args.string(3)?, args.string(4)?);
    let regex = anchored(&pattern).map_err(|problem| QueryError::Parameter {
        problem: format!("invalid regular expression in label_replace(): {pattern}: {problem}"),
    })?;
    check_label("label_replace", &target)?;
    let replaced = rows.into_iter().map(|row| {
        let Some(captures) = regex.captures(row.labels.get(&source)) else { return row };
        let mut value = String::new();
        captures.expand(&replacement, &mut value);
        Row { labels: row.labels.with(&target, &value), ..row }
    });
    merged(replaced.collect())
}

fn label_join(args: &Args<'_>) -> Result<Vec<Row>, QueryError> {
    let rows = args.rows(0)?;
    let (target, separator) = (args.string(1)?, args.string(2)?);
    check_label("label_join", &target)?;
    let sources = (3..args.count()).map(|i| args.string(i)).collect::<Result<Vec<_>, _>>()?;
    let joined = rows.into_iter().map(|row| {
        let values: Vec<_> = sources.iter().map(|source| row.labels.get(source)).collect();
        Row { labels: row.labels.with(&target, &values.join(&separator)), ..row }
    });
    merged(joined.collect())
}

/// By the first value; NaN is last either way. Over a range there is no order.
fn sorted(args: &Args<'_>, is_descending: bool) -> Result<Vec<Row>, QueryError> {
    let mut rows = args.rows(0)?;
    rows.sort_by(|a, b| {
        let (a, b) = (a.values[0], b.values[0]);
        let order = a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal);
        let order = if is_descending { order.reverse() } else { order };
        a.is_nan().cmp(&b.is_nan()).then(order)
    });
    Ok(rows)
}

/// By labels that are named, then by all; numbers within a value by their size.
fn sorted_by_label(args: &Args<'_>, is_descending: bool) -> Result<Vec<Row>, QueryError> {
    let mut rows = args.rows(0)?;
    let names = (1..args.count()).map(|i| args.string(i)).collect::<Result<Vec<_>, _>>()?;
    rows.sort_by(|a, b| {
        let by_name = |name: &String| natural(a.labels.get(name), b.labels.get(name));
        let order = names.iter().map(by_name).find(|order| order.is_ne());
        let order = order.unwrap_or_else(|| a.labels.cmp(&b.labels));
        if is_descending { order.reverse() } else { order }
    });
    Ok(rows)
}

/// Natural order: runs of digits compare as numbers.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (Some(first_a), Some(first_b)) = (a.chars().next(), b.chars().next()) else {
            return a.len().cmp(&b.len());
        };
        let both_digits = first_a.is_ascii_digit() && first_b.is_ascii_digit();
        let length = |text: &str, first: char| {
            if both_digits {
                text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())
            } else {
                first.len_utf8()
            }
        };
        let ((part_a, rest_a), (part_b, rest_b)) =
            (a.split_at(length(a, first_a)), b.split_at(length(b, first_b)));
        let order = if both_digits {
            let (a, b) = (part_a.trim_start_matches('0'), part_b.trim_start_matches('0'));
            a.len().cmp(&b.len()).then(a.cmp(b))
        } else {
            part_a.cmp(part_b)
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}
