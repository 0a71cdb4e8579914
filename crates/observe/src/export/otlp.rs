//! Spans, log records and metrics as the messages of OTLP.
//!
//! Source: OpenTelemetry Protocol 1.x; "Prometheus and OpenMetrics Compatibility" for metrics.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1 as logs;
use opentelemetry_proto::tonic::metrics::v1 as metrics;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as trace;

use crate::proto;
use crate::telemetry::{Context, Field, FieldValue, LogRecord, SpanRecord, severity};

/// One request.
#[derive(Clone)]
pub(super) enum Export {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

/// What this program says of itself.
pub(super) struct Described {
    resource: Resource,
    scope: InstrumentationScope,
    started: u64,
}

fn nanos(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}

fn pair(key: &str, value: Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Value::StringValue(value.to_owned()))
}

fn attributes(fields: &[Field]) -> Vec<KeyValue> {
    let one = |(name, value): &Field| {
        let value = match value {
            FieldValue::Bool(v) => Value::BoolValue(*v),
            FieldValue::Int(v) => Value::IntValue(*v),
            FieldValue::Float(v) => Value::DoubleValue(*v),
            FieldValue::Text(v) => Value::StringValue(v.clone()),
        };
        pair(name, value)
    };
    fields.iter().map(one).collect()
}

fn ids(context: &Context) -> (Vec<u8>, Vec<u8>) {
    (context.trace_id.to_be_bytes().to_vec(), context.span_id.to_be_bytes().to_vec())
}

impl Described {
    pub(super) fn new(instance: &str, started: SystemTime) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let resource = Resource {
            attributes: vec![
                text("service.name", "striatum"),
                text("service.version", version),
                text("service.instance.id", instance),
            ],
            ..Resource::default()
        };
        let scope = InstrumentationScope {
            name: "striatum".into(),
            version: version.into(),
            ..InstrumentationScope::default()
        };
        Self { resource, scope, started: nanos(started) }
    }

    pub(super) fn spans(&self, spans: &[SpanRecord]) -> Export {
        let one = |span: &SpanRecord| {
            let (trace_id, span_id) = ids(&span.context);
            let code = if span.error {
                trace::status::StatusCode::Error
            } else {
                trace::status::StatusCode::Unset
            };
            let kind = if span.remote_parent {
                trace::span::SpanKind::Server
            } else {
                trace::span::SpanKind::Internal
            };
            trace::Span {
                trace_id,
                span_id,
                parent_span_id: span.parent.map(|p| p.to_be_bytes().to_vec()).unwrap_or_default(),
                name: span.name.to_owned(),
                kind: kind.into(),
                start_time_unix_nano: nanos(span.start),
                end_time_unix_nano: nanos(span.end),
                attributes: attributes(&span.fields),
                status: Some(trace::Status { code: code.into(), message: String::new() }),
                flags: 1,
                ..trace::Span::default()
            }
        };
        let scope_spans = vec![trace::ScopeSpans {
            scope: Some(self.scope.clone()),
            spans: spans.iter().map(one).collect(),
            ..trace::ScopeSpans::default()
        }];
        let resource = Some(self.resource.clone());
        let of = trace::ResourceSpans { resource, scope_spans, ..trace::ResourceSpans::default() };
        Export::Traces(ExportTraceServiceRequest { resource_spans: vec![of] })
    }

    pub(super) fn logs(&self, records: &[LogRecord]) -> Export {
        let one = |record: &LogRecord| {
            let (trace_id, span_id) = record.context.as_ref().map(ids).unwrap_or_default();
            let mut attributes = attributes(&record.fields);
            attributes.push(text("code.namespace", record.target));
            logs::LogRecord {
                time_unix_nano: nanos(record.time),
                observed_time_unix_nano: nanos(record.time),
                severity_number: severity(record.level),
                severity_text: record.level.as_str().to_owned(),
                body: Some(AnyValue { value: Some(Value::StringValue(record.message.clone())) }),
                attributes,
                trace_id,
                span_id,
                flags: u32::from(record.context.is_some()),
                ..logs::LogRecord::default()
            }
        };
        let scope_logs = vec![logs::ScopeLogs {
            scope: Some(self.scope.clone()),
            log_records: records.iter().map(one).collect(),
            ..logs::ScopeLogs::default()
        }];
        let resource = Some(self.resource.clone());
        let of = logs::ResourceLogs { resource, scope_logs, ..logs::ResourceLogs::default() };
        Export::Logs(ExportLogsServiceRequest { resource_logs: vec![of] })
    }

    pub(super) fn metrics(&self, families: &[proto::MetricFamily], now: SystemTime) -> Export {
        let at = (self.started, nanos(now));
        let scope_metrics = vec![metrics::ScopeMetrics {
            scope: Some(self.scope.clone()),
            metrics: families.iter().filter_map(|family| metric(family, at)).collect(),
            ..metrics::ScopeMetrics::default()
        }];
        let resource = Some(self.resource.clone());
        let of = metrics::ResourceMetrics {
            resource,
            scope_metrics,
            ..metrics::ResourceMetrics::default()
        };
        Export::Metrics(ExportMetricsServiceRequest { resource_metrics: vec![of] })
    }
}

