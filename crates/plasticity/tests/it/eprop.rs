//! E-prop: its gradient is autograd's with the paths cut that it does not follow
//! (`tests/make_eprop.py`), and it learns real digits online.

use plasticity::{EProp, EPropConfig, MAX_EPROP_WEIGHT, PlasticityError, Weights};
use serde_json::Value;
use spike::Raster;

use crate::digits::digits;

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

#[test]
fn the_gradient_is_autograds() {
    let fixture: Value = serde_json::from_str(include_str!("../data/eprop.json")).unwrap();
    let mut config = EPropConfig::new(6, 3, 0);
    config.n_neurons = fixture["n"].as_u64().unwrap() as usize;
    config.tau_out_steps = fixture["tau_out"].as_f64().unwrap();
    let mut network = EProp::new(config).unwrap();
    let of = |prefix: &str| Weights {
        neurons: floats(&fixture[format!("{prefix}neurons")]),
        readout: floats(&fixture[format!("{prefix}readout")]),
        bias: floats(&fixture[format!("{prefix}bias")]),
    };
    network.set_weights(of("")).unwrap();
    let mut input = Raster::new(6);
    for step in fixture["input"].as_array().unwrap() {
        let fired: Vec<u32> = floats(step).iter().map(|i| *i as u32).collect();
        input.push_spikes(&fired);
    }
    let (found, expected) = (network.gradient(&input, 1).unwrap(), of("d_"));
    let (n_in, n) = (6, 9);
    let all = [
        (found.neurons, expected.neurons),
        (found.readout, expected.readout),
        (found.bias, expected.bias),
    ];
    for (part, (found, expected)) in all.iter().enumerate() {
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            // A neuron's synapse onto itself does not exist here.
            if part == 0 && at % (n_in + n) == n_in + at / (n_in + n) {
                continue;
            }
            let tolerance = 1e-4 * (1.0 + expected.abs());
            assert!((found - expected).abs() < tolerance, "{part} {at}: {found}, {expected}");
        }
    }
    let lesson = network.learn(&input, 1).unwrap();
    assert!((lesson.loss - fixture["loss"].as_f64().unwrap() as f32).abs() < 1e-3);
    assert_eq!(lesson.spikes, fixture["spikes"].as_u64().unwrap());
    assert!(lesson.weight_changes > 100);
}

/// Rows of an image one after the other: the network must remember.
fn rows(x: &[f32]) -> Raster {
    let mut raster = Raster::new(8);
    for row in x.chunks(8) {
        raster.push_dense(row);
    }
    raster
}

#[test]
fn digits_row_by_row_are_learned_online() {
    // Chance answers a tenth; errors by drawn weights teach more slowly than by the read-out's own.
    for (symmetric, least) in [(true, 0.7), (false, 0.5)] {
        let (train, test) = digits().split(1437, 0);
        let config =
            EPropConfig { symmetric, threshold: 1.2, rate: 0.002, ..EPropConfig::new(8, 10, 1) };
        let mut network = EProp::new(config).unwrap();
        for (x, class) in (0..3 * train.len()).map(|k| train.get(k % train.len())) {
            network.learn(&rows(x), class as usize).unwrap();
        }
        let right = |k: &usize| {
            let (x, class) = test.get(*k);
            network.predict(&rows(x)).unwrap() == class as usize
        };
        let accuracy = (0..test.len()).filter(right).count() as f64 / test.len() as f64;
        assert!(accuracy > least, "symmetric {symmetric}: {accuracy}");
        let weights = network.weights();
        assert!(weights.neurons.iter().all(|w| w.abs() <= MAX_EPROP_WEIGHT));
    }
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_learned() {
    let mut network = EProp::new(EPropConfig::new(8, 10, 1)).unwrap();
    let before = network.weights().clone();
    let error = network.learn(&Raster::new(7), 1).unwrap_err();
    assert_eq!(error, PlasticityError::Length { expected: 8, found: 7 });
    assert!(matches!(network.learn(&Raster::new(8), 10), Err(PlasticityError::Full { .. })));
    let mut wrong = before.clone();
    wrong.bias[3] = f32::NAN;
    assert!(network.set_weights(wrong).is_err());
    assert_eq!(*network.weights(), before);
    let config = EPropConfig { rate: 0.0, ..EPropConfig::new(8, 10, 1) };
    let error = EProp::new(config).unwrap_err().to_string();
    assert_eq!(error, "rate is 0, expected more than 0, at most 1,000,000");
}
