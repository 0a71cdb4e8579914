//! Triangles, and how often two neighbours of a vertex are neighbours.

use super::budget::Budget;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

/// The triangles of each vertex.
#[derive(Clone, Debug, PartialEq)]
pub struct Triangles {
    /// In how many triangles each vertex is.
    pub counts: Vec<u64>,
    /// Pairs of neighbours of each vertex.
    pub pairs: Vec<u64>,
}

impl Triangles {
    /// Of the pairs of a vertex's neighbours, the part that are neighbours (Watts and Strogatz
    /// 1998); 0 where there is no pair.
    pub fn coefficients(&self) -> Vec<f64> {
        let part = |(t, p): (&u64, &u64)| if *p > 0 { *t as f64 / *p as f64 } else { 0.0 };
        self.counts.iter().zip(&self.pairs).map(part).collect()
    }

    /// The average coefficient; 0 without vertices.
    pub fn average(&self) -> f64 {
        self.coefficients().iter().sum::<f64>() / self.counts.len().max(1) as f64
    }

    /// Triangles, each once.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() / 3
    }

    /// Of all pairs of neighbours of the same vertex, the part that are neighbours.
    pub fn transitivity(&self) -> f64 {
        let pairs: u64 = self.pairs.iter().sum();
        if pairs > 0 { self.counts.iter().sum::<u64>() as f64 / pairs as f64 } else { 0.0 }
    }
}

impl KnowledgeGraph {
    /// Triangles by the forward algorithm (Latapy 2008, "Main-memory triangle computations"): each
    /// vertex has the neighbours with more neighbours than itself, and a triangle is what two rows
    /// of that kind have in common.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] with a direction, [`KnowledgeError::TooMuch`].
    pub fn triangles(&self) -> Result<Triangles, KnowledgeError> {
        self.undirected("triangles")?;
        let degree = |v: u32| self.leaving(v).len();
        let later = |v: u32, w: u32| (degree(v), v) < (degree(w), w);
        let forward = |v: u32| {
            let row = self.leaving(v).iter().map(|end| end.to);
            row.filter(|w| later(v, *w)).collect::<Vec<u32>>()
        };
        let forward: Vec<Vec<u32>> = (0..self.n() as u32).map(forward).collect();
        let length = |v: u32| forward[v as usize].len() as u64;
        let visits = self.ties().iter().map(|tie| length(tie.from) + length(tie.to)).sum();
        Budget::of("triangles", "ask for fewer kinds").foresee(visits)?;
        let mut counts = vec![0; self.n()];
        for (v, row) in forward.iter().enumerate() {
            for w in row {
                for u in shared(row, &forward[*w as usize]) {
                    [v, *w as usize, u as usize].iter().for_each(|corner| counts[*corner] += 1);
                }
            }
        }
        let pairs = |v| (degree(v) as u64 * (degree(v) as u64).saturating_sub(1)) / 2;
        Ok(Triangles { counts, pairs: (0..self.n() as u32).map(pairs).collect() })
    }
}

/// What two rows that are in order have in common.
pub(super) fn shared<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let (mut i, mut j) = (0, 0);
    std::iter::from_fn(move || {
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            i += usize::from(x <= y);
            j += usize::from(y <= x);
            if x == y {
                return Some(*x);
            }
        }
        None
    })
}
