//! What was counted, over time: every metric is gathered into the history every few seconds, as a
//! scrape would find it, and can be asked for with PromQL.

#![allow(clippy::disallowed_methods, reason = "the edge measures how long gathering takes")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use history::remote::SeriesToWrite;
use history::{
    Config, DiskConfig, Evaluated, Handle, History, HistoryError, Labels, METRIC_NAME, Query,
    QueryConfig, STALE, Sample,
};
use observe::{Counter, Gauge, Histogram, Metrics, samples};

use crate::config;
use crate::request::Server;

/// The job under which the server's own series are kept, as a scrape of it would name them.
pub(crate) const JOB: &str = "striatum";

/// How long one query may take.
pub(crate) const QUERY_LIMIT: Duration = Duration::from_secs(30);

/// Queries at once; one more is told to come back.
pub(crate) const MAX_QUERIES: usize = 4;

/// Samples of the server's own metrics.
pub(crate) struct Past {
    pub(crate) history: History,
    pub(crate) limits: QueryConfig,
    instance: String,
    known: Mutex<Gathered>,
    signals: Signals,
    pub(crate) room: tokio::sync::Semaphore,
}

/// What the last gathering found.
#[derive(Default)]
struct Gathered {
    series: HashMap<String, Known>,
    /// When it was (milliseconds since 1970); none where nothing is known of it.
    at_ms: Option<i64>,
}

/// A series that was found before.
struct Known {
    handle: Handle,
    /// The gathering that found it last.
    found: u64,
}

struct Signals {
    series: Gauge,
    samples: Gauge,
    bytes: Gauge,
    gathering: Histogram,
    pub(crate) queries: [Counter; 3],
    pub(crate) took: Histogram,
}

impl Past {
    /// Opens the history, with what it kept on disk.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub(crate) fn open(
        settings: &config::HistoryConfig,
        state: &Path,
        instance: String,
        metrics: &Metrics,
    ) -> Result<Self, HistoryError> {
        let disk = (settings.disk_bytes > 0)
            .then(|| DiskConfig { folder: state.join("history"), max_bytes: settings.disk_bytes });
        let (history, restored) = History::open(Config {
            max_memory_bytes: settings.max_bytes,
            retention: Duration::from_secs_f64(settings.retention_hours * 3600.0),
            disk,
            ..Config::default()
        })?;
        if !restored.dropped.is_empty() {
            tracing::warn!(dropped = ?restored.dropped, "a part of the history could not be read");
        }
        let gauge = |name| metrics.gauge(name, &[]);
        gauge("striatum_history_limit_bytes").set(settings.max_bytes as f64);
        Ok(Self {
            history,
            limits: QueryConfig::default(),
            instance,
            known: Mutex::default(),
            signals: Signals {
                series: gauge("striatum_history_series"),
                samples: gauge("striatum_history_samples"),
                bytes: gauge("striatum_history_size_bytes"),
                gathering: metrics.histogram("striatum_scrape_duration_seconds", &[]),
                queries: ["ok", "bad_data", "failed"]
                    .map(|o| metrics.counter("striatum_queries_total", &[o])),
                took: metrics.histogram("striatum_query_duration_seconds", &[]),
            },
            room: tokio::sync::Semaphore::new(MAX_QUERIES),
        })
    }

    /// Counts a query by the status of its answer.
    pub(crate) fn asked(&self, status: u16, took: Duration) {
        self.signals.took.observe(took.as_secs_f64());
        let outcome = match status {
            200 => 0,
            400..500 => 1,
            _ => 2,
        };
        self.signals.queries[outcome].inc();
    }

    /// Takes every metric as it stands at this time (milliseconds since 1970).
    ///
    /// A counter that was not there at the last gathering stood at nothing then. That is kept too:
    /// without it the first of its kind would be no increase, and an alert on it silent.
    /// Source: Prometheus' feature `created-timestamp-zero-ingestion`.
    pub(crate) fn gather(&self, server: &Server, now_ms: i64, gathering: u64) {
        let since = Instant::now();
        server.show();
        let families = server.metrics.families();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before_ms = known.at_ms.filter(|at_ms| *at_ms < now_ms);
        let (mut begun, mut found) = (Vec::new(), Vec::new());
        let up = observe::Sample { name: "up".into(), labels: Vec::new(), value: 1.0 };
        // Where room runs out, what says so must still have a place.
        let all = samples(&families);
        let (first, rest): (Vec<_>, Vec<_>) = all.iter().partition(|s| tells_of_room(&s.name));
        for sample in first.into_iter().chain([&up]).chain(rest) {
            let key = key(sample);
            let handle = match known.series.get_mut(&key) {
                Some(known) => {
                    known.found = gathering;
                    known.handle
                }
                None => {
                    let Some(handle) = self.handle(sample) else { continue };
                    known.series.insert(key, Known { handle, found: gathering });
                    if let (Some(t_ms), true) = (before_ms, counts(&sample.name)) {
                        begun.push((handle, Sample { t_ms, value: 0.0 }));
                    }
                    handle
                }
            };
            found.push((handle, Sample { t_ms: now_ms, value: sample.value }));
        }
        // What was there and is gone ends here.
        known.series.retain(|_, known| {
            let is_there = known.found == gathering;
            if !is_there {
                found.push((known.handle, Sample { t_ms: now_ms, value: STALE }));
            }
            is_there
        });
        // One that was there before and ended meanwhile refuses what lies before its end.
        self.history.append_all(&begun);
        let appended = self.history.append_all(&found);
        known.at_ms = Some(now_ms);
        if !appended.forgotten.is_empty() {
            // Found again at the next gathering, with a handle that holds.
            *known = Gathered::default();
        }
        drop(known);
        let stats = self.history.stats();
        self.signals.series.set(stats.series as f64);
        self.signals.samples.set(stats.samples as f64);
        self.signals.bytes.set(stats.memory_bytes as f64);
        self.signals.gathering.observe(since.elapsed().as_secs_f64());
    }

    fn labels(&self, sample: &observe::Sample) -> Option<Labels> {
        let own = [(METRIC_NAME, sample.name.as_str()), ("job", JOB), ("instance", &self.instance)];
        let labels = sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Labels::new(own.into_iter().chain(labels)).ok()
    }

    fn handle(&self, sample: &observe::Sample) -> Option<Handle> {
        self.history.handle(&self.labels(sample)?).ok()
    }

    /// Every metric as it stands, to be written to a remote store.
    pub(crate) fn written(&self, server: &Server, now_ms: i64) -> Vec<SeriesToWrite> {
        server.show();
        let found = samples(&server.metrics.families());
        let one = |sample: &observe::Sample| {
            let value = Sample { t_ms: now_ms, value: sample.value };
            Some(SeriesToWrite {
                labels: self.labels(sample)?,
                samples: vec![value],
                metadata: None,
            })
        };
        found.iter().filter_map(one).collect()
    }

    /// Drops what is too old, and writes what is new to disk.
    pub(crate) fn tidy(&self, now_ms: i64) {
        if let Err(error) = self.history.expire(now_ms).and_then(|()| self.history.flush()) {
            tracing::warn!(%error, "the history is not kept on disk");
        }
    }
}

