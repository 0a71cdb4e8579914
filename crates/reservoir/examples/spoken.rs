//! Spoken digits of speakers that were never heard: a cochlea, a liquid, a linear read-out.
//!
//! `cargo run --release -p reservoir --example spoken [FOLDER]`
//!
//! Each of six speakers is held out once. What the liquid is drawn from and the strength of the
//! read-out were chosen on the first three of them; the last three chose nothing. Beside it stands a
//! liquid as it is usually read: the fading trace of its spikes at the end.
//!
//! Last, each of four ears is tried, and for each speaker the ear that is best where the five others
//! are held out in turn.

#![allow(clippy::print_stdout, reason = "an example prints")]
#![allow(clippy::disallowed_methods, reason = "an example tells how long it took")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use reservoir::{Liquid, LiquidConfig, Readout, ReservoirError, Ridge, Windows};
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

/// What makes spikes of a clip, and how strongly the liquid hears them.
struct Ear {
    name: &'static str,
    cochlea: CochleaConfig,
    input_scale: f64,
}

const N_EARS: usize = 4;

fn ears() -> [Ear; N_EARS] {
    let fine = |cochlea| CochleaConfig { step_ms: 1.0, ..cochlea };
    let (tires, words) = (fine(CochleaConfig::default()), fine(CochleaConfig::for_words()));
    [
        Ear { name: "as above", cochlea: tires, input_scale: 3.0 },
        Ear { name: "as above, half as strong", cochlea: tires, input_scale: 1.5 },
        Ear { name: "for words", cochlea: words, input_scale: 3.0 },
        Ear { name: "for words, half as strong", cochlea: words, input_scale: 1.5 },
    ]
}

fn main() -> Result<(), Failure> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder: PathBuf = std::env::args().nth(1).unwrap_or_else(|| beside.to_owned()).into();
    let archive = folder.join("fsdd/fsdd_subset_12per.zip");
    let clips = clips(&archive, &ears()[0].cochlea)?;
    println!("{} clips, each speaker held out once; {SEEDS} seeds", clips.len());
    let plain = LiquidConfig {
        windows: Windows::Fading { tau_steps: 30.0 },
        input_scale: 3.0,
        ..LiquidConfig::new(32, 0)
    };
    table("liquid of 1,000, read as it fades", &clips, &plain, 100.0)?;
    let parts = LiquidConfig { n_neurons: 1500, windows: Windows::Parts(8), ..plain };
    table("liquid of 1,500, read in 8 parts", &clips, &parts, 1000.0)?;
    by_ear(&archive, &parts, 1000.0)
}

/// Each ear, and the one that the speakers who are learned choose for the one who is not.
fn by_ear(archive: &Path, config: &LiquidConfig, lambda: f64) -> Result<(), Failure> {
    let mut shares = Vec::new();
    for ear in ears() {
        let clips = clips(archive, &ear.cochlea)?;
        let config = LiquidConfig { input_scale: ear.input_scale, ..config.clone() };
        let seeds = (0..SEEDS).map(|seed| {
            let rows = answers(&clips, &LiquidConfig { seed, ..config.clone() })?;
            pairs(&clips, &rows, lambda)
        });
        shares.push(seeds.collect::<Result<Vec<_>, ReservoirError>>()?);
    }
    println!("{N_EARS} ears, the same liquid; held out, {SEEDS} seeds");
    for (ear, shares) in ears().iter().zip(&shares) {
        let alone = shares.iter().map(|pairs| mean((0..6).map(|speaker| pairs[speaker][speaker])));
        println!("  {:28}{}", ear.name, spread(&alone.collect::<Vec<f64>>()));
    }
    let mut chosen = Vec::new();
    let mut choices = [0; N_EARS];
    for seed in 0..SEEDS {
        let by_ear: Vec<&Pairs> = shares.iter().map(|seeds| &seeds[seed as usize]).collect();
        let of = (0..6).map(|speaker| {
            let best = favourite(&by_ear, speaker);
            choices[best] += 1;
            by_ear[best][speaker][speaker]
        });
        let of: Vec<f64> = of.collect();
        let line = of.iter().map(|share| format!("{:8.2}", 100.0 * share));
        println!("  chosen, seed {seed}:{}", line.collect::<String>());
        chosen.push(mean(of.into_iter()));
    }
    println!("  {:28}{}   chosen {choices:?} times", "chosen for each speaker", spread(&chosen));
    Ok(())
}

