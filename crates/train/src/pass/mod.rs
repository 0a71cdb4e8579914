//! Forward and back through a network for a few samples: a lane.
//!
//! A batch is cut into lanes by its size alone, never by the number of threads; a lane owns all
//! that it writes, so lanes run anywhere and in any order. Values lie as `[step][sample][neuron]`;
//! what is the same in every step is stored once.

mod conv;
mod dense;
mod membrane;
mod norm;
mod pool;

use crate::config::{LossConfig, RegularisationConfig};
use crate::kernel::{Lists, Scratch, widest};
use crate::loss::{self, Judged, Outputs};
use crate::network::{Network, Op, STREAM_DROPOUT};
use crate::random::Random;

/// Everything that a lane reads.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) network: &'a Network,
    pub(crate) parameters: &'a [f32],
    pub(crate) loss: &'a LossConfig,
    pub(crate) regularisation: Option<&'a RegularisationConfig>,
    /// Samples of the whole batch.
    pub(crate) batch: usize,
    /// Whether `values[1]` already holds the front's product.
    pub(crate) front_given: bool,
    /// Seed and epoch of dropout; none where nothing is dropped.
    pub(crate) dropout: Option<[u64; 2]>,
}

/// A few samples on their way through a network.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) samples: usize,
    /// Numbers of the samples in their data, which is what their chances hang on.
    pub(crate) numbers: Vec<u32>,
    pub(crate) labels: Vec<u32>,
    /// Before the first operation and after each.
    pub(crate) values: Vec<Vec<f32>>,
    /// Derivatives of the weights, without those of the front.
    pub(crate) gradient: Vec<f32>,
    /// Derivative of the front's product.
    pub(crate) front: Vec<f32>,
    /// Moments of this batch, laid out as the running ones.
    pub(crate) moments: Vec<f32>,
    pub(crate) judged: Vec<Judged>,
    /// Spikes of each layer of neurons.
    pub(crate) spikes: Vec<u64>,
    stages: Vec<Stage>,
    work: Work,
}

/// What an operation keeps from the way forward for the way back.
#[derive(Debug, Default)]
struct Stage {
    /// Potentials before any reset; synaptic currents are not kept.
    potentials: Vec<f32>,
    /// An image with zeros around.
    padded: Vec<f32>,
    /// The places of the spikes that arrive, where they are few.
    lists: Lists,
    sparse: bool,
    /// Of a dropout: 1 where a value passes, `[sample][n]`.
    mask: Vec<f32>,
    /// Of a normalisation: mean and inverse deviation of each channel.
    mean: Vec<f32>,
    inverse: Vec<f32>,
    tables: conv::Tables,
}

/// Scratch.
#[derive(Debug, Default)]
struct Work {
    kernel: Scratch,
    /// The derivative on its way back: the first `len` values.
    g: Vec<f32>,
    len: usize,
    /// Where the next operation writes its own; never shrinks.
    next: Vec<f32>,
    turned: Lists,
    lists: Lists,
    zeros: Vec<f32>,
    a: Vec<f32>,
    b: Vec<f32>,
    loss: loss::Scratch,
}

impl Work {
    /// The derivative on its way back.
    fn derivative(&mut self) -> &mut [f32] {
        &mut self.g[..self.len]
    }

    /// The derivative, and room for the next of `n` values.
    fn both(&mut self, n: usize) -> (&mut [f32], &mut [f32]) {
        grow(&mut self.next, n);
        (&mut self.g[..self.len], &mut self.next[..n])
    }

    /// The next derivative, of `n` values, is the one on its way.
    fn turn(&mut self, n: usize) {
        std::mem::swap(&mut self.g, &mut self.next);
        self.len = n;
    }
}

fn grow(values: &mut Vec<f32>, n: usize) {
    if values.len() < n {
        values.resize(n, 0.0);
    }
}

