//! Trains what a description says, from its file: `train FILE.toml [threads] [epochs] [seed]`.
//! A line for each epoch, and the test part at the end; what `striatum train` does, without it.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example measures and prints"
)]

use std::path::Path;
use std::time::Instant;

use train::{Config, Dataset, Ended, Trainer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = Path::new(&arguments[0]);
    let mut config = Config::from_toml(&std::fs::read_to_string(path)?)?;
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    if let Some(epochs) = number(2) {
        config.training.epochs = epochs as usize;
    }
    if let Some(seed) = number(3) {
        config.training.seed = seed;
    }
    let file = path.parent().unwrap().join(&config.data.path);
    let data = if config.data.path.ends_with(".csv") {
        Dataset::from_csv(&std::fs::read_to_string(file)?, &config.data)?
    } else {
        Dataset::from_npz(&std::fs::read(file)?, &config.data)?
    };
    let mut trainer = Trainer::new(config, data, number(1).unwrap_or(2) as usize)?;
    println!(
        "{} weights, {} training samples",
        trainer.n_parameters(),
        trainer.split().training.len()
    );
    let origin = Instant::now();
    let mut clock = || origin.elapsed().as_secs_f64();
    let mut seconds = 0.0;
    while trainer.ended() == Ended::Not {
        let e = trainer.epoch(&mut clock)?;
        seconds += e.training_seconds;
        let rates: Vec<String> =
            e.validation.spikes_per_neuron_step.iter().map(|r| format!("{r:.3}")).collect();
        println!(
            "epoch {:3}  rate {:.5}  loss {:.4} / {:.4}  accuracy {:.4} / {:.4}  spikes {}  {:.3} s{}",
            e.epoch,
            e.rate,
            e.training.loss,
            e.validation.loss,
            e.training.accuracy,
            e.validation.accuracy,
            rates.join(" "),
            e.training_seconds,
            if e.is_best { " *" } else { "" },
        );
    }
    let report = trainer.report();
    println!("best epoch {}, training {seconds:.2} s, {:.2} s in all", report.best_epoch, clock());
    if let Some(test) = &report.test {
        println!("test {:.4}, loss {:.4}", test.accuracy, test.loss);
    }
    Ok(())
}
