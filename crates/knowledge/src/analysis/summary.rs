//! The whole in numbers.

use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

/// Numbers of the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Vertices.
    pub vertices: usize,
    /// Vertices without links.
    pub isolated: usize,
    /// Links.
    pub links: usize,
    /// Pairs of vertices with links.
    pub ties: usize,
    /// Pairs with links, of all pairs.
    pub density: f64,
    /// Parts that are connected, whichever way links go.
    pub components: usize,
    /// Vertices of the largest.
    pub largest_component: usize,
    /// Parts in which each can reach each other.
    pub strong_components: usize,
    /// Neighbours of a vertex, on average.
    pub mean_degree: f64,
    /// Neighbours of the vertex that has most.
    pub max_degree: usize,
    /// How often two neighbours of a vertex are neighbours, on average; `None` with a direction.
    pub average_clustering: Option<f64>,
    /// Of all pairs of neighbours of the same, the part that are neighbours; `None` with a direction.
    pub transitivity: Option<f64>,
    /// How many vertices have each degree, the lowest degree first.
    pub degrees: Vec<(usize, usize)>,
}

impl KnowledgeGraph {
    /// The whole in numbers.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMuch`] for more triangles than can be counted.
    pub fn summary(&self) -> Result<Summary, KnowledgeError> {
        let triangles = if self.is_directed() { None } else { Some(self.triangles()?) };
        let components = self.components();
        let degrees = self.degree_distribution();
        let n = self.n() as f64;
        let ends = if self.is_directed() { 1.0 } else { 2.0 };
        let part = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        let sum: usize = degrees.iter().map(|(degree, n)| degree * n).sum();
        Ok(Summary {
            vertices: self.n(),
            isolated: degrees.first().filter(|(degree, _)| *degree == 0).map_or(0, |(_, n)| *n),
            links: self.n_links(),
            ties: self.n_ties(),
            density: part(ends * self.n_ties() as f64, n * (n - 1.0)),
            components: components.len(),
            largest_component: components.first().map_or(0, Vec::len),
            strong_components: self.strong_components().len(),
            mean_degree: part(sum as f64, n),
            max_degree: degrees.last().map_or(0, |(degree, _)| *degree),
            average_clustering: triangles.as_ref().map(|t| t.average()),
            transitivity: triangles.as_ref().map(|t| t.transitivity()),
            degrees,
        })
    }
}
