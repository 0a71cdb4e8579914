//! The adaptive exponential integrate-and-fire model.

use super::{Parameter, Tile, Values};
use crate::exp::exp;

/// A leaky neuron with an exponential upstroke and an adaptation current.
///
/// Equation: `C v' = g_L (E_L - v) + g_L D_T exp((v - V_T) / D_T) - w + I`,
/// `tau_w w' = a (v - E_L) - w`; where `v > V_peak` it fires, `v = V_r` and `w = w + b`. Forward
/// Euler, both variables from their old values; the exponent stops at what a `f32` holds.
///
/// Input: the current `I` of the step (pA). State: `v` (starts at `E_L`), `w` (starts at 0).
/// Shape: any. Emits: spikes.
/// Source: Brette and Gerstner 2005, "Adaptive exponential integrate-and-fire model as an effective
/// description of neuronal activity", equations 1 to 4; its figure 1 has the defaults named here.
#[derive(Clone, Debug, PartialEq)]
pub struct AdEx {
    /// Capacitance (pF), 281.
    pub c: Values,
    /// Leak conductance (nS), 30.
    pub g_l: Values,
    /// Potential at rest (mV), -70.6.
    pub e_l: Values,
    /// Potential at which the upstroke begins (mV), -50.4.
    pub v_t: Values,
    /// Slope of the upstroke (mV), 2.
    pub delta_t: Values,
    /// Time constant of adaptation (ms), 144.
    pub tau_w: Values,
    /// Adaptation below threshold (nS), 4.
    pub a: Values,
    /// Adaptation at a spike (pA), 80.5.
    pub b: Values,
    /// Potential after a spike (mV), -70.6.
    pub v_r: Values,
    /// Potential at which a spike is counted (mV), 20.
    pub v_peak: Values,
    /// Length of a step (ms).
    pub dt_ms: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    dt_per_c: Parameter,
    g_l: Parameter,
    e_l: Parameter,
    v_t: Parameter,
    delta_t: Parameter,
    rate_w: Parameter,
    a: Parameter,
    b: Parameter,
    v_r: Parameter,
    v_peak: Parameter,
}

impl AdEx {
    pub(super) fn compile(&self, padded: usize) -> Compiled {
        let p = |values: &[f64]| Parameter::new(values, padded);
        let per = |values: &[f64]| -> Vec<f64> { values.iter().map(|v| self.dt_ms / v).collect() };
        Compiled {
            dt_per_c: p(&per(&self.c)),
            g_l: p(&self.g_l),
            e_l: p(&self.e_l),
            v_t: p(&self.v_t),
            delta_t: p(&self.delta_t),
            rate_w: p(&per(&self.tau_w)),
            a: p(&self.a),
            b: p(&self.b),
            v_r: p(&self.v_r),
            v_peak: p(&self.v_peak),
        }
    }
}

impl Compiled {
    pub(crate) const STATES: usize = 2;

    pub(crate) fn start(&self, lane: usize) -> [f32; 2] {
        [self.e_l.at(lane), 0.0]
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        tile.cells(bias, |lane, [current], [v, w]| {
            let (rest, slope) = (self.e_l.at(lane), self.delta_t.at(lane));
            let upstroke = slope * exp((*v - self.v_t.at(lane)) / slope);
            let flow = self.g_l.at(lane) * (rest - *v + upstroke) - *w + current;
            let adaptation = self.rate_w.at(lane) * (self.a.at(lane) * (*v - rest) - *w);
            *v += self.dt_per_c.at(lane) * flow;
            *w += adaptation;
            let fired = *v > self.v_peak.at(lane);
            if fired {
                *v = self.v_r.at(lane);
                *w += self.b.at(lane);
            }
            (fired, *v)
        });
    }
}
