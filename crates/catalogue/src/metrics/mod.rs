//! The table of metrics, by area.

mod agent;
mod engine;
mod learner;
mod machine;
mod memory;
mod operation;
mod requests;
mod watching;

use crate::label::Label;
use crate::metric::{Kind, Metric};

/// Every metric that Striatum emits, by area.
pub const METRICS: &[&[Metric]] = &[
    requests::METRICS,
    engine::METRICS,
    memory::METRICS,
    agent::METRICS,
    learner::METRICS,
    operation::METRICS,
    watching::METRICS,
    machine::METRICS,
];

/// From a tenth of a millisecond to half a minute: what an answer may take.
pub(crate) const SECONDS: &[f64] = &[
    1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0,
];

/// From 100 bytes to 100 megabytes.
pub(crate) const BYTES: &[f64] = &[1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

const fn metric(
    name: &'static str,
    kind: Kind,
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    Metric { name, help, kind, labels }
}

pub(crate) const fn counter(
    name: &'static str,
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    metric(name, Kind::Counter, labels, help)
}

pub(crate) const fn sum(
    name: &'static str,
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    metric(name, Kind::Sum, labels, help)
}

pub(crate) const fn gauge(
    name: &'static str,
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    metric(name, Kind::Gauge, labels, help)
}

pub(crate) const fn histogram(
    name: &'static str,
    bounds: &'static [f64],
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    metric(name, Kind::Histogram(bounds), labels, help)
}

pub(crate) const fn info(
    name: &'static str,
    labels: &'static [Label],
    help: &'static str,
) -> Metric {
    metric(name, Kind::Info, labels, help)
}
