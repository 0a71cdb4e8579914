//! The real server under faults: its database killed and back, a full disk, a clock that jumps, a
//! signal to stop under load.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::json;
use crate::operate::{Serving, demo_models, digit, name};
use crate::postgres::Server as Postgres;

const INFER: &str = "/v2/models/digits/infer";

/// A library that is preloaded into a server, built where there is a C compiler.
pub(crate) fn preloaded(folder: &Path, source: &str) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let library = folder.join("preloaded.so");
    let mut cc = Command::new("cc");
    let built = cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    if built.is_ok_and(|status| status.success()) {
        return Some(library);
    }
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: no C compiler");
    eprintln!("SKIPPED: no C compiler");
    None
}

/// Makes a key under a label, as an acknowledged write.
fn write(server: &Serving, key: &str, label: &str) -> u16 {
    let spec = json!({ "name": label, "role": "reader", "tenant": "acme" });
    server.ask("POST", "/v1/keys", key, &spec).0
}

/// The labels of all keys.
fn labels(server: &Serving, key: &str) -> Vec<String> {
    let (status, listed) = server.ask("GET", "/v1/keys", key, &Value::Null);
    assert_eq!(status, 200, "{listed}");
    let keys = listed["keys"].as_array().unwrap();
    keys.iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_database_that_is_killed_and_returns_stops_no_inference_and_loses_no_write() {
    let Some(mut database) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("striatum.toml");
    std::fs::write(&config, format!("[state]\npostgresql = \"{}\"\n", database.url())).unwrap();
    let made = json(&["key", "--config", name(&config), "create", "one", "--role", "admin"], 0);
    let key = made["key"].as_str().unwrap();
    let server = Serving::with(&["--config", name(&config)], &demo_models(), &[]);
    let stop = AtomicBool::new(false);
    let (answered, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let acknowledged = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let (status, answer) = server.ask("POST", INFER, key, &digit());
                    assert_eq!(status, 200, "{answer}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let writer = scope.spawn(|| {
            let mut acknowledged = Vec::new();
            for n in 0.. {
                if stop.load(Ordering::Relaxed) || acknowledged.len() == 90 {
                    break;
                }
                match write(&server, key, &format!("label-{n}")) {
                    201 => acknowledged.push(format!("label-{n}")),
                    503 => drop(refused.fetch_add(1, Ordering::Relaxed)),
                    other => panic!("{other}"),
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            acknowledged
        });
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(300));
            database.kill();
            let before = refused.load(Ordering::Relaxed);
            while refused.load(Ordering::Relaxed) == before && !writer.is_finished() {
                std::thread::sleep(Duration::from_millis(20));
            }
            database.start_again();
        }
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    assert!(answered.load(Ordering::Relaxed) > 20 && refused.load(Ordering::Relaxed) > 1);
    assert!(acknowledged.len() > 5, "{} writes were acknowledged", acknowledged.len());
    let kept = labels(&server, key);
    for label in &acknowledged {
        assert!(kept.contains(label), "{label} was acknowledged and is lost");
    }
    assert_eq!(json(&["audit", "--config", name(&config), "verify"], 0)["whole"], true);
}

#[test]
fn a_full_disk_refuses_writes_and_stops_no_inference() {
    let folder = tempfile::tempdir().unwrap();
    let source = "../store/tests/it/failing_writes.c";
    let Some(library) = preloaded(folder.path(), source) else { return };
    let state = folder.path().join("state");
    let config = folder.path().join("striatum.toml");
    std::fs::write(&config, format!("[state]\nfolder = {:?}\n", name(&state))).unwrap();
    let made = json(&["key", "--config", name(&config), "create", "one", "--role", "admin"], 0);
    let key = made["key"].as_str().unwrap();
    let mut acknowledged = Vec::new();
    {
        let full = [
            ("LD_PRELOAD", name(&library)),
            ("FAIL_AT", "60"),
            ("FAIL_FROM", "1"),
            ("FAIL_FULL", "1"),
        ];
        let server = Serving::with(&["--config", name(&config)], &demo_models(), &full);
        let mut refused = 0;
        for n in 0..60 {
            match write(&server, key, &format!("label-{n}")) {
                201 => acknowledged.push(format!("label-{n}")),
                503 => refused += 1,
                other => panic!("{other}"),
            }
        }
        assert!(refused > 10 && acknowledged.len() > 2, "{refused} {}", acknowledged.len());
        assert_eq!(server.ask("POST", INFER, key, &digit()).0, 200);
        server.kill();
    }
    // With room again, all that was acknowledged is there.
    let server = Serving::with(&["--config", name(&config)], &demo_models(), &[]);
    let kept = labels(&server, key);
    assert!(acknowledged.iter().all(|label| kept.contains(label)), "{acknowledged:?} {kept:?}");
    assert_eq!(write(&server, key, "again"), 201);
    drop(server);
    assert_eq!(json(&["audit", "--config", name(&config), "verify"], 0)["whole"], true);
}

#[test]
fn a_clock_that_jumps_ends_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = preloaded(folder.path(), "tests/it/clock_jump.c") else { return };
    let off = folder.path().join("off");
    let state = folder.path().join("state");
    let env = [("LD_PRELOAD", name(&library)), ("CLOCK_OFF", name(&off))];
    let server = Serving::with(&["--state", name(&state)], &demo_models(), &env);
    let open = json!({ "model": "digits", "id": "kept" });
    assert_eq!(server.ask("POST", "/v1/sessions", "", &open).0, 201);
    let created = || server.ask("GET", "/v1/sessions/kept", "", &Value::Null).1["used_ms"].as_u64();
    let at = created().unwrap();
    for (seconds, forward) in [(86_400 * 30, true), (-86_400 * 365, false)] {
        std::fs::write(&off, seconds.to_string()).unwrap();
        // The sweeper of idle sessions has run several times.
        std::thread::sleep(Duration::from_millis(1500));
        let (status, listed) = server.ask("GET", "/v1/sessions", "", &Value::Null);
        assert_eq!((status, listed["sessions"].as_array().unwrap().len()), (200, 1), "{seconds}");
        assert_eq!(server.ask("POST", "/v1/sessions/kept/infer", "", &digit()).0, 200);
        // The jump is real: what is shown follows the wall clock.
        assert_eq!(created().unwrap() > at, forward);
    }
}