/// The ear that is best for the others, held out in turn beside a speaker.
fn favourite(by_ear: &[&Pairs], speaker: usize) -> usize {
    let within = |ear: usize| {
        let others = (0..6).filter(|other| *other != speaker);
        mean(others.map(|other| by_ear[ear][speaker][other]))
    };
    (0..by_ear.len()).max_by(|a, b| within(*a).total_cmp(&within(*b))).unwrap_or(0)
}

/// At `[a][b]` the share of `b`'s clips right by a read-out that learned neither `a` nor `b`.
type Pairs = Vec<Vec<f64>>;

fn pairs(clips: &[Clip], rows: &[Vec<f32>], lambda: f64) -> Result<Pairs, ReservoirError> {
    let names = speakers(clips);
    let mut shares = vec![vec![0.0; names.len()]; names.len()];
    for a in 0..names.len() {
        for b in a..names.len() {
            let readout = learned(clips, rows, &[names[a], names[b]], lambda)?;
            shares[a][b] = right(clips, rows, names[b], &readout)?;
            shares[b][a] = right(clips, rows, names[a], &readout)?;
        }
    }
    Ok(shares)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = mean(values.iter().copied());
    format!("{:6.2} %  ({:.2} to {:.2})", 100.0 * mean, 100.0 * least, 100.0 * largest)
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
    let readout = learned(clips, rows, &[speaker], lambda)?;
    right(clips, rows, speaker, &readout)
}

/// A read-out that learned all speakers but these.
fn learned(
    clips: &[Clip],
    rows: &[Vec<f32>],
    but: &[&str],
    lambda: f64,
) -> Result<Readout, ReservoirError> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let known = |clip: &Clip| !but.contains(&clip.speaker.as_str());
    for (clip, row) in clips.iter().zip(rows).filter(|(clip, _)| known(clip)) {
        x.extend(row);
        y.extend((0..10).map(|digit| if digit == clip.digit { 1.0 } else { 0.0 }));
    }
    Ridge::fit(&x, &y, 10, lambda)
}

fn right(
    clips: &[Clip],
    rows: &[Vec<f32>],
    speaker: &str,
    readout: &Readout,
) -> Result<f64, ReservoirError> {
    let (mut right, mut n) = (0, 0);
    for (clip, row) in clips.iter().zip(rows).filter(|(clip, _)| clip.speaker == speaker) {
        right += usize::from(readout.class(row)? == clip.digit);
        n += 1;
    }
    Ok(f64::from(right as u32) / f64::from(n.max(1)))
}

/// `DIGIT_SPEAKER_TAKE.wav` of an archive, as spikes of 32 bands in steps of 1 ms.
fn clips(path: &Path, cochlea: &CochleaConfig) -> Result<Vec<Clip>, Failure> {
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
        let spikes = spikes(&Sound::read(&bytes, name)?, cochlea)?;
        clips.push(Clip { digit: digit.parse()?, speaker: speaker.to_owned(), spikes });
    }
    Ok(clips)
}

fn spikes(sound: &Sound, config: &CochleaConfig) -> Result<Raster, Failure> {
    let samples = sound.mono();
    let mut cochlea = Cochlea::new(*config, sound.sample_rate_hz)?;
    let counts = match config.trim_db {
        Some(_) => cochlea.encode(&samples)?,
        None => cochlea.encode(loud(&samples))?,
    };
    Ok(Raster::from_dense(counts.data(), config.bands))
}

/// From the first to the last sample that is not silence.
fn loud(samples: &[f32]) -> &[f32] {
    let peak = samples.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    let loud = |sample: &f32| sample.abs() > SILENT * peak;
    let first = samples.iter().position(loud).unwrap_or(0);
    let last = samples.iter().rposition(loud).unwrap_or(samples.len().saturating_sub(1));
    &samples[first..=last]
}
