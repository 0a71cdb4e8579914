//! What holds for every kind: it learns, it is deterministic, asking changes nothing, what is saved
//! goes on, and nothing is half learned.

use learner::{Input, Learner, LearnerError, LiquidSpec, MAX_SAMPLES, Sample, Spec};
use plasticity::{CompetitionConfig, EPropConfig, MicroColumnsConfig};
use proptest::prelude::*;
use reservoir::{Fusion, LiquidConfig, LiquidsConfig, Windows};
use spike::Raster;

const STEPS: usize = 20;
const CHANNELS: usize = 8;

/// Makes a sample of a label.
pub(crate) type Draw = fn(u32, &str) -> Sample;

/// Every kind, with samples of two classes that it can tell apart.
pub(crate) fn kinds() -> Vec<(Spec, Draw)> {
    let columns = MicroColumnsConfig { units_per_class: 4, ..MicroColumnsConfig::new(CHANNELS) };
    let eprop = EPropConfig { n_neurons: 30, ..EPropConfig::new(CHANNELS, 4, 7) };
    let config =
        CompetitionConfig { norm: 4.0, n_steps: 200, ..CompetitionConfig::new(CHANNELS, 10, 7) };
    vec![
        (Spec::Columns(columns), still),
        (Spec::EProp { config: eprop, silent_steps: 2 }, moving),
        (Spec::Competition { config, n_classes: 4 }, still),
        (Spec::Liquid(liquid(Fusion::Side)), moving),
        (Spec::Liquid(two_senses()), two),
    ]
}

fn liquid(fusion: Fusion) -> LiquidSpec {
    let windows = Windows::Parts(2);
    let sense = LiquidConfig {
        n_neurons: 60,
        input_connectivity: 0.5,
        input_scale: 1.0,
        windows,
        ..LiquidConfig::new(CHANNELS, 5)
    };
    let liquids = LiquidsConfig { senses: vec![sense], fusion };
    LiquidSpec { liquids, n_classes: 4, lambda: 1.0, forgetting: 1.0 }
}

fn two_senses() -> LiquidSpec {
    let mut spec = liquid(Fusion::Side);
    let second = LiquidConfig { seed: 6, ..spec.liquids.senses[0].clone() };
    spec.liquids.senses.push(second);
    spec.liquids.fusion =
        Fusion::Above(LiquidConfig { n_neurons: 40, ..LiquidConfig::new(120, 9) });
    spec
}

/// `left` has its values in the first half, all others in the second.
fn at(label: &str, k: usize) -> bool {
    (k < CHANNELS / 2) == (label == "left")
}

fn chance(seed: u32, k: usize) -> f32 {
    let mixed = (seed.wrapping_mul(747_796_405) ^ k as u32).wrapping_mul(2_891_336_453);
    (mixed >> 8) as f32 / (1 << 24) as f32
}

fn still(seed: u32, label: &str) -> Sample {
    let value = |k| if at(label, k) { 0.6 + 0.4 * chance(seed, k) } else { 0.1 * chance(seed, k) };
    let values = (0..CHANNELS).map(value).collect();
    Sample { input: Input::Values(values), label: Some(label.to_owned()) }
}

fn moving(seed: u32, label: &str) -> Sample {
    let fires = |at_step: usize, k| at(label, k) && chance(seed, at_step * CHANNELS + k) < 0.5;
    let value = |cell: usize| f32::from(u8::from(fires(cell / CHANNELS, cell % CHANNELS)));
    let values = (0..STEPS * CHANNELS).map(value).collect();
    Sample { input: Input::Values(values), label: Some(label.to_owned()) }
}

/// Two senses, of which one is missing now and then.
fn two(seed: u32, label: &str) -> Sample {
    let heard = |seed| match moving(seed, label).input {
        Input::Values(values) => Some(Raster::from_dense(&values, CHANNELS)),
        Input::Senses(_) => None,
    };
    let senses = match seed % 5 {
        0 => vec![None, heard(seed)],
        1 => vec![heard(seed), None],
        _ => vec![heard(seed), heard(seed + 1000)],
    };
    Sample { input: Input::Senses(senses), label: Some(label.to_owned()) }
}

fn samples(of: Draw, seeds: std::ops::Range<u32>) -> Vec<Sample> {
    seeds.map(|seed| of(seed, if seed % 2 == 0 { "left" } else { "right" })).collect()
}

