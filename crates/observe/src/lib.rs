//! Serves what the catalogue names: handles to count with, and the text that Prometheus reads.
//! A family is made from its entry in the catalogue and from nothing else; asking for one that the
//! catalogue lacks is a bug and panics at start, never while requests run. Handles are resolved
//! once and kept, so that counting is one addition.

mod exposition;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalogue::{Kind, METRICS, Metric};
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::registry::{Registry, Unit};

pub use exposition::Format;
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::histogram::Histogram;

/// A value that goes up and down.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<f64, AtomicU64>;

type Labels = Vec<(&'static str, String)>;

/// Makes histograms of these upper bounds.
#[derive(Clone)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// The label sets of an info. The client's own `Family` of `Info` writes a stray comma.
#[derive(Clone, Debug, Default)]
struct Messages(Arc<Mutex<Vec<Labels>>>);

impl Messages {
    fn lock(&self) -> MutexGuard<'_, Vec<Labels>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EncodeMetric for Messages {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        self.lock().iter().try_for_each(|labels| encoder.encode_info(labels))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Info
    }
}

enum Series {
    Counter(Family<Labels, Counter>),
    Gauge(Family<Labels, Gauge>),
    Histogram(Family<Labels, Histogram, Bounds>),
    Info(Messages),
}

/// Every metric of the catalogue, ready to be counted and read.
pub struct Metrics {
    registry: Registry,
    series: Vec<(&'static Metric, Series)>,
}

impl Metrics {
    /// Registers the whole catalogue.
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::default();
        let series =
            METRICS.iter().map(|metric| (metric, register(&mut registry, metric))).collect();
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
    pub fn gauge(&self, name: &str, values: &[&str]) -> Gauge {
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

    /// Says something with the label values of an info.
    ///
    /// # Panics
    /// When the catalogue has no such info: a bug.
    pub fn say(&self, name: &str, values: &[&str]) {
        let Series::Info(messages) = self.series(name) else { unreachable!("{name} is no info") };
        let said = labels(name, values);
        let mut messages = messages.lock();
        if !messages.contains(&said) {
            messages.push(said);
        }
    }

    /// Everything, in a text format.
    pub fn text(&self, format: Format) -> String {
        let mut open_metrics = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut open_metrics, &self.registry);
        format.of(open_metrics)
    }
}

/// Pairs the label names of the catalogue with values.
fn labels(name: &str, values: &[&str]) -> Labels {
    let names = Metric::named(name).map_or(&[][..], |metric| metric.labels);
    assert_eq!(names.len(), values.len(), "{name} has the labels {names:?}");
    names.iter().zip(values).map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn register(registry: &mut Registry, metric: &Metric) -> Series {
    match metric.kind {
        Kind::Counter => {
            let family = Family::<Labels, Counter>::default();
            add(registry, metric, family.clone());
            Series::Counter(family)
        }
        Kind::Gauge => {
            let family = Family::<Labels, Gauge>::default();
            add(registry, metric, family.clone());
            Series::Gauge(family)
        }
        Kind::Histogram(bounds) => {
            let family = Family::<Labels, Histogram, Bounds>::new_with_constructor(Bounds(bounds));
            add(registry, metric, family.clone());
            Series::Histogram(family)
        }
        Kind::Info => {
            let messages = Messages::default();
            add(registry, metric, messages.clone());
            Series::Info(messages)
        }
    }
}

/// Registers a family; the client appends unit, `_total`, `_info` and the help's full stop itself.
fn add(registry: &mut Registry, metric: &Metric, family: impl prometheus_client::registry::Metric) {
    let help = metric.help.trim_end_matches('.');
    let name = metric.family();
    match metric.unit() {
        None => registry.register(name, help, family),
        Some(unit) => {
            let name = name.trim_end_matches(unit).trim_end_matches('_');
            registry.register_with_unit(name, help, Unit::Other(unit.to_owned()), family);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Kind, METRICS, Metrics};
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// A registry with every metric of the catalogue in use.
    fn used() -> std::sync::Arc<Metrics> {
        let metrics = Metrics::new();
        for metric in METRICS {
            let values = vec!["x"; metric.labels.len()];
            match metric.kind {
                Kind::Counter => drop(metrics.counter(metric.name, &values).inc()),
                Kind::Gauge => drop(metrics.gauge(metric.name, &values).set(2.0)),
                Kind::Histogram(_) => metrics.histogram(metric.name, &values).observe(0.5),
                Kind::Info => metrics.say(metric.name, &values),
            }
        }
        metrics
    }

    /// Name and rest of the lines that begin so.
    fn lines(text: &str, what: &str) -> Vec<String> {
        let mut lines: Vec<String> =
            text.lines().filter_map(|l| l.strip_prefix(what)).map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    }

    fn expected(of: impl Fn(&catalogue::Metric) -> Option<String>) -> Vec<String> {
        let mut all: Vec<String> = METRICS.iter().filter_map(of).collect();
        all.sort_unstable();
        all
    }

    fn kind(metric: &catalogue::Metric, info: &'static str) -> &'static str {
        match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
            Kind::Info => info,
        }
    }

    #[test]
    fn the_whole_catalogue_is_served_and_nothing_else() {
        let text = used().text(Format::OpenMetrics);
        let family = catalogue::Metric::family;
        assert_eq!(
            lines(&text, "# TYPE "),
            expected(|m| Some(format!("{} {}", family(m), kind(m, "info"))))
        );
        assert_eq!(
            lines(&text, "# HELP "),
            expected(|m| Some(format!("{} {}", family(m), m.help)))
        );
        assert_eq!(
            lines(&text, "# UNIT "),
            expected(|m| Some(format!("{} {}", family(m), m.unit()?)))
        );
        assert!(text.contains("\nstriatum_build_info{version=\"x\"} 1\n"), "{text}");
        assert!(text.contains("\nstriatum_steps_total{model=\"x\"} 1\n"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn prometheus_text_has_the_names_of_the_catalogue() {
        let text = used().text(Format::Prometheus);
        assert_eq!(
            lines(&text, "# TYPE "),
            expected(|m| Some(format!("{} {}", m.name, kind(m, "gauge"))))
        );
        assert_eq!(lines(&text, "# HELP "), expected(|m| Some(format!("{} {}", m.name, m.help))));
        assert_eq!(lines(&text, "# UNIT "), [""; 0]);
        assert!(!text.contains("# EOF"), "{text}");
    }

    #[test]
    fn prometheus_own_checker_finds_nothing() {
        let spawned = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut promtool) = spawned else {
            eprintln!("SKIPPED: no promtool on the PATH");
            return;
        };
        let text = used().text(Format::Prometheus);
        promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
    }
}
