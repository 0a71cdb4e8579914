//! Texts of a tenant to vectors: what is kept is looked for, the rest is asked for in batches, and
//! what was answered is checked and kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use resilience::breaker::State;
use resilience::policy::{AttemptError, CallError, Policy};
use resilience::{Chance, Clock, Deadline};

use crate::answer;
use crate::client::Client;
use crate::config::{CacheConfig, Config};
use crate::error::EmbeddingError;
use crate::kept::{Kept, Key, Layer};

/// Requests of one call that are under way at once.
pub const MAX_PARALLEL: usize = 4;
/// Answers up to this long are read where they arrive; longer ones by a thread of their own (bytes).
const MAX_INLINE_BYTES: usize = 32 << 10;

/// A vector.
pub type Vector = Arc<[f32]>;

/// What is passed in.
pub struct Parts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for the waits between attempts.
    pub chance: Chance,
}

/// What a call took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Vectors in the process.
    pub local: Layer,
    /// Vectors in Redis.
    pub redis: Layer,
    /// Requests to the endpoint, each with how it ended and its time, waits and attempts included.
    pub requests: Vec<Request>,
}

/// A request to the endpoint, with all its attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its texts.
    pub texts: usize,
    /// Attempts after the first.
    pub retries: u32,
    /// Its time.
    pub took: Duration,
    /// Why there are no vectors.
    pub error: Option<EmbeddingError>,
}

/// An endpoint and what is kept of it.
pub struct Embedder {
    config: Config,
    client: Client,
    policy: Policy<String>,
    clock: Arc<dyn Clock>,
    kept: Kept,
}

impl Embedder {
    /// `key` is what the file holds that the configuration names. Nothing is connected yet.
    ///
    /// # Errors
    /// Settings that cannot be, a line each.
    pub fn new(
        config: &Config,
        key: Option<&str>,
        cache: &CacheConfig,
        parts: Parts,
    ) -> Result<Self, String> {
        let problems: Vec<String> = config.problems().into_iter().chain(cache.problems()).collect();
        if !problems.is_empty() {
            return Err(problems.join("\n"));
        }
        let policy = Policy::new(config.policy(), Arc::clone(&parts.clock), &parts.chance);
        Ok(Self {
            client: Client::new(config, key)?,
            policy: policy.map_err(|e| e.to_string())?,
            clock: Arc::clone(&parts.clock),
            kept: Kept::new(cache, (&config.model, config.dimension), &parts)?,
            config: config.clone(),
        })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.config.model
    }

    /// Values of a vector.
    pub fn dimension(&self) -> usize {
        self.config.dimension
    }

    /// What is kept.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Whether the endpoint is asked now, and Redis where one is configured.
    pub fn breakers(&self) -> (State, Option<State>) {
        (self.policy.breaker().state(), self.kept.redis().map(|redis| redis.state()))
    }

    /// The vectors of texts, in their order; a text that is there twice is asked for once. Vectors
    /// that came before something failed are kept, and are not asked for again.
    ///
    /// # Errors
    /// [`EmbeddingError`] of the first request that failed; the report comes in any case.
    pub async fn embed(
        &self,
        tenant: &str,
        texts: &[&str],
    ) -> (Result<Vec<Vector>, EmbeddingError>, Report) {
        let all = self.kept.keys(tenant, texts);
        let mut places: HashMap<Key, usize> = HashMap::new();
        let (mut keys, mut distinct) = (Vec::new(), Vec::new());
        for (key, text) in all.iter().zip(texts) {
            places.entry(*key).or_insert_with(|| {
                keys.push(*key);
                distinct.push(*text);
                keys.len() - 1
            });
        }
        let looked = self.kept.look(tenant, &keys).await;
        let mut report = Report { local: looked.local, redis: looked.remote, ..Report::default() };
        let mut found = looked.found;
        let missing: Vec<usize> = (0..keys.len()).filter(|&k| found[k].is_none()).collect();
        let mut failed = None;
        let asked = |batch: Vec<usize>| {
            let texts: Vec<&str> = batch.iter().map(|&k| distinct[k]).collect();
            async move { (batch, self.ask(tenant, texts).await) }
        };
        let batches: Vec<_> =
            missing.chunks(self.config.batch).map(|batch| asked(batch.to_vec())).collect();
        let mut answers = stream::iter(batches).buffered(MAX_PARALLEL);
        while let Some((batch, (answered, request))) = answers.next().await {
            report.requests.push(request);
            match answered {
                Err(error) => {
                    failed = Some(error);
                    break;
                }
                Ok(vectors) => {
                    let of = |(k, vector): (&usize, &Vector)| (keys[*k], Arc::clone(vector));
                    let kept: Vec<_> = batch.iter().zip(&vectors).map(of).collect();
                    report.redis.errors += self.kept.keep(tenant, &kept).await;
                    for (k, vector) in batch.into_iter().zip(vectors) {
                        found[k] = Some(vector);
                    }
                }
            }
        }
        drop(answers);
        if let Some(error) = failed {
            return (Err(error), report);
        }
        let vectors = all.iter().filter_map(|key| found.get(*places.get(key)?)?.clone());
        (Ok(vectors.collect()), report)
    }

    /// One request, again where that may help.
    async fn ask(
        &self,
        tenant: &str,
        texts: Vec<&str>,
    ) -> (Result<Vec<Vector>, EmbeddingError>, Request) {
        let since = self.clock.now();
        let (n, dimension) = (texts.len(), self.config.dimension);
        let body = answer::ask(&self.config.model, &texts, self.config.encoding);
        let mut retries = 0;
        let attempt = |attempt: resilience::policy::Attempt| {
            retries = attempt.number - 1;
            let body = body.clone();
            async move {
                let answer = self.client.post(body, answer::max_bytes(n, dimension)).await?;
                read(answer, n, dimension).await
            }
        };
        let called = self
            .policy
            .call(tenant.to_owned(), Deadline::NEVER, EmbeddingError::verdict, attempt)
            .await;
        let answered = called.map_err(|error| self.told(error));
        let took = self.clock.now().saturating_sub(since);
        let error = answered.as_ref().err().cloned();
        (answered, Request { texts: n, retries, took, error })
    }

    /// The error that is told: of several attempts the last.
    fn told(&self, error: CallError<EmbeddingError>) -> EmbeddingError {
        match error {
            CallError::Full(full) => EmbeddingError::Full(full.to_string()),
            CallError::Failed(failed) => match failed.last {
                AttemptError::Open(_) => EmbeddingError::Open,
                AttemptError::TimedOut => {
                    EmbeddingError::Late(Duration::from_millis(self.config.timeout_ms))
                }
                AttemptError::Call(error) => error,
            },
        }
    }
}

/// Vectors from bytes. Hundreds of thousands of numbers take milliseconds, which no other request
/// should wait for.
async fn read(
    answer: Vec<u8>,
    n_texts: usize,
    dimension: usize,
) -> Result<Vec<Vector>, EmbeddingError> {
    if answer.len() <= MAX_INLINE_BYTES {
        return answer::read(&answer, n_texts, dimension);
    }
    let reading = tokio::task::spawn_blocking(move || answer::read(&answer, n_texts, dimension));
    reading.await.unwrap_or_else(|e| Err(EmbeddingError::Gone(e.to_string())))
}
