//! Vectors in Redis: asked for together, kept for a while, and done without where it fails.

use std::sync::Arc;
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use resilience::breaker::State;
use resilience::policy::{self, CallError, Policy};
use resilience::{Deadline, Verdict};
use tokio::sync::Mutex;

use crate::answer;
use crate::config::CacheConfig;
use crate::embedder::{Parts, Vector};

/// Calls at once.
const MAX_CALLS: usize = 256;

/// One Redis, connected to when it is first asked and again when a connection broke.
pub(crate) struct Redis {
    client: redis::Client,
    settings: AsyncConnectionConfig,
    connection: Mutex<Option<MultiplexedConnection>>,
    policy: Policy<()>,
    dimension: usize,
    ttl_seconds: u64,
}

type Failed = CallError<String>;

impl Redis {
    /// # Errors
    /// An address that cannot be; it is not shown.
    pub(crate) fn new(
        url: &str,
        config: &CacheConfig,
        dimension: usize,
        parts: &Parts,
    ) -> Result<Self, String> {
        let wrong = |_| "redis: expected redis://HOST:PORT/DATABASE".to_owned();
        let client = redis::Client::open(url).map_err(wrong)?;
        let limit = Some(config.redis_timeout());
        let settings =
            AsyncConnectionConfig::new().set_connection_timeout(limit).set_response_timeout(limit);
        let mut policy = policy::Config::default();
        policy.time.attempt_seconds = config.redis_timeout().as_secs_f64();
        policy.time.total_seconds = policy.time.attempt_seconds;
        // What is not there in time is asked for elsewhere, not again.
        policy.retry.attempts = 1;
        policy.bulkhead.max_concurrent = MAX_CALLS;
        policy.bulkhead.max_concurrent_per_key = MAX_CALLS;
        policy.bulkhead.max_waiting = 0;
        policy.bulkhead.max_waiting_per_key = 0;
        let policy = Policy::new(policy, Arc::clone(&parts.clock), &parts.chance);
        Ok(Self {
            client,
            settings,
            connection: Mutex::default(),
            policy: policy.map_err(|e| e.to_string())?,
            dimension,
            ttl_seconds: Duration::from_secs_f64(config.ttl_seconds).as_secs().max(1),
        })
    }

    pub(crate) fn state(&self) -> State {
        self.policy.breaker().state()
    }

    /// The vectors of some names; what is there and is no vector of ours counts as not there.
    pub(crate) async fn get(&self, names: Vec<String>) -> Result<Vec<Option<Vector>>, Failed> {
        let mut asked = redis::cmd("MGET");
        asked.arg(&names);
        let values: Vec<Option<Vec<u8>>> = self
            .call(|mut connection| {
                let asked = asked.clone();
                async move { asked.query_async(&mut connection).await }
            })
            .await?;
        let vector =
            |bytes: Vec<u8>| answer::check(answer::floats(&bytes)?, 0, self.dimension).ok();
        let mut vectors: Vec<_> = values.into_iter().map(|value| value.and_then(vector)).collect();
        vectors.resize(names.len(), None);
        Ok(vectors)
    }

    pub(crate) async fn put(&self, vectors: Vec<(String, Vector)>) -> Result<(), Failed> {
        let mut pipe = redis::pipe();
        for (name, vector) in vectors {
            let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
            pipe.cmd("SET").arg(name).arg(bytes).arg("EX").arg(self.ttl_seconds).ignore();
        }
        self.call(|mut connection| {
            let pipe = pipe.clone();
            async move { pipe.query_async::<()>(&mut connection).await }
        })
        .await
    }

    async fn call<T, F>(&self, op: impl Fn(MultiplexedConnection) -> F) -> Result<T, Failed>
    where
        F: Future<Output = redis::RedisResult<T>>,
    {
        let attempt = |_: policy::Attempt| async {
            let connection = self.connected().await.map_err(|e| e.to_string())?;
            match op(connection).await {
                Ok(value) => Ok(value),
                Err(error) => {
                    *self.connection.lock().await = None;
                    Err(error.to_string())
                }
            }
        };
        let verdict = |_: &String| Verdict::Transient { retry_after: None };
        self.policy.call((), Deadline::NEVER, verdict, attempt).await
    }

    async fn connected(&self) -> redis::RedisResult<MultiplexedConnection> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        let made = self.client.get_multiplexed_async_connection_with_config(&self.settings).await?;
        Ok(kept.insert(made).clone())
    }
}
