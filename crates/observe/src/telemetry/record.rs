//! Spans that ended and log records, as values.

use std::time::SystemTime;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::context::Context;

/// The most fields of a span or a record, and the longest text of one (bytes).
pub(crate) const MAX_FIELDS: usize = 32;
pub(crate) const MAX_TEXT_BYTES: usize = 4096;

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
}

/// A name and its value.
pub type Field = (&'static str, FieldValue);

/// A span that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRecord {
    /// Where it lies.
    pub context: Context,
    /// The span that it belongs to; none for the first of a trace here.
    pub parent: Option<u64>,
    /// Whether the parent is another program's.
    pub remote_parent: bool,
    /// Its name.
    pub name: &'static str,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// Its attributes.
    pub fields: Vec<Field>,
    /// Whether it ended in an error.
    pub error: bool,
}

/// A log record.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRecord {
    /// When.
    pub time: SystemTime,
    /// How bad.
    pub level: tracing::Level,
    /// Where in the program.
    pub target: &'static str,
    /// What.
    pub message: String,
    /// With which values.
    pub fields: Vec<Field>,
    /// In which span.
    pub context: Option<Context>,
}

/// A moment as RFC 3339 has it, in UTC.
pub fn rfc3339(at: SystemTime) -> String {
    OffsetDateTime::from(at).format(&Rfc3339).unwrap_or_default()
}

/// A text no longer than it may be.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    }
    text
}
