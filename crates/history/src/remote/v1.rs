//! Remote write 1.0: `prometheus/prompb/remote.proto` and `types.proto`.

use std::collections::BTreeMap;

use prost::Message;

use super::{Kind, Metadata, SeriesToWrite};
use crate::labels::METRIC_NAME;

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<MetricMetadata>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// The same in both versions.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(double, tag = "1")]
    pub(super) value: f64,
    /// Milliseconds since 1970.
    #[prost(int64, tag = "2")]
    pub(super) timestamp: i64,
}

impl From<&crate::chunk::Sample> for Sample {
    fn from(sample: &crate::chunk::Sample) -> Self {
        Self { value: sample.value, timestamp: sample.t_ms }
    }
}

#[derive(Clone, PartialEq, Message)]
struct MetricMetadata {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    metric_family_name: String,
    #[prost(string, tag = "4")]
    help: String,
    #[prost(string, tag = "5")]
    unit: String,
}

pub(super) fn message(series: &[SeriesToWrite]) -> Vec<u8> {
    let timeseries = series.iter().map(|series| TimeSeries {
        labels: series
            .labels
            .iter()
            .map(|(name, value)| Label { name: name.to_owned(), value: value.to_owned() })
            .collect(),
        samples: series.samples.iter().map(Sample::from).collect(),
    });
    WriteRequest { timeseries: timeseries.collect(), metadata: metadata(series) }.encode_to_vec()
}

/// One entry for each metric.
fn metadata(series: &[SeriesToWrite]) -> Vec<MetricMetadata> {
    let known: BTreeMap<&str, &Metadata> = series
        .iter()
        .filter_map(|series| Some((series.labels.get(METRIC_NAME), series.metadata.as_ref()?)))
        .collect();
    let entry = |(name, metadata): (&str, &Metadata)| MetricMetadata {
        kind: number(metadata.kind),
        metric_family_name: family(name, metadata.kind).to_owned(),
        help: metadata.help.to_string(),
        unit: metadata.unit.to_string(),
    };
    let mut entries: Vec<_> = known.into_iter().map(entry).collect();
    entries.dedup_by(|a, b| a.metric_family_name == b.metric_family_name);
    entries
}

/// Of a histogram or a summary, the name without what its series add.
fn family(name: &str, kind: Kind) -> &str {
    if !matches!(kind, Kind::Histogram | Kind::Summary) {
        return name;
    }
    let endings = ["_bucket", "_count", "_sum"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// The same in both versions; 4 is a histogram of gauges.
pub(super) fn number(kind: Kind) -> i32 {
    match kind {
        Kind::Unknown => 0,
        Kind::Counter => 1,
        Kind::Gauge => 2,
        Kind::Histogram => 3,
        Kind::Summary => 5,
    }
}
