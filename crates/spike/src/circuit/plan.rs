//! How a circuit is laid out: which shard owns which neurons, and which synapses share rows.
//!
//! A shard is a part of every population: its neurons, and the rows of all sources onto them. A
//! thread owns whole shards, so that nothing is written by two. Projections that end on the same
//! receptor with synapses of the same format share one set of rows.

use super::describe::{Circuit, Distribution};
use super::draw::CHUNK;
use super::plastic::Plasticity;
use super::rule::Drawn;
use crate::simd::Isa;

/// Neurons that a shard can own: a target is a number of 16 bits.
pub(crate) const MAX_SHARD: usize = 1 << 16;
/// Neurons of a segment are padded to a multiple of this.
pub(crate) const LANES: usize = 32;
/// Receptors of a neuron.
pub(crate) const MAX_RECEPTORS: usize = 2;
/// Sets of rows with a weight of their own; more distinct weights are stored with the synapses.
const MAX_CONSTANT_SETS: usize = 16;
/// The largest weight in units where a synapse stores it.
const MAX_PACKED: f64 = 32767.0;
/// The largest weight in units where a row set or a projection knows it.
const MAX_UNITS: f64 = (1 << 22) as f64;

/// What all shards share.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) isa: Isa,
    pub(crate) drawn: Vec<Drawn>,
    /// For each projection, its source and its target.
    pub(crate) ends: Vec<(usize, usize)>,
    /// For each projection, its set of rows.
    pub(crate) set_of: Vec<usize>,
    pub(crate) sets: Vec<RowSet>,
    /// For each shard, its segments in the order of the populations.
    pub(crate) shards: Vec<Vec<Segment>>,
    /// For each population, its first neuron among all.
    pub(crate) first: Vec<usize>,
    /// For each population and receptor, what one unit of weight is worth.
    pub(crate) units: Vec<[f32; MAX_RECEPTORS]>,
    /// Whether no sum of a step can leave 16 bits.
    pub(crate) narrow: bool,
    /// Steps that a spike takes at least.
    pub(crate) min_delay: u32,
}

/// The neurons of a population in a shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) population: usize,
    /// The first, in the population.
    pub(crate) first: usize,
    pub(crate) len: usize,
    /// The first, in the shard.
    pub(crate) local: usize,
}

/// Rows of synapses onto one receptor, one row per source.
#[derive(Clone, Debug)]
pub(crate) struct RowSet {
    pub(crate) receptor: usize,
    pub(crate) format: Format,
    /// The first source among all neurons, and the number of rows.
    pub(crate) first: usize,
    pub(crate) rows: usize,
    /// The smallest delay in steps, and the number of delays.
    pub(crate) min_delay: u32,
    pub(crate) n_delays: u32,
}

/// How a synapse is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Format {
    /// A target; the weight in units is the set's.
    Constant(i32),
    /// A target and a weight in units.
    Packed,
    /// A target and a weight that changes; one projection.
    Plastic(Box<Plasticity>),
}

impl Segment {
    pub(crate) fn padded(&self) -> usize {
        self.len.next_multiple_of(LANES)
    }
}

impl Plan {
    /// Lays out a circuit that has been checked, on `n` shards or as many as its size asks for.
    pub(crate) fn new(circuit: &Circuit, n: usize, isa: Isa) -> Self {
        let drawn: Vec<Drawn> =
            (0..circuit.projections.len()).map(|k| Drawn::new(circuit, k, isa)).collect();
        let mut first = Vec::new();
        let mut neurons = 0;
        for population in &circuit.populations {
            first.push(neurons);
            neurons += population.size;
        }
        let (units, narrow) = units(circuit);
        let (sets, set_of) = row_sets(circuit, &drawn, &first, &units);
        let min_delay = sets.iter().map(|set| set.min_delay).min().unwrap_or(CHUNK as u32);
        let shards = shards(circuit, n);
        let ends = circuit.projections.iter().map(|p| (p.source, p.target)).collect();
        Self { isa, drawn, ends, set_of, sets, shards, first, units, narrow, min_delay }
    }
}

impl Plan {
    /// The projections onto a population.
    pub(crate) fn onto(&self, population: usize) -> impl Iterator<Item = usize> {
        self.ends.iter().enumerate().filter(move |(_, ends)| ends.1 == population).map(|(k, _)| k)
    }

