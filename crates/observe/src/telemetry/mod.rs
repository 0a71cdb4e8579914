//! Traces and logs: what of them is kept, shown and sent.
//! A request is sampled before its first span exists, so that one that is not costs nothing; one
//! that ends in an error is kept all the same, as a single span.

#![allow(clippy::disallowed_methods, reason = "spans and records say when they were")]

mod context;
mod layer;
mod record;
mod redact;
mod ring;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use resilience::Chance;
use serde::{Deserialize, Serialize};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::{Counter, Metrics};

pub use context::Context;
pub use layer::{SPAN_TARGET, TelemetryLayer, current};
pub use record::{Field, FieldValue, LogRecord, SpanRecord, rfc3339};
pub use redact::redacted;
pub use write::LogFormat;
pub(crate) use write::severity;

use ring::Ring;

/// Spans and log records that are shown.
const SHOWN_SPANS: usize = 4096;
const SHOWN_LOGS: usize = 2048;

/// Spans and log records that wait to be sent; what comes beyond that is dropped and counted.
const WAITING: usize = 8192;

/// Which requests are traced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sampling {
    /// The share of requests, 0 to 1.
    pub ratio: f64,
    /// The share of the requests of a route, by the route as the table of operations has it.
    pub routes: BTreeMap<String, f64>,
    /// Whether a caller's own decision is followed.
    pub follow_caller: bool,
    /// Whether a request that ends in an error is kept where it was not sampled.
    pub errors: bool,
}

impl Default for Sampling {
    fn default() -> Self {
        // What watches would otherwise fill the traces with itself.
        let routes = ["/metrics", "/health", "/health/live", "/ready"];
        let queries = ["/api/v1/query", "/api/v1/query_range"];
        let routes = routes.into_iter().chain(queries);
        let routes = routes.map(|route| (route.to_owned(), 0.0)).collect();
        Self { ratio: 0.01, routes, follow_caller: true, errors: true }
    }
}

impl Sampling {
    /// Every setting that cannot be.
    pub fn problems(&self) -> Vec<String> {
        let all = self.routes.iter().map(|(route, ratio)| (format!("routes.{route}"), *ratio));
        std::iter::once(("ratio".to_owned(), self.ratio))
            .chain(all)
            .filter(|(_, ratio)| !(0.0..=1.0).contains(ratio))
            .map(|(key, ratio)| format!("tracing.{key}: expected 0 to 1, found {ratio}"))
            .collect()
    }
}

/// What is done with the trace of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// It is kept, under this parent where the caller has one.
    Yes(Option<Context>),
    /// It is not, unless it ends in an error.
    No(Option<Context>),
}

/// Changes which log records are written, while the program runs.
type Filter = reload::Handle<EnvFilter, Registry>;

/// What is kept of traces and logs.
pub struct Telemetry {
    sampling: RwLock<Sampling>,
    spans: Ring<SpanRecord>,
    logs: Ring<LogRecord>,
    spans_waiting: Option<Ring<SpanRecord>>,
    logs_waiting: Option<Ring<LogRecord>>,
    counters: OnceLock<Counters>,
    filter: OnceLock<Filter>,
}

struct Counters {
    logs: [Counter; 5],
    kept: Counter,
    exported: Counter,
    dropped: Counter,
}

/// Why the level of the log was not changed.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// The text says no levels.
    #[error("log level: expected `info`, `debug,hyper=warn` or the like, found {0:?}")]
    Wrong(String),
    /// The log is not this program's.
    #[error("log level: the log is not set up")]
    NotSetUp,
}

impl Telemetry {
    /// Keeps the last spans and records; those that are to be sent wait where `sends`.
    pub fn new(sampling: Sampling, sends: bool) -> Arc<Self> {
        Arc::new(Self {
            sampling: RwLock::new(sampling),
            spans: Ring::new(SHOWN_SPANS),
            logs: Ring::new(SHOWN_LOGS),
            spans_waiting: sends.then(|| Ring::new(WAITING)),
            logs_waiting: sends.then(|| Ring::new(WAITING)),
            counters: OnceLock::new(),
            filter: OnceLock::new(),
        })
    }

