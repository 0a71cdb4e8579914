//! Measures against Elephant's of the same trains (tests/fixtures/elephant.json, made by
//! bindings/python/examples/spike_train_references.py), and against closed forms.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use serde_json::Value;
use statistics::*;

fn reference() -> (Value, Trains) {
    let value: Value = serde_json::from_str(include_str!("../fixtures/elephant.json")).unwrap();
    let (mut neurons, mut times) = (Vec::new(), Vec::new());
    for (k, train) in value["trains"].as_array().unwrap().iter().enumerate() {
        for time in numbers(train) {
            neurons.push(k as u32);
            times.push(time);
        }
    }
    let n = value["trains"].as_array().unwrap().len();
    let trains = Trains::new(n, 0.0, value["stop_ms"].as_f64().unwrap(), &neurons, &times);
    (value, trains.unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn check(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= 1e-9 * expected.abs().max(1.0), "{what} {k}: {found}, not {expected}");
    }
}

#[test]
fn intervals_vary_as_elephant_says() {
    let (reference, trains) = reference();
    check("rate", &trains.rates(), &numbers(&reference["mean_firing_rate_hz"]));
    let of = |f: &dyn Fn(&[f64]) -> Option<f64>| trains.iter().filter_map(f).collect::<Vec<_>>();
    check("cv", &of(&cv), &numbers(&reference["cv"]));
    check("lv", &of(&local_variation), &numbers(&reference["lv"]));
    let revised = of(&|train| revised_local_variation(train, 5.0));
    check("lvr", &revised, &numbers(&reference["lvr_5ms"]));
}

#[test]
fn counts_are_elephants() {
    let (reference, trains) = reference();
    let bin = reference["bin_ms"].as_f64().unwrap();
    let counts: Vec<f64> = population_counts(&trains, bin).iter().map(|&n| n.into()).collect();
    check("population counts", &counts, &numbers(&reference["population_counts"]));
    check("fano", &[fano_factor(&trains).unwrap()], &[reference["fanofactor"].as_f64().unwrap()]);
    let all: Vec<usize> = (0..trains.size()).collect();
    let rows = reference["corrcoef"].as_array().unwrap();
    let expected: Vec<f64> =
        rows.iter().enumerate().flat_map(|(k, row)| numbers(row)[k + 1..].to_vec()).collect();
    check("correlations", &correlations(&trains, &all, bin), &expected);
    let spectrum = power_spectrum(&counts, bin, 64);
    check("frequencies", &spectrum.frequencies, &numbers(&reference["welch"]["frequencies"]));
    check("power", &spectrum.power, &numbers(&reference["welch"]["power"]));
}

#[test]
fn distances_are_elephants() {
    let (reference, trains) = reference();
    type Distance = fn(&[f64], &[f64], f64) -> f64;
    let measures: [(&str, Distance); 2] =
        [("van_rossum", van_rossum), ("victor_purpura", victor_purpura)];
    for (name, distance) in measures {
        for (parameter, rows) in reference[name].as_object().unwrap() {
            let parameter: f64 = parameter.parse().unwrap();
            for (i, row) in rows.as_array().unwrap().iter().enumerate() {
                for (j, expected) in numbers(row).into_iter().enumerate() {
                    let found = distance(trains.of(i), trains.of(j), parameter);
                    // Elephant leaves the root of its rounding on the diagonal.
                    let error = (found - expected).abs();
                    assert!(error < 1e-6, "{name} {parameter} {i} {j}: {found}, {expected}");
                }
            }
        }
    }
}

#[test]
fn distances_have_their_limits() {
    let (a, b) = ([10.0, 20.0, 30.0], [11.0, 25.0]);
    assert_eq!(victor_purpura(&a, &b, 0.0), 1.0);
    assert_eq!(victor_purpura(&a, &b, 1e9), 5.0);
    assert!((van_rossum(&a, &b, 1e-6) - 5f64.sqrt()).abs() < 1e-12);
    assert!((van_rossum(&a, &[], 1e9) - 3.0).abs() < 1e-6);
    assert_eq!(van_rossum(&a, &a, 10.0), 0.0);
}

#[test]
fn independent_neurons_are_not_synchronous_and_copies_are() {
    // 400 trains that fire by a fixed rule which no two share.
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64 / (1u64 << 24) as f64
    };
    let (mut neurons, mut times) = (Vec::new(), Vec::new());
    for neuron in 0..400 {
        for _ in 0..100 {
            neurons.push(neuron);
            times.push(random() * 10_000.0);
        }
    }
    let trains = Trains::new(400, 0.0, 10_000.0, &neurons, &times).unwrap();
    let chi = synchrony(&trains, 3.0).unwrap();
    assert!((chi - 0.05).abs() < 0.005, "{chi}");
    assert!((population_fano(&trains, 3.0).unwrap() - 1.0).abs() < 0.1);
    let summary = Summary::of(&trains, &Bins::default());
    assert!((summary.cv.unwrap() - 1.0).abs() < 0.05 && summary.rate == 10.0);
    let first = trains.of(0).to_vec();
    let copies: Vec<u32> = (0..5).flat_map(|k| vec![k; first.len()]).collect();
    let times: Vec<f64> = (0..5).flat_map(|_| first.clone()).collect();
    let trains = Trains::new(5, 0.0, 10_000.0, &copies, &times).unwrap();
    assert!((synchrony(&trains, 3.0).unwrap() - 1.0).abs() < 1e-9);
    let all: Vec<usize> = (0..5).collect();
    assert!(correlations(&trains, &all, 3.0).iter().all(|c| (c - 1.0).abs() < 1e-9));
}

#[test]
fn a_correlogram_counts_lags() {
    let (a, b) = ([10.0, 20.0], [10.0, 12.0, 19.0, 50.0]);
    assert_eq!(cross_correlogram(&a, &b, 1.0, 2), [0, 1, 1, 0, 1]);
    assert_eq!(cross_correlogram(&a, &a, 1.0, 1), [0, 2, 0]);
}
