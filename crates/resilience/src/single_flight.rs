//! Single flight: of many who ask for the same at the same time, one fetches it for all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// What one caller fetches and the others wait for. Whoever holds the lock fetches.
type Slot<T> = Arc<tokio::sync::Mutex<Option<T>>>;

/// Runs a future once for all who ask for its key while it runs.
///
/// Who fetches may give up: then the next of those who wait fetches in its stead.
///
/// ```
/// use resilience::{ManualClock, SingleFlight};
///
/// let flights = SingleFlight::new(100);
/// let answer = ManualClock::new().run(flights.run("key", || async { 7 }));
/// assert_eq!(answer, Some(7));
/// ```
pub struct SingleFlight<K, T> {
    max_flights: usize,
    under_way: Mutex<HashMap<K, Flight<T>>>,
}

impl<K: Eq + Hash + Clone, T: Clone> SingleFlight<K, T> {
    /// One that shares so many flights at once; one more is not shared.
    pub fn new(max_flights: usize) -> Self {
        Self { max_flights, under_way: Mutex::default() }
    }

    /// Fetches, or waits for who fetches the same.
    pub async fn run<F: Future<Output = T>>(&self, key: K, fetch: impl FnOnce() -> F) -> T {
        let Some(seat) = Seat::take(self, &key) else {
            return fetch().await;
        };
        let mut slot = seat.slot.lock().await;
        if let Some(fetched) = &*slot {
            return fetched.clone();
        }
        let fetched = fetch().await;
        *slot = Some(fetched.clone());
        seat.land();
        fetched
    }

    /// Flights under way.
    pub fn n_flights(&self) -> usize {
        lock(&self.under_way).len()
    }
}

/// What is fetched for a key, and how many fetch it or wait.
struct Flight<T> {
    slot: Slot<T>,
    seats: usize,
}

/// A caller that fetches or waits.
struct Seat<'a, K: Eq + Hash, T> {
    flights: &'a SingleFlight<K, T>,
    key: &'a K,
    slot: Slot<T>,
}

impl<'a, K: Eq + Hash + Clone, T> Seat<'a, K, T> {
    /// None where there are as many flights as may be.
    fn take(flights: &'a SingleFlight<K, T>, key: &'a K) -> Option<Self> {
        let mut under_way = lock(&flights.under_way);
        if !under_way.contains_key(key) && under_way.len() >= flights.max_flights {
            return None;
        }
        let flight = under_way
            .entry(key.clone())
            .or_insert_with(|| Flight { slot: Slot::default(), seats: 0 });
        flight.seats += 1;
        Some(Self { flights, key, slot: Arc::clone(&flight.slot) })
    }
}

impl<K: Eq + Hash, T> Seat<'_, K, T> {
    /// The flight is over: who asks from now on begins another.
    fn land(&self) {
        self.remove_if(|_| true);
    }

    /// Removes the flight of this seat, not one that began after it.
    fn remove_if(&self, is_over: impl FnOnce(&mut Flight<T>) -> bool) {
        let mut under_way = lock(&self.flights.under_way);
        let own = under_way.get_mut(self.key).filter(|own| Arc::ptr_eq(&own.slot, &self.slot));
        if own.is_some_and(is_over) {
            under_way.remove(self.key);
        }
    }
}

impl<K: Eq + Hash, T> Drop for Seat<'_, K, T> {
    /// Who leaves last ends the flight.
    fn drop(&mut self) {
        self.remove_if(|flight| {
            flight.seats -= 1;
            flight.seats == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::{Clock, ManualClock};

    const SECOND: Duration = Duration::from_secs(1);

    struct Fetcher {
        clock: ManualClock,
        flights: SingleFlight<&'static str, u32>,
        n_fetched: AtomicU32,
    }

    fn fetcher(max_flights: usize) -> Fetcher {
        let flights = SingleFlight::new(max_flights);
        Fetcher { clock: ManualClock::new(), flights, n_fetched: AtomicU32::new(0) }
    }

    impl Fetcher {
        /// Takes a second; gives the number of the fetch.
        async fn get(&self, key: &'static str) -> u32 {
            let fetch = || async {
                let n = self.n_fetched.fetch_add(1, Ordering::Relaxed) + 1;
                self.clock.sleep(SECOND).await;
                n
            };
            self.flights.run(key, fetch).await
        }
    }

    #[test]
    fn one_fetches_for_all() {
        let f = fetcher(10);
        let all = async { tokio::join!(biased; f.get("a"), f.get("a"), f.get("b"), f.get("a")) };
        assert_eq!(f.clock.run(all), Some((1, 1, 2, 1)));
        assert_eq!((f.clock.now(), f.flights.n_flights()), (SECOND, 0));
        assert_eq!(f.clock.run(f.get("a")), Some(3), "what has landed is not kept");
    }

    #[test]
    fn who_asks_after_the_landing_begins_another() {
        let f = fetcher(10);
        let twice = async { (f.get("a").await, f.get("a").await) };
        let later = async {
            f.clock.sleep(SECOND * 3 / 2).await;
            f.get("a").await
        };
        // The second is still to leave the first flight when the next begins, which is not its own.
        let all = async { tokio::join!(biased; twice, f.get("a"), later) };
        assert_eq!(f.clock.run(all), Some(((1, 2), 1, 2)));
    }

    #[test]
    fn when_who_fetches_gives_up_the_next_does() {
        let f = fetcher(10);
        let impatient = async {
            tokio::select! {
                n = f.get("a") => n,
                () = f.clock.sleep(SECOND / 2) => 0,
            }
        };
        let both = async { tokio::join!(biased; impatient, f.get("a")) };
        assert_eq!(f.clock.run(both), Some((0, 2)));
        assert_eq!((f.clock.now(), f.flights.n_flights()), (SECOND * 3 / 2, 0));
    }

    #[test]
    fn who_gives_up_alone_leaves_nothing() {
        let f = fetcher(10);
        let alone = async {
            tokio::select! {
                _ = f.get("a") => {}
                () = f.clock.sleep(SECOND / 2) => {}
            }
        };
        let watch = async {
            f.clock.sleep(SECOND / 4).await;
            f.flights.n_flights()
        };
        let both = async { tokio::join!(biased; alone, watch).1 };
        assert_eq!(f.clock.run(both), Some(1));
        assert_eq!(f.flights.n_flights(), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn threads_leave_nothing() {
        let flights = Arc::new(SingleFlight::new(10));
        let asks: Vec<_> = (0..1000u32)
            .map(|n| {
                let flights = Arc::clone(&flights);
                tokio::spawn(async move {
                    let fetch = || async {
                        tokio::task::yield_now().await;
                        n % 3
                    };
                    (n % 3, flights.run(n % 3, fetch).await)
                })
            })
            .collect();
        for ask in asks {
            let (asked, answer) = ask.await.unwrap();
            assert_eq!(asked, answer);
        }
        assert_eq!(flights.n_flights(), 0);
    }

    #[test]
    fn one_flight_too_many_is_not_shared() {
        let f = fetcher(1);
        let all = async { tokio::join!(biased; f.get("a"), f.get("b"), f.get("b"), f.get("a")) };
        assert_eq!(f.clock.run(all), Some((1, 2, 3, 1)));
    }
}
