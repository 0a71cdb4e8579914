//! Sets of assumptions as bits, and the smallest of them.

use crate::limits::{MAX_ASSUMPTIONS, MAX_ENVIRONMENTS};

const WORDS: usize = MAX_ASSUMPTIONS / 64;

/// A set of assumptions, by their places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Environment([u64; WORDS]);

impl Environment {
    pub(super) fn one(place: usize) -> Self {
        Self::default().with(place)
    }

    pub(super) fn with(mut self, place: usize) -> Self {
        self.0[place / 64] |= 1 << (place % 64);
        self
    }

    pub(super) fn without(mut self, place: usize) -> Self {
        self.0[place / 64] &= !(1 << (place % 64));
        self
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|k| self.0[k] | other.0[k]))
    }

    pub(super) fn is_part_of(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    pub(super) fn places(self) -> impl Iterator<Item = usize> {
        (0..MAX_ASSUMPTIONS).filter(move |place| self.0[place / 64] >> (place % 64) & 1 == 1)
    }

    /// The smallest first.
    fn order(&self) -> (u32, Self) {
        (self.0.iter().map(|word| word.count_ones()).sum(), *self)
    }
}

/// Those that have no other as a part, the smallest first, and whether there are more than
/// [`MAX_ENVIRONMENTS`].
pub(super) fn smallest(mut all: Vec<Environment>) -> (Vec<Environment>, bool) {
    all.sort_by_cached_key(Environment::order);
    all.dedup();
    let mut kept: Vec<Environment> = Vec::new();
    for environment in all {
        if kept.iter().any(|part| part.is_part_of(&environment)) {
            continue;
        }
        if kept.len() == MAX_ENVIRONMENTS {
            return (kept, true);
        }
        kept.push(environment);
    }
    (kept, false)
}
