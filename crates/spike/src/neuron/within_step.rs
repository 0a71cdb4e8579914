//! Leaky integrate and fire with the time of the spike inside the step: Nengo's `LIF`.

use super::{Parameter, Tile, linear::Equation};
use crate::conventions::Conventions;

/// Coefficients of the update
/// `d = clip(dt - left, 0, dt)`, `v = v - (j - v) expm1(-d / tau)`; where `v > 1` it fires,
/// `left = t_ref + dt + tau log1p(-(v - 1) / (j - 1))` and `v = 0`; `v` never falls
/// below 0, or the lower bound that the conventions give.
///
/// `left` is the refractory time that remains, `j` the input; potentials are relative to `v_leak`
/// and in units of the threshold's distance from it.
/// Source: Nengo 4.1, `nengo.LIF.step`.
#[derive(Clone, Debug)]
pub(crate) struct WithinStep {
    dt: f64,
    refractory: f64,
    /// Lower bound of the potential, in units of the threshold.
    lowest: f64,
    tau: Parameter,
    r: Parameter,
    rest: Parameter,
    threshold: Parameter,
}

impl WithinStep {
    /// None for a model without a leak, a threshold, or with a synapse of its own.
    pub(super) fn new(e: &Equation<'_>, c: &Conventions, padded: usize) -> Option<Self> {
        let (tau, (threshold, _)) = (e.tau?, e.threshold?);
        if e.synapse.is_some() {
            return None;
        }
        Some(Self {
            dt: c.dt,
            refractory: f64::from(c.refractory_steps) * c.dt,
            lowest: c.lower_bound.map_or(0.0, f64::from),
            tau: Parameter::new(tau, padded),
            r: Parameter::new(e.r, padded),
            rest: Parameter::new(e.v_leak.unwrap_or(&[0.0]), padded),
            threshold: Parameter::new(threshold, padded),
        })
    }

    /// The potential, and the refractory time that remains (s).
    pub(crate) fn states(&self) -> usize {
        2
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        let padded = tile.padded;
        tile.each(bias, |_, lane, x, state| {
            let (tau, rest) = (f64::from(self.tau.at(lane)), f64::from(self.rest.at(lane)));
            let unit = f64::from(self.threshold.at(lane)) - rest;
            let input = f64::from(x) * f64::from(self.r.at(lane)) / unit;
            let left = f64::from(state[padded + lane]) - self.dt;
            let open = (self.dt - left).clamp(0.0, self.dt);
            let mut v = f64::from(state[lane]) / unit;
            v -= (input - v) * (-open / tau).exp_m1();
            let fired = v > 1.0;
            let mut next_left = left;
            if fired {
                let at = self.dt + tau * (-(v - 1.0) / (input - 1.0)).ln_1p();
                next_left = self.refractory + at;
                v = 0.0;
            }
            v = v.max(self.lowest);
            state[lane] = (v * unit) as f32;
            state[padded + lane] = next_left as f32;
            (fired, (v * unit + rest) as f32)
        });
    }
}