    /// Makes this the place where the program's spans and records go; once in a process.
    ///
    /// # Errors
    /// [`FilterError::Wrong`] for a text that says no levels.
    pub fn install(self: &Arc<Self>, format: LogFormat, levels: &str) -> Result<(), FilterError> {
        let wrong = || FilterError::Wrong(levels.to_owned());
        let filter = EnvFilter::try_new(levels).map_err(|_| wrong())?;
        let (filter, handle) = reload::Layer::new(filter);
        let layer = TelemetryLayer { telemetry: Arc::clone(self), format };
        let subscriber = Registry::default().with(layer.with_filter(filter));
        // Where another is in place already, as in tests, this one sees nothing.
        if tracing::subscriber::set_global_default(subscriber).is_ok() {
            let _ = self.filter.set(handle);
        }
        Ok(())
    }

    /// Changes which records are written.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn set_levels(&self, levels: &str) -> Result<(), FilterError> {
        let filter = self.filter.get().ok_or(FilterError::NotSetUp)?;
        let wrong = || FilterError::Wrong(levels.to_owned());
        let levels = EnvFilter::try_new(levels).map_err(|_| wrong())?;
        filter.reload(levels).map_err(|_| FilterError::NotSetUp)
    }

    /// Which records are written.
    pub fn levels(&self) -> Option<String> {
        self.filter.get()?.with_current(ToString::to_string).ok()
    }

    /// Counts what passes.
    pub fn count_in(&self, metrics: &Metrics) {
        let span = |outcome| metrics.counter("striatum_spans_total", &[outcome]);
        let _ = self.counters.set(Counters {
            logs: ["error", "warn", "info", "debug", "trace"]
                .map(|level| metrics.counter("striatum_log_records_total", &[level])),
            kept: span("kept"),
            exported: span("exported"),
            dropped: span("dropped"),
        });
    }

    /// Changes which requests are traced.
    pub fn set_sampling(&self, sampling: Sampling) {
        *self.sampling.write().unwrap_or_else(PoisonError::into_inner) = sampling;
    }

    /// Decides for a request, by its route and what its caller says.
    pub fn sample(&self, route: &str, traceparent: Option<&str>) -> Sampled {
        let sampling = self.sampling.read().unwrap_or_else(PoisonError::into_inner);
        let parent = traceparent.and_then(Context::parse);
        let share = sampling.routes.get(route).copied().unwrap_or(sampling.ratio);
        let own = share >= 1.0 || (share > 0.0 && (random_id() as f64) < share * u64::MAX as f64);
        let yes = match parent {
            Some(parent) if sampling.follow_caller => parent.sampled,
            _ => own,
        };
        if yes { Sampled::Yes(parent) } else { Sampled::No(parent) }
    }

    /// Keeps the span of a request that was not sampled and ended in an error.
    pub fn failed(
        &self,
        name: &'static str,
        parent: Option<Context>,
        start: SystemTime,
        fields: Vec<Field>,
    ) {
        if !self.sampling.read().unwrap_or_else(PoisonError::into_inner).errors {
            return;
        }
        let random = || u128::from(random_id()) << 64 | u128::from(random_id());
        let trace_id = parent.map_or_else(random, |p| p.trace_id);
        self.ended(SpanRecord {
            context: Context { trace_id, span_id: random_id(), sampled: true },
            parent: parent.map(|p| p.span_id),
            remote_parent: true,
            name,
            start,
            end: SystemTime::now(),
            fields,
            error: true,
        });
    }

    fn ended(&self, span: SpanRecord) {
        let counters = self.counters.get();
        if let Some(counters) = counters {
            counters.kept.inc();
        }
        if let Some(waiting) = &self.spans_waiting
            && !waiting.offer(span.clone())
            && let Some(counters) = counters
        {
            counters.dropped.inc();
        }
        self.spans.push(span);
    }

    fn logged(&self, record: LogRecord) {
        if let Some(counters) = self.counters.get() {
            let level = match record.level {
                tracing::Level::ERROR => 0,
                tracing::Level::WARN => 1,
                tracing::Level::INFO => 2,
                tracing::Level::DEBUG => 3,
                tracing::Level::TRACE => 4,
            };
            counters.logs[level].inc();
        }
        if let Some(waiting) = &self.logs_waiting {
            waiting.offer(record.clone());
        }
        self.logs.push(record);
    }

    /// The last log records at a level or worse that hold a text, the newest first.
    pub fn logs(&self, level: tracing::Level, text: &str, limit: usize) -> Vec<LogRecord> {
        let has = |r: &LogRecord| {
            text.is_empty()
                || r.message.contains(text)
                || r.target.contains(text)
                || r.context.is_some_and(|c| c.trace() == text)
                || r.fields.iter().any(|(name, value)| {
                    name.contains(text)
                        || matches!(value, FieldValue::Text(value) if value.contains(text))
                })
        };
        self.logs.newest(limit, |record| record.level <= level && has(record))
    }

    /// The last spans that begin a trace here, the newest first.
    pub fn traces(&self, limit: usize) -> Vec<SpanRecord> {
        self.spans.newest(limit, |span| span.remote_parent)
    }

    /// The spans of a trace, the first to end first.
    pub fn trace(&self, trace_id: u128) -> Vec<SpanRecord> {
        let mut spans = self.spans.newest(SHOWN_SPANS, |span| span.context.trace_id == trace_id);
        spans.reverse();
        spans
    }

    pub(crate) fn take_spans(&self, most: usize) -> Vec<SpanRecord> {
        self.spans_waiting.as_ref().map(|waiting| waiting.take(most)).unwrap_or_default()
    }

    pub(crate) fn take_logs(&self, most: usize) -> Vec<LogRecord> {
        self.logs_waiting.as_ref().map(|waiting| waiting.take(most)).unwrap_or_default()
    }

    /// Counts spans by whether they were sent.
    pub(crate) fn exported(&self, spans: usize, sent: bool) {
        if let Some(counters) = self.counters.get() {
            let counter = if sent { &counters.exported } else { &counters.dropped };
            counter.inc_by(spans as u64);
        }
    }
}

