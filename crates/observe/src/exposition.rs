//! The text formats that metrics are read in, and which of them a client asked for.

use std::fmt::Write;

use catalogue::{Kind, METRICS, Metric};

/// A text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4, which everything reads.
    Prometheus,
}

impl Format {
    /// The format for a request's `Accept` header: OpenMetrics for those who name it.
    pub fn accepted(accept: &str) -> Self {
        let named = accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let open_metrics = parts.next() == Some("application/openmetrics-text");
            open_metrics && !parts.any(|p| matches!(p, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        });
        if named { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// OpenMetrics text in this format.
    pub(crate) fn of(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Prometheus => prometheus(&open_metrics),
        }
    }
}

/// Families go by the full name, an info is a gauge, and units and the end are not said.
fn prometheus(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let mut words = line.splitn(4, ' ');
        // Writing to a string cannot fail.
        let _ = match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("UNIT" | "EOF"), ..) => Ok(()),
            (Some("#"), Some("HELP"), Some(family), Some(help)) => {
                writeln!(text, "# HELP {} {help}", full_name(family))
            }
            (Some("#"), Some("TYPE"), Some(family), Some(kind)) => {
                let kind = if kind == "info" { "gauge" } else { kind };
                writeln!(text, "# TYPE {} {kind}", full_name(family))
            }
            _ => writeln!(text, "{line}"),
        };
    }
    text
}

fn full_name(family: &str) -> &str {
    let suffixed = |m: &&Metric| matches!(m.kind, Kind::Counter | Kind::Info);
    let found = METRICS.iter().filter(suffixed).find(|metric| metric.family() == family);
    found.map_or(family, |metric| metric.name)
}

#[cfg(test)]
mod tests {
    use super::Format;

    fn check(accept: &str, format: Format) {
        assert_eq!(Format::accepted(accept), format, "{accept}");
    }

    #[test]
    fn open_metrics_is_for_those_who_name_it() {
        check("", Format::Prometheus);
        check("*/*", Format::Prometheus);
        check("text/plain;version=0.0.4;q=0.3, */*;q=0.2", Format::Prometheus);
        check("application/openmetrics-text;q=0, text/plain", Format::Prometheus);
        check("application/openmetrics-text", Format::OpenMetrics);
        // What Prometheus 3 sends.
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
             text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            Format::OpenMetrics,
        );
    }
}
