//! The layer under `tracing`: spans of sampled requests and every log record pass through it.

use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use tracing::field::{Field as TracingField, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as LayerContext;
use tracing_subscriber::registry::LookupSpan;

use super::context::Context;
use super::record::{Field, FieldValue, LogRecord, MAX_FIELDS, SpanRecord, cut};
use super::redact::{REDACTED, is_secret, redacted};
use super::{LogFormat, Telemetry, random_id};

/// Spans of this target are those of the catalogue; spans of libraries are not kept.
pub const SPAN_TARGET: &str = "striatum";

/// Where spans and records go.
pub struct TelemetryLayer {
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) format: LogFormat,
}

/// A span that is open.
struct Open {
    context: Context,
    parent: Option<u64>,
    remote_parent: bool,
    start: SystemTime,
    fields: Vec<Field>,
    error: bool,
}

/// What is read of a span's or a record's fields.
#[derive(Default)]
struct Fields {
    message: String,
    parent: Option<Context>,
    error: bool,
    fields: Vec<Field>,
}

impl Fields {
    fn push(&mut self, field: &TracingField, value: FieldValue) {
        if self.fields.len() < MAX_FIELDS {
            self.fields.push((field.name(), value));
        }
    }

    fn text(&mut self, field: &TracingField, text: &str) {
        match field.name() {
            "message" => self.message = cut(redacted(text).into_owned()),
            "traceparent" => self.parent = Context::parse(text),
            name if is_secret(name) => self.push(field, FieldValue::Text(REDACTED.into())),
            _ => self.push(field, FieldValue::Text(cut(redacted(text).into_owned()))),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &TracingField, value: &dyn std::fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &TracingField, value: &str) {
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &TracingField, value: i64) {
        self.push(field, FieldValue::Int(value));
    }

    fn record_u64(&mut self, field: &TracingField, value: u64) {
        self.push(field, FieldValue::Int(value.min(i64::MAX as u64) as i64));
    }

    fn record_f64(&mut self, field: &TracingField, value: f64) {
        self.push(field, FieldValue::Float(value));
    }

    fn record_bool(&mut self, field: &TracingField, value: bool) {
        match field.name() {
            "error" => self.error = value,
            _ => self.push(field, FieldValue::Bool(value)),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for TelemetryLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        if attributes.metadata().target() != SPAN_TARGET {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let inner = span.parent().and_then(|p| p.extensions().get::<Open>().map(|o| o.context));
        let parent = inner.or(fields.parent);
        let trace_id = parent.map_or_else(random_trace_id, |parent| parent.trace_id);
        let open = Open {
            context: Context { trace_id, span_id: random_id(), sampled: true },
            parent: parent.map(|p| p.span_id).filter(|id| *id != 0),
            remote_parent: inner.is_none(),
            start: SystemTime::now(),
            fields: fields.fields,
            error: fields.error,
        };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: LayerContext<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(open) = extensions.get_mut::<Open>() else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        open.error |= fields.error;
        let room = MAX_FIELDS.saturating_sub(open.fields.len());
        open.fields.extend(fields.fields.into_iter().take(room));
    }

    fn on_close(&self, id: Id, context: LayerContext<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else { return };
        let Open { context, parent, remote_parent, start, fields, error } = open;
        let (name, end) = (span.name(), SystemTime::now());
        let record = SpanRecord { context, parent, remote_parent, name, start, end, fields, error };
        self.telemetry.ended(record);
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let scope = context.event_scope(event);
        let inside = scope.and_then(|mut s| {
            s.find_map(|span| span.extensions().get::<Open>().map(|o| o.context))
        });
        let metadata = event.metadata();
        let record = LogRecord {
            time: SystemTime::now(),
            level: *metadata.level(),
            target: metadata.target(),
            message: fields.message,
            fields: fields.fields,
            context: inside,
        };
        let line = self.format.line(&record) + "\n";
        // Where nobody reads standard error there is nobody to tell.
        drop(std::io::stderr().lock().write_all(line.as_bytes()));
        self.telemetry.logged(record);
    }
}

fn random_trace_id() -> u128 {
    u128::from(random_id()) << 64 | u128::from(random_id())
}

/// Where the current span lies, for those who tell it onward or keep it beside a number.
pub fn current() -> Option<Context> {
    tracing::Span::current()
        .with_subscriber(|(id, dispatch)| {
            let registry = dispatch.downcast_ref::<tracing_subscriber::Registry>()?;
            let span = registry.span(id)?;
            span.scope().find_map(|s| s.extensions().get::<Open>().map(|o| o.context))
        })
        .flatten()
}
