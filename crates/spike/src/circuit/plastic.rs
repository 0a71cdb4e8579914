//! Spike-timing-dependent plasticity of sparse projections: traces per neuron, never per synapse.

/// How the weights of a projection change.
///
/// Traces: at a spike of the source `x = x + 1`, of the target `y = y + 1`; they decay with
/// `tau_plus` and `tau_minus`. With the triplet rule there are `x2` and `y2` besides.
/// Where the source fires: `w = w - f_minus(w) y (a_minus + a3_minus x2)`; where the target does:
/// `w = w + f_plus(w) x (a_plus + a3_plus y2)`, with `x2` and `y2` as they were before the spike; a
/// spike of the source is taken before one of the target in the same step. `w` stays in
/// `[0, w_max]`.
///
/// Source: Morrison, Diesmann, Gerstner 2008, "Phenomenological models of synaptic plasticity based
/// on spike timing", section 4.1; triplets: Pfister and Gerstner 2006, "Triplets of spikes in a
/// model of spike timing-dependent plasticity", equations 3 and 4.
#[derive(Clone, Debug, PartialEq)]
pub struct Plasticity {
    /// How a change depends on the weight.
    pub dependence: Dependence,
    /// Time constant of `x` (ms).
    pub tau_plus: f64,
    /// Time constant of `y` (ms).
    pub tau_minus: f64,
    /// Potentiation of a pair.
    pub a_plus: f64,
    /// Depression of a pair.
    pub a_minus: f64,
    /// The triplet terms; none for the pair rule.
    pub triplet: Option<Triplet>,
    /// Largest weight, in the unit of the weight.
    pub w_max: f64,
    /// Where the delay lies.
    pub delay: DelayPart,
    /// Synaptic scaling; none where there is none.
    pub scaling: Option<Scaling>,
}

/// The triplet terms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triplet {
    /// Time constant of `x2` (ms).
    pub tau_x: f64,
    /// Time constant of `y2` (ms).
    pub tau_y: f64,
    /// Potentiation of a triplet.
    pub a3_plus: f64,
    /// Depression of a triplet.
    pub a3_minus: f64,
}

/// How a change of a weight depends on the weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dependence {
    /// `f_plus = f_minus = w_max`. Source: Song, Miller, Abbott 2000.
    Additive,
    /// `f_plus = w_max - w`, `f_minus = w`. Source: Rubin, Lee, Sompolinsky 2001.
    Multiplicative,
    /// `f_plus = w_0 (w / w_0)^mu`, `f_minus = w`. Source: Morrison, Aertsen, Diesmann 2007, eq. 4.
    PowerLaw {
        /// Exponent of potentiation.
        mu: f64,
        /// Reference weight, in the unit of the weight.
        w_0: f64,
    },
}

/// Where the delay of a plastic synapse lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelayPart {
    /// Before the synapse: spikes of the source reach it late, those of the target at once.
    Axonal,
    /// After it: spikes of the source reach it at once, those of the target late.
    Dendritic,
}

/// Synaptic scaling: the plastic weights onto a neuron are multiplied so that it comes to a rate.
///
/// Equation: every `interval`, `w = w (1 + strength (1 - rate_seen / rate))`, the factor between
/// 0.5 and 2, where `rate_seen` is the neuron's rate in the interval.
/// Source: Turrigiano et al. 1998, "Activity-dependent scaling of quantal amplitude in neocortical
/// neurons"; van Rossum, Bi, Turrigiano 2000, equation 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// The rate to come to (Hz).
    pub rate: f64,
    /// Time between two scalings (ms).
    pub interval: f64,
    /// How far one scaling goes.
    pub strength: f64,
}
