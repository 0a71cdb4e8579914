//! Serves what the catalogue names: handles to count with, and everything that reads them.
//! A family is made from its entry in the catalogue and from nothing else; asking for one that the
//! catalogue lacks is a bug and panics at start, never while requests run. Handles are resolved
//! once and kept, so that counting is one addition.

pub mod export;
mod exposition;
mod facade;
mod family;
mod histogram;
mod sample;
pub mod telemetry;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalogue::{Kind, Metric};
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, prometheus_protobuf, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::registry::{Registry, Unit};

use family::{Bounded, Labels};
use histogram::{Classic, Native};

pub use exposition::Format;
pub use facade::Bridge;
pub use family::OTHER;
pub use histogram::Histogram;
pub use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model as proto;
pub use prometheus_client::metrics::counter::Counter;
pub use sample::{Sample, samples};

/// A value that goes up and down.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<f64, AtomicU64>;

/// A value that only goes up, by any amount.
pub type Sum = prometheus_client::metrics::counter::Counter<f64, AtomicU64>;

/// Counts what was counted under `_other`.
const DROPPED: &str = "striatum_series_dropped_total";

/// Makes histograms of these upper bounds.
#[derive(Clone)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Classic> for Bounds {
    fn new_metric(&self) -> Classic {
        Classic::new(self.0.iter().copied())
    }
}

impl MetricConstructor<Native> for Bounds {
    fn new_metric(&self) -> Native {
        histogram::native()
    }
}

/// Makes what begins at nothing.
#[derive(Clone)]
struct Nothing;

impl<M: Default> MetricConstructor<M> for Nothing {
    fn new_metric(&self) -> M {
        M::default()
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
    Counter(Bounded<Counter, Nothing>),
    Sum(Bounded<Sum, Nothing>),
    Gauge(Bounded<Gauge, Nothing>),
    Histogram(Bounded<Classic, Bounds>, Family<Labels, Native, Bounds>),
    Info(Messages),
}

/// Every metric of the catalogue, ready to be counted and read.
pub struct Metrics {
    registry: Registry,
    /// The native halves of histograms.
    natives: Registry,
    series: Vec<(&'static Metric, Series)>,
}

impl Metrics {
    /// Registers the whole catalogue.
    pub fn new() -> Arc<Self> {
        let (mut registry, mut natives) = (Registry::default(), Registry::default());
        let series = Metric::all()
            .map(|metric| (metric, register(&mut registry, &mut natives, metric)))
            .collect();
        Arc::new(Self { registry, natives, series })
    }

    fn series(&self, name: &str) -> (&'static Metric, &Series) {
        let found = self.series.iter().find(|(metric, _)| metric.name == name);
        let Some((metric, series)) = found else { unreachable!("{name} is not in the catalogue") };
        (metric, series)
    }

    fn noted<M>(&self, metric: &Metric, (found, shared): (M, bool)) -> M {
        if shared && metric.name != DROPPED {
            self.counter(DROPPED, &[metric.name]).inc();
        }
        found
    }

    /// The counter of that name and those label values, in the order of the catalogue.
    ///
    /// # Panics
    /// When the catalogue has no such counter: a bug.
    pub fn counter(&self, name: &str, values: &[&str]) -> Counter {
        let (metric, Series::Counter(family)) = self.series(name) else {
            unreachable!("{name} is no counter")
        };
        self.noted(metric, family.get(metric, labels(metric, values)))
    }

    /// The sum of that name and those label values.
    ///
    /// # Panics
    /// When the catalogue has no such sum: a bug.
    pub fn sum(&self, name: &str, values: &[&str]) -> Sum {
        let (metric, Series::Sum(family)) = self.series(name) else {
            unreachable!("{name} is no sum")
        };
        self.noted(metric, family.get(metric, labels(metric, values)))
    }

    /// The gauge of that name and those label values.
    ///
    /// # Panics
    /// When the catalogue has no such gauge: a bug.
    pub fn gauge(&self, name: &str, values: &[&str]) -> Gauge {
        let (metric, Series::Gauge(family)) = self.series(name) else {
            unreachable!("{name} is no gauge")
        };
        self.noted(metric, family.get(metric, labels(metric, values)))
    }

