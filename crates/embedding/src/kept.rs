//! Vectors that are not asked for again: in the process, and in Redis where one is configured.
//!
//! A vector is found by tenant, model, dimension and text, the last two by SHA-256. The same text has
//! the same vector for every tenant, but one that is found is answered sooner than one that is not:
//! with one key for all, a tenant could learn by the clock what others have stored. So each tenant
//! has its own.
//!
//! Only vectors are kept, never what a search found: that changes with every store, with time and
//! with each search that reinforces what it found.

use std::sync::Arc;

use resilience::{Cache, Clock, cache};
use sha2::{Digest, Sha256};

use crate::config::CacheConfig;
use crate::embedder::{Parts, Vector};
use crate::redis::Redis;

/// What an entry weighs beside its numbers: two keys, times, pointers and tree nodes (bytes).
const ENTRY_BYTES: usize = 256;
/// What the keys in Redis begin with; the number counts up when the values are of another form.
const PREFIX: &str = "striatum:embedding:1";

/// What a vector is found by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

/// How it went in one place where vectors are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// Vectors that were there.
    pub hits: u64,
    /// Vectors that were not.
    pub misses: u64,
    /// Vectors that could not be looked for, or not be kept.
    pub errors: u64,
}

/// Vectors that are kept.
pub struct Kept {
    local: Option<Cache<Key, Vector, ()>>,
    remote: Option<Redis>,
    model: String,
    dimension: usize,
}

/// What was looked for and what it took.
pub(crate) struct Looked {
    pub(crate) found: Vec<Option<Vector>>,
    pub(crate) local: Layer,
    pub(crate) remote: Layer,
}

impl Kept {
    pub(crate) fn new(
        config: &CacheConfig,
        (model, dimension): (&str, usize),
        parts: &Parts,
    ) -> Result<Self, String> {
        let clock: Arc<dyn Clock> = Arc::clone(&parts.clock);
        let max_entries = config.max_bytes / entry_bytes(dimension);
        let settings = cache::Config {
            max_entries: max_entries.clamp(1, 10_000_000),
            ttl_seconds: config.ttl_seconds,
            ..cache::Config::default()
        };
        let local = Cache::new(settings, clock).map_err(|e| e.to_string())?;
        let remote = match &config.redis {
            None => None,
            Some(url) => Some(Redis::new(url, config, dimension, parts)?),
        };
        let local = (max_entries > 0).then_some(local);
        Ok(Self { local, remote, model: model.to_owned(), dimension })
    }

    /// How many vectors are in the process, and what they weigh (bytes).
    pub fn held(&self) -> (usize, usize) {
        let n = self.local.as_ref().map_or(0, Cache::n_entries);
        (n, n * entry_bytes(self.dimension))
    }

    /// The Redis that is used.
    pub(crate) fn redis(&self) -> Option<&Redis> {
        self.remote.as_ref()
    }

    /// What the texts of a tenant are found by.
    pub(crate) fn keys(&self, tenant: &str, texts: &[&str]) -> Vec<Key> {
        let mut head = Sha256::new();
        for part in [tenant, &self.model] {
            head.update((part.len() as u64).to_le_bytes());
            head.update(part);
        }
        head.update((self.dimension as u64).to_le_bytes());
        let key = |text: &&str| Key(head.clone().chain_update(text).finalize().into());
        texts.iter().map(key).collect()
    }

    /// Looks for vectors, first here.
    pub(crate) async fn look(&self, tenant: &str, keys: &[Key]) -> Looked {
        let (mut local, mut remote) = (Layer::default(), Layer::default());
        let here = |key| self.local.as_ref().and_then(|cache| cache.get(key));
        let mut found: Vec<Option<Vector>> = keys.iter().map(here).collect();
        let missing: Vec<usize> = (0..keys.len()).filter(|&k| found[k].is_none()).collect();
        if self.local.is_some() {
            local.misses = missing.len() as u64;
            local.hits = (keys.len() - missing.len()) as u64;
        }
        let (Some(redis), false) = (&self.remote, missing.is_empty()) else {
            return Looked { found, local, remote };
        };
        let names = missing.iter().map(|&k| keys[k].name(tenant)).collect();
        match redis.get(names).await {
            Err(_) => remote.errors = missing.len() as u64,
            Ok(values) => {
                for (&k, vector) in missing.iter().zip(values) {
                    remote.hits += u64::from(vector.is_some());
                    if let (Some(vector), Some(cache)) = (&vector, &self.local) {
                        cache.put(keys[k], Arc::clone(vector));
                    }
                    found[k] = vector;
                }
                remote.misses = missing.len() as u64 - remote.hits;
            }
        }
        Looked { found, local, remote }
    }

