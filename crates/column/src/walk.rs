//! Calibrations: one vector is looked for far longer than a search would, and what was found after
//! each column is noted, with the gap there.
//!
//! A search ends when its worst hit exceeds the next receptive field by a gap. The nearer the fields
//! around a query are, and the more columns were read already, the less there is to expect of the
//! next, so both count for the gap.
//!
//! A stored vector has kin, stored with it from the same source, and the more the larger the
//! collection is. They are found at once, and who asks need not have any, so a share of the
//! collection that is nearest to the sample is left out.

use crate::code::Probe;
use crate::fields::Ranked;
use crate::order::Order;

/// Nearest neighbours that a calibration looks for.
const CALIBRATED_K: usize = 10;
/// Of so many items one is left out, and one at least: the nearest.
const KIN: usize = 50_000;
/// But no more than so many.
const MOST_KIN: usize = 40;
/// What the mean of so many nearest fields counts for a gap, and what each doubling of the columns
/// that were read.
const AROUND: usize = 8;
const CLOSENESS: f32 = 0.3;
const DOUBLING: f32 = 0.035;

/// By how much the worst of the best exceeds the next field, when the search may end with less.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    closeness: f32,
}

impl Gap {
    /// For a search that reads columns in this order.
    pub(crate) fn new(order: &mut Order) -> Self {
        let first = order.first(AROUND);
        let sum: f32 = first.iter().map(|near| near.score()).sum();
        Self { closeness: CLOSENESS * sum / first.len().max(1) as f32 }
    }

    /// After `n_read` columns.
    pub(crate) fn after(&self, n_read: u32, worst: f32, next: f32) -> f32 {
        worst - next + self.closeness + DOUBLING * log2(n_read)
    }
}

/// The logarithm of a number above 0, taken as a line between powers of two.
fn log2(n: u32) -> f32 {
    (n as f32).to_bits() as f32 / (1 << 23) as f32 - 127.0
}

/// One vector's search, column by column; it may take a while, a few rows at a time.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) probe: Probe,
    /// An id that does not count: the vector itself.
    pub(crate) but: Option<u32>,
    /// Columns, best first, as far as they are put in order.
    order: Vec<Ranked>,
    /// Those behind them.
    rest: Order,
    /// Columns that were divided since it began, and their daughters.
    daughters: Vec<(usize, usize)>,
    /// How many it leads through, and how many of them are read.
    n_columns: usize,
    n_read: usize,
    /// Whether they are all that it may lead through.
    whole: bool,
    /// The share of the nearest that so many columns find, about.
    finds: f32,
    /// Items when it began.
    pub(crate) n_items: usize,
    /// The nearest that are left out.
    n_kin: usize,
    gap: Gap,
    pub(crate) best: Best,
    /// Scores that were among the best, and after how many columns they were found.
    pub(crate) met: Vec<(f32, u32)>,
    /// The gap after each column.
    pub(crate) gaps: Vec<f32>,
}

