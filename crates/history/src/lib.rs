//! Samples of metrics over time, in bounded memory and disk, and PromQL over them.

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