    /// The histogram of that name and those label values.
    ///
    /// # Panics
    /// When the catalogue has no such histogram: a bug.
    pub fn histogram(&self, name: &str, values: &[&str]) -> Histogram {
        let (metric, Series::Histogram(classic, native)) = self.series(name) else {
            unreachable!("{name} is no histogram")
        };
        let labels = classic.fitting(metric, labels(metric, values));
        let native = native.get_or_create_owned(&labels.0);
        let classic = classic.family.get_or_create_owned(&labels.0);
        self.noted(metric, (Histogram { classic, native }, labels.1))
    }

    /// Says something with the label values of an info.
    ///
    /// # Panics
    /// When the catalogue has no such info: a bug.
    pub fn say(&self, name: &str, values: &[&str]) {
        let (metric, Series::Info(messages)) = self.series(name) else {
            unreachable!("{name} is no info")
        };
        let said = labels(metric, values);
        let mut messages = messages.lock();
        if !messages.contains(&said) && messages.len() < metric.cap() {
            messages.push(said);
        }
    }

    /// Removes every series whose label has this value: what it was of is gone.
    pub fn forget(&self, label: &str, value: &str) {
        for (_, series) in &self.series {
            match series {
                Series::Counter(family) => drop(family.forget(label, value)),
                Series::Sum(family) => drop(family.forget(label, value)),
                Series::Gauge(family) => drop(family.forget(label, value)),
                Series::Histogram(classic, native) => {
                    for labels in classic.forget(label, value) {
                        native.remove(&labels);
                    }
                }
                Series::Info(messages) => {
                    let of = |l: &Labels| l.iter().any(|(name, v)| *name == label && v == value);
                    messages.lock().retain(|labels| !of(labels));
                }
            }
        }
    }

    /// How many series there are; a histogram counts as one.
    pub fn n_series(&self) -> usize {
        let of = |series: &Series| match series {
            Series::Counter(family) => family.len(),
            Series::Sum(family) => family.len(),
            Series::Gauge(family) => family.len(),
            Series::Histogram(family, _) => family.len(),
            Series::Info(messages) => messages.lock().len(),
        };
        self.series.iter().map(|(_, series)| of(series)).sum()
    }

    /// Everything, in a format.
    pub fn exposed(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Protobuf => exposition::delimited(&self.families()),
            Format::OpenMetrics | Format::Prometheus => {
                let mut open_metrics = String::new();
                // Writing to a string cannot fail.
                let _ = text::encode(&mut open_metrics, &self.registry);
                format.of(open_metrics).into_bytes()
            }
        }
    }

    /// Everything, as Prometheus' own messages, histograms with classic and native buckets.
    pub fn families(&self) -> Vec<proto::MetricFamily> {
        let mut families = prometheus_protobuf::encode(&self.registry).unwrap_or_default();
        let natives = prometheus_protobuf::encode(&self.natives).unwrap_or_default();
        exposition::join_natives(&mut families, natives);
        families
    }
}

/// Pairs the label names of the catalogue with values.
fn labels(metric: &Metric, values: &[&str]) -> Labels {
    let names = metric.labels;
    assert_eq!(names.len(), values.len(), "{} has the labels {names:?}", metric.name);
    names.iter().zip(values).map(|(label, value)| (label.name, (*value).to_owned())).collect()
}

fn register(registry: &mut Registry, natives: &mut Registry, metric: &Metric) -> Series {
    match metric.kind {
        Kind::Counter => {
            let bounded = Bounded::new(Nothing);
            add(registry, metric, bounded.family.clone());
            Series::Counter(bounded)
        }
        Kind::Sum => {
            let bounded = Bounded::new(Nothing);
            add(registry, metric, bounded.family.clone());
            Series::Sum(bounded)
        }
        Kind::Gauge => {
            let bounded = Bounded::new(Nothing);
            add(registry, metric, bounded.family.clone());
            Series::Gauge(bounded)
        }
        Kind::Histogram(bounds) => {
            let classic = Bounded::new(Bounds(bounds));
            add(registry, metric, classic.family.clone());
            let native = Family::new_with_constructor(Bounds(bounds));
            add(natives, metric, native.clone());
            Series::Histogram(classic, native)
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
mod tests;
