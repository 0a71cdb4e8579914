//! BasicMotions by two senses, accelerometer and gyroscope: six ways to fuse them, with one missing
//! and with one that is noise, and what each sense is worth.
//!
//! `cargo run --release -p reservoir --example senses [FOLDER]`
//!
//! The liquids are those of the example `motions`; nothing was chosen on the 40 series held out.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::Path;

use reservoir::{Ablation, Fused, FusedConfig, LiquidConfig, Strategy, Windows};
use sense::{Array, Delta, SeriesSet, Threshold};
use spike::Raster;
use statistics::cross_correlation;

type Failure = Box<dyn std::error::Error>;

/// Liquids drawn, and choices of the few series that are learned.
const SEEDS: u64 = 10;

const NAMES: [&str; 2] = ["accelerometer", "gyroscope"];

/// Channels of each sense: rises and falls of three axes.
const CHANNELS: usize = 6;

const N_CLASSES: usize = 4;

/// Neurons of the liquids that hear more than one sense.
const N_NEURONS: usize = 500;

struct Motions {
    /// Both senses of each series.
    senses: Vec<Vec<Option<Raster>>>,
    labels: Vec<usize>,
}

fn main() -> Result<(), Failure> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::args().nth(1).unwrap_or_else(|| beside.to_owned());
    let read =
        |part: &str| motions(&Path::new(&folder).join(format!("imu/BasicMotions_{part}.ts")));
    let (train, test) = (read("TRAIN")?, read("TEST")?);
    println!("{} series to learn, {} held out; {SEEDS} seeds", train.len(), test.len());
    for each in [10, 2] {
        println!("\nlearned from {} series, {each} of each motion", each * N_CLASSES);
        println!(
            "{:34}{:>24}{:>24}{:>24}{:>24}",
            "", "both", "no accelerometer", "no gyroscope", "gyroscope only noise"
        );
        for (name, strategy) in strategies() {
            strategy_row(name, &strategy, true, &train, &test, each)?;
            if matches!(name, "early" | "concatenation" | "intermediate") {
                strategy_row("  that never missed a sense", &strategy, false, &train, &test, each)?;
            }
        }
    }
    println!("\nwhat each sense is worth, learned from 8 series, mean of {SEEDS} seeds");
    for (name, strategy) in strategies() {
        worth(name, &strategy, &train, &test)?;
    }
    println!(
        "\ncorrelation of the two rates at lags of -2 to 2 samples, mean of the series held out"
    );
    println!("  {}", correlation(&test).map(|c| format!("{c:7.3}")).join(""));
    Ok(())
}

impl Motions {
    fn len(&self) -> usize {
        self.labels.len()
    }

    /// `each` series of every class, which the seed decides.
    fn some(&self, each: usize, seed: u64) -> Motions {
        let mut some = Motions { senses: Vec::new(), labels: Vec::new() };
        for class in 0..N_CLASSES {
            let of_it = (0..self.len()).filter(|k| self.labels[*k] == class);
            let mut of_it: Vec<usize> = of_it.collect();
            of_it.sort_by_key(|k| mixed(seed, *k));
            for k in of_it.into_iter().take(each) {
                some.senses.push(self.senses[k].clone());
                some.labels.push(class);
            }
        }
        some
    }
}

