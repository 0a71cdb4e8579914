//! The update shared by the linear integrate-and-fire family: I, LI, IF, LIF, CubaLI, CubaLIF.
//! Those files hold the equations; this one holds their coefficients for one step and the loop
//! that applies them, with every convention a parameter that is tested per vector, not per neuron.
//! A group of vectors stays in registers over all steps of a tile.

use super::{Parameter, Tile};
use crate::conventions::{
    Arrival, Comparison, Conventions, Form, Gain, Integration, Refractory, Reset, ResetTiming,
    SpikesPerStep, SynapseOrder,
};
use crate::simd::{Simd, dispatch};

/// An exporter's rounding of `r dt / tau` may miss 1 by this much and still mean 1.
const UNIT_ROUND_OFF: f64 = 1e-5;

/// Vectors of one group: enough independent chains to hide the latency of an update.
const GROUP: usize = 4;

/// One step of the potential, without its input's synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Membrane {
    /// `v + gain x`
    Integrate,
    /// `decay (v - rest) + rest + gain x`
    Product,
    /// `decay ((v - rest) + gain x) + rest`
    JumpProduct,
    /// `v + decay ((rest - v) + gain x)`
    Increment,
    /// `v + decay (rest - v) + x`
    IncrementUnit,
    /// `v + ((rest - v) + gain x) / decay`
    Quotient,
    /// `v - (v - rest) / decay + x`
    QuotientUnit,
}

/// The synaptic current of the Cuba models.
#[derive(Clone, Debug)]
struct Synapse {
    order: SynapseOrder,
    /// What remains after a step; what is lost, where the current is used before it decays.
    decay: Parameter,
    /// `w_in`, or `(1 - decay) w_in` where the order says so.
    jump: Parameter,
}

/// Coefficients of one step.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    membrane: Membrane,
    decay: Parameter,
    rest: Parameter,
    gain: Parameter,
    has_rest: bool,
    has_gain: bool,
    synapse: Option<Synapse>,
    fires: bool,
    threshold: Parameter,
    reset_value: Parameter,
    lower_bound: Option<Parameter>,
    start: Parameter,
    comparison: Comparison,
    spikes: SpikesPerStep,
    reset: Reset,
    timing: ResetTiming,
    refractory_steps: u32,
    refractory: Refractory,
    arrival: Arrival,
}

/// What a member of the family hands over: its equation's parameters, one value or one per neuron.
pub(crate) struct Equation<'a> {
    /// Membrane time constant; none for the models without leak.
    pub(crate) tau: Option<&'a [f64]>,
    pub(crate) r: &'a [f64],
    pub(crate) v_leak: Option<&'a [f64]>,
    /// Synaptic time constant and input weight of the Cuba models.
    pub(crate) synapse: Option<(&'a [f64], &'a [f64])>,
    /// Threshold and reset value of the models that fire.
    pub(crate) threshold: Option<(&'a [f64], &'a [f64])>,
}

/// `f` over parameters that hold one value or one per neuron.
fn map2(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let n = a.len().max(b.len());
    let at = |v: &[f64], k: usize| if v.len() == 1 { v[0] } else { v[k] };
    (0..n).map(|k| f(at(a, k), at(b, k))).collect()
}

fn near(values: &[f64], target: f64) -> bool {
    values.iter().all(|v| (v - target).abs() <= UNIT_ROUND_OFF * target.abs().max(1.0))
}

