//! NIR `CubaLI`: a leaky integrator with a synaptic current.

use super::{Values, linear::Equation};

/// A leaky integrator whose input passes an exponential synapse; it never fires.
///
/// Equation: `tau_syn di/dt = -i + w_in x`, `tau_mem dv/dt = (v_leak - v) + r i`.
///
/// Shape: any. Emits: its potential, a value per step.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", table 1, `CubaLI`.
#[derive(Clone, Debug, PartialEq)]
pub struct CubaLi {
    /// Synaptic time constant (s).
    pub tau_syn: Values,
    /// Membrane time constant (s).
    pub tau_mem: Values,
    /// Resistance: the potential that a constant unit current leads to.
    pub r: Values,
    /// Potential at rest.
    pub v_leak: Values,
    /// Weight of the input.
    pub w_in: Values,
}

impl CubaLi {
    pub(super) fn equation(&self) -> Equation<'_> {
        Equation {
            tau: Some(&self.tau_mem),
            r: &self.r,
            v_leak: Some(&self.v_leak),
            synapse: Some((&self.tau_syn, &self.w_in)),
            threshold: None,
        }
    }
}
