//! UCI digits (`data/README.md`), and class-incremental learning of them.

use std::io::Read;

use plasticity::protocol::{Samples, class_incremental};
use plasticity::{DeltaRule, DeltaRuleConfig, MicroColumns, MicroColumnsConfig};

pub(crate) fn digits() -> Samples {
    let mut text = String::new();
    let bytes: &[u8] = include_bytes!("../data/digits.csv.gz");
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    let mut samples = Samples { n_inputs: 64, ..Samples::default() };
    for line in text.lines() {
        let values: Vec<f32> = line.split(',').map(|v| v.parse().unwrap()).collect();
        samples.inputs.extend(values[..64].iter().map(|v| v / 16.0));
        samples.classes.push(values[64] as u32);
    }
    samples
}

fn tasks() -> Vec<Vec<u32>> {
    (0..5).map(|task| vec![2 * task, 2 * task + 1]).collect()
}

#[test]
fn columns_learn_class_by_class_and_forget_next_to_nothing() {
    let (mut accuracy, mut forgetting) = (0.0, 0.0);
    for seed in 0..5 {
        let (train, test) = digits().split(1437, seed);
        let mut columns = MicroColumns::new(MicroColumnsConfig::new(64)).unwrap();
        let run = class_incremental(&mut columns, &train, &test, &tasks(), seed).unwrap();
        accuracy += run.final_accuracy / 5.0;
        forgetting += run.forgetting() / 5.0;
        assert!(columns.classes().all(|(_, units)| units <= 20));
    }
    assert!(accuracy >= 0.98, "{accuracy}");
    assert!(forgetting < 0.01, "{forgetting}");
}

#[test]
fn the_delta_rule_forgets_what_columns_keep() {
    let (train, test) = digits().split(1437, 0);
    let config = DeltaRuleConfig { n_inputs: 64, n_classes: 10, rate: 0.1 };
    let mut rule = DeltaRule::new(config).unwrap();
    let run = class_incremental(&mut rule, &train, &test, &tasks(), 0).unwrap();
    assert!(run.final_accuracy < 0.3, "{}", run.final_accuracy);
    assert!(run.forgetting() > 0.9 && run.backward_transfer() < -0.9);
}
