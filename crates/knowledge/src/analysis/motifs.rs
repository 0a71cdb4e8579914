//! In which of the sixteen ways any three vertices are joined: the triad census of Holland and
//! Leinhardt (1970).

use super::budget::Budget;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

/// The sixteen ways. Three digits count pairs that are joined both ways, one way and not at all; a
/// letter tells apart what they leave open: arrows that come down from one (D), go up to one (U), go
/// on (C, in a circle) or are transitive (T).
pub const TRIADS: [&str; 16] = [
    "003", "012", "102", "021D", "021U", "021C", "111D", "111U", "030T", "030C", "201", "120D",
    "120U", "120C", "210", "300",
];

/// How many triples there are of each of [`TRIADS`].
pub type Census = [u64; 16];

impl KnowledgeGraph {
    /// The triad census by the algorithm of Batagelj and Mrvar (2001): each tie with what is joined
    /// to either of its ends, and all other triples by what is left. Ties without a direction go both
    /// ways, so that only `003`, `102`, `201` and `300` are there.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMuch`].
    pub fn motifs(&self) -> Result<Census, KnowledgeError> {
        let n = self.n() as u64;
        let near: Vec<Vec<u32>> = (0..self.n() as u32).map(|v| self.joined_to(v)).collect();
        let length = |v: u32| near[v as usize].len() as u64;
        let visits = self.ties().iter().map(|tie| length(tie.from) + length(tie.to)).sum();
        Budget::of("motifs", "ask for fewer kinds").foresee(visits)?;
        let mut census = Census::default();
        for v in 0..self.n() as u32 {
            for &u in near[v as usize].iter().filter(|u| **u > v) {
                let third = united(&near[v as usize], &near[u as usize], [v, u]);
                let alone = n - third.len() as u64 - 2;
                census[if self.has(v, u) && self.has(u, v) { 2 } else { 1 }] += alone;
                for w in third {
                    // A triple is counted with the first of its ties.
                    let first = u < w || (v < w && near[v as usize].binary_search(&w).is_err());
                    if first {
                        census[self.triad([v, u, w])] += 1;
                    }
                }
            }
        }
        let all = n * n.saturating_sub(1) / 2 * n.saturating_sub(2) / 3;
        census[0] = all - census.iter().sum::<u64>();
        Ok(census)
    }

    /// What is joined to a vertex in either direction, in order.
    fn joined_to(&self, vertex: u32) -> Vec<u32> {
        let ends = self.leaving(vertex).iter().chain(self.entering(vertex));
        let mut all: Vec<u32> = ends.map(|end| end.to).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn has(&self, from: u32, to: u32) -> bool {
        self.leaving(from).binary_search_by_key(&to, |end| end.to).is_ok()
    }

    /// Which of [`TRIADS`] three vertices are.
    fn triad(&self, of: [u32; 3]) -> usize {
        let arrow = |a: usize, b: usize| a != b && self.has(of[a], of[b]);
        let arrows: [[bool; 3]; 3] = std::array::from_fn(|a| std::array::from_fn(|b| arrow(a, b)));
        let pairs = [(0, 1), (0, 2), (1, 2)].map(|(a, b)| [arrows[a][b], arrows[b][a]]);
        let of_arrows = |k: usize| {
            pairs.iter().filter(|pair| pair.iter().filter(|there| **there).count() == k).count()
        };
        // Arrows that go one way: how many leave each vertex, and how many come.
        let one_way = |a: usize, b: usize| arrows[a][b] && !arrows[b][a];
        let leaving: [usize; 3] =
            std::array::from_fn(|a| (0..3).filter(|b| one_way(a, *b)).count());
        let coming: [usize; 3] = std::array::from_fn(|a| (0..3).filter(|b| one_way(*b, a)).count());
        let spread = |counts: [usize; 3]| counts.contains(&2);
        // The vertex that is joined both ways with one and one way with the other.
        let meets = |counts: [usize; 3]| {
            (0..3).any(|a| counts[a] == 1 && (0..3).any(|b| arrows[a][b] && arrows[b][a]))
        };
        match (of_arrows(2), of_arrows(1)) {
            (0, 0) => 0,
            (0, 1) => 1,
            (1, 0) => 2,
            (0, 2) if spread(leaving) => 3,
            (0, 2) if spread(coming) => 4,
            (0, 2) => 5,
            (1, 1) if meets(coming) => 6,
            (1, 1) => 7,
            (0, _) if spread(leaving) => 8,
            (0, _) => 9,
            (2, 0) => 10,
            (1, _) if spread(leaving) => 11,
            (1, _) if spread(coming) => 12,
            (1, _) => 13,
            (2, _) => 14,
            _ => 15,
        }
    }
}

/// What is in either of two rows that are in order, without some.
fn united(a: &[u32], b: &[u32], without: [u32; 2]) -> Vec<u32> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all.retain(|one| !without.contains(one));
    all
}
