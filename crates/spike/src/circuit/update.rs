//! Neurons advanced by one step, a chunk at a time: plain loops without branches over arrays of one
//! variable each, which the compiler turns into vectors for every instruction set. No operation is
//! fused or reordered, so that all of them give the same bits.

use super::neuron::{AdEx, Conductance, Lif, Neuron, Synapses};
use crate::exp::exp;
use crate::simd::{Isa, Simd, dispatch};

/// Neurons that are worked on together: one variable of them fills two of the widest vectors.
pub(crate) const BLOCK: usize = 32;

/// One variable of neurons that are worked on together.
type Block<T> = [T; BLOCK];

/// The state of a block of neurons that every step needs, one array per variable.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Cell {
    /// Membrane potential.
    pub(crate) v: Block<f32>,
    /// Steps for which the potential is still held.
    pub(crate) held: Block<i16>,
    /// Synaptic current or conductance of each receptor.
    pub(crate) s: [Block<f32>; 2],
}

/// The state that only some models need.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct More {
    /// Adaptation or recovery.
    pub(crate) w: Block<f32>,
    /// What each neuron adds to its threshold.
    pub(crate) theta: Block<f32>,
    /// Constant current of each neuron, besides what all have.
    pub(crate) current: Block<f32>,
}

/// A number that sums are kept in.
pub(crate) trait Whole: Copy + Default {
    /// As a real number.
    fn real(self) -> f32;
}

impl Whole for i16 {
    #[inline(always)]
    fn real(self) -> f32 {
        f32::from(self)
    }
}

impl Whole for i32 {
    #[inline(always)]
    fn real(self) -> f32 {
        self as f32
    }
}

/// Some neurons of one population, with what arrives at them in a step.
pub(crate) struct Cells<'a, N> {
    pub(crate) cell: &'a mut [Cell],
    pub(crate) more: &'a mut [More],
    /// What arrives through synapses on each receptor, in units; left at zero.
    pub(crate) sums: [&'a mut [Block<N>]; 2],
    /// What else does.
    pub(crate) drive: [&'a [Block<f32>]; 2],
    /// 1 where a neuron fired.
    pub(crate) fired: &'a mut [Block<u8>],
}

/// What a step has to look at, besides the sums; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Nothing.
    Plain = 0,
    /// Drive from outside.
    Driven = 1,
    /// Currents and thresholds of single neurons.
    Varied = 2,
}

const PLAIN: u8 = Level::Plain as u8;
const DRIVEN: u8 = Level::Driven as u8;
const VARIED: u8 = Level::Varied as u8;

/// What a step is taken under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Under {
    /// The current that all neurons have.
    pub(crate) current: f32,
    /// What a unit of each receptor's sums is worth.
    pub(crate) units: [f32; 2],
    pub(crate) level: Level,
}

/// A neuron model with its coefficients for one step.
#[derive(Clone, Debug)]
pub(crate) enum Kernel {
    Linear(Linear),
    Delta(Linear),
    Conductance(Conducting),
    AdEx(Exponential),
    Izhikevich(Simple),
}

/// Threshold, reset and refractory period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fire {
    v_th: f32,
    v_reset: f32,
    held: i16,
    /// What a step takes from a threshold that adapts, and what a spike gives.
    theta_step: f32,
    theta_spike: f32,
}

/// A membrane whose equation is linear.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    fire: Fire,
    decay: f32,
    /// What the rest contributes, and 1 pA.
    rest: f32,
    per_current: f32,
    /// What 1 pA of each synaptic current contributes, and what remains of it.
    per_synapse: [f32; 2],
    decay_synapse: [f32; 2],
}

/// A membrane with conductances.
#[derive(Clone, Debug)]
pub(crate) struct Conducting {
    fire: Fire,
    g_l: f32,
    rest: f32,
    /// Time step by capacitance.
    dt_per_c: f32,
    e_rev: [f32; 2],
    decay_synapse: [f32; 2],
}

/// The adaptive exponential model with synapses of either kind.
#[derive(Clone, Debug)]
pub(crate) struct Exponential {
    fire: Fire,
    g_l: f32,
    rest: f32,
    v_t: f32,
    delta_t: f32,
    dt_per_c: f32,
    dt_per_tau_w: f32,
    a: f32,
    b: f32,
    /// Whether a spike moves the potential itself.
    delta: f32,
    conductance: f32,
    e_rev: [f32; 2],
    decay_synapse: [f32; 2],
}

/// Izhikevich's simple model.
#[derive(Clone, Debug)]
pub(crate) struct Simple {
    fire: Fire,
    a: f32,
    b: f32,
    d: f32,
    dt: f32,
}

