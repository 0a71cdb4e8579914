//! `striatum simulate`: a circuit from its description to spikes and pictures.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use circuit::{Described, Drive, Overrides, Recorded};
use clap::{Args, ValueEnum};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use sense::{Column, Columns, DType};
use serde_json::{Value, json};
use spike::Isa;
use spike::circuit::{Report, Simulation, Spikes};

use crate::{Outcome, draw, machine};

/// Steps of the first part of a run; parts grow until one takes as long as a person waits for a
/// bar to move.
const FIRST_PART: u64 = 100;
const PART_SECONDS: f64 = 0.2;

/// Run a circuit that a file describes.
///
/// FILE is TOML with populations, projections and stimuli, every quantity with its unit, or the
/// name of a shipped circuit (see --list). docs/concepts/circuits.md has every key.
#[derive(Args)]
pub(crate) struct Simulate {
    /// A description (.toml), or the name of a shipped circuit.
    #[arg(required_unless_present_any = ["list", "print"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// Threads; 0 means as many as pay.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=256))]
    threads: u32,
    /// Write spikes.npz, raster and rates as .svg and .png, and report.json into this folder.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Check the description and say what it needs, without running it.
    #[arg(long)]
    check: bool,
    /// List the shipped circuits.
    #[arg(long)]
    list: bool,
    /// Print a shipped circuit's description, to start from.
    #[arg(long, value_name = "NAME")]
    print: Option<String>,
}

/// What is changed in a description.
#[derive(Args, Clone, Default)]
pub(crate) struct Settings {
    /// Time to record, like "10 s".
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// Time to run before, like "500 ms".
    #[arg(long, value_name = "TIME")]
    warm_up: Option<String>,
    /// Share of the neurons and of the synapses of each, compensated for what is lost.
    #[arg(long)]
    scale: Option<f64>,
    /// Poisson trains, or the constant current with their mean.
    #[arg(long)]
    drive: Option<DriveFlag>,
    /// Seed of everything random.
    #[arg(long)]
    seed: Option<u64>,
}

/// What Poisson stimuli are.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum DriveFlag {
    /// Poisson trains.
    Poisson,
    /// The constant current with their mean.
    Dc,
}

