//! MNIST without labels: the network of Diehl and Cook with 400 neurons.
//!
//! `cargo run --release -p plasticity --example unsupervised [FOLDER] [PASSES]`

#![allow(clippy::print_stdout, reason = "an example prints")]
#![allow(clippy::disallowed_methods, reason = "an example tells how long it took")]

mod data;

use std::time::Instant;

use plasticity::{Competition, CompetitionConfig, Labels};

/// Networks drawn.
const SEEDS: u64 = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = data::mnist()?.split(8000, 0);
    let passes: usize = std::env::args().nth(2).map_or(Ok(1), |n| n.parse())?;
    for seed in 0..SEEDS {
        let mut network = Competition::new(CompetitionConfig::new(784, 400, seed))?;
        let begin = Instant::now();
        let mut spikes = 0.0;
        for _ in 0..passes {
            for (x, _) in (0..train.len()).map(|idx| train.get(idx)) {
                spikes += network.present(x, true)?.counts.iter().sum::<f32>();
            }
        }
        let learned = begin.elapsed();
        let mut labels = Labels::new(400, 10);
        for (x, class) in (0..train.len()).map(|idx| train.get(idx)) {
            labels.note(&network.present(x, false)?.counts, class as usize);
        }
        let of_neurons = labels.of_neurons();
        let mut right = 0;
        for (x, class) in (0..test.len()).map(|idx| test.get(idx)) {
            let counts = network.present(x, false)?.counts;
            right += usize::from(labels.predict(&of_neurons, &counts) == class as usize);
        }
        let n = (train.len() * passes) as f64;
        println!(
            "seed {seed}: {:.2} % of {} held-out, {:.3} ms a sample while learning, {:.1} spikes",
            100.0 * right as f64 / test.len() as f64,
            test.len(),
            1e3 * learned.as_secs_f64() / n,
            f64::from(spikes) / n,
        );
    }
    Ok(())
}
