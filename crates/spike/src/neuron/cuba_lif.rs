//! NIR `CubaLIF`: leaky integrate and fire with a synaptic current.

use super::{Values, linear::Equation};

/// Leaky integrate and fire whose input passes an exponential synapse.
///
/// Equation: `tau_syn di/dt = -i + w_in x`, `tau_mem dv/dt = (v_leak - v) + r i`; where
/// `v > v_threshold` it fires and `v = v_reset`.
///
/// Shape: any. Emits: spikes.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", table 1, `CubaLIF`.
#[derive(Clone, Debug, PartialEq)]
pub struct CubaLif {
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
    /// Potential above which the neuron fires.
    pub v_threshold: Values,
    /// Potential after a spike.
    pub v_reset: Values,
}

impl CubaLif {
    pub(super) fn equation(&self) -> Equation<'_> {
        Equation {
            tau: Some(&self.tau_mem),
            r: &self.r,
            v_leak: Some(&self.v_leak),
            synapse: Some((&self.tau_syn, &self.w_in)),
            threshold: Some((&self.v_threshold, &self.v_reset)),
        }
    }
}
