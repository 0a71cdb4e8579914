//! Neurons that do not spike: `I`, `LI`, `CubaLI`.
//! All parameters have the shape of the population; potentials are in volts.

use crate::tensor::Tensor;

/// NIR `I`: `dv/dt = r i`.
///
/// Input i and output v have the shape of `r`.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/neuron.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct I {
    /// Resistance, in ohms.
    pub r: Tensor,
}

/// NIR `LI`: `tau dv/dt = v_leak - v + r i`.
///
/// Input i and output v have the shape of `tau`.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/neuron.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct Li {
    /// Time constant, in seconds, above zero.
    pub tau: Tensor,
    /// Resistance, in ohms.
    pub r: Tensor,
    /// Potential at rest, in volts.
    pub v_leak: Tensor,
}

/// NIR `CubaLI`: `tau_syn di/dt = -i + w_in s`, then `tau_mem dv/dt = v_leak - v + r i`.
///
/// Input s and output v have the shape of `tau_mem`.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/neuron.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct CubaLi {
    /// Time constant of the synaptic current, in seconds, above zero.
    pub tau_syn: Tensor,
    /// Time constant of the membrane, in seconds, above zero.
    pub tau_mem: Tensor,
    /// Resistance, in ohms.
    pub r: Tensor,
    /// Potential at rest, in volts.
    pub v_leak: Tensor,
    /// Weight of the input, in amperes for each spike.
    pub w_in: Tensor,
}