impl Kernel {
    /// The coefficients for steps of `dt` ms; none for sources of spikes.
    pub(crate) fn new(neuron: &Neuron, dt: f64, homeostasis: (f64, f64)) -> Option<Self> {
        let fire = |v_th: f64, v_reset: f64, t_ref: f64| Fire {
            v_th: v_th as f32,
            v_reset: v_reset as f32,
            held: libm::round(t_ref / dt) as i16,
            theta_step: homeostasis.0 as f32,
            theta_spike: homeostasis.1 as f32,
        };
        Some(match neuron {
            Neuron::Lif(m) => {
                let fire = fire(m.v_th, m.v_reset, m.t_ref);
                match &m.synapses {
                    Synapses::Delta => Self::Delta(Linear::new(m, &[], fire, dt)),
                    Synapses::Current(taus) => Self::Linear(Linear::new(m, taus, fire, dt)),
                    Synapses::Conductance(g) => Self::Conductance(Conducting::new(m, g, fire, dt)),
                }
            }
            Neuron::AdEx(m) => {
                Self::AdEx(Exponential::new(m, fire(m.v_peak, m.v_reset, m.t_ref), dt))
            }
            Neuron::Izhikevich(m) => Self::Izhikevich(Simple {
                fire: fire(m.v_peak, m.c, 0.0),
                a: m.a as f32,
                b: m.b as f32,
                d: m.d as f32,
                dt: dt as f32,
            }),
            Neuron::Poisson { .. } | Neuron::SpikeList(_) => return None,
        })
    }

    /// Advances some neurons by a step, and tells whether any fired.
    pub(crate) fn advance<N: Whole>(&self, isa: Isa, under: &Under, cells: Cells<'_, N>) -> bool {
        let n = cells.cell.len();
        let Cells { cell, more, sums: [n0, n1], drive: [d0, d1], fired } = cells;
        // Arrays of the same length, so that the loops need no bounds.
        let cells = Cells {
            cell,
            more: &mut more[..n],
            sums: [&mut n0[..n], &mut n1[..n]],
            drive: [&d0[..n], &d1[..n]],
            fired: &mut fired[..n],
        };
        macro_rules! advance {
            ($f:ident, $t:ty, $p:expr) => {{
                dispatch!(isa, <N: Whole> $f(
                    model: &$t = $p,
                    under: &Under = under,
                    cells: Cells<'_, N> = cells,
                ) -> bool)
            }};
        }
        let one = matches!(self, Self::Linear(m) if m.per_synapse[1] == 0.0);
        match (self, under.level) {
            (Self::Linear(m), Level::Plain) if one => advance!(linear_1_plain, Linear, m),
            (Self::Linear(m), Level::Driven) if one => advance!(linear_1_driven, Linear, m),
            (Self::Linear(m), Level::Plain) => advance!(linear_2_plain, Linear, m),
            (Self::Linear(m), Level::Driven) => advance!(linear_2_driven, Linear, m),
            (Self::Linear(m), Level::Varied) => advance!(linear_2_varied, Linear, m),
            (Self::Delta(m), Level::Varied) => advance!(delta_varied, Linear, m),
            (Self::Delta(m), _) => advance!(delta_driven, Linear, m),
            (Self::Conductance(m), Level::Plain) => advance!(conducting_plain, Conducting, m),
            (Self::Conductance(m), _) => advance!(conducting_varied, Conducting, m),
            (Self::AdEx(m), _) => advance!(exponential_varied, Exponential, m),
            (Self::Izhikevich(m), _) => advance!(simple_varied, Simple, m),
        }
    }
}

impl Linear {
    fn new(m: &Lif, taus: &[f64], fire: Fire, dt: f64) -> Self {
        let decay = libm::exp(-dt / m.tau_m);
        let per_current = m.tau_m / m.c_m * (1.0 - decay);
        let mut per_synapse = [0.0; 2];
        let mut decay_synapse = [0.0; 2];
        for (k, &tau) in taus.iter().enumerate().take(2) {
            decay_synapse[k] = libm::exp(-dt / tau) as f32;
            per_synapse[k] = propagator(tau, m.tau_m, m.c_m, dt) as f32;
        }
        Self {
            fire,
            decay: decay as f32,
            rest: (m.v_rest * (1.0 - decay)) as f32,
            per_current: per_current as f32,
            per_synapse,
            decay_synapse,
        }
    }
}

