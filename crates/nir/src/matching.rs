//! Finding the profile that reproduces a recording.
//! The differences between frameworks are discrete, so a short recording of input and spikes tells
//! them apart: every candidate is run and compared cell by cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use spike::{Emission, Port, Potentials, Probe, Raster, Session};

use crate::graph::Graph;
use crate::guess::guess;
use crate::node::Node;
use crate::profile::{
    Framework, IntegrationOption, PostPreOption, Profile, ProfileOptions, RefractoryOption,
    ResetOption, StoredTau,
};

/// What a framework recorded: an input and what nodes did.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The input, one raster per input node.
    pub inputs: Vec<Raster>,
    /// What nodes did.
    pub nodes: Vec<Expected>,
}

/// What one node did.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The node, under the framework's name or the file's.
    pub node: String,
    /// Spikes (or counts, or values) per step and neuron, shape `[steps][neurons]`.
    pub spikes: Option<Vec<f32>>,
    /// Indices, and potentials after each step, shape `[steps][indices]`; no indices: all neurons.
    pub potentials: Option<(Option<Vec<u32>>, Vec<f32>)>,
}

/// How well a profile reproduces a recording.
#[derive(Clone, Debug)]
pub struct Match {
    /// The profile's options.
    pub options: ProfileOptions,
    /// Cells whose spikes differ.
    pub mismatches: usize,
    /// Cells compared.
    pub cells: usize,
    /// The largest difference of a potential; none where no potential was recorded.
    pub potential_error: Option<f32>,
    /// Why the profile could not be run at all.
    pub failed: Option<String>,
}

/// Potentials that differ by less are the same.
pub const POTENTIAL_TOLERANCE: f32 = 1e-4;

/// Rates of a learning rule that are tried, and the time constant of its traces (s).
const LEARNING_RATES: [f32; 4] = [1e-4, 1e-3, 1e-2, 1e-1];
const TAU_TRACE: f64 = 20e-3;

/// The longest refractory time among the candidates (steps).
const MAX_REFRACTORY_STEPS: u32 = 6;

impl Match {
    /// Every spike cell is the same, and every potential within [`POTENTIAL_TOLERANCE`].
    pub fn is_exact(&self) -> bool {
        let close = self.potential_error.is_none_or(|e| e <= POTENTIAL_TOLERANCE);
        self.failed.is_none() && self.mismatches == 0 && close
    }
}

/// The node that a recording's name means: the same name, or what exporters make of it (`1` is
/// stored as `_1`, `1.lif` or `1_LIFNeuronTorch`; `out` is the output).
pub fn resolve<'a>(graph: &'a Graph, name: &str) -> Option<&'a str> {
    let neurons = || graph.nodes.iter().filter(|(_, node)| node.is_stateful());
    let exact = graph.nodes.keys().find(|known| *known == name);
    let stored =
        |prefix: &str| neurons().map(|(known, _)| known).find(|known| known.starts_with(prefix));
    let found = exact
        .or_else(|| graph.nodes.keys().find(|known| known.strip_prefix('_') == Some(name)))
        .or_else(|| stored(&format!("{name}.")))
        .or_else(|| stored(&format!("{name}_")))
        .or_else(|| stored(&format!("_{name}.")));
    if let Some(found) = found {
        return Some(found.as_str());
    }
    let output = graph.outputs().map(|(name, _)| name).next();
    if name.starts_with("out") { output } else { None }
}

/// Every profile that is tried, the likeliest framework first.
pub fn candidates(graph: &Graph) -> Vec<ProfileOptions> {
    let guessed = guess(graph).options.name;
    let mut frameworks = Framework::ALL.to_vec();
    frameworks.sort_by_key(|framework| Some(*framework) != guessed);
    let leaky = graph.nodes.values().any(|node| {
        matches!(node, Node::Lif(_) | Node::Li(_) | Node::CubaLif(_) | Node::CubaLi(_))
    });
    frameworks.into_iter().flat_map(|framework| variants(framework, leaky)).collect()
}

