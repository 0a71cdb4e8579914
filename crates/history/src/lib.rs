//! Samples of metrics over time, in bounded memory and disk, and PromQL over them.
//!
//! | part | what it does |
//! | --- | --- |
//! | [`History`] | takes samples by [`Handle`], gives them by [`Matcher`], drops what is old |
//! | [`Query`] | PromQL, read and evaluated as Prometheus 3 does |
//! | [`http`] | Prometheus' HTTP API without HTTP: what Grafana asks a data source |
//! | [`remote`] | samples as the body of a remote write, 1.0 and 2.0 |
//!
//! A series is chunks of 120 samples, compressed as in Gorilla. Where memory is full, the chunk that
//! ends first goes. Readers copy references to chunks under the lock and decode without it. An
//! expression is evaluated over all steps of a query at once, so each series is decoded once.
//!
//! Time is passed in, and so is whether a query should stop. Nothing here logs, counts for others or
//! waits for a network; the disk is written when [`History::flush`] is called, and only then.
//! `docs/decisions/0010-history.md` has the reasons, and what differs from Prometheus.

mod bits;
mod chunk;
mod config;
mod disk;
mod error;
mod go_regex;
pub mod http;
mod index;
mod labels;
mod matcher;
mod promql;
pub mod remote;
mod segment;
mod series;
mod store;
mod table;

pub use chunk::{STALE, Sample, is_stale};
pub use config::{Config, DiskConfig, MIN_DISK_BYTES, MIN_MEMORY_BYTES};
pub use disk::{Dropped, Flushed, MAX_SEGMENT_BYTES, MAX_SEGMENTS, Restored, SEGMENTS};
pub use error::{HistoryError, Refused};
pub use go_regex::{MAX_REGEX_BYTES, MAX_REGEX_MEMORY_BYTES};
pub use labels::{Iter, Labels, LabelsError, MAX_LABEL_BYTES, MAX_LABELS, METRIC_NAME};
pub use matcher::{Matcher, Test};
pub use promql::{Evaluated, Query, QueryConfig, QueryError, Range, Stop, selector};
pub use segment::Damage;
pub use store::{Appended, History, Selected};
pub use table::{Handle, Stats};
