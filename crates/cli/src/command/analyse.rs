//! `striatum analyse`: statistics of recorded spikes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use circuit::{Kind, Part, Recorded};
use clap::Args;
use serde_json::{Value, json};
use statistics::{Bins, Summary, Trains};

use crate::{Outcome, draw};

/// Statistics of recorded spikes.
///
/// FILE is the spikes.npz of `striatum simulate`, or any .npz with `times` (ms) and `neurons`.
#[derive(Args)]
pub(crate) struct Analyse {
    /// Spikes (.npz).
    file: PathBuf,
    /// Only these populations.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    population: Vec<String>,
    /// Spikes before are left out, like "500 ms".
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Spikes after are left out.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Width of the bins of Fano factor and synchrony.
    #[arg(long, default_value = "3 ms", value_name = "TIME")]
    bin: String,
    /// Width of the bins of correlations.
    #[arg(long, default_value = "10 ms", value_name = "TIME")]
    correlation_bin: String,
    /// Neurons between which correlations are told: the first that fire.
    #[arg(long, default_value_t = 200, value_name = "N")]
    correlations: usize,
    /// Tell the power spectrum of each population's rate (only with --json).
    #[arg(long)]
    spectrum: bool,
    /// Compare with another recording: differences, and distances neuron by neuron.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Time constant of van Rossum's distance, by whose inverse Victor and Purpura's moves a spike.
    #[arg(long, default_value = "10 ms", value_name = "TIME")]
    tau: String,
}

/// Samples of a segment of a spectrum at most.
const SEGMENT: usize = 1024;
/// Neurons of a population between which distances are told: the time of one grows with the
/// square of its spikes.
const MAX_DISTANCES: usize = 1000;

fn time(text: &str, flag: &str) -> Result<f64> {
    let value = Kind::Time.parse(text);
    value.map_err(|found| {
        anyhow::anyhow!("--{flag}: found {found}, expected {}", Kind::Time.expected())
    })
}

/// A recording in the window that was asked for.
struct Window {
    recorded: Recorded,
    from: f64,
    until: f64,
}

impl Window {
    fn trains(&self, part: &Part) -> Result<Trains> {
        let own = |neuron: u32| (neuron as usize).wrapping_sub(part.first) < part.size;
        let spikes = self.recorded.times.iter().zip(&self.recorded.neurons);
        let within = spikes
            .filter(|(time, neuron)| (self.from..=self.until).contains(*time) && own(**neuron));
        let (times, neurons): (Vec<f64>, Vec<u32>) =
            within.map(|(time, neuron)| (*time, neuron - part.first as u32)).unzip();
        Ok(Trains::new(part.size, self.from, self.until, &neurons, &times)?)
    }
}

