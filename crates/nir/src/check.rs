//! What must hold in a graph beyond each node's own fields; all of it is checked at once.
//! What can be mended is mended and said; shapes are `shape`'s matter.

use std::collections::BTreeSet;

use crate::GRAPH;
use crate::graph::{Graph, Links, Loaded};
use crate::inline::{Flat, inline, remove_ports};
use crate::limits::{MAX_EDGES, MAX_WEIGHTS};
use crate::node::{Input, Node, Output};
use crate::problem::{Problem, Problems};
use crate::repair::Repairs;
use crate::shape::{Edit, infer};
use crate::tensor::Tensor;

mod loops;

/// Makes a graph flat and sound, or says everything that is wrong with it.
///
/// `broken` names nodes that could not even be read: they have their problems already,
/// and what follows only from their absence is not listed.
pub(crate) fn check(
    graph: Graph,
    broken: BTreeSet<String>,
    mut repairs: Repairs,
) -> Result<Loaded, Vec<Problem>> {
    let mut problems = Problems::default();
    let mut flat = inline(graph, broken, &mut repairs, &mut problems);
    check_edges(&mut flat, &mut repairs, &mut problems);
    check_numbers(&flat.graph, &mut problems);
    if flat.broken.is_empty() {
        add_ports("", &mut flat.graph, &flat.ports, &mut repairs, &mut problems);
        check_ports(&flat, &mut problems);
        check_reach(&mut flat.graph, &mut repairs);
    }
    let inference = infer(&flat.graph);
    let explained = !flat.broken.is_empty() || !problems.is_empty();
    problems.extend(inference.problems, |problem| !(explained && problem.found == "none"));
    loops::check(&flat.graph, &mut problems);
    let Flat { mut graph, ports, .. } = flat;
    if problems.is_empty() {
        repairs.0.extend(inference.repairs.0);
        apply(&mut graph, inference.edits, &mut problems);
        remove_ports(&mut graph, &ports, &mut problems);
    }
    if !problems.is_empty() {
        return Err(problems.into_vec());
    }
    graph.edges.sort();
    repairs.0.sort();
    Ok(Loaded { graph, repairs: repairs.0 })
}

/// Drops edges that stand twice; names those that join nothing.
fn check_edges(flat: &mut Flat, repairs: &mut Repairs, problems: &mut Problems) {
    let edges = std::mem::take(&mut flat.graph.edges);
    if edges.len() > MAX_EDGES {
        problems.add(GRAPH, "edges", format!("at most {MAX_EDGES}"), edges.len().to_string());
        return;
    }
    let mut kept = BTreeSet::new();
    for (from, to) in edges {
        let unknown = [&from, &to]
            .into_iter()
            .find(|name| !flat.graph.nodes.contains_key(*name) && !flat.broken.contains(*name));
        if let Some(name) = unknown {
            let found = format!("`{}`", name.escape_debug());
            let edge = format!(
                "nodes at both ends of `{}` -> `{}`",
                from.escape_debug(),
                to.escape_debug()
            );
            problems.add(GRAPH, "edges", edge, format!("no node {found}"));
            continue;
        }
        if flat.broken.contains(&from) || flat.broken.contains(&to) {
            continue;
        }
        if let Some((from, to)) = kept.replace((from, to)) {
            let what =
                format!("the edge `{}` -> `{}` twice", from.escape_debug(), to.escape_debug());
            repairs.add(GRAPH, what, "taken once");
        }
    }
    flat.graph.edges = kept.into_iter().collect();
}

