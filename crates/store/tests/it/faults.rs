//! SQLite under faults: killed while it writes, every write failing in turn, no room, flipped bits,
//! a second process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use store::{Collection, Store, StoreError, Write};

use crate::contract::{random, reopened, tenant};

const NOTES: Collection = Collection::new("notes");
const LOG: Collection = Collection::new("log");

/// The test binary again, as the program that is to fail.
fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--ignored"]).env("STORE_FOLDER", folder);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn folder_of_child() -> Option<PathBuf> {
    std::env::var_os("STORE_FOLDER").map(PathBuf::from)
}

/// Two records that belong together.
fn pair(key: &str) -> Vec<Write> {
    let put = |key: String| Write::Put {
        collection: NOTES,
        key,
        value: vec![b'v'; 300],
        expect: store::Expect::Any,
    };
    vec![put(format!("{key}-left")), put(format!("{key}-right"))]
}

/// Writes pairs for ever and says which were acknowledged.
#[test]
#[ignore = "run by another test as its child"]
fn child_that_writes() {
    let Some(folder) = folder_of_child() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = reopened(&folder).await;
        let start = std::process::id();
        let writers = (0..8).map(|w| {
            let t = tenant(&store, "killed");
            tokio::spawn(async move {
                for k in 0.. {
                    let key = format!("{start}-{w}-{k}");
                    t.commit(pair(&key)).await.unwrap();
                    println!("acknowledged {key}");
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_lose_nothing_acknowledged() {
    const KILLS: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let mut seed = 7;
    for _ in 0..KILLS {
        let mut running = child("faults::child_that_writes", folder.path()).spawn().unwrap();
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let enough = 20 + random(&mut seed) % 100;
        let mut seen = 0;
        let mut note = |line: std::io::Result<String>| {
            if let Some((_, key)) = line.unwrap().split_once("acknowledged ") {
                acknowledged.push(key.to_owned());
                seen += 1;
            }
            seen
        };
        while note(lines.next().unwrap()) < enough {}
        running.kill().unwrap();
        // What it said before it was killed counts too; a line cut off by the kill does not parse.
        for line in lines {
            note(line);
        }
        running.wait().unwrap();
    }
    // The last line of a killed process may be cut; every whole key has three numbers.
    let store = reopened(folder.path()).await;
    let t = tenant(&store, "killed");
    for key in &acknowledged {
        for side in ["left", "right"] {
            let found = t.get(NOTES, &format!("{key}-{side}")).await.unwrap();
            assert!(found.is_some(), "{key}-{side} was acknowledged and is lost");
        }
    }
    assert!(acknowledged.len() >= 5000, "{} acknowledged", acknowledged.len());
    assert_eq!(t.usage(NOTES).await.unwrap().records % 2, 0, "half a commit is visible");
}

/// Ten commits; says which were acknowledged and how the others failed.
#[test]
#[ignore = "run by another test as its child"]
fn child_that_fails() {
    let Some(folder) = folder_of_child() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = match Store::sqlite(&folder) {
            Ok(store) => store,
            Err(error) => return println!("refused {error}"),
        };
        let t = tenant(&store, "failing");
        for k in 0..10 {
            match t.commit(pair(&k.to_string())).await {
                Ok(_) => println!("acknowledged {k}"),
                Err(error) => println!("refused {error}"),
            }
        }
    });
}

/// The library that makes writes fail, built where there is a C compiler.
fn failing_writes(folder: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/failing_writes.c");
    let library = folder.join("failing_writes.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .status();
    if built.is_ok_and(|status| status.success()) {
        return Some(library);
    }
    assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: no C compiler");
    eprintln!("SKIPPED: no C compiler");
    None
}

/// Runs the child with failing writes; the keys that it acknowledged, and how often it was refused.
fn failed(library: &Path, folder: &Path, settings: &[(&str, &str)]) -> (Vec<String>, usize) {
    let mut command = child("faults::child_that_fails", folder);
    command.env("LD_PRELOAD", library).envs(settings.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let said = |word: &str| -> Vec<String> {
        text.lines().filter_map(|l| Some(l.split_once(word)?.1.to_owned())).collect()
    };
    let refused = said("refused ");
    let plain = |e: &String| e.starts_with("unavailable") || e.starts_with("no room");
    assert!(refused.iter().all(plain), "{refused:?}");
    (said("acknowledged "), refused.len())
}

/// All that was acknowledged is there, whole, and the store takes writes again.
async fn is_sound(folder: &Path, acknowledged: &[String]) {
    let store = reopened(folder).await;
    let t = tenant(&store, "failing");
    for key in acknowledged {
        for side in ["left", "right"] {
            assert!(t.get(NOTES, &format!("{key}-{side}")).await.unwrap().is_some(), "{key}");
        }
    }
    assert_eq!(t.usage(NOTES).await.unwrap().records % 2, 0);
    t.put(NOTES, "after-left", b"").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_write_fails_nothing_acknowledged_is_lost() {
    let libraries = tempfile::tempdir().unwrap();
    let Some(library) = failing_writes(libraries.path()) else { return };
    for full in [false, true] {
        for from in [false, true] {
            let (mut failures, mut refusals, mut reached_the_end) = (0, 0, false);
            for n in 1..200 {
                let folder = tempfile::tempdir().unwrap();
                let (at, mark) = (n.to_string(), folder.path().join("mark"));
                let mark_at = mark.display().to_string();
                let mut settings = vec![("FAIL_AT", at.as_str()), ("FAIL_MARK", &mark_at)];
                settings.extend(full.then_some(("FAIL_FULL", "1")));
                settings.extend(from.then_some(("FAIL_FROM", "1")));
                let (acknowledged, refused) = failed(&library, folder.path(), &settings);
                is_sound(folder.path(), &acknowledged).await;
                refusals += refused;
                if !mark.exists() {
                    assert_eq!((acknowledged.len(), refused), (10, 0));
                    reached_the_end = true;
                    break;
                }
                failures += 1;
            }
            assert!(failures > 10 && refusals > 10, "{failures} failures, {refusals} refusals");
            assert!(reached_the_end, "two hundred writes were not enough");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bits_are_found_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(folder.path()).unwrap();
    for k in 0..40 {
        tenant(&store, "bits").commit(pair(&k.to_string())).await.unwrap();
        tenant(&store, "bits").append(LOG, b"entry").await.unwrap();
    }
    let whole = tempfile::tempdir().unwrap();
    store.copy_to(&whole.path().join("store.db")).await.unwrap();
    let bytes = std::fs::read(whole.path().join("store.db")).unwrap();
    let mut seed = 11;
    let (mut found, mut harmless) = (0, 0);
    for _ in 0..150 {
        let other = tempfile::tempdir().unwrap();
        let mut broken = bytes.clone();
        let at = random(&mut seed) as usize % broken.len();
        broken[at] ^= 1 << (random(&mut seed) % 8);
        std::fs::write(other.path().join("store.db"), &broken).unwrap();
        let read = async {
            let store = Store::sqlite(other.path())?;
            let t = tenant(&store, "bits");
            t.scan(NOTES, store::Range::default()).await?;
            t.append(LOG, b"entry").await
        };
        match read.await {
            Ok(_) => harmless += 1,
            Err(StoreError::InUse { .. }) => panic!("no one else has it"),
            Err(_) => found += 1,
        }
    }
    assert!(found > 0 && harmless > 0, "{found} found, {harmless} harmless");
}

#[tokio::test]
async fn a_second_process_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Store::sqlite(folder.path()).unwrap();
    let Err(error) = Store::sqlite(folder.path()) else { panic!("it opened") };
    let path = folder.path().join("store.lock").display().to_string();
    assert_eq!(error, StoreError::InUse { path });
}

#[tokio::test]
async fn a_newer_or_foreign_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::sqlite(folder.path()).unwrap());
    let set = |sql: &str| {
        let database = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
        database.execute_batch(sql).unwrap();
    };
    set("PRAGMA user_version = 99");
    let opened = || Store::sqlite(folder.path()).err();
    let newer = loop {
        match opened() {
            Some(StoreError::InUse { .. }) => {}
            other => break other,
        }
    };
    assert_eq!(newer, Some(StoreError::Schema { found: 99, known: 1 }));
    set("PRAGMA user_version = 1; PRAGMA application_id = 5");
    assert!(matches!(opened(), Some(StoreError::Refused { .. })));
}
