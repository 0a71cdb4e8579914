//! `striatum run`: a network on data from a file.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use nir::Expected;
use sense::{Array, Encoder};
use serde_json::{Value, json};
use spike::{Emission, Potentials, Probe, Raster, Recording, Report, Run as Ran, Session};

use crate::effort::Measured;
use crate::network::{Network, ProfileFlags};
use crate::{Outcome, data, draw};

/// Steps between two movements of the progress bar.
const PROGRESS_STEPS: usize = 1024;

/// Run a network on data from a file.
#[derive(Args)]
pub(crate) struct Run {
    /// A .nir file, or a model's folder.
    file: PathBuf,
    /// Input: .npy or .npz of shape (steps, ...), a recording in the case form, or .csv.
    #[arg(long, value_name = "DATA")]
    input: PathBuf,
    /// The input is (batch, steps, ...): independent sequences, spread over the threads.
    #[arg(long)]
    batch: bool,
    /// Threads of a batch; 0 means one per core.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// The input is one value per neuron, to be encoded as spikes.
    #[arg(long, value_name = "CODE")]
    encode: Option<Code>,
    /// Steps of an encoded input.
    #[arg(long, default_value_t = 100, value_name = "STEPS")]
    encode_steps: usize,
    /// What encoded values are multiplied by to lie in 0 to 1.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    encode_scale: f64,
    /// Record the spikes of these nodes too.
    #[arg(long, value_delimiter = ',', value_name = "NODE")]
    record: Vec<String>,
    /// Record the potentials of these nodes.
    #[arg(long, value_delimiter = ',', value_name = "NODE")]
    potentials: Vec<String>,
    /// Write spikes and potentials: .npz (all arrays), .npy (the output) or .csv (events).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the mean rate of each output neuron (spikes per step) to a .csv file.
    #[arg(long, value_name = "CSV")]
    rates: Option<PathBuf>,
    /// Write a picture of the output to a .svg file.
    #[arg(long, value_name = "SVG")]
    raster: Option<PathBuf>,
    /// Run once more to measure the effort: sparsity, operations and updates by NeuroBench's
    /// definitions, and the energy that computing would take on machines with published figures.
    #[arg(long)]
    effort: bool,
    /// Compare with what the input file recorded; exit status 1 if a spike differs.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    profile: ProfileFlags,
}

/// A code of input values.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Code {
    /// Evenly spaced spikes.
    Rate,
    /// Random spikes of a fixed seed.
    Bernoulli,
    /// One spike, the earlier the higher the value.
    Latency,
    /// The value itself in each step.
    Direct,
}

impl Code {
    fn encoder(self) -> Box<dyn Encoder> {
        match self {
            Self::Rate => Box::new(sense::Rate),
            Self::Bernoulli => Box::new(sense::Bernoulli { seed: 0 }),
            Self::Latency => Box::new(sense::Latency),
            Self::Direct => Box::new(sense::Direct),
        }
    }
}

impl Run {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        if self.batch && (self.check || !self.record.is_empty() || !self.potentials.is_empty()) {
            bail!("--batch gives outputs only, expected no --check, --record or --potentials");
        }
        let network = Network::read(&self.file, &self.profile)?;
        network.say();
        let (compiled, notes) = network.compile()?;
        notes.iter().for_each(|note| eprintln!("note: {note}"));
        let compiled = Arc::new(compiled);
        let ports = compiled.inputs();
        let [port] = ports.as_slice() else {
            bail!("{} inputs, expected one to run on one file", ports.len());
        };
        let dt = network.profile().neurons.dt;
        let recording = data::recording(&self.input, Some(port.size), dt)?;
        let input = self.encoded(data::input(&recording, &self.input)?, port.size)?;
        let expected = if self.check { data::expected(recording) } else { Vec::new() };
        if self.check && expected.is_empty() {
            bail!("{}: records nothing to compare with", self.input.display());
        }
        let probes = self.probes(&network, &compiled, &expected)?;

        let inputs = if self.batch {
            data::batch(&input, port.size)?
        } else {
            vec![data::raster(&input, port.size)?]
        };
        let started = Instant::now();
        let (ran, sequences) = if self.batch {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let threads = if self.threads == 0 { cores } else { self.threads };
            (spike::run_batch(&compiled, &inputs, threads)?, inputs.len())
        } else {
            let mut session = Session::new(Arc::clone(&compiled));
            session.record(&probes.iter().map(|(_, probe)| probe.clone()).collect::<Vec<_>>());
            (stepped(&mut session, &inputs[0])?, 1)
        };
        let seconds = started.elapsed().as_secs_f64();

