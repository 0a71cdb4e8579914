//! Loops that no state breaks: their values would depend on themselves within one step.

use std::collections::BTreeMap;

use crate::graph::{Graph, Links};
use crate::problem::Problems;

/// How many nodes of a loop are named.
const MAX_NAMED: usize = 16;

/// Names every loop on which there is neither a neuron nor a delay above zero.
pub(super) fn check(graph: &Graph, problems: &mut Problems) {
    for mut members in loops(graph) {
        members.sort_unstable();
        let Some(first) = members.first() else {
            continue;
        };
        let named: Vec<String> = members
            .iter()
            .take(MAX_NAMED)
            .map(|name| format!("`{}`", name.escape_debug()))
            .collect();
        let more = members.len().saturating_sub(MAX_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let found = format!("only {}{more}", named.join(", "));
        problems.add(first, None, "a neuron or a delay above 0 on every loop", found);
    }
}

/// The strongly connected parts of the stateless nodes that hold a loop (Tarjan 1972).
fn loops(graph: &Graph) -> Vec<Vec<&str>> {
    let links = Links::new(graph);
    let stateless = |name: &str| graph.nodes.get(name).is_some_and(|node| !node.is_stateful());
    let next: BTreeMap<&str, Vec<&str>> = graph
        .nodes
        .keys()
        .filter(|name| stateless(name))
        .map(|name| {
            let after = links.successors(name).iter().copied().filter(|name| stateless(name));
            (name.as_str(), after.collect())
        })
        .collect();
    let mut search =
        Search { next: &next, visits: BTreeMap::new(), stack: Vec::new(), found: Vec::new() };
    for name in next.keys() {
        search.from(name);
    }
    search.found
}

struct Search<'a, 'b> {
    next: &'b BTreeMap<&'a str, Vec<&'a str>>,
    visits: BTreeMap<&'a str, Visit>,
    stack: Vec<&'a str>,
    found: Vec<Vec<&'a str>>,
}

struct Visit {
    at: usize,
    low: usize,
    on_stack: bool,
}

impl<'a> Search<'a, '_> {
    /// Visits everything after `start`, without recursion, for a path may be long.
    fn from(&mut self, start: &'a str) {
        if self.visits.contains_key(start) {
            return;
        }
        let mut path = vec![(start, 0)];
        self.enter(start);
        while let Some((name, done)) = path.pop() {
            let child = self.next.get(name).and_then(|after| after.get(done)).copied();
            let Some(child) = child else {
                self.leave(name);
                if let Some((parent, _)) = path.last() {
                    self.lower(parent, self.low(name));
                }
                continue;
            };
            path.push((name, done + 1));
            match self.visits.get(child) {
                None => {
                    self.enter(child);
                    path.push((child, 0));
                }
                Some(visit) if visit.on_stack => self.lower(name, visit.at),
                Some(_) => {}
            }
        }
    }

    fn enter(&mut self, name: &'a str) {
        let at = self.visits.len();
        self.visits.insert(name, Visit { at, low: at, on_stack: true });
        self.stack.push(name);
    }

    fn low(&self, name: &str) -> usize {
        self.visits.get(name).map_or(usize::MAX, |visit| visit.low)
    }

    fn lower(&mut self, name: &str, low: usize) {
        if let Some(visit) = self.visits.get_mut(name) {
            visit.low = visit.low.min(low);
        }
    }

    /// Where a part ends, takes it off the stack; it is a loop if it leads back to itself.
    fn leave(&mut self, name: &'a str) {
        if self.visits.get(name).is_none_or(|visit| visit.low != visit.at) {
            return;
        }
        let mut members = Vec::new();
        while let Some(member) = self.stack.pop() {
            if let Some(visit) = self.visits.get_mut(member) {
                visit.on_stack = false;
            }
            members.push(member);
            if member == name {
                break;
            }
        }
        let to_itself = self.next.get(name).is_some_and(|after| after.contains(&name));
        if members.len() > 1 || to_itself {
            self.found.push(members);
        }
    }
}
