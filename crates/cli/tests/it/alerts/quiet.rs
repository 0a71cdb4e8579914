//! A server at ordinary work, with everything that it can send sent to somebody who takes it: no
//! alert fires, though none is held.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::receiver::Receiver;
use super::services::sent_to;
use super::{Watched, add_model, beside, folder, image, own_models};
use crate::operate::{digit, name};

/// How long it works.
const WORK: Duration = Duration::from_secs(20);

/// Alerts that tell the truth of a machine on which others leave no room, and say nothing of the
/// server then.
const CROWDED: &[&str] = &[
    "HighCpu",
    "HighLatencyP95",
    "HighLatencyP99",
    "LatencyBudgetBurns",
    "LatencyBudgetBurnsSlowly",
    "QueueGrows",
    "RuntimeDelayed",
    "Stalled",
    "StoreSlow",
];

/// The machine is crowded where the server's threads waited for a processor for this share of the
/// time.
const SHARE: f64 = 0.1;

/// How often a crowded machine is given another chance.
const TRIES: usize = 2;

/// How long the threads of a process have waited for a processor.
///
/// Source: Linux `Documentation/scheduler/sched-stats.rst`, "/proc/<pid>/schedstat".
fn waited(process: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let of = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').nth(1)?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.filter_map(of).sum())
}

/// Every kind of ordinary work, once.
fn work(server: &Watched) {
    assert_eq!(server.infer("digits", &digit()), 200);
    assert_eq!(server.infer("digits", &image(200, 128)), 200);
    let right = json!({ "right": true });
    assert_eq!(server.post("/v1/models/digits/feedback", &right), 204);
    for path in ["/metrics", "/ready", "/health", "/v1/panels", "/v2/models/digits"] {
        assert_eq!(server.ask("GET", path, &Value::Null).0, 200, "{path}");
    }
    std::thread::sleep(Duration::from_millis(100));
}

/// What is done now and then.
fn now_and_then(server: &Watched) {
    let (status, opened) = server.ask("POST", "/v1/sessions", &json!({ "model": "digits" }));
    assert_eq!(status, 201, "{opened}");
    let session = format!("/v1/sessions/{}", opened["id"].as_str().unwrap());
    assert_eq!(server.post(&format!("{session}/infer"), &digit()), 200);
    assert_eq!(server.ask("DELETE", &session, &Value::Null).0, 204);
    assert_eq!(server.post("/v2/repository/models/digits/load", &Value::Null), 200);
    assert_eq!(server.write(), 200);
    std::thread::sleep(Duration::from_secs(1));
}

/// The alerts that fired, and the share of the time that the server waited for a processor.
fn run() -> (Vec<String>, f64) {
    let (receiver, models, folder) = (Receiver::start(), own_models(), folder());
    add_model(models.path(), "digits/2", |spec| spec);
    let backups = format!(
        "[backup]\nfolder = {:?}\nevery_hours = {}\n",
        name(&folder.path().join("backups")),
        10.0 / 3600.0
    );
    let settings = sent_to(&receiver.address) + &backups;
    // Before others, where that may be asked for; `nice` goes on where it may not.
    let first = ["nice", "-n", "-15"];
    let server = Watched::inside(folder, &settings, models.path(), &first, &[]);
    let (since, before) = (Instant::now(), waited(server.server.child.id()));
    beside(
        2,
        || work(&server),
        || {
            while since.elapsed() < WORK {
                now_and_then(&server);
            }
        },
    );
    let waited = waited(server.server.child.id()).saturating_sub(before);
    server.is_silent(&[]);
    assert!(receiver.taken() > 10, "what is seen is sent");
    assert!(server.value("sum(striatum_requests_total{outcome=\"ok\"})") > 20.0);
    let share = waited.as_secs_f64() / since.elapsed().as_secs_f64();
    (server.fired().into_iter().collect(), share)
}

#[test]
fn no_alert_fires_at_ordinary_work() {
    for _ in 0..TRIES {
        let (fired, share) = run();
        if fired.is_empty() {
            return;
        }
        let excused = share > SHARE && fired.iter().all(|name| CROWDED.contains(&name.as_str()));
        assert!(excused, "{fired:?} fired; the server waited {share:.3} of the time");
        eprintln!("{fired:?} fired on a crowded machine: the server waited {share:.3} of the time");
    }
    eprintln!("SKIPPED: other programs leave no room to judge {CROWDED:?}");
}
