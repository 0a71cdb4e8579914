//! Functions of a range of time: `rate`, `sum_over_time` and their like.

use promql_parser::parser::{Call, Expr};

use super::QueryError;
use super::eval::Evaluator;
use super::math::{Mean, Sum, quantile};
use super::rows::{ABSENT, Row, Steps, distinct};
use super::select::Ranges;
use crate::chunk::Sample;

/// The samples of one series within the range of one step; at least one.
pub(super) struct Window<'a> {
    samples: &'a [Sample],
    /// Samples that are smaller than the one before, the first not counted.
    n_resets: u32,
    /// The range is after this and up to the end (milliseconds).
    start_ms: i64,
    end_ms: i64,
    /// The step itself (milliseconds): without `offset`.
    step_ms: i64,
    /// Scalars that were passed.
    parameters: [f64; 2],
}

/// What a function makes of a window; `None` is no value.
type Function = fn(&Window<'_>) -> Option<f64>;

/// A function of a range.
#[derive(Clone, Copy)]
pub(super) struct RangeFunction {
    function: Function,
    /// Whether it looks at every sample.
    reads_all: bool,
    keeps_name: bool,
}

/// The function of a name.
pub(super) fn named(name: &str) -> Option<RangeFunction> {
    let (function, reads_all): (Function, bool) = match name {
        "rate" => (|w| extrapolated(w, true).map(|v| v / w.seconds()), false),
        "increase" => (|w| extrapolated(w, true), false),
        "delta" => (|w| extrapolated(w, false), false),
        "irate" => (|w| last_two(w, true), false),
        "idelta" => (|w| last_two(w, false), false),
        "last_over_time" => (|w| w.samples.last().map(|s| s.value), false),
        "count_over_time" => (|w| Some(w.samples.len() as f64), false),
        "present_over_time" => (|_| Some(1.0), false),
        "avg_over_time" => (|w| Some(w.fold(Mean::default(), Mean::add).get()), true),
        "sum_over_time" => (|w| Some(w.fold(Sum::default(), Sum::add).total()), true),
        "min_over_time" => (|w| w.extreme(|value, best| value < best), true),
        "max_over_time" => (|w| w.extreme(|value, best| value > best), true),
        "stdvar_over_time" => (|w| Some(w.variance()), true),
        "stddev_over_time" => (|w| Some(w.variance().sqrt()), true),
        "quantile_over_time" => (|w| Some(quantile(w.parameters[0], &mut w.values())), true),
        "changes" => (|w| Some(changes(w)), true),
        "resets" => (|w| Some(f64::from(w.n_resets)), false),
        "deriv" => (|w| regression(w, w.samples[0].t_ms).map(|(slope, _)| slope), true),
        "predict_linear" => {
            (|w| regression(w, w.step_ms).map(|(slope, now)| slope * w.parameters[0] + now), true)
        }
        "double_exponential_smoothing" => (smoothed, true),
        _ => return None,
    };
    Some(RangeFunction { function, reads_all, keeps_name: name == "last_over_time" })
}

impl Window<'_> {
    fn seconds(&self) -> f64 {
        self.end_ms.saturating_sub(self.start_ms) as f64 / 1000.0
    }

    fn values(&self) -> Vec<f64> {
        self.samples.iter().map(|sample| sample.value).collect()
    }

    fn fold<T>(&self, mut state: T, add: fn(&mut T, f64)) -> T {
        self.samples.iter().for_each(|sample| add(&mut state, sample.value));
        state
    }

    fn extreme(&self, is_better: fn(f64, f64) -> bool) -> Option<f64> {
        self.samples.iter().map(|sample| sample.value).reduce(|best, value| {
            if is_better(value, best) || best.is_nan() { value } else { best }
        })
    }

    /// By Welford's method, with sums that lose nothing.
    fn variance(&self) -> f64 {
        let (mut mean, mut squares, mut count) = (Sum::default(), Sum::default(), 0.0);
        for sample in self.samples {
            count += 1.0;
            let delta = sample.value - mean.total();
            mean.add(delta / count);
            squares.add(delta * (sample.value - mean.total()));
        }
        squares.total() / count
    }
}

