//! The room's integration tests, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bits;
mod described;
mod digits;
mod hostile;
mod served;
mod torch;

use train::{Config, Dataset};

/// Real digits of 8 x 8 pixels.
const DIGITS: &[u8] = include_bytes!("../../../../examples/train/digits.npz");

/// A description of a training on the digits; `changes` are pairs of text and replacement.
fn config(layers: &str, changes: &[(&str, &str)]) -> Config {
    let mut text = format!(
        "[data]\npath = \"digits.npz\"\nscale = 0.0625\nshape = [64]\ntest = 300\nvalidation = 100\n\
         [encoder]\nkind = \"direct\"\nsteps = 8\n\
         [training]\nepochs = 2\nbatch = 64\n\
         [surrogate]\nkind = \"fast_sigmoid\"\nslope = 10.0\n\
         [loss]\nkind = \"rate\"\n[optimiser]\nkind = \"adam\"\nrate = 0.002\n{layers}"
    );
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Config::from_toml(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn data(config: &Config) -> Dataset {
    Dataset::from_npz(DIGITS, &config.data).unwrap()
}

fn linear(features: usize) -> String {
    format!("[[layers]]\nkind = \"linear\"\nfeatures = {features}\n")
}

const LIF: &str = "[[layers]]\nkind = \"lif\"\nbeta = 0.9\n";

fn dense() -> String {
    linear(48) + LIF + &linear(10) + LIF
}

fn convolutional() -> String {
    let conv = |channels, stride| {
        format!(
            "[[layers]]\nkind = \"conv2d\"\nchannels = {channels}\nkernel = 3\nstride = {stride}\npadding = 1\n"
        )
    };
    let norm = "[[layers]]\nkind = \"batch_norm\"\n";
    conv(8, 1)
        + norm
        + LIF
        + &conv(16, 2)
        + LIF
        + "[[layers]]\nkind = \"flatten\"\n"
        + &linear(10)
        + LIF
}

const IMAGES: (&str, &str) = ("shape = [64]", "shape = [1, 8, 8]");
