//! Any bytes as the body of a request: `cargo +nightly fuzz run request` in `crates/server`.

#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use server::{Config, Model, parse};

static MODEL: OnceLock<Model> = OnceLock::new();

fuzz_target!(|body: &[u8]| {
    let model = MODEL.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../models/digits/1");
        Model::load("digits", 1, &folder).expect("the demo model loads")
    });
    let _ = parse(body, None, model, &Config::default());
    if let Some((first, rest)) = body.split_first() {
        let _ = parse(rest, Some(usize::from(*first)), model, &Config::default());
    }
});
