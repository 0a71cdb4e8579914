//! UCI digits, class by class, one pass, no replay: micro-columns beside the delta rule.
//!
//! `cargo run --release -p plasticity --example digits [FOLDER]`

#![allow(clippy::print_stdout, reason = "an example prints")]

mod data;
mod incremental;

use incremental::{SEEDS, table};
use plasticity::{DeltaRule, DeltaRuleConfig, MicroColumns, MicroColumnsConfig};

const N_TRAIN: usize = 1437;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let samples = data::digits()?;
    println!("{} samples, {N_TRAIN} to learn, the rest held out; {SEEDS} seeds", samples.len());
    table("micro-columns, 20 a class", &samples, N_TRAIN, || {
        MicroColumns::new(MicroColumnsConfig::new(64))
    })?;
    table("delta rule (control)", &samples, N_TRAIN, || {
        DeltaRule::new(DeltaRuleConfig { n_inputs: 64, n_classes: 10, rate: 0.1 })
    })
}
