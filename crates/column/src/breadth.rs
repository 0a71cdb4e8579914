//! How far a search must read for the wanted recall, learned from what is stored.
//!
//! A search ends when its worst hit exceeds the next receptive field by a gap. For a sample of stored
//! vectors the curve holds, for each gap, which share of their true nearest such a search would have
//! found; the gap to use is the smallest whose share is the wanted one.
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
/// Gaps that are told apart. Curves of another number were learned in another way, and are not used.
const N_GAPS: usize = 161;
/// The smallest gap, and the distance between two.
const LEAST: f32 = -0.5;
const STEP: f32 = 0.0075;
/// Samples after which the oldest begin to fade.
const WINDOW: u32 = 384;
/// They fade sooner where the collection grows: to about one in 16 when it has doubled.
const FADING: f32 = 4.0;
/// Samples before which the curve is not trusted.
const ENOUGH: u32 = 16;
/// Of the ten nearest of a sample so many are found or missed without regard to one another, about.
const INDEPENDENT: f32 = 4.0;

/// The share of the nearest that is found, by gap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Curve {
    shares: Vec<f32>,
    n_samples: u32,
    /// Items when the last sample began; 0 where that is not known.
    n_items: usize,
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
    /// Items when it began.
    n_items: usize,
    /// The nearest that are left out.
    n_kin: usize,
    pub(crate) best: Best,
    /// Scores that were among the best, and after how many columns they were found.
    pub(crate) met: Vec<(f32, u32)>,
    /// After each column, the worst of the best less the next field.
    pub(crate) gaps: Vec<f32>,
}

impl Walk {
    /// Through the `n_columns` nearest, of so many items.
    pub(crate) fn new(
        probe: Probe,
        but: Option<u32>,
        n_items: usize,
        (rest, n_columns): (Order, usize),
    ) -> Self {
        let n_kin = (n_items / KIN).clamp(1, MOST_KIN);
        let best = Best::new(CALIBRATED_K + n_kin);
        Self {
            probe,
            but,
            order: Vec::new(),
            rest,
            daughters: Vec::new(),
            n_columns,
            n_read: 0,
            n_items,
            n_kin,
            best,
            met: Vec::new(),
            gaps: Vec::new(),
        }
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
        self.gaps.push(self.best.worst() - next);
    }

    /// After each column: the worst of the best less the next field, and the share of the nearest
    /// that was found by then.
    fn steps(mut self) -> Vec<(f32, f32)> {
        self.met.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        self.met.truncate(CALIBRATED_K + self.n_kin);
        self.met.drain(..self.n_kin.min(self.met.len()));
        let share = |step: usize| {
            let found = self.met.iter().filter(|(_, at)| *at as usize <= step).count();
            found as f32 / self.met.len().max(1) as f32
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

impl Curve {
    /// Takes a sample into the curve.
    pub(crate) fn learn(&mut self, walk: Walk) {
        let n_items = walk.n_items;
        self.learn_steps(&walk.steps(), n_items);
    }

    fn learn_steps(&mut self, steps: &[(f32, f32)], n_items: usize) {
        self.shares.resize(N_GAPS, 0.0);
        self.n_samples = self.n_samples.saturating_add(1);
        let before = if self.n_items == 0 { n_items } else { self.n_items };
        let grown = n_items.saturating_sub(before) as f32 / n_items.max(1) as f32;
        let weight = (1.0 / self.n_samples.min(WINDOW) as f32).max(FADING * grown).min(1.0);
        self.n_items = n_items;
        let mut steps = steps.iter();
        let mut step = steps.next();
        for (i, share) in self.shares.iter_mut().enumerate() {
            let gap = LEAST + i as f32 * STEP;
            while step.is_some_and(|(reached, _)| *reached < gap) {
                step = steps.next();
            }
            let found = step.map_or(1.0, |(_, found)| *found);
            *share += weight * (found - *share);
        }
    }

    /// The smallest gap that finds the wanted share and a standard error more; nothing if too little is
    /// known or none does.
    pub(crate) fn gap(&self, wanted: f32) -> Option<f32> {
        if self.n_samples < ENOUGH {
            return None;
        }
        // A mean whose samples fade by one in WINDOW rests on about twice as many.
        let n = INDEPENDENT * self.n_samples.min(2 * WINDOW) as f32;
        let wanted = (wanted + (wanted * (1.0 - wanted) / n).sqrt()).min(0.5 * (1.0 + wanted));
        let at = self.shares.iter().position(|share| *share >= wanted)?;
        let above = self.shares[at];
        let below = if at > 0 { self.shares[at - 1] } else { return Some(LEAST) };
        // Between two gaps the share is taken as a line.
        let part = if above > below { (wanted - below) / (above - below) } else { 1.0 };
        Some(LEAST + (at as f32 - 1.0 + part) * STEP)
    }

    /// The shares, and how many samples they are of.
    pub(crate) fn shares(&self) -> (Vec<f32>, u32) {
        (self.shares.clone(), self.n_samples)
    }

    /// Of shares that were kept; nothing where they are no curve that can be trusted.
    pub(crate) fn of((shares, n_samples): &(Vec<f32>, u32)) -> Option<Self> {
        let plain = shares.len() == N_GAPS && shares.iter().all(|x| (0.0..=1.0).contains(x));
        let trusted = plain && *n_samples >= ENOUGH;
        trusted.then(|| Self { shares: shares.clone(), n_samples: *n_samples, n_items: 0 })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.shares.capacity() * size_of::<f32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_is_the_smallest_that_finds_the_wanted_share() {
        let mut curve = Curve::default();
        let walk = [(-0.1, 0.5), (0.05, 0.9), (0.2, 1.0)];
        (0..ENOUGH).for_each(|_| {
            assert_eq!(curve.gap(0.9), None);
            curve.learn_steps(&walk, 100);
        });
        let gap = curve.gap(0.84).unwrap();
        assert!((-0.101..-0.09).contains(&gap), "{gap}");
        let gap = curve.gap(0.99).unwrap();
        assert!((0.049..0.06).contains(&gap), "{gap}");
    }

    #[test]
    fn what_was_learned_of_a_small_collection_fades_as_it_grows() {
        let gap_when = |grown_to: usize| {
            let mut curve = Curve::default();
            (0..200).for_each(|_| curve.learn_steps(&[(0.3, 1.0)], 1000));
            let size = |k: usize| 1000 + (grown_to - 1000) * k / 200;
            (1..=200).for_each(|k| curve.learn_steps(&[(0.3, 0.5)], size(k)));
            curve.gap(0.7).unwrap()
        };
        // Both halves count alike, or the later one counts nearly alone.
        assert_eq!(gap_when(1000), LEAST);
        assert!((0.29..0.31).contains(&gap_when(4000)), "{}", gap_when(4000));
    }
}
