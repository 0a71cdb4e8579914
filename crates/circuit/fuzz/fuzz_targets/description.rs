//! Reads any text as a description: it is right, or it says what is wrong; what is right and small
//! is built and run.
#![no_main]

use circuit::{Overrides, no_files, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match read(text, &Overrides::default(), &no_files) {
        Ok(described) => {
            let estimate = described.circuit.estimate();
            if estimate.synapses < 10_000 && estimate.bytes < 1 << 24 {
                let built = described.circuit.build(1);
                built.expect("what was checked is built").run(20, 1);
            }
        }
        Err(problems) => assert!(!problems.0.is_empty()),
    }
});
