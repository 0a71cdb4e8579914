//! Networks that cannot be loaded, fall silent, err, or answer otherwise than the one before.

use std::path::Path;

use serde_json::{Value, json};

use super::{Faults, Watched, add_model, beside, image, own_models};

pub(super) const WRONG: Faults = &[
    ("ModelNotReady", "a version whose file is no network"),
    ("ModelLoadFailed", "the same, loaded while the server runs"),
    ("PartDegraded", "the check of models sees it"),
    ("SilentNetwork", "an input so faint that no neuron fires"),
    ("AccuracyLow", "callers tell that most answers were wrong"),
    ("RolledBack", "a candidate under another reset, which spikes otherwise"),
    ("ShadowDiffers", "the same candidate, given copies"),
    ("SessionsNearLimit", "as many sessions as may be"),
];

pub(super) const UNUSUAL: Faults = &[("Anomaly", "requests come many times as fast as before")];

const ROLLOUT: &str = "/v1/models/digits/rollout";

fn break_version(models: &Path) {
    let folder = models.join("broken/3");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("model.nir"), b"no network").unwrap();
}

#[test]
fn networks_that_are_wrong() {
    let models = own_models();
    let other = |spec: String| spec.replace("\"zero\"", "\"subtract\"");
    add_model(models.path(), "digits/2", other);
    add_model(models.path(), "faint/1", |spec| spec);
    let limits = "[sessions]\nmax = 1\nmax_per_tenant = 1\n";
    let server = Watched::start(limits, models.path());
    let stable = json!({ "candidate": 2, "share": 0.5, "min_requests": 4,
                         "max_spike_shift": 0.0, "max_latency_ratio": 1e6 });
    assert_eq!(server.ask("PUT", ROLLOUT, &stable).0, 200);
    server.is_silent(WRONG);
    break_version(models.path());
    assert_eq!(server.post("/v2/repository/models/broken/load", &Value::Null), 409);
    assert_eq!(server.post("/v1/sessions", &json!({ "model": "digits", "id": "one" })), 201);
    let mut candidates = [stable, json!({ "candidate": 2, "mode": "shadow", "share": 1.0 })];
    server.fires(WRONG, || {
        server.infer("faint", &image(1, 20));
        (0..8).for_each(|_| _ = server.infer("digits", &image(300, 200)));
        for right in [true, false, false, false] {
            server.post("/v1/models/digits/feedback", &json!({ "right": right }));
        }
        let phase = server.ask("GET", ROLLOUT, &Value::Null).1;
        if phase["phase"] == "rolled_back" {
            candidates.swap(0, 1);
            assert_eq!(server.ask("PUT", ROLLOUT, &candidates[0]).0, 200);
        }
    });
}

#[test]
fn load_that_is_unusual() {
    let models = own_models();
    let soon = "[alerting.anomaly]\nwarm_up_samples = 5\nmemory_samples = 20\n";
    let server = Watched::start(soon, models.path());
    let (even, dense) = (image(20, 255), image(300, 255));
    let call = || {
        server.infer("digits", &even);
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    // Until samples are judged, which the score tells by being there.
    beside(1, call, || {
        server.wait("nothing is watched", || {
            server.value("count_over_time(striatum_anomaly_score_ratio{series=\"requests\"}[1h])")
                > 16.0
        });
    });
    beside(4, || _ = server.infer("digits", &dense), || server.fires(UNUSUAL, || ()));
}