/// An id that no other has.
pub(crate) fn random_id() -> u64 {
    static CHANCE: OnceLock<Chance> = OnceLock::new();
    let begin = || {
        let mut seed = [0; 8];
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let drawn = getrandom::fill(&mut seed).map(|()| u64::from_le_bytes(seed));
        Chance::from_seed(drawn.unwrap_or(time.as_nanos() as u64))
    };
    CHANCE.get_or_init(begin).bits().max(1)
}

#[cfg(test)]
mod tests {
    use super::{Context, Sampled, Sampling, Telemetry};

    const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn sampling_follows_the_caller_the_route_and_the_share() {
        let telemetry = Telemetry::new(Sampling { ratio: 0.1, ..Sampling::default() }, false);
        let parent = Context::parse(CALLER);
        assert_eq!(telemetry.sample("/x", Some(CALLER)), Sampled::Yes(parent));
        let not = CALLER.replace("-01", "-00");
        assert!(matches!(telemetry.sample("/x", Some(&not)), Sampled::No(Some(_))));
        let yes =
            (0..20_000).filter(|_| telemetry.sample("/x", None) == Sampled::Yes(None)).count();
        assert!((1800..2200).contains(&yes), "{yes} of 20,000");
        let yes = (0..1000).any(|_| telemetry.sample("/metrics", None) == Sampled::Yes(None));
        assert!(!yes);
    }

    #[test]
    fn shares_are_checked() {
        let wrong = Sampling { ratio: 2.0, ..Sampling::default() };
        assert_eq!(wrong.problems(), ["tracing.ratio: expected 0 to 1, found 2"]);
    }
}
