//! Any text as a description, and as a table of samples for it:
//! `cargo +nightly fuzz run description` in `crates/train`.
//!
//! What is read must be refused with a reason or make a trainer; nothing may panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use train::{Config, Dataset, Trainer};

/// Steps above which nothing is trained: the fuzzer looks for panics, not for memory.
const MAX_STEPS: usize = 50;

fuzz_target!(|text: &str| {
    let Ok(config) = Config::from_toml(text) else { return };
    let _ = Dataset::from_csv(text, &config.data);
    let shape = config.data.shape.clone().unwrap_or_else(|| vec![4]);
    let n = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).unwrap_or(usize::MAX);
    if n > 1 << 12 || config.encoder.steps > MAX_STEPS || config.training.batch > 64 {
        return;
    }
    let Ok(data) = Dataset::new(shape, vec![0.5; n * 20], (0..20).map(|k| k % 2).collect()) else {
        return;
    };
    if let Ok(mut trainer) = Trainer::new(config, data, 1)
        && trainer.n_parameters() < 1 << 16
    {
        let _ = trainer.epoch(&mut || 0.0);
    }
});
