//! Senses that are fused: the equations by hand, a sense missing, a sense that knows nothing.

use proptest::prelude::*;
use reservoir::{
    Ablation, Answer, Fused, FusedConfig, LiquidConfig, ReservoirError, Strategy, Windows,
};
use spike::Raster;

const N_EXAMPLES: usize = 24;

fn liquid(n_inputs: usize, seed: u64) -> LiquidConfig {
    let windows = Windows::Parts(2);
    LiquidConfig { n_neurons: 60, input_scale: 3.0, windows, ..LiquidConfig::new(n_inputs, seed) }
}

/// Spikes on channels that the kind decides, at times that the example decides.
fn input(n: u32, kind: usize, example: usize) -> Option<Raster> {
    let mut raster = Raster::new(n as usize);
    for step in 0..40 {
        let fires = !(step * 7 + example * 3).is_multiple_of(4);
        let channel = (2 * kind as u32 + (step + example) as u32 % 2) % n;
        raster.push_spikes(if fires { std::slice::from_ref(&channel) } else { &[] });
    }
    Some(raster)
}

/// The first sense tells three classes, the second only whether it is the first class.
fn example(k: usize) -> (Vec<Option<Raster>>, usize) {
    let class = k % 3;
    (vec![input(6, class, k), input(4, usize::from(class == 0), k)], class)
}

fn config(strategy: Strategy) -> FusedConfig {
    FusedConfig::new(vec![liquid(6, 1), liquid(4, 2)], strategy, 3)
}

fn learned(config: FusedConfig) -> Fused {
    let (examples, classes): (Vec<_>, Vec<_>) = (0..N_EXAMPLES).map(example).unzip();
    Fused::learn(config, &examples, &classes).unwrap()
}

fn strategies() -> [Strategy; 6] {
    [
        Strategy::Early(liquid(10, 3)),
        Strategy::Concatenation,
        Strategy::Intermediate(LiquidConfig { input_scale: 0.3, ..liquid(120, 3) }),
        Strategy::Late,
        Strategy::WeightedSum,
        Strategy::Attention,
    ]
}

fn alone(fused: &mut Fused, senses: &[Option<Raster>], sense: usize) -> Answer {
    let mut inputs = vec![None; senses.len()];
    inputs[sense] = senses[sense].clone();
    fused.answer(&inputs).unwrap()
}