/// Choices that a framework offers and few make: Sinabs' `MembraneReset`, BindsNET's `one_step`,
/// Brian2's `euler`, one spike per step in Rockpool, the step that an exporter was told.
fn rare_candidates(graph: &Graph) -> Vec<ProfileOptions> {
    let of = |framework| ProfileOptions { name: Some(framework), ..ProfileOptions::default() };
    let reset = ProfileOptions {
        many_spikes: Some(false),
        reset: Some(ResetOption::Zero),
        ..of(Framework::Sinabs)
    };
    let norms = [None, Some(true), Some(false)];
    let mut all = norms.map(|norm_input| ProfileOptions { norm_input, ..reset.clone() }).to_vec();
    all.push(ProfileOptions { many_spikes: Some(false), ..of(Framework::Rockpool) });
    all.extend(variants(Framework::BindsNet, true).into_iter().map(|o| ProfileOptions {
        input_delay_steps: Some(0),
        layer_delay_steps: Some(0),
        ..o
    }));
    let euler = Some(IntegrationOption::ForwardEuler);
    let brian = variants(Framework::Brian2, true).into_iter();
    all.extend(brian.map(|o| ProfileOptions { integration: euler, ..o }));
    if let Some(dt) = unit_gain_step(graph) {
        for framework in [Framework::SpikingJelly, Framework::SnnTorch] {
            let usual = variants(framework, true).into_iter();
            all.extend(usual.map(|o| ProfileOptions { dt: Some(dt), ..o }));
        }
    }
    all
}

/// The step for which every neuron's `r dt / tau` (or `r dt`) is 1.
fn unit_gain_step(graph: &Graph) -> Option<f64> {
    let mut step: Option<f64> = None;
    for node in graph.nodes.values() {
        let (tau, r) = match node {
            Node::If(m) => (1.0, m.r.iter().next()?),
            Node::Lif(m) => (m.tau.iter().next()?, m.r.iter().next()?),
            Node::CubaLif(m) => (m.tau_mem.iter().next()?, m.r.iter().next()?),
            _ => continue,
        };
        let found = tau / r;
        if step.is_some_and(|step| (found / step - 1.0).abs() > 1e-4) {
            return None;
        }
        step = step.or(Some(found));
    }
    step
}

/// The candidates with what recorded potentials show and exporters drop: the value that every
/// spike leaves behind, and the value that no potential passes.
fn observed_candidates(
    graph: &Graph,
    known: &[ProfileOptions],
    recorded: &Recorded,
) -> Vec<ProfileOptions> {
    let v_reset: BTreeMap<String, f64> = recorded
        .nodes
        .iter()
        .filter_map(|n| Some((resolve(graph, &n.node)?.to_owned(), observed_reset(n)?.into())))
        .collect();
    let lower_bound = observed_bound(graph, recorded);
    let mut all = Vec::new();
    for options in known {
        if !v_reset.is_empty() && options.reset == Some(ResetOption::Value) {
            all.push(ProfileOptions { v_reset: v_reset.clone(), ..options.clone() });
        }
        let bounded = [Framework::Sinabs, Framework::BindsNet, Framework::Nengo];
        if lower_bound.is_some() && bounded.iter().any(|f| options.name == Some(*f)) {
            all.push(ProfileOptions { lower_bound, ..options.clone() });
        }
    }
    all
}

/// The potentials of a node, with whether each cell fired, where both were recorded for the same
/// cells.
fn cells(node: &Expected) -> impl Iterator<Item = (f32, bool)> + '_ {
    let spikes = node.spikes.as_deref().unwrap_or(&[]);
    let potentials = match &node.potentials {
        Some((None, potentials)) if potentials.len() == spikes.len() => potentials.as_slice(),
        _ => &[],
    };
    potentials.iter().zip(spikes).map(|(v, s)| (*v, *s > 0.0))
}

/// The one potential that all spikes of a node leave behind.
fn observed_reset(node: &Expected) -> Option<f32> {
    let mut after = cells(node).filter(|(_, fired)| *fired);
    let (first, _) = after.next()?;
    after.all(|(v, _)| v == first).then_some(first)
}

/// The lowest potential as a multiple of the threshold, where it is met too often to be chance.
fn observed_bound(graph: &Graph, recorded: &Recorded) -> Option<f32> {
    const MIN_MEETINGS: usize = 3;
    let potentials = || recorded.nodes.iter().filter_map(|n| Some(&n.potentials.as_ref()?.1));
    let lowest = potentials().flatten().copied().fold(f32::INFINITY, f32::min);
    let meetings = potentials().flatten().filter(|v| **v == lowest).count();
    let threshold = graph.nodes.values().find_map(|node| match node {
        Node::If(m) => m.v_threshold.iter().next(),
        Node::Lif(m) => m.v_threshold.iter().next(),
        Node::CubaLif(m) => m.v_threshold.iter().next(),
        _ => None,
    })? as f32;
    (lowest < 0.0 && meetings >= MIN_MEETINGS).then_some(lowest / threshold)
}

