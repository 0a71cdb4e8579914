//! Importance that comes from the importance of neighbours: PageRank, and eigenvector centrality.

use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

/// Rounds of a power iteration.
pub const MAX_POWER_ROUNDS: usize = 1_000;
/// A power iteration has settled when a vertex changes by less than this on average.
pub const POWER_TOLERANCE: f64 = 1e-10;

/// What a power iteration came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranks {
    /// For each vertex.
    pub scores: Vec<f64>,
    /// Rounds that it took.
    pub rounds: usize,
    /// Whether it settled within [`MAX_POWER_ROUNDS`].
    pub settled: bool,
}

impl KnowledgeGraph {
    /// How often a walk is where that follows links in proportion to their strength, and with
    /// probability `1 - damping` begins again anywhere (Page et al. 1999). From a vertex that leads
    /// nowhere it begins again anywhere. The sum is 1.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] for a damping that is not from 0 to below 1.
    pub fn page_rank(&self, damping: f64) -> Result<Ranks, KnowledgeError> {
        if !(0.0..1.0).contains(&damping) {
            let (expected, found) = ("0 to below 1".to_string(), damping.to_string());
            return Err(KnowledgeError::Invalid { what: "damping", expected, found });
        }
        let n = self.n() as f64;
        let leaves: Vec<f64> = (0..self.n() as u32).map(|v| self.leaving_strength(v)).collect();
        let turn = |old: &[f64], new: &mut [f64]| {
            let lost: f64 =
                old.iter().zip(&leaves).filter(|(_, s)| **s == 0.0).map(|(r, _)| r).sum();
            new.fill((1.0 - damping + damping * lost) / n);
            for (v, rank) in old.iter().enumerate().filter(|(v, _)| leaves[*v] > 0.0) {
                let part = damping * rank / leaves[v];
                for end in self.leaving(v as u32) {
                    new[end.to as usize] += part * self.tie(end).total;
                }
            }
        };
        Ok(self.powered(vec![1.0 / n; self.n()], turn))
    }

    /// The eigenvector of the greatest eigenvalue (Bonacich 1987), of length 1: a vertex is as
    /// important as those that lead to it are, in proportion to the strength of the links. It is
    /// found by powers of `A + 1`, which has the same eigenvectors and settles where links go both
    /// ways; between parts that are not connected it says little.
    pub fn eigenvector(&self) -> Ranks {
        let turn = |old: &[f64], new: &mut [f64]| {
            new.copy_from_slice(old);
            for (v, score) in old.iter().enumerate() {
                for end in self.leaving(v as u32) {
                    new[end.to as usize] += score * self.tie(end).total;
                }
            }
            let length = new.iter().map(|x| x * x).sum::<f64>().sqrt();
            new.iter_mut().for_each(|x| *x /= length);
        };
        self.powered(vec![1.0 / (self.n().max(1) as f64).sqrt(); self.n()], turn)
    }

    fn leaving_strength(&self, vertex: u32) -> f64 {
        self.leaving(vertex).iter().map(|end| self.tie(end).total).sum()
    }

    fn powered(&self, first: Vec<f64>, turn: impl Fn(&[f64], &mut [f64])) -> Ranks {
        let mut new = vec![0.0; first.len()];
        let mut scores = first;
        let allowed = (super::budget::MAX_VISITS / (1 + 2 * self.n_ties() as u64)) as usize;
        for round in 1..=MAX_POWER_ROUNDS.min(allowed) {
            turn(&scores, &mut new);
            std::mem::swap(&mut scores, &mut new);
            let changed: f64 = scores.iter().zip(&new).map(|(a, b)| (a - b).abs()).sum();
            if changed <= POWER_TOLERANCE * scores.len() as f64 {
                return Ranks { scores, rounds: round, settled: true };
            }
        }
        Ranks { scores, rounds: MAX_POWER_ROUNDS.min(allowed), settled: false }
    }
}
