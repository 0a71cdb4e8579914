//! `striatum bench simulation`: seconds per biological second, the simulation phase alone, with
//! construction time and resident size beside it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::command::simulate::{self, Settings};
use crate::machine::{cpu_seconds, resident_mib};
use crate::{Outcome, draw};

/// The networks of the benchmark: name, file, drive, biological seconds of a measurement.
const NETWORKS: [(&str, &str, &[&str], f64); 6] = [
    ("cuba", "cuba", &[], 10.0),
    ("coba", "coba", &[], 5.0),
    ("brunel", "brunel", &[], 1.0),
    ("microcircuit-dc", "microcircuit", &["--drive", "dc"], 1.0),
    ("microcircuit-poisson", "microcircuit", &["--drive", "poisson"], 1.0),
    ("plastic", "plastic", &[], 1.0),
];
/// Biological time before a measurement (s).
const WARM_UP: f64 = 0.5;

/// Simulation: seconds per biological second of whole circuits.
#[derive(Args, Clone)]
pub(crate) struct Circuits {
    /// A description or the name of a shipped circuit; without one, the whole benchmark.
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// Threads to measure with; without them, 1 and as many as the machine has.
    #[arg(long, value_delimiter = ',')]
    threads: Vec<u32>,
    /// Biological seconds of one measurement.
    #[arg(long)]
    seconds: Option<f64>,
    /// Measurements, of which the least and the median are told.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    #[command(flatten)]
    settings: Settings,
}

impl Circuits {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let threads = match &self.threads[..] {
            [] => {
                let cores = std::thread::available_parallelism().map_or(1, usize::from) as u32;
                if cores > 1 { vec![1, cores] } else { vec![1] }
            }
            given => given.to_vec(),
        };
        let mut measured = Vec::new();
        match &self.network {
            Some(file) => {
                for &threads in &threads {
                    measured.push(self.measure(file, threads)?);
                }
            }
            // A process for each, so that resident sizes are each one's own.
            None => {
                for (name, file, flags, seconds) in NETWORKS {
                    for &threads in &threads {
                        measured.push(self.apart(name, file, flags, seconds, threads)?);
                    }
                }
            }
        }
        if json {
            println!("{}", json!({ "simulation": measured }));
        } else {
            print!("{}", table(&measured));
        }
        Ok(Outcome::Done)
    }

    /// Measures a network in a process of its own.
    fn apart(
        &self,
        name: &str,
        file: &str,
        flags: &[&str],
        seconds: f64,
        threads: u32,
    ) -> Result<Value> {
        eprintln!("{name} on {threads} threads");
        let seconds = self.seconds.unwrap_or(seconds).to_string();
        let (threads, runs) = (threads.to_string(), self.runs.to_string());
        let ours = std::env::current_exe()?;
        let mut command = Command::new(ours);
        command.args(["--json", "bench", "simulation", "--network", file, "--threads", &threads]);
        command.args(["--seconds", &seconds, "--runs", &runs]).args(flags);
        let output = command.stderr(std::process::Stdio::inherit()).output()?;
        let document: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{name}: the measurement failed"))?;
        let mut one = document["simulation"][0].clone();
        one["network"] = name.into();
        Ok(one)
    }

    fn measure(&self, file: &Path, threads: u32) -> Result<Value> {
        let mut described = self.settings.read(file)?;
        let seconds = self.seconds.unwrap_or(described.duration * 1e-3);
        if !(seconds > 0.0 && seconds <= 3600.0) {
            bail!("--seconds {seconds}: expected more than 0 and at most 3600");
        }
        // A measurement records nothing: spikes are counted.
        described.circuit.populations.iter_mut().for_each(|p| p.recorded = false);
        let mut built = simulate::build(&described, threads as usize)?;
        let simulation = &mut built.simulation;
        simulation.run(described.steps(WARM_UP * 1e3), 0);
        let steps = described.steps(seconds * 1e3);
        let (mut walls, mut cpus, mut events) = (Vec::new(), Vec::new(), 0);
        let mut spikes = vec![0u64; described.circuit.populations.len()];
        for _ in 0..self.runs {
            let (started, cpu) = (Instant::now(), cpu_seconds());
            let report = simulation.run(steps, 0);
            walls.push(started.elapsed().as_secs_f64() / seconds);
            cpus.push((cpu_seconds() - cpu) / seconds);
            events += report.synaptic_events;
            spikes.iter_mut().zip(report.spikes).for_each(|(sum, n)| *sum += n);
        }
        walls.sort_by(f64::total_cmp);
        cpus.sort_by(f64::total_cmp);
        let biological = seconds * f64::from(self.runs);
        let populations = described.circuit.populations.iter().zip(&spikes);
        let rates: serde_json::Map<String, Value> = populations
            .map(|(p, n)| (p.name.clone(), json!(*n as f64 / p.size as f64 / biological)))
            .collect();
        let median = walls[walls.len() / 2];
        Ok(json!({
            "network": file.file_stem().and_then(|stem| stem.to_str()),
            "threads": threads,
            "seconds_per_biological_second": median,
            "least": walls[0],
            "cpu_seconds_per_biological_second": cpus[cpus.len() / 2],
            "biological_seconds": biological,
            "construction_seconds": built.construction_seconds,
            "resident_mib": resident_mib(),
            "synapses": built.simulation.synapses(),
            "bytes_per_synapse": built.simulation.bytes() as f64 / built.simulation.synapses().max(1) as f64,
            "synaptic_events_per_second": events as f64 / biological / median,
            "rates_hz": rates,
        }))
    }
}

fn table(measured: &[Value]) -> String {
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|m| {
            let number =
                |key: &str, digits: usize| format!("{:.digits$}", m[key].as_f64().unwrap_or(0.0));
            let giga = m["synaptic_events_per_second"].as_f64().unwrap_or(0.0) / 1e9;
            vec![
                m["network"].as_str().unwrap_or_default().to_owned(),
                m["threads"].to_string(),
                number("seconds_per_biological_second", 4),
                number("least", 4),
                number("cpu_seconds_per_biological_second", 4),
                number("construction_seconds", 2),
                number("resident_mib", 0),
                number("bytes_per_synapse", 1),
                format!("{giga:.2}"),
            ]
        })
        .collect();
    draw::table(
        &[
            "network",
            "threads",
            "s per s",
            "least",
            "CPU s per s",
            "construction s",
            "MiB",
            "B per synapse",
            "G events/s",
        ],
        &rows,
    )
}