/// Profiles of networks that learned while they were recorded: BindsNET's with `PostPre` and the
/// usual rates, weights kept in `[0, 1]`. None for weights outside.
fn learning_candidates(graph: &Graph) -> Vec<ProfileOptions> {
    let bounded = graph.nodes.values().all(|node| match node {
        Node::Affine(m) => m.weight.iter().all(|w| (0.0..=1.0).contains(&w)),
        Node::Linear(m) => m.weight.iter().all(|w| (0.0..=1.0).contains(&w)),
        Node::Conv1d(_) | Node::Conv2d(_) => false,
        _ => true,
    });
    if !bounded {
        return Vec::new();
    }
    let mut all = Vec::new();
    for refractory in variants(Framework::BindsNet, true) {
        for depression in LEARNING_RATES {
            for potentiation in LEARNING_RATES {
                let nu = [depression, potentiation];
                let rule =
                    PostPreOption { nu, tau_trace: TAU_TRACE, weight_min: 0.0, weight_max: 1.0 };
                all.push(ProfileOptions { learning: Some(rule), ..refractory.clone() });
            }
        }
    }
    all
}

fn variants(framework: Framework, leaky: bool) -> Vec<ProfileOptions> {
    let base = ProfileOptions { name: Some(framework), ..ProfileOptions::default() };
    let resets = |resets: &[ResetOption]| -> Vec<ProfileOptions> {
        resets.iter().map(|&r| ProfileOptions { reset: Some(r), ..base.clone() }).collect()
    };
    let each = |all: Vec<ProfileOptions>, f: &dyn Fn(&ProfileOptions) -> Vec<ProfileOptions>| {
        all.iter().flat_map(f).collect::<Vec<_>>()
    };
    let refractory = |all: Vec<ProfileOptions>| {
        each(all, &|o| {
            let steps = |n| ProfileOptions { refractory_steps: Some(n), ..o.clone() };
            (0..=MAX_REFRACTORY_STEPS).map(steps).collect()
        })
    };
    match framework {
        Framework::Plain => {
            let all = resets(&[ResetOption::Value, ResetOption::Subtract]);
            let all = each(all, &|o| {
                let dt = |dt| ProfileOptions { dt: Some(dt), ..o.clone() };
                if leaky {
                    [1e-4, 1e-3, 1.0].map(dt).to_vec()
                } else {
                    [1e-4, 1.0].map(dt).to_vec()
                }
            });
            each(all, &|o| {
                let bias = |s| ProfileOptions { recurrent_bias_from_step: Some(s), ..o.clone() };
                [1, 0].map(bias).to_vec()
            })
        }
        Framework::SnnTorch => {
            let all = resets(&[ResetOption::Subtract, ResetOption::Zero]);
            let mut all = each(all, &|o| {
                let delay = |d| ProfileOptions { reset_delay: Some(d), ..o.clone() };
                [true, false].map(delay).to_vec()
            });
            all.extend(resets(&[ResetOption::None]));
            all
        }
        Framework::Norse => {
            let all = resets(&[ResetOption::Value, ResetOption::Subtract]);
            each(all, &|o| {
                let stored = |s| ProfileOptions { stored_tau: Some(s), ..o.clone() };
                if leaky {
                    [StoredTau::TimesStep, StoredTau::Seconds].map(stored).to_vec()
                } else {
                    vec![o.clone()]
                }
            })
        }
        Framework::Sinabs => {
            let mut all = vec![
                base.clone(),
                ProfileOptions { lower_bound: Some(-1.0), ..base.clone() },
                ProfileOptions { many_spikes: Some(false), ..base.clone() },
                ProfileOptions {
                    many_spikes: Some(false),
                    lower_bound: Some(-1.0),
                    ..base.clone()
                },
            ];
            if leaky {
                all = each(all, &|o| {
                    let norm = |n| ProfileOptions { norm_input: Some(n), ..o.clone() };
                    [true, false].map(norm).to_vec()
                });
            }
            all
        }
        Framework::Nengo | Framework::BindsNet => refractory(vec![base]),
        Framework::Brian2 => {
            let modes = [RefractoryOption::Hold, RefractoryOption::Silent];
            let mode = |m| ProfileOptions { refractory: Some(m), ..base.clone() };
            refractory(modes.map(mode).to_vec())
        }
        Framework::SpikingJelly | Framework::Rockpool | Framework::Lava => vec![base],
    }
}

