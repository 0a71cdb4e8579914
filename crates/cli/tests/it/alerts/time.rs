//! What only shows after an hour or a month: the wall clock of a server is set forward.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Faults, Watched, image, own_models};
use crate::faults::preloaded;
use crate::operate::name;

pub(super) const LATER: Faults = &[
    ("NoDecisions", "callers, and an hour later none"),
    ("SpikeRateShift", "faint images, and an hour later bright ones"),
];

pub(super) const LETTERS: Faults = &[
    ("ExperimentsFail", "experiments on a data set that is broken"),
    ("DeadLettersWait", "a hundred and one of them"),
];

pub(super) const OLD_LETTERS: Faults =
    &[("DeadLettersExpired", "they lie there for more than a month")];

const CLOCK: &str = "tests/it/clock_jump.c";

#[test]
fn an_hour_later() {
    let (models, folder) = (own_models(), tempfile::tempdir().unwrap());
    let Some(library) = preloaded(folder.path(), CLOCK) else { return };
    let off = folder.path().join("off");
    let env = [("LD_PRELOAD", name(&library)), ("CLOCK_OFF", name(&off))];
    let server = Watched::with("", models.path(), &[], &env);
    server.is_silent(LATER);
    let decided = || server.value("sum(increase(striatum_decisions_total{}[5m]))");
    server.wait("nothing is decided", || {
        server.infer("digits", &image(100, 255));
        decided() > 20.0
    });
    std::fs::write(&off, "3600").unwrap();
    server.fires(&LATER[..1], || ());
    server.fires(LATER, || _ = server.infer("digits", &image(784, 255)));
}

/// A server on a state of its own, whose clock is off by so many days.
fn start(folder: TempDir, models: &TempDir, days: u64) -> Option<Watched> {
    let library = preloaded(folder.path(), CLOCK)?;
    let off = folder.path().join("off");
    std::fs::write(&off, (days * 86_400).to_string()).unwrap();
    let env = [("LD_PRELOAD", name(&library).to_owned()), ("CLOCK_OFF", name(&off).to_owned())];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    Some(Watched::inside(folder, "", models.path(), &[], &env))
}

#[test]
fn a_month_later() {
    let models = own_models();
    std::fs::write(models.path().join("digits/broken.npz"), b"no data").unwrap();
    let Some(server) = start(tempfile::tempdir().unwrap(), &models, 0) else { return };
    server.is_silent(LETTERS);
    let spec = json!({ "name": "x", "model": "digits", "data": "broken" });
    let mut kept = 0;
    server.wait("experiments do not fail", || {
        (0..20).for_each(|_| kept += u32::from(server.post("/v1/experiments", &spec) == 201));
        kept > 101
    });
    server.fires(&LETTERS[..1], || _ = server.post("/v1/experiments", &spec));
    // They are counted when the server starts.
    let Some(server) = start(server.stop(), &models, 0) else { return };
    server.fires(&LETTERS[1..], || ());
    server.is_silent(OLD_LETTERS);
    let Some(server) = start(server.stop(), &models, 31) else { return };
    server.fires(OLD_LETTERS, || ());
    let letters = server.ask("GET", "/v1/dead-letters", &Value::Null).1;
    assert!(letters["letters"].as_array().unwrap().is_empty(), "{letters}");
}
