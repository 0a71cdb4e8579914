//! What this machine and this process have: time of the processor, memory.

/// Processor time of this process.
pub(crate) fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills the struct that it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The largest resident size of this process so far.
pub(crate) fn resident_mib() -> Option<f64> {
    kilobytes("/proc/self/status", "VmHWM:").map(|kb| kb / 1024.0)
}

/// Memory that a program could still take; none where the machine does not say.
pub(crate) fn available_bytes() -> Option<u64> {
    kilobytes("/proc/meminfo", "MemAvailable:").map(|kb| (kb * 1024.0) as u64)
}

fn kilobytes(file: &str, key: &str) -> Option<f64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Free space of the disk that a folder lies on.
pub(crate) fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(folder.as_os_str().as_bytes()).ok()?;
    // SAFETY: all zeros is a valid value of this plain struct.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends in NUL, and the call fills the struct that it is given.
    let asked = unsafe { libc::statvfs(path.as_ptr(), &raw mut found) };
    (asked == 0).then(|| found.f_bavail.saturating_mul(found.f_frsize))
}

/// Files that this process may have open.
pub(crate) fn max_open_files() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call fills the struct that it is given.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    (asked == 0).then_some(limit.rlim_cur)
}