#[test]
fn every_strategy_answers_with_a_sense_missing() {
    for strategy in strategies() {
        let mut fused = learned(config(strategy.clone()));
        for k in N_EXAMPLES..N_EXAMPLES + 6 {
            let (senses, class) = example(k);
            let both = fused.answer(&senses).unwrap();
            assert_eq!(both.class(), class, "{strategy:?}");
            assert_eq!(both, fused.answer(&senses).unwrap());
            assert_eq!(alone(&mut fused, &senses, 0).class(), class, "{strategy:?}");
            // The second sense alone tells one class from the two others.
            let found = alone(&mut fused, &senses, 1).class();
            assert_eq!(found == 0, class == 0, "{strategy:?}");
            assert!((both.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        let nothing = fused.answer(&[None, None]).unwrap();
        assert!(nothing.probabilities.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-12));
        assert!(nothing.weights.is_empty());
    }
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let sum: f64 = logits.iter().map(|l| l.exp()).sum();
    logits.iter().map(|l| l.exp() / sum).collect()
}

/// What the senses say together, from what each says alone and a weight for each.
fn check(fused: &mut Fused, weights: impl Fn(&Fused, &[Answer]) -> Vec<f64>) {
    for k in N_EXAMPLES..N_EXAMPLES + 6 {
        let (senses, _) = example(k);
        let parts: Vec<Answer> = (0..2).map(|sense| alone(fused, &senses, sense)).collect();
        assert_eq!(parts[1].weights, [[0.0, 1.0]]);
        let weights = weights(fused, &parts);
        let both = fused.answer(&senses).unwrap();
        for (class, found) in both.probabilities.iter().enumerate() {
            let of = parts.iter().zip(&weights);
            let expected: f64 = of.map(|(part, w)| w * part.probabilities[class]).sum();
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        for (found, expected) in both.weights[0].iter().zip(&weights) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }
}

#[test]
fn answers_are_what_the_equations_say() {
    check(&mut learned(config(Strategy::Late)), |_, _| vec![0.5, 0.5]);
    check(&mut learned(config(Strategy::WeightedSum)), |fused, _| softmax(&fused.reliability()[0]));
    let mut one = config(Strategy::Attention);
    one.senses.iter_mut().for_each(|sense| sense.windows = Windows::Parts(1));
    check(&mut learned(one), |fused, parts| {
        let negative_entropy =
            |part: &Answer| -> f64 { part.probabilities.iter().map(|p| p * p.ln()).sum() };
        let reliability = &fused.reliability()[0];
        let logits = parts.iter().zip(reliability).map(|(part, l)| l + negative_entropy(part));
        softmax(&logits.collect::<Vec<f64>>())
    });
}

#[test]
fn the_sense_that_tells_more_counts_more() {
    for strategy in [Strategy::WeightedSum, Strategy::Attention] {
        let mut fused = learned(config(strategy));
        let reliability = fused.reliability();
        assert!(reliability.iter().all(|senses| senses[0] > senses[1] && senses[0] < 0.0));
        // The second class is one of two that the second sense cannot tell apart.
        let (senses, class) = example(25);
        assert_eq!(class, 1);
        for weights in fused.answer(&senses).unwrap().weights {
            assert!(weights[0] > 0.55 && (weights[0] + weights[1] - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn one_sense_answers_within_what_it_can_tell() {
    // Four classes by two senses of two kinds each: a sense alone leaves two of them.
    let of = |k: usize| (vec![input(6, k % 2, k), input(4, k / 2 % 2, k)], k % 4);
    let config = FusedConfig { n_classes: 4, ..config(Strategy::Concatenation) };
    let (examples, classes): (Vec<_>, Vec<_>) = (0..32).map(of).unzip();
    let mut fused = Fused::learn(config, &examples, &classes).unwrap();
    for k in 32..48 {
        assert_eq!(alone(&mut fused, &of(k).0, 0).class() % 2, k % 2);
        assert_eq!(alone(&mut fused, &of(k).0, 1).class() / 2, k / 2 % 2);
    }
}

proptest! {
    #[test]
    fn shapley_values_share_out_the_whole_gain(
        right in prop::collection::vec(any::<bool>(), 16 * 5),
        n_senses in 1usize..=4,
    ) {
        let subset = |there: &[bool]| {
            there.iter().enumerate().map(|(sense, there)| usize::from(*there) << sense).sum::<usize>()
        };
        let found: Result<Ablation, ReservoirError> =
            Ablation::new(n_senses, 5, |there, sample| Ok(right[subset(there) * 5 + sample]));
        let ablation = found.unwrap();
        let accuracy = |there| ablation.accuracy(&vec![there; n_senses]);
        let shared: f64 = ablation.shapley().iter().sum();
        prop_assert!((shared - (accuracy(true) - accuracy(false))).abs() < 1e-12);
        prop_assert!(ablation.oracle() >= ablation.best());
        for (sense, lost) in ablation.importance().into_iter().enumerate() {
            let mut there = vec![true; n_senses];
            there[sense] = false;
            prop_assert!((accuracy(true) - ablation.accuracy(&there) - lost).abs() < 1e-12);
        }
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let (examples, classes): (Vec<_>, Vec<_>) = (0..N_EXAMPLES).map(example).unzip();
    let error = |config: FusedConfig, classes: &[usize]| {
        Fused::learn(config, &examples, classes).unwrap_err().to_string()
    };
    let late = || config(Strategy::Late);
    let wrong = FusedConfig { n_classes: 2, ..late() };
    assert_eq!(error(wrong, &classes), "class is 2, expected less than n_classes");
    let wrong = FusedConfig { n_classes: 4, ..late() };
    assert_eq!(error(wrong, &classes), "class is 3, expected one that has examples");
    let wrong = FusedConfig { n_folds: 1, ..late() };
    assert_eq!(error(wrong, &classes), "n_folds is 1, expected 2 or more");
    let wrong = FusedConfig { n_folds: 25, ..late() };
    let expected = "examples: 24 values, expected at least 25, one for each fold";
    assert_eq!(error(wrong, &classes), expected);
    assert_eq!(error(late(), &classes[1..]), "classes: 23 values, expected 24");
    let wrong = config(Strategy::Early(liquid(9, 3)));
    let expected = "n_inputs of the one liquid is 9, expected the channels of all senses";
    assert_eq!(error(wrong, &classes), expected);
    let mut wrong = config(Strategy::Attention);
    wrong.senses[1].windows = Windows::Parts(3);
    assert_eq!(error(wrong, &classes), "windows of a sense is 3, expected as many as of the first");
    let mut lacking = examples.clone();
    lacking[5][1] = None;
    let found = Fused::learn(late(), &lacking, &classes).unwrap_err().to_string();
    assert_eq!(found, "example is 5, expected one with all senses");
    for strategy in strategies() {
        let mut fused = learned(config(strategy));
        assert!(matches!(fused.answer(&[None]), Err(ReservoirError::Senses { .. })));
        let found = fused.answer(&[None, input(5, 0, 0)]).unwrap_err().to_string();
        assert_eq!(found, "liquid 1: input 0: 5 neurons, expected 4");
    }
}