    /// Keeps vectors; those that Redis did not take are counted.
    pub(crate) async fn keep(&self, tenant: &str, vectors: &[(Key, Vector)]) -> u64 {
        if let Some(cache) = &self.local {
            vectors.iter().for_each(|(key, vector)| cache.put(*key, Arc::clone(vector)));
        }
        let Some(redis) = self.remote.as_ref().filter(|_| !vectors.is_empty()) else { return 0 };
        let named = vectors.iter().map(|(key, vector)| (key.name(tenant), Arc::clone(vector)));
        redis.put(named.collect()).await.map_or(vectors.len() as u64, |()| 0)
    }
}

impl Key {
    /// Its name in Redis. The tenant is seen, so that what is kept for one can be deleted.
    fn name(&self, tenant: &str) -> String {
        let hex: String = self.0.iter().map(|b| format!("{b:02x}")).collect();
        format!("{PREFIX}:{tenant}:{hex}")
    }
}

fn entry_bytes(dimension: usize) -> usize {
    dimension * size_of::<f32>() + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use resilience::{Chance, ManualClock};

    use super::*;

    fn kept(config: &CacheConfig, model: &str, dimension: usize) -> (ManualClock, Kept) {
        let clock = ManualClock::new();
        let parts = Parts { clock: Arc::new(clock.clone()), chance: Chance::from_seed(1) };
        (clock.clone(), Kept::new(config, (model, dimension), &parts).unwrap())
    }

    #[tokio::test]
    async fn each_tenant_model_and_dimension_has_its_own() {
        let (_, kept_a) = kept(&CacheConfig::default(), "m", 2);
        let keys = |kept: &Kept, tenant| kept.keys(tenant, &["a text"])[0];
        let a = keys(&kept_a, "acme");
        assert!(a == keys(&kept(&CacheConfig::default(), "m", 2).1, "acme"));
        assert!(a != keys(&kept_a, "other"));
        assert!(a != keys(&kept(&CacheConfig::default(), "n", 2).1, "acme"));
        assert!(a != keys(&kept(&CacheConfig::default(), "m", 3).1, "acme"));
        // What one part ends with is not what the next begins with.
        assert!(
            keys(&kept(&CacheConfig::default(), "bc", 2).1, "a")
                != keys(&kept(&CacheConfig::default(), "c", 2).1, "ab")
        );
        assert_eq!(kept_a.keep("acme", &[(a, Arc::from([1.0, 2.0]))]).await, 0);
        let looked = kept_a.look("acme", &[a, keys(&kept_a, "other")]).await;
        assert_eq!(looked.local, Layer { hits: 1, misses: 1, errors: 0 });
        assert_eq!(looked.found, [Some(Arc::from([1.0, 2.0])), None]);
        assert!(a.name("acme").starts_with("striatum:embedding:1:acme:"));
    }

    #[tokio::test]
    async fn bytes_and_time_are_bounded() {
        let config = CacheConfig {
            max_bytes: 3 * entry_bytes(2),
            ttl_seconds: 10.0,
            ..CacheConfig::default()
        };
        let (clock, kept_one) = kept(&config, "m", 2);
        let keys = kept_one.keys("t", &["a", "b", "c", "d"]);
        for key in &keys {
            kept_one.keep("t", &[(*key, Arc::from([1.0, 2.0]))]).await;
        }
        assert_eq!(kept_one.held(), (3, 3 * entry_bytes(2)));
        assert_eq!(kept_one.look("t", &keys).await.local, Layer { hits: 3, misses: 1, errors: 0 });
        clock.advance(std::time::Duration::from_secs(10));
        assert_eq!(kept_one.look("t", &keys).await.local.misses, 4);
        let (_, none) = kept(&CacheConfig { max_bytes: 0, ..config }, "m", 2);
        none.keep("t", &[(keys[0], Arc::from([1.0, 2.0]))]).await;
        let looked = none.look("t", &keys).await;
        assert_eq!((looked.local, none.held()), (Layer::default(), (0, 0)));
    }
}