/// What a synaptic current of 1 pA at the start of a step adds to the potential by its end (mV).
///
/// Source: Rotter and Diesmann 1999, section 3.1.2; equal time constants by their limit.
fn propagator(tau_s: f64, tau_m: f64, c_m: f64, dt: f64) -> f64 {
    // exp(-dt / tau_m) (1 - exp(-dt delta)) / delta: stable where delta goes to 0.
    let delta = 1.0 / tau_s - 1.0 / tau_m;
    let mean = if delta * dt == 0.0 { dt } else { -libm::expm1(-dt * delta) / delta };
    libm::exp(-dt / tau_m) * mean / c_m
}

impl Conducting {
    fn new(m: &Lif, g: &[Conductance; 2], fire: Fire, dt: f64) -> Self {
        Self {
            fire,
            g_l: (m.c_m / m.tau_m) as f32,
            rest: m.v_rest as f32,
            dt_per_c: (dt / m.c_m) as f32,
            e_rev: g.map(|g| g.e_rev as f32),
            decay_synapse: g.map(|g| libm::exp(-dt / g.tau) as f32),
        }
    }
}

impl Exponential {
    fn new(m: &AdEx, fire: Fire, dt: f64) -> Self {
        let mut decay_synapse = [0.0; 2];
        let mut e_rev = [0.0; 2];
        let taus: Vec<f64> = match &m.synapses {
            Synapses::Delta => Vec::new(),
            Synapses::Current(taus) => taus.clone(),
            Synapses::Conductance(g) => {
                e_rev = g.map(|g| g.e_rev as f32);
                g.iter().map(|g| g.tau).collect()
            }
        };
        for (decay, tau) in decay_synapse.iter_mut().zip(taus) {
            *decay = libm::exp(-dt / tau) as f32;
        }
        let is = |yes: bool| if yes { 1.0 } else { 0.0 };
        Self {
            fire,
            g_l: m.g_l as f32,
            rest: m.v_rest as f32,
            v_t: m.v_t as f32,
            delta_t: m.delta_t as f32,
            dt_per_c: (dt / m.c_m) as f32,
            dt_per_tau_w: (dt / m.tau_w) as f32,
            a: m.a as f32,
            b: m.b as f32,
            delta: is(m.synapses == Synapses::Delta),
            conductance: is(matches!(m.synapses, Synapses::Conductance(_))),
            e_rev,
            decay_synapse,
        }
    }
}

/// A block of what each neuron gives.
#[inline(always)]
fn each<T: Copy + Default>(mut f: impl FnMut(usize) -> T) -> Block<T> {
    let mut block = [T::default(); BLOCK];
    for (k, value) in block.iter_mut().enumerate() {
        *value = f(k);
    }
    block
}

/// What arrives at neurons on a receptor; the sums are left at zero.
#[inline(always)]
fn take<const LEVEL: u8, N: Whole>(
    sums: &mut Block<N>,
    unit: f32,
    drive: &Block<f32>,
) -> Block<f32> {
    let own = std::mem::replace(sums, [N::default(); BLOCK]);
    let input = each(|k| own[k].real() * unit);
    if LEVEL >= DRIVEN { each(|k| input[k] + drive[k]) } else { input }
}

impl Fire {
    /// Holds neurons that are refractory, fires those that pass their threshold, and tells whether
    /// any did.
    #[inline(always)]
    fn settle<const LEVEL: u8>(
        &self,
        held: &Block<i16>,
        relaxed: &Block<f32>,
        cell: &mut Cell,
        more: &mut More,
        fired: &mut Block<u8>,
    ) -> u8 {
        let v = cell.v;
        let x = each(|k| if held[k] > 0 { v[k] } else { relaxed[k] });
        let theta = if LEVEL >= VARIED { more.theta } else { [0.0; BLOCK] };
        let spike = each(|k| x[k] >= self.v_th + theta[k]);
        cell.v = each(|k| if spike[k] { self.v_reset } else { x[k] });
        cell.held = each(|k| if spike[k] { self.held } else { (held[k] - 1).max(0) });
        *fired = each(|k| u8::from(spike[k]));
        if LEVEL >= VARIED {
            more.theta = each(|k| {
                theta[k] - self.theta_step + if spike[k] { self.theta_spike } else { 0.0 }
            });
        }
        fired.iter().fold(0, |any, fired| any | fired)
    }
}

/// Names a kernel for each level that it is wanted for.
macro_rules! levels {
    ($($name:ident = $f:ident::<$($parameter:tt),+>($model:ty);)+) => {$(
        #[inline(always)]
        unsafe fn $name<S: Simd, N: Whole>(
            model: &$model,
            under: &Under,
            cells: Cells<'_, N>,
        ) -> bool {
            $f::<$($parameter),+, N>(model, under, cells)
        }
    )+};
}

