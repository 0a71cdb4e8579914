//! Histograms: classic buckets with exemplars for text formats, native ones for protobuf.
//! The client's histogram has native buckets or exemplars, so there are two behind one handle.

use std::time::SystemTime;

use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::histogram::NativeHistogramConfig;

use crate::family::Labels;

pub(crate) type Classic = HistogramWithExemplars<Labels>;
pub(crate) type Native = prometheus_client::metrics::histogram::Histogram;

/// How much one native bucket is wider than the one before it.
const NATIVE_FACTOR: f64 = 1.1;

/// Native buckets of a histogram; beyond that they become wider.
const MAX_NATIVE_BUCKETS: usize = 160;

pub(crate) fn native() -> Native {
    let buckets = NativeHistogramConfig::new(NATIVE_FACTOR).max_buckets(MAX_NATIVE_BUCKETS);
    Native::new_native(buckets)
}

/// Counts observations by upper bound.
#[derive(Clone, Debug)]
pub struct Histogram {
    pub(crate) classic: Classic,
    pub(crate) native: Native,
}

impl Histogram {
    /// Counts a value.
    pub fn observe(&self, value: f64) {
        self.classic.observe(value, None, None);
        self.native.observe(value);
    }

    /// Counts a value and keeps the trace that it belongs to as the exemplar of its bucket.
    pub fn observe_traced(&self, value: f64, trace_id: &str, at: SystemTime) {
        let labels = vec![("trace_id", trace_id.to_owned())];
        self.classic.observe(value, Some(labels), Some(at));
        self.native.observe(value);
    }
}
