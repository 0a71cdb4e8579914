//! How deep inside each vertex is: its core (Seidman 1983).

use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

impl KnowledgeGraph {
    /// The core of each vertex: the largest `k` such that it is left when all with fewer than `k`
    /// neighbours are taken away, again and again. Vertices are taken in the order of the neighbours
    /// that they have left, in time that grows with the ties (Batagelj and Zaveršnik 2003).
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] with a direction.
    pub fn cores(&self) -> Result<Vec<usize>, KnowledgeError> {
        self.undirected("cores")?;
        let mut left = self.degrees();
        let most = left.iter().copied().max().unwrap_or(0);
        // Vertices by the neighbours that they have left; entries of before a loss are passed by.
        let mut waiting: Vec<Vec<u32>> = vec![Vec::new(); most + 1];
        for (v, degree) in left.iter().enumerate() {
            waiting[*degree].push(v as u32);
        }
        let mut cores = vec![0; self.n()];
        let mut is_taken = vec![false; self.n()];
        let mut k = 0;
        while k <= most {
            let Some(v) = waiting[k].pop() else {
                k += 1;
                continue;
            };
            if is_taken[v as usize] {
                continue;
            }
            is_taken[v as usize] = true;
            cores[v as usize] = k;
            for end in self.leaving(v) {
                let neighbours = &mut left[end.to as usize];
                if !is_taken[end.to as usize] && *neighbours > k {
                    *neighbours -= 1;
                    waiting[*neighbours].push(end.to);
                }
            }
        }
        Ok(cores)
    }
}
