//! Parts whose vertices can reach each other.

use petgraph::Directed;
use petgraph::unionfind::UnionFind;

use super::graph::KnowledgeGraph;
use crate::id::Vertex;

impl KnowledgeGraph {
    /// Parts that are connected, whichever way links go; the largest first, each in the order of
    /// its numbers. A vertex without links is a part of its own.
    pub fn components(&self) -> Vec<Vec<Vertex>> {
        let mut sets = UnionFind::<u32>::new(self.n());
        for tie in self.ties() {
            sets.union(tie.from, tie.to);
        }
        self.grouped(&sets.into_labeling())
    }

    /// Parts in which each can reach each other along the direction of links (Kosaraju's, as
    /// `petgraph` has it); ordered as [`KnowledgeGraph::components`]. They are the same as those
    /// where links go both ways.
    pub fn strong_components(&self) -> Vec<Vec<Vertex>> {
        if !self.is_directed() {
            return self.components();
        }
        let graph = self.petgraph::<Directed>();
        let mut labels = vec![0; self.n()];
        for (label, part) in petgraph::algo::kosaraju_scc(&graph).into_iter().enumerate() {
            part.into_iter().for_each(|node| labels[node.index()] = label as u32);
        }
        self.grouped(&labels)
    }

    /// Vertices by label, the largest group first, then the one with the lowest number.
    pub(super) fn grouped(&self, labels: &[u32]) -> Vec<Vec<Vertex>> {
        let n_labels = labels.iter().max().map_or(0, |label| *label as usize + 1);
        let mut groups: Vec<Vec<Vertex>> = vec![Vec::new(); n_labels];
        for (label, vertex) in labels.iter().zip(self.vertices()) {
            groups[*label as usize].push(*vertex);
        }
        groups.retain(|group| !group.is_empty());
        groups.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        groups
    }
}
