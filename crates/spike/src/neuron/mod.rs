//! Neuron models, one file each: words, equation, parameters with units, source.
//! A model's `update` advances a tile: a range of neurons over a run of steps. Nothing here knows
//! where the input comes from or where spikes go.

mod adaptive_lif;
mod adex;
mod conductance_lif;
mod cuba_li;
mod cuba_lif;
mod current_lif;
mod delay;
mod i;
mod r#if;
mod izhikevich;
mod li;
mod lif;
mod linear;
mod relay;
mod source;
mod threshold;
mod within_step;

pub use adaptive_lif::AdaptiveLif;
pub use adex::AdEx;
pub use conductance_lif::ConductanceLif;
pub use current_lif::CurrentLif;
pub use izhikevich::Izhikevich;
pub use source::{MAX_POISSON_PER_STEP, Poisson, SpikeList};

pub use cuba_li::CubaLi;
pub use cuba_lif::CubaLif;
pub use delay::Delay;
pub use i::I;
pub use r#if::If;
pub use li::Li;
pub use lif::Lif;
pub use relay::Relay;
pub use threshold::Threshold;

pub(crate) use linear::Linear;
pub(crate) use within_step::WithinStep;

use crate::aligned::Aligned;
use crate::conventions::{Arrival, Conventions, Integration};
use crate::simd::Isa;

/// Neurons are padded to a multiple of this many lanes.
pub(crate) const PAD: usize = 32;

/// A parameter of a population: one value for all, or one per neuron.
pub type Values = Vec<f64>;

/// What a population computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// Events given from outside.
    Input,
    /// Passes its input on.
    Relay(Relay),
    /// Passes its input on, each element some steps later.
    Delay(Delay),
    /// Fires where the input of a step is above a threshold; keeps no state.
    Threshold(Threshold),
    /// An integrator that never fires.
    I(I, Conventions),
    /// A leaky integrator that never fires.
    Li(Li, Conventions),
    /// Integrate and fire.
    If(If, Conventions),
    /// Leaky integrate and fire.
    Lif(Lif, Conventions),
    /// A leaky integrator with a synaptic current.
    CubaLi(CubaLi, Conventions),
    /// Leaky integrate and fire with a synaptic current.
    CubaLif(CubaLif, Conventions),
    /// Izhikevich's simple model.
    Izhikevich(Izhikevich),
    /// The adaptive exponential model.
    AdEx(AdEx),
    /// Leaky integrate and fire with an adaptive threshold.
    AdaptiveLif(AdaptiveLif),
    /// Leaky integrate and fire with synaptic currents.
    CurrentLif(CurrentLif),
    /// Leaky integrate and fire with synaptic conductances.
    ConductanceLif(ConductanceLif),
    /// Poisson trains.
    Poisson(Poisson),
    /// Spikes at given steps.
    SpikeList(SpikeList),
}

/// How a synapse answers a spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SynapseShape {
    /// Jumps and decays.
    Exponential,
    /// Rises and falls: `(t / tau) exp(1 - t / tau)`.
    Alpha,
}

/// What remains of a decay after one step, per time constant.
fn decays(tau: &[f64], dt: f64, integration: Integration) -> Vec<f64> {
    let decay = |tau: &f64| match integration {
        Integration::ForwardEuler => 1.0 - dt / tau,
        Integration::Exact | Integration::ExactWithinStep => (-dt / tau).exp(),
    };
    tau.iter().map(decay).collect()
}

/// What a population sends to its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emission {
    /// One spike per neuron and step.
    Spikes,
    /// Several spikes per neuron and step.
    Counts,
    /// A value per neuron and step.
    Values,
}

/// The coefficients of a model for one step: what the sessions share.
#[derive(Clone, Debug)]
pub(crate) enum Dynamics {
    Input,
    Relay(Relay),
    Delay(delay::DelayLine),
    Threshold(threshold::Compiled),
    Linear(Linear),
    WithinStep(WithinStep),
    Izhikevich(izhikevich::Compiled),
    AdEx(adex::Compiled),
    AdaptiveLif(adaptive_lif::Compiled),
    CurrentLif(current_lif::Compiled),
    ConductanceLif(conductance_lif::Compiled),
    Poisson(source::Trains),
    SpikeList(source::Listed),
}