impl Walk {
    /// Of so many items, through the nearest columns: all that it may (`whole`), or as many as `reach`
    /// says, which find that share.
    pub(crate) fn new(
        probe: Probe,
        but: Option<u32>,
        n_items: usize,
        mut rest: Order,
        whole: usize,
        reach: Option<(usize, f32)>,
    ) -> Self {
        let (n_columns, finds) = reach.unwrap_or((whole, 1.0));
        let n_kin = (n_items / KIN).clamp(1, MOST_KIN);
        let best = Best::new(CALIBRATED_K + n_kin);
        Self {
            probe,
            but,
            gap: Gap::new(&mut rest),
            order: Vec::new(),
            rest,
            daughters: Vec::new(),
            n_columns,
            n_read: 0,
            whole: reach.is_none(),
            finds,
            n_items,
            n_kin,
            best,
            met: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// Whether it leads through all that it may.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// A column gives some of its rows to another, which is read behind it.
    pub(crate) fn divided(&mut self, column: usize, daughter: usize) {
        self.daughters.push((column, daughter));
    }

    /// Puts all columns in order at once.
    pub(crate) fn prepare(&mut self) {
        self.order = std::mem::take(&mut self.rest).take(self.n_columns);
    }

    /// The columns that are in order.
    pub(crate) fn order(&self) -> &[Ranked] {
        &self.order
    }

    /// The next column.
    pub(crate) fn next(&mut self) -> Option<Ranked> {
        if self.n_read == self.order.len() && self.n_read < self.n_columns {
            self.extend();
        }
        self.order.get(self.n_read).copied()
    }

    /// Puts the next column in order, and behind it those that have taken rows of it.
    fn extend(&mut self) {
        let mut known = self.order.len();
        self.order.extend(self.rest.next());
        while let Some(mother) = self.order.get(known).copied() {
            known += 1;
            let of = |&&(column, _): &&(usize, usize)| column == mother.column();
            let daughters = self.daughters.iter().filter(of);
            self.order.extend(daughters.map(|(_, d)| Ranked::new(mother.score(), *d as u32)));
        }
    }

    /// Takes in the scores of the next column.
    pub(crate) fn read(&mut self, scores: &[f32], ids: &[u32]) {
        for (score, id) in scores.iter().zip(ids) {
            if *score > self.best.worst() && Some(*id) != self.but {
                self.best.push(*score);
                self.met.push((*score, self.n_read as u32));
            }
        }
        self.n_read += 1;
        let next = self.next().map_or(f32::NEG_INFINITY, Ranked::score);
        self.gaps.push(self.gap.after(self.n_read as u32, self.best.worst(), next));
    }

    /// After each column: the gap, and the share of the nearest that was found by then.
    pub(crate) fn steps(mut self) -> Vec<(f32, f32)> {
        self.met.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        self.met.truncate(CALIBRATED_K + self.n_kin);
        self.met.drain(..self.n_kin.min(self.met.len()));
        let share = |step: usize| {
            let found = self.met.iter().filter(|(_, at)| *at as usize <= step).count();
            self.finds * found as f32 / self.met.len().max(1) as f32
        };
        self.gaps.iter().enumerate().map(|(i, gap)| (*gap, share(i))).collect()
    }
}

/// The best scores so far, worst first.
#[derive(Clone, Debug)]
pub(crate) struct Best {
    scores: Vec<f32>,
    n: usize,
}

impl Best {
    pub(crate) fn new(n: usize) -> Self {
        Self { scores: Vec::with_capacity(n), n }
    }

    /// The worst of them, once there are enough.
    pub(crate) fn worst(&self) -> f32 {
        if self.scores.len() == self.n { self.scores[0] } else { f32::NEG_INFINITY }
    }

    pub(crate) fn push(&mut self, score: f32) {
        let at = self.scores.partition_point(|x| *x < score);
        if self.scores.len() < self.n {
            self.scores.insert(at, score);
        } else if at > 0 {
            self.scores.copy_within(1..at, 0);
            self.scores[at - 1] = score;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_grows_with_every_column_and_is_exact_at_powers_of_two() {
        assert!((1..5000).all(|n| log2(n) < log2(n + 1)));
        assert!((0..16).all(|power| log2(1 << power) == power as f32));
        assert!((log2(3) - 3f32.log2()).abs() < 0.09);
    }

    #[test]
    fn a_short_walk_is_not_whole_although_whole_ones_found_all_by_then() {
        let walk = |reach| {
            let order = Order::new(vec![0.5; 20], (0..20).collect());
            Walk::new(Probe::of(&[1.0, 0.0]), None, 20, order, 20, reach)
        };
        assert!(walk(None).is_whole());
        assert!(!walk(Some((4, 1.0))).is_whole());
    }

    #[test]
    fn a_search_may_end_sooner_where_fields_are_near_and_much_was_read() {
        let gap = |field: f32, n_read| {
            let mut order = Order::new(vec![field; 20], (0..20).collect());
            Gap::new(&mut order).after(n_read, 0.5, 0.4)
        };
        assert!(gap(0.8, 4) > gap(0.2, 4));
        assert!(gap(0.2, 8) > gap(0.2, 4));
    }
}
