//! Remote write: samples as the body of a request that Prometheus and its like receive.
//!
//! Sending is not done here: who sends adds the headers, retries what is answered with 429 or 5xx,
//! and leaves alone what is answered with another 4xx.
//!
//! Source: Prometheus, "Remote-Write 1.0 specification" and "Remote-Write 2.0 specification".

mod v1;
mod v2;

use std::borrow::Cow;

use crate::chunk::Sample;
use crate::labels::Labels;

/// The most samples that a request should have: Prometheus sends no more at once.
pub const SAMPLES_PER_REQUEST: usize = 2_000;

/// The version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `prometheus.WriteRequest`: every receiver has it.
    V1,
    /// `io.prometheus.write.v2.Request`: strings are written once, so it is smaller.
    V2,
}

/// What kind of metric a series is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Not known.
    #[default]
    Unknown,
    /// It only goes up, or back to zero.
    Counter,
    /// It goes up and down.
    Gauge,
    /// A classic histogram's buckets, sum or count.
    Histogram,
    /// A summary's quantiles, sum or count.
    Summary,
}

/// What is known of a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its kind.
    pub kind: Kind,
    /// What it counts or measures.
    pub help: Cow<'static, str>,
    /// Its unit.
    pub unit: Cow<'static, str>,
}

/// Samples of one series, in order of time.
#[derive(Clone, Debug)]
pub struct SeriesToWrite {
    /// The labels.
    pub labels: Labels,
    /// The samples.
    pub samples: Vec<Sample>,
    /// What is known of the metric.
    pub metadata: Option<Metadata>,
}

/// The body of a request, and the headers that must go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The body: protobuf, compressed as a snappy block.
    pub body: Vec<u8>,
    /// Names and values.
    pub headers: [(&'static str, &'static str); 4],
}

/// A request that cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request has {found} bytes, more than snappy can compress; send fewer samples at once")]
pub struct TooLarge {
    /// Bytes of the message.
    pub found: usize,
}

/// One request with all the series.
///
/// # Errors
///
/// A request of 4 GiB; with [`SAMPLES_PER_REQUEST`] that does not come.
pub fn encode(protocol: Protocol, series: &[SeriesToWrite]) -> Result<Encoded, TooLarge> {
    let (message, content_type, version) = match protocol {
        Protocol::V1 => (v1::message(series), "application/x-protobuf", "0.1.0"),
        Protocol::V2 => (
            v2::message(series),
            "application/x-protobuf;proto=io.prometheus.write.v2.Request",
            "2.0.0",
        ),
    };
    // That it is too large is all that can go wrong.
    let compressed = snap::raw::Encoder::new().compress_vec(&message);
    Ok(Encoded {
        body: compressed.map_err(|_| TooLarge { found: message.len() })?,
        headers: [
            ("Content-Type", content_type),
            ("Content-Encoding", "snappy"),
            ("X-Prometheus-Remote-Write-Version", version),
            ("User-Agent", concat!("striatum/", env!("CARGO_PKG_VERSION"))),
        ],
    })
}