impl Model {
    /// The model's name, as NIR or the field spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input => "Input",
            Self::Relay(_) => "Relay",
            Self::Delay(_) => "Delay",
            Self::Threshold(_) => "Threshold",
            Self::I(..) => "I",
            Self::Li(..) => "LI",
            Self::If(..) => "IF",
            Self::Lif(..) => "LIF",
            Self::CubaLi(..) => "CubaLI",
            Self::CubaLif(..) => "CubaLIF",
            Self::Izhikevich(_) => "Izhikevich",
            Self::AdEx(_) => "AdEx",
            Self::AdaptiveLif(_) => "AdaptiveLIF",
            Self::CurrentLif(_) => "CurrentLIF",
            Self::ConductanceLif(_) => "ConductanceLIF",
            Self::Poisson(_) => "Poisson",
            Self::SpikeList(_) => "SpikeList",
        }
    }

    /// The number of receptors that projections may target; sources have none.
    pub fn receptors(&self) -> usize {
        match self {
            Self::Input | Self::Poisson(_) | Self::SpikeList(_) => 0,
            Self::CurrentLif(_) | Self::ConductanceLif(_) => 3,
            _ => 1,
        }
    }

    /// Whether the input of a step arrives after the threshold is tested, and so cannot fire in it.
    pub(crate) fn fires_first(&self) -> bool {
        match self {
            Self::If(_, c) | Self::Lif(_, c) | Self::CubaLif(_, c) => {
                c.arrival == Arrival::AfterThreshold
            }
            _ => false,
        }
    }

    /// The numbers that describe the neurons: one for each parameter, or one for each neuron.
    pub fn n_values(&self) -> usize {
        self.clone().parameters().iter().map(|(_, values)| values.len()).sum()
    }

    /// Every parameter by name, to be checked and to be laid out.
    pub(crate) fn parameters(&mut self) -> Vec<(&'static str, &mut Values)> {
        match self {
            Self::Input | Self::Relay(_) | Self::Delay(_) => Vec::new(),
            Self::Threshold(m) => vec![("threshold", &mut m.threshold)],
            Self::I(m, _) => vec![("r", &mut m.r)],
            Self::Li(m, _) => vec![("tau", &mut m.tau), ("r", &mut m.r), ("v_leak", &mut m.v_leak)],
            Self::If(m, _) => vec![
                ("r", &mut m.r),
                ("v_threshold", &mut m.v_threshold),
                ("v_reset", &mut m.v_reset),
            ],
            Self::Lif(m, _) => vec![
                ("tau", &mut m.tau),
                ("r", &mut m.r),
                ("v_leak", &mut m.v_leak),
                ("v_threshold", &mut m.v_threshold),
                ("v_reset", &mut m.v_reset),
            ],
            Self::CubaLi(m, _) => vec![
                ("tau_syn", &mut m.tau_syn),
                ("tau_mem", &mut m.tau_mem),
                ("r", &mut m.r),
                ("v_leak", &mut m.v_leak),
                ("w_in", &mut m.w_in),
            ],
            Self::CubaLif(m, _) => vec![
                ("tau_syn", &mut m.tau_syn),
                ("tau_mem", &mut m.tau_mem),
                ("r", &mut m.r),
                ("v_leak", &mut m.v_leak),
                ("w_in", &mut m.w_in),
                ("v_threshold", &mut m.v_threshold),
                ("v_reset", &mut m.v_reset),
            ],
            Self::Izhikevich(m) => vec![
                ("a", &mut m.a),
                ("b", &mut m.b),
                ("c", &mut m.c),
                ("d", &mut m.d),
                ("v_start", &mut m.v_start),
            ],
            Self::AdEx(m) => vec![
                ("c", &mut m.c),
                ("g_l", &mut m.g_l),
                ("e_l", &mut m.e_l),
                ("v_t", &mut m.v_t),
                ("delta_t", &mut m.delta_t),
                ("tau_w", &mut m.tau_w),
                ("a", &mut m.a),
                ("b", &mut m.b),
                ("v_r", &mut m.v_r),
                ("v_peak", &mut m.v_peak),
            ],
            Self::AdaptiveLif(m) => vec![
                ("tau_m", &mut m.tau_m),
                ("e_l", &mut m.e_l),
                ("r", &mut m.r),
                ("v_r", &mut m.v_r),
                ("theta_0", &mut m.theta_0),
                ("tau_theta", &mut m.tau_theta),
                ("delta_theta", &mut m.delta_theta),
            ],
            Self::CurrentLif(m) => vec![
                ("tau_m", &mut m.tau_m),
                ("e_l", &mut m.e_l),
                ("r", &mut m.r),
                ("v_r", &mut m.v_r),
                ("v_th", &mut m.v_th),
                ("tau_e", &mut m.tau_e),
                ("tau_i", &mut m.tau_i),
            ],
            Self::ConductanceLif(m) => vec![
                ("c", &mut m.c),
                ("g_l", &mut m.g_l),
                ("e_l", &mut m.e_l),
                ("e_e", &mut m.e_e),
                ("e_i", &mut m.e_i),
                ("v_r", &mut m.v_r),
                ("v_th", &mut m.v_th),
                ("tau_e", &mut m.tau_e),
                ("tau_i", &mut m.tau_i),
            ],
            Self::Poisson(m) => vec![("rate_hz", &mut m.rate_hz)],
            Self::SpikeList(_) => Vec::new(),
        }
    }

    /// The coefficients of a population of `padded` lanes.
    pub(crate) fn compile(&self, padded: usize) -> Dynamics {
        let linear = |equation: linear::Equation<'_>, c: &Conventions| {
            if c.integration == Integration::ExactWithinStep
                && let Some(within) = WithinStep::new(&equation, c, padded)
            {
                return Dynamics::WithinStep(within);
            }
            Dynamics::Linear(Linear::new(&equation, c, padded))
        };
        match self {
            Self::Input => Dynamics::Input,
            Self::Relay(m) => Dynamics::Relay(m.clone()),
            Self::Delay(m) => Dynamics::Delay(m.compile(padded)),
            Self::Threshold(m) => Dynamics::Threshold(m.compile(padded)),
            Self::I(m, c) => linear(m.equation(), c),
            Self::Li(m, c) => linear(m.equation(), c),
            Self::If(m, c) => linear(m.equation(), c),
            Self::Lif(m, c) => linear(m.equation(), c),
            Self::CubaLi(m, c) => linear(m.equation(), c),
            Self::CubaLif(m, c) => linear(m.equation(), c),
            Self::Izhikevich(m) => Dynamics::Izhikevich(m.compile(padded)),
            Self::AdEx(m) => Dynamics::AdEx(m.compile(padded)),
            Self::AdaptiveLif(m) => Dynamics::AdaptiveLif(m.compile(padded)),
            Self::CurrentLif(m) => Dynamics::CurrentLif(m.compile(padded)),
            Self::ConductanceLif(m) => Dynamics::ConductanceLif(m.compile(padded)),
            Self::Poisson(m) => Dynamics::Poisson(m.compile(padded)),
            Self::SpikeList(m) => Dynamics::SpikeList(m.compile()),
        }
    }
}

