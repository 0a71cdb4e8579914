//! Leaky integrate and fire with an adaptive threshold.

use super::{Parameter, Tile, Values, decays};
use crate::conventions::Integration;

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

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        tile.cells(bias, |lane, [current], [v, theta, left]| {
            let held = *left > 0.0;
            let target = self.e_l.at(lane) + self.r.at(lane) * current;
            if !held {
                *v = target + self.decay.at(lane) * (*v - target);
            }
            let rest = self.theta_0.at(lane);
            *theta = rest + self.decay_theta.at(lane) * (*theta - rest);
            let fired = !held && *v > *theta;
            *left = (*left - 1.0).max(0.0);
            if fired {
                *v = self.v_r.at(lane);
                *theta += self.delta_theta.at(lane);
                *left = self.held_steps;
            }
            (fired, *v)
        });
    }
}
