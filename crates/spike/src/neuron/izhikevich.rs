//! Izhikevich's simple model.

use super::{Parameter, Tile, Values};

/// Two variables that show the firing patterns of cortical neurons.
///
/// Equation: `v' = 0.04 v^2 + 5 v + 140 - u + I`, `u' = a (b v - u)` (ms, mV); where `v >= 30` it
/// fires, `v = c` and `u = u + d`. Forward Euler, both variables from their old values.
///
/// Input: the current `I` of the step. State: `v` (starts at `v_start`), `u` (starts at
/// `b v_start`). Shape: any. Emits: spikes.
/// Source: Izhikevich 2003, "Simple model of spiking neurons", equations 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct Izhikevich {
    /// Rate of recovery (1/ms), 0.02 for a regular spiking neuron.
    pub a: Values,
    /// Sensitivity of recovery (1/ms), 0.2.
    pub b: Values,
    /// Potential after a spike (mV), -65.
    pub c: Values,
    /// Jump of recovery at a spike (mV/ms), 8.
    pub d: Values,
    /// Potential at the start (mV), -65.
    pub v_start: Values,
    /// Length of a step (ms).
    pub dt_ms: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    a: Parameter,
    b: Parameter,
    c: Parameter,
    d: Parameter,
    v_start: Parameter,
    dt: f32,
}

const PEAK_MV: f32 = 30.0;

impl Izhikevich {
    pub(super) fn compile(&self, padded: usize) -> Compiled {
        let p = |values: &[f64]| Parameter::new(values, padded);
        Compiled {
            a: p(&self.a),
            b: p(&self.b),
            c: p(&self.c),
            d: p(&self.d),
            v_start: p(&self.v_start),
            dt: self.dt_ms as f32,
        }
    }
}

impl Compiled {
    pub(crate) const STATES: usize = 2;

    pub(crate) fn start(&self, lane: usize) -> [f32; 2] {
        let v = self.v_start.at(lane);
        [v, self.b.at(lane) * v]
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        tile.cells(bias, |lane, [current], [v, u]| {
            let slope = (0.04 * *v + 5.0) * *v + 140.0 - *u + current;
            let recovery = self.a.at(lane) * (self.b.at(lane) * *v - *u);
            *v += self.dt * slope;
            *u += self.dt * recovery;
            let fired = *v >= PEAK_MV;
            if fired {
                *v = self.c.at(lane);
                *u += self.d.at(lane);
            }
            (fired, *v)
        });
    }
}
