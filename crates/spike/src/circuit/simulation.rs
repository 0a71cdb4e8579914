//! A circuit that runs: built once, advanced by steps, asked for its spikes.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::describe::Circuit;
use super::fault::Faults;
use super::plan::{Format, Plan};
use super::rows::Synapses;
use super::rule::Incoming;
use super::shard::Shard;
use super::threads;
use crate::simd::Isa;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Steps.
    pub steps: u64,
    /// Spikes of each population.
    pub spikes: Vec<u64>,
    /// Spikes that arrived through synapses.
    pub synaptic_events: u64,
    /// Changes of plastic weights.
    pub weight_updates: u64,
}

/// Spikes in the order of their steps, and of their neurons within a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spikes {
    /// The step in which each fell, counted from the start of the simulation.
    pub steps: Vec<u64>,
    /// The neuron, counted through all populations in order ([`Simulation::first`]).
    pub neurons: Vec<u32>,
}

/// What a probe kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// The step at whose end each sample was taken.
    pub steps: Vec<u64>,
    /// One row per sample, one value per neuron of the probe.
    pub values: Vec<f32>,
}

/// The synapses of a projection as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// Position in the source population.
    pub sources: Vec<u32>,
    /// Position in the target population.
    pub targets: Vec<u32>,
    /// Weight.
    pub weights: Vec<f32>,
    /// Delay in steps.
    pub delay_steps: Vec<u32>,
}

/// A circuit with its synapses drawn, and its state.
///
/// The same circuit gives the same spikes for any number of threads, any cut into runs and any
/// instruction set.
#[derive(Debug)]
pub struct Simulation {
    plan: Plan,
    shards: Vec<Shard>,
    step: u64,
    probes: Vec<ProbeShape>,
    /// The first step that the probes have not given away.
    sampled: u64,
    threads: usize,
}

#[derive(Clone, Copy, Debug)]
struct ProbeShape {
    columns: usize,
    every: u64,
}

/// Work between two meetings of threads that pays for one of them (ns): a meeting of two takes
/// about a microsecond.
const MIN_WORK: f64 = 5_000.0;
/// What a neuron's update and a spike's arrival take (ns), measured; the rate of a usual neuron.
const UPDATE: f64 = 0.5;
const ARRIVAL: f64 = 0.7;
const USUAL_RATE: f64 = 10.0;

impl Circuit {
    /// Draws the synapses on `threads` threads (0: as many as pay), each of which will own a part.
    ///
    /// # Errors
    /// Everything wrong with the description; nothing is built then.
    pub fn build(&self, threads: usize) -> Result<Simulation, Faults> {
        self.build_with(threads, Isa::detect(), &|_| {})
    }

    /// The same for an instruction set, telling how far it is (0 to 1) now and then.
    ///
    /// # Errors
    /// As [`Circuit::build`].
    pub fn build_with(
        &self,
        threads: usize,
        isa: Isa,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<Simulation, Faults> {
        self.check()?;
        let neurons: usize = self.populations.iter().map(|p| p.size).sum();
        let threads = if threads > 0 { threads } else { self.paying_threads() };
        let plan = Plan::new(self, threads, isa);
        let done = AtomicUsize::new(0);
        let tick = |n: usize| {
            // Each neuron is visited twice.
            let done = done.fetch_add(n, Ordering::Relaxed) + n;
            progress((done as f64 / (2 * neurons.max(1)) as f64).min(1.0));
        };
        let shards = build_shards(self, &plan, threads, &tick);
        progress(1.0);
        let shape = |p: &super::describe::Probe| ProbeShape {
            columns: p.neurons.len(),
            every: u64::from(p.every.max(1)),
        };
        let probes = self.probes.iter().map(shape).collect();
        Ok(Simulation { plan, shards, step: 0, probes, sampled: 0, threads })
    }

    /// Threads that make a run of this circuit faster on this machine: small circuits stay on one.
    fn paying_threads(&self) -> usize {
        let estimate = self.estimate();
        let delays = self.projections.iter().map(|p| p.delay_range(self.dt).0);
        let arrivals = estimate.synapses as f64 * USUAL_RATE * self.dt * 1e-3;
        let step = estimate.neurons as f64 * UPDATE + arrivals * ARRIVAL;
        let work = step * f64::from(delays.min().unwrap_or(1));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        cores.min((work / MIN_WORK) as usize).max(1)
    }
}

/// Builds the shards, as many at once as there are threads.
fn build_shards(
    circuit: &Circuit,
    plan: &Plan,
    threads: usize,
    tick: &(dyn Fn(usize) + Sync),
) -> Vec<Shard> {
    let next = AtomicUsize::new(0);
    let built = Mutex::new(Vec::new());
    let build = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= plan.shards.len() {
                return;
            }
            let shard = Shard::new(circuit, plan, number, tick);
            built.lock().unwrap_or_else(PoisonError::into_inner).push((number, shard));
        }
    };
    std::thread::scope(|scope| {
        (1..threads.min(plan.shards.len())).for_each(|_| drop(scope.spawn(build)));
        build();
    });
    let mut built = built.into_inner().unwrap_or_else(PoisonError::into_inner);
    built.sort_by_key(|(number, _)| *number);
    built.into_iter().map(|(_, shard)| shard).collect()
}

