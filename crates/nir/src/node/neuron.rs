//! Neurons that spike: `IF`, `LIF`, `CubaLIF`.
//! All parameters have the shape of the population; potentials are in volts.
//!
//! Each spikes, `z = 1`, where `v > v_threshold`, and is then set to `v_reset`.
//! A file that predates nir 1.0.5 has no `v_reset`: it is `None` here and means zero.
//! How a framework really resets lies outside the file; a profile says it.

use crate::tensor::Tensor;

/// NIR `IF`: `dv/dt = r i`.
///
/// Input i and output z have the shape of `r`.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/neuron.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct If {
    /// Resistance, in ohms.
    pub r: Tensor,
    /// Potential above which a spike is sent, in volts.
    pub v_threshold: Tensor,
    /// Potential after a spike, in volts; zero where absent.
    pub v_reset: Option<Tensor>,
}

/// NIR `LIF`: `tau dv/dt = v_leak - v + r i`.
///
/// Input i and output z have the shape of `tau`.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/neuron.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lif {
    /// Time constant, in seconds, above zero.
    pub tau: Tensor,
    /// Resistance, in ohms.
    pub r: Tensor,
    /// Potential at rest, in volts.
    pub v_leak: Tensor,
    /// Potential above which a spike is sent, in volts.
    pub v_threshold: Tensor,
    /// Potential after a spike, in volts; zero where absent.
    pub v_reset: Option<Tensor>,
}

/// NIR `CubaLIF`: `tau_syn di/dt = -i + w_in s`, then `tau_mem dv/dt = v_leak - v + r i`.
///
/// Input s and output z have the shape of `tau_mem`.
/// Source: NIR paper, table 1; nir 1.0.8 `ir/neuron.py`.
#[derive(Clone, Debug, PartialEq)]
pub struct CubaLif {
    /// Time constant of the synaptic current, in seconds, above zero.
    pub tau_syn: Tensor,
    /// Time constant of the membrane, in seconds, above zero.
    pub tau_mem: Tensor,
    /// Resistance, in ohms.
    pub r: Tensor,
    /// Potential at rest, in volts.
    pub v_leak: Tensor,
    /// Potential above which a spike is sent, in volts.
    pub v_threshold: Tensor,
    /// Potential after a spike, in volts; zero where absent.
    pub v_reset: Option<Tensor>,
    /// Weight of the input, in amperes for each spike.
    pub w_in: Tensor,
}
