//! What this process uses.
//!
//! Source: proc(5) for `stat`, `status`, `io` and `net/dev`; getrlimit(2); getrusage(2) for what the
//! kernel counts over all threads.

use crate::cgroup::Cgroup;
use crate::error::Error;

/// What this process has used since it started, and what it holds now.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// CPU time in user mode, all threads, those that ended included (seconds).
    pub cpu_user_seconds: f64,
    /// CPU time in the kernel (seconds).
    pub cpu_system_seconds: f64,
    /// Memory that is resident (bytes).
    pub resident_bytes: u64,
    /// Address space (bytes).
    pub virtual_bytes: u64,
    /// The most that was resident; absent for a process without memory of its own (bytes).
    pub peak_resident_bytes: Option<u64>,
    /// Threads.
    pub n_threads: u64,
    /// Open file descriptors, without the one that counts them.
    pub n_open_files: u64,
    /// How many may be open; `None` for no limit.
    pub max_open_files: Option<u64>,
    /// Times that a thread gave up its core to wait.
    pub context_switches_voluntary: u64,
    /// Times that a thread was made to give up its core.
    pub context_switches_involuntary: u64,
    /// Page faults that needed no disk.
    pub page_faults_minor: u64,
    /// Page faults that waited for a disk.
    pub page_faults_major: u64,
    /// When it started (seconds since 1970, UTC).
    pub start_seconds: f64,
    /// Bytes that it made a disk read; `None` where the kernel does not tell.
    pub disk_read_bytes: Option<u64>,
    /// Bytes that it made a disk write; `None` where the kernel does not tell.
    pub disk_written_bytes: Option<u64>,
    /// The interfaces of its network namespace without `lo`, by name. They count what every process
    /// in the namespace sent.
    pub interfaces: Vec<Interface>,
    /// What its control group allows and uses; `None` where there is none.
    pub cgroup: Option<Cgroup>,
}

/// An interface of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Such as `eth0`.
    pub name: String,
    /// Bytes received.
    pub received_bytes: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
}

impl Process {
    /// Reads them all: some dozen small files, no wait for anything but the kernel.
    ///
    /// ```
    /// # if cfg!(target_os = "linux") {
    /// let process = resources::Process::read()?;
    /// assert!(process.n_threads >= 1 && process.resident_bytes > 0);
    /// # }
    /// # Ok::<(), resources::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Absent`] elsewhere than on Linux, [`Error::Unreadable`] where `/proc` is closed.
    pub fn read() -> Result<Self, Error> {
        platform::read()
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    //! Nothing is read here yet.

    use super::{Error, Process};

    pub(super) fn read() -> Result<Process, Error> {
        let reason = "it is read from /proc, which Linux alone has".to_owned();
        Err(Error::Absent { what: "the process", reason })
    }
}

#[cfg(target_os = "linux")]
mod platform {
    //! Linux.

    use std::sync::OnceLock;

    use procfs::process::Process as Proc;
    use rustix::process::{Resource, getrlimit};

    use super::{Cgroup, Error, Interface, Process};

    const KIB: u64 = 1024;

    pub(super) fn read() -> Result<Process, Error> {
        let proc = Proc::myself().map_err(wrong("/proc/self"))?;
        let stat = proc.stat().map_err(wrong("/proc/self/stat"))?;
        let status = proc.status().map_err(wrong("/proc/self/status"))?;
        // Refused to a process that is not its own, as after setuid(2).
        let io = proc.io().ok();
        let used = usage()?;
        Ok(Process {
            cpu_user_seconds: seconds(used.ru_utime),
            cpu_system_seconds: seconds(used.ru_stime),
            resident_bytes: stat.rss * procfs::page_size(),
            virtual_bytes: stat.vsize,
            peak_resident_bytes: status.vmhwm.map(|kib| kib * KIB),
            n_threads: status.threads,
            n_open_files: n_open_files()?,
            max_open_files: getrlimit(Resource::Nofile).current,
            context_switches_voluntary: count(used.ru_nvcsw),
            context_switches_involuntary: count(used.ru_nivcsw),
            page_faults_minor: count(used.ru_minflt),
            page_faults_major: count(used.ru_majflt),
            start_seconds: start_seconds(stat.starttime)?,
            disk_read_bytes: io.as_ref().map(|io| io.read_bytes),
            disk_written_bytes: io.as_ref().map(|io| io.write_bytes),
            interfaces: interfaces(&proc)?,
            cgroup: Cgroup::read()?,
        })
    }

    fn wrong(what: &'static str) -> impl Fn(procfs::ProcError) -> Error {
        move |error| Error::unreadable(what, error)
    }

    /// `status` counts the context switches of one thread; this counts those of all.
    fn usage() -> Result<libc::rusage, Error> {
        // SAFETY: a `rusage` is numbers, for which zero is a value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: it points to a whole `rusage`, which lives through the call.
        match unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) } {
            0 => Ok(usage),
            _ => Err(Error::unreadable("getrusage", std::io::Error::last_os_error())),
        }
    }

    fn seconds(time: libc::timeval) -> f64 {
        time.tv_sec as f64 + time.tv_usec as f64 * 1e-6
    }

    fn count(n: libc::c_long) -> u64 {
        u64::try_from(n).unwrap_or(0)
    }

    fn n_open_files() -> Result<u64, Error> {
        let wrong = |error| Error::unreadable("/proc/self/fd", error);
        let n = std::fs::read_dir("/proc/self/fd").map_err(wrong)?.count();
        // One of them is that of the folder, which is read.
        Ok((n as u64).saturating_sub(1))
    }

    /// It does not change, so it is worked out once; `/proc/stat` is long.
    fn start_seconds(ticks_since_boot: u64) -> Result<f64, Error> {
        static START: OnceLock<f64> = OnceLock::new();
        if let Some(start) = START.get() {
            return Ok(*start);
        }
        let boot = procfs::boot_time_secs().map_err(wrong("/proc/stat"))?;
        let since_boot = ticks_since_boot as f64 / procfs::ticks_per_second() as f64;
        Ok(*START.get_or_init(|| boot as f64 + since_boot))
    }

    fn interfaces(proc: &Proc) -> Result<Vec<Interface>, Error> {
        let all = proc.dev_status().map_err(wrong("/proc/self/net/dev"))?;
        let mut interfaces: Vec<Interface> = all
            .into_values()
            .filter(|device| device.name != "lo")
            .map(|device| Interface {
                name: device.name,
                received_bytes: device.recv_bytes,
                sent_bytes: device.sent_bytes,
            })
            .collect();
        interfaces.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(interfaces)
    }
}
