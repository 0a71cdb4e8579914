//! How much can flow from one vertex to another when each tie carries no more than its strength.

use std::collections::VecDeque;

use super::budget::Budget;
use super::forest::Bond;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;
use crate::id::Vertex;

/// Capacities are whole multiples of `2^-32`, so that flow and cut are the same to the last bit.
pub const FLOW_UNITS: f64 = 4_294_967_296.0;

/// A greatest flow, and what bounds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// How much flows.
    pub value: f64,
    /// Ties that carry some, the way it flows, in the order of their ends; the value is how much.
    pub carried: Vec<Bond>,
    /// Ties that are full and without which nothing would flow, in the order of their ends; the
    /// value is their capacity, and the sum is the flow (Ford and Fulkerson 1956).
    pub cut: Vec<Bond>,
}

impl KnowledgeGraph {
    /// The greatest flow from one vertex to another by blocking flows (Dinitz 1970). The capacity
    /// of a tie is the sum of its links' strengths, in each direction where links go both ways.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for an end that is not there, [`KnowledgeError::Invalid`] for
    /// twice the same, [`KnowledgeError::TooMuch`].
    pub fn maximum_flow(&self, from: Vertex, to: Vertex) -> Result<Flow, KnowledgeError> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        if from == to {
            let (expected, found) = ("two vertices".to_string(), "one".to_string());
            return Err(KnowledgeError::Invalid { what: "from and to", expected, found });
        }
        let mut dinitz = Dinitz::new(self, from, to);
        while dinitz.layer()? {
            dinitz.block()?;
        }
        Ok(dinitz.told())
    }
}

/// Arcs of ties: that of tie `k` is `2 k`, and the one back is `2 k + 1`.
struct Dinitz<'a> {
    graph: &'a KnowledgeGraph,
    from: u32,
    to: u32,
    left: Vec<u64>,
    layers: Vec<u32>,
    /// How much of its row each vertex has tried.
    tried: Vec<usize>,
    budget: Budget,
}

const UNSEEN: u32 = u32::MAX;

impl<'a> Dinitz<'a> {
    fn new(graph: &'a KnowledgeGraph, from: u32, to: u32) -> Self {
        let units = |total: f64| (total * FLOW_UNITS).round() as u64;
        let back = if graph.is_directed() { 0.0 } else { 1.0 };
        let left = graph.ties().iter().flat_map(|t| [units(t.total), units(t.total * back)]);
        Self {
            graph,
            from,
            to,
            left: left.collect(),
            layers: vec![UNSEEN; graph.n()],
            tried: vec![0; graph.n()],
            budget: Budget::of("maximum flow", "ask for fewer kinds"),
        }
    }

    /// The `k`th arc of a vertex and where it leads; those against the direction come last.
    fn arc(&self, v: u32, k: usize) -> Option<(usize, u32)> {
        let leaving = self.graph.leaving(v);
        let end = match leaving.get(k) {
            Some(end) => end,
            None if self.graph.is_directed() => self.graph.entering(v).get(k - leaving.len())?,
            None => return None,
        };
        let back = self.graph.tie(end).from != v || k >= leaving.len();
        Some((2 * end.tie as usize + usize::from(back), end.to))
    }

    /// Whether anything more can reach the end, and in which layers.
    fn layer(&mut self) -> Result<bool, KnowledgeError> {
        self.layers.fill(UNSEEN);
        self.tried.fill(0);
        self.layers[self.from as usize] = 0;
        self.budget.spend(self.layers.len())?;
        let mut queue = VecDeque::from([self.from]);
        while let Some(v) = queue.pop_front() {
            let mut k = 0;
            while let Some((arc, w)) = self.arc(v, k) {
                if self.left[arc] > 0 && self.layers[w as usize] == UNSEEN {
                    self.layers[w as usize] = self.layers[v as usize] + 1;
                    queue.push_back(w);
                }
                k += 1;
            }
            self.budget.spend(1 + k)?;
        }
        Ok(self.layers[self.to as usize] != UNSEEN)
    }

    /// Sends along layers until one of each way's arcs is full.
    fn block(&mut self) -> Result<(), KnowledgeError> {
        let mut way: Vec<usize> = Vec::new();
        let mut at = self.from;
        loop {
            if at == self.to {
                at = self.send(&mut way);
            } else if let Some((arc, next)) = self.forward(at)? {
                way.push(arc);
                at = next;
            } else if let Some(arc) = way.pop() {
                at = self.tail(arc);
                self.tried[at as usize] += 1;
            } else {
                return Ok(());
            }
        }
    }

    /// The next arc to the layer below that is not full.
    fn forward(&mut self, v: u32) -> Result<Option<(usize, u32)>, KnowledgeError> {
        while let Some((arc, w)) = self.arc(v, self.tried[v as usize]) {
            self.budget.spend(1)?;
            if self.left[arc] > 0 && self.layers[w as usize] == self.layers[v as usize] + 1 {
                return Ok(Some((arc, w)));
            }
            self.tried[v as usize] += 1;
        }
        Ok(None)
    }

    /// Sends what the way can carry, and goes back to where it is full.
    fn send(&mut self, way: &mut Vec<usize>) -> u32 {
        let most = way.iter().map(|arc| self.left[*arc]).min().unwrap_or(0);
        for arc in way.iter() {
            self.left[*arc] -= most;
            self.left[arc ^ 1] += most;
        }
        let full = way.iter().position(|arc| self.left[*arc] == 0).unwrap_or(0);
        let at = way.get(full).map_or(self.from, |arc| self.tail(*arc));
        way.truncate(full);
        at
    }

    fn tail(&self, arc: usize) -> u32 {
        let tie = &self.graph.ties()[arc / 2];
        if arc.is_multiple_of(2) { tie.from } else { tie.to }
    }

    /// After the last [`Dinitz::layer`], which has seen one side of the cut.
    fn told(&self) -> Flow {
        let (mut carried, mut cut) = (Vec::new(), Vec::new());
        let mut value = 0;
        for (k, tie) in self.graph.ties().iter().enumerate() {
            let capacity = (tie.total * FLOW_UNITS).round() as u64;
            let left = self.left[2 * k];
            let (forth, much) = (left <= capacity, capacity.abs_diff(left));
            let told = |forth: bool, much: u64| {
                let bond = self.graph.bond(k as u32, |_| much as f64 / FLOW_UNITS);
                let (from, to) = if forth { (bond.from, bond.to) } else { (bond.to, bond.from) };
                Bond { from, to, ..bond }
            };
            if much > 0 {
                carried.push(told(forth, much));
            }
            let seen = [tie.from, tie.to].map(|v| self.layers[v as usize] != UNSEEN);
            let both = !self.graph.is_directed();
            if (seen == [true, false]) || (both && seen == [false, true]) {
                cut.push(told(seen[0], capacity));
                value += capacity;
            }
        }
        Flow { value: value as f64 / FLOW_UNITS, carried, cut }
    }
}
