//! Any bytes as a `.nir` file: `cargo +nightly fuzz run reader` in `crates/nir`.
//!
//! What is read must compile or say why, and be readable again after it is written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nir::{Profile, WriteVersion, from_bytes, guess, to_bytes};

/// Values of a graph above which it is not compiled: the fuzzer looks for panics, not for memory.
const MAX_VALUES: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(loaded) = from_bytes(bytes) else { return };
    let shapes = loaded.graph.shapes();
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    if shapes.values().any(|s| size(&s.input) > MAX_VALUES || size(&s.output) > MAX_VALUES) {
        return;
    }
    let options = guess(&loaded.graph).options;
    if let Ok((network, _)) = loaded.graph.compile(&Profile::with(&options)) {
        let inputs: Vec<spike::Raster> = network
            .inputs()
            .iter()
            .map(|port| spike::Raster::from_dense(&vec![1.0; 2 * port.size], port.size))
            .collect();
        spike::Session::new(network.into()).run(&inputs).expect("inputs of the right size run");
    }
    if let Ok(written) = to_bytes(&loaded.graph, WriteVersion::V1_0_8) {
        from_bytes(&written).expect("what was written is read");
    }
});
