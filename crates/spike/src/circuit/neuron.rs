//! The neuron models of circuits, as they are described; `update` advances them.
//! Parameters are one value for a population, so that a step needs no memory but the state.

/// What the neurons of a population compute.
#[derive(Clone, Debug, PartialEq)]
pub enum Neuron {
    /// Leaky integrate and fire.
    Lif(Lif),
    /// The adaptive exponential model.
    AdEx(AdEx),
    /// Izhikevich's simple model.
    Izhikevich(Izhikevich),
    /// Independent Poisson trains: in each step a spike with probability `rate dt`.
    Poisson {
        /// Rate (Hz).
        rate: f64,
    },
    /// Spikes at given times: time (ms) and neuron, in any order.
    SpikeList(Vec<(f64, u32)>),
}

/// How spikes act on a membrane; the number of receptors is the number of time constants.
#[derive(Clone, Debug, PartialEq)]
pub enum Synapses {
    /// A spike moves the potential by its weight (mV); one receptor.
    Delta,
    /// A spike moves a current by its weight (pA), which decays with the receptor's time constant
    /// (ms); one or two receptors.
    Current(Vec<f64>),
    /// A spike moves a conductance by its weight (nS), which decays; two receptors.
    Conductance([Conductance; 2]),
}

/// A conductance that decays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conductance {
    /// Time constant (ms).
    pub tau: f64,
    /// Reversal potential (mV).
    pub e_rev: f64,
}

/// Leaky integrate and fire.
///
/// Equation: `tau_m v' = E_L - v + (tau_m / C_m) I`; where `v` passes `v_th` it fires, `v = v_reset`
/// and stays there for `t_ref`. `I` is the constant current and, per [`Synapses`], the currents
/// `tau I_k' = -I_k` or `g_k (E_k - v)` with `tau g_k' = -g_k`.
/// Currents are integrated by exact propagators; conductances by exponential Euler (the
/// conductances of the start of a step hold for the step). What arrives in a step acts from its end
/// on; a delta synapse moves `v` at its end, and is lost in the refractory period.
///
/// Source: Rotter and Diesmann 1999, "Exact digital simulation of time-invariant linear systems",
/// section 3; conductances: Stimberg et al. 2019, "Brian 2", `exponential_euler`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lif {
    /// Membrane time constant (ms).
    pub tau_m: f64,
    /// Capacitance (pF).
    pub c_m: f64,
    /// Potential at rest, `E_L` (mV).
    pub v_rest: f64,
    /// Threshold (mV).
    pub v_th: f64,
    /// Potential after a spike (mV).
    pub v_reset: f64,
    /// Refractory period (ms).
    pub t_ref: f64,
    /// How spikes act on it.
    pub synapses: Synapses,
}

/// The adaptive exponential model, by forward Euler; synaptic variables decay exactly.
///
/// Equation: `C v' = g_L (E_L - v) + g_L D_T exp((v - V_T) / D_T) - w + I`,
/// `tau_w w' = a (v - E_L) - w`; where `v > v_peak` it fires, `v = v_reset`, `w = w + b`, and `v`
/// stays there for `t_ref`.
/// Source: Brette and Gerstner 2005, "Adaptive exponential integrate-and-fire model as an effective
/// description of neuronal activity", equations 1 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct AdEx {
    /// Capacitance (pF).
    pub c_m: f64,
    /// Leak conductance (nS).
    pub g_l: f64,
    /// Potential at rest (mV).
    pub v_rest: f64,
    /// Potential at which the upstroke begins (mV).
    pub v_t: f64,
    /// Slope of the upstroke (mV).
    pub delta_t: f64,
    /// Time constant of adaptation (ms).
    pub tau_w: f64,
    /// Adaptation below threshold (nS).
    pub a: f64,
    /// Adaptation at a spike (pA).
    pub b: f64,
    /// Potential after a spike (mV).
    pub v_reset: f64,
    /// Potential at which a spike is counted (mV).
    pub v_peak: f64,
    /// Refractory period (ms).
    pub t_ref: f64,
    /// How spikes act on it.
    pub synapses: Synapses,
}

/// Izhikevich's simple model, by forward Euler, `v` before `u`.
///
/// Equation: `v' = 0.04 v^2 + 5 v + 140 - u + I`, `u' = a (b v - u)`; where `v >= v_peak` it fires,
/// `v = c` and `u = u + d`. A delta synapse moves `v` at the end of a step.
/// Source: Izhikevich 2003, "Simple model of spiking neurons", equations 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct Izhikevich {
    /// Rate of recovery (1/ms).
    pub a: f64,
    /// Sensitivity of recovery (1/ms).
    pub b: f64,
    /// Potential after a spike (mV).
    pub c: f64,
    /// Recovery at a spike (mV/ms).
    pub d: f64,
    /// Potential at which a spike is counted (mV), 30.
    pub v_peak: f64,
}

impl Lif {
    /// A neuron of 1 pF at rest at 0 mV with threshold 1 mV, reset 0 mV and no refractory period.
    pub fn new(tau_m: f64, synapses: Synapses) -> Self {
        Self { tau_m, c_m: 1.0, v_rest: 0.0, v_th: 1.0, v_reset: 0.0, t_ref: 0.0, synapses }
    }
}

impl From<Lif> for Neuron {
    fn from(model: Lif) -> Self {
        Self::Lif(model)
    }
}

impl From<AdEx> for Neuron {
    fn from(model: AdEx) -> Self {
        Self::AdEx(model)
    }
}

impl From<Izhikevich> for Neuron {
    fn from(model: Izhikevich) -> Self {
        Self::Izhikevich(model)
    }
}

impl Neuron {
    /// How spikes act on it; none for sources of spikes.
    pub fn synapses(&self) -> Option<&Synapses> {
        match self {
            Self::Lif(m) => Some(&m.synapses),
            Self::AdEx(m) => Some(&m.synapses),
            Self::Izhikevich(_) => Some(&Synapses::Delta),
            Self::Poisson { .. } | Self::SpikeList(_) => None,
        }
    }

    /// The number of receptors that projections may target; none for sources of spikes.
    pub fn receptors(&self) -> usize {
        match self.synapses() {
            None => 0,
            Some(Synapses::Delta) => 1,
            Some(Synapses::Current(taus)) => taus.len(),
            Some(Synapses::Conductance(_)) => 2,
        }
    }
}
