//! Any bytes as a segment, and as frames whose checksums hold: `cargo +nightly fuzz run segment` in
//! `crates/history`.

#![no_main]

use history::{Config, DiskConfig, History};
use libfuzzer_sys::fuzz_target;

const HEAD: &[u8; 8] = b"STRHIST1";

fn open(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("7.segment"), bytes).expect("it is written");
    let config = Config { disk: Some(DiskConfig::new(folder.path())), ..Config::default() };
    let (history, first) = History::open(config.clone()).expect("what is damaged is told");
    for series in history.select(&[], i64::MIN, i64::MAX) {
        assert!(series.samples(i64::MIN, i64::MAX).count() > 0);
    }
    // What was left of it is sound.
    let (_, again) = History::open(config).expect("what is damaged is told");
    assert!(again.dropped.is_empty() && again.samples == first.samples);
}

fuzz_target!(|bytes: &[u8]| {
    open(bytes);
    let mut framed = HEAD.to_vec();
    for payload in bytes.split(|byte| *byte == 0xfe) {
        framed.extend((payload.len() as u32).to_le_bytes());
        framed.extend(crc32fast::hash(payload).to_le_bytes());
        framed.extend(payload);
    }
    open(&framed);
});
