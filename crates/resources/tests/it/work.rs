//! Functions whose names must be found again.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(1);

/// Burns CPU time until told to stop. It calls nothing while it does, so that it is itself the
/// innermost function however it is compiled.
#[inline(never)]
pub(crate) fn burn_until(stop: &AtomicBool) -> u64 {
    let mut x = 1_u64;
    while !stop.load(Ordering::Relaxed) {
        let mut n = 0;
        while n < 1_000_000 {
            x ^= (x << 13) ^ (x >> 7) ^ n;
            n += 1;
        }
        x = black_box(x);
    }
    x
}

/// Burns CPU time for so long.
#[inline(never)]
pub(crate) fn burn_for(time: Duration) -> u64 {
    let (begun, mut x) = (Instant::now(), 1_u64);
    while begun.elapsed() < time {
        for _ in 0..100_000 {
            x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
    x
}

/// Waits in the kernel until told to stop.
#[inline(never)]
pub(crate) fn sleep_until(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(SOON * 50);
    }
    black_box(());
}

/// Waits until something holds.
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    // No test waits for long; this is for one that would wait for ever.
    for _ in 0..60_000 {
        if holds() {
            return;
        }
        std::thread::sleep(SOON);
    }
    panic!("waited in vain: {what}");
}

/// Tells others to stop when it is dropped, so that a test that fails ends.
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
