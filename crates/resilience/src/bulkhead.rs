//! The bulkhead: how many calls may be under way at once, for each key and for all keys together.
//!
//! Those who wait are served in the order in which they came. A key that is full waits for itself
//! and takes no room from others. Only keys in use are held, so there are never more of them than
//! places and waiting places.
//!
//! A bound is global only if everybody asks the same bulkhead: share it, do not make one per route.
//!
//! Source: M. Nygard, "Release It!"; resilience4j, "Bulkhead".

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::clock::Clock;
use crate::config::{ANY_TIME, Check, ConfigError, refuse, seconds};
use crate::deadline::{Deadline, time_limit};
use crate::lock::lock;

/// The most places of any kind.
pub const MAX_PLACES: usize = 1 << 20;

/// How many at once. An absent key keeps its default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Calls under way: 256.
    pub max_concurrent: usize,
    /// Calls of one key under way: 25, as resilience4j's.
    pub max_concurrent_per_key: usize,
    /// Calls that wait: 256.
    pub max_waiting: usize,
    /// Calls of one key that wait: 25.
    pub max_waiting_per_key: usize,
    /// The longest wait (seconds): 1; 0 for none.
    pub max_wait_seconds: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_concurrent: 256,
            max_concurrent_per_key: 25,
            max_waiting: 256,
            max_waiting_per_key: 25,
            max_wait_seconds: 1.0,
        }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        Check::default()
            .within("max_concurrent", self.max_concurrent, 1..=MAX_PLACES)
            .within("max_concurrent_per_key", self.max_concurrent_per_key, 1..=MAX_PLACES)
            .within("max_waiting", self.max_waiting, 0..=MAX_PLACES)
            .within("max_waiting_per_key", self.max_waiting_per_key, 0..=MAX_PLACES)
            .within("max_wait_seconds", self.max_wait_seconds, ANY_TIME)
            .problems()
    }
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// As many wait as may, for all keys together.
    #[error("{limit} calls wait already")]
    Waiting {
        /// How many may.
        limit: usize,
    },
    /// As many of this key wait as may.
    #[error("{limit} calls of this key wait already")]
    WaitingOfKey {
        /// How many may.
        limit: usize,
    },
    /// It waited as long as it may.
    #[error("no room after {:.3} s", waited.as_secs_f64())]
    Waited {
        /// How long that was.
        waited: Duration,
    },
}

/// A bulkhead; clones are the same one. `Bulkhead<()>` has one key.
///
/// ```
/// use std::sync::Arc;
/// use resilience::bulkhead::{Bulkhead, Config};
/// use resilience::{Deadline, ManualClock};
///
/// let clock = ManualClock::new();
/// let config = Config { max_concurrent_per_key: 1, ..Config::default() };
/// let bulkhead = Bulkhead::new(config, Arc::new(clock.clone()))?;
/// let place = clock.run(bulkhead.enter("a tenant", Deadline::NEVER));
/// // The second of this tenant waits a second in vain; another tenant has room.
/// assert!(clock.run(bulkhead.enter("a tenant", Deadline::NEVER)).is_some_and(|e| e.is_err()));
/// assert!(clock.run(bulkhead.enter("another", Deadline::NEVER)).is_some_and(|e| e.is_ok()));
/// # drop(place);
/// # Ok::<(), resilience::ConfigError>(())
/// ```
pub struct Bulkhead<K: Eq + Hash>(Arc<Shared<K>>);

impl<K: Eq + Hash> Clone for Bulkhead<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Shared<K> {
    config: Config,
    clock: Arc<dyn Clock>,
    room: Arc<Semaphore>,
    lanes: Mutex<Lanes<K>>,
}

struct Lanes<K> {
    of_key: HashMap<K, Lane>,
    waiting: usize,
}

/// The room of one key.
struct Lane {
    room: Arc<Semaphore>,
    /// Calls under way or waiting.
    users: usize,
    waiting: usize,
}

