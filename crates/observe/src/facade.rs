//! A bridge for libraries that count through the `metrics` facade: what they name as the catalogue
//! names it is counted there, and nothing else.

use std::sync::Arc;

use catalogue::{Kind, Metric};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use crate::Metrics;

/// Counts what comes through the facade.
pub struct Bridge(pub Arc<Metrics>);

impl Bridge {
    /// The metric that a key names with the very labels of the catalogue, and their values.
    fn found(key: &Key) -> Option<(&'static Metric, Vec<&str>)> {
        let metric = Metric::named(key.name())?;
        let value = |name: &str| key.labels().find(|label| label.key() == name).map(|l| l.value());
        let values: Option<Vec<&str>> = metric.labels.iter().map(|l| value(l.name)).collect();
        Some((metric, values.filter(|values| values.len() == key.labels().len())?))
    }
}

impl Recorder for Bridge {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match Self::found(key) {
            Some((metric, values)) if metric.kind == Kind::Counter => {
                Counter::from_arc(Arc::new(Counted(self.0.counter(metric.name, &values))))
            }
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match Self::found(key) {
            Some((metric, values)) if metric.kind == Kind::Gauge => {
                Gauge::from_arc(Arc::new(Shown(self.0.gauge(metric.name, &values))))
            }
            _ => Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match Self::found(key) {
            Some((metric, values)) if matches!(metric.kind, Kind::Histogram(_)) => {
                Histogram::from_arc(Arc::new(Observed(self.0.histogram(metric.name, &values))))
            }
            _ => Histogram::noop(),
        }
    }
}

struct Counted(crate::Counter);

impl CounterFn for Counted {
    fn increment(&self, value: u64) {
        self.0.inc_by(value);
    }

    fn absolute(&self, value: u64) {
        // A counter never goes down.
        let missing = value.saturating_sub(self.0.get());
        self.0.inc_by(missing);
    }
}

struct Shown(crate::Gauge);

impl GaugeFn for Shown {
    fn increment(&self, value: f64) {
        self.0.inc_by(value);
    }

    fn decrement(&self, value: f64) {
        self.0.dec_by(value);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

struct Observed(crate::Histogram);

impl HistogramFn for Observed {
    fn record(&self, value: f64) {
        self.0.observe(value);
    }
}
