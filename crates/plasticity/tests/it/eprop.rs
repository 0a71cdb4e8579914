//! E-prop: its gradient is autograd's with the paths cut that it does not follow
//! (`tests/make_eprop.py`), and it learns real digits online.

use plasticity::{
    Adaptation, EProp, EPropConfig, EPropExtras, MAX_EPROP_WEIGHT, PlasticityError, Regulation,
    Weights,
};
use serde_json::Value;
use spike::Raster;

use crate::digits::digits;

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

/// The network of the fixture, and its input.
fn fixture(extras: EPropExtras) -> (Value, EProp, Raster) {
    let fixture: Value = serde_json::from_str(include_str!("../data/eprop.json")).unwrap();
    let mut config = EPropConfig::new(N_IN, 3, 0);
    config.n_neurons = fixture["n"].as_u64().unwrap() as usize;
    config.tau_out_steps = fixture["tau_out"].as_f64().unwrap();
    let mut network = EProp::with(config, extras).unwrap();
    network.set_weights(weights(&fixture, "")).unwrap();
    let mut input = Raster::new(N_IN);
    for step in fixture["input"].as_array().unwrap() {
        let fired: Vec<u32> = floats(step).iter().map(|i| *i as u32).collect();
        input.push_spikes(&fired);
    }
    (fixture, network, input)
}

const N_IN: usize = 6;

fn weights(fixture: &Value, prefix: &str) -> Weights {
    let of = |name: &str| floats(&fixture[format!("{prefix}{name}")]);
    Weights { neurons: of("neurons"), readout: of("readout"), bias: of("bias") }
}

fn check(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let tolerance = 1e-4 * (1.0 + expected.abs());
        assert!((found - expected).abs() < tolerance, "{at}: {found}, {expected}");
    }
}

/// A neuron's synapse onto itself does not exist here.
fn without_own(mut neurons: Vec<f32>, n: usize) -> Vec<f32> {
    (0..n).for_each(|k| neurons[k * (N_IN + n) + N_IN + k] = 0.0);
    neurons
}

fn check_all(found: Weights, expected: Weights) {
    let n = expected.readout.len() / expected.bias.len();
    check(&without_own(found.neurons, n), &without_own(expected.neurons, n));
    check(&found.readout, &expected.readout);
    check(&found.bias, &expected.bias);
}

#[test]
fn the_gradient_is_autograds() {
    let (fixture, mut network, input) = fixture(EPropExtras::default());
    check_all(network.gradient(&input, 1).unwrap(), weights(&fixture, "d_"));
    let lesson = network.learn(&input, 1).unwrap();
    assert!((lesson.loss - fixture["loss"].as_f64().unwrap() as f32).abs() < 1e-3);
    assert_eq!(lesson.spikes, fixture["spikes"].as_u64().unwrap());
    assert!(lesson.weight_changes > 100);
}

#[test]
fn the_gradient_of_neurons_that_adapt_is_autograds() {
    let text = include_str!("../data/eprop_adaptive.json");
    let adaptive: Value = serde_json::from_str(text).unwrap();
    let share = adaptive["adaptive"].as_f64().unwrap() / 9.0;
    let beta = adaptive["beta"].as_f64().unwrap() as f32;
    let adaptation = Adaptation { share, tau_steps: adaptive["tau"].as_f64().unwrap(), beta };
    let regulation = Regulation { rate: 0.05, strength: 30.0 };
    let extras = EPropExtras {
        adaptation: Some(adaptation),
        regulation: Some(regulation),
        silent_steps: adaptive["silent"].as_u64().unwrap() as usize,
    };
    let kept = extras.clone();
    let (first, mut network, input) = fixture(extras);
    let expected = weights(&adaptive, "d_");
    check_all(network.gradient(&input, 1).unwrap(), expected.clone());
    let lesson = network.learn(&input, 1).unwrap();
    let spikes = floats(&adaptive["spikes"]);
    assert!((lesson.loss - adaptive["loss"].as_f64().unwrap() as f32).abs() < 1e-3);
    assert_eq!(lesson.spikes as f32, spikes.iter().sum::<f32>());
    let config = EPropConfig { n_neurons: 9, tau_out_steps: 15.0, ..EPropConfig::new(N_IN, 3, 0) };
    let restored = EProp::restored_with(config, kept, &network.snapshot()).unwrap();
    assert_eq!(restored.gradient(&input, 2), network.gradient(&input, 2));
    let sum: f32 = network.probabilities(&input).unwrap().iter().sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    // Now that a sample was seen, rates are off their target by a hundredth of what it showed.
    network.set_weights(weights(&first, "")).unwrap();
    let found = network.gradient(&input, 1).unwrap();
    let by_rate = floats(&adaptive["d_spikes"]);
    let with_rate = expected.neurons.iter().zip(by_rate).enumerate().map(|(at, (error, rate))| {
        let off = 0.01 * (spikes[at / (N_IN + 9)] / input.steps() as f32 - regulation.rate);
        error + regulation.strength * off * rate
    });
    assert_ne!(found.neurons, expected.neurons);
    check_all(found, Weights { neurons: with_rate.collect(), ..expected });
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
    // The settings are among those of the example `eprop`, which has more passes.
    let passes = 4;
    for (symmetric, least) in [(true, 0.8), (false, 0.65)] {
        let (train, test) = digits().split(1437, 0);
        let base = EPropConfig::new(8, 10, 1);
        let config = EPropConfig { symmetric, rate: 0.002, tau_mem_steps: 5.0, ..base };
        let extras = EPropExtras { silent_steps: 7, ..EPropExtras::default() };
        let mut network = EProp::with(config, extras).unwrap();
        let lessons = passes * train.len();
        for k in 0..lessons {
            let (x, class) = train.get(k % train.len());
            network.set_rate(0.002 * (1.0 - k as f32 / lessons as f32)).unwrap();
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
fn inputs_out_of_all_proportion_leave_a_network_that_can_be_kept() {
    let config = EPropConfig::new(2, 2, 1);
    let mut network = EProp::new(config.clone()).unwrap();
    for magnitude in [1e20, 1e30, f32::MAX, 1.0] {
        let mut input = Raster::new(2);
        (0..20).for_each(|_| input.push_step([(0, magnitude), (1, -magnitude)]));
        network.learn(&input, 0).unwrap();
        let saved = network.snapshot();
        assert_eq!(EProp::restored(config.clone(), &saved).unwrap().snapshot(), saved);
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
    assert!(network.set_rate(f32::NAN).is_err());
    let error = |extras| EProp::with(EPropConfig::new(8, 10, 1), extras).unwrap_err().to_string();
    let adaptation = Some(Adaptation { share: 1.5, tau_steps: 10.0, beta: 0.1 });
    let extras = EPropExtras { adaptation, ..EPropExtras::default() };
    assert_eq!(error(extras), "share is 1.5, expected 0 to 1");
    let regulation = Some(Regulation { rate: 0.1, strength: f32::INFINITY });
    let extras = EPropExtras { regulation, ..EPropExtras::default() };
    assert_eq!(error(extras), "strength is inf, expected 0 to 1,000,000");
}
