//! What is near a vertex. Ways, parts, ranks and groups are [`crate::analysis`]'s.

use super::Links;
use crate::check;
use crate::error::KnowledgeError;
use crate::id::{Time, Vertex};
use crate::limits::{MAX_HOPS, MAX_KEPT};

impl Links {
    /// Vertices at most so many hops away, with their distance, the nearest first and then in the
    /// order of their numbers.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for hops or a limit that is too high.
    pub fn neighbourhood(
        &self,
        vertex: Vertex,
        hops: usize,
        limit: usize,
        now: Time,
    ) -> Result<Vec<(Vertex, usize)>, KnowledgeError> {
        check::count("hops", hops, MAX_HOPS)?;
        check::count("kept", limit, MAX_KEPT)?;
        let mut seen = vec![false; self.vertices.len()];
        let mut level: Vec<u32> = self.numbers.get(&vertex).copied().into_iter().collect();
        level.iter().for_each(|v| seen[*v as usize] = true);
        let mut found = Vec::new();
        for hop in 0..=hops {
            level.sort_unstable_by_key(|v| self.vertex(*v));
            found.extend(level.iter().map(|v| (self.vertex(*v), hop)).take(limit - found.len()));
            if found.len() == limit {
                break;
            }
            let mut next = Vec::new();
            for h in level.iter().flat_map(|v| self.row(*v)) {
                if !seen[h.to as usize] && self.strength(h, now) > 0.0 {
                    seen[h.to as usize] = true;
                    next.push(h.to);
                }
            }
            level = next;
        }
        Ok(found)
    }
}
