//! Any bytes as sound, image or series: `cargo +nightly fuzz run signal` in `crates/sense`.
//!
//! A sound goes on through the cochlea.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sense::audio::{Cochlea, CochleaConfig, Sound};
use sense::{SeriesSet, read_png};

fuzz_target!(|bytes: &[u8]| {
    let _ = SeriesSet::read(bytes, "fuzz");
    let _ = read_png(bytes, "fuzz");
    let Ok(sound) = Sound::read(bytes, "fuzz") else { return };
    let samples = sound.mono();
    if let Ok(mut cochlea) = Cochlea::new(CochleaConfig::default(), sound.sample_rate_hz)
        && samples.len() < 1 << 16
    {
        let raster = cochlea.encode(&samples).expect("finite samples");
        assert!(raster.data().iter().all(|count| count.is_finite()));
    }
});