        let outputs = compiled.outputs();
        self.write(&outputs, &ran, &probes)?;
        let checked = check(&expected, &outputs, &probes, &ran, &network);
        let summary = Summary {
            report: ran.report,
            sequences,
            seconds,
            real_time: real_time(seconds, dt, ran.report.steps as usize * sequences),
            effort: self.effort.then(|| Measured::of(&network, &inputs)).transpose()?,
        };
        let differs = checked.iter().any(|c| c.mismatches > 0 || c.potential_too_far());
        if json {
            println!("{:#}", summary.as_json(&outputs, &ran, &checked));
        } else {
            print!("{}", summary.as_text(&outputs, &ran, &checked));
        }
        Ok(if differs { Outcome::No } else { Outcome::Done })
    }

    fn encoded(&self, input: Array, size: usize) -> Result<Array> {
        let Some(code) = self.encode else { return Ok(input) };
        if input.data().is_empty() || !input.data().len().is_multiple_of(size) {
            bail!("input of shape {:?}: expected {size} values, or rows of them", input.shape());
        }
        let encoder = code.encoder();
        let mut all = Vec::new();
        for row in input.data().chunks_exact(size) {
            let scaled: Vec<f32> =
                row.iter().map(|v| (f64::from(*v) * self.encode_scale) as f32).collect();
            all.extend(encoder.encode(&scaled, self.encode_steps)?.into_data());
        }
        let n = input.data().len() / size;
        let shape = if self.batch {
            vec![n, self.encode_steps, size]
        } else {
            vec![n * self.encode_steps, size]
        };
        Ok(Array::new(shape, all)?)
    }

    /// What to record, under the name that it was asked for.
    fn probes(
        &self,
        network: &Network,
        compiled: &spike::Compiled,
        expected: &[Expected],
    ) -> Result<Vec<(String, Probe)>> {
        let mut probes: Vec<(String, Probe)> = Vec::new();
        let find = |name: &str| {
            let resolved = nir::resolve(&network.graph, name);
            resolved.and_then(|node| compiled.population(node)).with_context(|| {
                let known: Vec<String> =
                    compiled.populations().into_iter().map(|p| p.name).collect();
                format!("node {name}: not recorded by name, expected one of {}", known.join(", "))
            })
        };
        for name in &self.record {
            let population = find(name)?;
            let probe = Probe { population, events: true, potentials: Potentials::None };
            probes.push((name.clone(), probe));
        }
        for name in &self.potentials {
            let population = find(name)?;
            let probe = Probe { population, events: false, potentials: Potentials::All };
            probes.push((name.clone(), probe));
        }
        for node in expected {
            let Ok(population) = find(&node.node) else { continue };
            let potentials = match &node.potentials {
                None => Potentials::None,
                Some((None, _)) => Potentials::All,
                Some((Some(indices), _)) => Potentials::Of(indices.clone()),
            };
            probes.push((node.node.clone(), Probe { population, events: true, potentials }));
        }
        Ok(probes)
    }

    fn write(&self, outputs: &[spike::Port], ran: &Ran, probes: &[(String, Probe)]) -> Result<()> {
        if let Some(path) = &self.out {
            save(path, &self.arrays(outputs, ran, probes)?, outputs, ran)?;
        }
        if let Some(path) = &self.rates {
            let mut text = String::from("sequence,output,neuron,spikes_per_step\n");
            for (k, raster) in ran.outputs.iter().enumerate() {
                let (sequence, name) = (k / outputs.len(), &outputs[k % outputs.len()].name);
                for (neuron, sum) in raster.sums().iter().enumerate() {
                    let rate = sum / raster.steps().max(1) as f32;
                    text.push_str(&format!("{sequence},{name},{neuron},{rate}\n"));
                }
            }
            replace(path, text.as_bytes())?;
        }
        if let (Some(path), Some(raster)) = (&self.raster, ran.outputs.first()) {
            let title = format!("{}: {}", self.file.display(), outputs[0].name);
            replace(path, draw::raster_svg(raster, &title).as_bytes())?;
        }
        Ok(())
    }

    fn arrays(
        &self,
        outputs: &[spike::Port],
        ran: &Ran,
        probes: &[(String, Probe)],
    ) -> Result<BTreeMap<String, Array>> {
        let mut arrays = BTreeMap::new();
        for (k, port) in outputs.iter().enumerate() {
            let of: Vec<&Raster> = ran.outputs.iter().skip(k).step_by(outputs.len()).collect();
            let data: Vec<f32> = of.iter().flat_map(|raster| raster.to_dense()).collect();
            let steps = of.first().map_or(0, |raster| raster.steps());
            let mut shape = vec![steps, port.size];
            if self.batch {
                shape.insert(0, of.len());
            }
            arrays.insert(port.name.clone(), Array::new(shape, data)?);
        }
        for ((name, probe), recording) in probes.iter().zip(&ran.recordings) {
            if probe.events && self.record.contains(name) {
                let shape = vec![recording.events.steps(), recording.events.size()];
                arrays.insert(name.clone(), Array::new(shape, recording.events.to_dense())?);
            }
            if !recording.potentials.is_empty() && self.potentials.contains(name) {
                let steps = ran.report.steps as usize;
                let shape = vec![steps, recording.potentials.len() / steps.max(1)];
                let array = Array::new(shape, recording.potentials.clone())?;
                arrays.insert(format!("v_{name}"), array);
            }
        }
        Ok(arrays)
    }
}

