//! How many neighbours each vertex has.

use std::collections::BTreeMap;

use super::graph::KnowledgeGraph;

impl KnowledgeGraph {
    /// Neighbours of each vertex; with a direction, those that it leads to and those that lead to
    /// it, so that one that does both counts twice.
    pub fn degrees(&self) -> Vec<usize> {
        let places = 0..self.n() as u32;
        let both = |v| self.leaving(v).len() + self.entering(v).len();
        if self.is_directed() {
            places.map(both).collect()
        } else {
            places.map(|v| self.leaving(v).len()).collect()
        }
    }

    /// Vertices that lead to each.
    pub fn in_degrees(&self) -> Vec<usize> {
        (0..self.n() as u32).map(|v| self.entering(v).len()).collect()
    }

    /// Vertices that each leads to.
    pub fn out_degrees(&self) -> Vec<usize> {
        (0..self.n() as u32).map(|v| self.leaving(v).len()).collect()
    }

    /// How many vertices have each degree, the lowest degree first.
    pub fn degree_distribution(&self) -> Vec<(usize, usize)> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for degree in self.degrees() {
            *counts.entry(degree).or_default() += 1;
        }
        counts.into_iter().collect()
    }
}
