//! Any bytes as CSV: `cargo +nightly fuzz run table` in `crates/sense`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sense::Table;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(table) = Table::read(bytes, "fuzz") {
        // Sizes are given, so that one event far out does not ask for a gigabyte on each run.
        let _ = table.to_raster(Some(64), Some(64), 1e-3);
    }
});
