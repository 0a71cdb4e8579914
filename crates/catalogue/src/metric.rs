//! What a metric is.

use crate::label::Label;
use crate::metrics::METRICS;

/// One metric family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Name as Prometheus sees it; counters carry `_total`.
    pub name: &'static str,
    /// What it measures.
    pub help: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// Its labels, each with its bound.
    pub labels: &'static [Label],
}

/// What kind a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only goes up, by whole numbers.
    Counter,
    /// Only goes up, by any amount: seconds, joules.
    Sum,
    /// Goes up and down.
    Gauge,
    /// Counts observations by upper bound, in the unit of its name.
    Histogram(&'static [f64]),
    /// Always 1; its labels are the message.
    Info,
}

/// The units that a name may end in.
const BASE_UNITS: &[&str] =
    &["seconds", "bytes", "joules", "celsius", "watts", "hertz", "ratio", "ratios"];

/// The most series of a family, whatever its labels allow.
pub const MAX_SERIES: usize = 5000;

impl Metric {
    /// The metric of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        METRICS.iter().flat_map(|area| area.iter()).find(|metric| metric.name == name)
    }

    /// Every metric.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        METRICS.iter().flat_map(|area| area.iter())
    }

    /// Whether it only goes up.
    pub fn is_counter(&self) -> bool {
        matches!(self.kind, Kind::Counter | Kind::Sum)
    }

    /// The name of its family in OpenMetrics: the name without `_total` and `_info`.
    pub fn family(&self) -> &'static str {
        let suffix = match self.kind {
            Kind::Counter | Kind::Sum => "_total",
            Kind::Info => "_info",
            Kind::Gauge | Kind::Histogram(_) => "",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }

    /// The base unit that its family's name ends in; none where it counts things.
    pub fn unit(&self) -> Option<&'static str> {
        let ends = |unit: &&str| self.family().rsplit('_').next() == Some(unit);
        BASE_UNITS.iter().copied().find(ends)
    }

    /// The most series that it may have.
    pub fn cap(&self) -> usize {
        let all = self.labels.iter().fold(1_usize, |n, label| n.saturating_mul(label.most));
        all.min(MAX_SERIES)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Metric};
    use std::collections::HashSet;

    #[test]
    fn names_follow_the_rules() {
        let mut names = HashSet::new();
        for metric in Metric::all() {
            let name = metric.name;
            assert!(names.insert(metric.family()), "{name} is defined twice");
            assert!(name.starts_with("striatum_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), metric.is_counter(), "{name}");
            assert_eq!(name.ends_with("_info"), metric.kind == Kind::Info, "{name}");
            for suffix in ["_bucket", "_count", "_sum", "_created"] {
                assert!(!name.ends_with(suffix), "{name} ends as a part of a histogram does");
            }
            if let Kind::Histogram(bounds) = metric.kind {
                assert!(bounds.is_sorted_by(|a, b| a < b), "{name}");
            }
            for other in ["ms", "us", "milliseconds", "megabytes", "percent"] {
                assert!(name.split('_').all(|w| w != other), "{name} is not in a base unit");
            }
            assert!(metric.help.len() > 1 && metric.help.ends_with('.'), "{name}: no sentence");
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            for text in metric.labels.iter().map(|l| l.name).chain([name]) {
                assert!(text.chars().all(plain), "{name}: {text} is no plain name");
            }
            let mut labels = HashSet::new();
            for label in metric.labels {
                assert!(labels.insert(label.name), "{name}: label {} twice", label.name);
                assert!(!["le", "quantile", "job", "instance"].contains(&label.name), "{name}");
                assert!(label.most > 0, "{name}");
            }
        }
    }
}
