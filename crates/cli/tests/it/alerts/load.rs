//! Requests that take long, come too fast, or hold a thread.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Faults, Watched, add_model, beside, image, own_models, signal};

pub(super) const LATE: Faults = &[
    ("HighLatencyP95", "a slow model, asked by more callers than there are workers"),
    ("HighLatencyP99", "the same, for more than two seconds"),
    ("QueueGrows", "callers wait for the one worker"),
    ("LatencyBudgetBurns", "no request is answered within a tenth of a second"),
    ("LatencyBudgetBurnsSlowly", "the same over the long windows, which have begun with it"),
];

pub(super) const TOO_MANY: Faults = &[
    ("RequestsShed", "more callers than requests are let in"),
    ("HighErrorRate", "they are answered with 503"),
    ("AvailabilityBudgetBurns", "the same"),
    ("AvailabilityBudgetBurnsSlowly", "the same over the long windows"),
    ("Degraded", "the server is full for longer than a burst"),
    ("LowHealthScore", "most answers are errors"),
    ("CriticalHealthScore", "nearly all answers are errors"),
    ("Unhealthy", "the check of errors fails"),
];

pub(super) const STILL: Faults = &[
    ("Stalled", "a request holds its worker for longer than requests may take"),
    ("RuntimeDelayed", "the process is stopped and continued, as a machine that is suspended is"),
];

const SETTINGS: &str = "workers = 1\nmax_in_flight = 4\nmax_queue_ms = 3_600_000.0\n\
    max_steps = 16_000_000\nrequest_timeout_seconds = ";

/// Makes the demo model so long that a request takes a worker so many seconds on this machine.
fn slow_down(server: &Watched, models: &Path, seconds: f64) {
    let mut steps = 1000.0;
    loop {
        add_model(models, "digits/1", |spec| {
            spec.replace("steps = 32", &format!("steps = {}", steps as u64))
        });
        assert_eq!(server.post("/v2/repository/models/digits/load", &Value::Null), 200);
        let since = Instant::now();
        server.infer("digits", &image(20, 255));
        let took = since.elapsed().as_secs_f64();
        if took >= seconds {
            return;
        }
        steps *= (1.2 * seconds / took).clamp(1.2, 20.0);
    }
}

#[test]
fn requests_that_take_long_and_come_too_fast() {
    let models = own_models();
    let server = Watched::start(&format!("{SETTINGS}600.0"), models.path());
    server.is_silent(LATE);
    server.is_silent(TOO_MANY);
    slow_down(&server, models.path(), 0.7);
    let call = || _ = server.infer("digits", &image(20, 255));
    beside(4, call, || server.fires(LATE, || ()));
    beside(10, call, || server.fires(TOO_MANY, || ()));
}

#[test]
fn a_thread_that_stands_still_and_a_process_that_is_frozen() {
    let models = own_models();
    let server = Watched::start(&format!("{SETTINGS}1.0"), models.path());
    server.is_silent(&STILL[..1]);
    slow_down(&server, models.path(), 1.0);
    // One that takes as long as it may is answered with 504; its worker is not done.
    add_model(models.path(), "digits/1", |spec| spec.replace("steps = 32", "steps = 2_000_000"));
    assert_eq!(server.post("/v2/repository/models/digits/load", &Value::Null), 200);
    let call = || _ = server.infer("digits", &image(20, 255));
    beside(1, call, || server.fires(&STILL[..1], || ()));
    server.fires(&STILL[1..], || {
        signal("STOP", &server.server);
        std::thread::sleep(Duration::from_millis(500));
        signal("CONT", &server.server);
    });
}
