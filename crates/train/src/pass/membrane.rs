//! A layer of neurons over all steps, forward and back, with what each neuron hears of its layer.

use crate::kernel::{Into, Left, Right, Rows, Terms, add_rows, multiply, widest};
use crate::network::Layer;
use crate::neuron::Layout;

use super::{Context, Stage, Sums, Work};

impl Layer {
    /// From the input `x` of each step to the spikes, or to the potentials of a read-out; gives the
    /// number of spikes.
    #[allow(clippy::too_many_arguments, reason = "all of one operation")]
    pub(super) fn forward(
        &self,
        c: &Context<'_>,
        samples: usize,
        constant: bool,
        x: &[f32],
        out: &mut [f32],
        stage: &mut Stage,
        work: &mut Work,
    ) -> u64 {
        let (row, steps) = (samples * self.n, c.network.steps);
        let spikes = self.neuron.threshold.is_some();
        stage.potentials.resize(steps * row, 0.0);
        if self.runs_alone() {
            let layout = Layout { row, input: if constant { 0 } else { row }, steps };
            return self.neuron.run(x, &mut stage.potentials, out, layout);
        }
        work.zeros.clear();
        work.zeros.resize(row, 0.0);
        let current = &mut work.a;
        current.clear();
        current.resize(if self.neuron.decay_current.is_some() { row } else { 0 }, 0.0);
        for t in 0..steps {
            let mut x = if constant { &x[..row] } else { &x[t * row..][..row] };
            if let Some(weights) = self.recurrent.as_ref().filter(|_| t > 0) {
                work.b.clear();
                work.b.extend_from_slice(x);
                let weights = &c.parameters[weights.clone()];
                let fired = &out[(t - 1) * row..][..row];
                if self.neuron.smooth {
                    let left = Left {
                        data: fired,
                        row: Rows::even(samples, self.n),
                        term: Rows::even(self.n, 1),
                    };
                    let right = Right::Rows { data: weights, row: self.n, n: self.n };
                    let mut into =
                        Into { data: &mut work.b, row: Rows::even(samples, self.n), adds: true };
                    multiply(left, right, &mut into, Terms::Fused, &mut work.kernel);
                } else {
                    work.lists.fill(fired, self.n);
                    for (sample, x) in work.b.chunks_exact_mut(self.n).enumerate() {
                        add_rows(weights, self.n, &work.lists, sample, x);
                    }
                }
                x = &work.b;
            }
            let (before, now) = stage.potentials.split_at_mut(t * row);
            let (fired, spiking) = out.split_at_mut(t * row);
            let last = |values: &'_ [f32]| values.len().saturating_sub(row);
            let before = if t == 0 { &work.zeros[..] } else { &before[last(before)..] };
            let fired = if t == 0 || !spikes { &work.zeros[..] } else { &fired[last(fired)..] };
            self.neuron.step(before, fired, x, current, &mut now[..row], &mut spiking[..row]);
        }
        if !spikes {
            out.copy_from_slice(&stage.potentials);
            return 0;
        }
        let part = |chunk: &[f32]| f64::from(chunk.iter().sum::<f32>());
        out.chunks(4096).map(part).sum::<f64>() as u64
    }

    fn runs_alone(&self) -> bool {
        self.recurrent.is_none() && self.neuron.runs_alone()
    }

    /// `g` holds the derivative of the spikes and becomes that of the input; of a constant input,
    /// its sum over the steps.
    #[allow(clippy::too_many_arguments, reason = "all of one operation")]
    pub(super) fn back(
        &self,
        c: &Context<'_>,
        samples: usize,
        constant: bool,
        spikes: &[f32],
        stage: &Stage,
        sums: &mut Sums<'_>,
        work: &mut Work,
    ) {
        let (row, steps) = (samples * self.n, c.network.steps);
        if self.neuron.threshold.is_some() {
            self.regularise(c, row, spikes, work);
        }
        if self.runs_alone() {
            let layout = Layout { row, input: if constant { 0 } else { row }, steps };
            self.neuron.run_back(&stage.potentials, &mut work.g, layout);
            work.len = if constant { row } else { work.len };
            return;
        }
        let Work { g, len, a: carry, b: carry_current, zeros, kernel, .. } = work;
        for carry in [&mut *carry, &mut *carry_current, &mut *zeros] {
            carry.clear();
            carry.resize(row, 0.0);
        }
        for t in (0..steps).rev() {
            let (now, later) = g[t * row..].split_at_mut(row);
            if let Some(weights) = self.recurrent.as_ref().filter(|_| t + 1 < steps) {
                let weights = &c.parameters[weights.clone()];
                let left = Left {
                    data: &later[..row],
                    row: Rows::even(samples, self.n),
                    term: Rows::even(self.n, 1),
                };
                let right = Right::Transposed { data: weights, row: self.n, n: self.n };
                let mut into = Into { data: now, row: Rows::even(samples, self.n), adds: true };
                multiply(left, right, &mut into, Terms::Fused, kernel);
            }
            let fired = if t == 0 { &zeros[..] } else { &spikes[(t - 1) * row..][..row] };
            let u = &stage.potentials[t * row..][..row];
            self.neuron.back(u, &spikes[t * row..][..row], fired, now, carry, carry_current);
        }
        if let Some(weights) = self.recurrent.as_ref().filter(|_| steps > 1) {
            let rows = (steps - 1) * samples;
            let left =
                Left { data: spikes, row: Rows::even(self.n, 1), term: Rows::even(rows, self.n) };
            let right = Right::Rows { data: &g[row..], row: self.n, n: self.n };
            let data = sums.of(weights);
            let mut into = Into { data, row: Rows::even(self.n, self.n), adds: true };
            multiply(left, right, &mut into, Terms::Fused, kernel);
        }
        if constant {
            let (first, later) = g.split_at_mut(row);
            later.chunks_exact(row).take(steps - 1).for_each(|step| add(first, step));
            *len = row;
        }
    }

    /// Adds the derivative of what unwanted activity costs to that of the spikes.
    fn regularise(&self, c: &Context<'_>, row: usize, spikes: &[f32], work: &mut Work) {
        let Some(wanted) = c.regularisation.filter(|r| r.strength > 0.0) else { return };
        let steps = c.network.steps as f32;
        let Work { g, len, a: rates, .. } = work;
        rates.clear();
        rates.resize(row, 0.0);
        spikes.chunks_exact(row).for_each(|step| add(rates, step));
        let share = 2.0 * wanted.strength / (c.batch as f32 * self.n as f32 * steps);
        for rate in rates.iter_mut() {
            let mean = *rate / steps;
            *rate = share * ((mean - wanted.upper).max(0.0) + (mean - wanted.lower).min(0.0));
        }
        g[..*len].chunks_exact_mut(row).for_each(|step| add(step, rates));
    }
}

widest! {
    fn add(to: &mut [f32], values: &[f32]) {
        to.iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
    }
}
