//! NIR `LIF`: leaky integrate and fire.

use super::{Values, linear::Equation};

/// Leaky integrate and fire.
///
/// Equation: `tau dv/dt = (v_leak - v) + r x`; where `v > v_threshold` it fires and `v = v_reset`.
///
/// Shape: any. Emits: spikes.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", table 1, `LIF`;
/// Gerstner et al. 2014, "Neuronal Dynamics", equation 1.5.
#[derive(Clone, Debug, PartialEq)]
pub struct Lif {
    /// Membrane time constant (s).
    pub tau: Values,
    /// Resistance: the potential that a constant unit input leads to.
    pub r: Values,
    /// Potential at rest.
    pub v_leak: Values,
    /// Potential above which the neuron fires.
    pub v_threshold: Values,
    /// Potential after a spike.
    pub v_reset: Values,
}

impl Lif {
    pub(super) fn equation(&self) -> Equation<'_> {
        Equation {
            tau: Some(&self.tau),
            r: &self.r,
            v_leak: Some(&self.v_leak),
            synapse: None,
            threshold: Some((&self.v_threshold, &self.v_reset)),
        }
    }
}
