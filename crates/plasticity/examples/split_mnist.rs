//! MNIST, two classes after two, one pass, no replay: micro-columns beside the delta rule.
//!
//! `cargo run --release -p plasticity --example split_mnist [FOLDER]`
//!
//! 200 units a class and an allocation below 0.9 were chosen on 1,000 of the 8,000 samples that are
//! learned here, with the other 7,000 learned; the held-out samples chose nothing.

#![allow(clippy::print_stdout, reason = "an example prints")]

mod data;
mod incremental;

use incremental::{SEEDS, table};
use plasticity::{DeltaRule, DeltaRuleConfig, MicroColumns, MicroColumnsConfig};

const N_TRAIN: usize = 8000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let samples = data::mnist()?;
    println!("{} samples, {N_TRAIN} to learn, the rest held out; {SEEDS} seeds", samples.len());
    table("micro-columns, 200 a class", &samples, N_TRAIN, || {
        let mut config = MicroColumnsConfig::new(784);
        (config.units_per_class, config.allocate_below) = (200, 0.9);
        MicroColumns::new(config)
    })?;
    table("delta rule (control)", &samples, N_TRAIN, || {
        DeltaRule::new(DeltaRuleConfig { n_inputs: 784, n_classes: 10, rate: 0.1 })
    })
}