/// A family under its name of Prometheus, so that queries are the same wherever it goes.
fn metric(family: &proto::MetricFamily, at: (u64, u64)) -> Option<metrics::Metric> {
    const CUMULATIVE: i32 = metrics::AggregationTemporality::Cumulative as i32;
    let first = family.metric.first()?;
    let data = if first.counter.is_some() {
        let value = |m: &proto::Metric| m.counter.as_ref().map_or(0.0, |c| c.value);
        metrics::metric::Data::Sum(metrics::Sum {
            data_points: numbers(family, at, value),
            aggregation_temporality: CUMULATIVE,
            is_monotonic: true,
        })
    } else if first.gauge.is_some() {
        let value = |m: &proto::Metric| m.gauge.as_ref().map_or(0.0, |g| g.value);
        metrics::metric::Data::Gauge(metrics::Gauge { data_points: numbers(family, at, value) })
    } else {
        metrics::metric::Data::Histogram(metrics::Histogram {
            data_points: family.metric.iter().filter_map(|m| histogram(m, at)).collect(),
            aggregation_temporality: CUMULATIVE,
        })
    };
    Some(metrics::Metric {
        name: family.name.clone(),
        description: family.help.clone(),
        unit: unit(&family.unit).to_owned(),
        data: Some(data),
        ..metrics::Metric::default()
    })
}

/// Units by the codes of UCUM.
fn unit(base: &str) -> &str {
    match base {
        "seconds" => "s",
        "bytes" => "By",
        "joules" => "J",
        "watts" => "W",
        "celsius" => "Cel",
        "ratio" => "1",
        other => other,
    }
}

fn labels(metric: &proto::Metric) -> Vec<KeyValue> {
    metric.label.iter().map(|label| text(&label.name, &label.value)).collect()
}

fn numbers(
    family: &proto::MetricFamily,
    (started, now): (u64, u64),
    value: impl Fn(&proto::Metric) -> f64,
) -> Vec<metrics::NumberDataPoint> {
    let one = |metric: &proto::Metric| metrics::NumberDataPoint {
        attributes: labels(metric),
        start_time_unix_nano: started,
        time_unix_nano: now,
        value: Some(metrics::number_data_point::Value::AsDouble(value(metric))),
        ..metrics::NumberDataPoint::default()
    };
    family.metric.iter().map(one).collect()
}

fn histogram(
    metric: &proto::Metric,
    (started, now): (u64, u64),
) -> Option<metrics::HistogramDataPoint> {
    let of = metric.histogram.as_ref()?;
    let finite: Vec<_> = of.bucket.iter().filter(|b| b.upper_bound < f64::MAX).collect();
    let mut before = 0;
    let mut counts: Vec<u64> = finite
        .iter()
        .map(|bucket| {
            let own = bucket.cumulative_count.saturating_sub(before);
            before = bucket.cumulative_count;
            own
        })
        .collect();
    counts.push(of.sample_count.saturating_sub(before));
    Some(metrics::HistogramDataPoint {
        attributes: labels(metric),
        start_time_unix_nano: started,
        time_unix_nano: now,
        count: of.sample_count,
        sum: Some(of.sample_sum),
        bucket_counts: counts,
        explicit_bounds: finite.iter().map(|bucket| bucket.upper_bound).collect(),
        ..metrics::HistogramDataPoint::default()
    })
}
