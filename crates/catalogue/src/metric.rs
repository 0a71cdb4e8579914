//! The table of metrics.

/// One metric family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Name as Prometheus sees it; counters carry `_total`.
    pub name: &'static str,
    /// What it measures.
    pub help: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// Names of its labels; every one has a bounded set of values.
    pub labels: &'static [&'static str],
}

/// What kind a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations by upper bound, in the unit of its name.
    Histogram(&'static [f64]),
    /// Always 1; its labels are the message.
    Info,
}

/// From a tenth of a millisecond to half a minute: what an answer may take.
const SECONDS: &[f64] = &[
    1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0,
];

/// The units that a name may end in.
const BASE_UNITS: &[&str] = &["seconds", "bytes"];

const fn metric(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, help, kind, labels }
}

/// Every metric that Striatum emits.
pub const METRICS: &[Metric] = &[
    metric(
        "striatum_requests_total",
        Kind::Counter,
        &["model", "outcome"],
        "Inference requests by outcome: ok, bad_request, not_found, refused, not_ready, busy, timed_out, failed.",
    ),
    metric(
        "striatum_request_duration_seconds",
        Kind::Histogram(SECONDS),
        &["model"],
        "Time from a request's body to its answer.",
    ),
    metric(
        "striatum_queue_duration_seconds",
        Kind::Histogram(SECONDS),
        &["model"],
        "Time that a request waited for a worker.",
    ),
    metric(
        "striatum_inference_duration_seconds",
        Kind::Histogram(SECONDS),
        &["model"],
        "Time to encode, step and decode a request.",
    ),
    metric(
        "striatum_requests_in_flight",
        Kind::Gauge,
        &[],
        "Inference requests that have been let in and not yet answered.",
    ),
    metric("striatum_connections", Kind::Gauge, &[], "Connections that are open."),
    metric(
        "striatum_connections_refused_total",
        Kind::Counter,
        &[],
        "Connections that were closed at once because as many as may be were open.",
    ),
    metric("striatum_sessions", Kind::Gauge, &[], "Sessions that are open."),
    metric("striatum_session_bytes", Kind::Gauge, &[], "Memory of the states of all sessions."),
    metric(
        "striatum_sessions_closed_total",
        Kind::Counter,
        &["reason"],
        "Sessions that ended, by reason: asked, idle, replaced, parked.",
    ),
    metric(
        "striatum_degradation_level",
        Kind::Gauge,
        &[],
        "How much the server leaves out: 0 nothing, 1 learning, 2 shadow copies too, 3 new sessions too.",
    ),
    metric(
        "striatum_rollbacks_total",
        Kind::Counter,
        &["model"],
        "Candidates that were taken back because they did worse than the stable version.",
    ),
    metric(
        "striatum_dead_letters_total",
        Kind::Counter,
        &["origin", "event"],
        "What became of dead letters: put, replayed, removed, expired.",
    ),
    metric(
        "striatum_backups_total",
        Kind::Counter,
        &["outcome"],
        "Backups that the server made by itself, by outcome: ok, failed.",
    ),
    metric(
        "striatum_authentication_failures_total",
        Kind::Counter,
        &[],
        "Requests whose key or token was not accepted.",
    ),
    metric(
        "striatum_rate_limited_total",
        Kind::Counter,
        &[],
        "Requests that were refused because their caller asks too often.",
    ),
    metric("striatum_audit_entries_total", Kind::Counter, &[], "Entries written to the audit log."),
    metric(
        "striatum_steps_total",
        Kind::Counter,
        &["model"],
        "Steps taken, over all sequences of all requests.",
    ),
    metric(
        "striatum_input_events_total",
        Kind::Counter,
        &["model"],
        "Events that entered networks.",
    ),
    metric("striatum_spikes_total", Kind::Counter, &["model"], "Spikes of neurons."),
    metric(
        "striatum_synaptic_operations_total",
        Kind::Counter,
        &["model"],
        "Synaptic operations: an event times the synapses that it visited.",
    ),
    metric(
        "striatum_model_ready",
        Kind::Gauge,
        &["model", "version"],
        "1 where the model can be served, 0 where it could not be loaded.",
    ),
    metric(
        "striatum_model_info",
        Kind::Info,
        &["model", "version", "profile"],
        "The models that can be served, and the conventions that they run under.",
    ),
    metric("process_resident_memory_bytes", Kind::Gauge, &[], "Resident size of the process."),
    metric(
        "process_start_time_seconds",
        Kind::Gauge,
        &[],
        "Start of the process, in seconds since 1970.",
    ),
    metric("striatum_build_info", Kind::Info, &["version"], "The version that runs."),
];

impl Metric {
    /// The metric of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.name == name)
    }

    /// The name of its family in OpenMetrics: the name without `_total` and `_info`.
    pub fn family(&self) -> &'static str {
        let suffix = match self.kind {
            Kind::Counter => "_total",
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
}

#[cfg(test)]
mod tests {
    use super::{Kind, METRICS};
    use std::collections::HashSet;

    #[test]
    fn names_follow_the_rules() {
        let mut names = HashSet::new();
        for metric in METRICS {
            let name = metric.name;
            assert!(names.insert(name), "{name} is defined twice");
            assert!(name.starts_with("striatum_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_info"), metric.kind == Kind::Info, "{name}");
            if let Kind::Histogram(bounds) = metric.kind {
                assert!(metric.unit().is_some(), "{name} says no unit");
                assert!(bounds.is_sorted_by(|a, b| a < b), "{name}");
            }
            for other in ["_ms", "_us", "_milliseconds", "_megabytes", "_percent"] {
                assert!(!name.contains(other), "{name} is not in a base unit");
            }
            assert!(metric.help.len() > 1 && metric.help.ends_with('.'), "{name}: no sentence");
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            for text in metric.labels.iter().chain([&name]) {
                assert!(text.chars().all(plain), "{name}: {text} is no plain name");
            }
            let mut labels = HashSet::new();
            assert!(metric.labels.iter().all(|label| labels.insert(label)), "{name}: label twice");
        }
    }
}
