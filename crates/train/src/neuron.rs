//! Neurons of the trainer: one step of the membrane and its derivative, for whole rows.
//!
//! The equations are those of `spike` under snnTorch's profile, in the same order of operations, so
//! that a trained network spikes as it did here. With `d` the decay of the membrane, `x` the input,
//! `z` the spike of the step before and `th` the threshold:
//!
//! ```text
//! none              u = d u' + x
//! subtract          u = (d u' + x) - z th          (snnTorch's default)
//! zero              u = d (z ? 0 : u') + x
//! zero, discards    u = z ? 0 : d u' + x           (recurrent or synaptic, reset to zero, delayed)
//! spike             z = u > th
//! ```
//!
//! `u` is stored before any reset, which is all that the way back needs.

use crate::kernel::widest;
use crate::surrogate::{Surrogate, SurrogateKind, arctan, fast_sigmoid, triangular};

/// What a spike does to the next step of its neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reset {
    /// Nothing.
    None,
    /// One threshold is taken off the next potential, undecayed.
    SubtractNext,
    /// The potential starts again from zero.
    Zero,
    /// The next update is lost: the potential is zero after it.
    Discard,
}

/// A layer of neurons of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Neuron {
    /// What remains of the potential after a step.
    pub(crate) decay: f32,
    /// What remains of the synaptic current after a step, where there is one.
    pub(crate) decay_current: Option<f32>,
    /// Above it a neuron spikes; none for a read-out (LI).
    pub(crate) threshold: Option<f32>,
    pub(crate) reset: Reset,
    pub(crate) surrogate: Surrogate,
    /// Whether the gradient also follows the reset (snnTorch's does not).
    pub(crate) through_reset: bool,
    /// Spikes are the surrogate's primitive instead: for checking gradients alone.
    pub(crate) smooth: bool,
}

widest! {
    fn update(
        before: &[f32], fired: &[f32], x: &[f32], u: &mut [f32], decay: f32, threshold: f32, reset: Reset
    ) {
        let n = u.len();
        let (before, fired, x) = (&before[..n], &fired[..n], &x[..n]);
        match reset {
            Reset::None => (0..n).for_each(|j| u[j] = decay * before[j] + x[j]),
            Reset::SubtractNext => {
                (0..n).for_each(|j| u[j] = (decay * before[j] + x[j]) - fired[j] * threshold);
            }
            Reset::Zero => {
                (0..n).for_each(|j| u[j] = decay * (before[j] * (1.0 - fired[j])) + x[j]);
            }
            Reset::Discard => {
                (0..n).for_each(|j| u[j] = (decay * before[j] + x[j]) * (1.0 - fired[j]));
            }
        }
    }
}

widest! {
    fn fire(u: &[f32], spikes: &mut [f32], threshold: f32) {
        let n = spikes.len();
        let u = &u[..n];
        (0..n).for_each(|j| spikes[j] = if u[j] > threshold { 1.0 } else { 0.0 });
    }
}

widest! {
    fn decay_and_add(current: &mut [f32], x: &[f32], decay: f32) {
        let n = current.len();
        let x = &x[..n];
        (0..n).for_each(|j| current[j] = decay * current[j] + x[j]);
    }
}

/// Neurons that are taken through all steps together, in registers.
const BLOCK: usize = 32;

/// Where the rows of a layer lie: step `t` begins at `t * row`, of the input at `t * input`, which
/// is 0 where every step has the same.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) row: usize,
    pub(crate) input: usize,
    pub(crate) steps: usize,
}

#[derive(Clone, Copy)]
struct Run {
    decay: f32,
    threshold: f32,
    reset: Reset,
}