/// By how much a value changed, extrapolated to the ends of the range unless they are far from the
/// samples; a counter begins no lower than zero.
///
/// Source: Prometheus, `extrapolatedRate`.
fn extrapolated(w: &Window<'_>, is_counter: bool) -> Option<f64> {
    let [first, .., last] = w.samples else { return None };
    let mut change = last.value - first.value;
    if is_counter && w.n_resets > 0 {
        let pairs = w.samples.windows(2).filter(|pair| pair[1].value < pair[0].value);
        pairs.for_each(|pair| change += pair[0].value);
    }
    let seconds = |from: i64, to: i64| to.saturating_sub(from) as f64 / 1000.0;
    let sampled = seconds(first.t_ms, last.t_ms);
    let between = sampled / (w.samples.len() - 1) as f64;
    let near = between * 1.1;
    let mut to_start = seconds(w.start_ms, first.t_ms);
    if to_start >= near {
        to_start = between / 2.0;
    }
    if is_counter && change > 0.0 && first.value >= 0.0 {
        to_start = to_start.min(sampled * (first.value / change));
    }
    let mut to_end = seconds(last.t_ms, w.end_ms);
    if to_end >= near {
        to_end = between / 2.0;
    }
    Some(change * ((sampled + to_start + to_end) / sampled))
}

fn last_two(w: &Window<'_>, is_rate: bool) -> Option<f64> {
    let [.., before, last] = w.samples else { return None };
    let is_reset = is_rate && last.value < before.value;
    let change = if is_reset { last.value } else { last.value - before.value };
    let seconds = last.t_ms.saturating_sub(before.t_ms) as f64 / 1000.0;
    Some(if is_rate { change / seconds } else { change })
}

fn changes(w: &Window<'_>) -> f64 {
    let differ = |a: f64, b: f64| a != b && !(a.is_nan() && b.is_nan());
    w.samples.windows(2).filter(|pair| differ(pair[0].value, pair[1].value)).count() as f64
}

/// The line through the samples: its slope, and its value at a time.
fn regression(w: &Window<'_>, at_ms: i64) -> Option<(f64, f64)> {
    let [first, _, ..] = w.samples else { return None };
    if w.samples.iter().all(|sample| sample.value == first.value) {
        let is_infinite = first.value.is_infinite();
        return Some(if is_infinite { (f64::NAN, f64::NAN) } else { (0.0, first.value) });
    }
    let [mut x, mut y, mut xy, mut xx] = [Sum::default(); 4];
    for sample in w.samples {
        let seconds = sample.t_ms.saturating_sub(at_ms) as f64 / 1000.0;
        x.add(seconds);
        y.add(sample.value);
        xy.add(seconds * sample.value);
        xx.add(seconds * seconds);
    }
    let n = w.samples.len() as f64;
    let (x, y, xy, xx) = (x.total(), y.total(), xy.total(), xx.total());
    let slope = (xy - x * y / n) / (xx - x * x / n);
    Some((slope, y / n - slope * x / n))
}

/// Holt's linear smoothing: a level and a trend.
fn smoothed(w: &Window<'_>) -> Option<f64> {
    let [first, second, ..] = w.samples else { return None };
    let [level_factor, trend_factor] = w.parameters;
    let (mut level, mut trend) = (first.value, second.value - first.value);
    let mut before = 0.0;
    for (i, sample) in w.samples.iter().enumerate().skip(1) {
        if i > 1 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let next = level_factor * sample.value + (1.0 - level_factor) * (level + trend);
        before = std::mem::replace(&mut level, next);
    }
    Some(level)
}

