//! All receptive fields by how near they are to a query, put in order only as far as somebody asks.
//!
//! Scores stand in blocks, and each block knows its best. The blocks with the best hold what comes
//! first, so a few of them are looked through and sorted; the rest wait. The order is exact.

use crate::fields::Ranked;

/// Scores of a block.
const BLOCK: usize = 16;
/// How many are put in order at first; more are when they are needed.
const FIRST: usize = 24;

#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    scores: Vec<f32>,
    columns: Vec<u32>,
    /// The best of each block that is not handed out yet.
    best: Vec<f32>,
    /// What is in order, and how many of it are handed out.
    ready: Vec<Ranked>,
    n_taken: usize,
    /// All from this score on were made ready.
    upper: f32,
    /// About how many to make ready next.
    wanted: usize,
}

impl Order {
    /// Of these scores and their columns.
    pub(crate) fn new(scores: Vec<f32>, columns: Vec<u32>) -> Self {
        let best = scores.chunks(BLOCK).map(|block| best_below(block, f32::INFINITY)).collect();
        Self {
            scores,
            columns,
            best,
            ready: Vec::with_capacity(4 * FIRST),
            n_taken: 0,
            upper: f32::INFINITY,
            wanted: FIRST,
        }
    }

    /// The nearest that was not taken yet.
    pub(crate) fn peek(&mut self) -> Option<Ranked> {
        if self.n_taken == self.ready.len() {
            self.make_ready();
        }
        self.ready.get(self.n_taken).copied()
    }

    /// Up to `n` of the nearest that were not taken yet, best first; no more than are put in order at
    /// once.
    pub(crate) fn first(&mut self, n: usize) -> &[Ranked] {
        self.peek();
        let ready = &self.ready[self.n_taken..];
        &ready[..n.min(ready.len())]
    }

    /// Takes the `n` nearest.
    pub(crate) fn take(mut self, n: usize) -> Vec<Ranked> {
        self.wanted = n.max(FIRST);
        std::iter::from_fn(|| self.next()).take(n).collect()
    }

    /// Puts in order at least as many as are wanted, or all that are left.
    fn make_ready(&mut self) {
        self.ready.clear();
        self.n_taken = 0;
        let mut bests = self.best.clone();
        let lower = if self.wanted < bests.len() {
            *bests.select_nth_unstable_by(self.wanted - 1, |a, b| b.total_cmp(a)).1
        } else {
            f32::NEG_INFINITY
        };
        for (block, best) in self.best.iter_mut().enumerate() {
            if *best < lower || *best == f32::NEG_INFINITY {
                continue;
            }
            let start = block * BLOCK;
            let end = (start + BLOCK).min(self.scores.len());
            for at in start..end {
                let score = self.scores[at];
                if score >= lower && score < self.upper {
                    self.ready.push(Ranked::new(score, self.columns[at]));
                }
            }
            *best = best_below(&self.scores[start..end], lower);
        }
        self.ready.sort_unstable_by(|a, b| b.cmp(a));
        self.upper = lower;
        self.wanted *= 2;
    }
}

impl Iterator for Order {
    type Item = Ranked;

    fn next(&mut self) -> Option<Ranked> {
        let next = self.peek();
        self.n_taken += usize::from(next.is_some());
        next
    }
}

/// The best score below a limit, if any is.
fn best_below(block: &[f32], limit: f32) -> f32 {
    let below = |best: f32, x: &f32| if *x < limit && *x > best { *x } else { best };
    block.iter().fold(f32::NEG_INFINITY, below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_come_once_and_in_the_order_of_a_plain_sort() {
        let mut state = 3;
        for n in [0, 1, 15, 16, 17, 400, 3001] {
            let random = |_| (crate::random::next(&mut state) >> 57) as f32 / 64.0 - 1.0;
            let scores: Vec<f32> = (0..n).map(random).collect();
            let mut sorted: Vec<Ranked> =
                (0u32..).zip(&scores).map(|(at, score)| Ranked::new(*score, at)).collect();
            sorted.sort_by(|a, b| b.cmp(a));
            let order = Order::new(scores, (0..n).collect());
            assert_eq!(order.clone().collect::<Vec<_>>(), sorted);
            let half = n as usize / 2;
            assert_eq!(order.take(half), sorted[..half]);
        }
    }

    #[test]
    fn few_are_put_in_order_when_few_are_asked_for() {
        let mut order = Order::new((0..10_000).map(|i| (i * 7919 % 10_007) as f32).collect(), {
            (0..10_000).collect()
        });
        assert!(order.peek().is_some());
        assert!(order.ready.len() < 8 * FIRST, "{}", order.ready.len());
    }
}
