//! What `nvidia-smi` prints is read, whatever it prints and however long it takes.
//!
//! The fixtures follow `nvidia-smi --help-query-gpu` and the manual page.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use resources::{Error, Gpu, Gpus, MAX_SMI_BYTES, Smi, parse_smi};

/// Long enough for whatever ends.
const PATIENT: Duration = Duration::from_secs(120);

const NORMAL: &str = "0, GPU-5e0f6a1b-2c3d-4e5f-8a9b-0c1d2e3f4a5b, NVIDIA GeForce RTX 4090, 37, 12, \
2048, 24564, 54, 123.45, 2520, 30, [N/A], [N/A], 0x0000000000000000\n";

const SEVERAL: &str = "\
0, GPU-aaaaaaaa-0000-0000-0000-000000000000, NVIDIA A100-SXM4-80GB, 100, 55, 40536, 81920, 66, 398.21, \
1410, [N/A], 2, 0, 0x0000000000000004\n\
1, GPU-bbbbbbbb-0000-0000-0000-000000000000, NVIDIA A100-SXM4-80GB, 0, 0, 0, 81920, 31, 62.00, 210, \
[N/A], 0, 1, 0x0000000000000001\n\
2, GPU-cccccccc-0000-0000-0000-000000000000, NVIDIA A100-SXM4-80GB, 99, 20, 81919, 81920, 91, 250.00, \
705, [N/A], 0, 0, 0x0000000000000068\n";

const OLD: &str = "0, GPU-dddddddd-0000-0000-0000-000000000000, Tesla K10.G1.8GB, [Not Supported], \
[Not Supported], 11, 3583, 35, [Not Supported], [Not Supported], [Not Supported], [Not Supported], \
[Not Supported], [Not Supported]\n";

const MIG: &str = "0, GPU-eeeeeeee-0000-0000-0000-000000000000, NVIDIA H100 80GB HBM3, [N/A], [N/A], \
1240, 81559, 38, 112.50, 1980, [N/A], 0, 0, 0x0000000000000000\n";

#[test]
fn a_graphics_card() {
    let expected = Gpu {
        index: 0,
        uuid: "GPU-5e0f6a1b-2c3d-4e5f-8a9b-0c1d2e3f4a5b".to_owned(),
        name: "NVIDIA GeForce RTX 4090".to_owned(),
        utilization: Some(0.37),
        memory_utilization: Some(0.12),
        memory_used_bytes: Some(2048 << 20),
        memory_total_bytes: Some(24564 << 20),
        temperature_celsius: Some(54.0),
        power_watts: Some(123.45),
        energy_joules: None,
        sm_clock_hertz: Some(2.52e9),
        fan_ratio: Some(0.3),
        ecc_errors_corrected: None,
        ecc_errors_uncorrected: None,
        throttle_reasons: vec![],
    };
    assert_eq!(parse_smi(NORMAL), Ok(vec![expected]));
}

#[test]
fn several_one_of_them_hot() {
    let gpus = parse_smi(SEVERAL).unwrap();
    let reasons: Vec<_> = gpus.iter().map(|gpu| (gpu.index, &*gpu.throttle_reasons)).collect();
    let hot: &[&str] = &["hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown"];
    assert_eq!(reasons, [(0, &["sw_power_cap"][..]), (1, &[]), (2, hot)]);
    assert_eq!((gpus[0].ecc_errors_corrected, gpus[1].ecc_errors_uncorrected), (Some(2), Some(1)));
    assert_eq!((gpus[1].utilization, gpus[1].fan_ratio), (Some(0.0), None));
}

#[test]
fn what_is_not_told_is_none() {
    let gpu = &parse_smi(OLD).unwrap()[0];
    let told = (gpu.utilization, gpu.power_watts, gpu.sm_clock_hertz, gpu.ecc_errors_corrected);
    assert_eq!(told, (None, None, None, None));
    assert_eq!((gpu.memory_used_bytes, gpu.temperature_celsius), (Some(11 << 20), Some(35.0)));
    let gpu = &parse_smi(MIG).unwrap()[0];
    assert_eq!((gpu.utilization, gpu.memory_total_bytes), (None, Some(81559 << 20)));
    for other in ["[Insufficient Permissions]", "[Unknown Error]", "[GPU requires reset]", "N/A"] {
        assert_eq!(parse_smi(&NORMAL.replace("123.45", other)).unwrap()[0].power_watts, None);
    }
    assert_eq!(parse_smi("\n\n"), Ok(vec![]));
}

#[test]
fn what_is_wrong_is_told() {
    let check = |from: &str, to: &str, expected: &str| {
        let error = parse_smi(&format!("{NORMAL}{}", NORMAL.replacen(from, to, 1))).unwrap_err();
        assert_eq!(error.to_string(), format!("line 2 of the output of nvidia-smi: {expected}"));
    };
    check("37", "101", "expected percent from 0 to 100, found \"101\"");
    check("37", "NaN", "expected percent from 0 to 100, found \"NaN\"");
    check("54", "inf", "expected degrees from -273 to 1000, found \"inf\"");
    check("2048", "-1", "expected a count, found \"-1\"");
    check("24564", "99999999999999999", "expected MiB, found \"99999999999999999\"");
    check("0x0000000000000000", "0", "expected bits such as 0x0000000000000004, found \"0\"");
    check("GPU-5e0f6a1b-2c3d-4e5f-8a9b-0c1d2e3f4a5b", "", "expected a UUID, found \"\"");
    check(", 30,", ",", "expected 14 fields, found \"0, GPU-5e0f6a1b-2c3d-4e5f-8a9b-0c1d2e3f4\"");
    let many = NORMAL.repeat(257);
    assert!(matches!(parse_smi(&many), Err(Error::Malformed { line: 257, .. })));
}

