//! Counting what runs do.

use spike::{Model, Network, PopulationId, Potentials, Probe, Run};

use crate::fan_out::FanOut;

/// What runs of a network cost, by NeuroBench's definitions; operations and updates are of one
/// sample (one sequence), on average.
#[derive(Clone, Debug, PartialEq)]
pub struct Effort {
    /// Bytes of all weights, biases and parameters of neurons as `f32`, zeros included.
    pub footprint_bytes: u64,
    /// Weights that are 0, of all weights.
    pub connection_sparsity: f64,
    /// Activations that are 0, over all neurons that fire, steps and samples.
    pub activation_sparsity: f64,
    /// Products with a weight and an activation that are not 0, in steps in which some activation
    /// is another number than -1, 0 and 1.
    pub effective_macs: f64,
    /// Additions of a weight that is not 0, in the steps in which all activations are -1, 0 or 1.
    pub effective_acs: f64,
    /// Operations if every activation and every weight counted.
    pub dense: f64,
    /// Changes of membrane potentials from one step to the next; each neuron's first step counts.
    pub membrane_updates: f64,
    /// Samples.
    pub samples: u64,
    /// Steps of all samples.
    pub steps: u64,
}

/// Adds up what runs of a network do.
#[derive(Clone, Debug)]
pub struct Meter {
    projections: Vec<Projection>,
    populations: Vec<Population>,
    footprint_bytes: u64,
    weights: [u64; 2],
    acs: u64,
    macs: u64,
    activations: [u64; 2],
    updates: u64,
    samples: u64,
    steps: u64,
}

#[derive(Clone, Debug)]
struct Projection {
    source: usize,
    fan_out: FanOut,
}

#[derive(Clone, Debug)]
struct Population {
    size: usize,
    /// It fires, and so has activations of its own.
    fires: bool,
    /// It has a potential.
    integrates: bool,
}

impl Meter {
    /// A meter for a network that compiles.
    pub fn new(network: &Network) -> Self {
        let size = |p: PopulationId| network.populations[p.0].size().unwrap_or(0);
        let projections: Vec<Projection> = network
            .projections
            .iter()
            .filter_map(|p| {
                let fan_out = FanOut::of(&p.connection, size(p.source), size(p.target))?;
                Some(Projection { source: p.source.0, fan_out })
            })
            .collect();
        let of = |p: &spike::Population| Population {
            size: p.size().unwrap_or(0),
            fires: !is_wire(&p.model) && !is_silent(&p.model),
            integrates: !is_wire(&p.model),
        };
        let sum = |of: fn(&FanOut) -> u64| projections.iter().map(|p| of(&p.fan_out)).sum::<u64>();
        let weights = [sum(|f| f.n_zero), sum(|f| f.n_weights)];
        let values: usize = network.populations.iter().map(n_values).sum();
        Self {
            populations: network.populations.iter().map(of).collect(),
            footprint_bytes: 4 * (weights[1] + values as u64),
            projections,
            weights,
            acs: 0,
            macs: 0,
            activations: [0; 2],
            updates: 0,
            samples: 0,
            steps: 0,
        }
    }

    /// What a session has to record, in this order: [`spike::Session::record`].
    pub fn probes(&self) -> Vec<Probe> {
        let probe = |(k, p): (usize, &Population)| Probe {
            population: PopulationId(k),
            events: true,
            potentials: if p.integrates { Potentials::All } else { Potentials::None },
        };
        self.populations.iter().enumerate().map(probe).collect()
    }

    /// Adds a run from rest that recorded what [`Meter::probes`] says, of any number of sequences.
    pub fn add(&mut self, run: &Run) {
        for recorded in run.recordings.chunks_exact(self.populations.len()) {
            self.samples += 1;
            self.steps += recorded.first().map_or(0, |r| r.events.steps() as u64);
            for projection in &self.projections {
                let events = &recorded[projection.source].events;
                for step in 0..events.steps() {
                    let effective = &projection.fan_out.effective;
                    let (neurons, values) = events.step(step);
                    let visited: u64 =
                        neurons.iter().map(|n| u64::from(effective[*n as usize])).sum();
                    let binary = values.is_none_or(|v| v.iter().all(|v| v.abs() == 1.0));
                    *if binary { &mut self.acs } else { &mut self.macs } += visited;
                }
            }
            for (k, recording) in recorded.iter().enumerate() {
                self.add_population(k, recording);
            }
        }
    }

    fn add_population(&mut self, k: usize, recording: &spike::Recording) {
        let population = &self.populations[k];
        if population.fires {
            let n_activations = (population.size * recording.events.steps()) as u64;
            self.activations[0] += n_activations - recording.events.n_events() as u64;
            self.activations[1] += n_activations;
        }
        if population.integrates && population.size > 0 {
            let rows: Vec<&[f32]> = recording.potentials.chunks_exact(population.size).collect();
            let changed = |pair: &[&[f32]]| {
                pair[0].iter().zip(pair[1]).filter(|(before, after)| before != after).count()
            };
            let first = rows.first().map_or(0, |row| row.len());
            self.updates += (first + rows.windows(2).map(changed).sum::<usize>()) as u64;
        }
    }

    /// What was found so far.
    pub fn effort(&self) -> Effort {
        let share = |[some, all]: [u64; 2]| if all == 0 { 0.0 } else { some as f64 / all as f64 };
        let of_sample = |n: u64| n as f64 / self.samples.max(1) as f64;
        let dense: u64 = self.projections.iter().map(|p| p.fan_out.dense).sum();
        Effort {
            footprint_bytes: self.footprint_bytes,
            connection_sparsity: share(self.weights),
            activation_sparsity: share(self.activations),
            effective_macs: of_sample(self.macs),
            effective_acs: of_sample(self.acs),
            dense: of_sample(dense * self.steps),
            membrane_updates: of_sample(self.updates),
            samples: self.samples,
            steps: self.steps,
        }
    }
}

/// Passes on what comes in.
fn is_wire(model: &Model) -> bool {
    matches!(
        model,
        Model::Input
            | Model::Relay(_)
            | Model::Delay(_)
            | Model::Threshold(_)
            | Model::Poisson(_)
            | Model::SpikeList(_)
    )
}

/// Integrates and never fires.
fn is_silent(model: &Model) -> bool {
    matches!(model, Model::I(..) | Model::Li(..) | Model::CubaLi(..))
}

/// Numbers that describe a population's neurons.
fn n_values(population: &spike::Population) -> usize {
    let biases: usize = population.biases.iter().map(|bias| bias.values.len()).sum();
    population.model.n_values() + biases
}
