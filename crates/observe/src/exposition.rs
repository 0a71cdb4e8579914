//! The formats that metrics are read in, and which of them a client asked for.

use std::collections::HashMap;
use std::fmt::Write;

use catalogue::{Kind, Metric};
use prost::Message;

use crate::proto::{LabelPair, MetricFamily};

/// A format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' protobuf, delimited: the one with native histograms.
    Protobuf,
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4, which everything reads.
    Prometheus,
}

impl Format {
    /// The format for a request's `Accept` header: of those that it names, the one of the highest
    /// quality, the first of several; text for who names none.
    pub fn accepted(accept: &str) -> Self {
        let mut best = (0.0, Self::Prometheus);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let parameters: Vec<&str> = parts.collect();
            let quality = parameters.iter().find_map(|p| p.strip_prefix("q=")?.parse().ok());
            let quality: f64 = quality.unwrap_or(1.0);
            let of_prometheus = |p: &&str| *p == "proto=io.prometheus.client.MetricFamily";
            let format = match media {
                "application/openmetrics-text" => Self::OpenMetrics,
                "text/plain" => Self::Prometheus,
                "application/vnd.google.protobuf"
                    if parameters.iter().any(of_prometheus)
                        && !parameters.contains(&"encoding=text") =>
                {
                    Self::Protobuf
                }
                _ => continue,
            };
            if quality > best.0 {
                best = (quality, format);
            }
        }
        best.1
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// OpenMetrics text in this format.
    pub(crate) fn of(self, open_metrics: String) -> String {
        match self {
            Self::Prometheus => prometheus(&open_metrics),
            Self::OpenMetrics | Self::Protobuf => open_metrics,
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
            // Exemplars are not for this format.
            _ => writeln!(text, "{}", line.split(" # {").next().unwrap_or(line)),
        };
    }
    text
}

fn full_name(family: &str) -> &str {
    let suffixed = |m: &&Metric| m.is_counter() || m.kind == Kind::Info;
    let found = Metric::all().filter(suffixed).find(|metric| metric.family() == family);
    found.map_or(family, |metric| metric.name)
}

/// Messages one after the other, each with its length before it.
pub(crate) fn delimited(families: &[MetricFamily]) -> Vec<u8> {
    families.iter().flat_map(Message::encode_length_delimited_to_vec).collect()
}

/// Puts the native buckets of histograms beside their classic ones.
pub(crate) fn join_natives(families: &mut [MetricFamily], natives: Vec<MetricFamily>) {
    let mut by_name: HashMap<String, HashMap<Vec<(String, String)>, _>> = HashMap::new();
    for family in natives {
        let histograms =
            family.metric.into_iter().filter_map(|m| Some((key(&m.label), m.histogram?)));
        by_name.insert(family.name, histograms.collect());
    }
    for family in families {
        let Some(natives) = by_name.get_mut(&family.name) else { continue };
        for metric in &mut family.metric {
            let native = natives.remove(&key(&metric.label));
            let (Some(histogram), Some(native)) = (&mut metric.histogram, native) else { continue };
            let classic = std::mem::replace(histogram, native);
            (histogram.bucket, histogram.sample_sum) = (classic.bucket, classic.sample_sum);
            histogram.sample_count = classic.sample_count;
        }
    }
}

fn key(labels: &[LabelPair]) -> Vec<(String, String)> {
    labels.iter().map(|label| (label.name.clone(), label.value.clone())).collect()
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
        check(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1",
            Format::Protobuf,
        );
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