    /// A projection's set, with the row of its first source and the position of its first delay.
    pub(crate) fn origin(&self, projection: usize) -> (&RowSet, usize, usize) {
        let set = &self.sets[self.set_of[projection]];
        let row = self.first[self.ends[projection].0] - set.first;
        (set, row, (self.drawn[projection].first_delay - set.min_delay) as usize)
    }
}

/// Whether a projection's weights are one number.
fn constant(circuit: &Circuit, projection: usize) -> Option<f64> {
    let (low, high) = circuit.projections[projection].weight_range();
    (low == high).then_some(low)
}

/// What arrives on one receptor of a population.
struct Arrivals {
    /// The largest weight, and the weights where each projection has one.
    largest: f64,
    weights: Option<Vec<f64>>,
    /// The number of synapses onto a neuron, at most.
    fan_in: f64,
    plastic: bool,
}

impl Arrivals {
    fn on(circuit: &Circuit, target: usize, receptor: usize) -> Self {
        let mut all = Self { largest: 0.0, weights: Some(Vec::new()), fan_in: 0.0, plastic: false };
        for projection in &circuit.projections {
            if projection.target != target || usize::from(projection.receptor) != receptor {
                continue;
            }
            let (low, high) = projection.weight_range();
            all.largest = all.largest.max(low.abs()).max(high.abs());
            match (&mut all.weights, &projection.plasticity) {
                (_, Some(plasticity)) => {
                    all.largest = all.largest.max(plasticity.w_max);
                    all.plastic = true;
                }
                (Some(weights), None) if low == high => weights.push(low),
                _ => all.weights = None,
            }
            let size = |population: usize| circuit.populations[population].size;
            all.fan_in += Drawn::most(projection, size(projection.source), size(target));
        }
        all
    }

    /// The smallest weight, if all are whole multiples of it and no sum can leave 16 bits.
    fn narrow_unit(&self) -> Option<f64> {
        let weights = self.weights.as_ref().filter(|_| !self.plastic)?;
        let unit = weights.iter().map(|w| w.abs()).filter(|w| *w > 0.0).fold(f64::NAN, f64::min);
        let whole = |w: &f64| (w / unit - libm::round(w / unit)).abs() < 1e-9;
        let fits = self.largest / unit * self.fan_in < f64::from(i16::MAX);
        (weights.iter().all(whole) && fits).then_some(unit)
    }

    /// A unit small enough to tell weights apart, and large enough that no sum leaves 32 bits.
    fn wide_unit(&self) -> f64 {
        let stored = self.weights.is_none();
        let cap = if stored { MAX_PACKED } else { MAX_UNITS };
        let most = f64::from(i32::MAX) / f64::max(self.fan_in, 1.0);
        if self.largest > 0.0 { self.largest / most.min(cap).max(1.0) } else { 1.0 }
    }
}

/// What one unit of weight is worth for each population and receptor, and whether all sums of a
/// step stay within 16 bits.
fn units(circuit: &Circuit) -> (Vec<[f32; MAX_RECEPTORS]>, bool) {
    let arrivals: Vec<[Arrivals; MAX_RECEPTORS]> = (0..circuit.populations.len())
        .map(|target| std::array::from_fn(|receptor| Arrivals::on(circuit, target, receptor)))
        .collect();
    let used = |a: &&Arrivals| a.fan_in > 0.0;
    let narrow = arrivals.iter().flatten().filter(used).all(|a| a.narrow_unit().is_some());
    let unit = |a: &Arrivals| match a.narrow_unit().filter(|_| narrow) {
        Some(unit) => unit as f32,
        None => a.wide_unit() as f32,
    };
    (
        arrivals.iter().map(|receptors| std::array::from_fn(|r| unit(&receptors[r]))).collect(),
        narrow,
    )
}

/// A weight in units.
pub(crate) fn in_units(weight: f64, unit: f32) -> i32 {
    libm::round(weight / f64::from(unit)) as i32
}

