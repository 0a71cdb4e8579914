//! Any bytes as each format of event cameras, whole and in two pieces:
//! `cargo +nightly fuzz run event` in `crates/sense`.
//!
//! Time stays in order, and pieces give what the whole gives.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sense::event::{Decoder, Events, Format};

const FORMATS: [Format; 5] =
    [Format::Aedat4, Format::Evt2, Format::Evt3, Format::Dat, Format::NMnist];

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (format, cut, bytes) = input;
    let format = FORMATS[usize::from(format) % FORMATS.len()];
    let Ok((whole, report)) = format.read(bytes, "fuzz") else { return };
    assert!(whole.t_us().is_sorted());
    let (first, second) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let mut decoder = Decoder::new(format, "fuzz");
    let mut events = Events::new();
    decoder.push(first, &mut events).expect("what the whole allows");
    decoder.push(second, &mut events).expect("what the whole allows");
    assert!(events == whole && decoder.finish().expect("the end") == report);
});