impl Simulation {
    /// Advances by `steps` steps on at most `threads` threads (0: those it was built for).
    pub fn run(&mut self, steps: u64, threads: usize) -> Report {
        let threads = if threads > 0 { threads } else { self.threads };
        threads::run(&self.plan, &mut self.shards, self.step, steps, threads);
        self.step += steps;
        let mut report = Report { steps, ..Report::default() };
        for shard in &mut self.shards {
            let empty = vec![0; shard.counts.spikes.len()];
            report.spikes.resize(empty.len(), 0);
            let spikes = std::mem::replace(&mut shard.counts.spikes, empty);
            report.spikes.iter_mut().zip(spikes).for_each(|(sum, n)| *sum += n);
            report.synaptic_events += std::mem::take(&mut shard.counts.synaptic_events);
            report.weight_updates += std::mem::take(&mut shard.counts.weight_updates);
        }
        report
    }

    /// The step that comes next.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The spikes of recorded populations since the last call.
    pub fn take_spikes(&mut self) -> Spikes {
        let mut all: Vec<(u64, u32)> = Vec::new();
        self.shards.iter_mut().for_each(|shard| all.append(&mut shard.kept));
        all.sort_unstable();
        let (steps, neurons) = all.into_iter().unzip();
        Spikes { steps, neurons }
    }

    /// What each probe has kept since the last call, in the order of the description.
    pub fn take_samples(&mut self) -> Vec<Samples> {
        let (from, to) = (self.sampled, self.step);
        self.sampled = to;
        let empty = |p: &ProbeShape| {
            let first = (from + 1).next_multiple_of(p.every) - 1;
            let steps: Vec<u64> = (first..to).step_by(p.every as usize).collect();
            let values = vec![0.0; steps.len() * p.columns];
            Samples { steps, values }
        };
        let mut all: Vec<Samples> = self.probes.iter().map(empty).collect();
        for tap in self.shards.iter_mut().flat_map(|shard| &mut shard.taps) {
            let samples = &mut all[tap.probe];
            let columns = self.probes[tap.probe].columns;
            let rows = std::mem::take(&mut tap.values);
            for (row, values) in rows.chunks_exact(tap.columns.len()).enumerate() {
                for (&(column, _), &value) in tap.columns.iter().zip(values) {
                    samples.values[row * columns + column] = value;
                }
            }
        }
        all
    }

    /// The position of a population's first neuron among all.
    pub fn first(&self, population: usize) -> usize {
        self.plan.first[population]
    }

    /// Synapses.
    pub fn synapses(&self) -> u64 {
        self.shards.iter().flat_map(|s| &s.rows).map(|rows| rows.len() as u64).sum()
    }

    /// Bytes that synapses and state take.
    pub fn bytes(&self) -> u64 {
        self.shards.iter().map(|s| s.bytes() as u64).sum()
    }

    /// Threads that a run uses if left to choose.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The synapses of a projection as they are now, by target; those of a plastic one by source
    /// and target.
    pub fn weights(&self, projection: usize) -> Weights {
        let set = &self.plan.sets[self.plan.set_of[projection]];
        match set.format {
            Format::Plastic(_) => self.plastic(projection),
            _ => self.drawn(projection),
        }
    }

    /// The synapses of a projection that does not change: drawn again.
    fn drawn(&self, projection: usize) -> Weights {
        let (_, target) = self.plan.ends[projection];
        let drawn = &self.plan.drawn[projection];
        let mut all = Weights::default();
        let mut incoming = Incoming::default();
        let segments = self.plan.shards.iter().flatten().filter(|s| s.population == target);
        let n: usize = segments.map(|s| s.len).sum();
        for neuron in 0..n as u32 {
            drawn.onto(neuron, true, &mut incoming);
            all.targets.resize(all.targets.len() + incoming.sources.len(), neuron);
            all.sources.extend(&incoming.sources);
            all.weights.extend(incoming.weights.iter().map(|&w| w as f32));
            all.delay_steps.extend(incoming.delays.iter().map(|d| d + drawn.first_delay));
        }
        all
    }

    fn plastic(&self, projection: usize) -> Weights {
        let (_, target) = self.plan.ends[projection];
        let at = self.plan.set_of[projection];
        let set = &self.plan.sets[at];
        let mut all: Vec<(u32, u32, f32)> = Vec::new();
        for (shard, segments) in self.shards.iter().zip(&self.plan.shards) {
            let Some(segment) = segments.iter().find(|s| s.population == target) else { continue };
            let rows = &shard.rows[at];
            let Synapses::Plastic { targets, weights } = &rows.synapses else { continue };
            for row in 0..set.rows {
                let (from, to) = rows.slice(set, row, 0);
                for k in from as usize..to as usize {
                    let neuron = usize::from(targets[k]) - segment.local + segment.first;
                    all.push((row as u32, neuron as u32, weights[k]));
                }
            }
        }
        all.sort_by_key(|&(source, target, _)| (source, target));
        Weights {
            sources: all.iter().map(|s| s.0).collect(),
            targets: all.iter().map(|s| s.1).collect(),
            weights: all.iter().map(|s| s.2).collect(),
            delay_steps: vec![set.min_delay; all.len()],
        }
    }
}
