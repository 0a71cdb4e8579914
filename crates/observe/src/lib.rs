//! Serves what the catalogue names: handles to count with, and the text that Prometheus reads.
//! A family is made from its entry in the catalogue and from nothing else; asking for one that the
//! catalogue lacks is a bug and panics at start, never while requests run.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use catalogue::{Kind, METRICS, Metric};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type FloatGauge = Gauge<f64, AtomicU64>;

#[derive(Clone)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

enum Series {
    Counter(Family<Labels, Counter>),
    Gauge(Family<Labels, FloatGauge>),
    Histogram(Family<Labels, Histogram, Buckets>),
    Info,
}

/// Every metric of the catalogue, ready to be counted and read.
pub struct Metrics {
    registry: Registry,
    series: Vec<(&'static Metric, Series)>,
}

impl Metrics {
    /// Registers the whole catalogue; `info` gives the values of the info metrics' labels, in the
    /// order of the catalogue.
    pub fn new(info: &[&str]) -> Arc<Self> {
        let mut registry = Registry::default();
        let mut info = info.iter();
        let series = METRICS
            .iter()
            .map(|metric| (metric, register(&mut registry, metric, &mut info)))
            .collect();
        Arc::new(Self { registry, series })
    }

    fn series(&self, name: &str) -> &Series {
        let found = self.series.iter().find(|(metric, _)| metric.name == name);
        let Some((_, series)) = found else { unreachable!("{name} is not in the catalogue") };
        series
    }

    /// The counter of that name and those label values, in the order of the catalogue.
    ///
    /// # Panics
    /// When the catalogue has no such counter: a bug.
    pub fn counter(&self, name: &str, values: &[&str]) -> Counter {
        let Series::Counter(family) = self.series(name) else {
            unreachable!("{name} is no counter")
        };
        family.get_or_create(&labels(name, values)).clone()
    }

    /// The gauge of that name and those label values.
    ///
    /// # Panics
    /// When the catalogue has no such gauge: a bug.
    pub fn gauge(&self, name: &str, values: &[&str]) -> FloatGauge {
        let Series::Gauge(family) = self.series(name) else { unreachable!("{name} is no gauge") };
        family.get_or_create(&labels(name, values)).clone()
    }

    /// The histogram of that name and those label values.
    ///
    /// # Panics
    /// When the catalogue has no such histogram: a bug.
    pub fn histogram(&self, name: &str, values: &[&str]) -> Histogram {
        let Series::Histogram(family) = self.series(name) else {
            unreachable!("{name} is no histogram")
        };
        family.get_or_create(&labels(name, values)).clone()
    }

    /// Everything in the OpenMetrics text format 1.0.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// Pairs the label names of the catalogue with values.
fn labels(name: &str, values: &[&str]) -> Labels {
    let names = Metric::named(name).map_or(&[][..], |metric| metric.labels);
    assert_eq!(names.len(), values.len(), "{name} has the labels {names:?}");
    names.iter().zip(values).map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn register<'a>(
    registry: &mut Registry,
    metric: &'static Metric,
    info: &mut impl Iterator<Item = &'a &'a str>,
) -> Series {
    // The client appends `_total`, `_info` and the full stop of the help text itself.
    let name = metric.name.trim_end_matches("_total").trim_end_matches("_info");
    let help = metric.help.trim_end_matches('.');
    match metric.kind {
        Kind::Counter => {
            let family = Family::<Labels, Counter>::default();
            registry.register(name, help, family.clone());
            Series::Counter(family)
        }
        Kind::Gauge => {
            let family = Family::<Labels, FloatGauge>::default();
            registry.register(name, help, family.clone());
            Series::Gauge(family)
        }
        Kind::Histogram(bounds) => {
            let family =
                Family::<Labels, Histogram, Buckets>::new_with_constructor(Buckets(bounds));
            registry.register(name, help, family.clone());
            Series::Histogram(family)
        }
        Kind::Info => {
            let values = metric.labels.iter().map(|label| {
                (label.to_string(), info.next().map_or_else(String::new, |v| (*v).to_owned()))
            });
            registry.register(name, help, Info::new(values.collect::<Vec<_>>()));
            Series::Info
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, METRICS, Metrics};

    #[test]
    fn the_whole_catalogue_is_served_and_nothing_else() {
        let metrics = Metrics::new(&["1.2.3"]);
        for metric in METRICS {
            let values = vec!["x"; metric.labels.len()];
            match metric.kind {
                Kind::Counter => drop(metrics.counter(metric.name, &values).inc()),
                Kind::Gauge => drop(metrics.gauge(metric.name, &values).set(2.0)),
                Kind::Histogram(_) => metrics.histogram(metric.name, &values).observe(0.5),
                Kind::Info => {}
            }
        }
        let text = metrics.text();
        let mut served: Vec<&str> =
            text.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.split(' ').next()).collect();
        let mut named: Vec<&str> = METRICS
            .iter()
            .map(|m| m.name.trim_end_matches("_total").trim_end_matches("_info"))
            .collect();
        served.sort_unstable();
        named.sort_unstable();
        assert_eq!(served, named);
        assert!(text.contains("striatum_build_info{version=\"1.2.3\"} 1"), "{text}");
        assert!(text.contains("striatum_steps_total{model=\"x\"} 1"));
        assert!(text.ends_with("# EOF\n"));
    }
}
