//! How near each vertex is to all that can reach it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cost::Cost;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

impl KnowledgeGraph {
    /// `C(v) = (r / sum of d(u, v)) (r / (n - 1))`, where `d` is the cost of the cheapest way from
    /// each of the `r` other vertices that can reach `v`, and 0 where none can (Wasserman and Faust
    /// 1994, equation 5.22 for parts that are not connected).
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMuch`] before it begins; [`KnowledgeError::Invalid`] for
    /// [`Cost::Surprisal`], by which a tie may cost nothing.
    pub fn closeness(&self, cost: Cost) -> Result<Vec<f64>, KnowledgeError> {
        self.costs_something(cost)?;
        let instead = "ask for betweenness with sources, or for fewer kinds";
        self.foresee_searches("closeness", instead, cost, self.n() as u64)?;
        let mut far = vec![f64::INFINITY; self.n()];
        let mut order = Vec::with_capacity(self.n());
        let others = (self.n().max(2) - 1) as f64;
        let mut scores = Vec::with_capacity(self.n());
        for v in 0..self.n() as u32 {
            match cost {
                Cost::Hops => self.hops_to(v, &mut far, &mut order),
                _ => self.costs_to(v, cost, &mut far, &mut order),
            }
            let sum: f64 = order.iter().map(|u| far[*u as usize]).sum();
            let r = (order.len() - 1) as f64;
            scores.push(if sum > 0.0 { r / sum * (r / others) } else { 0.0 });
            order.drain(..).for_each(|u: u32| far[u as usize] = f64::INFINITY);
        }
        Ok(scores)
    }

    fn hops_to(&self, v: u32, far: &mut [f64], order: &mut Vec<u32>) {
        far[v as usize] = 0.0;
        order.push(v);
        let mut next = 0;
        while let Some(at) = order.get(next).copied() {
            next += 1;
            for end in self.entering(at) {
                if far[end.to as usize] == f64::INFINITY {
                    far[end.to as usize] = far[at as usize] + 1.0;
                    order.push(end.to);
                }
            }
        }
    }

    fn costs_to(&self, v: u32, cost: Cost, far: &mut [f64], order: &mut Vec<u32>) {
        far[v as usize] = 0.0;
        // Costs are positive, so bits are in the order of values.
        let mut queue = BinaryHeap::from([Reverse((0.0_f64.to_bits(), v))]);
        while let Some(Reverse((price, at))) = queue.pop() {
            let price = f64::from_bits(price);
            if price > far[at as usize] {
                continue;
            }
            order.push(at);
            for end in self.entering(at) {
                let beyond = price + cost.of(self.tie(end).best);
                if beyond < far[end.to as usize] {
                    far[end.to as usize] = beyond;
                    queue.push(Reverse((beyond.to_bits(), end.to)));
                }
            }
        }
    }
}