/// A number that looks drawn (the finaliser of splitmix64).
fn mixed(seed: u64, k: usize) -> u64 {
    let z = (seed.rotate_left(32) ^ k as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// Each sense as spikes where it moves.
fn motions(path: &Path) -> Result<Motions, Failure> {
    let set = SeriesSet::read(&std::fs::read(path)?, &path.display().to_string())?;
    let (mut senses, mut labels) = (Vec::new(), Vec::new());
    for case in &set.cases {
        let sense = |first: usize| -> Result<Option<Raster>, Failure> {
            let axes = case.values.steps().flat_map(|step| &step[first..first + 3]);
            let values = Array::new(vec![case.values.n_steps(), 3], axes.copied().collect())?;
            let counts = Delta::new(3, Threshold::Fixed(0.5), 4)?.encode(&values)?;
            Ok(Some(Raster::from_dense(counts.data(), CHANNELS)))
        };
        senses.push(vec![sense(0)?, sense(3)?]);
        labels.push(case.label_idx.ok_or("a series without a label")?);
    }
    Ok(Motions { senses, labels })
}

/// As many spikes at random places and times.
fn noise(sense: &Option<Raster>, seed: u64, k: usize) -> Raster {
    let (steps, mut spikes) = sense.as_ref().map_or((0, 0.0), |raster| {
        (raster.steps(), raster.sums().iter().map(|sum| f64::from(*sum)).sum::<f64>())
    });
    let mut counts = vec![0.0f32; steps * CHANNELS];
    let mut drawn = mixed(seed, k);
    while spikes >= 1.0 && !counts.is_empty() {
        drawn = mixed(drawn, k);
        let at = drawn as usize % counts.len();
        (counts[at], spikes) = (counts[at] + 1.0, spikes - 1.0);
    }
    Raster::from_dense(&counts, CHANNELS)
}

fn liquid(n_inputs: usize, n_neurons: usize) -> LiquidConfig {
    LiquidConfig {
        n_neurons,
        input_connectivity: 0.3,
        input_scale: 1.0,
        tau_mem_steps: 10.0,
        windows: Windows::Parts(4),
        ..LiquidConfig::new(n_inputs, 0)
    }
}

fn strategies() -> [(&'static str, Strategy); 6] {
    // It hears 500 neurons, not 12 channels.
    let above =
        LiquidConfig { input_connectivity: 0.1, input_scale: 0.3, ..liquid(N_NEURONS, 500) };
    [
        ("early", Strategy::Early(liquid(2 * CHANNELS, N_NEURONS))),
        ("concatenation", Strategy::Concatenation),
        ("intermediate", Strategy::Intermediate(above)),
        ("late", Strategy::Late),
        ("weighted sum", Strategy::WeightedSum),
        ("attention", Strategy::Attention),
    ]
}

/// The strategy with every liquid's seed: each its own.
fn learned(strategy: &Strategy, train: &Motions, drop: bool, seed: u64) -> Result<Fused, Failure> {
    let drawn = |config: &LiquidConfig, k| LiquidConfig { seed: 3 * seed + k, ..config.clone() };
    let strategy = match strategy {
        Strategy::Early(one) => Strategy::Early(drawn(one, 0)),
        Strategy::Intermediate(above) => Strategy::Intermediate(drawn(above, 2)),
        other => other.clone(),
    };
    let senses = (0..2).map(|k| drawn(&liquid(CHANNELS, N_NEURONS / 2), k)).collect();
    let config = FusedConfig { drop_senses: drop, ..FusedConfig::new(senses, strategy, N_CLASSES) };
    let few = train.senses.len() < 4 * N_CLASSES;
    let config = FusedConfig { n_folds: if few { 2 } else { 4 }, ..config };
    Ok(Fused::learn(config, &train.senses, &train.labels)?)
}

fn strategy_row(
    name: &str,
    strategy: &Strategy,
    drop: bool,
    train: &Motions,
    test: &Motions,
    each: usize,
) -> Result<(), Failure> {
    let mut columns = [const { Vec::new() }; 4];
    for seed in 0..SEEDS {
        let mut fused = learned(strategy, &train.some(each, seed), drop, seed)?;
        let mut right = [0u32; 4];
        for (k, (senses, label)) in test.senses.iter().zip(&test.labels).enumerate() {
            let [accelerometer, gyroscope] = [&senses[0], &senses[1]];
            let inputs = [
                [accelerometer.clone(), gyroscope.clone()],
                [None, gyroscope.clone()],
                [accelerometer.clone(), None],
                [accelerometer.clone(), Some(noise(gyroscope, seed, k))],
            ];
            for (right, inputs) in right.iter_mut().zip(&inputs) {
                *right += u32::from(fused.answer(inputs)?.class() == *label);
            }
        }
        for (column, right) in columns.iter_mut().zip(right) {
            column.push(100.0 * f64::from(right) / test.len() as f64);
        }
    }
    println!("{name:34}{}", columns.map(|column| format!("{:>24}", spread(&column))).join(""));
    Ok(())
}

/// The ablation of one strategy, mean of the seeds.
fn worth(name: &str, strategy: &Strategy, train: &Motions, test: &Motions) -> Result<(), Failure> {
    let (mut importance, mut shapley) = ([0.0; 2], [0.0; 2]);
    // Only over seeds in which the other sense errs.
    let mut mends = [const { Vec::new() }; 2];
    let (mut efficiency, mut n_efficient) = (0.0, 0);
    for seed in 0..SEEDS {
        let mut fused = learned(strategy, &train.some(2, seed), true, seed)?;
        let ablation: Result<Ablation, Failure> = Ablation::new(2, test.len(), |there, k| {
            let senses = test.senses[k].iter().zip(there);
            let inputs: Vec<_> = senses.map(|(s, there)| s.clone().filter(|_| *there)).collect();
            Ok(fused.answer(&inputs)?.class() == test.labels[k])
        });
        let ablation = ablation?;
        for s in 0..2 {
            importance[s] += 100.0 * ablation.importance()[s] / SEEDS as f64;
            shapley[s] += 100.0 * ablation.shapley()[s] / SEEDS as f64;
            mends[s].extend(ablation.complementarity(1 - s, s).map(|share| 100.0 * share));
        }
        if let Some(one) = ablation.efficiency() {
            (efficiency, n_efficient) = (efficiency + one, n_efficient + 1);
        }
    }
    println!("{name}");
    for s in 0..2 {
        println!(
            "  {:15} importance {:6.2}   Shapley value {:6.2}   mends {:6.2} % of the other's errors",
            NAMES[s],
            importance[s],
            shapley[s],
            mends[s].iter().sum::<f64>() / mends[s].len() as f64
        );
    }
    let mean = efficiency / f64::from(n_efficient.max(1));
    println!("  efficiency {mean:.2} ({n_efficient} seeds)");
    Ok(())
}

fn correlation(motions: &Motions) -> [f64; 5] {
    let mut mean = [0.0; 5];
    for senses in &motions.senses {
        let rate = |sense: &Option<Raster>| -> Vec<f64> {
            let Some(raster) = sense else { return Vec::new() };
            let sum = |step| raster.events(step).map(|(_, n)| f64::from(n)).sum();
            (0..raster.steps()).map(sum).collect()
        };
        let found = cross_correlation(&rate(&senses[0]), &rate(&senses[1]), 2);
        for (sum, c) in mean.iter_mut().zip(found.unwrap_or_default()) {
            *sum += c / motions.len() as f64;
        }
    }
    mean
}

fn spread(values: &[f64]) -> String {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{mean:.2} ({least:.1} to {largest:.1})")
}