/// Whether a series of that name only goes up from nothing: a counter, or a part of a histogram.
fn counts(name: &str) -> bool {
    ["_total", "_bucket", "_count", "_sum"].iter().any(|suffix| name.ends_with(suffix))
}

fn key(sample: &observe::Sample) -> String {
    let mut key = sample.name.clone();
    for (name, value) in &sample.labels {
        key.push('\u{1}');
        key.push_str(name);
        key.push('\u{2}');
        key.push_str(value);
    }
    key
}

impl alert::Series for Past {
    fn query(&self, expr: &str, at_ms: i64) -> Result<Vec<(alert::Labels, f64)>, String> {
        let query = Query::parse(expr, &self.limits).map_err(|e| e.to_string())?;
        let found = query.instant(&self.history, at_ms, &self.limits, &|| None);
        let labels = |labels: &Labels| labels.iter().collect::<alert::Labels>();
        match found.map_err(|e| e.to_string())? {
            Evaluated::Vector(found) => {
                Ok(found.iter().map(|(l, sample)| (labels(l), sample.value)).collect())
            }
            Evaluated::Scalar(sample) => Ok(vec![(alert::Labels::default(), sample.value)]),
            _ => Err("expected a vector or a number".into()),
        }
    }

    fn record(&self, made: &[alert::Sample], at_ms: i64) {
        for sample in made {
            let own = [("job", JOB), ("instance", self.instance.as_str())];
            let has = |name: &str| !sample.labels.get(name).is_empty();
            let own = own.into_iter().filter(|(name, _)| !has(name));
            let Ok(labels) = Labels::new(sample.labels.iter().chain(own)) else { continue };
            if let Ok(handle) = self.history.handle(&labels) {
                // One that was taken at this very time stays.
                let _ = self.history.append(handle, at_ms, sample.value);
            }
        }
    }
}

/// Whether a metric says how full the history and the families are.
fn tells_of_room(name: &str) -> bool {
    name.starts_with("striatum_history_") || name.starts_with("striatum_series")
}
