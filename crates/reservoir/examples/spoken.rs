//! Spoken digits of speakers that were never heard: a cochlea, a liquid, a linear read-out.
//!
//! `cargo run --release -p reservoir --example spoken [FOLDER]`
//!
//! Each of six speakers is held out once. What the liquid is drawn from and the strength of the
//! read-out were chosen on the first three of them; the last three chose nothing. Beside it stands a
//! liquid as it is usually read: the fading trace of its spikes at the end.

#![allow(clippy::print_stdout, reason = "an example prints")]
#![allow(clippy::disallowed_methods, reason = "an example tells how long it took")]

use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;

use reservoir::{Liquid, LiquidConfig, ReservoirError, Ridge, Windows};
use sense::audio::{Cochlea, CochleaConfig, Sound};
use spike::Raster;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Recordings, and liquids drawn for each row.
const SEEDS: u64 = 3;

/// Below this share of its peak a clip is silence, at its beginning and its end.
const SILENT: f32 = 0.03;

struct Clip {
    digit: usize,
    speaker: String,
    spikes: Raster,
}

fn main() -> Result<(), Failure> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder: PathBuf = std::env::args().nth(1).unwrap_or_else(|| beside.to_owned()).into();
    let clips = clips(&folder.join("fsdd/fsdd_subset_12per.zip"))?;
    println!("{} clips, each speaker held out once; {SEEDS} seeds", clips.len());
    let plain = LiquidConfig {
        windows: Windows::Fading { tau_steps: 30.0 },
        input_scale: 3.0,
        ..LiquidConfig::new(32, 0)
    };
    table("liquid of 1,000, read as it fades", &clips, &plain, 100.0)?;
    let parts = LiquidConfig { n_neurons: 1500, windows: Windows::Parts(8), ..plain };
    table("liquid of 1,500, read in 8 parts", &clips, &parts, 1000.0)
}

fn table(name: &str, clips: &[Clip], config: &LiquidConfig, lambda: f64) -> Result<(), Failure> {
    println!("{name}");
    let mut means = Vec::new();
    for seed in 0..SEEDS {
        let begin = Instant::now();
        let config = LiquidConfig { seed, ..config.clone() };
        let rows = answers(clips, &config)?;
        let mut line = String::new();
        let mut sum = 0.0;
        for speaker in speakers(clips) {
            let share = held_out(clips, &rows, speaker, lambda)?;
            line += &format!("  {speaker} {:.2}", 100.0 * share);
            sum += 100.0 * share;
        }
        means.push(sum / speakers(clips).len() as f64);
        let seconds = begin.elapsed().as_secs_f64();
        println!("  seed {seed}: {:.2} % {line}  ({seconds:.1} s)", means[seed as usize]);
    }
    let mean = means.iter().sum::<f64>() / means.len() as f64;
    println!("  mean {mean:.2} %");
    Ok(())
}

fn speakers(clips: &[Clip]) -> Vec<&str> {
    let mut names: Vec<&str> = clips.iter().map(|clip| clip.speaker.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The rows of all clips, on two threads.
fn answers(clips: &[Clip], config: &LiquidConfig) -> Result<Vec<Vec<f32>>, ReservoirError> {
    let of = |part: &[Clip]| -> Result<Vec<Vec<f32>>, ReservoirError> {
        let mut liquid = Liquid::new(config.clone())?;
        part.iter()
            .map(|clip| {
                // Counts grow with their variance; their roots do not.
                let row = liquid.respond(&clip.spikes)?;
                Ok(row.into_iter().map(f32::sqrt).collect())
            })
            .collect()
    };
    let (first, second) = clips.split_at(clips.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| of(second));
        let mut rows = of(first)?;
        rows.extend(second.join().unwrap_or_else(|_| Ok(Vec::new()))?);
        Ok(rows)
    })
}

fn held_out(
    clips: &[Clip],
    rows: &[Vec<f32>],
    speaker: &str,
    lambda: f64,
) -> Result<f64, ReservoirError> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for (clip, row) in clips.iter().zip(rows).filter(|(clip, _)| clip.speaker != speaker) {
        x.extend(row);
        y.extend((0..10).map(|digit| if digit == clip.digit { 1.0 } else { 0.0 }));
    }
    let readout = Ridge::fit(&x, &y, 10, lambda)?;
    let (mut right, mut n) = (0, 0);
    for (clip, row) in clips.iter().zip(rows).filter(|(clip, _)| clip.speaker == speaker) {
        right += usize::from(readout.class(row)? == clip.digit);
        n += 1;
    }
    Ok(f64::from(right as u32) / f64::from(n.max(1)))
}

/// `DIGIT_SPEAKER_TAKE.wav` of an archive, as spikes of 32 bands in steps of 1 ms.
fn clips(path: &std::path::Path) -> Result<Vec<Clip>, Failure> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path)?)?;
    let mut clips = Vec::new();
    for idx in 0..archive.len() {
        let mut file = archive.by_index(idx)?;
        let path = file.name()?.into_owned();
        let name = path.rsplit('/').next().unwrap_or_default();
        let Some(name) = name.strip_suffix(".wav") else { continue };
        let [digit, speaker, _] = name.split('_').collect::<Vec<_>>()[..] else { continue };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let spikes = spikes(&Sound::read(&bytes, name)?)?;
        clips.push(Clip { digit: digit.parse()?, speaker: speaker.to_owned(), spikes });
    }
    Ok(clips)
}

fn spikes(sound: &Sound) -> Result<Raster, Failure> {
    let samples = sound.mono();
    let peak = samples.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    let loud = |sample: &f32| sample.abs() > SILENT * peak;
    let first = samples.iter().position(loud).unwrap_or(0);
    let last = samples.iter().rposition(loud).unwrap_or(samples.len().saturating_sub(1));
    let config = CochleaConfig { step_ms: 1.0, ..CochleaConfig::default() };
    let mut cochlea = Cochlea::new(config, sound.sample_rate_hz)?;
    let counts = cochlea.encode(&samples[first..=last])?;
    Ok(Raster::from_dense(counts.data(), config.bands))
}
