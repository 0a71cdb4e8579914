//! What can be reached from a vertex, and in how many hops.

use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;
use crate::id::Vertex;

/// Which way ties are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From a vertex to what it leads to.
    #[default]
    Leaving,
    /// From a vertex to what leads to it.
    Entering,
}

impl KnowledgeGraph {
    /// Vertices that can be reached with their hops, the nearest first and then in the order of
    /// their numbers; the vertex itself comes first, with 0.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for a vertex that is not there.
    pub fn reachable(
        &self,
        from: Vertex,
        hops: Option<usize>,
        direction: Direction,
    ) -> Result<Vec<(Vertex, usize)>, KnowledgeError> {
        let from = self.place(from)?;
        let mut seen = vec![false; self.n()];
        seen[from as usize] = true;
        let mut found = Vec::new();
        let mut level = vec![from];
        let mut hop = 0;
        while !level.is_empty() {
            level.sort_unstable();
            found.extend(level.iter().map(|v| (self.vertex(*v), hop)));
            if hops == Some(hop) {
                break;
            }
            level = self.beyond(&level, direction, &mut seen);
            hop += 1;
        }
        Ok(found)
    }

    fn beyond(&self, level: &[u32], direction: Direction, seen: &mut [bool]) -> Vec<u32> {
        let mut next = Vec::new();
        for v in level {
            let row = match direction {
                Direction::Leaving => self.leaving(*v),
                Direction::Entering => self.entering(*v),
            };
            for end in row {
                if !std::mem::replace(&mut seen[end.to as usize], true) {
                    next.push(end.to);
                }
            }
        }
        next
    }
}
