//! How fast recordings of event cameras decode, on one core: one JSON line for each file, with the
//! median of events per second, file opened and columns new, and of decoding alone.
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
        let format = Format::detect(&std::fs::read(&path)?).unwrap_or(Format::NMnist);
        let mut kept = Events::new();
        let mut whole = Vec::new();
        let mut decoding = Vec::new();
        while whole.len() < 3 || whole.iter().sum::<f64>() < SECONDS {
            // As a caller of another reader has it: the file opened, the columns new.
            let start = Instant::now();
            let bytes = std::fs::read(&path)?;
            let (events, _) = format.read(&bytes, &path)?;
            whole.push(start.elapsed().as_secs_f64());
            drop(events);
            // As a stream has it: bytes at hand, columns used again.
            kept.clear();
            let start = Instant::now();
            let mut decoder = Decoder::new(format, &path);
            decoder.push(&bytes, &mut kept)?;
            decoder.finish()?;
            decoding.push(start.elapsed().as_secs_f64());
        }
        let name = path.rsplit('/').next().unwrap_or(&path);
        let rate = |seconds: &mut Vec<f64>| {
            seconds.sort_by(f64::total_cmp);
            kept.len() as f64 / seconds[seconds.len() / 2]
        };
        println!(
            "{{\"file\": \"{name}\", \"n_events\": {}, \"events_per_second\": {:.0}, \
             \"decoding\": {:.0}}}",
            kept.len(),
            rate(&mut whole),
            rate(&mut decoding),
        );
    }
    Ok(())
}
