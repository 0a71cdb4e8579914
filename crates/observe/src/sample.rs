//! Everything that is counted as single samples, as a scrape would find them.

use crate::proto::{MetricFamily, MetricType};

/// One value of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The series' name: a histogram is `_bucket`, `_sum` and `_count`.
    pub name: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

/// The samples of families, histograms by their classic buckets.
pub fn samples(families: &[MetricFamily]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for family in families {
        let name = name_of(family);
        for metric in &family.metric {
            let labels: Vec<(String, String)> =
                metric.label.iter().map(|l| (l.name.clone(), l.value.clone())).collect();
            let mut push =
                |name: String, labels, value| samples.push(Sample { name, labels, value });
            if let Some(counter) = &metric.counter {
                push(name.clone(), labels, counter.value);
            } else if let Some(gauge) = &metric.gauge {
                push(name.clone(), labels, gauge.value);
            } else if let Some(histogram) = &metric.histogram {
                let bound = |bound: f64| [&labels[..], &[("le".to_owned(), le(bound))]].concat();
                let count = histogram.sample_count as f64;
                for bucket in histogram.bucket.iter().filter(|b| b.upper_bound < f64::MAX) {
                    let value = bucket.cumulative_count as f64;
                    push(format!("{name}_bucket"), bound(bucket.upper_bound), value);
                }
                push(format!("{name}_bucket"), bound(f64::INFINITY), count);
                push(format!("{name}_sum"), labels.clone(), histogram.sample_sum);
                push(format!("{name}_count"), labels, count);
            }
        }
    }
    samples
}

/// An upper bound as Prometheus 3 stores it, whatever the text says.
///
/// Source: Go's `strconv.FormatFloat(bound, 'g', -1, 64)`, with `.0` where it looks like an integer.
pub(crate) fn le(bound: f64) -> String {
    if bound.is_infinite() {
        return if bound > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let text = format!("{bound:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if bound != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    format!("{bound:?}")
}

/// The name under which text formats have a family.
fn name_of(family: &MetricFamily) -> String {
    let counter = family.r#type() == MetricType::Counter && !family.name.ends_with("_total");
    if counter { format!("{}_total", family.name) } else { family.name.clone() }
}

#[cfg(test)]
mod tests {
    use super::le;

    #[test]
    fn bounds_are_written_as_prometheus_does() {
        for (bound, text) in [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (100.0, "100.0"),
            (1e5, "100000.0"),
            (1e6, "1e+06"),
            (2.5e-5, "2.5e-05"),
            (1e-4, "0.0001"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(le(bound), text);
        }
    }
}
