//! A profile names the function that burns and the function that allocates.

use std::sync::atomic::{AtomicBool, Ordering};

use prost::Message;
use resources::Error;
use resources::profile::{Profile, cpu, heap};

use crate::work::{Stop, burn_until};

/// One profile at a time holds for the process, so tests in one process take turns.
static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn burning(config: cpu::Config) -> Profile {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        std::thread::Builder::new()
            .name("burner".to_owned())
            .spawn_scoped(scope, || burn_until(&stop))
            .unwrap();
        cpu::record(&config).unwrap()
    })
}

/// The weight of the innermost function, by its name.
fn flat(profile: &Profile) -> Vec<(String, u64)> {
    let mut of = std::collections::BTreeMap::<String, u64>::new();
    for (stack, weight) in profile.folded() {
        *of.entry(stack.last().unwrap_or(&"").to_string()).or_default() += weight;
    }
    let mut flat: Vec<_> = of.into_iter().collect();
    flat.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    flat
}

/// The weight of all stacks that a function is on.
fn share(profile: &Profile, part: &str) -> f64 {
    let all: u64 = profile.folded().iter().map(|(_, weight)| weight).sum();
    let on = |stack: &[&str]| stack.iter().any(|name| name.contains(part));
    let with: u64 = profile.folded().iter().filter(|(s, _)| on(s)).map(|(_, weight)| weight).sum();
    with as f64 / all.max(1) as f64
}

#[test]
fn what_burns_is_on_top() {
    let _turn = TURN.lock().unwrap();
    let config = cpu::Config { seconds: 2.0, hertz: 500 };
    let n_samples = |profile: &Profile| {
        profile.proto().sample.iter().map(|sample| sample.value[0]).sum::<i64>()
    };
    // A machine that has little time for it gives few samples.
    let profile = std::iter::repeat_with(|| burning(config))
        .take(30)
        .find(|profile| n_samples(profile) > 50)
        .unwrap();
    let unpacked = {
        let mut bytes = Vec::new();
        let packed = profile.to_pprof();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*packed), &mut bytes)
            .unwrap();
        bytes
    };
    let proto = resources::profile::proto::Profile::decode(&*unpacked).unwrap();
    assert_eq!(&proto, profile.proto());
    let string = |idx: i64| &*proto.string_table[idx as usize];
    let kinds: Vec<_> =
        proto.sample_type.iter().map(|kind| (string(kind.r#type), string(kind.unit))).collect();
    assert_eq!(kinds, [("samples", "count"), ("cpu", "nanoseconds")]);
    assert_eq!((proto.period, string(0)), (2_000_000, ""));
    let threads: Vec<_> =
        proto.sample.iter().flat_map(|s| &s.label).map(|label| string(label.str)).collect();
    assert!(threads.contains(&"burner"), "{threads:?}");
    assert!(share(&profile, "burn_until") > 0.9, "{:?}", flat(&profile));
    assert!(flat(&profile)[0].0.contains("burn_until"), "{:?}", flat(&profile));
    let svg = profile.to_flame_graph("CPU");
    assert!(svg.contains("burn_until") && svg.ends_with("</svg>\n"));
}

/// Go is 200 MB that nothing else here needs; the format is checked by decoding it, above.
#[test]
#[ignore = "needs Go: cargo test -p resources -- --ignored go_reads_it"]
fn go_reads_it() {
    let _turn = TURN.lock().unwrap();
    if !crate::has("go", "version") {
        return;
    }
    let profile = burning(cpu::Config { seconds: 1.0, hertz: 500 });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cpu.pb.gz");
    std::fs::write(&path, profile.to_pprof()).unwrap();
    let mut go = std::process::Command::new("go");
    let output = go.args(["tool", "pprof", "-top", "-cum"]).arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("burn_until"), "{text}");
}

#[test]
fn one_at_a_time_and_within_limits() {
    let _turn = TURN.lock().unwrap();
    let config = cpu::Config { seconds: 0.05, hertz: 100 };
    let recording = cpu::Recording::start(&config).unwrap();
    assert_eq!(cpu::record(&config).unwrap_err(), Error::ProfileRunning { what: "CPU" });
    // Dropped, it ends.
    drop(recording);
    let recording = cpu::Recording::start(&config).unwrap();
    recording.finish().unwrap();
    cpu::record(&config).unwrap();
    let config = cpu::Config { seconds: 61.0, hertz: 100 };
    assert!(matches!(cpu::record(&config), Err(Error::Setting { key: "seconds", .. })));
}

/// Threads that allocate, unwind and end while they are sampled as often as may be.
#[test]
fn it_hurts_nobody() {
    let _turn = TURN.lock().unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                std::thread::spawn(|| std::hint::black_box(vec![0_u8; 1000]).len()).join().unwrap();
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(7))).unwrap_err();
            }
        });
        for _ in 0..3 {
            cpu::record(&cpu::Config { seconds: 0.5, hertz: cpu::MAX_HERTZ }).unwrap();
        }
    });
}

#[cfg(feature = "jemalloc")]
mod with_jemalloc {
    //! With jemalloc as the allocator of this test.

    use std::hint::black_box;

    use super::{heap, share};

    const BYTES: usize = 64 << 20;

    #[inline(never)]
    fn allocate_much() -> Vec<Vec<u8>> {
        (0..64).map(|_| black_box(vec![1_u8; BYTES / 64])).collect()
    }

    #[test]
    fn what_allocated_is_named() {
        let before = heap::allocator().unwrap();
        let held = allocate_much();
        let after = heap::allocator().unwrap();
        let grown = after.allocated_bytes - before.allocated_bytes;
        assert!((BYTES as u64..BYTES as u64 + (8 << 20)).contains(&grown), "{before:?} {after:?}");
        assert!(after.active_bytes >= after.allocated_bytes);
        assert!(after.mapped_bytes >= after.active_bytes);
        let profile = heap::profile().unwrap();
        assert!(share(&profile, "allocate_much") > 0.5, "{:?}", profile.folded());
        let with = |stack: &[&str]| stack.iter().any(|name| name.contains("allocate_much"));
        let bytes: u64 =
            profile.folded().iter().filter(|(s, _)| with(s)).map(|(_, weight)| weight).sum();
        // An estimate from samples 512 KiB apart.
        let share = bytes as f64 / BYTES as f64;
        assert!((0.5..1.5).contains(&share), "{bytes} bytes");
        let svg = profile.to_flame_graph("heap");
        assert!(svg.contains("allocate_much") && svg.contains("MiB"));
        drop(held);
        let freed = heap::profile().unwrap();
        assert!(super::share(&freed, "allocate_much") < 0.5);
    }
}

#[cfg(not(feature = "jemalloc"))]
#[test]
fn without_jemalloc_it_says_so() {
    let error = heap::profile().unwrap_err();
    assert!(matches!(&error, Error::Absent { what: "a heap profile", .. }), "{error}");
    assert!(error.to_string().contains("without the feature `jemalloc`"), "{error}");
    assert!(heap::allocator().is_err());
}
