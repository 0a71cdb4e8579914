//! Leaky integrate and fire with synaptic conductances.

use super::{Parameter, SynapseShape, Tile, Values, decays};
use crate::conventions::Integration;

/// A leaky neuron with an excitatory and an inhibitory synaptic conductance.
///
/// Equation: `C v' = g_L (E_L - v) + g_e (E_e - v) + g_i (E_i - v) + I`; the conductances move as
/// the currents of [`CurrentLif`](crate::CurrentLif) do, exponential or alpha. Where `v > V_th` it
/// fires and `v = V_r`; a refractory neuron holds its potential while conductances go on. Forward
/// Euler, all variables from their old values. Order of a step: integrate, threshold, input, reset.
///
/// Receptors: 0 excitatory, 1 inhibitory (nS), 2 the current `I` of the step (pA).
/// State: `v` (starts at `E_L`), `g_e`, `g_i`, `x_e`, `x_i`, refractory steps left.
/// Shape: any. Emits: spikes.
/// Source: Brette et al. 2007, "Simulation of networks of spiking neurons", appendix 2, benchmark 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ConductanceLif {
    /// Capacitance (pF), 200.
    pub c: Values,
    /// Leak conductance (nS), 10.
    pub g_l: Values,
    /// Potential at rest (mV), -65.
    pub e_l: Values,
    /// Reversal potential of excitation (mV), 0.
    pub e_e: Values,
    /// Reversal potential of inhibition (mV), -80.
    pub e_i: Values,
    /// Potential after a spike (mV), -65.
    pub v_r: Values,
    /// Threshold (mV), -50.
    pub v_th: Values,
    /// Time constant of excitation (ms), 5.
    pub tau_e: Values,
    /// Time constant of inhibition (ms), 10.
    pub tau_i: Values,
    /// Shape of a synaptic conductance.
    pub synapse: SynapseShape,
    /// From a spike to the next step that may fire (steps); 0 and 1 mean the next one.
    pub refractory_steps: u32,
    /// Length of a step (ms).
    pub dt_ms: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    dt_per_c: Parameter,
    g_l: Parameter,
    e_l: Parameter,
    e_e: Parameter,
    e_i: Parameter,
    v_r: Parameter,
    v_th: Parameter,
    decay_e: Parameter,
    decay_i: Parameter,
    alpha: bool,
    held_steps: f32,
}

impl ConductanceLif {
    pub(super) fn compile(&self, padded: usize) -> Compiled {
        let p = |values: &[f64]| Parameter::new(values, padded);
        let euler = |tau: &[f64]| p(&decays(tau, self.dt_ms, Integration::ForwardEuler));
        Compiled {
            dt_per_c: p(&self.c.iter().map(|c| self.dt_ms / c).collect::<Vec<_>>()),
            g_l: p(&self.g_l),
            e_l: p(&self.e_l),
            e_e: p(&self.e_e),
            e_i: p(&self.e_i),
            v_r: p(&self.v_r),
            v_th: p(&self.v_th),
            decay_e: euler(&self.tau_e),
            decay_i: euler(&self.tau_i),
            alpha: self.synapse == SynapseShape::Alpha,
            held_steps: self.refractory_steps.saturating_sub(1) as f32,
        }
    }
}

impl Compiled {
    pub(crate) const STATES: usize = 6;

    pub(crate) fn start(&self, lane: usize) -> [f32; 6] {
        [self.e_l.at(lane), 0.0, 0.0, 0.0, 0.0, 0.0]
    }

    /// A conductance and its `x` after a step, and with the input that arrives.
    fn synapse(&self, decay: f32, g: &mut f32, x: &mut f32, input: f32) {
        if self.alpha {
            *g = decay * *g + (1.0 - decay) * *x;
            *x = decay * *x + std::f32::consts::E * input;
        } else {
            *g = decay * *g + input;
        }
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        tile.cells(bias, |lane, [e, i, current], [v, g_e, g_i, x_e, x_i, left]| {
            let held = *left > 0.0;
            if !held {
                let leak = self.g_l.at(lane) * (self.e_l.at(lane) - *v);
                let excitation = *g_e * (self.e_e.at(lane) - *v);
                let inhibition = *g_i * (self.e_i.at(lane) - *v);
                *v += self.dt_per_c.at(lane) * (leak + excitation + inhibition + current);
            }
            let fired = !held && *v > self.v_th.at(lane);
            self.synapse(self.decay_e.at(lane), g_e, x_e, e);
            self.synapse(self.decay_i.at(lane), g_i, x_i, i);
            *left = (*left - 1.0).max(0.0);
            if fired {
                *v = self.v_r.at(lane);
                *left = self.held_steps;
            }
            (fired, *v)
        });
    }
}
