//! Any bytes as `.npy` or `.npz`: `cargo +nightly fuzz run recording` in `crates/sense`.
//!
//! What is read must be readable again after it is written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sense::{Recording, read_npy, write_npy};

fuzz_target!(|bytes: &[u8]| {
    let _ = Recording::from_bytes(bytes, "fuzz");
    if let Ok(array) = read_npy(bytes, "fuzz") {
        let again = read_npy(&write_npy(&array), "again").expect("what was written is read");
        assert_eq!(again.shape(), array.shape());
    }
});
