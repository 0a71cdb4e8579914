//! Who stands still on purpose is named, with the place; who works is not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resources::watchdog::{Config, Watchdog};
use resources::{Stall, Watched};
use tokio::runtime::{Builder, Runtime};

use crate::work::{Stop, burn_until, sleep_until, wait_for};

/// Short limits; only that something is told is waited for, never that it is told soon.
fn config() -> Config {
    Config {
        look_every_seconds: 0.01,
        runtime_limit_seconds: 0.2,
        thread_limit_seconds: 0.2,
        lock_limit_seconds: 0.2,
        // A stack that a busy machine gave no time for comes with the next.
        tell_again_seconds: 0.3,
        max_told_per_minute: 1000,
    }
}

/// What a watchdog has told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Stall>>>);

impl Told {
    fn by(config: &Config, watched: &Watched) -> (Self, Watchdog) {
        let told = Self::default();
        let all = Arc::clone(&told.0);
        let tell = move |stall| all.lock().unwrap().push(stall);
        (told, Watchdog::start(config, watched.clone(), tell).unwrap())
    }

    /// Waits for one like this.
    fn one<T>(&self, like: impl Fn(&Stall) -> Option<T>) -> T {
        let mut found = None;
        wait_for("a stall", || {
            found = self.0.lock().unwrap().iter().find_map(&like);
            found.is_some()
        });
        found.unwrap()
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(Stall::to_string).collect()
    }
}

fn runtime(watched: &Watched, n_workers: usize) -> (resources::RuntimeWatch, Runtime) {
    let watch = watched.runtime("requests");
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(n_workers).thread_name("request worker").enable_all();
    watch.install(&mut builder);
    let runtime = builder.build().unwrap();
    watch.probe(runtime.handle());
    (watch, runtime)
}

#[test]
fn workers_that_are_all_blocked() {
    for n_workers in [1, 2] {
        let watched = Watched::default();
        let (_watch, runtime) = runtime(&watched, n_workers);
        let stop = Arc::new(AtomicBool::new(false));
        let _stop = Stop(&stop);
        for _ in 0..n_workers {
            let stop = Arc::clone(&stop);
            runtime.spawn(async move { sleep_until(&stop) });
        }
        // A thread for blocking work is not a worker, whatever it does.
        let stop_blocking = Arc::clone(&stop);
        runtime.spawn_blocking(move || {
            burn_until(&stop_blocking);
        });
        let (told, _watchdog) = Told::by(&config(), &watched);
        let (lasted, workers) = told.one(|stall| match stall {
            Stall::Runtime { runtime, lasted, workers } if runtime == "requests" => {
                let told = workers.iter().all(|worker| worker.stack.is_ok());
                told.then(|| (*lasted, workers.clone()))
            }
            _ => None,
        });
        stop.store(true, Ordering::Relaxed);
        assert!(lasted >= Duration::from_millis(200));
        let named = |function: &str| {
            workers.iter().filter(|w| w.stack.as_ref().unwrap().names(function)).count()
        };
        assert_eq!(named("sleep_until"), n_workers, "{:?}", told.all());
        assert!(workers.iter().all(|worker| worker.name == "request worker"));
    }
}

#[test]
fn a_worker_that_is_blocked_after_it_rested() {
    let watched = Watched::default();
    let (_watch, runtime) = runtime(&watched, 2);
    runtime.block_on(async {
        for _ in 0..20 {
            tokio::spawn(tokio::time::sleep(Duration::from_millis(2))).await.unwrap();
        }
    });
    let stop = Arc::new(AtomicBool::new(false));
    let stop_task = Arc::clone(&stop);
    let _stop = Stop(&stop);
    runtime.spawn(async move {
        {
            burn_until(&stop_task);
        }
    });
    let (told, _watchdog) = Told::by(&config(), &watched);
    let worker = told.one(|stall| match stall {
        Stall::Worker { runtime, worker } if runtime == "requests" => {
            worker.stack.is_ok().then(|| worker.clone())
        }
        _ => None,
    });
    stop.store(true, Ordering::Relaxed);
    assert!(worker.stack.as_ref().unwrap().names("burn_until"), "{worker}");
    assert!(worker.lasted >= Duration::from_millis(200));
}