impl Dynamics {
    pub(crate) fn emission(&self) -> Emission {
        match self {
            Self::Input | Self::Relay(_) | Self::Delay(_) => Emission::Values,
            Self::Poisson(_) | Self::SpikeList(_) => Emission::Counts,
            Self::Threshold(_)
            | Self::WithinStep(_)
            | Self::Izhikevich(_)
            | Self::AdEx(_)
            | Self::AdaptiveLif(_)
            | Self::CurrentLif(_)
            | Self::ConductanceLif(_) => Emission::Spikes,
            Self::Linear(m) if !m.fires() => Emission::Values,
            Self::Linear(m) if m.counts() => Emission::Counts,
            Self::Linear(_) => Emission::Spikes,
        }
    }

    /// The number of state arrays.
    pub(crate) fn states(&self) -> usize {
        match self {
            Self::Input | Self::Relay(_) | Self::Threshold(_) => 0,
            Self::Delay(m) => m.states(),
            Self::Linear(m) => m.states(),
            Self::WithinStep(m) => m.states(),
            Self::Izhikevich(_) => izhikevich::Compiled::STATES,
            Self::AdEx(_) => adex::Compiled::STATES,
            Self::AdaptiveLif(_) => adaptive_lif::Compiled::STATES,
            Self::CurrentLif(_) => current_lif::Compiled::STATES,
            Self::ConductanceLif(_) => conductance_lif::Compiled::STATES,
            Self::Poisson(_) | Self::SpikeList(_) => 0,
        }
    }

