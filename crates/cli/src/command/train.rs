//! `striatum train`: a network from its description to a NIR file and a model that can be served.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use train::{Config, Dataset, Ended, EpochReport, Trainer, TrainingReport};

use super::run::replace;
use crate::Outcome;

/// Bytes of a description at most.
const MAX_DESCRIPTION_BYTES: u64 = 1 << 20;
/// Files of a folder of samples at most.
const MAX_FILES: usize = 1_000_000;
/// Epochs that a curve in the terminal shows.
const CURVE: usize = 60;

/// Train a network that a file describes.
///
/// FILE is TOML: data, encoder, layers, training (docs/concepts/training.md has every key). The
/// epoch that is best on the validation part is kept; the test part is looked at once, at the end.
/// FOLDER then holds models/NAME/VERSION with model.nir and model.toml, which `striatum serve
/// --models FOLDER/models` takes as it is, report.json, curves.svg and checkpoint.bin.
#[derive(Args)]
pub(crate) struct Train {
    /// A description (.toml).
    file: PathBuf,
    /// Where results go [default: trained/ and the name of FILE].
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on from the checkpoint in FOLDER, to the same bits.
    #[arg(long)]
    resume: bool,
    /// The model's name [default: the name of FILE].
    #[arg(long)]
    name: Option<String>,
    /// The model's version.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    model_version: u32,
    /// Passes over the data, whatever FILE says.
    #[arg(long)]
    epochs: Option<usize>,
    /// Seed, whatever FILE says.
    #[arg(long)]
    seed: Option<u64>,
    /// Threads; 0 means all cores. The result is the same for any number.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=256))]
    threads: u32,
    /// Check the description and the data, without training.
    #[arg(long)]
    check: bool,
}

impl Train {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => stem(&self.file)?,
        };
        let out = self.out.clone().unwrap_or_else(|| Path::new("trained").join(&name));
        let config = self.config()?;
        let data = read(&config, self.file.parent().unwrap_or(Path::new(".")))?;
        let threads = match self.threads {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get()),
            n => n as usize,
        };
        let checkpoint = out.join("checkpoint.bin");
        let mut trainer = if self.resume {
            let bytes = std::fs::read(&checkpoint);
            let bytes = bytes.with_context(|| checkpoint.display().to_string())?;
            Trainer::resume(config.clone(), data, threads, &bytes)?
        } else {
            Trainer::new(config.clone(), data, threads)?
        };
        let split = trainer.split();
        eprintln!(
            "{} weights; {} samples train, {} choose, {} test",
            trainer.n_parameters(),
            split.training.len(),
            split.validation.len(),
            split.test.len(),
        );
        if self.check {
            return Ok(Outcome::Done);
        }
        if !self.resume && checkpoint.exists() {
            bail!("{}: exists, expected --resume, or another --out", checkpoint.display());
        }
        std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
        epochs(&mut trainer, config.training.epochs, &checkpoint)?;
        let report = trainer.report();
        let folder = out.join("models").join(&name).join(self.model_version.to_string());
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let best = trainer.best();
        let bytes = best.nir()?;
        // What was written must read back and run.
        nir::from_bytes(&bytes)?;
        replace(&folder.join("model.nir"), &bytes)?;
        replace(&folder.join("model.toml"), best.model_toml().as_bytes())?;
        replace(&out.join("report.json"), format!("{:#}\n", json!(report)).as_bytes())?;
        replace(&out.join("curves.svg"), report.svg().as_bytes())?;
        if json {
            println!("{:#}", json!({ "model": folder, "report": report }));
        } else {
            print!("{}", told(&report));
            println!("model       {}", folder.join("model.nir").display());
            println!("curves      {}", out.join("curves.svg").display());
            println!("serve it    striatum serve --models {}", out.join("models").display());
        }
        Ok(Outcome::Done)
    }

    fn config(&self) -> Result<Config> {
        let place = || self.file.display().to_string();
        let size = std::fs::metadata(&self.file).with_context(place)?.len();
        if size > MAX_DESCRIPTION_BYTES {
            bail!("{}: {size} bytes, expected at most {MAX_DESCRIPTION_BYTES}", place());
        }
        let text = std::fs::read_to_string(&self.file).with_context(place)?;
        let mut config = Config::from_toml(&text).with_context(place)?;
        config.training.epochs = self.epochs.unwrap_or(config.training.epochs);
        config.training.seed = self.seed.unwrap_or(config.training.seed);
        Ok(config)
    }
}

fn stem(file: &Path) -> Result<String> {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    stem.map(str::to_owned).with_context(|| format!("{}: no name", file.display()))
}