#[test]
fn a_runtime_on_one_thread() {
    let watched = Watched::default();
    let watch = watched.runtime("one");
    let mut builder = Builder::new_current_thread();
    watch.install(builder.enable_all());
    let runtime = builder.build().unwrap();
    watch.probe(runtime.handle());
    let (told, _watchdog) = Told::by(&config(), &watched);
    let stop = Arc::new(AtomicBool::new(false));
    let (stop_task, told_here) = (Arc::clone(&stop), told.clone());
    let waiting = std::thread::spawn(move || {
        let _stop = Stop(&stop);
        let stack = told_here.one(|stall| match stall {
            Stall::Runtime { workers, .. } => {
                workers.first().and_then(|worker| worker.stack.clone().ok())
            }
            _ => None,
        });
        stop.store(true, Ordering::Relaxed);
        stack
    });
    runtime.block_on(async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        sleep_until(&stop_task);
    });
    assert!(waiting.join().unwrap().names("sleep_until"));
}

/// Every worker has always something to do, and no task takes long.
#[test]
fn load_is_no_stall() {
    let watched = Watched::default();
    let (_watch, runtime) = runtime(&watched, 2);
    let (told, watchdog) = Told::by(&config(), &watched);
    let stop = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let stop = Arc::clone(&stop);
            runtime.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::black_box((0..1000_u64).sum::<u64>());
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    std::thread::sleep(Duration::from_secs(1));
    stop.store(true, Ordering::Relaxed);
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    // A machine that is itself too busy may starve a worker; that would be a true stall.
    let of_runtime = told.all().into_iter().filter(|stall| stall.contains("run no task")).count();
    assert_eq!(of_runtime, 0, "{:?}", told.all());
    drop(watchdog);
}

#[test]
fn a_thread_of_ours() {
    let watched = Watched::default();
    let stop = AtomicBool::new(false);
    let (told, _watchdog) = Told::by(&config(), &watched);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let heartbeat = watched.heartbeat("steps");
            heartbeat.busy();
            burn_until(&stop);
            heartbeat.idle();
        });
        scope.spawn(|| {
            let heartbeat = watched.heartbeat("rests");
            heartbeat.busy();
            heartbeat.idle();
            sleep_until(&stop);
        });
        let _stop = Stop(&stop);
        let thread = told.one(|stall| match stall {
            Stall::Thread(thread) => thread.stack.is_ok().then(|| thread.clone()),
            _ => None,
        });
        stop.store(true, Ordering::Relaxed);
        assert_eq!(thread.name, "steps");
        assert!(thread.stack.as_ref().unwrap().names("burn_until"), "{thread}");
    });
    assert!(told.all().iter().all(|stall| !stall.contains("rests")));
}

#[test]
fn a_mutex_that_is_held() {
    let watched = Watched::default();
    let sessions = watched.mutex("sessions", 0);
    let (told, _watchdog) = Told::by(&config(), &watched);
    let line = line!() + 1;
    let guard = sessions.lock();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| *sessions.lock() += 1);
        }
        wait_for("those that wait", || watched.lock_uses()[0].n_waiting == 3);
        let stall = told.one(|stall| match stall {
            Stall::Lock { lock, stack: Some(Ok(_)), .. } if lock == "sessions" => {
                Some(stall.clone())
            }
            _ => None,
        });
        let Stall::Lock { lasted, places, n_holders, n_waiting, stack, .. } = &stall else {
            panic!("{stall}")
        };
        assert!(*lasted >= Duration::from_millis(200));
        assert_eq!(places.len(), 1);
        assert!(places[0].file().ends_with("tests/it/watchdog.rs"));
        assert_eq!((places[0].line(), *n_holders), (line, 1));
        assert!(*n_waiting <= 3);
        let stack = stack.clone().unwrap().unwrap();
        assert!(stack.names("a_mutex_that_is_held"), "{stall}");
        assert!(stall.to_string().contains(&format!("watchdog.rs:{line}")), "{stall}");
        drop(guard);
    });
    assert_eq!(*sessions.lock(), 3);
    let lock_use = &watched.lock_uses()[0];
    assert_eq!((lock_use.n_acquisitions, lock_use.n_contended, lock_use.n_waiting), (5, 3, 0));
    assert!(lock_use.hold_seconds > 0.15, "{lock_use:?}");
    // Each of three waited as long as the stall was looked for.
    assert!(lock_use.wait_seconds > 0.0, "{lock_use:?}");
}

