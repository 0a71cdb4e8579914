//! Nested graphs, spliced into the one around them.
//! First their nodes are moved out under `outer.inner`, ports and all, so that shapes can be
//! compared at the ports; `remove_ports` then joins what the ports joined.

use std::collections::{BTreeMap, BTreeSet};

use crate::GRAPH;
use crate::check::add_ports;
use crate::graph::Graph;
use crate::limits::{MAX_EDGES, MAX_NAME_BYTES, MAX_NESTING, MAX_NODES};
use crate::node::Node;
use crate::problem::Problems;
use crate::repair::Repairs;

/// A graph without nested ones, and which of its ports are left over from those.
pub(crate) struct Flat {
    pub(crate) graph: Graph,
    pub(crate) ports: BTreeSet<String>,
    /// Nodes that edges may name although they could not be read.
    pub(crate) broken: BTreeSet<String>,
}

/// Moves the nodes of all nested graphs out.
pub(crate) fn inline(
    graph: Graph,
    broken: BTreeSet<String>,
    repairs: &mut Repairs,
    problems: &mut Problems,
) -> Flat {
    let version = graph.version.clone();
    let flat =
        Flat { graph: Graph { version, ..Graph::default() }, ports: BTreeSet::new(), broken };
    let mut inliner = Inliner { flat, repairs, problems };
    inliner.graph("", graph, 0);
    inliner.flat
}

struct Inliner<'a> {
    flat: Flat,
    repairs: &'a mut Repairs,
    problems: &'a mut Problems,
}

/// The ports by which a nested graph is entered and left.
struct Doors {
    input: String,
    output: String,
}

