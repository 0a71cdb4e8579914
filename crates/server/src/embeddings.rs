//! The endpoint that makes vectors of texts, as memories ask it: for a tenant, and with everything
//! that it took recorded.

use std::sync::Arc;

use embedding::{Embedder, Layer, Parts, Report};
use memory::{Embedding, Endpoint, EndpointError};
use observe::export::shown;
use observe::{Counter, Gauge, Histogram, Metrics};
use resilience::{Chance, Clock};
use store::TenantId;

use crate::config;
use crate::error::ServeError;

/// The endpoint and what is counted of it.
pub(crate) struct Embeddings {
    embedder: Embedder,
    signals: Signals,
}

/// The endpoint as one tenant has it.
pub(crate) struct OfTenant {
    embeddings: Arc<Embeddings>,
    tenant: String,
}

struct Signals {
    /// Hits, misses, errors.
    local: [Counter; 3],
    redis: [Counter; 3],
    entries: Gauge,
    bytes: Gauge,
    /// Ok, failed.
    texts: [Counter; 2],
    duration: Histogram,
    /// Ok, retried, failed, refused.
    calls: [Counter; 4],
    redis_calls: [Counter; 2],
    /// Of the endpoint, of Redis.
    breakers: [Gauge; 2],
}

impl Embeddings {
    /// The endpoint that is configured, if there is one; nothing is connected yet.
    ///
    /// # Errors
    /// [`ServeError::File`] for the file of its key, [`ServeError::Config`].
    pub(crate) fn of(
        settings: &config::Memory,
        metrics: &Metrics,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, ServeError> {
        let Some(config) = &settings.embedding else { return Ok(None) };
        let read = |path: &std::path::PathBuf| {
            let wrong =
                |e: std::io::Error| ServeError::File { path: path.clone(), problem: e.to_string() };
            std::fs::read_to_string(path).map_err(wrong)
        };
        let key = config.key.as_ref().map(read).transpose()?;
        let [a, b, c, d, e, f, g, h, ..] = crate::http::random_bytes();
        let chance = Chance::from_seed(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        let parts = Parts { clock: Arc::clone(clock), chance };
        let wrong = |e: String| ServeError::Config(vec![format!("memory.embedding: {e}")]);
        let embedder = Embedder::new(config, key.as_deref(), &settings.cache, parts);
        let signals = Signals::of(metrics, settings.cache.redis.is_some());
        Ok(Some(Self { embedder: embedder.map_err(wrong)?, signals }))
    }

    /// The model's name and the values of its vectors.
    pub(crate) fn model(&self) -> (&str, usize) {
        (self.embedder.model(), self.embedder.dimension())
    }

    async fn embed(&self, tenant: &str, texts: &[&str]) -> Result<Vec<Arc<[f32]>>, EndpointError> {
        let (vectors, report) = self.embedder.embed(tenant, texts).await;
        self.signals.record(&report, &self.embedder);
        vectors.map_err(|error| {
            let may_pass = error.may_pass();
            tracing::warn!(%error, %tenant, "the endpoint of embeddings gave no vectors");
            EndpointError { what: error.to_string(), may_pass }
        })
    }
}

impl OfTenant {
    pub(crate) fn new(embeddings: Arc<Embeddings>, tenant: &TenantId) -> Self {
        Self { embeddings, tenant: tenant.as_str().to_owned() }
    }
}

impl Endpoint for OfTenant {
    fn model(&self) -> (&str, usize) {
        self.embeddings.model()
    }

    fn embed<'a>(&'a self, texts: Vec<&'a str>) -> Embedding<'a> {
        Box::pin(async move { self.embeddings.embed(&self.tenant, &texts).await })
    }
}

impl Signals {
    fn of(metrics: &Metrics, redis: bool) -> Self {
        let layer = |layer: &'static str| {
            ["hit", "miss", "error"].map(|result| {
                metrics.counter("striatum_memory_cache_requests_total", &[layer, result])
            })
        };
        let call = |target: &'static str, outcome: &'static str| {
            metrics.counter("striatum_calls_total", &[target, outcome])
        };
        let redis_breaker = match redis {
            true => metrics.gauge("striatum_breaker_state", &["redis"]),
            false => Gauge::default(),
        };
        let redis_calls = match redis {
            true => ["ok", "failed"].map(|outcome| call("redis", outcome)),
            false => [Counter::default(), Counter::default()],
        };
        Self {
            local: layer("process"),
            redis: if redis { layer("redis") } else { Default::default() },
            entries: metrics.gauge("striatum_memory_cache_entries", &[]),
            bytes: metrics.gauge("striatum_memory_cache_bytes", &[]),
            texts: ["ok", "failed"]
                .map(|outcome| metrics.counter("striatum_embeddings_total", &[outcome])),
            duration: metrics.histogram("striatum_embedding_duration_seconds", &[]),
            calls: ["ok", "retried", "failed", "refused"].map(|o| call("embedding", o)),
            redis_calls,
            breakers: [metrics.gauge("striatum_breaker_state", &["embedding"]), redis_breaker],
        }
    }

    fn record(&self, report: &Report, embedder: &Embedder) {
        let count = |counters: &[Counter; 3], layer: &Layer| {
            let counts = [layer.hits, layer.misses, layer.errors];
            counters.iter().zip(counts).for_each(|(counter, n)| _ = counter.inc_by(n));
        };
        count(&self.local, &report.local);
        count(&self.redis, &report.redis);
        let redis = report.redis;
        if redis != Layer::default() {
            self.redis_calls[usize::from(redis.errors > 0)].inc();
        }
        for request in &report.requests {
            use embedding::EmbeddingError::{Full, Open};
            let outcome = match &request.error {
                None => 0,
                Some(Open | Full(_)) => 3,
                Some(_) => 2,
            };
            self.calls[outcome].inc();
            self.calls[1].inc_by(u64::from(request.retries));
            self.texts[usize::from(request.error.is_some())].inc_by(request.texts as u64);
            self.duration.observe(request.took.as_secs_f64());
        }
        let (entries, bytes) = embedder.kept().held();
        self.entries.set(entries as f64);
        self.bytes.set(bytes as f64);
        let (endpoint, redis) = embedder.breakers();
        self.breakers[0].set(shown(endpoint));
        redis.into_iter().for_each(|state| _ = self.breakers[1].set(shown(state)));
    }
}