fn inputs(samples: &[Sample]) -> Vec<Input> {
    samples.iter().map(|sample| sample.input.clone()).collect()
}

#[test]
fn two_classes_are_told_apart() {
    for (spec, of) in kinds() {
        let mut learner = Learner::new(&spec).unwrap();
        let learned = learner.learn(&samples(of, 0..100)).unwrap();
        assert_eq!((learned.samples, learned.labelled, learned.classes), (100, 100, 2));
        assert!(learned.weight_changes > 0, "{}", spec.kind());
        assert_eq!(learner.labels(), ["left", "right"]);
        assert_eq!(learner.standing().right, learned.right);
        let held_out = samples(of, 1000..1040);
        let answers = learner.predict(&inputs(&held_out)).unwrap();
        let right = answers.iter().zip(&held_out).filter(|(a, s)| a.label == s.label).count();
        assert!(right >= 36, "{}: {right} of 40", spec.kind());
        // What it knew while it learned is counted, and at the beginning it knew nothing.
        assert!((50..100).contains(&learned.right), "{}: {}", spec.kind(), learned.right);
    }
}

#[test]
fn the_same_samples_make_the_same_learner_and_what_is_saved_goes_on() {
    for (spec, of) in kinds() {
        let (first, second) = (samples(of, 0..20), samples(of, 20..40));
        let mut whole = Learner::new(&spec).unwrap();
        whole.learn(&first).unwrap();
        let saved = whole.save();
        let mut again = Learner::restored(&spec, &saved).unwrap();
        assert_eq!(again.save(), saved, "{}", spec.kind());
        whole.learn(&second).unwrap();
        again.learn(&second).unwrap();
        assert_eq!(again.save(), whole.save(), "{}", spec.kind());
        let mut together = Learner::new(&spec).unwrap();
        together.learn(&[first, second].concat()).unwrap();
        assert_eq!(together.save(), whole.save(), "{}", spec.kind());
    }
}

#[test]
fn to_ask_changes_nothing_and_no_answer_depends_on_another() {
    for (spec, of) in kinds() {
        let mut learner = Learner::new(&spec).unwrap();
        learner.learn(&samples(of, 0..30)).unwrap();
        let (before, asked) = (learner.save(), inputs(&samples(of, 500..520)));
        let answers = learner.predict(&asked).unwrap();
        assert_eq!(learner.save(), before, "{}", spec.kind());
        let last = learner.predict(&asked[19..]).unwrap();
        assert_eq!(last[0], answers[19], "{}", spec.kind());
    }
}

#[test]
fn nothing_is_half_learned() {
    for (spec, of) in kinds() {
        let mut learner = Learner::new(&spec).unwrap();
        learner.learn(&samples(of, 0..4)).unwrap();
        let before = learner.save();
        let mut bad = samples(of, 4..8);
        bad[3].input = Input::Values(vec![f32::NAN; CHANNELS]);
        let refused = learner.learn(&bad).unwrap_err();
        assert!(matches!(refused, LearnerError::Sample { idx: 3, .. }), "{refused}");
        bad[3] = Sample { label: Some(String::new()), ..of(9, "left") };
        assert!(learner.learn(&bad).unwrap_err().to_string().contains("samples[3]: label is"));
        let many = vec![of(9, "left"); MAX_SAMPLES + 1];
        assert!(matches!(learner.learn(&many).unwrap_err(), LearnerError::Full { .. }));
        assert_eq!(learner.save(), before, "{}", spec.kind());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_that_are_no_state_are_refused(which in 0usize..5, at in any::<prop::sample::Index>(), byte: u8, cut in any::<bool>()) {
        let (spec, of) = kinds().swap_remove(which);
        let mut learner = Learner::new(&spec).unwrap();
        learner.learn(&samples(of, 0..4)).unwrap();
        let mut bytes = learner.save();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            prop_assert!(Learner::restored(&spec, &bytes).is_err());
        } else {
            bytes[at] = byte;
            // It is refused, or it is a learner that works.
            if let Ok(mut other) = Learner::restored(&spec, &bytes) {
                let _ = other.predict(&inputs(&samples(of, 0..2)));
                let _ = other.learn(&samples(of, 0..2));
            }
        }
    }
}
