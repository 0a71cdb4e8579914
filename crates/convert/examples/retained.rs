//! What spiking networks keep of the two networks of the tests, on 1,000 held-out MNIST digits.
//!
//! `cargo run --release -p convert --example retained [FOLDER]`
//!
//! Calibration takes 1,000 digits that trained; the percentile, 99.9, is that of Rueckauer et al.
//! (2017) and was not chosen here. The held-out digits choose nothing.

#![allow(clippy::print_stdout, reason = "an example prints")]
#![allow(clippy::disallowed_methods, reason = "an example tells how long it took")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use convert::{
    CHECKPOINTS, DEFAULT_PERCENTILE, Readout, Settings, balance, convert, measure, onnx,
};

type Failure = Box<dyn std::error::Error>;

const N_CALIBRATION: usize = 1000;
const PIXELS: usize = 784;

fn main() -> Result<(), Failure> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::args().nth(1).map_or(here.join("../../../shared/data"), PathBuf::from);
    let digits = npz(&folder.join("mnist/mnist_9000.npz"))?;
    let reference = npz(&here.join("tests/data/reference.npz"))?;
    let order: Vec<usize> = reference["order"].data().iter().map(|i| *i as usize).collect();
    let pixels = |part: &[usize]| -> Vec<f32> {
        let of = |i: &usize| digits["x"].data()[i * PIXELS..][..PIXELS].iter().map(|p| p / 255.0);
        part.iter().flat_map(of).collect()
    };
    let calibration = pixels(&order[..N_CALIBRATION]);
    let held_out = pixels(&order[8000..]);
    let labels: Vec<usize> =
        order[8000..].iter().map(|i| digits["y"].data()[*i] as usize).collect();
    for name in ["conv", "mlp"] {
        let ann = onnx::read(&std::fs::read(here.join(format!("tests/data/{name}.onnx")))?)?;
        let scales = balance(&ann, &calibration, DEFAULT_PERCENTILE)?;
        for (readout, start) in
            [(Readout::Potential, 0.5), (Readout::Potential, 0.0), (Readout::Counts, 0.5)]
        {
            let converted = convert(&ann, &scales, Settings { readout, start })?;
            let begin = Instant::now();
            let kept = measure(&ann, &converted, &held_out, Some(&labels), &CHECKPOINTS, 2)?;
            let percent = |share: Option<f64>| 100.0 * share.unwrap_or(f64::NAN);
            println!(
                "{name}, read by {readout:?}, starting at {start} of the threshold: {} digits, ANN \
                 {:.1} %, {:.1} s",
                kept.n_samples,
                percent(kept.ann_accuracy),
                begin.elapsed().as_secs_f64()
            );
            print!("  steps   SNN %  alike %   relative error by layer:");
            converted.layers.iter().for_each(|layer| print!(" {:>9}", layer.name));
            println!();
            for look in &kept.checkpoints {
                print!(
                    "  {:>5} {:>7.1} {:>8.1} {:25}",
                    look.steps,
                    percent(look.accuracy),
                    100.0 * look.agreement,
                    ""
                );
                look.layers.iter().for_each(|layer| print!(" {:>9.4}", layer.relative_error));
                println!();
            }
            let Some(last) = kept.checkpoints.last() else { continue };
            println!(
                "  after {} steps    lambda  mean |error|  correlation  spikes/neuron/step",
                last.steps
            );
            for layer in &last.layers {
                println!(
                    "  {:<10} {:>13.3} {:>13.5} {:>12.5} {:>19.4}",
                    layer.name,
                    layer.lambda,
                    layer.mean_absolute_error,
                    layer.correlation.unwrap_or(f64::NAN),
                    layer.spikes_per_neuron_step
                );
            }
            println!("  {:.0} synaptic operations per digit", kept.synaptic_operations);
        }
    }
    Ok(())
}

fn npz(path: &Path) -> Result<sense::Arrays, Failure> {
    Ok(sense::read_npz(&std::fs::read(path)?, &path.display().to_string())?)
}