    pub(crate) fn reset(&self, state: &mut [f32], padded: usize) {
        match self {
            Self::Linear(m) => m.reset(state, padded),
            Self::Izhikevich(m) => start(state, padded, |lane| m.start(lane)),
            Self::AdEx(m) => start(state, padded, |lane| m.start(lane)),
            Self::AdaptiveLif(m) => start(state, padded, |lane| m.start(lane)),
            Self::CurrentLif(m) => start(state, padded, |lane| m.start(lane)),
            Self::ConductanceLif(m) => start(state, padded, |lane| m.start(lane)),
            _ => state.fill(0.0),
        }
    }

    /// As [`Dynamics::reset`], but a threshold that adapts stays where it is.
    pub(crate) fn rest(&self, state: &mut [f32], padded: usize) {
        match self {
            Self::AdaptiveLif(m) => m.rest(state, padded),
            _ => self.reset(state, padded),
        }
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        match self {
            Self::Input => {}
            Self::Relay(m) => m.update(tile, bias),
            Self::Delay(m) => m.update(tile, bias),
            Self::Threshold(m) => m.update(tile, bias),
            Self::Linear(m) => m.update(tile, bias),
            Self::WithinStep(m) => m.update(tile, bias),
            Self::Izhikevich(m) => m.update(tile, bias),
            Self::AdEx(m) => m.update(tile, bias),
            Self::AdaptiveLif(m) => m.update(tile, bias),
            Self::CurrentLif(m) => m.update(tile, bias),
            Self::ConductanceLif(m) => m.update(tile, bias),
            Self::Poisson(m) => m.update(tile),
            Self::SpikeList(m) => m.update(tile),
        }
    }
}

/// Sets each lane's state variables to where they start.
fn start<const N: usize>(state: &mut [f32], padded: usize, at: impl Fn(usize) -> [f32; N]) {
    for lane in 0..padded {
        for (k, value) in at(lane).into_iter().enumerate() {
            state[k * padded + lane] = value;
        }
    }
}

/// Lanes that one stored block of a uniform parameter covers.
const UNIFORM: usize = 64;

/// A parameter laid out for the kernels: one value per lane, or one block of equal values.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    values: Aligned<f32>,
    uniform: bool,
}

impl Parameter {
    /// `values` holds one value, or one per neuron; lanes beyond the last neuron repeat it.
    pub(crate) fn new(values: &[f64], padded: usize) -> Self {
        let first = values.first().copied().unwrap_or(0.0);
        if values.iter().all(|v| v.to_bits() == first.to_bits()) {
            return Self { values: Aligned::from(&[first as f32; UNIFORM][..]), uniform: true };
        }
        let last = values.last().copied().unwrap_or(0.0);
        let mut all: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        all.resize(padded.max(values.len()), last as f32);
        Self { values: Aligned::from(&all[..]), uniform: false }
    }

    /// The address of the values of `lane` and of the lanes of its group after it.
    ///
    /// Valid for 64 lanes where the parameter is uniform, else up to the population's last lane.
    #[inline(always)]
    pub(crate) fn lane(&self, lane: usize) -> *const f32 {
        debug_assert!(self.uniform || lane < self.values.len());
        // SAFETY: a lane of the population lies inside `values`, which holds one value per lane.
        if self.uniform { self.values.as_ptr() } else { unsafe { self.values.as_ptr().add(lane) } }
    }

    #[inline(always)]
    pub(crate) fn at(&self, lane: usize) -> f32 {
        if self.uniform { self.values[0] } else { self.values[lane] }
    }
}

