//! The synapses of a shard, one row per source, each row sorted by delay and then by target.
//!
//! Construction draws twice: first it counts what falls on each row and delay, which gives every
//! slice its place, then it puts each synapse there. Targets are drawn in rising order, so a slice
//! is sorted by target as it is filled, and nothing is sorted, moved or kept besides.

use super::huge::Huge;
use super::plan::{Format, Plan, RowSet, Segment, in_units};
use super::rule::Incoming;

/// Rows of one set in one shard.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Where each slice begins: row times number of delays plus delay, and the end of the last.
    pub(crate) slices: Huge<u32>,
    pub(crate) synapses: Synapses,
}

/// Synapses in the order of their rows.
#[derive(Debug)]
pub(crate) enum Synapses {
    /// Targets in the shard: 2 bytes.
    Targets(Huge<u16>),
    /// A target in the low half, a weight in units in the high half: 4 bytes.
    Packed(Huge<u32>),
    /// Targets and weights in the unit of the description: 6 bytes.
    Plastic { targets: Huge<u16>, weights: Huge<f32> },
}

impl Rows {
    /// The slice of a row that arrives `delay` steps after the set's smallest delay.
    #[inline]
    pub(crate) fn slice(&self, set: &RowSet, row: usize, delay: usize) -> (u32, u32) {
        let at = row * set.n_delays as usize + delay;
        (self.slices[at], self.slices[at + 1])
    }

    pub(crate) fn len(&self) -> usize {
        self.slices.last().map_or(0, |&end| end as usize)
    }

    pub(crate) fn bytes(&self) -> usize {
        let each = match self.synapses {
            Synapses::Targets(_) => 2,
            Synapses::Packed(_) => 4,
            Synapses::Plastic { .. } => 6,
        };
        self.slices.len() * 4 + self.len() * each
    }
}

/// Draws the rows of a shard; `tick` is told after every [`TICK`] neurons of each pass.
pub(crate) fn draw(plan: &Plan, segments: &[Segment], tick: &(dyn Fn(usize) + Sync)) -> Vec<Rows> {
    let slices = |set: &RowSet| Huge::zeros(set.rows * set.n_delays as usize + 1);
    let mut places: Vec<Huge<u32>> = plan.sets.iter().map(slices).collect();
    let mut incoming = Incoming::default();
    each_target(plan, segments, tick, |k, target, _| {
        plan.drawn[k].onto(target, false, &mut incoming);
        let (set, row, delay) = plan.origin(k);
        let places = &mut places[plan.set_of[k]];
        for (&source, &d) in incoming.sources.iter().zip(&incoming.delays) {
            places[(row + source as usize) * set.n_delays as usize + delay + d as usize] += 1;
        }
    });
    // Each place becomes the start of its slice; filling moves it to the slice's end, which is the
    // start of the next.
    for places in &mut places {
        let mut start = 0;
        for place in places.iter_mut() {
            start += std::mem::replace(place, start);
        }
    }
    let empty = |(set, places): (&RowSet, &Huge<u32>)| {
        let n = places.last().map_or(0, |&end| end as usize);
        match set.format {
            Format::Constant(_) => Synapses::Targets(Huge::zeros(n)),
            Format::Packed => Synapses::Packed(Huge::zeros(n)),
            Format::Plastic(_) => {
                Synapses::Plastic { targets: Huge::zeros(n), weights: Huge::zeros(n) }
            }
        }
    };
    let mut synapses: Vec<Synapses> = plan.sets.iter().zip(&places).map(empty).collect();
    each_target(plan, segments, tick, |k, target, segment| {
        let format = &plan.sets[plan.set_of[k]].format;
        let with_weights = !matches!(format, Format::Constant(_));
        plan.drawn[k].onto(target, with_weights, &mut incoming);
        let local = (segment.local + target as usize - segment.first) as u16;
        let (set, row, delay) = plan.origin(k);
        let unit = plan.units[segment.population][set.receptor];
        let (places, synapses) = (&mut places[plan.set_of[k]], &mut synapses[plan.set_of[k]]);
        let mut place = |j: usize| {
            let (source, d) = (incoming.sources[j] as usize, incoming.delays[j] as usize);
            let place = &mut places[(row + source) * set.n_delays as usize + delay + d];
            *place += 1;
            *place as usize - 1
        };
        match synapses {
            Synapses::Targets(targets) => {
                (0..incoming.sources.len()).for_each(|j| targets[place(j)] = local);
            }
            Synapses::Packed(packed) => {
                for (j, &weight) in incoming.weights.iter().enumerate() {
                    let weight = in_units(weight, unit) as i16 as u16;
                    packed[place(j)] = u32::from(weight) << 16 | u32::from(local);
                }
            }
            Synapses::Plastic { targets, weights } => {
                for (j, &weight) in incoming.weights.iter().enumerate() {
                    let at = place(j);
                    targets[at] = local;
                    weights[at] = weight as f32;
                }
            }
        }
    });
    let rows = |(mut slices, synapses): (Huge<u32>, Synapses)| {
        // Each place is now the end of its slice: the start of the next.
        let n = slices.len();
        slices.copy_within(..n - 1, 1);
        slices[0] = 0;
        Rows { slices, synapses }
    };
    places.into_iter().zip(synapses).map(rows).collect()
}

/// Neurons between two ticks.
pub(crate) const TICK: usize = 64;

/// Calls `visit` with every projection onto every target of the segments, targets in rising order.
fn each_target(
    plan: &Plan,
    segments: &[Segment],
    tick: &(dyn Fn(usize) + Sync),
    mut visit: impl FnMut(usize, u32, &Segment),
) {
    for segment in segments {
        let onto: Vec<usize> = plan.onto(segment.population).collect();
        for target in segment.first..segment.first + segment.len {
            onto.iter().for_each(|&k| visit(k, target as u32, segment));
            if target % TICK == TICK - 1 {
                tick(TICK);
            }
        }
    }
}
