//! Wavelets, ridge regression and series against PyWavelets, scikit-learn and aeon;
//! `tests/make_signals.py` made the fixture.

use std::path::Path;

use sense::decode::Linear;
use sense::{Array, SeriesSet, wavelets};

fn fixture() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signals.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn check(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance, "{what}: {found}, expected {expected}");
    }
}

#[test]
fn wavelets_are_pywavelets() {
    for case in fixture()["wavelets"].as_array().unwrap() {
        let n_levels = case["levels"].as_u64().unwrap() as usize;
        let found = wavelets(&numbers(&case["samples"]), n_levels).unwrap();
        check("course", &found.course, &numbers(&case["course"]), 1e-12);
        let details = case["details"].as_array().unwrap();
        assert_eq!(found.details.len(), details.len());
        for (found, expected) in found.details.iter().zip(details) {
            check("details", found, &numbers(expected), 1e-12);
        }
    }
}

#[test]
fn ridge_is_scikit_learns() {
    for case in fixture()["ridge"].as_array().unwrap() {
        let shape: Vec<usize> = numbers(&case["shape"]).iter().map(|n| *n as usize).collect();
        let array = |name: &str, n: usize| {
            let data = numbers(&case[name]).iter().map(|value| *value as f32).collect();
            Array::new(vec![shape[0], n], data).unwrap()
        };
        let (x, y) = (array("x", shape[1]), array("y", shape[2]));
        let linear = Linear::fit(&x, &y, case["alpha"].as_f64().unwrap()).unwrap();
        check("weights", linear.weights(), &numbers(&case["weights"]), 1e-9);
        check("offsets", linear.offsets(), &numbers(&case["offsets"]), 1e-9);
    }
}

#[test]
fn series_are_aeons() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/imu");
    if !folder.is_dir() {
        eprintln!("SKIPPED (data): no series in shared/data/imu beside the repository");
        return;
    }
    for (name, expected) in fixture()["series"].as_object().unwrap() {
        let bytes = std::fs::read(folder.join(format!("{name}.ts"))).unwrap();
        let set = SeriesSet::read(&bytes, name).unwrap();
        assert_eq!(set.cases.len() as u64, expected["n_cases"].as_u64().unwrap(), "{name}");
        let steps: Vec<f64> = set.cases.iter().map(|case| case.values.n_steps() as f64).collect();
        check(name, &steps, &numbers(&expected["n_steps"]), 0.0);
        let sum = |case: &sense::Series| case.values.data().iter().map(|v| f64::from(*v)).sum();
        let sums: Vec<f64> = set.cases.iter().map(sum).collect();
        check(name, &sums, &numbers(&expected["sums"]), 1e-3);
        let last = |case: &sense::Series| f64::from(*case.values.data().last().unwrap());
        let lasts: Vec<f64> = set.cases.iter().map(last).collect();
        check(name, &lasts, &numbers(&expected["last"]), 1e-5);
        for (case, label) in set.cases.iter().zip(expected["labels"].as_array().unwrap()) {
            let found = set.labels[case.label_idx.unwrap()].to_lowercase();
            assert_eq!(found, label.as_str().unwrap().to_lowercase(), "{name}");
        }
        // A cut is an error or fewer series.
        for cut in (0..bytes.len()).step_by(bytes.len() / 200) {
            if let Ok(part) = SeriesSet::read(&bytes[..cut], name) {
                assert!(part.cases.len() <= set.cases.len());
            }
        }
    }
}