impl<K: Eq + Hash + Clone> Bulkhead<K> {
    /// An empty one.
    ///
    /// # Errors
    ///
    /// Settings that cannot be.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        refuse(config.problems())?;
        let room = Arc::new(Semaphore::new(config.max_concurrent));
        let lanes = Mutex::new(Lanes { of_key: HashMap::new(), waiting: 0 });
        Ok(Self(Arc::new(Shared { config, clock, room, lanes })))
    }

    /// Waits for room, no longer than the bulkhead and the deadline allow. The room is given back
    /// when the place is dropped.
    ///
    /// # Errors
    ///
    /// [`Full`], when too many wait already or the wait was in vain.
    pub async fn enter(&self, key: K, deadline: Deadline) -> Result<Place<K>, Full> {
        let shared = &self.0;
        let (user, of_key) = User::new(shared, key);
        let at_once = Arc::clone(&of_key)
            .try_acquire_owned()
            .and_then(|own| Ok((own, Arc::clone(&shared.room).try_acquire_owned()?)));
        if let Ok(permits) = at_once {
            return Ok(Place { _permits: permits, _user: user });
        }
        let waiting = Waiting::new(&user)?;
        let since = shared.clock.now();
        let clock = &*shared.clock;
        let patience = deadline.child(clock, seconds(shared.config.max_wait_seconds));
        // The key's own room first: who waits for it must not hold what others could use.
        let both = async {
            let own = of_key.acquire_owned().await?;
            let shared = Arc::clone(&shared.room).acquire_owned().await?;
            Ok::<_, AcquireError>((own, shared))
        };
        let permits = time_limit(clock, patience, both).await;
        drop(waiting);
        match permits {
            Ok(Ok(permits)) => Ok(Place { _permits: permits, _user: user }),
            // The semaphores are never closed, so the first of these does not come.
            Ok(Err(_)) | Err(_) => {
                Err(Full::Waited { waited: shared.clock.now().saturating_sub(since) })
            }
        }
    }

    /// Calls under way.
    pub fn n_active(&self) -> usize {
        self.0.config.max_concurrent - self.0.room.available_permits()
    }

    /// Calls that wait.
    pub fn n_waiting(&self) -> usize {
        lock(&self.0.lanes).waiting
    }

    /// Keys in use.
    pub fn n_keys(&self) -> usize {
        lock(&self.0.lanes).of_key.len()
    }

    /// How full it is, waiting places included: 0..=1, as [`crate::Degradation`] wants it.
    pub fn load(&self) -> f64 {
        let config = &self.0.config;
        let places = config.max_concurrent + config.max_waiting;
        (self.n_active() + self.n_waiting()) as f64 / places as f64
    }
}

/// Room for one call.
#[must_use = "the room is given back when the place is dropped"]
pub struct Place<K: Eq + Hash> {
    // Given back before the user goes, so that a lane that is removed has all its room.
    _permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    _user: User<K>,
}

/// A call that is under way or waits; it keeps its key's lane.
struct User<K: Eq + Hash> {
    shared: Arc<Shared<K>>,
    key: K,
}

impl<K: Eq + Hash + Clone> User<K> {
    fn new(shared: &Arc<Shared<K>>, key: K) -> (Self, Arc<Semaphore>) {
        let mut lanes = lock(&shared.lanes);
        let lane = lanes.of_key.entry(key.clone()).or_insert_with(|| Lane {
            room: Arc::new(Semaphore::new(shared.config.max_concurrent_per_key)),
            users: 0,
            waiting: 0,
        });
        lane.users += 1;
        let room = Arc::clone(&lane.room);
        drop(lanes);
        (Self { shared: Arc::clone(shared), key }, room)
    }
}