/// A range of neurons over a run of steps, with everything that an update reads and writes.
pub(crate) struct Tile<'a> {
    pub(crate) isa: Isa,
    /// The first lane of the population that the tile covers.
    pub(crate) lane: usize,
    /// The number of lanes, a multiple of [`PAD`].
    pub(crate) width: usize,
    pub(crate) steps: usize,
    /// The first step, counted from rest.
    pub(crate) first_step: u64,
    /// Lanes of the whole population.
    pub(crate) padded: usize,
    /// Input, shape `[receptors][steps][width]`.
    pub(crate) drive: &'a [f32],
    /// State, shape `[states][padded]`.
    pub(crate) state: &'a mut [f32],
    /// One bit per spike, shape `[steps][padded / 8]`.
    pub(crate) spikes: &'a mut [u8],
    /// Counts or values, shape `[steps][padded]`; empty where spikes say all.
    pub(crate) values: &'a mut [f32],
    /// The potential after each step, shape `[steps][padded]`; empty where it is not recorded.
    pub(crate) trace: &'a mut [f32],
}

impl Tile<'_> {
    /// Asserts what the kernels rely on.
    pub(crate) fn check(&self, states: usize) {
        assert!(self.width.is_multiple_of(PAD) && self.lane + self.width <= self.padded);
        assert!(self.drive.len() >= self.steps * self.width);
        assert!(self.state.len() >= states * self.padded);
        let cells = self.steps * self.padded;
        assert!(self.spikes.len() * 8 >= cells);
        assert!(self.values.is_empty() || self.values.len() >= cells);
        assert!(self.trace.is_empty() || self.trace.len() >= cells);
    }

    /// Calls `f(lane, inputs by receptor, state variables)` for every cell, neuron by neuron, and
    /// stores what it returns: whether the neuron fired, and its potential. A bias adds to the last
    /// receptor.
    pub(crate) fn cells<const R: usize, const N: usize>(
        &mut self,
        bias: Option<&Parameter>,
        f: impl Fn(usize, [f32; R], [&mut f32; N]) -> (bool, f32),
    ) {
        let (steps, width, padded) = (self.steps, self.width, self.padded);
        for k in 0..width {
            let lane = self.lane + k;
            let constant = bias.map_or(0.0, |b| b.at(lane));
            let mut state: [f32; N] = std::array::from_fn(|j| self.state[j * padded + lane]);
            for step in 0..steps {
                let mut inputs: [f32; R] =
                    std::array::from_fn(|r| self.drive[(r * steps + step) * width + k]);
                if let Some(last) = inputs.last_mut() {
                    *last += constant;
                }
                let (fired, potential) = f(lane, inputs, state.each_mut());
                let cell = step * padded + lane;
                let byte = &mut self.spikes[cell / 8];
                *byte = *byte & !(1 << (cell % 8)) | u8::from(fired) << (cell % 8);
                if let Some(out) = self.trace.get_mut(cell) {
                    *out = potential;
                }
            }
            for (j, value) in state.into_iter().enumerate() {
                self.state[j * padded + lane] = value;
            }
        }
    }

    /// Calls `f(step, lane, input)` for every cell, lanes counted over the population, and stores
    /// what it returns: whether the neuron fired, and its value.
    pub(crate) fn each(
        &mut self,
        bias: Option<&Parameter>,
        mut f: impl FnMut(usize, usize, f32, &mut [f32]) -> (bool, f32),
    ) {
        for step in 0..self.steps {
            for k in 0..self.width {
                let lane = self.lane + k;
                let input = self.drive[step * self.width + k] + bias.map_or(0.0, |b| b.at(lane));
                let (fired, value) = f(step, lane, input, self.state);
                let cell = step * self.padded + lane;
                let bit = 1u8 << (cell % 8);
                let byte = &mut self.spikes[cell / 8];
                *byte = if fired { *byte | bit } else { *byte & !bit };
                if let Some(out) = self.values.get_mut(cell) {
                    *out = value;
                }
                if let Some(out) = self.trace.get_mut(cell) {
                    *out = value;
                }
            }
        }
    }
}
