//! Sounds as rasters: reads WAV or FLAC files and writes what the cochlea makes of each.
//!
//! `cargo run --release -p sense --example sounds -- OUT.npz [KEY=VALUE...] FILE...` writes one
//! array of shape (steps, bands) for each file; keys are `bands`, `step_ms`, `mel`, `level`,
//! `trim_db`, and those of the
//! hair cell: `threshold`, `exponent`, `tau`, `adaptation`, `tau_adaptation`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;

use sense::audio::{Cochlea, CochleaConfig, Filter, Sound};
use sense::{Arrays, write_npz};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("expected OUT.npz")?;
    let mut config = CochleaConfig::for_words();
    let (mut arrays, mut n_spikes, mut seconds) = (Arrays::new(), 0.0, 0.0);
    for argument in arguments {
        if let Some((key, value)) = argument.split_once('=') {
            set(&mut config, key, value.parse()?)?;
            continue;
        }
        let sound = Sound::read(&std::fs::read(&argument)?, &argument)?;
        let mut cochlea = Cochlea::new(config, sound.sample_rate_hz)?;
        let raster = cochlea.encode(&sound.mono())?;
        n_spikes += f64::from(raster.data().iter().sum::<f32>());
        seconds += sound.seconds();
        let name = argument.rsplit('/').next().unwrap_or(&argument);
        arrays.insert(name.to_owned(), raster);
    }
    let rate = n_spikes / seconds / config.bands as f64;
    println!("{} sounds, {seconds:.1} s, {rate:.1} spikes a second and band", arrays.len());
    std::fs::write(out, write_npz(&arrays)?)?;
    Ok(())
}

fn set(config: &mut CochleaConfig, key: &str, value: f64) -> Result<(), String> {
    let cell = &mut config.hair_cell;
    match key {
        "bands" => config.bands = value as usize,
        "step_ms" => config.step_ms = value,
        "mel" => config.filter = Filter::Mel { frame_seconds: value },
        "trim_db" => config.trim_db = Some(value),
        "level" => config.level = Some(value),
        "threshold" => cell.threshold = value,
        "exponent" => cell.exponent = value,
        "tau" => cell.tau_mem_seconds = value,
        "adaptation" => cell.adaptation = value,
        "tau_adaptation" => cell.tau_adaptation_seconds = value,
        _ => return Err(format!("no key `{key}`")),
    }
    Ok(())
}
