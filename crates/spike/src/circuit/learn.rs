//! Plastic rows at work: a source's spike walks its row when it arrives, a target's spike walks its
//! column when it has come back to the synapse; traces belong to neurons.
//!
//! A synapse with its delay behind it (dendritic) sees the source's spike at once and the target's
//! late. Both are taken one delay later than they happen, which changes nothing but the moment of
//! the bookkeeping: the row is walked when its current is due, with the weight that it had when the
//! source fired.

use super::deliver::{Adds, Sums, prefetch};
use super::huge::Huge;
use super::plan::{RowSet, Segment};
use super::plastic::{DelayPart, Dependence, Plasticity, Triplet};
use super::rows::{Rows, Synapses};
use crate::exp::{exp, ln};
use crate::simd::{Isa, Simd, dispatch};

/// Synapses of a row that are worked on together.
const BLOCK: usize = 64;
/// Synapses of a column ahead of the one being changed that are fetched from memory.
const FETCH_AHEAD: usize = 48;

/// The plastic synapses of one projection in one shard.
#[derive(Debug)]
pub(crate) struct Learner {
    rule: Plasticity,
    /// Traces of the sources by row, and of the targets by position in the shard.
    x: Trace,
    y: Trace,
    slow: Option<(Trace, Trace)>,
    columns: Columns,
    /// Rows due, and spikes of targets due, by step.
    arriving: Vec<Vec<u32>>,
    returning: Vec<Vec<u32>>,
    /// Steps from a target's spike to its return.
    return_delay: u64,
    /// The neurons that may be targets.
    targets: std::ops::Range<usize>,
    /// Spikes of each target since the last scaling.
    counts: Vec<u32>,
    scaling_steps: u64,
    dt: f64,
    /// Units per weight.
    per_unit: f32,
    isa: Isa,
}

/// A sum of exponentials per neuron.
#[derive(Debug)]
struct Trace {
    values: Vec<f32>,
    decay: f32,
}

impl Trace {
    fn new(n: usize, tau: f64, dt: f64) -> Self {
        Self { values: vec![0.0; n], decay: libm::exp(-dt / tau) as f32 }
    }

    fn pass(&mut self, from: usize, to: usize) {
        let decay = self.decay;
        for x in &mut self.values[from..to] {
            let decayed = *x * decay;
            // What is too small to matter becomes zero before it slows arithmetic down.
            *x = if decayed < 1e-20 { 0.0 } else { decayed };
        }
    }
}

/// The synapses onto each target: where they lie, and the rows they belong to.
#[derive(Debug)]
struct Columns {
    ends: Vec<u32>,
    synapses: Huge<u32>,
    rows: Huge<u32>,
}

impl Columns {
    /// `first` is the position of the first target in the shard.
    fn new(set: &RowSet, rows: &Rows, targets: &[u16], first: usize, n: usize) -> Self {
        let mut ends = vec![0u32; n + 1];
        targets.iter().for_each(|&t| ends[usize::from(t) - first + 1] += 1);
        for k in 0..n {
            ends[k + 1] += ends[k];
        }
        let (mut synapses, mut from) = (Huge::zeros(targets.len()), Huge::zeros(targets.len()));
        for row in 0..set.rows {
            let start = rows.slice(set, row, 0).0;
            let end = rows.slice(set, row, set.n_delays as usize - 1).1;
            for at in start..end {
                let place = &mut ends[usize::from(targets[at as usize]) - first];
                synapses[*place as usize] = at;
                from[*place as usize] = row as u32;
                *place += 1;
            }
        }
        Self { ends, synapses, rows: from }
    }

    /// The places of a column.
    fn of(&self, target: usize) -> std::ops::Range<usize> {
        let start = if target == 0 { 0 } else { self.ends[target - 1] };
        start as usize..self.ends[target] as usize
    }

    fn bytes(&self) -> usize {
        4 * self.ends.len() + 8 * self.synapses.len()
    }
}

/// The sizes that a learner is made for.
pub(crate) struct Setting {
    pub(crate) segment: Segment,
    /// Neurons of the shard, with padding.
    pub(crate) locals: usize,
    pub(crate) dt: f64,
    pub(crate) unit: f32,
    pub(crate) isa: Isa,
}

