//! As many pairs of neighbours as there can be, with no vertex in two.

use std::collections::VecDeque;

use super::budget::Budget;
use super::forest::Bond;
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;

impl KnowledgeGraph {
    /// A matching with the greatest number of ties (Edmonds 1965, "Paths, trees, and flowers"). It
    /// begins with the strongest ties and gives one up only where that makes room for more; in the
    /// order of their ends.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] with a direction, [`KnowledgeError::TooMuch`].
    pub fn matching(&self) -> Result<Vec<Bond>, KnowledgeError> {
        self.undirected("a matching")?;
        let mut blossoms = Blossoms::new(self);
        blossoms.begin();
        for v in 0..self.n() as u32 {
            if blossoms.mates[v as usize] == NONE && !self.leaving(v).is_empty() {
                blossoms.augment(v)?;
            }
        }
        let matched = |k: &u32| {
            let tie = &self.ties()[*k as usize];
            blossoms.mates[tie.from as usize] == tie.to
        };
        let ties = (0..self.n_ties() as u32).filter(matched);
        Ok(ties.map(|tie| self.bond(tie, |tie| tie.best)).collect())
    }
}

const NONE: u32 = u32::MAX;

/// The search for a way from a free vertex to another on which every second tie is matched.
struct Blossoms<'a> {
    graph: &'a KnowledgeGraph,
    mates: Vec<u32>,
    /// From where a vertex was reached by a tie that is not matched.
    parents: Vec<u32>,
    /// The vertex that stands for the odd circle that it is in.
    bases: Vec<u32>,
    /// Reached by an even number of ties.
    even: Vec<bool>,
    marked: Vec<bool>,
    touched: Vec<u32>,
    queue: VecDeque<u32>,
    budget: Budget,
}

impl<'a> Blossoms<'a> {
    fn new(graph: &'a KnowledgeGraph) -> Self {
        let n = graph.n();
        Self {
            graph,
            mates: vec![NONE; n],
            parents: vec![NONE; n],
            bases: (0..n as u32).collect(),
            even: vec![false; n],
            marked: vec![false; n],
            touched: Vec::new(),
            queue: VecDeque::new(),
            budget: Budget::of("matching", "ask for fewer kinds"),
        }
    }

    /// Takes the strongest ties that are still free.
    fn begin(&mut self) {
        let ties = self.graph.ties();
        let mut order: Vec<u32> = (0..ties.len() as u32).collect();
        order.sort_by(|a, b| ties[*b as usize].best.total_cmp(&ties[*a as usize].best));
        for tie in order.into_iter().map(|k| &ties[k as usize]) {
            let (a, b) = (tie.from as usize, tie.to as usize);
            if self.mates[a] == NONE && self.mates[b] == NONE {
                (self.mates[a], self.mates[b]) = (tie.to, tie.from);
            }
        }
    }

    /// One more pair, if a way from a free vertex leads to another.
    fn augment(&mut self, root: u32) -> Result<(), KnowledgeError> {
        let end = self.search(root);
        if let Ok(Some(end)) = end {
            self.turn(end);
        }
        for v in self.touched.drain(..) {
            let k = v as usize;
            (self.parents[k], self.bases[k], self.even[k]) = (NONE, v, false);
        }
        self.queue.clear();
        end.map(|_| ())
    }

    fn search(&mut self, root: u32) -> Result<Option<u32>, KnowledgeError> {
        self.reach(root);
        while let Some(v) = self.queue.pop_front() {
            let row = self.graph.leaving(v);
            self.budget.spend(1 + row.len())?;
            for end in row {
                let w = end.to;
                let (at, mate) = (w as usize, self.mates[w as usize]);
                if self.bases[v as usize] == self.bases[at] || self.mates[v as usize] == w {
                    continue;
                }
                if w == root || (mate != NONE && self.parents[mate as usize] != NONE) {
                    self.contract(v, w)?;
                } else if self.parents[at] == NONE {
                    self.parents[at] = v;
                    self.touched.push(w);
                    if mate == NONE {
                        return Ok(Some(w));
                    }
                    self.reach(mate);
                }
            }
        }
        Ok(None)
    }

    fn reach(&mut self, v: u32) {
        self.even[v as usize] = true;
        self.touched.push(v);
        self.queue.push_back(v);
    }

    /// Makes the odd circle that a tie closes stand as one vertex.
    fn contract(&mut self, v: u32, w: u32) -> Result<(), KnowledgeError> {
        let base = self.meeting(v, w)?;
        let mut inside: Vec<u32> = Vec::new();
        self.climb(v, base, w, &mut inside);
        self.climb(w, base, v, &mut inside);
        self.budget.spend(self.touched.len() + inside.len())?;
        inside.iter().for_each(|b| self.marked[*b as usize] = true);
        let mut k = 0;
        while let Some(u) = self.touched.get(k).copied() {
            k += 1;
            if self.marked[self.bases[u as usize] as usize] {
                self.bases[u as usize] = base;
                if !self.even[u as usize] {
                    self.even[u as usize] = true;
                    self.queue.push_back(u);
                }
            }
        }
        inside.iter().for_each(|b| self.marked[*b as usize] = false);
        Ok(())
    }

    /// The base at which the ways back from two vertices meet.
    fn meeting(&mut self, v: u32, w: u32) -> Result<u32, KnowledgeError> {
        let mut seen = Vec::new();
        let mut at = v;
        loop {
            at = self.bases[at as usize];
            self.marked[at as usize] = true;
            seen.push(at);
            match self.mates[at as usize] {
                NONE => break,
                mate => at = self.parents[mate as usize],
            }
        }
        self.budget.spend(seen.len())?;
        let mut at = self.bases[w as usize];
        while !self.marked[at as usize] {
            let mate = self.mates[at as usize];
            at = self.bases[self.parents[mate as usize] as usize];
        }
        seen.into_iter().for_each(|b| self.marked[b as usize] = false);
        Ok(at)
    }

    /// Goes back from a vertex to the base, and lets each be reached the other way round.
    fn climb(&mut self, v: u32, base: u32, child: u32, inside: &mut Vec<u32>) {
        let (mut v, mut child) = (v, child);
        while self.bases[v as usize] != base {
            let mate = self.mates[v as usize];
            inside.extend([self.bases[v as usize], self.bases[mate as usize]]);
            self.parents[v as usize] = child;
            child = mate;
            v = self.parents[mate as usize];
        }
    }

    /// Matches what was not, and the other way round, from the end back to the root.
    fn turn(&mut self, end: u32) {
        let mut v = end;
        while v != NONE {
            let parent = self.parents[v as usize];
            let next = self.mates[parent as usize];
            (self.mates[v as usize], self.mates[parent as usize]) = (parent, v);
            v = next;
        }
    }
}
