//! NIR `IF`: integrate and fire.

use super::{Values, linear::Equation};

/// Integrate and fire.
///
/// Equation: `dv/dt = r x`; where `v > v_threshold` it fires and `v = v_reset`.
/// Step: `v = v + r dt x`, then the threshold and the reset by the population's conventions.
///
/// Shape: any. Emits: spikes.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", table 1, `IF`.
#[derive(Clone, Debug, PartialEq)]
pub struct If {
    /// Gain of the input (1/s).
    pub r: Values,
    /// Potential above which the neuron fires.
    pub v_threshold: Values,
    /// Potential after a spike.
    pub v_reset: Values,
}

impl If {
    pub(super) fn equation(&self) -> Equation<'_> {
        Equation {
            tau: None,
            r: &self.r,
            v_leak: None,
            synapse: None,
            threshold: Some((&self.v_threshold, &self.v_reset)),
        }
    }
}
