//! `striatum bench`: how fast networks run here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use spike::{Compiled, Raster, Report, Session};

use crate::command::simulation::Circuits;
use crate::machine::cpu_seconds;
use crate::network::{Network, ProfileFlags};
use crate::{Outcome, data, draw, machine};

/// Where the networks of the peers' benchmark lie.
const NETWORKS: &str = "benches/networks";
/// Inputs that a measurement goes through, so that no branch is learnt by heart.
const N_INPUTS: usize = 16;
/// How long the machine's limit is measured.
const LIMIT_SECONDS: f64 = 0.3;

/// Measure how fast networks run here.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    command: Option<Kind>,
    /// Time the frameworks that people use today beside it, in one run (needs Python; see
    /// benches/peers/README.md).
    #[arg(long)]
    peers: bool,
}

#[derive(Subcommand)]
enum Kind {
    /// Inference: processor time per inference, one thread.
    Inference(Inference),
    /// Simulation: seconds per biological second of whole circuits.
    Simulation(Circuits),
}

/// Inference: processor time per inference, one thread.
#[derive(Args, Clone)]
struct Inference {
    /// A .nir file; without one, the three networks of the peers' benchmark.
    #[arg(long, value_name = "FILE")]
    network: Option<PathBuf>,
    /// Input of shape (steps, batch, ...), an .npy file; without one, random spikes.
    #[arg(long, value_name = "NPY")]
    input: Option<PathBuf>,
    /// Sequences of one batch.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Threads.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: u32,
    /// How long to measure.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Steps of a random input.
    #[arg(long, default_value_t = 100)]
    steps: usize,
    /// Share of a random input that spikes.
    #[arg(long, default_value_t = 0.02)]
    density: f64,
    #[command(flatten)]
    profile: ProfileFlags,
}

impl Bench {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        if self.peers {
            return peers();
        }
        let inference = match self.command {
            Some(Kind::Inference(inference)) => inference,
            Some(Kind::Simulation(circuits)) => return circuits.run(json),
            None => bail!("expected `bench inference`, `bench simulation` or `bench --peers`"),
        };
        let networks: Vec<PathBuf> = match &inference.network {
            Some(file) => vec![file.clone()],
            None => ["ff", "shd", "conv"]
                .map(|n| Path::new(NETWORKS).join(n).with_extension("nir"))
                .into(),
        };
        let measured: Vec<Value> =
            networks.iter().map(|file| inference.measure(file)).collect::<Result<_>>()?;
        if json {
            let whole = match measured.as_slice() {
                [one] => one.clone(),
                many => Value::from(many.to_vec()),
            };
            println!("{whole}");
        } else {
            print!("{}", table(&measured));
        }
        Ok(Outcome::Done)
    }
}

fn peers() -> Result<Outcome> {
    let script = Path::new("benches/peers/run.py");
    if !script.is_file() {
        bail!("{}: not found, expected to be run in a checkout", script.display());
    }
    let ours = std::env::current_exe()?;
    let status = Command::new("python3").arg(script).arg("--striatum").arg(ours).status();
    let status = status.context("python3 (benches/peers/setup.sh installs the frameworks)")?;
    if !status.success() {
        bail!("{} failed; benches/peers/README.md says what it needs", script.display());
    }
    Ok(Outcome::Done)
}

impl Inference {
    fn measure(&self, file: &Path) -> Result<Value> {
        if !(self.seconds > 0.0 && self.seconds <= 3600.0) {
            bail!("--seconds {}: expected more than 0 and at most 3600", self.seconds);
        }
        if !(0.0..=1.0).contains(&self.density) || self.steps == 0 {
            bail!("--density and --steps: expected 0 to 1 and at least 1");
        }
        let network = Network::read(file, &self.profile)?;
        let (compiled, _) = network.compile()?;
        let compiled = Arc::new(compiled);
        let first = self.first_input(&compiled)?;
        let batches: Vec<Vec<Raster>> =
            (0..N_INPUTS).map(|k| first.iter().map(|r| turned(r, k)).collect()).collect();
        let spikes: f32 = self.once(&compiled, &batches[0])?.1;
        let mut session = Session::batch(Arc::clone(&compiled), first.len());
        let (mut walls, mut report) = (Vec::new(), Report::default());
        let threaded = self.threads > 1;
        let (since, cpu) = (Instant::now(), cpu_seconds());
        while since.elapsed().as_secs_f64() < self.seconds || walls.len() < N_INPUTS {
            let batch = &batches[walls.len() % N_INPUTS];
            let started = Instant::now();
            let run = if threaded {
                spike::run_batch(&compiled, batch, self.threads as usize)?
            } else {
                session.reset();
                session.run(batch)?
            };
            walls.push(started.elapsed().as_secs_f64());
            report.synaptic_operations += run.report.synaptic_operations;
            report.spikes += run.report.spikes;
        }
        let cpu = cpu_seconds() - cpu;
        let inferences = (walls.len() * first.len()) as f64;
        walls.sort_by(f64::total_cmp);
        let wall = |p: f64| walls[((walls.len() - 1) as f64 * p) as usize] * 1e3;
        let per_second = report.synaptic_operations as f64 / cpu;
        let limits = [limit(&compiled, true), limit(&compiled, false)];
        Ok(json!({
            "network": file,
            "profile": network.framework(),
            "batch": first.len(),
            "threads": self.threads,
            "n_runs": walls.len(),
            "cpu_ms_per_inference": cpu * 1e3 / inferences,
            "wall_ms_per_batch": { "min": wall(0.0), "median": wall(0.5), "p99": wall(0.99) },
            "latency_ms_median": wall(0.5),
            "latency_ms_p99": wall(0.99),
            "rss_mb": machine::resident_mib(),
            "synaptic_operations_per_inference": report.synaptic_operations as f64 / inferences,
            "synaptic_operations_per_second": per_second,
            "limit_operations_per_second": { "bytes": limits[0], "floats": limits[1] },
            "share_of_limit": { "bytes": per_second / limits[0], "floats": per_second / limits[1] },
            "n_output_spikes": spikes,
            "instruction_set": format!("{:?}", compiled.isa()),
        }))
    }

