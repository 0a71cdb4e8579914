//! NIR `LI`: a leaky integrator that never fires.

use super::{Values, linear::Equation};

/// A leaky integrator: a low-pass filter of its input, the usual read-out of a regression.
///
/// Equation: `tau dv/dt = (v_leak - v) + r x`.
///
/// Shape: any. Emits: its potential, a value per step.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", table 1, `LI`.
#[derive(Clone, Debug, PartialEq)]
pub struct Li {
    /// Membrane time constant (s).
    pub tau: Values,
    /// Resistance: the potential that a constant unit input leads to.
    pub r: Values,
    /// Potential at rest.
    pub v_leak: Values,
}

impl Li {
    pub(super) fn equation(&self) -> Equation<'_> {
        Equation {
            tau: Some(&self.tau),
            r: &self.r,
            v_leak: Some(&self.v_leak),
            synapse: None,
            threshold: None,
        }
    }
}
