//! Where CPU time goes: the stacks of threads that run, sampled by a timer of the process.
//!
//! The timer counts CPU time, so a process that waits is not sampled, and with `n` threads at work
//! the samples come from all of them.
//!
//! A sample is taken in a signal handler that unwinds. Samples that hit the C library, its loader or
//! the unwinder are left out, since unwinding from inside them may wait for a lock that is held:
//! time there is missing from the profile.
//!
//! Source: pprof-rs 0.15, "ProfilerGuardBuilder::blocklist"; setitimer(2), `ITIMER_PROF`.

use std::time::Duration;

use crate::error::Error;
use crate::profile::Profile;

/// The longest profile (seconds).
pub const MAX_SECONDS: f64 = 60.0;

/// The shortest profile (seconds).
pub const MIN_SECONDS: f64 = 0.01;

/// The most samples in a second of CPU time (hertz).
pub const MAX_HERTZ: u32 = 1000;

/// How often and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// For how long (seconds): 10.
    pub seconds: f64,
    /// Samples in a second of CPU time (hertz): 99, which beats with no clock.
    pub hertz: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { seconds: 10.0, hertz: 99 }
    }
}

impl Config {
    /// Checks it.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        if !(MIN_SECONDS..=MAX_SECONDS).contains(&self.seconds) {
            let expected = format!("{MIN_SECONDS} to {MAX_SECONDS}");
            return Err(Error::Setting {
                key: "seconds",
                expected,
                found: self.seconds.to_string(),
            });
        }
        if !(1..=MAX_HERTZ).contains(&self.hertz) {
            let expected = format!("1 to {MAX_HERTZ}");
            return Err(Error::Setting { key: "hertz", expected, found: self.hertz.to_string() });
        }
        Ok(())
    }

    /// For how long.
    pub fn duration(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds).unwrap_or_default()
    }
}

/// A profile that is being recorded. There is one in a process; dropping it ends it.
pub struct Recording(platform::Recording);

impl Recording {
    /// Begins. Who asked waits for [`Config::duration`] in its own way, and then finishes.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`], [`Error::ProfileRunning`] while there is another, [`Error::Absent`]
    /// elsewhere than on Linux, and [`Error::Profile`] where the profiler fails.
    pub fn start(config: &Config) -> Result<Self, Error> {
        config.check()?;
        platform::Recording::start(config).map(Self)
    }

    /// Ends, and names the functions: some work, so not on an async thread.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] where the profiler fails.
    pub fn finish(self) -> Result<Profile, Error> {
        self.0.finish()
    }
}

/// Records, waiting on the calling thread.
///
/// # Errors
///
/// As [`Recording::start`] and [`Recording::finish`].
pub fn record(config: &Config) -> Result<Profile, Error> {
    let recording = Recording::start(config)?;
    std::thread::sleep(config.duration());
    recording.finish()
}

#[cfg(not(target_os = "linux"))]
mod platform {
    //! No profile here yet.

    use super::{Config, Error, Profile};

    pub(super) struct Recording;

    impl Recording {
        pub(super) fn start(_config: &Config) -> Result<Self, Error> {
            let reason = "it is recorded on Linux alone".to_owned();
            Err(Error::Absent { what: "a CPU profile", reason })
        }

        pub(super) fn finish(self) -> Result<Profile, Error> {
            Ok(Profile::default())
        }
    }
}

#[cfg(target_os = "linux")]
mod platform {
    //! By pprof-rs.

    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::UNIX_EPOCH;

    use pprof::{Frames, ProfilerGuard, ProfilerGuardBuilder, Report};

    use super::{Config, Error, Profile};
    use crate::profile::proto::Writer;

    const BLOCKLIST: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];
    const NANOS: i64 = 1_000_000_000;

    /// pprof-rs refuses a second one too, but changes the first one's settings before it does.
    static RUNNING: AtomicBool = AtomicBool::new(false);

    pub(super) struct Recording {
        // Ended before another may begin.
        guard: ProfilerGuard<'static>,
        _only: Only,
    }

    struct Only;

    impl Drop for Only {
        fn drop(&mut self) {
            RUNNING.store(false, Ordering::Release);
        }
    }

    impl Recording {
        pub(super) fn start(config: &Config) -> Result<Self, Error> {
            if RUNNING.swap(true, Ordering::AcqRel) {
                return Err(Error::ProfileRunning { what: "CPU" });
            }
            let only = Only;
            let guard = ProfilerGuardBuilder::default()
                .frequency(config.hertz as i32)
                .blocklist(&BLOCKLIST)
                .build()
                .map_err(wrong)?;
            Ok(Self { guard, _only: only })
        }

        pub(super) fn finish(self) -> Result<Profile, Error> {
            let report = self.guard.report().build().map_err(wrong)?;
            Ok(profile(&report))
        }
    }

    fn wrong(error: pprof::Error) -> Error {
        Error::Profile { what: "CPU", reason: error.to_string() }
    }

    fn profile(report: &Report) -> Profile {
        let mut writer = Writer::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
        let timing = &report.timing;
        let period = NANOS / i64::from(timing.frequency.max(1));
        let since_1970 = timing.start_time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let whole = |nanos: u128| i64::try_from(nanos).unwrap_or(i64::MAX);
        writer.times(period, whole(since_1970.as_nanos()), whole(timing.duration.as_nanos()));
        for (frames, n) in &report.data {
            let n = *n as i64;
            let locations = locations(&mut writer, frames);
            writer.sample(
                locations,
                vec![n, n.saturating_mul(period)],
                &frames.thread_name_or_id(),
            );
        }
        Profile { proto: writer.finish() }
    }

    /// The innermost first, those that were inlined each on its own.
    fn locations(writer: &mut Writer, frames: &Frames) -> Vec<u64> {
        let symbols = frames.frames.iter().flatten();
        symbols
            .map(|symbol| {
                let file = symbol.filename.as_ref().map(|file| file.to_string_lossy());
                writer.location(&symbol.name(), &file.unwrap_or_default(), symbol.lineno())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        assert_eq!(Config::default().check(), Ok(()));
        let check = |seconds, hertz| Config { seconds, hertz }.check().unwrap_err().to_string();
        assert_eq!(check(60.1, 99), "seconds: expected 0.01 to 60, found 60.1");
        assert_eq!(check(f64::NAN, 99), "seconds: expected 0.01 to 60, found NaN");
        assert_eq!(check(1.0, 1001), "hertz: expected 1 to 1000, found 1001");
        assert_eq!(check(1.0, 0), "hertz: expected 1 to 1000, found 0");
    }
}