fn row_sets(
    circuit: &Circuit,
    drawn: &[Drawn],
    first: &[usize],
    units: &[[f32; MAX_RECEPTORS]],
) -> (Vec<RowSet>, Vec<usize>) {
    let format = |k: usize, store_all: bool| {
        let projection = &circuit.projections[k];
        match (&projection.plasticity, constant(circuit, k)) {
            (Some(plasticity), _) => Format::Plastic(Box::new(plasticity.clone())),
            (None, Some(weight)) if !store_all => Format::Constant(in_units(
                weight,
                units[projection.target][usize::from(projection.receptor)],
            )),
            _ => Format::Packed,
        }
    };
    let grouped = |store_all: bool| {
        let mut sets: Vec<RowSet> = Vec::new();
        let mut set_of = Vec::new();
        for (k, projection) in circuit.projections.iter().enumerate() {
            let receptor = usize::from(projection.receptor);
            let rows = circuit.populations[projection.source].size;
            let own = RowSet {
                receptor,
                format: format(k, store_all),
                first: first[projection.source],
                rows,
                min_delay: drawn[k].first_delay,
                n_delays: drawn[k].n_delays,
            };
            let shared = |set: &RowSet| {
                set.receptor == receptor
                    && set.format == own.format
                    && !matches!(own.format, Format::Plastic(_))
            };
            match sets.iter().position(shared) {
                Some(at) => {
                    sets[at].take_in(&own);
                    set_of.push(at);
                }
                None => {
                    sets.push(own);
                    set_of.push(sets.len() - 1);
                }
            }
        }
        (sets, set_of)
    };
    let (sets, set_of) = grouped(false);
    let constants = sets.iter().filter(|set| matches!(set.format, Format::Constant(_))).count();
    if constants > MAX_CONSTANT_SETS { grouped(true) } else { (sets, set_of) }
}

impl RowSet {
    /// Widens the set so that it holds the rows and the delays of another.
    fn take_in(&mut self, other: &Self) {
        let end = (self.first + self.rows).max(other.first + other.rows);
        self.first = self.first.min(other.first);
        self.rows = end - self.first;
        let end = (self.min_delay + self.n_delays).max(other.min_delay + other.n_delays);
        self.min_delay = self.min_delay.min(other.min_delay);
        self.n_delays = end - self.min_delay;
    }

    /// Steps that the longest synapse takes.
    pub(crate) fn max_delay(&self) -> u32 {
        self.min_delay + self.n_delays - 1
    }
}

/// Cuts the circuit into `n` shards, or as many more as keep each within its limit.
fn shards(circuit: &Circuit, n: usize) -> Vec<Vec<Segment>> {
    let fits = |shards: &Vec<Vec<Segment>>| {
        let ends = shards.iter().filter_map(|s| s.last().map(|s| s.local + s.padded()));
        ends.max().unwrap_or(0) <= MAX_SHARD
    };
    let neurons: usize = circuit.populations.iter().map(|p| p.size).sum();
    let least = n.max(neurons.div_ceil(MAX_SHARD)).max(1);
    let enough = (least..).map(|n| cut(circuit, n)).find(fits);
    enough.unwrap_or_default()
}

/// Cuts every population into `n` parts at multiples of a chunk, so that the numbers drawn for a
/// chunk serve one shard; each shard gets its part of each.
fn cut(circuit: &Circuit, n: usize) -> Vec<Vec<Segment>> {
    let mut shards = vec![Vec::new(); n];
    let mut sizes = vec![0; n];
    // Chunks that did not divide go to the shards in turn.
    let mut turn = 0;
    for (k, population) in circuit.populations.iter().enumerate() {
        let chunks = population.size.div_ceil(CHUNK);
        let (each, over) = (chunks / n, chunks % n);
        let mut first = 0;
        for shard in 0..n {
            let extra = usize::from((shard + n - turn) % n < over);
            let len = ((each + extra) * CHUNK).min(population.size - first);
            let segment = Segment { population: k, first, len, local: sizes[shard] };
            if len > 0 {
                sizes[shard] += segment.padded();
                shards[shard].push(segment);
            }
            first += len;
        }
        turn = (turn + over) % n;
    }
    shards
}

/// The values of a distribution over the neurons of a segment.
pub(crate) fn spread(
    distribution: &Distribution,
    segment: &Segment,
    stream: super::draw::Stream,
) -> Vec<f64> {
    let neurons = segment.first..segment.first + segment.len;
    match (distribution, super::draw::Quantile::new(distribution)) {
        (Distribution::Values(values), _) => values[neurons].to_vec(),
        (_, Some(quantile)) => neurons.map(|i| quantile.of(stream.at(i as u64))).collect(),
        (_, None) => vec![0.0; segment.len],
    }
}
