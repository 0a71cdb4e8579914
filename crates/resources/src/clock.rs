//! The clocks of this crate, which is an edge: a watchdog and a lock measure the time that passes.

#![allow(clippy::disallowed_methods, reason = "what is measured here is the time of the machine")]

use std::time::{Duration, Instant};

/// Since some moment in the past, to a few milliseconds, for a few nanoseconds.
///
/// A difference of two readings is off by up to one tick of the kernel either way, and by nothing
/// on average, so sums of them are right.
pub(crate) fn coarse() -> Duration {
    #[cfg(target_os = "linux")]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
        Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
    }
    #[cfg(not(target_os = "linux"))]
    {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// How long something takes.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