levels! {
    linear_1_plain = linear::<1, PLAIN>(Linear);
    linear_1_driven = linear::<1, DRIVEN>(Linear);
    linear_2_plain = linear::<2, PLAIN>(Linear);
    linear_2_driven = linear::<2, DRIVEN>(Linear);
    linear_2_varied = linear::<2, VARIED>(Linear);
    delta_driven = delta::<DRIVEN>(Linear);
    delta_varied = delta::<VARIED>(Linear);
    conducting_plain = conducting::<PLAIN>(Conducting);
    conducting_varied = conducting::<VARIED>(Conducting);
    exponential_varied = exponential::<VARIED>(Exponential);
    simple_varied = simple::<VARIED>(Simple);
}

#[inline(always)]
fn linear<const RECEPTORS: usize, const LEVEL: u8, N: Whole>(
    m: &Linear,
    u: &Under,
    c: Cells<'_, N>,
) -> bool {
    let Cells { cell, more, sums: [n0, n1], drive, fired } = c;
    let flow = m.rest + m.per_current * u.current;
    let mut any = 0;
    for at in 0..cell.len() {
        let Cell { v, held, s: [s0, s1] } = cell[at];
        let in0 = take::<LEVEL, N>(&mut n0[at], u.units[0], &drive[0][at]);
        let mut relaxed = each(|k| m.decay * v[k] + flow + m.per_synapse[0] * s0[k]);
        cell[at].s[0] = each(|k| m.decay_synapse[0] * s0[k] + in0[k]);
        if RECEPTORS > 1 {
            let in1 = take::<LEVEL, N>(&mut n1[at], u.units[1], &drive[1][at]);
            relaxed = each(|k| relaxed[k] + m.per_synapse[1] * s1[k]);
            cell[at].s[1] = each(|k| m.decay_synapse[1] * s1[k] + in1[k]);
        }
        if LEVEL >= VARIED {
            relaxed = each(|k| relaxed[k] + m.per_current * more[at].current[k]);
        }
        any |=
            m.fire.settle::<LEVEL>(&held, &relaxed, &mut cell[at], &mut more[at], &mut fired[at]);
    }
    any != 0
}

#[inline(always)]
fn delta<const LEVEL: u8, N: Whole>(m: &Linear, u: &Under, c: Cells<'_, N>) -> bool {
    let Cells { cell, more, sums: [n0, _], drive, fired } = c;
    let flow = m.rest + m.per_current * u.current;
    let mut any = 0;
    for at in 0..cell.len() {
        let Cell { v, held, .. } = cell[at];
        let input = take::<LEVEL, N>(&mut n0[at], u.units[0], &drive[0][at]);
        let mut relaxed = each(|k| m.decay * v[k] + flow + input[k]);
        if LEVEL >= VARIED {
            relaxed = each(|k| relaxed[k] + m.per_current * more[at].current[k]);
        }
        any |=
            m.fire.settle::<LEVEL>(&held, &relaxed, &mut cell[at], &mut more[at], &mut fired[at]);
    }
    any != 0
}

/// The step by the time constant up to which [`lasting_short`] is as good as single precision.
const SHORT: f32 = 0.7;

/// `(1 - exp(-x)) / x` for `0 <= x <` [`SHORT`], by its series.
#[inline(always)]
fn lasting_short(x: f32) -> f32 {
    const TERMS: [f32; 7] =
        [1.0 / 5040.0, -1.0 / 720.0, 1.0 / 120.0, -1.0 / 24.0, 1.0 / 6.0, -0.5, 1.0];
    let mut sum = -1.0 / 40_320.0;
    for term in TERMS {
        sum = sum * x + term;
    }
    sum
}

