//! NIR `I`: an integrator that never fires.

use super::{Values, linear::Equation};

/// An integrator: its potential is the sum of its input.
///
/// Equation: `dv/dt = r x`. Step: `v = v + r dt x`.
///
/// Shape: any. Emits: its potential, a value per step.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", table 1, `I`.
#[derive(Clone, Debug, PartialEq)]
pub struct I {
    /// Gain of the input (1/s).
    pub r: Values,
}

impl I {
    pub(super) fn equation(&self) -> Equation<'_> {
        Equation { tau: None, r: &self.r, v_leak: None, synapse: None, threshold: None }
    }
}
