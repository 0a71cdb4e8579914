//! The strongest ties that join all that is joined, without a circle.

use petgraph::Undirected;
use petgraph::data::Element;
use petgraph::visit::EdgeRef;

use super::graph::{KnowledgeGraph, Tie};
use crate::error::KnowledgeError;
use crate::id::Vertex;
use crate::links::LinkId;

/// A tie, by its strongest link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bond {
    /// From.
    pub from: Vertex,
    /// To.
    pub to: Vertex,
    /// The strongest link of the tie.
    pub id: LinkId,
    /// What is told of it: its strength, its capacity.
    pub value: f64,
}

impl KnowledgeGraph {
    /// The spanning forest whose strengths add up to the most (Kruskal 1956, as `petgraph` has it);
    /// of equal ties those with lower numbers. In the order of their ends.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] with a direction.
    pub fn spanning_forest(&self) -> Result<Vec<Bond>, KnowledgeError> {
        self.undirected("a spanning forest")?;
        let graph = self.petgraph::<Undirected>();
        let weighed = graph.map(|_, ()| (), |_, tie| (-self.ties()[*tie as usize].best, *tie));
        let chosen = |element| match element {
            Element::Edge { weight: (_, tie), .. } => Some(tie),
            Element::Node { .. } => None,
        };
        let mut chosen: Vec<u32> =
            petgraph::algo::min_spanning_tree(&weighed).filter_map(chosen).collect();
        chosen.sort_unstable();
        Ok(chosen.into_iter().map(|tie| self.bond(tie, |tie| tie.best)).collect())
    }

    /// Ties without which a part would fall into two (Tarjan 1974, as `petgraph` has it), in the
    /// order of their ends. Links between the same two are one tie.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] with a direction.
    pub fn bridges(&self) -> Result<Vec<Bond>, KnowledgeError> {
        self.undirected("bridges")?;
        let graph = self.petgraph::<Undirected>();
        let mut ties: Vec<u32> =
            petgraph::algo::bridges(&graph).map(|edge| edge.id().index() as u32).collect();
        ties.sort_unstable();
        Ok(ties.into_iter().map(|tie| self.bond(tie, |tie| tie.best)).collect())
    }

    /// Vertices without which a part would fall into more (Hopcroft and Tarjan 1973, as `petgraph`
    /// has it), in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] with a direction.
    pub fn articulation_points(&self) -> Result<Vec<Vertex>, KnowledgeError> {
        self.undirected("articulation points")?;
        let graph = self.petgraph::<Undirected>();
        let points = petgraph::algo::articulation_points::articulation_points(&graph);
        let mut points: Vec<Vertex> =
            points.into_iter().map(|node| self.vertex(node.index() as u32)).collect();
        points.sort_unstable();
        Ok(points)
    }

    /// What is told of a tie.
    pub(super) fn bond(&self, tie: u32, value: impl Fn(&Tie) -> f64) -> Bond {
        let tie = &self.ties()[tie as usize];
        let [from, to] = [tie.from, tie.to].map(|v| self.vertex(v));
        Bond { from, to, id: tie.id, value: value(tie) }
    }
}
