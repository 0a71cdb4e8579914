//! A runtime's counters move as it works, and a task that is woken late is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use resources::{Runtime, watch_delay};

use crate::work::burn_for;

#[test]
fn counters() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let before = Runtime::read(runtime.handle());
    assert_eq!((before.workers.len(), before.n_alive_tasks), (2, 0));
    runtime.block_on(async {
        tokio::spawn(async { burn_for(Duration::from_millis(50)) }).await.unwrap();
        let waiting = tokio::spawn(std::future::pending::<()>());
        let n_alive = || Runtime::read(&tokio::runtime::Handle::current()).n_alive_tasks;
        // The first is counted until its worker has put it away.
        crate::work::wait_for("one task", || n_alive() == 1);
        waiting.abort();
    });
    let sum = |runtime: &Runtime| {
        let busy: f64 = runtime.workers.iter().map(|worker| worker.busy_seconds).sum();
        (busy, runtime.workers.iter().map(|worker| worker.n_parks).sum::<u64>())
    };
    // A worker's time is added when it rests.
    crate::work::wait_for("rest", || sum(&Runtime::read(runtime.handle())).0 >= 0.045);
    assert!(sum(&Runtime::read(runtime.handle())).1 > sum(&before).1);
}

#[test]
fn tasks_that_wait_for_a_worker() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let tasks: Vec<_> = (0..5).map(|_| runtime.handle().spawn(async {})).collect();
    let read = Runtime::read(runtime.handle());
    assert_eq!((read.global_queue_depth, read.n_alive_tasks), (5, 5));
    drop(tasks);
}

#[test]
fn a_task_that_blocks_makes_others_late() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let latest = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&latest);
    runtime.block_on(async {
        let watch = tokio::spawn(watch_delay(Duration::from_millis(5), move |late| {
            told.fetch_max(late.as_millis() as u64, Ordering::Relaxed);
        }));
        tokio::time::sleep(Duration::from_millis(20)).await;
        std::thread::sleep(Duration::from_millis(200));
        tokio::time::sleep(Duration::from_millis(20)).await;
        watch.abort();
    });
    assert!(latest.load(Ordering::Relaxed) >= 190, "{latest:?} ms");
}

/// Where time stands still unless somebody waits, nobody is late.
#[test]
fn nobody_is_late_by_a_clock_that_is_passed_in() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    let n = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&n);
    runtime.block_on(async {
        let watch = tokio::spawn(watch_delay(Duration::from_secs(1), move |late| {
            assert!(late <= Duration::from_millis(1), "{late:?}");
            told.fetch_add(1, Ordering::Relaxed);
        }));
        tokio::time::sleep(Duration::from_secs(3600)).await;
        watch.abort();
    });
    assert!(n.load(Ordering::Relaxed) >= 3590, "{n:?}");
}
