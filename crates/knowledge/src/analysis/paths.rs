//! The cheapest ways from one vertex to another: Dijkstra's, and Yen's for more than one.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap};

use super::budget::{Budget, QUEUED};
use super::cost::Cost;
use super::graph::KnowledgeGraph;
use crate::check;
use crate::error::KnowledgeError;
use crate::id::Vertex;
use crate::links::LinkId;

/// Ways that are told.
pub const MAX_WAYS: usize = 100;

/// A way from one vertex to another that meets none twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The vertices, both ends included.
    pub vertices: Vec<Vertex>,
    /// The strongest link of each step.
    pub links: Vec<LinkId>,
    /// The sum of their costs.
    pub cost: f64,
    /// The product of their strengths.
    pub strength: f64,
}

/// What a way costs: of equal costs, the fewer hops, so that ties that cost nothing end too.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Price {
    cost: f64,
    hops: u32,
}

impl Eq for Price {}

impl Ord for Price {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cost.total_cmp(&other.cost).then(self.hops.cmp(&other.hops))
    }
}

impl PartialOrd for Price {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

const FREE: Price = Price { cost: 0.0, hops: 0 };
const NOWHERE: Price = Price { cost: f64::INFINITY, hops: u32::MAX };

impl KnowledgeGraph {
    /// The `k` cheapest ways, the cheapest first; of equal ones the one with fewer hops, then the
    /// one whose vertices have lower numbers (Yen 1971, "Finding the K shortest loopless paths in a
    /// network"). None if there is no way.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for an end that is not there, [`KnowledgeError::TooMany`] for
    /// more than [`MAX_WAYS`], [`KnowledgeError::TooMuch`].
    pub fn shortest_paths(
        &self,
        from: Vertex,
        to: Vertex,
        k: usize,
        cost: Cost,
    ) -> Result<Vec<Way>, KnowledgeError> {
        check::count("k", k, MAX_WAYS)?;
        let (from, to) = (self.place(from)?, self.place(to)?);
        let mut yen = Yen::new(self, cost, to);
        let mut found: Vec<Vec<u32>> = Vec::new();
        let mut candidates: BTreeSet<(Price, Vec<u32>)> = BTreeSet::new();
        candidates.extend(yen.cheapest(&[from])?);
        while found.len() < k {
            let Some((_, way)) = candidates.pop_first() else { break };
            found.push(way);
            if found.len() < k {
                yen.deviate(&found, &mut candidates)?;
            }
        }
        Ok(found.into_iter().map(|way| self.told(&way, cost)).collect())
    }

    fn told(&self, way: &[u32], cost: Cost) -> Way {
        let mut told = Way {
            vertices: way.iter().map(|v| self.vertex(*v)).collect(),
            links: Vec::with_capacity(way.len()),
            cost: 0.0,
            strength: 1.0,
        };
        for pair in way.windows(2) {
            let Some(tie) = self.between(pair[0], pair[1]) else { continue };
            let tie = &self.ties()[tie as usize];
            told.links.push(tie.id);
            told.cost += cost.of(tie.best);
            told.strength *= tie.best;
        }
        told
    }

    /// The tie by which a step goes.
    pub(super) fn between(&self, from: u32, to: u32) -> Option<u32> {
        let row = self.leaving(from);
        row.binary_search_by_key(&to, |end| end.to).ok().map(|k| row[k].tie)
    }
}

/// Ways to one vertex: what is barred for the way that is looked for, and what is found of it.
struct Yen<'a> {
    graph: &'a KnowledgeGraph,
    cost: Cost,
    to: u32,
    barred: Vec<bool>,
    prices: Vec<Price>,
    before: Vec<u32>,
    reached: Vec<u32>,
    budget: Budget,
}

impl<'a> Yen<'a> {
    fn new(graph: &'a KnowledgeGraph, cost: Cost, to: u32) -> Self {
        Self {
            graph,
            cost,
            to,
            barred: vec![false; graph.n()],
            prices: vec![NOWHERE; graph.n()],
            before: vec![u32::MAX; graph.n()],
            reached: Vec::new(),
            budget: Budget::of("shortest paths", "ask for fewer"),
        }
    }

    /// Ways that leave the last one found at each of its vertices, where no other has left it.
    fn deviate(
        &mut self,
        found: &[Vec<u32>],
        candidates: &mut BTreeSet<(Price, Vec<u32>)>,
    ) -> Result<(), KnowledgeError> {
        let Some(last) = found.last() else { return Ok(()) };
        for k in 0..last.len().saturating_sub(1) {
            let root = &last[..=k];
            let same = |way: &&Vec<u32>| way.len() > k + 1 && way[..=k] == *root;
            let taken: Vec<u32> = found.iter().filter(same).map(|way| way[k + 1]).collect();
            candidates.extend(self.leaving(root, &taken)?);
        }
        Ok(())
    }

    fn cheapest(&mut self, root: &[u32]) -> Result<Option<(Price, Vec<u32>)>, KnowledgeError> {
        self.leaving(root, &[])
    }

    /// The cheapest way that begins as `root` and goes on to none of `taken`.
    fn leaving(
        &mut self,
        root: &[u32],
        taken: &[u32],
    ) -> Result<Option<(Price, Vec<u32>)>, KnowledgeError> {
        let Some((spur, walked)) = root.split_last() else { return Ok(None) };
        walked.iter().for_each(|v| self.barred[*v as usize] = true);
        let done = self.dijkstra(*spur, taken);
        let rest = done.map(|there| there.then(|| self.back(*spur)));
        walked.iter().for_each(|v| self.barred[*v as usize] = false);
        for v in self.reached.drain(..) {
            self.prices[v as usize] = NOWHERE;
        }
        let Some(rest) = rest? else { return Ok(None) };
        let way: Vec<u32> = root.iter().chain(&rest).copied().collect();
        let cost = self.graph.told(&way, self.cost).cost;
        Ok(Some((Price { cost, hops: way.len() as u32 - 1 }, way)))
    }

    /// Whether the end is reached (Dijkstra 1959). `prices` and `before` say how.
    fn dijkstra(&mut self, from: u32, taken: &[u32]) -> Result<bool, KnowledgeError> {
        let mut queue = BinaryHeap::from([std::cmp::Reverse((FREE, from))]);
        self.prices[from as usize] = FREE;
        self.reached.push(from);
        while let Some(std::cmp::Reverse((price, at))) = queue.pop() {
            if at == self.to {
                return Ok(true);
            }
            if price > self.prices[at as usize] {
                continue;
            }
            let row = self.graph.leaving(at);
            self.budget.spend(QUEUED * (1 + row.len()))?;
            for end in row {
                let to = end.to as usize;
                if self.barred[to] || (at == from && taken.contains(&end.to)) {
                    continue;
                }
                let cost = price.cost + self.cost.of(self.graph.tie(end).best);
                let next = Price { cost, hops: price.hops + 1 };
                let known = self.prices[to];
                if known == NOWHERE {
                    self.reached.push(end.to);
                }
                if next < known {
                    queue.push(std::cmp::Reverse((next, end.to)));
                }
                if next < known || (next == known && at < self.before[to]) {
                    (self.prices[to], self.before[to]) = (next, at);
                }
            }
        }
        Ok(false)
    }

    /// From after a vertex to the end.
    fn back(&self, from: u32) -> Vec<u32> {
        let mut way = Vec::new();
        let mut at = self.to;
        while at != from {
            way.push(at);
            at = self.before[at as usize];
        }
        way.reverse();
        way
    }
}
