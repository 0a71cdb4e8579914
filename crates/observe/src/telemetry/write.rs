//! How log records are written: as text for people, as JSON with the names of OpenTelemetry or of
//! the Elastic Common Schema.
//!
//! Sources: OpenTelemetry, Logs Data Model 1.x; Elastic Common Schema 8, fields `log` and `tracing`.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::record::{FieldValue, LogRecord, rfc3339};

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// JSON with the names of OpenTelemetry's data model.
    Json,
    /// JSON with the names of the Elastic Common Schema.
    Ecs,
}

impl LogFormat {
    /// A record as a line.
    pub fn line(self, record: &LogRecord) -> String {
        match self {
            Self::Text => text(record),
            Self::Json => open_telemetry(record).to_string(),
            Self::Ecs => ecs(record).to_string(),
        }
    }
}

fn text(record: &LogRecord) -> String {
    let LogRecord { level, target, message, .. } = record;
    let mut line = format!("{} {level:>5} {target}: {message}", rfc3339(record.time));
    for (name, value) in &record.fields {
        // Writing to a string cannot fail.
        let _ = match value {
            FieldValue::Bool(v) => write!(line, " {name}={v}"),
            FieldValue::Int(v) => write!(line, " {name}={v}"),
            FieldValue::Float(v) => write!(line, " {name}={v}"),
            FieldValue::Text(v) => write!(line, " {name}={v:?}"),
        };
    }
    if let Some(context) = &record.context {
        let _ = write!(line, " trace_id={}", context.trace());
    }
    line
}

fn fields(record: &LogRecord) -> Map<String, Value> {
    let value = |value: &FieldValue| serde_json::to_value(value).unwrap_or_default();
    record.fields.iter().map(|(name, v)| ((*name).to_owned(), value(v))).collect()
}

fn open_telemetry(record: &LogRecord) -> Value {
    let mut line = json!({
        "timestamp": rfc3339(record.time),
        "severity_text": record.level.as_str(),
        "severity_number": severity(record.level),
        "body": record.message,
        "scope": record.target,
        "attributes": fields(record),
        "resource": { "service.name": "striatum" },
    });
    if let Some(context) = &record.context {
        line["trace_id"] = json!(context.trace());
        line["span_id"] = json!(format!("{:016x}", context.span_id));
    }
    line
}

fn ecs(record: &LogRecord) -> Value {
    let mut line = json!({
        "@timestamp": rfc3339(record.time),
        "log.level": record.level.as_str().to_ascii_lowercase(),
        "log.logger": record.target,
        "message": record.message,
        "labels": fields(record),
        "service.name": "striatum",
        "ecs.version": "8.11.0",
    });
    if let Some(context) = &record.context {
        line["trace.id"] = json!(context.trace());
        line["span.id"] = json!(format!("{:016x}", context.span_id));
    }
    line
}

/// Source: OpenTelemetry, Logs Data Model, "Field: SeverityNumber".
pub(crate) fn severity(level: tracing::Level) -> i32 {
    match level {
        tracing::Level::TRACE => 1,
        tracing::Level::DEBUG => 5,
        tracing::Level::INFO => 9,
        tracing::Level::WARN => 13,
        tracing::Level::ERROR => 17,
    }
}