#[test]
fn readers_that_stay_and_a_writer_that_waits() {
    let watched = Watched::default();
    let models = watched.rwlock("models", 0);
    let (told, _watchdog) = Told::by(&config(), &watched);
    let line = line!() + 1;
    let readers = [models.read(), models.read()];
    std::thread::scope(|scope| {
        scope.spawn(|| *models.write() += 1);
        let (places, n_holders) = told.one(|stall| match stall {
            Stall::Lock { places, n_holders, n_waiting: 1, .. } => {
                Some((places.clone(), *n_holders))
            }
            // It was told before the writer came.
            Stall::Lock { places, n_holders, .. } => Some((places.clone(), *n_holders)),
            _ => None,
        });
        assert_eq!((n_holders, places.len()), (2, 2));
        assert!(places.iter().all(|place| place.line() == line));
        drop(readers);
    });
    let (told, _watchdog) = Told::by(&config(), &watched);
    let guard = models.write();
    let place = told.one(|stall| match stall {
        Stall::Lock { places, n_holders: 1, .. } => places.first().copied(),
        _ => None,
    });
    assert_eq!((*guard, place.line()), (1, line + 16));
}

#[test]
fn a_lock_that_moves_is_not_told() {
    let watched = Watched::default();
    let busy = watched.mutex("busy", 0);
    let shared = watched.rwlock("shared", 0);
    let (told, _watchdog) = Told::by(&config(), &watched);
    let until = std::time::Instant::now() + Duration::from_millis(600);
    while std::time::Instant::now() < until {
        // One reader always, never the same.
        let reader = shared.read();
        *busy.lock() += 1;
        let next = shared.read();
        drop(reader);
        std::thread::sleep(Duration::from_millis(1));
        drop(next);
    }
    assert_eq!(told.all(), [""; 0]);
}

#[test]
fn a_poisoned_lock_is_taken() {
    let watched = Watched::default();
    let mutex = watched.mutex("a", 1);
    let poison = || {
        let _guard = mutex.lock();
        std::panic::resume_unwind(Box::new(()));
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(poison)).unwrap_err();
    *mutex.lock() += 1;
    assert_eq!(mutex.into_inner(), 2);
}

#[test]
fn stalls_are_told_now_and_then_and_not_too_many() {
    let watched = Watched::default();
    let config = Config { tell_again_seconds: 0.3, max_told_per_minute: 4, ..config() };
    let locks: Vec<_> = (0..3).map(|n| watched.mutex("many", n)).collect();
    let (told, watchdog) = Told::by(&config, &watched);
    let guards: Vec<_> = locks.iter().map(|lock| lock.lock()).collect();
    wait_for("what is not told", || watchdog.n_untold() >= 2);
    assert_eq!((told.all().len(), watchdog.n_told()), (4, 4));
    drop(guards);
}

#[test]
fn settings_that_cannot_be() {
    let config = Config { look_every_seconds: 0.0, lock_limit_seconds: f64::NAN, ..config() };
    let problems: Vec<String> = config.problems().iter().map(ToString::to_string).collect();
    let expected = [
        "look_every_seconds: expected 0.001 to 3600, found 0",
        "lock_limit_seconds: expected 0.001 to 3600, found NaN",
    ];
    assert_eq!(problems, expected);
    assert!(Watchdog::start(&config, Watched::default(), |_| ()).is_err());
    assert_eq!(Config::default().problems(), []);
}
