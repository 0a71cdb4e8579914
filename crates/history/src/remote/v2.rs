//! Remote write 2.0: `io/prometheus/write/v2/types.proto`. Strings stand once, in a table.

use std::collections::HashMap;

use prost::Message;

use super::v1::{Sample, number};
use super::{Metadata, SeriesToWrite};

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(string, repeated, tag = "4")]
    symbols: Vec<String>,
    #[prost(message, repeated, tag = "5")]
    timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    /// Name and value in turn, as places in the table.
    #[prost(uint32, repeated, tag = "1")]
    labels_refs: Vec<u32>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, optional, tag = "5")]
    metadata: Option<MetadataRefs>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct MetadataRefs {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(uint32, tag = "3")]
    help_ref: u32,
    #[prost(uint32, tag = "4")]
    unit_ref: u32,
}

#[derive(Default)]
struct Symbols<'a> {
    places: HashMap<&'a str, u32>,
    symbols: Vec<String>,
}

impl<'a> Symbols<'a> {
    fn place(&mut self, text: &'a str) -> u32 {
        *self.places.entry(text).or_insert_with(|| {
            self.symbols.push(text.to_owned());
            (self.symbols.len() - 1) as u32
        })
    }

    fn metadata(&mut self, metadata: &'a Metadata) -> MetadataRefs {
        MetadataRefs {
            kind: number(metadata.kind),
            help_ref: self.place(&metadata.help),
            unit_ref: self.place(&metadata.unit),
        }
    }
}

pub(super) fn message(series: &[SeriesToWrite]) -> Vec<u8> {
    let mut symbols = Symbols::default();
    // The first is the empty string, as the specification wants it.
    symbols.place("");
    let mut timeseries = Vec::with_capacity(series.len());
    for series in series {
        let mut labels_refs = Vec::new();
        for (name, value) in &series.labels {
            labels_refs.extend([symbols.place(name), symbols.place(value)]);
        }
        let metadata = series.metadata.as_ref().map(|metadata| symbols.metadata(metadata));
        let samples = series.samples.iter().map(Sample::from).collect();
        timeseries.push(TimeSeries { labels_refs, samples, metadata });
    }
    Request { symbols: symbols.symbols, timeseries }.encode_to_vec()
}
