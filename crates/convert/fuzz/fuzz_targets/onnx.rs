//! Any bytes as an `.onnx` file: `cargo +nightly fuzz run onnx` in `crates/convert`.
//!
//! What is read must become a spiking network or say why.

#![no_main]

use convert::{Settings, balance, convert, onnx};
use libfuzzer_sys::fuzz_target;

/// Values of a layer above which a network is not run: the fuzzer looks for panics, not for memory.
const MAX_VALUES: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    let Ok(ann) = onnx::read(bytes) else { return };
    if ann.input_size() > MAX_VALUES || ann.layers().iter().any(|l| l.size() > MAX_VALUES) {
        return;
    }
    let sample = vec![0.5; ann.input_size()];
    if let Ok(scales) = balance(&ann, &sample, 99.9) {
        drop(convert(&ann, &scales, Settings::default()));
    }
});