/// Runs a raster in pieces, so that a long run shows how far it is.
fn stepped(session: &mut Session, raster: &Raster) -> Result<Ran> {
    if raster.steps() <= PROGRESS_STEPS || !std::io::stderr().is_terminal() {
        return Ok(session.run(std::slice::from_ref(raster))?);
    }
    let bar = ProgressBar::new(raster.steps() as u64);
    bar.set_style(ProgressStyle::with_template("steps {bar:40} {pos}/{len} {eta}")?);
    let mut all: Option<Ran> = None;
    for from in (0..raster.steps()).step_by(PROGRESS_STEPS) {
        let mut part = Raster::new(raster.size());
        let to = raster.steps().min(from + PROGRESS_STEPS);
        (from..to).for_each(|t| part.push_step(raster.events(t)));
        let run = session.run(&[part])?;
        bar.set_position(to as u64);
        match &mut all {
            None => all = Some(run),
            Some(all) => append(all, run),
        }
    }
    bar.finish_and_clear();
    all.context("the input has no steps")
}

fn append(all: &mut Ran, run: Ran) {
    let join = |to: &mut Raster, from: &Raster| {
        (0..from.steps()).for_each(|t| to.push_step(from.events(t)));
    };
    for (to, from) in all.outputs.iter_mut().zip(&run.outputs) {
        join(to, from);
    }
    for (to, from) in all.recordings.iter_mut().zip(run.recordings) {
        join(&mut to.events, &from.events);
        to.potentials.extend(from.potentials);
    }
    all.report.steps += run.report.steps;
    all.report.input_events += run.report.input_events;
    all.report.spikes += run.report.spikes;
    all.report.synaptic_operations += run.report.synaptic_operations;
}

/// Wall seconds per second of the network, where a step is a length of time.
fn real_time(seconds: f64, dt: f64, steps: usize) -> Option<f64> {
    (dt < 1.0 && steps > 0).then(|| seconds / (dt * steps as f64))
}

fn save(
    path: &Path,
    arrays: &BTreeMap<String, Array>,
    outputs: &[spike::Port],
    ran: &Ran,
) -> Result<()> {
    let kind = path.extension().map(|e| e.to_ascii_lowercase()).unwrap_or_default();
    match kind.to_str() {
        Some("npz") => replace(path, &sense::write_npz(arrays)?),
        Some("npy") => match arrays.get(&outputs[0].name) {
            Some(array) => replace(path, &sense::write_npy(array)),
            None => bail!("the network has no output"),
        },
        Some("csv") => {
            let mut text = String::from("step,index,value\n");
            for (step, (index, value)) in
                ran.outputs.first().into_iter().flat_map(|r| {
                    (0..r.steps()).flat_map(move |t| r.events(t).map(move |e| (t, e)))
                })
            {
                text.push_str(&format!("{step},{index},{value}\n"));
            }
            replace(path, text.as_bytes())
        }
        _ => bail!("{}: expected a name that ends in .npz, .npy or .csv", path.display()),
    }
}

/// Writes a file whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| path.display().to_string())
}

/// How one node compares with its recording.
struct Checked {
    node: String,
    cells: usize,
    mismatches: usize,
    potential: Option<f32>,
}

impl Checked {
    fn potential_too_far(&self) -> bool {
        self.potential.is_some_and(|e| e > nir::POTENTIAL_TOLERANCE)
    }
}