impl Settings {
    /// A description with these changes.
    pub(crate) fn read(&self, file: &Path) -> Result<Described> {
        let overrides = Overrides {
            seed: self.seed,
            duration: self.duration.clone(),
            warm_up: self.warm_up.clone(),
            scale: self.scale,
            drive: self.drive.map(|drive| match drive {
                DriveFlag::Poisson => Drive::Poisson,
                DriveFlag::Dc => Drive::Dc,
            }),
            available_bytes: machine::available_bytes(),
        };
        let shipped = file.to_str().filter(|_| !file.exists()).and_then(circuit::shipped);
        let text = match shipped {
            Some(text) => text.to_owned(),
            None => text(file)?,
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        let beside = |name: &str| {
            let inside = |part| matches!(part, std::path::Component::Normal(_));
            if !Path::new(name).components().all(inside) {
                return Err("not a file beside the description".into());
            }
            let path = folder.join(name);
            let size = std::fs::metadata(&path).map_err(|error| error.to_string())?.len();
            if size > sense::limits::MAX_FILE_BYTES {
                return Err(format!("{size} bytes, at most {}", sense::limits::MAX_FILE_BYTES));
            }
            std::fs::read(&path).map_err(|error| error.to_string())
        };
        circuit::read(&text, &overrides, &beside).map_err(|problems| {
            let n = problems.0.len();
            let noun = if n == 1 { "problem" } else { "problems" };
            anyhow::anyhow!("{}: {n} {noun}\n{problems}", file.display())
        })
    }
}

/// The text of a description.
fn text(file: &Path) -> Result<String> {
    let size = std::fs::metadata(file).map(|metadata| metadata.len()).with_context(|| {
        let names: Vec<&str> = circuit::SHIPPED.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        format!("{}: neither a file nor a shipped circuit ({names})", file.display())
    })?;
    if size > circuit::MAX_FILE_BYTES as u64 {
        let most = circuit::MAX_FILE_BYTES;
        bail!("{}: {size} bytes, expected at most {most}", file.display());
    }
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

/// A circuit that was built, and how long that took.
pub(crate) struct Built {
    pub(crate) simulation: Simulation,
    pub(crate) construction_seconds: f64,
}

/// Builds a circuit.
pub(crate) fn build(described: &Described, threads: usize) -> Result<Built> {
    let started = Instant::now();
    let bar = bar("{spinner} building {bar:40} {percent} % {eta} left", 1000);
    let progress = |share: f64| bar.set_position((share * 1000.0) as u64);
    let simulation = described.circuit.build_with(threads, Isa::detect(), &progress)?;
    bar.finish_and_clear();
    Ok(Built { simulation, construction_seconds: started.elapsed().as_secs_f64() })
}

/// A progress bar that is drawn where a person sees it.
fn bar(template: &str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What was run.
struct Ran {
    report: Report,
    seconds: f64,
    steps: u64,
}

/// Set when the person asks to stop.
static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_: libc::c_int) {
    if STOP.swap(true, Ordering::Relaxed) {
        // Asked twice: at once.
        // SAFETY: `_exit` may be called from a signal handler.
        unsafe { libc::_exit(130) };
    }
}

/// Runs for a time in parts, with a bar that tells the real-time factor.
fn advance(described: &Described, simulation: &mut Simulation, ms: f64, what: &str) -> Ran {
    let steps = described.steps(ms);
    let template = format!("{{spinner}} {what} {{bar:40}} {{msg}} {{eta}} left");
    let bar = bar(&template, steps.max(1));
    let started = Instant::now();
    let mut ran = Ran { report: Report::default(), seconds: 0.0, steps: 0 };
    let mut part_steps = FIRST_PART;
    while ran.steps < steps && !STOP.load(Ordering::Relaxed) {
        let n = part_steps.min(steps - ran.steps);
        let part = simulation.run(n, 0);
        ran.steps += n;
        if started.elapsed().as_secs_f64() - ran.seconds < PART_SECONDS / 2.0 {
            part_steps *= 2;
        }
        ran.report.spikes.resize(part.spikes.len(), 0);
        ran.report.spikes.iter_mut().zip(&part.spikes).for_each(|(sum, n)| *sum += n);
        ran.report.synaptic_events += part.synaptic_events;
        ran.report.weight_updates += part.weight_updates;
        ran.seconds = started.elapsed().as_secs_f64();
        let biological = ran.steps as f64 * described.circuit.dt;
        bar.set_position(ran.steps);
        let factor = ran.seconds / (biological * 1e-3);
        bar.set_message(format!("{biological:.0} of {ms:.0} ms, {factor:.2} x real time"));
    }
    bar.finish_and_clear();
    ran.report.steps = ran.steps;
    ran
}

impl Simulate {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        if self.list {
            list(json);
            return Ok(Outcome::Done);
        }
        if let Some(name) = &self.print {
            let text = circuit::shipped(name);
            print!("{}", text.with_context(|| format!("{name}: not shipped (see --list)"))?);
            return Ok(Outcome::Done);
        }
        let Some(file) = &self.file else { bail!("expected a description") };
        let described = self.settings.read(file)?;
        if self.check {
            check(&described, json);
            return Ok(Outcome::Done);
        }
        // SAFETY: the handler touches an atomic only.
        unsafe { libc::signal(libc::SIGINT, stop as *const () as libc::sighandler_t) };
        let mut built = build(&described, self.threads as usize)?;
        let simulation = &mut built.simulation;
        advance(&described, simulation, described.warm_up, "warming up");
        let start = simulation.step() as f64 * described.circuit.dt;
        simulation.take_spikes();
        simulation.take_samples();
        let ran = advance(&described, simulation, described.duration, "simulating");
        let spikes = simulation.take_spikes();
        let recorded = recorded(&described, &spikes, start, ran.steps);
        let report = report(&described, &built, &ran, &recorded);
        if let Some(folder) = &self.out {
            write(folder, &described, &mut built.simulation, &recorded, &report)?;
        }
        if json {
            println!("{report}");
        } else {
            print!("{}", told(&report));
            if let Some(folder) = &self.out {
                println!("written to {}", folder.display());
            }
        }
        Ok(Outcome::Done)
    }
}

fn list(json: bool) {
    let described = |name: &str| {
        circuit::read(
            circuit::shipped(name).unwrap_or_default(),
            &Overrides::default(),
            &circuit::no_files,
        )
    };
    let all = circuit::SHIPPED.iter().filter_map(|(name, _)| Some((*name, described(name).ok()?)));
    let rows: Vec<(String, u64, u64, String)> = all
        .map(|(name, described)| {
            let estimate = described.circuit.estimate();
            let reference = described.reference.unwrap_or_default();
            (name.to_owned(), estimate.neurons, estimate.synapses, reference)
        })
        .collect();
    if json {
        let rows = rows.iter().map(|(name, neurons, synapses, reference)| {
            json!({ "name": name, "neurons": neurons, "synapses": synapses, "reference": reference })
        });
        println!("{}", Value::from_iter(rows));
        return;
    }
    for (name, neurons, synapses, reference) in rows {
        println!("{name}: {neurons} neurons, {synapses} synapses\n    {reference}");
    }
}

fn check(described: &Described, json: bool) {
    let estimate = described.circuit.estimate();
    if json {
        println!(
            "{}",
            json!({
                "name": described.name,
                "neurons": estimate.neurons,
                "synapses": estimate.synapses,
                "bytes": estimate.bytes,
                "steps": described.steps(described.warm_up + described.duration),
            })
        );
    } else {
        println!(
            "{}: {} neurons, {} synapses, about {}, {} steps",
            described.name,
            estimate.neurons,
            estimate.synapses,
            HumanBytes(estimate.bytes),
            described.steps(described.warm_up + described.duration)
        );
    }
}

/// Spikes in ms with the names of their populations.
fn recorded(described: &Described, spikes: &Spikes, start: f64, steps: u64) -> Recorded {
    let dt = described.circuit.dt;
    let populations = described.circuit.populations.iter();
    Recorded {
        parts: Recorded::parts(populations.map(|p| (p.name.clone(), p.size))),
        times: spikes.steps.iter().map(|&step| (step + 1) as f64 * dt).collect(),
        neurons: spikes.neurons.clone(),
        start,
        duration: steps as f64 * dt,
    }
}

fn report(described: &Described, built: &Built, ran: &Ran, recorded: &Recorded) -> Value {
    let seconds = recorded.duration * 1e-3;
    let rate = |k: usize, size: usize| {
        let spikes = ran.report.spikes.get(k).copied().unwrap_or(0);
        if seconds > 0.0 { spikes as f64 / size as f64 / seconds } else { 0.0 }
    };
    let populations = recorded.parts.iter().enumerate().map(|(k, part)| {
        let spikes = ran.report.spikes.get(k).copied().unwrap_or(0);
        json!({ "name": part.name, "size": part.size, "spikes": spikes, "rate_hz": rate(k, part.size) })
    });
    json!({
        "name": described.name,
        "reference": described.reference,
        "seed": described.circuit.seed,
        "step_ms": described.circuit.dt,
        "start_ms": recorded.start,
        "biological_seconds": seconds,
        "neurons": described.circuit.populations.iter().map(|p| p.size).sum::<usize>(),
        "synapses": built.simulation.synapses(),
        "threads": built.simulation.threads(),
        "construction_seconds": built.construction_seconds,
        "simulation_seconds": ran.seconds,
        "real_time_factor": if seconds > 0.0 { ran.seconds / seconds } else { 0.0 },
        "synaptic_events": ran.report.synaptic_events,
        "synaptic_events_per_second": ran.report.synaptic_events as f64 / ran.seconds.max(1e-9),
        "weight_updates": ran.report.weight_updates,
        "resident_mib": machine::resident_mib(),
        "populations": Value::from_iter(populations),
    })
}

/// The report for a person.
fn told(report: &Value) -> String {
    let number = |key: &str| report[key].as_f64().unwrap_or(0.0);
    let rows: Vec<Vec<String>> = report["populations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|p| {
            let rate = p["rate_hz"].as_f64().unwrap_or(0.0);
            let name = p["name"].as_str().unwrap_or_default().to_owned();
            vec![name, p["size"].to_string(), p["spikes"].to_string(), format!("{rate:.3}")]
        })
        .collect();
    format!(
        "{}{:.3} s of biological time in {:.3} s: {:.3} x real time on {}\n\
         {} synapses built in {:.2} s, {:.2} G synaptic events per second, {:.0} MiB resident\n",
        draw::table(&["population", "neurons", "spikes", "rate (Hz)"], &rows),
        number("biological_seconds"),
        number("simulation_seconds"),
        number("real_time_factor"),
        threads(report["threads"].as_u64().unwrap_or(1)),
        report["synapses"],
        number("construction_seconds"),
        number("synaptic_events_per_second") / 1e9,
        number("resident_mib"),
    )
}