#[inline(always)]
fn run_block<const W: usize, const FIRES: bool>(
    x: &[f32],
    u: &mut [f32],
    out: &mut [f32],
    layout: Layout,
    run: Run,
    from: usize,
) -> f32 {
    let (mut v, mut z, mut n) = ([0.0f32; W], [0.0f32; W], [0.0f32; W]);
    let Run { decay, threshold, reset } = run;
    for t in 0..layout.steps {
        let x = &x[t * layout.input + from..][..W];
        let u = &mut u[t * layout.row + from..][..W];
        let out = &mut out[t * layout.row + from..][..W];
        match reset {
            Reset::SubtractNext => {
                (0..W).for_each(|j| v[j] = (decay * v[j] + x[j]) - z[j] * threshold);
            }
            Reset::Zero => (0..W).for_each(|j| v[j] = decay * (v[j] * (1.0 - z[j])) + x[j]),
            Reset::None | Reset::Discard => (0..W).for_each(|j| v[j] = decay * v[j] + x[j]),
        }
        for j in 0..W {
            u[j] = v[j];
            if FIRES {
                z[j] = if v[j] > threshold { 1.0 } else { 0.0 };
                n[j] += z[j];
                out[j] = z[j];
            } else {
                out[j] = v[j];
            }
        }
    }
    n.iter().sum()
}

#[inline(always)]
fn run_blocks<const FIRES: bool>(
    x: &[f32],
    u: &mut [f32],
    out: &mut [f32],
    layout: Layout,
    run: Run,
    fired: &mut u64,
) {
    let whole = layout.row / BLOCK * BLOCK;
    for from in (0..whole).step_by(BLOCK) {
        *fired += run_block::<BLOCK, FIRES>(x, u, out, layout, run, from) as u64;
    }
    for from in whole..layout.row {
        *fired += run_block::<1, FIRES>(x, u, out, layout, run, from) as u64;
    }
}

widest! {
    fn run_firing(x: &[f32], u: &mut [f32], out: &mut [f32], layout: Layout, run: Run, fired: &mut u64) {
        run_blocks::<true>(x, u, out, layout, run, fired);
    }
}

widest! {
    fn run_reading(x: &[f32], u: &mut [f32], out: &mut [f32], layout: Layout, run: Run, fired: &mut u64) {
        run_blocks::<false>(x, u, out, layout, run, fired);
    }
}

impl Neuron {
    /// Whether neurons can be taken through all steps one by one, as [`Neuron::run`] does.
    pub(crate) fn runs_alone(&self) -> bool {
        self.decay_current.is_none() && !self.smooth && self.reset != Reset::Discard
    }

    /// All steps: potentials before a reset to `u`, spikes (of a read-out: potentials) to `out`.
    /// Gives the number of spikes.
    pub(crate) fn run(&self, x: &[f32], u: &mut [f32], out: &mut [f32], layout: Layout) -> u64 {
        let run =
            Run { decay: self.decay, threshold: self.threshold.unwrap_or(0.0), reset: self.reset };
        let mut fired = 0;
        if self.threshold.is_some() {
            run_firing(x, u, out, layout, run, &mut fired);
        } else {
            run_reading(x, u, out, layout, run, &mut fired);
        }
        fired
    }

    /// The way back over all steps. `g` holds the derivative of `out` and becomes that of the input;
    /// where every step has the same, its sum over them, in the first row.
    pub(crate) fn run_back(&self, u: &[f32], g: &mut [f32], layout: Layout) {
        let threshold = self.threshold.unwrap_or(0.0);
        let way = Way {
            decay: self.decay,
            threshold,
            reset: self.reset,
            through_reset: self.through_reset,
        };
        let (k, scale) = (self.surrogate.slope, self.surrogate.scale);
        match (self.threshold, self.surrogate.kind) {
            (None, _) => run_back_leak(u, g, layout, way),
            (_, SurrogateKind::FastSigmoid) => run_back_fast(u, g, layout, k, scale, way),
            (_, SurrogateKind::Arctan) => run_back_arctan(u, g, layout, k, scale, way),
            (_, SurrogateKind::Triangular) => run_back_triangular(u, g, layout, k, scale, way),
        }
    }