fn check(
    expected: &[Expected],
    outputs: &[spike::Port],
    probes: &[(String, Probe)],
    ran: &Ran,
    network: &Network,
) -> Vec<Checked> {
    let mut checked = Vec::new();
    for node in expected {
        let probe = probes.iter().zip(&ran.recordings).find(|((name, _), _)| *name == node.node);
        let recording: Option<&Recording> = probe.map(|(_, recording)| recording);
        let resolved = nir::resolve(&network.graph, &node.node);
        let output = outputs.iter().position(|port| Some(port.name.as_str()) == resolved);
        let Some(events) = recording.map(|r| &r.events).or(output.and_then(|k| ran.outputs.get(k)))
        else {
            continue;
        };
        let valued = output.is_some_and(|k| outputs[k].emission == Emission::Values);
        let tolerance = if valued { nir::POTENTIAL_TOLERANCE } else { 0.0 };
        let spikes = node.spikes.as_deref().unwrap_or(&[]);
        let ours = events.to_dense();
        let differs = |(a, b): &(&f32, &f32)| (**a - **b).abs() > tolerance;
        let mut mismatches = ours.iter().zip(spikes).filter(differs).count();
        if !spikes.is_empty() {
            mismatches += ours.len().abs_diff(spikes.len());
        }
        let potential = node.potentials.as_ref().zip(recording).map(|((_, theirs), ours)| {
            let pairs = ours.potentials.iter().zip(theirs);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        });
        let (node, cells) = (node.node.clone(), spikes.len());
        checked.push(Checked { node, cells, mismatches, potential });
    }
    checked
}

/// What a run took.
struct Summary {
    report: Report,
    sequences: usize,
    seconds: f64,
    real_time: Option<f64>,
    effort: Option<Measured>,
}

impl Summary {
    fn as_json(&self, outputs: &[spike::Port], ran: &Ran, checked: &[Checked]) -> Value {
        let sequences: Vec<Value> = ran
            .outputs
            .chunks(outputs.len().max(1))
            .map(|rasters| {
                let one = |(port, raster): (&spike::Port, &Raster)| {
                    (
                        port.name.clone(),
                        json!({ "sums": raster.sums(), "events": raster.n_events() }),
                    )
                };
                Value::Object(outputs.iter().zip(rasters).map(one).collect())
            })
            .collect();
        let checked: Vec<Value> = checked
            .iter()
            .map(|c| {
                json!({ "node": c.node, "cells": c.cells, "mismatching_cells": c.mismatches,
                        "largest_potential_difference": c.potential })
            })
            .collect();
        json!({
            "steps": self.report.steps,
            "sequences": self.sequences,
            "seconds": self.seconds,
            "real_time_factor": self.real_time,
            "input_events": self.report.input_events,
            "spikes": self.report.spikes,
            "synaptic_operations": self.report.synaptic_operations,
            "synaptic_operations_per_second":
                self.report.synaptic_operations as f64 / self.seconds.max(1e-9),
            "outputs": sequences,
            "checked": checked,
            "effort": self.effort.as_ref().map(Measured::as_json),
        })
    }

    fn as_text(&self, outputs: &[spike::Port], ran: &Ran, checked: &[Checked]) -> String {
        let mut text = String::new();
        if self.sequences == 1 {
            for (port, raster) in outputs.iter().zip(&ran.outputs) {
                text.push_str(&format!("output {} ({})\n", port.name, port.size));
                text.push_str(&draw::raster(raster, &[]));
            }
        }
        for (sequence, rasters) in ran.outputs.chunks(outputs.len().max(1)).enumerate().take(20) {
            for (port, raster) in outputs.iter().zip(rasters) {
                let sums = raster.sums();
                let best = (0..sums.len()).rev().max_by(|&a, &b| sums[a].total_cmp(&sums[b]));
                let shown: Vec<String> = sums.iter().take(16).map(ToString::to_string).collect();
                let more = if sums.len() > 16 { ", ..." } else { "" };
                text.push_str(&format!(
                    "sequence {sequence} {}: sums [{}{more}], largest {}\n",
                    port.name,
                    shown.join(", "),
                    best.map_or("-".into(), |b| b.to_string())
                ));
            }
        }
        for c in checked {
            let potential = c.potential.map_or(String::new(), |e| format!(", potential {e:.1e}"));
            text.push_str(&format!(
                "check {}: {} of {} cells differ{potential}\n",
                c.node, c.mismatches, c.cells
            ));
        }
        let r = &self.report;
        let real_time =
            self.real_time.map_or(String::new(), |f| format!(", real-time factor {f:.2e}"));
        text.push_str(&format!(
            "{} sequence(s) of {} steps in {:.3} ms{real_time}\n{} input events, {} spikes, {} \
             synaptic operations, {:.2e} per second\n",
            self.sequences,
            r.steps,
            self.seconds * 1e3,
            r.input_events,
            r.spikes,
            r.synaptic_operations,
            r.synaptic_operations as f64 / self.seconds.max(1e-9),
        ));
        if let Some(measured) = &self.effort {
            text.push_str(&measured.as_text());
        }
        text
    }
}
