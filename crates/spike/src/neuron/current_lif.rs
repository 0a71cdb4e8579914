//! Leaky integrate and fire with synaptic currents.

use super::{Parameter, SynapseShape, Tile, Values, decays};
use crate::conventions::Integration;

/// A leaky neuron with an excitatory and an inhibitory synaptic current.
///
/// Equation: `tau_m v' = E_L - v + R (I_e - I_i + I)`; exponential: `tau_s I_s' = -I_s`, a spike
/// adds its weight to `I_s`; alpha: `tau_s I_s' = x_s - I_s`, `tau_s x_s' = -x_s`, a spike adds `e`
/// times its weight to `x_s`, so that the current peaks at the weight after `tau_s`. Where
/// `v > V_th` it fires and `v = V_r`; a refractory neuron holds its potential while currents go on.
/// Order of a step: integrate, threshold, input, reset; exact integration uses the propagators of
/// the linear system with `I` held over the step.
///
/// Receptors: 0 excitatory, 1 inhibitory (pA, positive weights), 2 the current `I` of the step (pA).
/// State: `v` (starts at `E_L`), `I_e`, `I_i`, `x_e`, `x_i`, refractory steps left.
/// Shape: any. Emits: spikes.
/// Source: Rotter and Diesmann 1999, "Exact digital simulation of time-invariant linear systems with
/// applications to neuronal modeling", sections 3.1.1 and 3.1.2.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentLif {
    /// Membrane time constant (ms), 20.
    pub tau_m: Values,
    /// Potential at rest (mV), -70.
    pub e_l: Values,
    /// Resistance (GOhm), 0.1.
    pub r: Values,
    /// Potential after a spike (mV), -65.
    pub v_r: Values,
    /// Threshold (mV), -50.
    pub v_th: Values,
    /// Time constant of excitation (ms), 2.
    pub tau_e: Values,
    /// Time constant of inhibition (ms), 8.
    pub tau_i: Values,
    /// Shape of a synaptic current.
    pub synapse: SynapseShape,
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
    e_l: Parameter,
    r: Parameter,
    v_r: Parameter,
    v_th: Parameter,
    synapses: [Propagators; 2],
    held_steps: f32,
}

/// What one step makes of a synapse: its own decay, what its current becomes from `x`, and what the
/// potential gains from current and `x` per unit of resistance.
#[derive(Clone, Debug)]
struct Propagators {
    decay: Parameter,
    x_to_current: Parameter,
    current_to_v: Parameter,
    x_to_v: Parameter,
    jump: f32,
    alpha: bool,
}

impl Propagators {
    fn new(model: &CurrentLif, tau_s: &[f64], padded: usize) -> Self {
        let h = model.dt_ms;
        let both = |f: &dyn Fn(f64, f64) -> f64| {
            let n = model.tau_m.len().max(tau_s.len());
            let at = |v: &[f64], k: usize| if v.len() == 1 { v[0] } else { v[k] };
            let all: Vec<f64> = (0..n).map(|k| f(at(&model.tau_m, k), at(tau_s, k))).collect();
            Parameter::new(&all, padded)
        };
        let exact = model.integration != Integration::ForwardEuler;
        // With b = 1/ts - 1/tm the integrals over the step are
        // (1/tm) int e^{-(h-s)/tm} e^{-s/ts} ds and (1/tm) int e^{-(h-s)/tm} (s/ts) e^{-s/ts} ds.
        let current_to_v = |tm: f64, ts: f64| {
            let b = 1.0 / ts - 1.0 / tm;
            let em = (-h / tm).exp();
            if (b * h).abs() < 1e-6 { h / tm * em } else { em * -(-b * h).exp_m1() / (b * tm) }
        };
        let x_to_v = |tm: f64, ts: f64| {
            let b = 1.0 / ts - 1.0 / tm;
            let em = (-h / tm).exp();
            if (b * h).abs() < 1e-4 {
                return em * h * h / (2.0 * tm * ts);
            }
            em / (tm * ts) * (-(-b * h).exp_m1() / (b * b) - h * (-b * h).exp() / b)
        };
        let alpha = model.synapse == SynapseShape::Alpha;
        Self {
            decay: Parameter::new(&decays(tau_s, h, model.integration), padded),
            x_to_current: both(&|_, ts| if exact { h / ts * (-h / ts).exp() } else { h / ts }),
            current_to_v: both(&|tm, ts| if exact { current_to_v(tm, ts) } else { h / tm }),
            x_to_v: both(&|tm, ts| if exact { x_to_v(tm, ts) } else { 0.0 }),
            jump: if alpha { std::f32::consts::E } else { 1.0 },
            alpha,
        }
    }

    /// Advances current and `x` by a step; gives what the potential gains.
    fn step(&self, lane: usize, current: &mut f32, x: &mut f32) -> f32 {
        let mut gain = self.current_to_v.at(lane) * *current;
        let decay = self.decay.at(lane);
        let mut next = decay * *current;
        if self.alpha {
            gain += self.x_to_v.at(lane) * *x;
            next += self.x_to_current.at(lane) * *x;
            *x *= decay;
        }
        *current = next;
        gain
    }

    fn arrive(&self, current: &mut f32, x: &mut f32, input: f32) {
        *(if self.alpha { x } else { current }) += self.jump * input;
    }
}

impl CurrentLif {
    pub(super) fn compile(&self, padded: usize) -> Compiled {
        let p = |values: &[f64]| Parameter::new(values, padded);
        Compiled {
            decay: p(&decays(&self.tau_m, self.dt_ms, self.integration)),
            e_l: p(&self.e_l),
            r: p(&self.r),
            v_r: p(&self.v_r),
            v_th: p(&self.v_th),
            synapses: [&self.tau_e, &self.tau_i].map(|tau| Propagators::new(self, tau, padded)),
            held_steps: self.refractory_steps.saturating_sub(1) as f32,
        }
    }
}

impl Compiled {
    pub(crate) const STATES: usize = 6;

    pub(crate) fn start(&self, lane: usize) -> [f32; 6] {
        [self.e_l.at(lane), 0.0, 0.0, 0.0, 0.0, 0.0]
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        let [excitation, inhibition] = &self.synapses;
        tile.cells(bias, |lane, [e, i, current], [v, i_e, i_i, x_e, x_i, left]| {
            let held = *left > 0.0;
            let gain = excitation.step(lane, i_e, x_e) - inhibition.step(lane, i_i, x_i);
            if !held {
                let target = self.e_l.at(lane) + self.r.at(lane) * current;
                let relaxed = target + self.decay.at(lane) * (*v - target);
                *v = relaxed + self.r.at(lane) * gain;
            }
            let fired = !held && *v > self.v_th.at(lane);
            excitation.arrive(i_e, x_e, e);
            inhibition.arrive(i_i, x_i, i);
            *left = (*left - 1.0).max(0.0);
            if fired {
                *v = self.v_r.at(lane);
                *left = self.held_steps;
            }
            (fired, *v)
        });
    }
}
