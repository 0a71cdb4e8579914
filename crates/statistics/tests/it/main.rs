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
fn bursts_entropies_and_lagged_rates_are_numpys() {
    let (_, trains) = reference();
    let text = include_str!("../fixtures/measures.json");
    let reference: Value = serde_json::from_str(text).unwrap();
    let at = |name: &str| reference[name].as_f64().unwrap();
    let of = |name: &str, f: &dyn Fn(usize) -> Option<f64>| {
        let found: Vec<f64> = (0..trains.size()).map(|neuron| f(neuron).unwrap()).collect();
        check(name, &found, &numbers(&reference[name]));
    };
    of("burstiness", &|k| burstiness(trains.of(k)));
    of("interval_memory", &|k| interval_memory(trains.of(k)));
    of("interval_entropy", &|k| interval_entropy(trains.of(k), at("width_ms")));
    let (width, length) = (at("word_width_ms"), at("word") as usize);
    of("word_entropy", &|k| word_entropy(&trains, k, width, length));
    // On a grid of 0.1 ms, where an interval of 8 ms is not one of 8.000000000001.
    let (longest, least) = (at("longest_ms") + 1e-6, at("least") as usize);
    of("burst_share", &|k| burst_share(trains.of(k), longest, least));
    let rate = |neuron: usize| -> Vec<f64> {
        let of_it = trains.of(neuron);
        let one = Trains::new(1, 0.0, trains.stop(), &vec![0; of_it.len()], of_it).unwrap();
        population_rate(&one, at("rate_width_ms"))
    };
    for (k, expected) in reference["cross_correlation"].as_array().unwrap().iter().enumerate() {
        let found = cross_correlation(&rate(3), &rate(k), at("lags") as usize).unwrap();
        check("cross_correlation", &found, &numbers(expected));
    }
}

#[test]
fn measures_of_trains_that_say_nothing() {
    let regular: Vec<f64> = (1..50).map(|k| 10.0 * f64::from(k)).collect();
    let trains = Trains::new(1, 0.0, 500.0, &vec![0; regular.len()], &regular).unwrap();
    assert!((burstiness(&regular).unwrap() + 1.0).abs() < 1e-12);
    assert_eq!(interval_memory(&regular), None);
    assert_eq!(interval_entropy(&regular, 3.0), Some(0.0));
    assert_eq!(burst_share(&regular, 9.0, 2), Some(0.0));
    assert_eq!(burst_share(&regular, 10.0 + 1e-9, 2), Some(1.0));
    assert_eq!(burst_share(&[], 10.0, 2), None);
    assert_eq!(word_entropy(&trains, 0, 1.0, 0), None);
    assert_eq!(word_entropy(&trains, 1, 1.0, 4), None);
    assert_eq!(cross_correlation(&[1.0, 2.0], &[1.0], 1), None);
    assert_eq!(cross_correlation(&[1.0, 1.0], &[1.0, 2.0], 1), None);
    assert_eq!(cross_correlation(&[], &[], 1), None);
    // Lags beyond the signals add nothing.
    assert_eq!(cross_correlation(&[0.0, 1.0], &[0.0, 1.0], 9).unwrap().len(), 5);
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
