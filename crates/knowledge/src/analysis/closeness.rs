//! How near each vertex is to all that can reach it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::budget::Budget;
use super::cost::Cost;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

/// Searches that are made at once, a bit each.
const AT_ONCE: usize = 64;

impl KnowledgeGraph {
    /// `C(v) = (r / sum of d(u, v)) (r / (n - 1))`, where `d` is the cost of the cheapest way from
    /// each of the `r` other vertices that can reach `v`, and 0 where none can (Wasserman and Faust
    /// 1994, equation 5.22 for parts that are not connected). Hops are counted for 64 vertices at
    /// once (Then et al. 2014, "The more the merrier: efficient multi-source graph traversal").
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMuch`] after the first 64 vertices; [`KnowledgeError::Invalid`]
    /// for [`Cost::Surprisal`], by which a tie may cost nothing.
    pub fn closeness(&self, cost: Cost) -> Result<Vec<f64>, KnowledgeError> {
        self.costs_something(cost)?;
        let mut budget = Budget::of("closeness", "ask for fewer kinds, or for another centrality");
        let mut near = vec![Near::default(); self.n()];
        match cost {
            Cost::Hops => self.count_hops(&mut near, &mut budget)?,
            _ => self.add_costs(cost, &mut near, &mut budget)?,
        }
        let others = (self.n().max(2) - 1) as f64;
        let closeness = |near: &Near| {
            let r = near.reached_by as f64;
            if near.far > 0.0 { r / near.far * (r / others) } else { 0.0 }
        };
        Ok(near.iter().map(closeness).collect())
    }

    fn count_hops(&self, near: &mut [Near], budget: &mut Budget) -> Result<(), KnowledgeError> {
        let places: Vec<u32> = (0..self.n() as u32).collect();
        let mut wave = Wave::new(self);
        let batches = self.n().div_ceil(AT_ONCE) as u64;
        for (k, batch) in places.chunks(AT_ONCE).enumerate() {
            wave.run(batch, near, budget)?;
            if k == 0 {
                budget.foresee(budget.spent().saturating_mul(batches))?;
            }
        }
        Ok(())
    }

    fn add_costs(
        &self,
        cost: Cost,
        near: &mut [Near],
        budget: &mut Budget,
    ) -> Result<(), KnowledgeError> {
        debug_assert!(cost != Cost::Hops, "hops are counted in another way");
        budget.foresee(self.search_visits(cost).saturating_mul(self.n() as u64))?;
        let mut far = vec![f64::INFINITY; self.n()];
        for source in 0..self.n() as u32 {
            far.fill(f64::INFINITY);
            far[source as usize] = 0.0;
            // Costs are positive, so bits are in the order of values.
            let mut queue = BinaryHeap::from([Reverse((0.0_f64.to_bits(), source))]);
            while let Some(Reverse((price, at))) = queue.pop() {
                let price = f64::from_bits(price);
                if price > far[at as usize] {
                    continue;
                }
                near[at as usize].reach(price, u64::from(at != source));
                for end in self.leaving(at) {
                    let beyond = price + cost.of(self.tie(end).best);
                    if beyond < far[end.to as usize] {
                        far[end.to as usize] = beyond;
                        queue.push(Reverse((beyond.to_bits(), end.to)));
                    }
                }
            }
        }
        Ok(())
    }
}

/// How near a vertex is to those that have reached it.
#[derive(Clone, Copy, Default)]
struct Near {
    far: f64,
    reached_by: u64,
}

impl Near {
    fn reach(&mut self, far: f64, by: u64) {
        self.far += far * by as f64;
        self.reached_by += by;
    }
}

/// Searches of several vertices, level by level: a bit for each of them.
struct Wave<'a> {
    graph: &'a KnowledgeGraph,
    seen: Vec<u64>,
    front: Vec<u64>,
    next: Vec<u64>,
}

impl<'a> Wave<'a> {
    fn new(graph: &'a KnowledgeGraph) -> Self {
        let none = vec![0; graph.n()];
        Self { graph, seen: none.clone(), front: none.clone(), next: none }
    }

    fn run(
        &mut self,
        sources: &[u32],
        near: &mut [Near],
        budget: &mut Budget,
    ) -> Result<(), KnowledgeError> {
        self.seen.fill(0);
        for (bit, source) in sources.iter().enumerate() {
            (self.seen[*source as usize], self.front[*source as usize]) = (1 << bit, 1 << bit);
        }
        let mut level = sources.to_vec();
        let mut hops = 0.0;
        while !level.is_empty() {
            hops += 1.0;
            let reached = self.advance(&level, budget)?;
            level.clear();
            for w in reached {
                let at = w as usize;
                let new = std::mem::take(&mut self.next[at]) & !self.seen[at];
                if new != 0 {
                    self.seen[at] |= new;
                    self.front[at] = new;
                    near[at].reach(hops, u64::from(new.count_ones()));
                    level.push(w);
                }
            }
        }
        Ok(())
    }

    /// What the ties of a level reach, seen before or not.
    fn advance(&mut self, level: &[u32], budget: &mut Budget) -> Result<Vec<u32>, KnowledgeError> {
        let mut reached = Vec::new();
        for v in level {
            let front = std::mem::take(&mut self.front[*v as usize]);
            let row = self.graph.leaving(*v);
            budget.spend(1 + row.len())?;
            for end in row {
                let next = &mut self.next[end.to as usize];
                if *next == 0 {
                    reached.push(end.to);
                }
                *next |= front;
            }
        }
        Ok(reached)
    }
}
