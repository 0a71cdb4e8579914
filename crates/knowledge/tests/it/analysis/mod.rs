//! Analyses: against networkx (tests/fixtures/analysis.json, made by tests/analysis.py), against what
//! must hold of any graph, as a view has them, and at their limits.

mod limits;
mod properties;
mod references;
mod views;

use knowledge::analysis::{Joined, KnowledgeGraph};
use knowledge::links::LinkId;
use knowledge::{EntityId, RelationId, Vertex};

/// The `k`th of the vertices of a graph that is not made of a view.
fn vertex(k: u64) -> Vertex {
    Vertex::Entity(EntityId(k))
}

fn vertices(ks: impl IntoIterator<Item = u64>) -> Vec<Vertex> {
    ks.into_iter().map(vertex).collect()
}

fn graph(n: u64, edges: &[(u64, u64, f32)], directed: bool) -> KnowledgeGraph {
    let joined = |(k, (from, to, strength)): (usize, &(u64, u64, f32))| Joined {
        id: LinkId::Relation(RelationId(k as u64)),
        from: vertex(*from),
        to: vertex(*to),
        strength: *strength,
    };
    let links = edges.iter().enumerate().map(joined).collect();
    KnowledgeGraph::new(vertices(0..n), links, directed).unwrap()
}