impl Analyse {
    fn window(&self, file: &Path) -> Result<Window> {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let recorded = Recorded::read(&bytes, &file.display().to_string())?;
        let given = |text: &Option<String>, flag: &str, default: f64| {
            text.as_ref().map_or(Ok(default), |text| time(text, flag))
        };
        let from = given(&self.from, "from", recorded.start)?;
        let until = given(&self.until, "until", recorded.start + recorded.duration)?;
        if from >= until {
            bail!("from {from} to {until} ms: expected a window with time in it");
        }
        Ok(Window { recorded, from, until })
    }

    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        if self.spectrum && !json {
            bail!("--spectrum: expected with --json");
        }
        let bins = Bins {
            width: time(&self.bin, "bin")?,
            correlation_width: time(&self.correlation_bin, "correlation-bin")?,
            correlated: self.correlations.min(statistics::MAX_CORRELATED),
        };
        if bins.width <= 0.0 || bins.correlation_width <= 0.0 {
            bail!("--bin and --correlation-bin: expected more than 0 ms");
        }
        let window = self.window(&self.file)?;
        let parts = self.chosen(&window.recorded)?;
        let other = self.against.as_ref().map(|file| self.window(file)).transpose()?;
        let mut documents = Vec::new();
        for part in &parts {
            let trains = window.trains(part)?;
            let mut document = summary(part, &Summary::of(&trains, &bins));
            if self.spectrum {
                let rate = statistics::population_rate(&trains, bins.width);
                let segment = rate.len().min(SEGMENT);
                let spectrum = statistics::power_spectrum(&rate, bins.width, segment);
                document["spectrum"] =
                    json!({ "frequencies_hz": spectrum.frequencies, "power": spectrum.power });
            }
            if let Some(other) = &other {
                document["against"] = self.compare(part, &trains, other, &bins)?;
            }
            documents.push(document);
        }
        if json {
            println!(
                "{}",
                json!({ "from_ms": window.from, "until_ms": window.until, "populations": documents })
            );
        } else {
            print!("{}", table(&documents));
        }
        Ok(Outcome::Done)
    }

    fn chosen(&self, recorded: &Recorded) -> Result<Vec<Part>> {
        for name in &self.population {
            if !recorded.parts.iter().any(|part| part.name == *name) {
                let known: Vec<&str> = recorded.parts.iter().map(|p| p.name.as_str()).collect();
                bail!("--population {name}: not recorded, expected one of {}", known.join(", "));
            }
        }
        let all = self.population.is_empty();
        let chosen = |part: &&Part| all || self.population.contains(&part.name);
        Ok(recorded.parts.iter().filter(chosen).cloned().collect())
    }

    fn compare(&self, part: &Part, trains: &Trains, other: &Window, bins: &Bins) -> Result<Value> {
        let same = |p: &&Part| p.name == part.name && p.size == part.size;
        let Some(theirs) = other.recorded.parts.iter().find(same) else {
            bail!("--against: no population {} of {} neurons there", part.name, part.size);
        };
        let tau = time(&self.tau, "tau")?;
        let others = other.trains(theirs)?;
        let n = part.size.min(MAX_DISTANCES);
        let mean = |distance: &dyn Fn(&[f64], &[f64]) -> f64| {
            let sum: f64 = (0..n).map(|k| distance(trains.of(k), others.of(k))).sum();
            sum / n.max(1) as f64
        };
        Ok(json!({
            "summary": summary(theirs, &Summary::of(&others, bins)),
            "distance_neurons": n,
            "van_rossum": mean(&|a, b| statistics::van_rossum(a, b, tau)),
            "victor_purpura": mean(&|a, b| statistics::victor_purpura(a, b, 1.0 / tau)),
        }))
    }
}

fn summary(part: &Part, summary: &Summary) -> Value {
    json!({
        "name": part.name,
        "neurons": summary.neurons,
        "spikes": summary.spikes,
        "silent": summary.silent,
        "rate_hz": summary.rate,
        "rate_sd_hz": summary.rate_sd,
        "cv": summary.cv,
        "local_variation": summary.local_variation,
        "fano": summary.fano,
        "synchrony": summary.synchrony,
        "correlation": summary.correlation,
        "correlation_sd": summary.correlation_sd,
    })
}

fn table(documents: &[Value]) -> String {
    let row = |document: &Value, name: String| {
        let number = |key: &str, digits: usize| {
            document[key].as_f64().map_or("-".into(), |value| format!("{value:.digits$}"))
        };
        vec![
            name,
            document["neurons"].to_string(),
            document["spikes"].to_string(),
            number("rate_hz", 3),
            number("rate_sd_hz", 3),
            number("cv", 3),
            number("local_variation", 3),
            number("fano", 2),
            number("synchrony", 4),
            number("correlation", 5),
            number("van_rossum", 3),
            number("victor_purpura", 3),
        ]
    };
    let mut rows = Vec::new();
    for document in documents {
        let name = document["name"].as_str().unwrap_or_default();
        let against = &document["against"];
        let mut own = row(document, name.to_owned());
        if against.is_object() {
            let distances = row(against, String::new());
            own.splice(10.., distances[10..].to_vec());
            rows.push(own);
            rows.push(row(&against["summary"], format!("{name} (other)")));
        } else {
            rows.push(own);
        }
    }
    let mut head = vec![
        "population",
        "neurons",
        "spikes",
        "rate (Hz)",
        "sd",
        "CV",
        "LV",
        "Fano",
        "synchrony",
        "correlation",
        "van Rossum",
        "Victor-Purpura",
    ];
    if documents.iter().all(|document| document["against"].is_null()) {
        head.truncate(10);
        rows.iter_mut().for_each(|row| row.truncate(10));
    }
    draw::table(&head, &rows)
}
