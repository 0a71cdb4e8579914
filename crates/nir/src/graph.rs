//! A NIR graph: named nodes and the edges between them, as data.
//! `read` makes one from a file, `check` makes it sound, `write` stores it.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::check;
use crate::node::{Input, Node, Output};
use crate::problem::Problem;
use crate::repair::{Repair, Repairs};
use crate::shape::{NodeShape, infer};

/// Named nodes and directed edges; a node's inputs are summed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The nodes by name.
    pub nodes: BTreeMap<String, Node>,
    /// From which node to which, sorted in a loaded graph.
    pub edges: Vec<(String, String)>,
    /// The version of nir that wrote the file, where it says so.
    pub version: Option<String>,
}

/// A graph that holds what the loader promises, and what was mended to make it so.
///
/// It is flat, every edge joins two nodes of equal shape, every parameter of a neuron has
/// the shape of its population, and every number is finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The graph, flat and sound.
    pub graph: Graph,
    /// Everything that was assumed on the way.
    pub repairs: Vec<Repair>,
}

impl Graph {
    /// Makes a graph sound in the way in which a file is: nested graphs are spliced in,
    /// shapes inferred, everything else checked.
    ///
    /// # Errors
    ///
    /// Every problem that keeps the graph from being used.
    pub fn checked(self) -> Result<Loaded, Vec<Problem>> {
        check(self, BTreeSet::new(), Repairs::default())
    }

    /// The shape of every node's input and output.
    /// All nodes of a loaded graph have one; of another graph, those that can be inferred.
    #[must_use]
    pub fn shapes(&self) -> BTreeMap<String, NodeShape> {
        infer(self).shapes
    }

    /// The ports at which signals enter, with their shapes.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &Input)> {
        self.nodes.iter().filter_map(|(name, node)| match node {
            Node::Input(input) => Some((name.as_str(), input)),
            _ => None,
        })
    }

    /// The ports at which signals leave, with their shapes.
    pub fn outputs(&self) -> impl Iterator<Item = (&str, &Output)> {
        self.nodes.iter().filter_map(|(name, node)| match node {
            Node::Output(output) => Some((name.as_str(), output)),
            _ => None,
        })
    }

    /// The nodes that feed `name`.
    pub fn predecessors<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.edges.iter().filter(move |(_, to)| to == name).map(|(from, _)| from.as_str())
    }

    /// The nodes that `name` feeds.
    pub fn successors<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.edges.iter().filter(move |(from, _)| from == name).map(|(_, to)| to.as_str())
    }

    /// All nodes in an order in which each comes after those that feed it within a step.
    ///
    /// Where a loop must be cut, it is cut before a node that carries state:
    /// such a node still comes after its other sources.
    #[must_use]
    pub fn order(&self) -> Vec<&str> {
        Links::new(self).order(self)
    }
}

/// Who feeds whom, looked up in both directions.
pub(crate) struct Links<'a> {
    successors: BTreeMap<&'a str, Vec<&'a str>>,
    predecessors: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Links<'a> {
    pub(crate) fn new(graph: &'a Graph) -> Self {
        let mut successors: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut predecessors: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (from, to) in &graph.edges {
            successors.entry(from.as_str()).or_default().push(to.as_str());
            predecessors.entry(to.as_str()).or_default().push(from.as_str());
        }
        Self { successors, predecessors }
    }

    pub(crate) fn successors(&self, name: &str) -> &[&'a str] {
        self.successors.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn predecessors(&self, name: &str) -> &[&'a str] {
        self.predecessors.get(name).map_or(&[], Vec::as_slice)
    }

    /// Every node that can be reached from `starts` along the edges, these included.
    pub(crate) fn downstream(&self, starts: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
        reach(starts, |name| self.successors(name))
    }

    /// Every node from which one of `ends` can be reached, these included.
    pub(crate) fn upstream(&self, ends: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
        reach(ends, |name| self.predecessors(name))
    }

    fn order(&self, graph: &'a Graph) -> Vec<&'a str> {
        let mut waits: BTreeMap<&str, usize> =
            graph.nodes.keys().map(|name| (name.as_str(), self.predecessors(name).len())).collect();
        let mut ready: Vec<&str> =
            waits.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).rev().collect();
        let mut order = Vec::with_capacity(graph.nodes.len());
        let mut placed = BTreeSet::new();
        loop {
            while let Some(name) = ready.pop() {
                if !placed.insert(name) {
                    continue;
                }
                order.push(name);
                for next in self.successors(name) {
                    if let Some(n) = waits.get_mut(next) {
                        *n = n.saturating_sub(1);
                        if *n == 0 {
                            ready.push(next);
                        }
                    }
                }
            }
            match self.cut(graph, &placed) {
                Some(name) => ready.push(name),
                None => return order,
            }
        }
    }

    /// The node at which a loop is cut next: a stateful one that something placed feeds.
    fn cut(&self, graph: &'a Graph, placed: &BTreeSet<&str>) -> Option<&'a str> {
        let fed = |name: &str| self.predecessors(name).iter().any(|from| placed.contains(from));
        graph
            .nodes
            .iter()
            .filter(|(name, _)| !placed.contains(name.as_str()))
            .min_by_key(|(name, node)| (!(node.is_stateful() && fed(name)), !node.is_stateful()))
            .map(|(name, _)| name.as_str())
    }
}

fn reach<'a, 'b>(
    starts: impl Iterator<Item = &'a str>,
    next: impl Fn(&str) -> &'b [&'a str],
) -> BTreeSet<&'a str>
where
    'a: 'b,
{
    let mut waiting: Vec<&str> = starts.collect();
    let mut reached = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if reached.insert(name) {
            waiting.extend(next(name).iter().copied().filter(|name| !reached.contains(name)));
        }
    }
    reached
}