impl Linear {
    pub(crate) fn new(equation: &Equation<'_>, c: &Conventions, padded: usize) -> Self {
        let parameter = |values: &[f64]| Parameter::new(values, padded);
        // The rate at which `tau` decays in one step, and what remains.
        let rate = |tau: f64| match c.integration {
            Integration::ForwardEuler => c.dt / tau,
            Integration::Exact | Integration::ExactWithinStep => -(-c.dt / tau).exp_m1(),
        };
        let r: &[f64] = if c.gain == Gain::UnitResistance { &[1.0] } else { equation.r };
        let zero: &[f64] = &[0.0];
        let rest = equation.v_leak.unwrap_or(zero);
        let (membrane, decay, gain) = match equation.tau {
            None if c.gain != Gain::Equation => (Membrane::Integrate, vec![0.0], vec![1.0]),
            None => (Membrane::Integrate, vec![0.0], map2(r, &[c.dt], |r, dt| r * dt)),
            Some(tau) => {
                let rates: Vec<f64> = tau.iter().map(|&tau| rate(tau)).collect();
                let per_step = match c.gain {
                    Gain::Unit => vec![1.0],
                    _ => map2(r, &rates, |r, rate| r * rate),
                };
                let unit = near(&per_step, 1.0);
                match c.form {
                    Form::Product => {
                        let decay = rates.iter().map(|rate| 1.0 - rate).collect();
                        (Membrane::Product, decay, per_step)
                    }
                    Form::JumpProduct => {
                        let decay = rates.iter().map(|rate| 1.0 - rate).collect();
                        (Membrane::JumpProduct, decay, per_step)
                    }
                    Form::Increment if c.gain == Gain::Unit => {
                        (Membrane::IncrementUnit, rates, vec![1.0])
                    }
                    Form::Increment => (Membrane::Increment, rates, r.to_vec()),
                    Form::Quotient if unit => {
                        let steps = rates.iter().map(|rate| 1.0 / rate).collect();
                        (Membrane::QuotientUnit, steps, vec![1.0])
                    }
                    Form::Quotient => {
                        let steps = rates.iter().map(|rate| 1.0 / rate).collect();
                        (Membrane::Quotient, steps, r.to_vec())
                    }
                }
            }
        };
        let synapse = equation.synapse.map(|(tau_syn, w_in)| {
            let rates: Vec<f64> = tau_syn.iter().map(|&tau| rate(tau)).collect();
            let decay: Vec<f64> = match c.synapse {
                SynapseOrder::JumpUseDecay => rates.clone(),
                _ => rates.iter().map(|rate| 1.0 - rate).collect(),
            };
            let unit: &[f64] = &[1.0];
            let w_in = if c.gain == Gain::Unit { unit } else { w_in };
            let jump = match c.synapse {
                SynapseOrder::EquationThenUse | SynapseOrder::UseThenEquation => {
                    map2(w_in, &rates, |w, rate| w * rate)
                }
                _ => w_in.to_vec(),
            };
            let jump = if near(&jump, 1.0) { vec![1.0] } else { jump };
            Synapse { order: c.synapse, decay: parameter(&decay), jump: parameter(&jump) }
        });
        let gain = if near(&gain, 1.0) { vec![1.0] } else { gain };
        let (threshold, reset_value) = equation.threshold.unwrap_or((&[0.0], &[0.0]));
        let reset_to = if c.reset == Reset::Value { reset_value } else { zero };
        Self {
            membrane,
            decay: parameter(&decay),
            rest: parameter(rest),
            gain: parameter(&gain),
            has_rest: rest.iter().any(|&v| v != 0.0),
            has_gain: gain.iter().any(|&g| g != 1.0),
            synapse,
            fires: equation.threshold.is_some(),
            threshold: parameter(threshold),
            reset_value: parameter(reset_to),
            lower_bound: c.lower_bound.map(|bound| {
                parameter(&map2(threshold, &[f64::from(bound)], |threshold, b| threshold * b))
            }),
            start: parameter(match c.start {
                crate::Start::Zero => zero,
                crate::Start::Leak => rest,
                crate::Start::Reset => reset_value,
            }),
            comparison: c.comparison,
            spikes: c.spikes,
            reset: c.reset,
            timing: c.reset_timing,
            refractory_steps: c.refractory_steps,
            refractory: c.refractory,
            arrival: c.arrival,
        }
    }

    pub(crate) fn fires(&self) -> bool {
        self.fires
    }

    pub(crate) fn counts(&self) -> bool {
        self.spikes == SpikesPerStep::Many
    }

    /// Whether nothing but leak, input, threshold and a reset in the same step happens.
    fn is_common(&self) -> bool {
        self.fires
            && self.synapse.is_none()
            && self.lower_bound.is_none()
            && self.spikes == SpikesPerStep::One
            && self.timing == ResetTiming::SameStep
            && self.refractory_steps == 0
            && self.arrival == Arrival::BeforeThreshold
    }

    /// State arrays: potential; synaptic current where there is one; refractory steps left.
    pub(crate) fn states(&self) -> usize {
        1 + usize::from(self.synapse.is_some()) + usize::from(self.refractory_steps > 0)
    }

