//! Which framework wrote a file, told from what its exporter leaves behind.
//! A guess is a default with its reason, never a certainty: `matching` is.

use crate::graph::Graph;
use crate::node::Node;
use crate::profile::{Framework, ProfileOptions, StoredTau};
use crate::tensor::Tensor;

/// A guess and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// The framework, with the options that the file gives away.
    pub options: ProfileOptions,
    /// What in the file speaks for it.
    pub reason: String,
    /// What the file does not say and the framework's default fills.
    pub unknown: Vec<&'static str>,
}

/// What the neurons of a file have in common.
#[derive(Default)]
struct Traits {
    leaky: bool,
    synaptic: bool,
    recurrent_pair: bool,
    /// The largest time constant.
    tau_max: f64,
    /// `r dt / tau` (or `r dt`) is 1 in every neuron for this step.
    unit_gain_1e4: bool,
    unit_gain_1e3: bool,
    unit_r: bool,
    integrator_r_1e4: bool,
    rockpool_r: bool,
    neurons: usize,
}

const SNNTORCH_STEP: f64 = 1e-4;
const MILLISECOND: f64 = 1e-3;

/// Guesses the framework from names and parameters; `Plain` where nothing speaks.
pub fn guess(graph: &Graph) -> Guess {
    let t = traits(graph);
    let named = |pattern: &dyn Fn(&str) -> bool| graph.nodes.keys().find(|name| pattern(name));
    let torch = named(&|name| name.ends_with("Torch"));
    let underscored = named(&|name| {
        name.strip_prefix('_').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
    });
    let say = |framework, reason: String, unknown: &[&'static str]| Guess {
        options: ProfileOptions { name: Some(framework), ..ProfileOptions::default() },
        reason,
        unknown: unknown.to_vec(),
    };
    if let Some(name) = torch {
        return say(
            Framework::Rockpool,
            format!("node {name} is named as Rockpool names modules"),
            &[],
        );
    }
    if t.rockpool_r {
        let reason = "r = tau exp(-dt / tau) / dt, as Rockpool exports it".into();
        return say(Framework::Rockpool, reason, &[]);
    }
    if let Some(name) = underscored {
        let reason = format!("node {name} is named as SpikingJelly's exporter names modules");
        return say(Framework::SpikingJelly, reason, &[]);
    }
    if t.integrator_r_1e4 {
        let reason = "r = 1 / dt with dt = 1e-4, as SpikingJelly exports IF".into();
        return say(Framework::SpikingJelly, reason, &[]);
    }
    if t.neurons > 0 && t.leaky && t.tau_max < SNNTORCH_STEP && t.unit_r {
        let reason = format!(
            "time constants of at most {:.1e} with r = 1 are tau * dt, as Norse exports them",
            t.tau_max
        );
        let mut norse = say(Framework::Norse, reason, &["whether a spike resets or subtracts"]);
        norse.options.stored_tau = Some(StoredTau::TimesStep);
        return norse;
    }
    if t.leaky && t.unit_gain_1e4 {
        let reason = if t.recurrent_pair {
            "r dt / tau = 1 with dt = 1e-4 and nodes x.lif, x.w_rec, as snnTorch exports them"
        } else {
            "r dt / tau = 1 with dt = 1e-4, as snnTorch exports it"
        };
        return say(Framework::SnnTorch, reason.into(), &["reset mechanism", "reset delay"]);
    }
    if t.leaky && t.tau_max >= 1.0 {
        if t.synaptic {
            let reason = "a synaptic current and time constants in steps, as Lava has them".into();
            return say(Framework::Lava, reason, &[]);
        }
        let reason = format!("time constants of up to {} are steps, as Sinabs has them", t.tau_max);
        return say(Framework::Sinabs, reason, &["spikes per step", "lower bound", "norm_input"]);
    }
    if t.leaky && t.unit_gain_1e3 {
        let reason = "r dt / tau = 1 with dt = 1e-3: a spike adds its weight".into();
        return say(
            Framework::Brian2,
            reason,
            &["order of input and threshold", "refractory time"],
        );
    }
    if t.leaky && t.unit_r && t.tau_max < 1.0 {
        let reason = "r = 1 and time constants in seconds, as Norse exports them with dt=1".into();
        let mut norse = say(Framework::Norse, reason, &["step", "whether a spike resets"]);
        norse.options.stored_tau = Some(StoredTau::Seconds);
        return norse;
    }
    if t.neurons > 0 && !t.leaky && t.unit_r {
        let reason = "IF neurons with r = 1 in unit steps, as Sinabs exports them (Norse's IAF look the same)";
        return say(Framework::Sinabs, reason.into(), &["spikes per step", "lower bound"]);
    }
    let reason = "nothing in the file points at a framework".into();
    say(Framework::Plain, reason, &["step", "reset", "comparison"])
}

fn traits(graph: &Graph) -> Traits {
    let mut t = Traits {
        unit_gain_1e4: true,
        unit_gain_1e3: true,
        unit_r: true,
        integrator_r_1e4: true,
        rockpool_r: true,
        ..Traits::default()
    };
    let mut integrators = 0;
    for (name, node) in &graph.nodes {
        let (tau, r, w_in) = match node {
            Node::I(m) => (None, &m.r, None),
            Node::If(m) => (None, &m.r, None),
            Node::Li(m) => (Some(&m.tau), &m.r, None),
            Node::Lif(m) => (Some(&m.tau), &m.r, None),
            Node::CubaLi(m) => (Some(&m.tau_mem), &m.r, Some((&m.tau_syn, &m.w_in))),
            Node::CubaLif(m) => (Some(&m.tau_mem), &m.r, Some((&m.tau_syn, &m.w_in))),
            _ => continue,
        };
        t.neurons += 1;
        t.synaptic |= w_in.is_some();
        let base = name.strip_suffix(".lif");
        t.recurrent_pair |=
            base.is_some_and(|base| graph.nodes.contains_key(&format!("{base}.w_rec")));
        t.unit_r &= near(r, 1.0);
        match tau {
            None => {
                integrators += 1;
                t.integrator_r_1e4 &= near(r, 1.0 / SNNTORCH_STEP);
            }
            Some(tau) => {
                t.leaky = true;
                t.tau_max = tau.iter().fold(t.tau_max, f64::max);
                for (dt, unit) in
                    [(SNNTORCH_STEP, &mut t.unit_gain_1e4), (MILLISECOND, &mut t.unit_gain_1e3)]
                {
                    *unit &= both(r, tau, |r, tau| r * dt / tau, 1.0);
                }
                t.rockpool_r &= both(
                    r,
                    tau,
                    |r, tau| r * MILLISECOND / (tau * (-MILLISECOND / tau).exp()),
                    1.0,
                );
            }
        }
    }
    t.integrator_r_1e4 &= integrators > 0 && integrators == t.neurons;
    t.rockpool_r &= t.leaky;
    t.unit_gain_1e4 &= t.leaky;
    t.unit_gain_1e3 &= t.leaky;
    t
}

fn near(values: &Tensor, target: f64) -> bool {
    values.iter().all(|v| (v / target - 1.0).abs() < 1e-4)
}

fn both(a: &Tensor, b: &Tensor, f: impl Fn(f64, f64) -> f64, target: f64) -> bool {
    let (a, b) = (a.to_f64(), b.to_f64());
    let n = a.len().max(b.len());
    let pairs = a.iter().cycle().zip(b.iter().cycle());
    pairs.take(n).all(|(a, b)| (f(*a, *b) / target - 1.0).abs() < 1e-4)
}
