//! The competing network: it tells inputs apart that nobody named, and repeats itself by its seed.

use plasticity::{Competition, CompetitionConfig, Labels, PlasticityError};

use crate::digits::digits;

/// Each pixel of 8 x 8 becomes 3 x 3: the published parameters are for hundreds of inputs.
fn enlarged(x: &[f32]) -> Vec<f32> {
    (0..576).map(|k| x[k / 24 / 3 * 8 + k % 24 / 3]).collect()
}

fn config(seed: u64) -> CompetitionConfig {
    let mut config = CompetitionConfig::new(576, 100, seed);
    config.norm = 57.6;
    // These digits are brighter than MNIST's: at the published rate all neurons fire at once.
    config.max_rate_hz = 45.0;
    config
}

#[test]
fn neurons_come_to_stand_for_digits_that_nobody_named() {
    let (train, test) = digits().split(1437, 0);
    let mut network = Competition::new(config(1)).unwrap();
    let mut labels = Labels::new(100, 10);
    for (x, _) in (0..1200).map(|idx| train.get(idx)) {
        assert!(network.present(&enlarged(x), true).unwrap().report.weight_changes > 0);
    }
    for (x, class) in (0..600).map(|idx| train.get(idx)) {
        labels.note(&network.present(&enlarged(x), false).unwrap().counts, class as usize);
    }
    let of_neurons = labels.of_neurons();
    let mut right = 0;
    for (x, class) in (0..test.len()).map(|idx| test.get(idx)) {
        let counts = network.present(&enlarged(x), false).unwrap().counts;
        right += usize::from(labels.predict(&of_neurons, &counts) == class as usize);
    }
    let accuracy = right as f64 / test.len() as f64;
    assert!(accuracy > 0.8, "{accuracy}");
    assert!(network.weights().iter().all(|w| (0.0..=1.0).contains(w)));
}

#[test]
fn the_seed_decides_everything() {
    let samples = digits();
    let run = |seed| {
        let mut network = Competition::new(config(seed)).unwrap();
        for (x, _) in (0..5).map(|idx| samples.get(idx)) {
            network.present(&enlarged(x), true).unwrap();
        }
        network.weights()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let mut network = Competition::new(config(0)).unwrap();
    let error = network.present(&[0.5; 3], true).unwrap_err();
    assert_eq!(error, PlasticityError::Length { expected: 576, found: 3 });
    let error = network.present(&[1.5; 576], true).unwrap_err();
    assert_eq!(error.to_string(), "an input value is 1.5, expected 0 to 1");
    let mut wrong = config(0);
    wrong.n_neurons = 0;
    let error = Competition::new(wrong).unwrap_err();
    assert_eq!(error.to_string(), "n_neurons is 0, expected 1 to 16,384");
}