impl Learner {
    pub(crate) fn new(rule: &Plasticity, set: &RowSet, rows: &Rows, at: &Setting) -> Self {
        let none: &[u16] = &[];
        let targets = match &rows.synapses {
            Synapses::Plastic { targets, .. } => targets,
            _ => none,
        };
        let (dt, n) = (at.dt, at.segment.len);
        let delay = u64::from(set.min_delay);
        let return_delay = match rule.delay {
            DelayPart::Axonal => 0,
            DelayPart::Dendritic => 2 * delay,
        };
        let slow =
            |t: &Triplet| (Trace::new(set.rows, t.tau_x, dt), Trace::new(at.locals, t.tau_y, dt));
        let scaling_steps = rule.scaling.map_or(0, |s| libm::round(s.interval / dt) as u64);
        Self {
            rule: rule.clone(),
            x: Trace::new(set.rows, rule.tau_plus, dt),
            y: Trace::new(at.locals, rule.tau_minus, dt),
            slow: rule.triplet.as_ref().map(slow),
            columns: Columns::new(set, rows, targets, at.segment.local, n),
            arriving: vec![Vec::new(); delay as usize + 1],
            returning: vec![Vec::new(); return_delay as usize + 1],
            return_delay,
            targets: at.segment.local..at.segment.local + n,
            counts: vec![0; if scaling_steps > 0 { n } else { 0 }],
            scaling_steps,
            dt,
            per_unit: 1.0 / at.unit,
            isa: at.isa,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let slow = if self.slow.is_some() { 2 } else { 1 };
        self.columns.bytes() + 4 * slow * (self.x.values.len() + self.y.values.len())
    }

    /// Notes a spike of a source that fell in `step`.
    pub(crate) fn note(&mut self, row: usize, step: u64) {
        let days = self.arriving.len() as u64;
        self.arriving[((step + days - 1) % days) as usize].push(row as u32);
    }

    /// Lets the traces decay, walks the rows that are due in `step`, and gives the number of
    /// synapses walked.
    pub(crate) fn arrive(
        &mut self,
        set: &RowSet,
        rows: &mut Rows,
        step: u64,
        sums: &mut Sums,
    ) -> u64 {
        let targets = self.targets.clone();
        self.x.pass(0, set.rows);
        self.y.pass(targets.start, targets.end);
        if let Some((x, y)) = &mut self.slow {
            x.pass(0, set.rows);
            y.pass(targets.start, targets.end);
        }
        let day = (step % self.arriving.len() as u64) as usize;
        let due = std::mem::take(&mut self.arriving[day]);
        let events = due.iter().map(|&row| self.depress(set, rows, row as usize, sums)).sum();
        self.arriving[day] = due;
        self.arriving[day].clear();
        events
    }

    fn depress(&mut self, set: &RowSet, rows: &mut Rows, row: usize, sums: &mut Sums) -> u64 {
        let start = rows.slice(set, row, 0).0 as usize;
        let end = rows.slice(set, row, set.n_delays as usize - 1).1 as usize;
        let Synapses::Plastic { targets, weights } = &mut rows.synapses else { return 0 };
        let slow = match (&mut self.slow, &self.rule.triplet) {
            (Some((x, _)), Some(triplet)) => {
                x.values[row] += 1.0;
                triplet.a3_minus as f32 * (x.values[row] - 1.0)
            }
            _ => 0.0,
        };
        self.x.values[row] += 1.0;
        let depression = Depression {
            // f_minus = constant + slope w
            constant: match self.rule.dependence {
                Dependence::Additive => self.rule.w_max as f32,
                _ => 0.0,
            },
            slope: match self.rule.dependence {
                Dependence::Additive => 0.0,
                _ => 1.0,
            },
            rate: self.rule.a_minus as f32 + slow,
            w_max: self.rule.w_max as f32,
            per_unit: self.per_unit,
        };
        let mut units = [0; BLOCK];
        let Sums::Wide(sums) = sums else { return 0 };
        let sums = &mut sums[set.receptor];
        let blocks = targets[start..end].chunks(BLOCK).zip(weights[start..end].chunks_mut(BLOCK));
        for (targets, weights) in blocks {
            let (y, depression) = (&self.y.values[..], &depression);
            let out = &mut units[..targets.len()];
            dispatch!(self.isa, depress(
                by: &Depression = depression,
                y: &[f32] = y,
                targets: &[u16] = targets,
                weights: &mut [f32] = weights,
                out: &mut [i32] = out,
            ));
            for (&target, &units) in targets.iter().zip(&units) {
                sums[usize::from(target)].add(units);
            }
        }
        (end - start) as u64
    }

    /// Notes the targets that fired in `step`, walks the columns of those whose spikes have come
    /// back, and gives the number of synapses walked.
    pub(crate) fn back(&mut self, rows: &mut Rows, fired: &[u32], step: u64) -> u64 {
        let days = self.returning.len() as u64;
        let targets = self.targets.clone();
        let own = fired.iter().filter(|&&t| targets.contains(&(t as usize)));
        let later = &mut self.returning[((step + self.return_delay) % days) as usize];
        later.extend(own.map(|&t| t - targets.start as u32));
        let day = (step % days) as usize;
        let due = std::mem::take(&mut self.returning[day]);
        let changes = due.iter().map(|&target| self.potentiate(rows, target as usize)).sum();
        self.returning[day] = due;
        self.returning[day].clear();
        if self.scaling_steps > 0 && (step + 1).is_multiple_of(self.scaling_steps) {
            self.scale(rows);
        }
        changes
    }

    fn potentiate(&mut self, rows: &mut Rows, target: usize) -> u64 {
        let Synapses::Plastic { weights, .. } = &mut rows.synapses else { return 0 };
        let local = self.targets.start + target;
        let slow = match (&mut self.slow, &self.rule.triplet) {
            (Some((_, y)), Some(triplet)) => {
                y.values[local] += 1.0;
                triplet.a3_plus as f32 * (y.values[local] - 1.0)
            }
            _ => 0.0,
        };
        self.y.values[local] += 1.0;
        if let Some(count) = self.counts.get_mut(target) {
            *count += 1;
        }
        let (rate, w_max) = (self.rule.a_plus as f32 + slow, self.rule.w_max as f32);
        let x = &self.x.values[..];
        let columns = &self.columns;
        let place = columns.of(target);
        match self.rule.dependence {
            Dependence::Additive => {
                let rate = rate * w_max;
                columns.walk(place, weights, |w, row| (w + rate * x[row]).min(w_max))
            }
            Dependence::Multiplicative => {
                columns.walk(place, weights, |w, row| (w + rate * x[row] * (w_max - w)).min(w_max))
            }
            Dependence::PowerLaw { mu, w_0 } => {
                let (mu, w_0) = (mu as f32, w_0 as f32);
                let power = |w: f32| w_0 * exp(mu * ln(w / w_0));
                columns.walk(place, weights, |w, row| {
                    if w > 0.0 { (w + rate * x[row] * power(w)).min(w_max) } else { w }
                })
            }
        }
    }

    /// Synaptic scaling, at the end of an interval.
    fn scale(&mut self, rows: &mut Rows) {
        let Some(scaling) = self.rule.scaling else { return };
        let Synapses::Plastic { weights, .. } = &mut rows.synapses else { return };
        let w_max = self.rule.w_max as f32;
        let seconds = self.scaling_steps as f64 * self.dt * 1e-3;
        for (target, count) in self.counts.iter_mut().enumerate() {
            let seen = f64::from(std::mem::take(count)) / seconds;
            let factor = 1.0 + scaling.strength * (1.0 - seen / scaling.rate);
            let factor = factor.clamp(0.5, 2.0) as f32;
            self.columns.walk(self.columns.of(target), weights, |w, _| (w * factor).min(w_max));
        }
    }
}

impl Columns {
    /// Changes the weights of a column by what `change` makes of a weight and its row.
    #[inline(always)]
    fn walk(
        &self,
        place: std::ops::Range<usize>,
        weights: &mut [f32],
        change: impl Fn(f32, usize) -> f32,
    ) -> u64 {
        let (synapses, rows) = (&self.synapses[place.clone()], &self.rows[place]);
        for (k, (&at, &row)) in synapses.iter().zip(rows).enumerate() {
            if let Some(&ahead) = synapses.get(k + FETCH_AHEAD) {
                prefetch(weights, ahead as usize);
            }
            let weight = &mut weights[at as usize];
            *weight = change(*weight, row as usize);
        }
        synapses.len() as u64
    }
}

/// What a source's spike takes from a weight: `rate y (constant + slope w)`.
struct Depression {
    constant: f32,
    slope: f32,
    rate: f32,
    w_max: f32,
    per_unit: f32,
}

/// # Safety
/// As [`Simd`]; this one is plain Rust that the compiler turns into vectors.
#[inline(always)]
unsafe fn depress<S: Simd>(
    by: &Depression,
    y: &[f32],
    targets: &[u16],
    weights: &mut [f32],
    out: &mut [i32],
) {
    // Added to a number below 2^22 it leaves the nearest whole number in the low bits.
    const WHOLE: f32 = 12_582_912.0;
    for ((target, weight), out) in targets.iter().zip(weights).zip(out) {
        let loss = by.rate * y[usize::from(*target)] * (by.constant + by.slope * *weight);
        let w = (*weight - loss).clamp(0.0, by.w_max);
        *weight = w;
        *out = (w * by.per_unit + WHOLE).to_bits() as i32 - WHOLE.to_bits() as i32;
    }
}
