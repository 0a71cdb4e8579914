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
