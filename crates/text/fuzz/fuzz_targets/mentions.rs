//! Any text: `cargo +nightly fuzz run mentions` in `crates/text`.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use text::{Encoder, code, concepts, decisions, encoder::Config, mentions};

static ENCODER: OnceLock<Encoder> = OnceLock::new();

fuzz_target!(|input: &str| {
    let mut end = 0;
    for mention in mentions(input) {
        assert_eq!(&input[mention.range.clone()], mention.name);
        assert!(mention.range.start >= end);
        end = mention.range.end;
    }
    assert!(decisions(input).iter().all(|one| input[one.range.clone()] == one.sentence));
    assert!(code(input).iter().all(|one| input[one.range.clone()] == one.source));
    concepts(input);
    let encoder = ENCODER.get_or_init(|| Encoder::new(Config::default()).expect("the defaults are within their ranges"));
    let length: f32 = encoder.encode(input).iter().map(|number| number * number).sum();
    assert!(length == 0.0 || (length - 1.0).abs() < 1e-4);
});