fn threads(n: u64) -> String {
    if n == 1 { "one thread".into() } else { format!("{n} threads") }
}

/// Writes everything that a run gives into a folder.
fn write(
    folder: &Path,
    described: &Described,
    simulation: &mut Simulation,
    recorded: &Recorded,
    report: &Value,
) -> Result<()> {
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())
    };
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    put("spikes.npz", &sense::write_columns(&recorded.columns())?)?;
    put("report.json", format!("{report:#}\n").as_bytes())?;
    for (name, picture) in
        [("raster", circuit::raster(recorded)), ("rates", circuit::rates(recorded))]
    {
        put(&format!("{name}.svg"), picture.svg.as_bytes())?;
        put(&format!("{name}.png"), &picture.png()?)?;
    }
    let probes = described.circuit.probes.iter().zip(simulation.take_samples()).enumerate();
    for (k, (probe, samples)) in probes {
        let times = samples.steps.iter().map(|&step| (step + 1) as f64 * described.circuit.dt);
        let n = probe.neurons.len();
        let values = |column: usize| samples.values.iter().skip(column).step_by(n.max(1));
        let mut columns = Columns::from([("times".into(), Column::new(DType::F64, times))]);
        for (column, neuron) in probe.neurons.iter().enumerate() {
            let values = values(column).map(|&value| f64::from(value));
            columns.insert(format!("neuron_{neuron}"), Column::new(DType::F32, values));
        }
        let name = &described.circuit.populations[probe.population].name;
        put(&format!("potentials-{k}-{}.npz", plain(name)), &sense::write_columns(&columns)?)?;
    }
    let plastic = |(_, p): &(usize, &spike::circuit::Projection)| p.plasticity.is_some();
    let projections = described.circuit.projections.iter().enumerate().filter(plastic);
    for (k, _) in projections.filter(|_| described.record_weights) {
        let weights = simulation.weights(k);
        let column = |dtype, values: Vec<f64>| Column::new(dtype, values);
        let whole = |values: &[u32]| values.iter().map(|&v| f64::from(v)).collect();
        let columns = Columns::from([
            ("sources".into(), column(DType::U32, whole(&weights.sources))),
            ("targets".into(), column(DType::U32, whole(&weights.targets))),
            (
                "weights".into(),
                Column::new(DType::F32, weights.weights.iter().map(|&w| f64::from(w))),
            ),
        ]);
        put(&format!("weights-{k}.npz"), &sense::write_columns(&columns)?)?;
    }
    Ok(())
}

/// A name as a part of a file's name.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}