    /// One raster per sequence: from the file, or random.
    fn first_input(&self, compiled: &Compiled) -> Result<Vec<Raster>> {
        let ports = compiled.inputs();
        let [port] = ports.as_slice() else {
            bail!("{} inputs, expected one", ports.len());
        };
        let Some(path) = &self.input else {
            let random = |b: u32| {
                let mut raster = Raster::new(port.size);
                for t in 0..self.steps {
                    let key = (u64::from(b) * self.steps as u64 + t as u64) * port.size as u64;
                    let fires = |i: &u32| uniform(key + u64::from(*i)) < self.density;
                    let row: Vec<u32> = (0..port.size as u32).filter(fires).collect();
                    raster.push_spikes(&row);
                }
                raster
            };
            return Ok((0..self.batch).map(random).collect());
        };
        let array = data::input(&data::recording(path, Some(port.size), 1.0)?, path)?;
        let (batch, size) = (self.batch as usize, port.size);
        if array.shape().get(1) != Some(&batch) || array.n_channels() != batch * size {
            bail!(
                "{}: shape {:?}, expected (steps, {batch}, {size} in all)",
                path.display(),
                array.shape()
            );
        }
        let mut rasters = vec![Raster::new(size); batch];
        for step in array.steps() {
            for (raster, row) in rasters.iter_mut().zip(step.chunks_exact(size)) {
                raster.push_dense(row);
            }
        }
        Ok(rasters)
    }

    fn once(&self, compiled: &Arc<Compiled>, batch: &[Raster]) -> Result<(Report, f32)> {
        let run = Session::batch(Arc::clone(compiled), batch.len()).run(batch)?;
        let spikes = run.outputs.iter().flat_map(|raster| raster.sums()).sum();
        Ok((run.report, spikes))
    }
}

/// The same events on other neurons: input `k` of a measurement.
fn turned(raster: &Raster, k: usize) -> Raster {
    let size = raster.size();
    let mut turned = Raster::new(size);
    for t in 0..raster.steps() {
        let shift = k * (61 + t);
        let mut row: Vec<(u32, f32)> =
            raster.events(t).map(|(i, v)| (((i as usize + shift) % size) as u32, v)).collect();
        row.sort_by_key(|(i, _)| *i);
        turned.push_step(row);
    }
    turned
}

/// A uniform number in 0 to 1 for a counter (SplitMix64).
fn uniform(k: u64) -> f64 {
    let mut z = k.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Additions per second of a bare loop that adds rows of weights from the second-level cache.
fn limit(compiled: &Compiled, bytes: bool) -> f64 {
    let mut probe = spike::RowLimit::new(compiled.isa(), bytes);
    let (mut operations, since) = (0, cpu_seconds());
    probe.pass();
    loop {
        operations += probe.pass();
        let seconds = cpu_seconds() - since;
        if seconds > LIMIT_SECONDS {
            return operations as f64 / seconds;
        }
    }
}

fn table(measured: &[Value]) -> String {
    let number = |v: &Value, digits: usize| format!("{:.digits$}", v.as_f64().unwrap_or(0.0));
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|m| {
            let giga = m["synaptic_operations_per_second"].as_f64().unwrap_or(0.0) / 1e9;
            vec![
                m["network"].as_str().unwrap_or_default().to_owned(),
                m["batch"].to_string(),
                number(&m["cpu_ms_per_inference"], 4),
                number(&m["wall_ms_per_batch"]["median"], 4),
                number(&m["wall_ms_per_batch"]["p99"], 4),
                number(&m["synaptic_operations_per_inference"], 0),
                format!("{giga:.1}"),
                format!("{:.0} %", m["share_of_limit"]["bytes"].as_f64().unwrap_or(0.0) * 100.0),
                format!("{:.0} %", m["share_of_limit"]["floats"].as_f64().unwrap_or(0.0) * 100.0),
                number(&m["rss_mb"], 1),
            ]
        })
        .collect();
    draw::table(
        &[
            "network",
            "batch",
            "CPU ms",
            "median ms",
            "p99 ms",
            "operations",
            "G/s",
            "of bytes",
            "of floats",
            "MB",
        ],
        &rows,
    )
}