impl Evaluator<'_> {
    /// Calls a function of a range for every series and step.
    pub(super) fn range_call(
        &self,
        call: &Call,
        function: RangeFunction,
        steps: &Steps,
    ) -> Result<Vec<Row>, QueryError> {
        let mut parameters = Vec::new();
        let mut ranges = None;
        for arg in &call.args.args {
            if arg.value_type() == promql_parser::parser::value::ValueType::Scalar {
                parameters.push(self.scalar(arg, steps)?);
            } else {
                ranges = Some(self.ranges(arg, steps)?);
            }
        }
        let ranges = ranges.ok_or_else(|| QueryError::Parameter {
            problem: format!("{}() needs a range", call.func.name),
        })?;
        check_factors(call.func.name, &parameters)?;
        let mut rows = Vec::with_capacity(ranges.n_series());
        let mut samples = Vec::new();
        for i in 0..ranges.n_series() {
            ranges.samples(i, &mut samples);
            self.charge(samples.len() + steps.count)?;
            let values = self.windows(&ranges, &samples, function, steps, &parameters)?;
            let row = Row { labels: ranges.labels(i).clone(), values };
            rows.push(if function.keeps_name { row } else { row.without_name() });
        }
        distinct(rows)
    }

    fn windows(
        &self,
        ranges: &Ranges,
        samples: &[Sample],
        function: RangeFunction,
        steps: &Steps,
        parameters: &[Vec<f64>],
    ) -> Result<Vec<f64>, QueryError> {
        let resets = resets(samples);
        let (mut begin, mut end) = (0, 0);
        let mut values = Vec::with_capacity(steps.count);
        for (i, step_ms) in steps.times().enumerate() {
            let end_ms = ranges.end_ms(step_ms);
            let start_ms = end_ms.saturating_sub(ranges.range_ms);
            let skip = |from: usize, until_ms: i64| {
                from + samples[from..].iter().take_while(|s| s.t_ms <= until_ms).count()
            };
            begin = skip(begin, start_ms);
            end = skip(end.max(begin), end_ms);
            if begin == end {
                values.push(ABSENT);
                continue;
            }
            let n_resets = resets[end - 1] - resets[begin];
            if function.reads_all || n_resets > 0 {
                self.charge(end - begin)?;
            }
            let parameter = |place: usize| parameters.get(place).map_or(0.0, |values| values[i]);
            let parameters = [parameter(0), parameter(1)];
            let samples = &samples[begin..end];
            let window = Window { samples, n_resets, start_ms, end_ms, step_ms, parameters };
            values.push((function.function)(&window).unwrap_or(ABSENT));
        }
        Ok(values)
    }

    /// `absent_over_time`: 1 where no series has a sample.
    pub(super) fn absent_over_time(
        &self,
        arg: &Expr,
        steps: &Steps,
    ) -> Result<Vec<f64>, QueryError> {
        let ranges = self.ranges(arg, steps)?;
        let present = named("present_over_time");
        let mut absent = vec![1.0; steps.count];
        let mut samples = Vec::new();
        for i in 0..ranges.n_series() {
            ranges.samples(i, &mut samples);
            self.charge(samples.len() + steps.count)?;
            let Some(present) = present else { continue };
            let values = self.windows(&ranges, &samples, present, steps, &[])?;
            for (absent, value) in absent.iter_mut().zip(values) {
                if value == 1.0 {
                    *absent = ABSENT;
                }
            }
        }
        Ok(absent)
    }
}

/// How many resets there are up to each sample.
fn resets(samples: &[Sample]) -> Vec<u32> {
    let mut count = 0;
    let mut before = f64::NEG_INFINITY;
    let counted = samples.iter().map(|sample| {
        count += u32::from(sample.value < before);
        before = sample.value;
        count
    });
    counted.collect()
}

fn check_factors(name: &str, parameters: &[Vec<f64>]) -> Result<(), QueryError> {
    if name != "double_exponential_smoothing" {
        return Ok(());
    }
    let names = ["smoothing factor", "trend factor"];
    for (name, values) in names.iter().zip(parameters) {
        if let Some(value) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            let problem = format!("invalid {name}. Expected: 0 <= factor <= 1, got: {value}");
            return Err(QueryError::Parameter { problem });
        }
    }
    Ok(())
}