impl<K: Eq + Hash> Drop for User<K> {
    fn drop(&mut self) {
        let mut lanes = lock(&self.shared.lanes);
        if let Some(lane) = lanes.of_key.get_mut(&self.key) {
            lane.users -= 1;
            if lane.users == 0 {
                lanes.of_key.remove(&self.key);
            }
        }
    }
}

/// A call that waits.
struct Waiting<'a, K: Eq + Hash>(&'a User<K>);

impl<'a, K: Eq + Hash> Waiting<'a, K> {
    fn new(user: &'a User<K>) -> Result<Self, Full> {
        let config = &user.shared.config;
        let mut lanes = lock(&user.shared.lanes);
        let lanes = &mut *lanes;
        if lanes.waiting >= config.max_waiting {
            return Err(Full::Waiting { limit: config.max_waiting });
        }
        if let Some(lane) = lanes.of_key.get_mut(&user.key) {
            if lane.waiting >= config.max_waiting_per_key {
                return Err(Full::WaitingOfKey { limit: config.max_waiting_per_key });
            }
            lane.waiting += 1;
        }
        lanes.waiting += 1;
        Ok(Self(user))
    }
}

impl<K: Eq + Hash> Drop for Waiting<'_, K> {
    fn drop(&mut self) {
        let mut lanes = lock(&self.0.shared.lanes);
        lanes.waiting -= 1;
        if let Some(lane) = lanes.of_key.get_mut(&self.0.key) {
            lane.waiting -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::{Chance, ManualClock, SystemClock};

    const SECOND: Duration = Duration::from_secs(1);

    fn bulkhead(config: Config) -> (ManualClock, Bulkhead<u64>) {
        let clock = ManualClock::new();
        let bulkhead = Bulkhead::new(config, Arc::new(clock.clone())).unwrap();
        (clock, bulkhead)
    }

    fn small() -> Config {
        Config {
            max_concurrent: 3,
            max_concurrent_per_key: 2,
            max_waiting: 3,
            max_waiting_per_key: 2,
            max_wait_seconds: 1.0,
        }
    }

    #[test]
    fn defaults() {
        let config = Config::default();
        assert_eq!(config.problems(), [""; 0]);
        assert_eq!((config.max_concurrent, config.max_concurrent_per_key), (256, 25));
        assert_eq!((config.max_waiting, config.max_waiting_per_key), (256, 25));
        assert_eq!(config.max_wait_seconds, 1.0);
        let config = Config { max_concurrent: 0, ..config };
        assert_eq!(config.problems(), ["max_concurrent: expected 1 to 1048576, found 0"]);
    }

    #[test]
    fn one_key_cannot_take_the_room_of_all() {
        let (clock, bulkhead) = bulkhead(small());
        let enter = |key| clock.run(bulkhead.enter(key, Deadline::NEVER)).unwrap();
        let mut places = vec![enter(1).unwrap(), enter(1).unwrap()];
        for _ in 0..5 {
            assert_eq!(enter(1).err(), Some(Full::Waited { waited: SECOND }));
        }
        places.push(enter(2).unwrap());
        assert_eq!(enter(3).err(), Some(Full::Waited { waited: SECOND }));
        assert_eq!((bulkhead.n_active(), bulkhead.n_keys(), bulkhead.load()), (3, 2, 0.5));
        places.clear();
        assert_eq!((bulkhead.n_active(), bulkhead.n_keys()), (0, 0));
    }

    #[test]
    fn the_deadline_ends_a_wait() {
        let (clock, bulkhead) = bulkhead(Config { max_concurrent: 1, ..small() });
        let _place = clock.run(bulkhead.enter(1, Deadline::NEVER));
        let soon = Deadline::after(&clock, SECOND / 4);
        let error = clock.run(bulkhead.enter(1, soon)).unwrap().err();
        assert_eq!(error, Some(Full::Waited { waited: SECOND / 4 }));
    }

    #[test]
    fn those_who_wait_are_few_and_come_in_order() {
        let (clock, bulkhead) = bulkhead(Config { max_concurrent: 1, ..small() });
        let log = RefCell::new(Vec::new());
        let call = async |name: &'static str, key| match bulkhead.enter(key, Deadline::NEVER).await
        {
            Ok(_place) => {
                log.borrow_mut().push((name, "in"));
                clock.sleep(SECOND / 10).await;
            }
            Err(Full::Waiting { limit: 3 }) => log.borrow_mut().push((name, "full")),
            Err(Full::WaitingOfKey { limit: 2 }) => log.borrow_mut().push((name, "key full")),
            Err(_) => log.borrow_mut().push((name, "waited")),
        };
        let all = async {
            tokio::join!(biased; call("a", 1), call("b", 1), call("c", 1), call("d", 1), call("e", 2), call("f", 3))
        };
        assert!(clock.run(all).is_some());
        let expected =
            [("a", "in"), ("d", "key full"), ("f", "full"), ("b", "in"), ("e", "in"), ("c", "in")];
        assert_eq!(log.take(), expected);
        assert_eq!((bulkhead.n_active(), bulkhead.n_waiting(), bulkhead.n_keys()), (0, 0, 0));
    }

    #[test]
    fn who_gives_up_leaves_nothing() {
        let (clock, bulkhead) = bulkhead(Config { max_concurrent: 1, ..small() });
        let place = clock.run(bulkhead.enter(1, Deadline::NEVER)).unwrap();
        let gives_up = async {
            tokio::select! {
                _ = bulkhead.enter(2, Deadline::NEVER) => false,
                () = clock.sleep(SECOND / 2) => true,
            }
        };
        let watch = async {
            clock.sleep(SECOND / 4).await;
            (bulkhead.n_active(), bulkhead.n_waiting(), bulkhead.load())
        };
        let both = async { tokio::join!(biased; gives_up, watch) };
        assert_eq!(clock.run(both), Some((true, (1, 1, 0.5))));
        assert_eq!((bulkhead.n_waiting(), bulkhead.n_keys()), (0, 1));
        drop(place);
        assert!(clock.run(bulkhead.enter(2, Deadline::NEVER)).unwrap().is_ok());
    }

    /// Many threads with many keys, each blocking its thread: never more than the bound at once, of
    /// one key or of all, and the bound is reached.
    #[tokio::test(flavor = "multi_thread", worker_threads = 16)]
    async fn bounds_hold_over_threads_and_keys() {
        let config = Config {
            max_concurrent: 6,
            max_concurrent_per_key: 2,
            max_waiting: 1000,
            max_waiting_per_key: 1000,
            max_wait_seconds: 60.0,
        };
        let bulkhead = Bulkhead::new(config, Arc::new(SystemClock::new())).unwrap();
        let active: Arc<[AtomicUsize; 9]> = Arc::default();
        let most: Arc<[AtomicUsize; 9]> = Arc::default();
        let chance = Chance::from_seed(1);
        let calls: Vec<_> = (0..200)
            .map(|_| {
                let key = chance.bits() as usize % 8;
                let (bulkhead, active, most) =
                    (bulkhead.clone(), Arc::clone(&active), Arc::clone(&most));
                tokio::spawn(async move {
                    let _place = bulkhead.enter(key, Deadline::NEVER).await.unwrap();
                    for idx in [key, 8] {
                        let now = active[idx].fetch_add(1, Ordering::SeqCst) + 1;
                        most[idx].fetch_max(now, Ordering::SeqCst);
                    }
                    std::thread::sleep(Duration::from_millis(2));
                    for idx in [key, 8] {
                        active[idx].fetch_sub(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        let most: Vec<usize> = most.iter().map(|most| most.load(Ordering::SeqCst)).collect();
        assert!(most[..8].iter().all(|most| *most <= 2), "{most:?}");
        assert_eq!(most[8], 6);
        assert_eq!((bulkhead.n_active(), bulkhead.n_keys()), (0, 0));
    }
}