    pub(crate) fn reset(&self, state: &mut [f32], padded: usize) {
        state.fill(0.0);
        for (lane, v) in state[..padded].iter_mut().enumerate() {
            *v = self.start.at(lane);
        }
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        tile.check(self.states());
        dispatch!(tile.isa, linear_tile(model: &Linear = self, tile: &mut Tile<'_> = tile, bias: Option<&Parameter> = bias))
    }
}

/// # Safety
/// The machine has the instruction set `S`, and `tile.check` has passed.
#[inline(always)]
unsafe fn linear_tile<S: Simd>(model: &Linear, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
    // The commonest conventions let the compiler drop what cannot happen; the code is the same.
    // SAFETY: as promised by the caller.
    unsafe {
        if model.is_common() && tile.trace.is_empty() {
            all_groups::<S, true>(model, tile, bias);
        } else {
            all_groups::<S, false>(model, tile, bias);
        }
    }
}

/// # Safety
/// As for [`linear_tile`]; `COMMON` only where [`Linear::is_common`] and nothing is traced.
#[inline(always)]
unsafe fn all_groups<S: Simd, const COMMON: bool>(
    model: &Linear,
    tile: &mut Tile<'_>,
    bias: Option<&Parameter>,
) {
    let vectors = tile.width / S::LANES;
    let mut k = 0;
    while k + GROUP <= vectors {
        // SAFETY: lanes `k .. k + GROUP` vectors lie inside the tile.
        unsafe { group::<S, GROUP, COMMON>(model, tile, bias, k * S::LANES) };
        k += GROUP;
    }
    while k < vectors {
        // SAFETY: as above, one vector at a time.
        unsafe { group::<S, 1, COMMON>(model, tile, bias, k * S::LANES) };
        k += 1;
    }
}

#[inline(always)]
unsafe fn load<S: Simd, const N: usize>(p: &Parameter, lane: usize) -> [S::F; N] {
    std::array::from_fn(|k| {
        // SAFETY: a parameter holds a value for each lane (see `Parameter::lane`).
        unsafe { S::load(p.lane(lane + k * S::LANES)) }
    })
}

/// `N` vectors from `lane` (counted from the tile's first lane), over all steps of the tile.
///
/// # Safety
/// As for [`linear_tile`].
#[inline(always)]
unsafe fn group<S: Simd, const N: usize, const COMMON: bool>(
    m: &Linear,
    tile: &mut Tile<'_>,
    bias: Option<&Parameter>,
    lane: usize,
) {
    unsafe {
        let first = tile.lane + lane;
        let zero = S::splat(0.0);
        let one = S::splat(1.0);
        let decay = load::<S, N>(&m.decay, first);
        let rest = load::<S, N>(&m.rest, first);
        let gain = load::<S, N>(&m.gain, first);
        let threshold = load::<S, N>(&m.threshold, first);
        let reset_value = load::<S, N>(&m.reset_value, first);
        let bias: Option<[S::F; N]> = bias.map(|b| load::<S, N>(b, first));
        let bound: Option<[S::F; N]> =
            m.lower_bound.as_ref().filter(|_| !COMMON).map(|b| load::<S, N>(b, first));
        let synapse = m
            .synapse
            .as_ref()
            .map(|s| (s.order, load::<S, N>(&s.decay, first), load::<S, N>(&s.jump, first)));
        let state = tile.state.as_mut_ptr().add(first);
        let current_at = state.add(tile.padded);
        let left_at = state.add(tile.padded * (m.states() - 1));
        let mut v: [S::F; N] = std::array::from_fn(|k| S::load(state.add(k * S::LANES)));
        let mut current = [zero; N];
        if synapse.is_some() {
            current = std::array::from_fn(|k| S::load(current_at.add(k * S::LANES)));
        }
        let refractory = !COMMON && m.refractory_steps > 0;
        let mut left = [zero; N];
        if refractory {
            left = std::array::from_fn(|k| S::load(left_at.add(k * S::LANES)));
        }
        let refractory_steps = S::splat(m.refractory_steps as f32);
        let above = |v: S::F, threshold: S::F| match m.comparison {
            Comparison::Greater => S::gt(v, threshold),
            Comparison::GreaterOrEqual => S::ge(v, threshold),
        };
        let late =
            !COMMON && m.fires && m.timing != ResetTiming::SameStep && m.reset != Reset::None;
        let fires = COMMON || m.fires;
        let many = !COMMON && m.spikes == SpikesPerStep::Many;
        let after = !COMMON && m.arrival == Arrival::AfterThreshold;
        let traced = !COMMON && !tile.trace.is_empty();

        for step in 0..tile.steps {
            let drive = tile.drive.as_ptr().add(step * tile.width + lane);
            for k in 0..N {
                let mut x = S::load(drive.add(k * S::LANES));
                if let Some(bias) = &bias {
                    x = S::add(x, bias[k]);
                }
                let held = S::gt(left[k], zero);
                if refractory && m.refractory == Refractory::Decay {
                    x = S::select(held, zero, x);
                }
                let before = v[k];

                // The synaptic current, and what of it the potential sees.
                let mut u = x;
                if let Some((order, decay, jump)) = &synapse {
                    let i = current[k];
                    match order {
                        SynapseOrder::DecayThenUse | SynapseOrder::EquationThenUse => {
                            u = S::add(S::mul(decay[k], i), S::mul(jump[k], x));
                            current[k] = u;
                        }
                        SynapseOrder::UseThenEquation => {
                            u = i;
                            current[k] = S::add(S::mul(decay[k], i), S::mul(jump[k], x));
                        }
                        SynapseOrder::JumpUseDecay => {
                            u = S::add(i, S::mul(jump[k], x));
                            current[k] = S::sub(u, S::mul(decay[k], u));
                        }
                        SynapseOrder::JumpDecayUse => {
                            u = S::mul(S::add(i, S::mul(jump[k], x)), decay[k]);
                            current[k] = u;
                        }
                    }
                }
                if m.has_gain {
                    u = S::mul(gain[k], u);
                }
                let mut arriving = zero;
                if after {
                    arriving = u;
                    u = zero;
                }

                // A reset that is due from the step before.
                let mut due = S::gt(zero, zero);
                let mut from = before;
                if late {
                    due = above(before, threshold[k]);
                    if m.reset != Reset::Subtract && m.timing != ResetTiming::NextStepDiscardsUpdate
                    {
                        from = S::select(due, reset_value[k], from);
                    }
                }

                // The membrane.
                let mut next = match m.membrane {
                    Membrane::Integrate => S::add(from, u),
                    Membrane::Product if m.has_rest => {
                        let relaxed = S::mul(decay[k], S::sub(from, rest[k]));
                        S::add(S::add(relaxed, rest[k]), u)
                    }
                    Membrane::Product => S::add(S::mul(decay[k], from), u),
                    Membrane::JumpProduct => {
                        let jumped = S::add(S::sub(from, rest[k]), u);
                        S::add(S::mul(decay[k], jumped), rest[k])
                    }
                    Membrane::Increment => {
                        let slope = S::add(S::sub(rest[k], from), u);
                        S::add(from, S::mul(decay[k], slope))
                    }
                    Membrane::IncrementUnit => {
                        let relaxed = S::add(from, S::mul(decay[k], S::sub(rest[k], from)));
                        S::add(relaxed, u)
                    }
                    Membrane::Quotient => {
                        let slope = S::add(S::sub(rest[k], from), u);
                        S::add(from, S::div(slope, decay[k]))
                    }
                    Membrane::QuotientUnit => {
                        let leak = S::div(S::sub(from, rest[k]), decay[k]);
                        S::add(S::sub(from, leak), u)
                    }
                };
                if late {
                    if m.timing == ResetTiming::NextStepDiscardsUpdate {
                        next = S::select(due, reset_value[k], next);
                    } else if m.reset == Reset::Subtract {
                        next = S::sub(next, S::select(due, threshold[k], zero));
                    }
                }
                if refractory && m.refractory == Refractory::Hold {
                    next = S::select(held, before, next);
                }

                // The threshold.
                let out = step * tile.padded + first + k * S::LANES;
                if fires {
                    let mut fired = above(next, threshold[k]);
                    if refractory && m.refractory != Refractory::Decay {
                        fired = S::and_not(fired, held);
                    }
                    let mut count = one;
                    if many {
                        count = S::trunc(S::div(next, threshold[k]));
                        fired = S::ge(count, one);
                        if refractory {
                            fired = S::and_not(fired, held);
                        }
                        S::store(tile.values.as_mut_ptr().add(out), S::select(fired, count, zero));
                    }
                    if after {
                        let open = S::add(next, arriving);
                        next = if refractory && m.refractory == Refractory::Hold {
                            S::select(held, next, open)
                        } else {
                            open
                        };
                    }
                    if m.timing == ResetTiming::SameStepChargedAhead && m.reset == Reset::Subtract {
                        let taken = S::select(fired, threshold[k], zero);
                        let charged = S::select(due, threshold[k], zero);
                        next = S::sub(next, S::sub(taken, charged));
                    } else if matches!(
                        m.timing,
                        ResetTiming::SameStep | ResetTiming::SameStepChargedAhead
                    ) {
                        let to = match m.reset {
                            Reset::Subtract => S::sub(next, S::mul(count, threshold[k])),
                            Reset::Zero | Reset::Value => reset_value[k],
                            Reset::None => next,
                        };
                        next = S::select(fired, to, next);
                    }
                    if let Some(bound) = &bound {
                        next = S::max(next, bound[k]);
                    }
                    if refractory {
                        let counted = S::max(S::sub(left[k], one), zero);
                        left[k] = S::select(fired, refractory_steps, counted);
                    }
                    S::store_bits(tile.spikes.as_mut_ptr().add(out / 8), fired);
                } else {
                    next = S::add(next, arriving);
                    S::store(tile.values.as_mut_ptr().add(out), next);
                }
                v[k] = next;
                if traced {
                    S::store(tile.trace.as_mut_ptr().add(out), next);
                }
            }
        }
        for k in 0..N {
            S::store(state.add(k * S::LANES), v[k]);
            if synapse.is_some() {
                S::store(current_at.add(k * S::LANES), current[k]);
            }
            if refractory {
                S::store(left_at.add(k * S::LANES), left[k]);
            }
        }
    }
}