/// Runs every candidate on a recording and gives them, the best first.
///
/// Where none is exact, rarer choices are tried, then values that the potentials themselves show,
/// then networks that learn while they run.
/// Ties keep the order of [`candidates`]: the framework that the file looks like, then defaults.
/// `progress` is told how many of how many candidates are done.
pub fn find_profile(
    graph: &Graph,
    recorded: &Recorded,
    mut progress: impl FnMut(usize, usize),
) -> Vec<Match> {
    let mut matches = Vec::new();
    let known = candidates(graph);
    let observed = observed_candidates(graph, &known, recorded);
    let rare = rare_candidates(graph);
    for candidates in [known, rare, observed, learning_candidates(graph)] {
        let total = matches.len() + candidates.len();
        for options in candidates {
            progress(matches.len(), total);
            matches.push(compare(graph, &options, recorded));
        }
        progress(total, total);
        if matches.iter().any(Match::is_exact) {
            break;
        }
    }
    matches.sort_by(|a, b| {
        let key = |m: &Match| (m.failed.is_some(), !m.is_exact(), m.mismatches);
        key(a).cmp(&key(b))
    });
    matches
}

/// Runs one profile on a recording.
fn compare(graph: &Graph, options: &ProfileOptions, recorded: &Recorded) -> Match {
    let mut found = Match {
        options: options.clone(),
        mismatches: 0,
        cells: 0,
        potential_error: None,
        failed: None,
    };
    if let Err(reason) = run(graph, options, recorded, &mut found) {
        found.failed = Some(reason);
    }
    found
}

fn run(
    graph: &Graph,
    options: &ProfileOptions,
    recorded: &Recorded,
    found: &mut Match,
) -> Result<(), String> {
    let (network, _) = graph.compile(&Profile::with(options)).map_err(|e| e.to_string())?;
    let network = Arc::new(network);
    let mut session = Session::new(Arc::clone(&network));
    let mut probes = Vec::new();
    let mut outputs = Vec::new();
    for expected in &recorded.nodes {
        let name = resolve(graph, &expected.node)
            .ok_or_else(|| format!("no node is named {}", expected.node))?;
        let output = network.outputs().iter().position(|port| port.name == name);
        outputs.push(output);
        let population = match output {
            Some(_) => continue,
            None => network.population(name).ok_or_else(|| format!("{name} is no population"))?,
        };
        let potentials = match &expected.potentials {
            None => Potentials::None,
            Some((None, _)) => Potentials::All,
            Some((Some(indices), _)) => Potentials::Of(indices.clone()),
        };
        probes.push(Probe { population, events: true, potentials });
    }
    session.record(&probes);
    let run = session.run(&recorded.inputs).map_err(|e| e.to_string())?;
    let mut recordings = run.recordings.iter();
    let ports: Vec<Port> = network.outputs().into_iter().chain(network.populations()).collect();
    for (expected, output) in recorded.nodes.iter().zip(outputs) {
        let (events, potentials) = match output {
            Some(output) => (&run.outputs[output], None),
            None => match recordings.next() {
                Some(recording) => (&recording.events, Some(&recording.potentials)),
                None => continue,
            },
        };
        let name = resolve(graph, &expected.node).unwrap_or_default();
        let valued = ports.iter().any(|p| p.name == name && p.emission == Emission::Values);
        if let Some(spikes) = &expected.spikes {
            let ours = events.to_dense();
            if ours.len() != spikes.len() {
                return Err(format!(
                    "{}: {} cells recorded, expected {}",
                    expected.node,
                    spikes.len(),
                    ours.len()
                ));
            }
            found.cells += spikes.len();
            let tolerance = if valued { POTENTIAL_TOLERANCE } else { 0.0 };
            let differs = |(a, b): &(&f32, &f32)| (**a - **b).abs() > tolerance;
            found.mismatches += ours.iter().zip(spikes).filter(differs).count();
        }
        if let (Some((_, theirs)), Some(ours)) = (&expected.potentials, potentials) {
            let error = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            found.potential_error = Some(found.potential_error.unwrap_or(0.0).max(error));
        }
    }
    Ok(())
}