#[inline(always)]
fn conducting<const LEVEL: u8, N: Whole>(m: &Conducting, u: &Under, c: Cells<'_, N>) -> bool {
    let Cells { cell, more, sums: [n0, n1], drive, fired } = c;
    let flow = m.g_l * m.rest + u.current;
    let mut any = 0;
    for at in 0..cell.len() {
        let Cell { v, held, s: [s0, s1] } = cell[at];
        let in0 = take::<LEVEL, N>(&mut n0[at], u.units[0], &drive[0][at]);
        let in1 = take::<LEVEL, N>(&mut n1[at], u.units[1], &drive[1][at]);
        let mut inward = each(|k| flow + s0[k] * m.e_rev[0] + s1[k] * m.e_rev[1]);
        if LEVEL >= VARIED {
            inward = each(|k| inward[k] + more[at].current[k]);
        }
        // How much of the flow of the step's start lasts through it: (1 - exp(-x)) / x.
        let x = each(|k| m.dt_per_c * (m.g_l + s0[k] + s1[k]));
        let lasting = if x.iter().all(|x| *x < SHORT) {
            each(|k| lasting_short(x[k]))
        } else {
            each(|k| (1.0 - exp(-x[k])) / x[k])
        };
        let relaxed = each(|k| v[k] + (m.dt_per_c * inward[k] - x[k] * v[k]) * lasting[k]);
        cell[at].s[0] = each(|k| m.decay_synapse[0] * s0[k] + in0[k]);
        cell[at].s[1] = each(|k| m.decay_synapse[1] * s1[k] + in1[k]);
        any |=
            m.fire.settle::<LEVEL>(&held, &relaxed, &mut cell[at], &mut more[at], &mut fired[at]);
    }
    any != 0
}

#[inline(always)]
fn exponential<const LEVEL: u8, N: Whole>(m: &Exponential, u: &Under, c: Cells<'_, N>) -> bool {
    let Cells { cell, more, sums: [n0, n1], drive, fired } = c;
    let mut any = 0;
    for at in 0..cell.len() {
        let Cell { v, held, s: [s0, s1] } = cell[at];
        let More { w, current, .. } = more[at];
        let in0 = take::<LEVEL, N>(&mut n0[at], u.units[0], &drive[0][at]);
        let in1 = take::<LEVEL, N>(&mut n1[at], u.units[1], &drive[1][at]);
        let relaxed = each(|k| {
            let reversal = |e: f32| 1.0 + m.conductance * (e - v[k] - 1.0);
            let synaptic = s0[k] * reversal(m.e_rev[0]) + s1[k] * reversal(m.e_rev[1]);
            let upstroke = m.delta_t * exp((v[k] - m.v_t) / m.delta_t);
            let leak = m.g_l * (m.rest - v[k] + upstroke);
            let flow = leak - w[k] + (u.current + current[k]) + synaptic;
            v[k] + m.dt_per_c * flow + m.delta * in0[k]
        });
        cell[at].s[0] = each(|k| m.decay_synapse[0] * s0[k] + (1.0 - m.delta) * in0[k]);
        cell[at].s[1] = each(|k| m.decay_synapse[1] * s1[k] + in1[k]);
        any |=
            m.fire.settle::<LEVEL>(&held, &relaxed, &mut cell[at], &mut more[at], &mut fired[at]);
        more[at].w = each(|k| {
            let adapted = w[k] + m.dt_per_tau_w * (m.a * (v[k] - m.rest) - w[k]);
            adapted + if fired[at][k] != 0 { m.b } else { 0.0 }
        });
    }
    any != 0
}

#[inline(always)]
fn simple<const LEVEL: u8, N: Whole>(m: &Simple, u: &Under, c: Cells<'_, N>) -> bool {
    let Cells { cell, more, sums: [n0, _], drive, fired } = c;
    let mut any = 0;
    for at in 0..cell.len() {
        let Cell { v, held, .. } = cell[at];
        let More { w, current, .. } = more[at];
        let input = take::<LEVEL, N>(&mut n0[at], u.units[0], &drive[0][at]);
        let moved = each(|k| {
            let flow = 0.04 * v[k] * v[k] + 5.0 * v[k] + 140.0 - w[k] + (u.current + current[k]);
            v[k] + m.dt * flow
        });
        let x = each(|k| moved[k] + input[k]);
        any |= m.fire.settle::<LEVEL>(&held, &x, &mut cell[at], &mut more[at], &mut fired[at]);
        more[at].w = each(|k| {
            let recovered = w[k] + m.dt * m.a * (m.b * moved[k] - w[k]);
            recovered + if fired[at][k] != 0 { m.d } else { 0.0 }
        });
    }
    any != 0
}

/// Sets to zero what has decayed out of sight, before it is so small that arithmetic slows down.
pub(crate) fn quiet(isa: Isa, cells: &mut [Cell]) {
    dispatch!(isa, quiet_all(cells: &mut [Cell] = cells));
}

/// Steps between two calls of [`quiet`].
pub(crate) const QUIET_EVERY: u64 = 128;

#[inline(always)]
unsafe fn quiet_all<S: Simd>(cells: &mut [Cell]) {
    const SMALL: f32 = 1e-15;
    for cell in cells {
        for s in &mut cell.s {
            *s = each(|k| if s[k].abs() < SMALL { 0.0 } else { s[k] });
        }
    }
}
