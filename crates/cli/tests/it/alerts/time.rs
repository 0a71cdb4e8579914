//! What only shows after an hour or a month: the wall clock of a server is set forward.

use std::net::TcpListener;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Faults, Watched, folder, image, own_models};
use crate::faults::preloaded;
use crate::operate::{demo_models, digit, name};

pub(super) const LATER: Faults = &[
    ("NoDecisions", "callers, and an hour later none"),
    ("SpikeRateShift", "bright images, and an hour later faint ones"),
];

pub(super) const LETTERS: Faults = &[
    ("ExperimentsFail", "a model is unloaded under an experiment"),
    ("DeadLettersWait", "notifications to webhooks whose port refuses"),
];

pub(super) const OLD_LETTERS: Faults =
    &[("DeadLettersExpired", "they lie there for more than a month")];

const CLOCK: &str = "tests/it/clock_jump.c";

#[test]
fn an_hour_later() {
    let (models, folder) = (own_models(), folder());
    let Some(library) = preloaded(folder.path(), CLOCK) else { return };
    let off = folder.path().join("off");
    let env = [("LD_PRELOAD", name(&library)), ("CLOCK_OFF", name(&off))];
    let server = Watched::with("", models.path(), &[], &env);
    server.is_silent(LATER);
    let decided = || server.value("sum(increase(striatum_decisions_total{}[5m]))");
    server.wait("nothing is decided", || {
        server.infer("digits", &digit());
        decided() > 20.0
    });
    std::fs::write(&off, "3600").unwrap();
    server.fires(&LATER[..1], || ());
    server.fires(LATER, || _ = server.infer("digits", &image(1, 20)));
}

/// A server on a state of its own, whose clock is off by so many days.
fn start(folder: TempDir, settings: &str, models: &TempDir, days: u64) -> Option<Watched> {
    let library = preloaded(folder.path(), CLOCK)?;
    let off = folder.path().join("off");
    std::fs::write(&off, (days * 86_400).to_string()).unwrap();
    let env = [("LD_PRELOAD", name(&library).to_owned()), ("CLOCK_OFF", name(&off).to_owned())];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    Some(Watched::inside(folder, settings, models.path(), &[], &env))
}

/// Thirty webhooks of which nobody answers any, told each second of what goes on.
fn nobody() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let webhooks = format!("{{ url = \"http://127.0.0.1:{port}/\" }}, ").repeat(30);
    format!(
        "[alerting.manager]\nroute = {{ receiver = \"people\", group_wait = \"0s\", \
         group_interval = \"1s\", repeat_interval = \"1s\" }}\n\
         receivers = [{{ name = \"people\", webhook_configs = [{webhooks}] }}]\n\
         [alerting.manager.delivery.retry]\nattempts = 1\n"
    )
}

#[test]
fn a_month_later() {
    let (models, settings) = (own_models(), nobody());
    let data = "digits/heldout.npz";
    std::fs::copy(demo_models().join(data), models.path().join(data)).unwrap();
    let start = |folder, days| start(folder, &settings, &models, days);
    let Some(server) = start(folder(), 0) else { return };
    server.is_silent(LETTERS);
    let seeds: Vec<u32> = (0..100).collect();
    let spec = json!({ "name": "x", "model": "digits", "data": "heldout", "seeds": seeds });
    assert_eq!(server.post("/v1/experiments", &spec), 201);
    assert_eq!(server.post("/v2/repository/models/digits/unload", &Value::Null), 200);
    server.fires(&LETTERS[..1], || ());
    let put = r#"striatum_dead_letters_total{origin="notification",event="put"}"#;
    server.wait("no letters", || server.value(put) > 101.0);
    // They are counted when the server starts.
    let Some(server) = start(server.stop(), 0) else { return };
    server.fires(&LETTERS[1..], || ());
    server.is_silent(OLD_LETTERS);
    let Some(server) = start(server.stop(), 31) else { return };
    server.fires(OLD_LETTERS, || ());
    let letters = server.ask("GET", "/v1/dead-letters", &Value::Null).1;
    let letters = letters["letters"].as_array().unwrap();
    assert!(letters.iter().all(|letter| letter["origin"] != "experiment"), "{letters:?}");
}
