//! How fast recordings of event cameras decode, on one core: one JSON line for each file.
//!
//! `cargo run --release -p sense --example events -- FILE...`; N-MNIST files end in `.bin`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement reads the clock and prints"
)]

use std::error::Error;
use std::time::Instant;

use sense::event::{Decoder, Events, Format};

/// Each file is decoded for as long as this, and at least three times.
const SECONDS: f64 = 2.0;

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let format = Format::detect(&bytes).unwrap_or(Format::NMnist);
        let mut events = Events::new();
        let mut seconds = Vec::new();
        while seconds.len() < 3 || seconds.iter().sum::<f64>() < SECONDS {
            events.clear();
            let start = Instant::now();
            let mut decoder = Decoder::new(format, &path);
            decoder.push(&bytes, &mut events)?;
            decoder.finish()?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let name = path.rsplit('/').next().unwrap_or(&path);
        let median = seconds[seconds.len() / 2];
        println!(
            "{{\"file\": \"{name}\", \"reader\": \"striatum\", \"n_events\": {}, \
             \"events_per_second\": {:.0}, \"best\": {:.0}}}",
            events.len(),
            events.len() as f64 / median,
            events.len() as f64 / seconds[0],
        );
    }
    Ok(())
}