    /// One step of a row of neurons.
    ///
    /// `before` and `fired` are the potentials and spikes of the step before, `current` the
    /// synaptic currents (empty where there are none), `u` and `spikes` what comes out; a read-out
    /// has no spikes.
    pub(crate) fn step(
        &self,
        before: &[f32],
        fired: &[f32],
        x: &[f32],
        current: &mut [f32],
        u: &mut [f32],
        spikes: &mut [f32],
    ) {
        let threshold = self.threshold.unwrap_or(0.0);
        if let Some(decay) = self.decay_current {
            decay_and_add(current, x, decay);
            update(before, fired, current, u, self.decay, threshold, self.reset);
        } else {
            update(before, fired, x, u, self.decay, threshold, self.reset);
        }
        match (self.threshold, self.smooth) {
            (None, _) => {}
            (Some(threshold), false) => fire(u, spikes, threshold),
            (Some(threshold), true) => {
                for (spike, u) in spikes.iter_mut().zip(u) {
                    *spike = self.surrogate.primitive(*u - threshold);
                }
            }
        }
    }

    /// The way back over one step of a row.
    ///
    /// `g` holds the derivative with respect to the spikes (of a read-out: the potentials) and
    /// becomes that with respect to the input; `carry` goes from the step after to this one, shape
    /// `[n]`; `carry_current` likewise where there is a synaptic current. `fired` are the spikes of
    /// the step before, `spikes` those of this one.
    pub(crate) fn back(
        &self,
        u: &[f32],
        spikes: &[f32],
        fired: &[f32],
        g: &mut [f32],
        carry: &mut [f32],
        carry_current: &mut [f32],
    ) {
        match self.threshold {
            None => back_leak(g, carry, self.decay),
            Some(threshold) => {
                let way = Way {
                    decay: self.decay,
                    threshold,
                    reset: self.reset,
                    through_reset: self.through_reset,
                };
                let (k, scale) = (self.surrogate.slope, self.surrogate.scale);
                match self.surrogate.kind {
                    SurrogateKind::FastSigmoid => back_fast(u, spikes, g, carry, k, scale, way),
                    SurrogateKind::Arctan => back_arctan(u, spikes, g, carry, k, scale, way),
                    SurrogateKind::Triangular => {
                        back_triangular(u, spikes, g, carry, k, scale, way)
                    }
                }
            }
        }
        if self.threshold.is_some() && self.reset == Reset::Discard {
            for (g, fired) in g.iter_mut().zip(fired) {
                *g *= 1.0 - fired;
            }
        }
        if let Some(decay) = self.decay_current {
            decay_and_add(carry_current, g, decay);
            g.copy_from_slice(carry_current);
        }
    }
}

#[derive(Clone, Copy)]
struct Way {
    decay: f32,
    threshold: f32,
    reset: Reset,
    through_reset: bool,
}

impl Way {
    /// The derivative of the next potential with respect to this one.
    #[inline(always)]
    fn on(&self, u: f32, z: f32, slope: f32) -> f32 {
        let slope = if self.through_reset { slope } else { 0.0 };
        match self.reset {
            Reset::None => self.decay,
            Reset::SubtractNext => self.decay - self.threshold * slope,
            Reset::Zero => self.decay * ((1.0 - z) - u * slope),
            Reset::Discard => self.decay * (1.0 - z),
        }
    }
}

#[inline(always)]
fn back_all(
    u: &[f32],
    spikes: &[f32],
    g: &mut [f32],
    carry: &mut [f32],
    way: Way,
    derivative: impl Fn(f32) -> f32,
) {
    let n = g.len();
    let (u, spikes, carry) = (&u[..n], &spikes[..n], &mut carry[..n]);
    for j in 0..n {
        let slope = derivative(u[j] - way.threshold);
        let a = g[j] * slope + carry[j] * way.on(u[j], spikes[j], slope);
        g[j] = a;
        carry[j] = a;
    }
}

/// The commonest ways have loops of their own, so that nothing is asked inside them.
#[inline(always)]
fn back_by_reset(
    u: &[f32],
    spikes: &[f32],
    g: &mut [f32],
    carry: &mut [f32],
    way: Way,
    derivative: impl Fn(f32) -> f32,
) {
    let with = |reset, through_reset| Way { reset, through_reset, ..way };
    match (way.reset, way.through_reset) {
        (Reset::SubtractNext | Reset::None, false) | (Reset::None, true) => {
            back_all(u, spikes, g, carry, with(Reset::None, false), derivative);
        }
        (Reset::Zero | Reset::Discard, false) => {
            back_all(u, spikes, g, carry, with(Reset::Discard, false), derivative);
        }
        _ => back_all(u, spikes, g, carry, way, derivative),
    }
}

