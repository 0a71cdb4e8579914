//! How far a search must read for the wanted recall, learned from what is stored.
//!
//! For a sample of vectors, each of which was looked for by a [`Walk`], the curve holds for each gap
//! which share of their true nearest a search that ends there would have found; the gap to use is the
//! smallest whose share is the wanted one.

use crate::reach::Reach;
use crate::walk::Walk;

/// Gaps that are told apart. Curves of another number were learned in another way, and are not used.
const N_GAPS: usize = 165;
/// The smallest gap, and the distance between two.
const LEAST: f32 = -0.3;
const STEP: f32 = 0.01;
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
    /// The shares, following more slowly: what they are ahead of these they lag behind by.
    slow: Vec<f32>,
    /// How much of that is the growth of the collection, 0 to 1.
    trend: f32,
    n_samples: u32,
    /// The variance of the shares, for samples of variance 1.
    noise: f32,
    reach: Reach,
    /// Items when the last sample began; 0 where that is not known.
    n_items: usize,
}

impl Curve {
    /// Takes a sample into the curve.
    pub(crate) fn learn(&mut self, walk: Walk) {
        let (n_items, whole) = (walk.n_items, walk.is_whole());
        let steps = walk.steps();
        if whole {
            self.reach.learn(&steps);
        }
        self.learn_steps(&steps, n_items);
    }

    /// How many samples were taken in.
    pub(crate) fn n_samples(&self) -> u32 {
        self.n_samples
    }

    /// How many columns are enough for a calibration, and which share of all those find; once that is
    /// known.
    pub(crate) fn reach(&self, wanted: f32) -> Option<(usize, f32)> {
        self.reach.columns(wanted)
    }

    fn learn_steps(&mut self, steps: &[(f32, f32)], n_items: usize) {
        self.shares.resize(N_GAPS, 0.0);
        self.slow.resize(N_GAPS, 0.0);
        self.n_samples = self.n_samples.saturating_add(1);
        let before = if self.n_items == 0 { n_items } else { self.n_items };
        let grown = n_items.saturating_sub(before) as f32 / n_items.max(1) as f32;
        let weight = (1.0 / self.n_samples.min(WINDOW) as f32).max(FADING * grown).min(1.0);
        self.n_items = n_items;
        self.noise = noise_after(self.noise, weight);
        self.trend += weight * ((FADING * grown / weight).min(1.0) - self.trend);
        let mut steps = steps.iter();
        let mut step = steps.next();
        for (i, (share, slow)) in self.shares.iter_mut().zip(&mut self.slow).enumerate() {
            let gap = LEAST + i as f32 * STEP;
            while step.is_some_and(|(reached, _)| *reached < gap) {
                step = steps.next();
            }
            let found = step.map_or(1.0, |(_, found)| *found);
            *share += weight * (found - *share);
            *slow += weight * (*share - *slow);
        }
    }

    /// The share at a place, less what it lags behind a collection that grows (double exponential
    /// smoothing; Brown, Smoothing, Forecasting and Prediction of Discrete Time Series, 1963).
    fn share(&self, place: usize) -> f32 {
        let share = self.shares[place];
        share + self.trend * (share - self.slow[place])
    }

    /// The smallest gap that finds the wanted share and a standard error more; nothing if too little is
    /// known or none does.
    pub(crate) fn gap(&self, wanted: f32) -> Option<f32> {
        if self.n_samples < ENOUGH {
            return None;
        }
        let variance = wanted * (1.0 - wanted) * self.noise / INDEPENDENT;
        let wanted = (wanted + variance.sqrt()).min(0.5 * (1.0 + wanted));
        let at = (0..N_GAPS).find(|at| self.share(*at) >= wanted)?;
        let above = self.share(at);
        let below = if at > 0 { self.share(at - 1) } else { return Some(LEAST) };
        // Between two gaps the share is taken as a line.
        let part = if above > below { (wanted - below) / (above - below) } else { 1.0 };
        Some(LEAST + (at as f32 - 1.0 + part) * STEP)
    }

    /// The shares, and how many samples they are of.
    pub(crate) fn shares(&self) -> (Vec<f32>, u32) {
        ((0..self.shares.len()).map(|at| self.share(at).clamp(0.0, 1.0)).collect(), self.n_samples)
    }

    /// Of shares that were kept; nothing where they are no curve that can be trusted.
    pub(crate) fn of((shares, n_samples): &(Vec<f32>, u32)) -> Option<Self> {
        let plain = shares.len() == N_GAPS && shares.iter().all(|x| (0.0..=1.0).contains(x));
        let trusted = plain && *n_samples >= ENOUGH;
        trusted.then(|| Self {
            shares: shares.clone(),
            slow: shares.clone(),
            n_samples: *n_samples,
            noise: (1..=(*n_samples).min(2 * WINDOW))
                .fold(0.0, |noise, n| noise_after(noise, 1.0 / n.min(WINDOW) as f32)),
            ..Self::default()
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        (self.shares.capacity() + self.slow.capacity()) * size_of::<f32>()
    }
}

/// The variance of a mean that takes in one more sample, of variance 1, with this weight.
fn noise_after(noise: f32, weight: f32) -> f32 {
    noise + weight * (weight - (2.0 - weight) * noise)
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
    fn what_is_found_less_and_less_as_a_collection_grows_is_not_taken_for_what_was() {
        // The share at a gap of .3 falls by .01 with each doubling.
        let mut curve = Curve::default();
        let mut n_items = 1000.0f32;
        let share = |n_items: f32| 0.95 - 0.01 * (n_items / 1000.0).log2();
        while n_items < 64_000.0 {
            curve.learn_steps(&[(0.3, share(n_items))], n_items as usize);
            n_items *= 1.005;
        }
        let place = ((0.3 - LEAST) / STEP) as usize;
        let (lagging, told) = (curve.shares[place], curve.share(place));
        assert!(lagging - share(n_items) > 0.003, "{lagging}");
        assert!((told - share(n_items)).abs() < 0.0005, "{told}");
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