/// The data that a description names, relative to its folder.
fn read(config: &Config, folder: &Path) -> Result<Dataset> {
    let path = folder.join(&config.data.path);
    let place = || path.display().to_string();
    if path.is_dir() {
        return of_folder(config, &path);
    }
    let size = std::fs::metadata(&path).with_context(place)?.len();
    if size > sense::limits::MAX_FILE_BYTES {
        bail!("{}: {size} bytes, expected at most {}", place(), sense::limits::MAX_FILE_BYTES);
    }
    let bytes = std::fs::read(&path).with_context(place)?;
    Ok(match path.extension().and_then(|e| e.to_str()) {
        Some("csv") => {
            let text = String::from_utf8(bytes).with_context(place)?;
            Dataset::from_csv(&text, &config.data)?
        }
        _ => Dataset::from_npz(&bytes, &config.data)?,
    })
}

/// A folder of classes, each a folder of `.npy` files.
fn of_folder(config: &Config, path: &Path) -> Result<Dataset> {
    let mut files = Vec::new();
    let list = |path: &Path| -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
        let mut paths = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    for class in list(path)?.into_iter().filter(|path| path.is_dir()) {
        let name = class.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        for file in list(&class)?.into_iter().filter(|f| f.extension().is_some_and(|e| e == "npy"))
        {
            if files.len() == MAX_FILES {
                bail!("{}: expected at most {MAX_FILES} files", path.display());
            }
            let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
            files.push((name.clone(), file.display().to_string(), bytes));
        }
    }
    let each = files.iter().map(|(class, name, bytes)| (&class[..], &name[..], bytes.clone()));
    Ok(Dataset::from_files(each, &config.data)?)
}

/// Runs what is left of a training; the checkpoint is renewed after each epoch.
fn epochs(trainer: &mut Trainer, last: usize, checkpoint: &Path) -> Result<()> {
    let bar = ProgressBar::new(last as u64);
    let style = ProgressStyle::with_template("{bar:24} epoch {pos} of {len}  {msg}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_position(trainer.epochs().len() as u64);
    let origin = Instant::now();
    while trainer.ended() == Ended::Not {
        let epoch = trainer.epoch(&mut || origin.elapsed().as_secs_f64())?;
        replace(checkpoint, &trainer.checkpoint())?;
        let line = line(&epoch);
        if std::io::stderr().is_terminal() {
            bar.println(line);
        } else {
            eprintln!("{line}");
        }
        let losses: Vec<f64> = trainer.epochs().iter().map(|e| e.validation.loss).collect();
        bar.set_message(curve(&losses));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn line(e: &EpochReport) -> String {
    let rates: Vec<String> =
        e.validation.spikes_per_neuron_step.iter().map(|rate| format!("{rate:.3}")).collect();
    format!(
        "epoch {:4}  loss {:.4}, validation {:.4}  accuracy {:6.2} %, validation {:6.2} %  spikes {}  {:.2} s{}",
        e.epoch,
        e.training.loss,
        e.validation.loss,
        100.0 * e.training.accuracy,
        100.0 * e.validation.accuracy,
        rates.join(" "),
        e.seconds,
        if e.is_best { "  best" } else { "" },
    )
}

/// The last values as a line of bars.
fn curve(values: &[f64]) -> String {
    let bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values = &values[values.len().saturating_sub(CURVE)..];
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let place = |v: f64| ((v - low) / (high - low).max(1e-12) * 7.0).round() as usize;
    values.iter().map(|v| bars[place(*v).min(7)]).collect()
}

fn told(report: &TrainingReport) -> String {
    let losses = report.losses().map(|curve| curve.points.iter().map(|p| p.1).collect::<Vec<_>>());
    let mut text = format!(
        "best epoch  {} of {}\nvalidation  {:.2} %\n",
        report.best_epoch,
        report.epochs.len(),
        100.0 * report.validation.accuracy,
    );
    if let Some(test) = &report.test {
        text +=
            &format!("test        {:.2} % of {} held out\n", 100.0 * test.accuracy, test.samples);
    }
    text += &format!("loss        {} training\n", curve(&losses[0]));
    text += &format!("            {} validation\n", curve(&losses[1]));
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_curve_goes_from_the_lowest_bar_to_the_highest() {
        assert_eq!(super::curve(&[7.0, 3.5, 0.0]), "█▅▁");
        assert_eq!(super::curve(&[1.0, 1.0]), "▁▁");
        assert_eq!(super::curve(&[]), "");
        assert_eq!(super::curve(&vec![1.0; 100]).chars().count(), super::CURVE);
    }
}