widest! {
    fn back_fast(u: &[f32], z: &[f32], g: &mut [f32], carry: &mut [f32], k: f32, scale: f32, way: Way) {
        back_by_reset(u, z, g, carry, way, |u| scale * fast_sigmoid(u, k));
    }
}

widest! {
    fn back_arctan(u: &[f32], z: &[f32], g: &mut [f32], carry: &mut [f32], k: f32, scale: f32, way: Way) {
        back_by_reset(u, z, g, carry, way, |u| scale * arctan(u, k));
    }
}

widest! {
    fn back_triangular(u: &[f32], z: &[f32], g: &mut [f32], carry: &mut [f32], k: f32, scale: f32, way: Way) {
        back_by_reset(u, z, g, carry, way, |u| scale * triangular(u, k));
    }
}

widest! {
    fn back_leak(g: &mut [f32], carry: &mut [f32], decay: f32) {
        let n = g.len();
        let carry = &mut carry[..n];
        for j in 0..n {
            let a = g[j] + carry[j] * decay;
            g[j] = a;
            carry[j] = a;
        }
    }
}

#[inline(always)]
fn back_block<const W: usize>(
    u: &[f32],
    g: &mut [f32],
    layout: Layout,
    way: Way,
    derivative: impl Fn(f32) -> f32 + Copy,
    from: usize,
) {
    let (mut carry, mut sum) = ([0.0f32; W], [0.0f32; W]);
    for t in (0..layout.steps).rev() {
        let u = &u[t * layout.row + from..][..W];
        let g = &mut g[t * layout.row + from..][..W];
        for j in 0..W {
            let slope = derivative(u[j] - way.threshold);
            let z = if u[j] > way.threshold { 1.0 } else { 0.0 };
            carry[j] = g[j] * slope + carry[j] * way.on(u[j], z, slope);
        }
        if layout.input == 0 {
            (0..W).for_each(|j| sum[j] += carry[j]);
        } else {
            g.copy_from_slice(&carry);
        }
    }
    if layout.input == 0 {
        g[from..from + W].copy_from_slice(&sum);
    }
}

#[inline(always)]
fn back_blocks(
    u: &[f32],
    g: &mut [f32],
    layout: Layout,
    way: Way,
    derivative: impl Fn(f32) -> f32 + Copy,
) {
    let detached =
        way.reset == Reset::None || (way.reset == Reset::SubtractNext && !way.through_reset);
    let plain = Way { reset: Reset::None, through_reset: false, ..way };
    let whole = layout.row / BLOCK * BLOCK;
    for from in (0..whole).step_by(BLOCK) {
        if detached {
            back_block::<BLOCK>(u, g, layout, plain, derivative, from);
        } else {
            back_block::<BLOCK>(u, g, layout, way, derivative, from);
        }
    }
    for from in whole..layout.row {
        back_block::<1>(u, g, layout, way, derivative, from);
    }
}

widest! {
    fn run_back_leak(u: &[f32], g: &mut [f32], layout: Layout, way: Way) {
        back_blocks(u, g, layout, way, |_| 1.0);
    }
}

widest! {
    fn run_back_fast(u: &[f32], g: &mut [f32], layout: Layout, k: f32, scale: f32, way: Way) {
        back_blocks(u, g, layout, way, |u| scale * fast_sigmoid(u, k));
    }
}

widest! {
    fn run_back_arctan(u: &[f32], g: &mut [f32], layout: Layout, k: f32, scale: f32, way: Way) {
        back_blocks(u, g, layout, way, |u| scale * arctan(u, k));
    }
}

widest! {
    fn run_back_triangular(u: &[f32], g: &mut [f32], layout: Layout, k: f32, scale: f32, way: Way) {
        back_blocks(u, g, layout, way, |u| scale * triangular(u, k));
    }
}