impl Lane {
    /// Makes room for `samples` of a network; weights from `front` on have their derivatives here.
    pub(crate) fn prepare(&mut self, network: &Network, samples: usize) {
        self.samples = samples;
        let front = network.front().map_or(0, |dense| dense.weight.len());
        self.gradient.resize(network.n_parameters - front, 0.0);
        self.values.resize(network.sizes.len(), Vec::new());
        self.stages.resize_with(network.ops.len(), Stage::default);
        self.moments.resize(network.n_moments, 0.0);
        for at in 0..network.sizes.len() {
            let n = self.rows(network, at) * network.sizes[at];
            self.values[at].resize(n, 0.0);
        }
    }

    /// Rows of the values before operation `at`.
    fn rows(&self, network: &Network, at: usize) -> usize {
        if network.signals[at].constant { self.samples } else { self.samples * network.steps }
    }

    /// From the input in `values[0]` (with a front: from its product in `values[1]`) to the outputs.
    pub(crate) fn forward(&mut self, c: &Context<'_>) {
        self.spikes.clear();
        for at in 0..c.network.ops.len() {
            let rows = self.rows(c.network, at);
            let signal = c.network.signals[at];
            let (before, after) = self.values.split_at_mut(at + 1);
            let (x, out) = (&before[at], &mut after[0]);
            let (stage, work) = (&mut self.stages[at], &mut self.work);
            match &c.network.ops[at] {
                Op::Dense(dense) => {
                    if !(at == 0 && signal.constant && c.front_given) {
                        dense.forward(c.parameters, signal, x, out, stage, work);
                    }
                    let scale = if c.dropout.is_some() { signal.scale } else { 1.0 };
                    let bias = dense.bias.clone().map(|range| &c.parameters[range]);
                    finish(out, scale, bias);
                }
                Op::Conv(conv) => {
                    conv.forward(c.parameters, signal, rows, x, out, stage, work);
                    let scale = if c.dropout.is_some() { signal.scale } else { 1.0 };
                    let bias = conv.bias.clone().map(|range| &c.parameters[range]);
                    finish(out, scale, bias);
                }
                Op::Pool(pool) => pool.forward(rows, x, out),
                Op::Flatten(flatten) => flatten.forward(rows, x, out),
                Op::Norm(norm) => {
                    norm.forward(c.parameters, x, out, stage, &mut self.moments);
                }
                Op::Dropout(share) => {
                    out.copy_from_slice(x);
                    if let Some([seed, epoch]) = c.dropout {
                        let n = c.network.sizes[at];
                        stage.mask.resize(self.samples * n, 0.0);
                        for (mask, number) in stage.mask.chunks_exact_mut(n).zip(&self.numbers) {
                            let path = [STREAM_DROPOUT, epoch, at as u64, u64::from(*number)];
                            let mut random = Random::of(seed, &path);
                            mask.fill_with(|| f32::from(u8::from(random.uniform() >= *share)));
                        }
                        times_each(out, &stage.mask);
                    }
                }
                Op::Neuron(layer) => {
                    let constant = signal.constant;
                    let fired = layer.forward(c, self.samples, constant, x, out, stage, work);
                    self.spikes.push(fired);
                }
            }
        }
    }

    /// What the outputs cost; with `derive`, the way back is begun.
    pub(crate) fn judge(&mut self, c: &Context<'_>, derive: bool) {
        let classes = c.network.outputs();
        let stride = self.samples * classes;
        self.judged.clear();
        let (Some(out), work) = (self.values.last(), &mut self.work) else { return };
        grow(&mut work.g, out.len());
        work.len = out.len();
        for (sample, label) in self.labels.iter().enumerate() {
            let values = &out[sample * classes..];
            let outputs = Outputs { values, stride, steps: c.network.steps, classes };
            let g = derive.then(|| &mut work.g[sample * classes..]);
            let weight = 1.0 / c.batch as f32;
            let label = *label as usize;
            self.judged.push(c.loss.judge(&outputs, label, weight, g, &mut work.loss));
        }
    }

