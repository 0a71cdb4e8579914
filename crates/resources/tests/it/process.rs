//! What a process reads of itself is what `/proc` and `ps` say.
//!
//! Each runs in a process of its own, this test started again, where nothing else allocates or
//! opens files meanwhile.

use std::hint::black_box;
use std::process::Command;
use std::sync::Barrier;
use std::time::Duration;

use resources::Process;

use crate::work::burn_for;

const ALONE: &str = "RESOURCES_TEST_ALONE";

/// Runs `work` in a process of its own, which is this test with a name in its environment.
fn alone(test: &str, work: impl FnOnce()) {
    if std::env::var(ALONE).is_ok_and(|name| name == test) {
        return work();
    }
    let this = std::env::current_exe().unwrap();
    let test_name = format!("process::{test}");
    let mut command = Command::new(this);
    command.args(["--exact", &test_name, "--nocapture", "--test-threads=1"]).env(ALONE, test);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stdout));
}

fn within(share: f64, a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= share * a.abs().max(b.abs()), "{what}: {a} and {b}");
}

/// A field of `/proc/self/status` in kB, as bytes.
fn status_bytes(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024.0
}

/// A field as `ps` prints it.
fn ps(field: &str) -> f64 {
    let pid = std::process::id().to_string();
    let output =
        Command::new("ps").args(["-o", &format!("{field}="), "-p", &pid]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn memory() {
    alone("memory", || {
        let before = Process::read().unwrap();
        let held = black_box(vec![7_u8; 256 << 20]);
        let process = Process::read().unwrap();
        within(0.05, process.resident_bytes as f64, status_bytes("VmRSS"), "VmRSS");
        within(0.05, process.virtual_bytes as f64, status_bytes("VmSize"), "VmSize");
        within(0.05, process.peak_resident_bytes.unwrap() as f64, status_bytes("VmHWM"), "VmHWM");
        let grown = process.resident_bytes - before.resident_bytes;
        within(0.05, grown as f64, held.len() as f64, "what was allocated");
        if crate::has("ps", "--version") {
            within(0.05, process.resident_bytes as f64, ps("rss") * 1024.0, "ps -o rss");
        }
        drop(held);
        let after = Process::read().unwrap();
        assert!(after.resident_bytes < process.resident_bytes - (200 << 20));
        // The kernel counts pages for each core and adds them up later, so a peak may waver.
        let peak = |process: &Process| process.peak_resident_bytes.unwrap() as f64;
        within(0.05, peak(&after), peak(&process), "the peak");
    });
}

#[test]
fn cpu_time() {
    alone("cpu_time", || {
        let ticks = procfs::ticks_per_second() as f64;
        // Of two threads, one of which ends: its time stays.
        std::thread::spawn(|| burn_for(Duration::from_millis(1500))).join().unwrap();
        burn_for(Duration::from_millis(1500));
        while Process::read().unwrap().cpu_user_seconds < 3.0 {
            burn_for(Duration::from_millis(10));
        }
        let process = Process::read().unwrap();
        let stat = procfs::process::Process::myself().unwrap().stat().unwrap();
        let seconds = process.cpu_user_seconds + process.cpu_system_seconds;
        within(0.05, seconds, (stat.utime + stat.stime) as f64 / ticks, "utime + stime");
        assert!(process.cpu_user_seconds > process.cpu_system_seconds);
        if crate::has("ps", "--version") {
            // Whole seconds, cut off: it is right if it is not above and less than one below.
            let process = Process::read().unwrap();
            let told = ps("times");
            let later = Process::read().unwrap();
            let low = process.cpu_user_seconds + process.cpu_system_seconds;
            let high = later.cpu_user_seconds + later.cpu_system_seconds;
            assert!(low - 1.0 <= told && told <= high * 1.05, "{low} {told} {high}");
        }
    });
}

#[test]
fn threads_and_files_are_exact() {
    alone("threads_and_files_are_exact", || {
        const N: usize = 37;
        let before = Process::read().unwrap();
        let files: Vec<_> = (0..N).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        let barrier = Barrier::new(N + 1);
        std::thread::scope(|scope| {
            for _ in 0..N {
                scope.spawn(|| {
                    barrier.wait();
                    barrier.wait();
                });
            }
            barrier.wait();
            let process = Process::read().unwrap();
            assert_eq!(process.n_threads, before.n_threads + N as u64);
            assert_eq!(process.n_open_files, before.n_open_files + N as u64);
            let listed = std::fs::read_dir("/proc/self/task").unwrap().count();
            assert_eq!(process.n_threads, listed as u64);
            barrier.wait();
        });
        drop(files);
        assert_eq!(Process::read().unwrap().n_open_files, before.n_open_files);
        let (soft, _) = limit();
        assert_eq!(before.max_open_files, Some(soft));
    });
}

fn limit() -> (u64, u64) {
    // SAFETY: a `rlimit` is two numbers, and it lives through the call.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0);
        (limit.rlim_cur, limit.rlim_max)
    }
}

#[test]
fn what_the_kernel_counts() {
    alone("what_the_kernel_counts", || {
        let before = Process::read().unwrap();
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::write(folder.path().join("a"), vec![1_u8; 8 << 20]).unwrap();
        let file = std::fs::File::open(folder.path().join("a")).unwrap();
        file.sync_all().unwrap();
        for _ in 0..50 {
            std::thread::spawn(|| std::thread::sleep(Duration::from_millis(1))).join().unwrap();
        }
        let pages = black_box(vec![1_u8; 64 << 20]);
        let after = Process::read().unwrap();
        // In threads that have ended.
        assert!(after.context_switches_voluntary >= before.context_switches_voluntary + 50);
        // A page is 4 KiB, and a huge one is 2 MiB.
        assert!(after.page_faults_minor >= before.page_faults_minor + 32);
        if let (Some(before), Some(after)) = (before.disk_written_bytes, after.disk_written_bytes) {
            assert!(after >= before);
        }
        assert_eq!(before.start_seconds, after.start_seconds);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let age = now.as_secs_f64() - after.start_seconds;
        // The time of boot is told in whole seconds.
        assert!((-2.0..300.0).contains(&age), "started {age} s ago");
        drop(pages);
    });
}

#[test]
fn the_network_and_the_control_group() {
    let process = Process::read().unwrap();
    assert!(process.interfaces.iter().all(|interface| interface.name != "lo"));
    for interface in &process.interfaces {
        let folder = format!("/sys/class/net/{}/statistics", interface.name);
        let Ok(sent) = std::fs::read_to_string(format!("{folder}/tx_bytes")) else { continue };
        let sent: u64 = sent.trim().parse().unwrap();
        assert!(sent >= interface.sent_bytes, "{interface:?}, {sent}");
    }
    if let Some(cgroup) = process.cgroup {
        assert!(cgroup.memory_used_bytes.is_none_or(|used| used > 0));
        assert!(cgroup.cpu_limit_cores.is_none_or(|cores| cores > 0.0));
    }
}
