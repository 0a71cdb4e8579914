//! A dream: random walks over what belongs together, and which entities they put beside each other
//! that nothing links. It proposes; nothing is changed.
//!
//! A walk begins at a vertex and goes on to a neighbour with a probability in proportion to the
//! strength of the link (walks over a graph as in DeepWalk, Perozzi, Al-Rfou and Skiena 2014, with
//! weights). Two entities of one walk that have no link are a proposal; what counts is in how many
//! walks they meet. Everything but the seed is decided by what is known and the time.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::draw::Draw;
use super::{Links, MAX_DREAM_STEPS, MAX_DREAM_WALKS};
use crate::check;
use crate::error::KnowledgeError;
use crate::id::{Time, Vertex};
use crate::limits::{MAX_KEPT, MAX_SEEDS};

/// How to dream.
#[derive(Clone, Debug, PartialEq)]
pub struct Dream {
    /// What decides every step.
    pub seed: u64,
    /// Walks, up to [`MAX_DREAM_WALKS`].
    pub walks: usize,
    /// Steps of each, up to [`MAX_DREAM_STEPS`].
    pub steps: usize,
    /// Where walks begin, up to [`MAX_SEEDS`]; anywhere where there are none.
    pub from: Vec<Vertex>,
    /// So many proposals, up to [`MAX_KEPT`].
    pub keep: usize,
}

/// Two entities that a dream put beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The entity with the lower number.
    pub from: Vertex,
    /// The other one.
    pub to: Vertex,
    /// In how many walks they met.
    pub met: usize,
    /// The first of the shortest ways between them that was walked, both ends included.
    pub way: Vec<Vertex>,
}

/// What [`Links::sums`] says of the vertices that were walked over, so that a hub is summed once.
type Rows = FxHashMap<u32, Vec<f64>>;

impl Default for Dream {
    fn default() -> Self {
        Dream { seed: 0, walks: 200, steps: 6, from: Vec::new(), keep: 10 }
    }
}

impl Links {
    /// Dreams, with strengths as they are now: proposals by how often they met, then by the lengths
    /// of their ways and their numbers.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for what is over its limit.
    pub fn dream(&self, dream: &Dream, now: Time) -> Result<Vec<Proposal>, KnowledgeError> {
        check::count("walks", dream.walks, MAX_DREAM_WALKS)?;
        check::count("steps of a walk", dream.steps, MAX_DREAM_STEPS)?;
        check::count("seeds", dream.from.len(), MAX_SEEDS)?;
        check::count("kept", dream.keep, MAX_KEPT)?;
        let begins = self.begins(&dream.from);
        let mut draw = Draw::seeded(dream.seed);
        let mut found: BTreeMap<(Vertex, Vertex), Proposal> = BTreeMap::new();
        if begins.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = Rows::default();
        for _ in 0..dream.walks {
            let begin = begins[draw.below(begins.len())];
            let walk = self.walked(begin, (dream.steps, now), &mut rows, &mut draw);
            self.meet(&walk, now, &mut found);
        }
        let mut all: Vec<Proposal> = found.into_values().collect();
        all.sort_by_key(|p| (std::cmp::Reverse(p.met), p.way.len(), p.from, p.to));
        all.truncate(dream.keep);
        Ok(all)
    }

    /// Where walks may begin, in the order of the vertices.
    fn begins(&self, from: &[Vertex]) -> Vec<u32> {
        let all = || self.vertices.iter().copied().collect();
        let from: BTreeSet<Vertex> =
            if from.is_empty() { all() } else { from.iter().copied().collect() };
        from.into_iter().filter_map(|vertex| self.linked(vertex)).collect()
    }

    /// A walk; it ends early where no link has any strength left.
    fn walked(
        &self,
        begin: u32,
        (steps, now): (usize, Time),
        rows: &mut Rows,
        draw: &mut Draw,
    ) -> Vec<u32> {
        let mut walk = vec![begin];
        let mut at = begin;
        for _ in 0..steps {
            let sums = rows.entry(at).or_insert_with(|| self.sums(at, now));
            let total = sums.last().copied().unwrap_or(0.0);
            if total <= 0.0 {
                break;
            }
            let drawn = draw.share() * total;
            let k = sums.partition_point(|sum| *sum <= drawn).min(sums.len() - 1);
            at = self.row(at)[k].to;
            walk.push(at);
        }
        walk
    }

    /// Strengths of a vertex's links, each added to those before it.
    fn sums(&self, vertex: u32, now: Time) -> Vec<f64> {
        let strengths = self.row(vertex).iter().map(|h| f64::from(self.strength(h, now)));
        let add = |sum: &mut f64, strength: f64| {
            *sum += strength;
            Some(*sum)
        };
        strengths.scan(0.0, add).collect()
    }

    /// Notes every two entities of a walk that nothing links, once.
    fn meet(&self, walk: &[u32], now: Time, found: &mut BTreeMap<(Vertex, Vertex), Proposal>) {
        let mut ways: BTreeMap<(Vertex, Vertex), Vec<Vertex>> = BTreeMap::new();
        for (k, &a) in walk.iter().enumerate() {
            for (n, &b) in walk.iter().enumerate().skip(k + 2) {
                let (from, to) = (self.vertex(a), self.vertex(b));
                if a == b || !from.is_entity() || !to.is_entity() || self.are_linked(a, b, now) {
                    continue;
                }
                let mut way = without_loops(&walk[k..=n]);
                if to < from {
                    way.reverse();
                }
                let way: Vec<Vertex> = way.into_iter().map(|v| self.vertex(v)).collect();
                let known = ways.entry((from.min(to), from.max(to))).or_insert_with(|| way.clone());
                if way.len() < known.len() {
                    *known = way;
                }
            }
        }
        for ((from, to), way) in ways {
            let new = || Proposal { from, to, met: 0, way: way.clone() };
            let proposal = found.entry((from, to)).or_insert_with(new);
            proposal.met += 1;
            if way.len() < proposal.way.len() {
                proposal.way = way;
            }
        }
    }

    /// Whether a link that is true now joins two vertices.
    pub(super) fn are_linked(&self, a: u32, b: u32, now: Time) -> bool {
        let (few, many) = if self.row(a).len() <= self.row(b).len() { (a, b) } else { (b, a) };
        self.row(few).iter().any(|h| h.to == many && self.strength(h, now) > 0.0)
    }
}

/// A way without the rounds that came back to where they began.
fn without_loops(walk: &[u32]) -> Vec<u32> {
    let mut way: Vec<u32> = Vec::with_capacity(walk.len());
    for &vertex in walk {
        match way.iter().position(|&v| v == vertex) {
            Some(k) => way.truncate(k + 1),
            None => way.push(vertex),
        }
    }
    way
}

#[cfg(test)]
mod tests {
    use super::without_loops;

    #[test]
    fn rounds_are_left_out() {
        assert_eq!(without_loops(&[1, 2, 3, 2, 4, 5, 4, 6]), [1, 2, 4, 6]);
        assert_eq!(without_loops(&[1, 2, 1, 3]), [1, 3]);
    }
}