/// Adds the port that a graph with a single source or sink leaves out.
pub(crate) fn add_ports(
    path: &str,
    graph: &mut Graph,
    nested: &BTreeSet<String>,
    repairs: &mut Repairs,
    problems: &mut Problems,
) {
    let own = |name: &str| !nested.contains(name);
    let at = if path.is_empty() { GRAPH } else { path };
    if !graph.inputs().any(|(name, _)| own(name)) {
        let links = Links::new(graph);
        let sources = ends(graph, nested, |name| links.predecessors(name));
        if let Some(source) = single(&sources, at, "Input", "source", problems) {
            let name = free_name(graph, "input");
            repairs.add(at, "no Input", format!("added `{name}` before `{source}`"));
            graph.edges.push((name.clone(), source));
            graph.nodes.insert(name, Node::Input(Input { shape: Vec::new() }));
        }
    }
    if !graph.outputs().any(|(name, _)| own(name)) {
        let links = Links::new(graph);
        let sinks = ends(graph, nested, |name| links.successors(name));
        if let Some(sink) = single(&sinks, at, "Output", "sink", problems) {
            let name = free_name(graph, "output");
            repairs.add(at, "no Output", format!("added `{name}` after `{sink}`"));
            graph.edges.push((sink, name.clone()));
            graph.nodes.insert(name, Node::Output(Output { shape: Vec::new() }));
        }
    }
}

/// The nodes that nothing feeds or that feed nothing; of the ports only those of nested graphs.
fn ends<'a>(
    graph: &Graph,
    nested: &BTreeSet<String>,
    neighbours: impl Fn(&str) -> &'a [&'a str],
) -> Vec<String> {
    let is_port = |node: &Node| matches!(node, Node::Input(_) | Node::Output(_));
    let ends = graph.nodes.iter().filter(|(name, node)| {
        (!is_port(node) || nested.contains(*name))
            && neighbours(name).iter().all(|neighbour| *neighbour == name.as_str())
    });
    ends.map(|(name, _)| name.clone()).collect()
}

fn single(
    ends: &[String],
    at: &str,
    port: &str,
    end: &str,
    problems: &mut Problems,
) -> Option<String> {
    if let [only] = ends {
        return Some(only.clone());
    }
    let listed: Vec<String> =
        ends.iter().take(8).map(|name| name.escape_debug().to_string()).collect();
    let found = match ends.len() {
        0 => format!("no {port} and no {end} to put one at"),
        n => format!("no {port} and {n} {end}s: {}", listed.join(", ")),
    };
    problems.add(at, None, format!("an {port}, or a single {end}"), found);
    None
}

fn free_name(graph: &Graph, name: &str) -> String {
    let mut free = name.to_owned();
    while graph.nodes.contains_key(&free) {
        free.push('_');
    }
    free
}

/// Signals enter only at inputs and leave only at outputs.
fn check_ports(flat: &Flat, problems: &mut Problems) {
    let links = Links::new(&flat.graph);
    for (name, node) in &flat.graph.nodes {
        if flat.ports.contains(name) {
            continue;
        }
        let (before, after) = (links.predecessors(name), links.successors(name));
        match (node, before, after) {
            (Node::Input(_), [first, ..], _) => {
                let found = format!("one from `{}`", first.escape_debug());
                problems.add(name, None, "no edge into an Input", found);
            }
            (Node::Output(_), _, [first, ..]) => {
                let found = format!("one to `{}`", first.escape_debug());
                problems.add(name, None, "no edge out of an Output", found);
            }
            (Node::Output(_), [], _) => {
                problems.add(name, None, "an edge into an Output", "none at all");
            }
            _ => {}
        }
    }
}

/// Says which nodes the input does not reach or the output does not need.
fn check_reach(graph: &mut Graph, repairs: &mut Repairs) {
    let links = Links::new(graph);
    let reached = links.downstream(graph.inputs().map(|(name, _)| name));
    let needed = links.upstream(graph.outputs().map(|(name, _)| name));
    let mut removed = BTreeSet::new();
    for name in graph.nodes.keys() {
        match (reached.contains(name.as_str()), needed.contains(name.as_str())) {
            (true, true) => {}
            (true, false) => repairs.add(name, "no way from it to an Output", "kept"),
            (false, true) => repairs.add(name, "no way to it from an Input", "kept"),
            (false, false) => {
                repairs.add(name, "no way to it from an Input or on to an Output", "left out");
                removed.insert(name.clone());
            }
        }
    }
    for name in &removed {
        graph.nodes.remove(name);
    }
    graph.edges.retain(|(from, to)| !removed.contains(from) && !removed.contains(to));
}

