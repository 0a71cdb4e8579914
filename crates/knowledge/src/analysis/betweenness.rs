//! On how many of the cheapest ways each vertex lies.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::budget::Budget;
use super::cost::Cost;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

/// A visit with a cost takes as long as so many without, for its queue.
pub(super) const QUEUED: u64 = 8;

impl KnowledgeGraph {
    /// For each vertex the part of the cheapest ways between two others that lead over it:
    ///
    /// `B(v) = sum over s, t of sigma(s, t | v) / sigma(s, t)`, over the number of pairs `s, t`
    ///
    /// where `sigma` counts cheapest ways (Freeman 1977; by Brandes 2001, "A faster algorithm for
    /// betweenness centrality"). With `sources`, `s` is only so many vertices, evenly taken from all,
    /// and the sum is scaled up (Brandes and Pich 2007).
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMuch`] before it begins; [`KnowledgeError::Invalid`] for
    /// [`Cost::Surprisal`], by which a tie may cost nothing, and for no sources.
    pub fn betweenness(
        &self,
        cost: Cost,
        sources: Option<usize>,
    ) -> Result<Vec<f64>, KnowledgeError> {
        self.costs_something(cost)?;
        let sources = self.sources(sources)?;
        let instead = "give fewer sources";
        self.foresee_searches("betweenness", instead, cost, 2 * sources.len() as u64)?;
        let mut brandes = Brandes::new(self);
        for source in &sources {
            match cost {
                Cost::Hops => brandes.levels(*source),
                _ => brandes.priced(*source, cost),
            }
            brandes.gather(*source, cost);
        }
        let n = self.n() as f64;
        // Without a direction each pair is met from both sides, and is one of n (n - 1) / 2.
        let pairs = if n > 2.0 { (n - 1.0) * (n - 2.0) } else { 1.0 };
        let scale = n / (pairs * sources.len().max(1) as f64);
        Ok(brandes.scores.into_iter().map(|score| score * scale).collect())
    }

    /// So many vertices, evenly taken.
    fn sources(&self, asked: Option<usize>) -> Result<Vec<u32>, KnowledgeError> {
        let n = self.n();
        let k = asked.unwrap_or(n).min(n);
        if k == 0 && n > 0 {
            let (expected, found) = ("at least 1".to_string(), "0".to_string());
            return Err(KnowledgeError::Invalid { what: "sources", expected, found });
        }
        Ok((0..k).map(|j| (j as u64 * n as u64 / k as u64) as u32).collect())
    }

    pub(super) fn costs_something(&self, cost: Cost) -> Result<(), KnowledgeError> {
        if cost != Cost::Surprisal {
            return Ok(());
        }
        let (expected, found) = ("hops or inverse".to_string(), "surprisal".to_string());
        Err(KnowledgeError::Invalid { what: "cost", expected, found })
    }

    /// Refuses more searches of the whole than there may be.
    pub(super) fn foresee_searches(
        &self,
        analysis: &'static str,
        instead: &'static str,
        cost: Cost,
        searches: u64,
    ) -> Result<(), KnowledgeError> {
        let ends = if self.is_directed() { self.n_ties() } else { 2 * self.n_ties() };
        let each = (ends + self.n()) as u64 * if cost == Cost::Hops { 1 } else { QUEUED };
        Budget::of(analysis, instead).foresee(searches.saturating_mul(each))
    }
}

/// The searches of Brandes, and what they add up to.
struct Brandes<'a> {
    graph: &'a KnowledgeGraph,
    far: Vec<f64>,
    /// Cheapest ways to each.
    ways: Vec<f64>,
    /// What depends on each.
    depends: Vec<f64>,
    /// The farthest last.
    order: Vec<u32>,
    scores: Vec<f64>,
}

impl<'a> Brandes<'a> {
    fn new(graph: &'a KnowledgeGraph) -> Self {
        let n = graph.n();
        Self {
            graph,
            far: vec![f64::INFINITY; n],
            ways: vec![0.0; n],
            depends: vec![0.0; n],
            order: Vec::with_capacity(n),
            scores: vec![0.0; n],
        }
    }

    fn begin(&mut self, source: u32) {
        self.far[source as usize] = 0.0;
        self.ways[source as usize] = 1.0;
    }

    /// Counts ways by hops.
    fn levels(&mut self, source: u32) {
        self.begin(source);
        self.order.push(source);
        let mut next = 0;
        while let Some(v) = self.order.get(next).copied() {
            next += 1;
            let (beyond, ways) = (self.far[v as usize] + 1.0, self.ways[v as usize]);
            for end in self.graph.leaving(v) {
                let to = end.to as usize;
                if self.far[to] == f64::INFINITY {
                    self.far[to] = beyond;
                    self.order.push(end.to);
                }
                if self.far[to] == beyond {
                    self.ways[to] += ways;
                }
            }
        }
    }

    /// Counts ways by cost. Costs are positive, so bits are in the order of values.
    fn priced(&mut self, source: u32, cost: Cost) {
        self.begin(source);
        let mut queue = BinaryHeap::from([Reverse((0.0_f64.to_bits(), source))]);
        while let Some(Reverse((price, v))) = queue.pop() {
            let far = f64::from_bits(price);
            if far > self.far[v as usize] {
                continue;
            }
            self.order.push(v);
            for end in self.graph.leaving(v) {
                let (to, beyond) = (end.to as usize, far + cost.of(self.graph.tie(end).best));
                if beyond < self.far[to] {
                    (self.far[to], self.ways[to]) = (beyond, 0.0);
                    queue.push(Reverse((beyond.to_bits(), end.to)));
                }
                if beyond == self.far[to] {
                    self.ways[to] += self.ways[v as usize];
                }
            }
        }
    }

    /// Goes back from the farthest, adds up what depends on each, and clears.
    fn gather(&mut self, source: u32, cost: Cost) {
        for w in self.order.iter().rev().copied() {
            let at = w as usize;
            let part = (1.0 + self.depends[at]) / self.ways[at];
            for end in self.graph.entering(w) {
                let v = end.to as usize;
                let step = match cost {
                    Cost::Hops => 1.0,
                    _ => cost.of(self.graph.tie(end).best),
                };
                if self.far[v] + step == self.far[at] {
                    self.depends[v] += self.ways[v] * part;
                }
            }
            if w != source {
                self.scores[at] += self.depends[at];
            }
        }
        for v in self.order.drain(..) {
            let v = v as usize;
            (self.far[v], self.ways[v], self.depends[v]) = (f64::INFINITY, 0.0, 0.0);
        }
    }
}
