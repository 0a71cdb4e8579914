//! The data of the examples: UCI digits and MNIST as they lie in a folder.

use std::io::Read;
use std::path::PathBuf;

use plasticity::protocol::Samples;

/// The folder of data: the first argument, or `shared/data` beside the repository.
pub(crate) fn folder() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    std::env::args().nth(1).unwrap_or_else(|| beside.to_owned()).into()
}

/// 1,797 digits of 8 x 8 pixels in 0 to 16, scaled to 0 to 1.
#[allow(dead_code, reason = "each example has one data set")]
pub(crate) fn digits() -> std::io::Result<Samples> {
    let mut text = String::new();
    let file = std::fs::File::open(folder().join("digits/digits.csv.gz"))?;
    flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    let mut samples = Samples { n_inputs: 64, ..Samples::default() };
    for line in text.lines() {
        let values: Vec<f32> = line.split(',').filter_map(|v| v.parse().ok()).collect();
        samples.inputs.extend(values[..64].iter().map(|v| v / 16.0));
        samples.classes.push(values[64] as u32);
    }
    Ok(samples)
}

/// MNIST digits of 28 x 28 pixels, scaled to 0 to 1.
#[allow(dead_code, reason = "each example has one data set")]
pub(crate) fn mnist() -> Result<Samples, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(folder().join("mnist/mnist_9000.npz"))?;
    let arrays = sense::read_npz(&bytes, "mnist_9000.npz")?;
    let get = |name: &str| arrays.get(name).ok_or_else(|| format!("no array {name}"));
    Ok(Samples {
        n_inputs: 784,
        inputs: get("x")?.data().iter().map(|v| v / 255.0).collect(),
        classes: get("y")?.data().iter().map(|v| *v as u32).collect(),
    })
}

/// Mean, least and largest, in percent.
#[allow(dead_code, reason = "not every example has seeds")]
pub(crate) fn spread(values: &[f64]) -> String {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:6.2} %  ({:.2} to {:.2})", 100.0 * mean, 100.0 * least, 100.0 * largest)
}
