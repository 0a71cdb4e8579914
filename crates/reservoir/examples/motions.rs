//! BasicMotions: standing, walking, running or badminton, told by the spikes of a smart watch.
//!
//! `cargo run --release -p reservoir --example motions [FOLDER]`
//!
//! Six channels of 100 samples become spikes where they move (send-on-delta), a liquid answers, and
//! ridge regression reads it. What the liquid is drawn from was chosen by cross-validation among the
//! 40 series that are learned; the 40 others chose nothing.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::Path;

use reservoir::{Liquid, LiquidConfig, Readout, ReservoirError, Ridge, Windows};
use sense::{Delta, SeriesSet, Threshold};
use spike::Raster;

type Failure = Box<dyn std::error::Error>;

/// Liquids drawn.
const SEEDS: u64 = 10;

/// Folds of the cross-validation.
const FOLDS: usize = 4;

struct Motions {
    spikes: Vec<Raster>,
    labels: Vec<usize>,
}

fn main() -> Result<(), Failure> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::args().nth(1).unwrap_or_else(|| beside.to_owned());
    let read =
        |part: &str| motions(&Path::new(&folder).join(format!("imu/BasicMotions_{part}.ts")));
    let (train, test) = (read("TRAIN")?, read("TEST")?);
    println!(
        "{} series to learn, {} held out; {SEEDS} seeds",
        train.labels.len(),
        test.labels.len()
    );
    let (mut within, mut held_out) = (Vec::new(), Vec::new());
    for seed in 0..SEEDS {
        let config = LiquidConfig {
            n_neurons: 500,
            input_connectivity: 0.3,
            input_scale: 1.0,
            tau_mem_steps: 10.0,
            windows: Windows::Parts(4),
            ..LiquidConfig::new(12, seed)
        };
        let mut liquid = Liquid::new(config)?;
        let known = rows(&mut liquid, &train)?;
        within.push(validated(&known, &train.labels)?);
        let readout = fit(&known, &train.labels, |_| true)?;
        let rows = rows(&mut liquid, &test)?;
        held_out.push(right(&readout, &rows, &test.labels, |_| true)?);
    }
    println!("cross-validation  {}", spread(&within));
    println!("held out          {}", spread(&held_out));
    Ok(())
}

/// Series as spikes: two for each channel, rises and falls.
fn motions(path: &Path) -> Result<Motions, Failure> {
    let set = SeriesSet::read(&std::fs::read(path)?, &path.display().to_string())?;
    let (mut spikes, mut labels) = (Vec::new(), Vec::new());
    for case in &set.cases {
        let mut delta = Delta::new(6, Threshold::Fixed(0.5), 4)?;
        let counts = delta.encode(&case.values)?;
        spikes.push(Raster::from_dense(counts.data(), 12));
        labels.push(case.label_idx.ok_or("a series without a label")?);
    }
    Ok(Motions { spikes, labels })
}

fn rows(liquid: &mut Liquid, motions: &Motions) -> Result<Vec<Vec<f32>>, ReservoirError> {
    let row = |spikes: &Raster| {
        let row = liquid.respond(spikes)?;
        Ok(row.into_iter().map(f32::sqrt).collect())
    };
    motions.spikes.iter().map(row).collect()
}

fn fit(
    rows: &[Vec<f32>],
    labels: &[usize],
    takes: impl Fn(usize) -> bool,
) -> Result<Readout, ReservoirError> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for (idx, (row, label)) in rows.iter().zip(labels).enumerate().filter(|(idx, _)| takes(*idx)) {
        debug_assert!(takes(idx));
        x.extend(row);
        y.extend((0..4).map(|class| if class == *label { 1.0 } else { 0.0 }));
    }
    Ridge::fit(&x, &y, 4, 10.0)
}

fn right(
    readout: &Readout,
    rows: &[Vec<f32>],
    labels: &[usize],
    takes: impl Fn(usize) -> bool,
) -> Result<f64, ReservoirError> {
    let (mut right, mut n) = (0u32, 0u32);
    for (idx, row) in rows.iter().enumerate().filter(|(idx, _)| takes(*idx)) {
        right += u32::from(readout.class(row)? == labels[idx]);
        n += 1;
    }
    Ok(f64::from(right) / f64::from(n.max(1)))
}

fn validated(rows: &[Vec<f32>], labels: &[usize]) -> Result<f64, ReservoirError> {
    let mut sum = 0.0;
    for fold in 0..FOLDS {
        let readout = fit(rows, labels, |idx| idx % FOLDS != fold)?;
        sum += right(&readout, rows, labels, |idx| idx % FOLDS == fold)?;
    }
    Ok(sum / FOLDS as f64)
}

fn spread(values: &[f64]) -> String {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:6.2} %  ({:.2} to {:.2})", 100.0 * mean, 100.0 * least, 100.0 * largest)
}