impl Inliner<'_> {
    fn graph(&mut self, path: &str, mut graph: Graph, depth: usize) {
        self.rename_stray_end(path, &mut graph);
        let mut doors = BTreeMap::new();
        for (name, node) in graph.nodes {
            let full = join(path, &name);
            match node {
                Node::Graph(_) if depth >= MAX_NESTING => {
                    let expected = format!("graphs at most {MAX_NESTING} deep");
                    self.problems.add(&full, None, expected, "a deeper one");
                    self.flat.broken.insert(full);
                }
                Node::Graph(nested) => match self.doors(&full, *nested, depth) {
                    Some(found) => {
                        doors.insert(full, found);
                    }
                    None => {
                        self.flat.broken.insert(full);
                    }
                },
                node => self.node(full, node),
            }
        }
        for (from, to) in graph.edges {
            let (from, to) = (join(path, &from), join(path, &to));
            let from = doors.get(&from).map_or(from, |doors| doors.output.clone());
            let to = doors.get(&to).map_or(to, |doors| doors.input.clone());
            self.flat.graph.edges.push((from, to));
        }
    }

    /// Where edges name one node that is not there and leave out one that is, the two are one.
    /// The graphs published with the NIR paper have such edges inside their nested graphs.
    fn rename_stray_end(&mut self, path: &str, graph: &mut Graph) {
        let ends = || graph.edges.iter().flat_map(|(from, to)| [from, to]);
        let mut stray: Vec<&String> = ends()
            .filter(|name| !graph.nodes.contains_key(*name))
            .filter(|name| !self.flat.broken.contains(&join(path, name)))
            .collect();
        stray.sort();
        stray.dedup();
        let named: BTreeSet<&String> = ends().collect();
        let unnamed: Vec<&String> =
            graph.nodes.keys().filter(|name| !named.contains(name)).collect();
        let ([stray], [unnamed]) = (stray.as_slice(), unnamed.as_slice()) else {
            return;
        };
        let (stray, unnamed) = ((*stray).clone(), (*unnamed).clone());
        let what = format!("edges of `{}`, which is not there", stray.escape_debug());
        self.repairs.add(&join(path, &unnamed), what, "taken as its own, which it lacks");
        for (from, to) in &mut graph.edges {
            for end in [from, to] {
                if *end == stray {
                    end.clone_from(&unnamed);
                }
            }
        }
    }

    fn node(&mut self, full: String, node: Node) {
        if full.len() > MAX_NAME_BYTES || self.flat.graph.nodes.len() >= MAX_NODES {
            let expected = format!("at most {MAX_NODES} nodes, names of {MAX_NAME_BYTES} bytes");
            self.problems.add(GRAPH, None, expected, "more");
            return;
        }
        if self.flat.graph.nodes.contains_key(&full) {
            let found = "one outside a nested graph and one inside";
            self.problems.add(&full, None, "one node of that name", found);
            return;
        }
        self.flat.graph.nodes.insert(full, node);
    }

    /// Moves a nested graph out and says how it is entered and left.
    fn doors(&mut self, full: &str, mut nested: Graph, depth: usize) -> Option<Doors> {
        let prefix = format!("{full}.");
        let is_broken = self.flat.broken.iter().any(|name| name.starts_with(&prefix));
        if !is_broken {
            add_ports(full, &mut nested, &BTreeSet::new(), self.repairs, self.problems);
        }
        let inputs: Vec<String> = nested.inputs().map(|(name, _)| join(full, name)).collect();
        let outputs: Vec<String> = nested.outputs().map(|(name, _)| join(full, name)).collect();
        self.graph(full, nested, depth + 1);
        self.flat.ports.extend(inputs.iter().chain(&outputs).cloned());
        match (inputs.as_slice(), outputs.as_slice()) {
            ([input], [output]) => Some(Doors { input: input.clone(), output: output.clone() }),
            _ if is_broken => None,
            _ => {
                let found = format!("{} and {}", inputs.len(), outputs.len());
                let expected = "a nested graph with one Input and one Output";
                self.problems.add(full, None, expected, found);
                None
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Takes the ports of nested graphs out and joins the nodes on both sides of each.
pub(crate) fn remove_ports(graph: &mut Graph, ports: &BTreeSet<String>, problems: &mut Problems) {
    let edges = std::mem::take(&mut graph.edges);
    let mut edges = Edges::new(edges);
    for port in ports {
        graph.nodes.remove(port);
        let (before, after) = edges.remove(port);
        for from in &before {
            for to in &after {
                if !edges.insert(from.clone(), to.clone()) {
                    let expected = format!("one way from `{}`", from.escape_debug());
                    problems.add(to, None, expected, "two, once nested graphs are spliced in");
                }
            }
            if edges.n > MAX_EDGES {
                let expected = format!("at most {MAX_EDGES} edges");
                problems.add(GRAPH, "edges", expected, "more, once nested graphs are spliced in");
                return;
            }
        }
    }
    graph.edges = edges.into_vec();
}

/// Edges that are looked up from both ends.
#[derive(Default)]
struct Edges {
    after: BTreeMap<String, BTreeSet<String>>,
    before: BTreeMap<String, BTreeSet<String>>,
    n: usize,
}

impl Edges {
    fn new(edges: Vec<(String, String)>) -> Self {
        let mut all = Self::default();
        for (from, to) in edges {
            all.insert(from, to);
        }
        all
    }

    fn insert(&mut self, from: String, to: String) -> bool {
        self.before.entry(to.clone()).or_default().insert(from.clone());
        let new = self.after.entry(from).or_default().insert(to);
        self.n += usize::from(new);
        new
    }

    /// Takes out a node; the nodes before and after it.
    fn remove(&mut self, name: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let mut before = self.before.remove(name).unwrap_or_default();
        let mut after = self.after.remove(name).unwrap_or_default();
        self.n = self.n.saturating_sub(before.len() + after.len());
        before.remove(name);
        after.remove(name);
        for from in &before {
            if let Some(nodes) = self.after.get_mut(from) {
                nodes.remove(name);
            }
        }
        for to in &after {
            if let Some(nodes) = self.before.get_mut(to) {
                nodes.remove(name);
            }
        }
        (before, after)
    }

    fn into_vec(self) -> Vec<(String, String)> {
        self.after
            .into_iter()
            .flat_map(|(from, after)| after.into_iter().map(move |to| (from.clone(), to)))
            .collect()
    }
}
