//! On how many of the cheapest ways each vertex lies.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::budget::{Budget, MAX_VISITS, WEIGHED};
use super::cost::Cost;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

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
        let most = MAX_VISITS / (2 * self.search_visits(cost)).max(1);
        let budget = Budget::of("betweenness", format!("give at most {most} sources"));
        budget.foresee(self.search_visits(cost).saturating_mul(2 * sources.len() as u64))?;
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

    /// What a search of the whole visits at most.
    pub(super) fn search_visits(&self, cost: Cost) -> u64 {
        let ends = if self.is_directed() { self.n_ties() } else { 2 * self.n_ties() };
        (ends + self.n()) as u64 * if cost == Cost::Hops { 1 } else { WEIGHED }
    }
}

/// The searches of Brandes, and what they add up to.
struct Brandes<'a> {
    graph: &'a KnowledgeGraph,
    met: Vec<Met>,
    /// The farthest last.
    order: Vec<u32>,
    scores: Vec<f64>,
}

/// A vertex in one search. What is read together lies together.
#[derive(Clone, Copy)]
struct Met {
    far: f64,
    /// Cheapest ways to it.
    ways: f64,
    /// What depends on it.
    depends: f64,
}

const UNMET: Met = Met { far: f64::INFINITY, ways: 0.0, depends: 0.0 };

impl<'a> Brandes<'a> {
    fn new(graph: &'a KnowledgeGraph) -> Self {
        let n = graph.n();
        let (met, order) = (vec![UNMET; n], Vec::with_capacity(n));
        Self { graph, met, order, scores: vec![0.0; n] }
    }

    fn begin(&mut self, source: u32) {
        self.met[source as usize] = Met { far: 0.0, ways: 1.0, depends: 0.0 };
    }

    /// Counts ways by hops.
    fn levels(&mut self, source: u32) {
        self.begin(source);
        self.order.push(source);
        let mut next = 0;
        while let Some(v) = self.order.get(next).copied() {
            next += 1;
            let Met { far, ways, .. } = self.met[v as usize];
            for end in self.graph.leaving(v) {
                let to = &mut self.met[end.to as usize];
                if to.far == f64::INFINITY {
                    to.far = far + 1.0;
                    self.order.push(end.to);
                }
                to.ways += if to.far == far + 1.0 { ways } else { 0.0 };
            }
        }
    }

    /// Counts ways by cost. Costs are positive, so bits are in the order of values.
    fn priced(&mut self, source: u32, cost: Cost) {
        self.begin(source);
        let mut queue = BinaryHeap::from([Reverse((0.0_f64.to_bits(), source))]);
        while let Some(Reverse((price, v))) = queue.pop() {
            let Met { far, ways, .. } = self.met[v as usize];
            if f64::from_bits(price) > far {
                continue;
            }
            self.order.push(v);
            for end in self.graph.leaving(v) {
                let beyond = far + cost.of(self.graph.tie(end).best);
                let to = &mut self.met[end.to as usize];
                if beyond < to.far {
                    (to.far, to.ways) = (beyond, 0.0);
                    queue.push(Reverse((beyond.to_bits(), end.to)));
                }
                to.ways += if beyond == to.far { ways } else { 0.0 };
            }
        }
    }

    /// Goes back from the farthest, adds up what depends on each, and clears.
    fn gather(&mut self, source: u32, cost: Cost) {
        for w in self.order.iter().rev() {
            let at = self.met[*w as usize];
            let part = (1.0 + at.depends) / at.ways;
            for end in self.graph.entering(*w) {
                let step = match cost {
                    Cost::Hops => 1.0,
                    _ => cost.of(self.graph.tie(end).best),
                };
                let v = &mut self.met[end.to as usize];
                v.depends += if v.far + step == at.far { v.ways * part } else { 0.0 };
            }
            if *w != source {
                self.scores[*w as usize] += at.depends;
            }
        }
        self.order.drain(..).for_each(|v| self.met[v as usize] = UNMET);
    }
}
