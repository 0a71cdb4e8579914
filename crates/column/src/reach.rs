//! How many columns a calibration leads through: a few go far, and tell how far the others need to.

/// One calibration of so many leads through all the columns that it may; the others as far as those
/// find all but this part of what may be missed.
pub(crate) const WHOLE_ONE_IN: u32 = 8;
const MISSED: f32 = 0.2;
/// Numbers of columns that are told apart for that, and of how many calibrations it is learned.
const N_REACHES: usize = 32;
pub(crate) const REACH_WINDOW: u32 = 48;

/// How many columns a calibration needs to lead through: where those that led far found their nearest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// The share that was found within 1, 1, 2, 3, 4, 6, 8, 12 ... columns.
    found: Vec<f32>,
    n_samples: u32,
}

impl Reach {
    fn n_columns(place: usize) -> usize {
        (2 + place % 2) << (place / 2) >> 1
    }

    /// Takes in the shares that a walk had found after each column.
    pub(crate) fn learn(&mut self, steps: &[(f32, f32)]) {
        self.found.resize(N_REACHES, 0.0);
        self.n_samples = self.n_samples.saturating_add(1);
        for (place, found) in self.found.iter_mut().enumerate() {
            let share = steps.get(Self::n_columns(place) - 1).map_or(1.0, |(_, share)| *share);
            *found += (share - *found) / self.n_samples.min(REACH_WINDOW) as f32;
        }
    }

    /// The fewest that find nearly all of what a search is to find this share of, and the share that
    /// they find; once enough is known.
    pub(crate) fn columns(&self, wanted: f32) -> Option<(usize, f32)> {
        let wanted = 1.0 - (1.0 - wanted) * MISSED;
        let known = self.n_samples >= REACH_WINDOW;
        let place = self.found.iter().position(|share| known && *share >= wanted)?;
        Some((Self::n_columns(place), self.found[place]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_far_as_nearly_all_were_found() {
        let mut reach = Reach::default();
        // All are found after 20 columns, but for one calibration in 12 that needs 40.
        for n in 0..REACH_WINDOW {
            assert_eq!(reach.columns(0.98), None);
            let last = if n % 12 == 0 { 40 } else { 20 };
            let steps: Vec<(f32, f32)> =
                (1..=100).map(|at| (0.0, if at < last { 0.5 } else { 1.0 })).collect();
            reach.learn(&steps);
        }
        assert_eq!(reach.columns(0.98), Some((48, 1.0)));
        let (n_columns, found) = reach.columns(0.75).unwrap();
        assert_eq!(n_columns, 24);
        assert!((found - (1.0 - 0.5 / 12.0)).abs() < 1e-5, "{found}");
    }
}
