//! What each reading costs: `cargo run --release -p resources --example readings_cost`, and with
//! `--features jemalloc` what that allocator costs.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it measures, and prints what it measured"
)]

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

use resources::profile::{cpu, heap};
use resources::watchdog::{Config, Watchdog};
use resources::{Gpus, Machine, Process, Watched, parse_smi, stack_of_thread, this_thread};

#[cfg(feature = "jemalloc")]
resources::install_jemalloc!();

/// How often each is measured; the median of them is told.
const N_ROUNDS: usize = 15;

fn main() {
    println!("{:<44} {:>12}", "what", "each");
    readings();
    locks();
    watching();
    stacks();
    profiles();
    allocating();
}

/// Prints the median time of one call, over rounds of `n` calls.
fn time(what: &str, n: u32, mut call: impl FnMut()) -> Duration {
    let mut rounds: Vec<Duration> = (0..N_ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            (0..n).for_each(|_| call());
            begun.elapsed()
        })
        .collect();
    rounds.sort();
    let nanos = rounds[N_ROUNDS / 2].as_nanos() as f64 / f64::from(n);
    let shown = match nanos {
        nanos if nanos < 1e3 => format!("{nanos:.1} ns"),
        nanos if nanos < 1e6 => format!("{:.1} µs", nanos / 1e3),
        nanos => format!("{:.1} ms", nanos / 1e6),
    };
    println!("{what:<44} {shown:>12}");
    rounds[N_ROUNDS / 2] / n
}

fn readings() {
    time("Process::read", 200, || drop(black_box(Process::read().unwrap())));
    time("Machine::read, one disk", 50, || {
        drop(black_box(Machine::read(&[Path::new("/")]).unwrap()));
    });
    let line = "0, GPU-1, NVIDIA A100, 100, 55, 40536, 81920, 66, 398.21, 1410, [N/A], 2, 0, 0x4\n";
    let eight = line.repeat(8);
    time("parse_smi, 8 GPUs", 1000, || drop(black_box(parse_smi(&eight))));
    let begun = Instant::now();
    let gpus = Gpus::find();
    println!("{:<44} {:>9.1} ms", "Gpus::find", begun.elapsed().as_secs_f64() * 1e3);
    match gpus.read() {
        Ok(found) => drop(time(&format!("Gpus::read, {}", found.len()), 10, || {
            drop(black_box(gpus.read()));
        })),
        Err(error) => println!("  {error}"),
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    time("Runtime::read, 4 workers", 10_000, || {
        drop(black_box(resources::Runtime::read(runtime.handle())));
    });
}

fn locks() {
    const N: u32 = 1_000_000;
    let watched = Watched::default();
    let theirs = Mutex::new(0_u64);
    let ours = watched.mutex("a", 0_u64);
    time("std Mutex, free", N, || *black_box(&theirs).lock().unwrap() += 1);
    time("watched Mutex, free", N, || *black_box(&ours).lock() += 1);
    let theirs = RwLock::new(0_u64);
    let ours = watched.rwlock("b", 0_u64);
    time("std RwLock, free, read", N, || {
        black_box(*black_box(&theirs).read().unwrap());
    });
    time("watched RwLock, free, read", N, || {
        black_box(*black_box(&ours).read());
    });
    time("std RwLock, free, write", N, || *black_box(&theirs).write().unwrap() += 1);
    time("watched RwLock, free, write", N, || *black_box(&ours).write() += 1);
    let heartbeat = watched.heartbeat("c");
    time("Heartbeat::busy and idle", N, || {
        black_box(&heartbeat).busy();
        black_box(&heartbeat).idle();
    });
}

/// What a watchdog with its defaults takes of a core, with a runtime, threads and locks to watch.
fn watching() {
    let watched = Watched::default();
    let watch = watched.runtime("a");
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    watch.install(builder.worker_threads(2).enable_all());
    let runtime = builder.build().unwrap();
    watch.probe(runtime.handle());
    let locks: Vec<_> = (0..1000).map(|n| watched.mutex("a", n)).collect();
    let (before, begun) = (cpu_seconds(), Instant::now());
    let watchdog =
        Watchdog::start(&Config::default(), watched, |stall| println!("{stall}")).unwrap();
    std::thread::sleep(Duration::from_secs(5));
    let share = (cpu_seconds() - before) / begun.elapsed().as_secs_f64();
    println!("{:<44} {:>9.3} %", "Watchdog, 1000 locks, of a core", share * 100.0);
    drop((watchdog, locks));
}

fn stacks() {
    let (stop, number) = (AtomicBool::new(false), AtomicI32::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            number.store(this_thread(), Ordering::Release);
            burn(&stop);
        });
        while number.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        let stack = stack_of_thread(number.load(Ordering::Acquire)).unwrap();
        let first = begun.elapsed().as_secs_f64() * 1e3;
        println!("{:<44} {first:>9.1} ms", "stack_of_thread, the first");
        assert!(stack.names("burn"), "{stack}");
        time(&format!("stack_of_thread, {} frames", stack.frames.len()), 20, || {
            drop(black_box(stack_of_thread(number.load(Ordering::Acquire))));
        });
        stop.store(true, Ordering::Release);
    });
}

fn profiles() {
    // The same work by itself and while it is sampled.
    let work = || {
        let (before, mut x) = (cpu_seconds(), 1_u64);
        for n in 0..400_000_000_u64 {
            x = black_box(x ^ n);
        }
        cpu_seconds() - before
    };
    let least = |n: usize| (0..n).map(|_| work()).fold(f64::INFINITY, f64::min);
    let alone = least(5);
    for hertz in [99, cpu::MAX_HERTZ] {
        let recording = cpu::Recording::start(&cpu::Config { seconds: 60.0, hertz }).unwrap();
        let sampled = least(5);
        let begun = Instant::now();
        let profile = recording.finish().unwrap();
        let (took, n) = (begun.elapsed().as_secs_f64() * 1e3, profile.proto().sample.len());
        let slower = (sampled / alone - 1.0) * 100.0;
        println!("{:<44} {slower:>9.2} %", format!("CPU profile at {hertz} Hz, slower by"));
        println!("{:<44} {took:>9.1} ms", format!("  naming of {n} stacks"));
    }
}

/// With the feature `jemalloc`, by jemalloc with its profile on; else by the system's allocator.
fn allocating() {
    time("Vec of 1 KiB, made and dropped", 1_000_000, || {
        drop(black_box(Vec::<u8>::with_capacity(1 << 10)));
    });
    if heap::allocator().is_ok() {
        let held: Vec<_> = (0..64).map(|_| black_box(vec![1_u8; 1 << 20])).collect();
        time("heap::allocator", 1000, || drop(black_box(heap::allocator())));
        time("heap::profile", 1, || drop(black_box(heap::profile().unwrap())));
        drop(held);
    }
}

/// The CPU time of the process so far.
fn cpu_seconds() -> f64 {
    let process = Process::read().unwrap();
    process.cpu_user_seconds + process.cpu_system_seconds
}

/// Burns CPU time.
#[inline(never)]
fn burn(stop: &AtomicBool) {
    let mut x = 1_u64;
    while !stop.load(Ordering::Acquire) {
        x = black_box(x.wrapping_mul(3));
    }
}
