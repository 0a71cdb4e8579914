//! A cache: answers that are remembered for a while, fetched once for all who ask.
//!
//! Of too many, the one used longest ago is forgotten. An error is told to all who waited for it and
//! is not remembered.

use std::hash::Hash;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;

use crate::bounded::Bounded;
use crate::clock::Clock;
use crate::config::{Check, ConfigError, SOME_TIME, refuse, seconds};
use crate::lock::lock;
use crate::single_flight::SingleFlight;

/// How much is remembered, and how long. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Answers: 1024.
    pub max_entries: usize,
    /// How long an answer is good (seconds): 60.
    pub ttl_seconds: f64,
    /// Keys fetched at once and shared: 1024.
    pub max_flights: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_entries: 1024, ttl_seconds: 60.0, max_flights: 1024 }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        Check::default()
            .within("max_entries", self.max_entries, 1..=10_000_000)
            .within("ttl_seconds", self.ttl_seconds, SOME_TIME)
            .within("max_flights", self.max_flights, 1..=1_000_000)
            .problems()
    }
}

/// Remembers answers.
///
/// ```
/// use std::sync::Arc;
/// use resilience::cache::{Cache, Config};
/// use resilience::ManualClock;
///
/// let clock = ManualClock::new();
/// let cache = Cache::new(Config::default(), Arc::new(clock.clone()))?;
/// let ask = |answer| clock.run(cache.get_or("key", move || async move { answer }));
/// assert_eq!(ask(Err("away")), Some(Err("away")));
/// assert_eq!(ask(Ok(1)), Some(Ok(1)));
/// assert_eq!(ask(Ok(2)), Some(Ok(1)));
/// # Ok::<(), resilience::ConfigError>(())
/// ```
pub struct Cache<K, V, E> {
    ttl: Duration,
    clock: Arc<dyn Clock>,
    /// All of one rank: the one put, or put back, longest ago makes room.
    known: Mutex<Bounded<K, (), Answer<V>>>,
    flights: SingleFlight<K, Result<V, E>>,
}

struct Answer<V> {
    value: V,
    good_until: Duration,
}

impl<K: Eq + Hash + Clone, V: Clone, E: Clone> Cache<K, V, E> {
    /// One that knows nothing.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        Ok(Self {
            ttl: seconds(config.ttl_seconds),
            clock,
            known: Mutex::new(Bounded::new(config.max_entries)),
            flights: SingleFlight::new(config.max_flights),
        })
    }

    /// The answer if it is known and still good.
    pub fn get(&self, key: &K) -> Option<V> {
        let mut known = lock(&self.known);
        // Taken out and put back, so that its use counts; what is no longer good stays out.
        let answer = known.remove(key)?;
        if self.clock.now() >= answer.good_until {
            return None;
        }
        let value = answer.value.clone();
        known.put(key.clone(), (), answer);
        Some(value)
    }

    /// Remembers an answer.
    pub fn put(&self, key: K, value: V) {
        let good_until = self.clock.now().saturating_add(self.ttl);
        lock(&self.known).put(key, (), Answer { value, good_until });
    }

    /// Forgets an answer. One that is being fetched is remembered all the same.
    pub fn remove(&self, key: &K) {
        lock(&self.known).remove(key);
    }

    /// The answer, fetched where it is not known, once for all who ask meanwhile.
    ///
    /// # Errors
    ///
    /// That of `fetch`.
    pub async fn get_or<F>(&self, key: K, fetch: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
    {
        if let Some(value) = self.get(&key) {
            return Ok(value);
        }
        let fetch = || async {
            // It may have been fetched between the first look and this flight.
            if let Some(value) = self.get(&key) {
                return Ok(value);
            }
            let value = fetch().await?;
            self.put(key.clone(), value.clone());
            Ok(value)
        };
        self.flights.run(key.clone(), fetch).await
    }

    /// Answers remembered, good or not.
    pub fn n_entries(&self) -> usize {
        lock(&self.known).len()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::ManualClock;

    const SECOND: Duration = Duration::from_secs(1);

    fn cache(config: Config) -> (ManualClock, Cache<u32, u32, &'static str>) {
        let clock = ManualClock::new();
        let cache = Cache::new(config, Arc::new(clock.clone())).unwrap();
        (clock, cache)
    }

    #[test]
    fn defaults() {
        let config = Config::default();
        assert_eq!(config.problems(), [""; 0]);
        assert_eq!(
            (config.max_entries, config.ttl_seconds, config.max_flights),
            (1024, 60.0, 1024)
        );
        let config = Config { max_entries: 0, ..config };
        assert_eq!(config.problems(), ["max_entries: expected 1 to 10000000, found 0"]);
    }

    #[test]
    fn answers_are_good_for_a_minute() {
        let (clock, cache) = cache(Config::default());
        cache.put(1, 10);
        clock.advance(SECOND * 60 - Duration::from_nanos(1));
        assert_eq!(cache.get(&1), Some(10), "and reading does not make it better");
        clock.advance(Duration::from_nanos(1));
        assert_eq!((cache.get(&1), cache.n_entries()), (None, 0));
    }

    #[test]
    fn the_one_used_longest_ago_is_forgotten() {
        let (_, cache) = cache(Config { max_entries: 3, ..Config::default() });
        (1..=3).for_each(|key| cache.put(key, key));
        assert_eq!(cache.get(&1), Some(1));
        cache.put(4, 4);
        assert_eq!([1, 2, 3, 4].map(|key| cache.get(&key).is_some()), [true, false, true, true]);
        cache.remove(&1);
        assert_eq!((cache.get(&1), cache.n_entries()), (None, 2));
    }

    #[test]
    fn an_error_is_told_to_all_and_not_remembered() {
        let (clock, cache) = cache(Config::default());
        let n_fetched = Cell::new(0);
        let get = async |result: Result<u32, &'static str>| {
            let fetch = || async {
                n_fetched.set(n_fetched.get() + 1);
                clock.sleep(SECOND).await;
                result
            };
            cache.get_or(1, fetch).await
        };
        let failing = async { tokio::join!(biased; get(Err("away")), get(Ok(1)), get(Ok(2))) };
        assert_eq!(clock.run(failing), Some((Err("away"), Err("away"), Err("away"))));
        assert_eq!((n_fetched.get(), cache.n_entries()), (1, 0));
        let working = async { tokio::join!(biased; get(Ok(3)), get(Err("away"))) };
        assert_eq!(clock.run(working), Some((Ok(3), Ok(3))));
        assert_eq!(clock.run(get(Err("away"))), Some(Ok(3)));
        assert_eq!((n_fetched.get(), cache.n_entries()), (2, 1));
    }
}