    /// From the derivative of the outputs to those of all weights, which are overwritten.
    pub(crate) fn back(&mut self, c: &Context<'_>) {
        self.gradient.fill(0.0);
        let network = c.network;
        let front = network.front().map_or(0, |dense| dense.weight.len());
        for at in (0..network.ops.len()).rev() {
            let rows = self.rows(network, at);
            let signal = network.signals[at];
            let x = &self.values[at];
            let (stage, work) = (&mut self.stages[at], &mut self.work);
            let mut sums = Sums { gradient: &mut self.gradient, front };
            match &network.ops[at] {
                Op::Dense(dense) => {
                    if let Some(bias) = &dense.bias {
                        sum_rows(work.derivative(), sums.of(bias));
                    }
                    if at == 0 && signal.constant {
                        self.front.clear();
                        self.front.extend_from_slice(work.derivative());
                        return;
                    }
                    scale_by(
                        work.derivative(),
                        if c.dropout.is_some() { signal.scale } else { 1.0 },
                    );
                    dense.back(c.parameters, signal, x, stage, &mut sums, work);
                }
                Op::Conv(conv) => {
                    if let Some(bias) = &conv.bias {
                        sum_rows(work.derivative(), sums.of(bias));
                    }
                    scale_by(
                        work.derivative(),
                        if c.dropout.is_some() { signal.scale } else { 1.0 },
                    );
                    conv.back(c.parameters, signal, rows, x, stage, &mut sums, work);
                }
                Op::Pool(pool) if signal.derived => pool.back(rows, work),
                Op::Flatten(flatten) if signal.derived => flatten.back(rows, work),
                Op::Norm(norm) => norm.back(c.parameters, x, stage, &mut sums, work),
                Op::Dropout(_) if signal.derived => {
                    if c.dropout.is_some() {
                        times_each(work.derivative(), &stage.mask);
                    }
                }
                Op::Neuron(layer) => {
                    let spikes = &self.values[at + 1];
                    let constant = signal.constant;
                    layer.back(c, self.samples, constant, spikes, stage, &mut sums, work);
                }
                Op::Pool(_) | Op::Flatten(_) | Op::Dropout(_) => {}
            }
            if !signal.derived {
                return;
            }
        }
    }

    /// The outputs of one sample, shape `[steps][classes]`.
    pub(crate) fn output(&self, network: &Network, sample: usize) -> Vec<f32> {
        let classes = network.outputs();
        let Some(out) = self.values.last() else { return Vec::new() };
        let rows = out.chunks_exact(classes).skip(sample).step_by(self.samples.max(1));
        rows.flatten().copied().collect()
    }
}

/// Where derivatives of weights are added up.
struct Sums<'a> {
    gradient: &'a mut [f32],
    front: usize,
}

impl Sums<'_> {
    fn of(&mut self, range: &std::ops::Range<usize>) -> &mut [f32] {
        &mut self.gradient[range.start - self.front..range.end - self.front]
    }
}

/// `out = scale out + bias`, the bias repeated.
fn finish(out: &mut [f32], scale: f32, bias: Option<&[f32]>) {
    scale_by(out, scale);
    if let Some(bias) = bias {
        add_bias(out, bias);
    }
}

fn scale_by(values: &mut [f32], scale: f32) {
    if scale != 1.0 {
        values.iter_mut().for_each(|v| *v *= scale);
    }
}

widest! {
    fn add_bias(out: &mut [f32], bias: &[f32]) {
        for row in out.chunks_exact_mut(bias.len()) {
            row.iter_mut().zip(bias).for_each(|(v, b)| *v += b);
        }
    }
}

widest! {
    fn sum_rows(values: &[f32], sums: &mut [f32]) {
        for row in values.chunks_exact(sums.len()) {
            sums.iter_mut().zip(row).for_each(|(s, v)| *s += v);
        }
    }
}

widest! {
    fn times_each(values: &mut [f32], mask: &[f32]) {
        for row in values.chunks_exact_mut(mask.len()) {
            row.iter_mut().zip(mask).for_each(|(v, m)| *v *= m);
        }
    }
}
