//! Which links may be missing: vertices that a vertex shares neighbours with.

use std::collections::BTreeMap;

use super::budget::Budget;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;
use crate::id::Vertex;

/// How much shared neighbours say (Liben-Nowell and Kleinberg 2007).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Likeness {
    /// `sum of 1 / ln(degree)` over shared neighbours (Adamic and Adar 2003): a rare one says more.
    #[default]
    AdamicAdar,
    /// Shared neighbours, of the neighbours of either.
    Jaccard,
    /// Shared neighbours.
    CommonNeighbours,
}

impl KnowledgeGraph {
    /// Vertices that are no neighbours of one and share some with it, each with its score; the
    /// highest first, then in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for a vertex that is not there, [`KnowledgeError::Invalid`] with
    /// a direction, [`KnowledgeError::TooMuch`].
    pub fn predicted_links(
        &self,
        of: Vertex,
        likeness: Likeness,
    ) -> Result<Vec<(Vertex, f64)>, KnowledgeError> {
        self.undirected("link prediction")?;
        let of = self.place(of)?;
        let near = self.leaving(of);
        let visits = near.iter().map(|end| self.leaving(end.to).len() as u64).sum();
        Budget::of("link prediction", "ask for fewer kinds").foresee(visits)?;
        let mut scores: BTreeMap<u32, f64> = BTreeMap::new();
        for end in near {
            let beyond = self.leaving(end.to);
            // It joins two at least, so the logarithm is not 0.
            let score = match likeness {
                Likeness::AdamicAdar => 1.0 / (beyond.len() as f64).ln(),
                Likeness::Jaccard | Likeness::CommonNeighbours => 1.0,
            };
            let others = beyond.iter().map(|end| end.to);
            let others = others.filter(|w| *w != of && self.between(of, *w).is_none());
            others.for_each(|w| *scores.entry(w).or_default() += score);
        }
        if likeness == Likeness::Jaccard {
            for (w, shared) in &mut scores {
                *shared /= (near.len() + self.leaving(*w).len()) as f64 - *shared;
            }
        }
        let mut found: Vec<(Vertex, f64)> =
            scores.into_iter().map(|(w, score)| (self.vertex(w), score)).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(found)
    }
}