/// Every byte of a fixture changed to every kind of byte, cut and doubled: an answer each time.
#[test]
fn whatever_it_prints() {
    for fixture in [NORMAL, OLD] {
        for idx in 0..fixture.len() {
            for byte in [b"\0"[0], b',', b'\n', b'[', b']', b'-', b'9', b'x', b'e', 0xff] {
                let mut broken = fixture.as_bytes().to_vec();
                broken[idx] = byte;
                for text in [&broken[..], &broken[..idx], &broken[idx..]] {
                    for gpu in parse_smi(&String::from_utf8_lossy(text)).unwrap_or_default() {
                        assert!(gpu.utilization.is_none_or(|used| (0.0..=1.0).contains(&used)));
                    }
                }
            }
        }
    }
}

/// A program of this text, in a folder that is gone when it is dropped.
fn program(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nvidia-smi");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    (folder, path)
}

fn run(text: &str, limit: Duration) -> Result<Vec<Gpu>, Error> {
    let (_folder, path) = program(text);
    Smi::new(path, limit).read()
}

#[test]
fn a_program_that_answers() {
    let gpus = run(&format!("printf '%s' '{SEVERAL}'"), PATIENT).unwrap();
    assert_eq!(gpus.len(), 3);
    let asks = "case \"$1 $2\" in --query-gpu=index,uuid,*' '--format=csv,noheader,nounits) ;; *) exit 9; esac";
    assert_eq!(run(asks, PATIENT), Ok(vec![]));
}

#[test]
fn a_program_that_fails() {
    let broken = "echo NVIDIA-SMI has failed because it could not talk to the driver; exit 9";
    let error = run(broken, PATIENT).unwrap_err().to_string();
    assert!(error.contains("exit status: 9: NVIDIA-SMI has failed"), "{error}");
    assert!(matches!(Smi::new("/none/smi".into(), PATIENT).read(), Err(Error::Unreadable { .. })));
}

#[test]
fn a_program_that_prints_garbage() {
    let error = run("head -c 100000 /dev/urandom", PATIENT);
    assert!(matches!(error, Err(Error::Malformed { .. })), "{error:?}");
}

#[test]
fn a_program_that_prints_a_hundred_megabytes() {
    let error = run("head -c 100000000 /dev/zero; sleep 1000", PATIENT).unwrap_err();
    assert!(matches!(error, Error::TooMuchOutput { limit_bytes: MAX_SMI_BYTES, .. }), "{error}");
}

/// Whether a process is there and not dead.
fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z")
}

#[test]
fn a_program_that_hangs_is_killed_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let pids = folder.path().join("pids");
    let text = format!("sleep 1000 & echo $$ $! > {0}.new; mv {0}.new {0}; wait", pids.display());
    let (_folder, path) = program(&text);
    let smi = Smi::new(path, Duration::from_secs(2));
    let error = smi.read().unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    let pids = std::fs::read_to_string(pids).unwrap();
    for pid in pids.split_whitespace() {
        crate::work::wait_for("its end", || !is_alive(pid));
    }
    // Once it is gone it may be started again.
    crate::work::wait_for("that", || matches!(smi.read(), Err(Error::TimedOut { .. })));
}

/// One that has not ended is not started again.
#[test]
fn one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let [begun, end] = ["begun", "end"].map(|name| folder.path().join(name));
    let text =
        format!("touch {}; while [ ! -e {} ]; do sleep 0.01; done", begun.display(), end.display());
    let (_folder, path) = program(&text);
    let smi = Smi::new(path, PATIENT);
    let other = smi.clone();
    let first = std::thread::spawn(move || other.read());
    crate::work::wait_for("its beginning", || begun.exists());
    let second = smi.read();
    std::fs::write(end, "").unwrap();
    assert!(matches!(second, Err(Error::NotEnded { .. })), "{second:?}");
    assert_eq!(first.join().unwrap(), Ok(vec![]));
}

/// The test started again with another `PATH`, since a process must not change its own.
#[test]
fn the_program_on_the_path() {
    const AGAIN: &str = "RESOURCES_TEST_PATH";
    if std::env::var_os(AGAIN).is_some() {
        match Gpus::find() {
            Gpus::Smi(smi) => assert_eq!(smi.read().unwrap().len(), 3),
            Gpus::Nvml(_) => eprintln!("SKIPPED (data): NVML is here and comes first"),
            Gpus::Absent { reason } => panic!("{reason}"),
        }
        return;
    }
    let (folder, _path) = program(&format!("printf '%s' '{SEVERAL}'"));
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "gpu::the_program_on_the_path", "--nocapture"]);
    let output = command.env(AGAIN, "1").env("PATH", path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_is_here() {
    match Gpus::find() {
        Gpus::Absent { reason } => {
            assert!(reason.contains("NVML") && reason.contains("nvidia-smi"), "{reason}");
            eprintln!("SKIPPED (data): no GPU: {reason}");
        }
        gpus => {
            let gpus = gpus.read().unwrap();
            assert!(gpus.iter().all(|gpu| gpu.uuid.starts_with("GPU-")), "{gpus:?}");
        }
    }
}
