//! What each kind of learner knows of UCI digits that was made with nothing said and taught once, in
//! the order of the file: `cargo run --release -p learner --example defaults [FILE]`
//!
//! The defaults were chosen on the middle part, by what was learned from the first 1,077 digits; the
//! last 360 are asked once by learners of all the others, and chose nothing.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::ops::Range;

use learner::{Input, Learner, LearnerError, LiquidSpec, Sample, Spec, defaults};
use plasticity::MicroColumnsConfig;
use reservoir::{Fusion, LiquidsConfig};

/// Learners of each kind that differ by their chance alone.
const SEEDS: Range<u64> = 0..3;

/// The part that chose, and what was learned before it.
const CHOOSING: [Range<usize>; 2] = [0..1077, 1077..1437];

/// The part that is held out, and what was learned before it.
const HELD_OUT: [Range<usize>; 2] = [0..1437, 1437..1797];

/// Samples of a request.
const BATCH: usize = 64;

/// Rows of pixels, one a step, for those that take time.
const CHANNELS: usize = 8;

const CLASSES: usize = 10;

/// Makes a learner of a seed.
type Made = fn(u64) -> Spec;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/train/digits.npz");
    let file = std::env::args().nth(1).unwrap_or_else(|| beside.to_owned());
    let digits = digits(&file)?;
    println!("{} digits, one pass in the order of the file; 3 seeds", digits.len());
    println!("{:14}{:34}held out", "kind", "where the defaults were chosen");
    for made in [columns, eprop, competition, liquid] as [Made; 4] {
        let [chosen, held_out] = [CHOOSING, HELD_OUT].map(|[learned, asked]| {
            let share =
                |seed| taught(&made(seed), &digits[learned.clone()], &digits[asked.clone()]);
            SEEDS.map(share).collect::<Result<Vec<f64>, _>>()
        });
        println!("{:14}{:34}{}", made(0).kind(), spread(&chosen?), spread(&held_out?));
    }
    Ok(())
}

fn columns(_: u64) -> Spec {
    Spec::Columns(MicroColumnsConfig::new(64))
}

fn eprop(seed: u64) -> Spec {
    let config = defaults::eprop(CHANNELS, CLASSES, defaults::EPROP_NEURONS, seed);
    Spec::EProp { config, silent_steps: 0 }
}

fn competition(seed: u64) -> Spec {
    let config = defaults::competition(64, defaults::COMPETING, seed);
    Spec::Competition { config, n_classes: CLASSES }
}

fn liquid(seed: u64) -> Spec {
    let senses = vec![defaults::liquid(CHANNELS, seed)];
    Spec::Liquid(LiquidSpec {
        liquids: LiquidsConfig { senses, fusion: Fusion::Side },
        n_classes: CLASSES,
        lambda: defaults::LIQUID_RIDGE,
        forgetting: 1.0,
    })
}

/// The share of `asked` that a learner answers rightly which was taught `learned`.
fn taught(spec: &Spec, learned: &[Sample], asked: &[Sample]) -> Result<f64, LearnerError> {
    let mut learner = Learner::new(spec)?;
    for batch in learned.chunks(BATCH) {
        learner.learn(batch)?;
    }
    let mut right = 0;
    for batch in asked.chunks(BATCH) {
        let inputs: Vec<Input> = batch.iter().map(|sample| sample.input.clone()).collect();
        let answers = learner.predict(&inputs)?;
        right += answers.iter().zip(batch).filter(|(a, sample)| a.label == sample.label).count();
    }
    Ok(right as f64 / asked.len() as f64)
}

/// Digits of 8 x 8 pixels in 0 to 16, scaled to 0 to 1.
fn digits(file: &str) -> Result<Vec<Sample>, Box<dyn std::error::Error>> {
    let arrays = sense::read_npz(&std::fs::read(file)?, file)?;
    let get = |name: &str| arrays.get(name).ok_or_else(|| format!("{file}: no array {name}"));
    let sample = |(pixels, label): (&[f32], &f32)| Sample {
        input: Input::Values(pixels.iter().map(|value| value / 16.0).collect()),
        label: Some(label.to_string()),
    };
    Ok(get("x")?.data().chunks_exact(64).zip(get("y")?.data()).map(sample).collect())
}

/// Mean, least and largest, in percent.
fn spread(shares: &[f64]) -> String {
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    let least = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.1} % ({:.1} to {:.1})", 100.0 * mean, 100.0 * least, 100.0 * largest)
}