/// Every number is finite, time constants are above zero and delays not below.
fn check_numbers(graph: &Graph, problems: &mut Problems) {
    let mut n_weights = 0_usize;
    for (name, node) in &graph.nodes {
        for (field, tensor) in node.parameters() {
            n_weights = n_weights.saturating_add(tensor.len());
            let rule = Rule::of(field);
            if let Some(found) = rule.breach(tensor) {
                problems.add(name, field, rule.expected(), found);
            }
        }
    }
    if n_weights > MAX_WEIGHTS {
        let expected = format!("at most {MAX_WEIGHTS} parameters");
        problems.add(GRAPH, None, expected, n_weights.to_string());
    }
}

/// What holds for each value of a parameter.
#[derive(Clone, Copy)]
enum Rule {
    Finite,
    Positive,
    NotNegative,
}

impl Rule {
    fn of(field: &str) -> Self {
        match field {
            "tau" | "tau_syn" | "tau_mem" => Self::Positive,
            "delay" => Self::NotNegative,
            _ => Self::Finite,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Finite => "finite numbers",
            Self::Positive => "finite seconds above 0",
            Self::NotNegative => "finite seconds, at least 0",
        }
    }

    fn allows(self, value: f64) -> bool {
        // Single precision is what networks run in.
        #[allow(clippy::cast_possible_truncation)]
        let single = value as f32;
        let in_range = match self {
            Self::Finite => true,
            Self::Positive => single > 0.0,
            Self::NotNegative => value >= 0.0,
        };
        single.is_finite() && in_range
    }

    /// How many values are not allowed, and the first of them.
    fn breach(self, tensor: &Tensor) -> Option<String> {
        let mut breaches = tensor.iter().enumerate().filter(|(_, value)| !self.allows(*value));
        let (flat, first) = breaches.next()?;
        let n = 1 + breaches.count();
        let at = if tensor.shape().is_empty() {
            String::new()
        } else {
            format!(" at {:?}", indices(flat, tensor.shape()))
        };
        Some(format!("{n} of {} other, the first {first}{at}", tensor.len()))
    }
}

fn indices(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut indices: Vec<usize> = shape
        .iter()
        .rev()
        .map(|axis| {
            let index = rest.checked_rem(*axis).unwrap_or(0);
            rest = rest.checked_div(*axis).unwrap_or(0);
            index
        })
        .collect();
    indices.reverse();
    indices
}

fn apply(graph: &mut Graph, edits: Vec<(String, Edit)>, problems: &mut Problems) {
    // The last edit of a kind is the one that holds; ports may be edited twice.
    for (name, edit) in edits {
        let Some(node) = graph.nodes.get_mut(&name) else {
            continue;
        };
        match (node, edit) {
            (Node::Input(port), Edit::Port(shape)) => port.shape = shape,
            (Node::Output(port), Edit::Port(shape)) => port.shape = shape,
            (Node::Conv1d(conv), Edit::ConvInput(axes)) => {
                conv.input_shape = axes.try_into().ok();
            }
            (Node::Conv2d(conv), Edit::ConvInput(axes)) => {
                conv.input_shape = axes.try_into().ok();
            }
            (Node::Flatten(flatten), Edit::Flatten(edited)) => *flatten = edited,
            (node, Edit::Spread(shape)) => spread(&name, node, &shape, problems),
            _ => {}
        }
    }
}

fn spread(name: &str, node: &mut Node, shape: &[usize], problems: &mut Problems) {
    for (field, tensor) in node.parameters_mut() {
        match tensor.broadcast_to(shape) {
            Some(wide) => *tensor = wide,
            None => problems.add(
                name,
                field,
                format!("shape {}", crate::tensor::Axes(shape)),
                crate::tensor::Axes(tensor.shape()).to_string(),
            ),
        }
    }
}
