//! Leaky integrate and fire with an adaptive threshold.

use super::{Parameter, Tile, Values, decays};
use crate::conventions::Integration;
use crate::simd::{Simd, dispatch};

/// A leaky neuron whose threshold jumps with each spike and falls back.
///
/// Equation: `tau_m v' = E_L - v + R I`, `tau_theta theta' = theta_0 - theta`; where `v > theta` it
/// fires, `v = V_r` and `theta = theta + delta_theta`. A refractory neuron holds its potential.
///
/// Input: the current `I` of the step (pA). State: `v` (starts at `E_L`), `theta` (starts at
/// `theta_0`), refractory steps left. Shape: any. Emits: spikes.
/// Source: Bellec et al. 2018, "Long short-term memory and learning-to-learn in networks of spiking
/// neurons", equations 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptiveLif {
    /// Membrane time constant (ms), 20.
    pub tau_m: Values,
    /// Potential at rest (mV), -70.
    pub e_l: Values,
    /// Resistance (GOhm), 0.1.
    pub r: Values,
    /// Potential after a spike (mV), -70.
    pub v_r: Values,
    /// Threshold at rest (mV), -50.
    pub theta_0: Values,
    /// Time constant of the threshold (ms), 50.
    pub tau_theta: Values,
    /// Jump of the threshold at a spike (mV), 3.
    pub delta_theta: Values,
    /// From a spike to the next step that may fire (steps); 0 and 1 mean the next one.
    pub refractory_steps: u32,
    /// Forward Euler or exact.
    pub integration: Integration,
    /// Length of a step (ms).
    pub dt_ms: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    decay: Parameter,
    decay_theta: Parameter,
    e_l: Parameter,
    r: Parameter,
    v_r: Parameter,
    theta_0: Parameter,
    delta_theta: Parameter,
    held_steps: f32,
}

impl AdaptiveLif {
    pub(super) fn compile(&self, padded: usize) -> Compiled {
        let p = |values: &[f64]| Parameter::new(values, padded);
        Compiled {
            decay: p(&decays(&self.tau_m, self.dt_ms, self.integration)),
            decay_theta: p(&decays(&self.tau_theta, self.dt_ms, self.integration)),
            e_l: p(&self.e_l),
            r: p(&self.r),
            v_r: p(&self.v_r),
            theta_0: p(&self.theta_0),
            delta_theta: p(&self.delta_theta),
            held_steps: self.refractory_steps.saturating_sub(1) as f32,
        }
    }
}

impl Compiled {
    pub(crate) const STATES: usize = 3;

    pub(crate) fn start(&self, lane: usize) -> [f32; 3] {
        [self.e_l.at(lane), self.theta_0.at(lane), 0.0]
    }

    /// At rest, with the threshold as it stands.
    pub(crate) fn rest(&self, state: &mut [f32], padded: usize) {
        let (v, others) = state.split_at_mut(padded);
        v.iter_mut().enumerate().for_each(|(lane, v)| *v = self.e_l.at(lane));
        others[padded..].fill(0.0);
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        tile.check(Self::STATES);
        dispatch!(tile.isa, tile_of(model: &Compiled = self, tile: &mut Tile<'_> = tile, bias: Option<&Parameter> = bias))
    }
}

/// # Safety
/// The machine has the instruction set `S`, and `tile.check` has passed.
#[inline(always)]
unsafe fn tile_of<S: Simd>(model: &Compiled, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
    for lane in (0..tile.width).step_by(S::LANES) {
        // SAFETY: a tile's width is a multiple of every vector's lanes.
        unsafe { vector::<S>(model, tile, bias, lane) };
    }
}

/// One vector of neurons from `lane` (counted from the tile's first), over all steps of the tile.
///
/// # Safety
/// As for [`tile_of`], and the vector lies inside the tile.
#[inline(always)]
unsafe fn vector<S: Simd>(
    m: &Compiled,
    tile: &mut Tile<'_>,
    bias: Option<&Parameter>,
    lane: usize,
) {
    // SAFETY: parameters hold a value for each lane (`Parameter::lane`), and the tile has been
    // checked against its input, state, spikes and trace.
    unsafe {
        let first = tile.lane + lane;
        let of = |p: &Parameter| S::load(p.lane(first));
        let (zero, one) = (S::splat(0.0), S::splat(1.0));
        let (decay, decay_theta, e_l, r) = (of(&m.decay), of(&m.decay_theta), of(&m.e_l), of(&m.r));
        let (v_r, rest, jump) = (of(&m.v_r), of(&m.theta_0), of(&m.delta_theta));
        let held_steps = S::splat(m.held_steps);
        let constant = bias.map_or(zero, of);
        let at = tile.state.as_mut_ptr().add(first);
        let [v_at, theta_at, left_at] = [at, at.add(tile.padded), at.add(2 * tile.padded)];
        let (mut v, mut theta, mut left) = (S::load(v_at), S::load(theta_at), S::load(left_at));
        for step in 0..tile.steps {
            let drive = tile.drive.as_ptr().add(step * tile.width + lane);
            let current = S::add(S::load(drive), constant);
            let held = S::gt(left, zero);
            let target = S::add(e_l, S::mul(r, current));
            let moved = S::add(target, S::mul(decay, S::sub(v, target)));
            v = S::select(held, v, moved);
            theta = S::add(rest, S::mul(decay_theta, S::sub(theta, rest)));
            let fired = S::and_not(S::gt(v, theta), held);
            v = S::select(fired, v_r, v);
            theta = S::select(fired, S::add(theta, jump), theta);
            left = S::select(fired, held_steps, S::max(S::sub(left, one), zero));
            let cell = step * tile.padded + first;
            S::store_bits(tile.spikes.as_mut_ptr().add(cell / 8), fired);
            if !tile.trace.is_empty() {
                S::store(tile.trace.as_mut_ptr().add(cell), v);
            }
        }
        S::store(v_at, v);
        S::store(theta_at, theta);
        S::store(left_at, left);
    }
}
