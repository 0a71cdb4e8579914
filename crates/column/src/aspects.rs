//! What an item is beside its vector: where it belongs, when it was, what is exceptional about it.
//! Each is a sparse code, and each column has a receptive field for each: `receptive.rs`. What the
//! places of a code stand for, the caller knows.

/// Places of a sparse code.
pub const PLACES: usize = 64;

/// A set of features, each at one of [`PLACES`] places: a sparse distributed code, in which things that
/// are alike share places (Purdy 2016, arXiv:1602.05925).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sparse(u64);

/// The codes of an item beside its vector; an empty one says nothing, and no column answers to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Aspects {
    /// What it belongs to.
    pub structural: Sparse,
    /// When it was.
    pub temporal: Sparse,
    /// What it contradicts, or that it is ordinary.
    pub exception: Sparse,
}

/// How much the receptive fields of one column answer to an item, one for each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Votes {
    /// Cosine of the vector and the field, -1 to 1.
    pub semantic: f32,
    /// The mean over the column's items of the share of the item's places that they have, 0 to 1.
    pub structural: f32,
    /// As `structural`, of the codes of time.
    pub temporal: f32,
    /// As `structural`, of the codes of exceptions.
    pub exception: f32,
}

impl Sparse {
    /// With a feature, whose place is its number modulo [`PLACES`].
    #[must_use]
    pub fn with(self, feature: u64) -> Self {
        Self(self.0 | 1 << (feature % PLACES as u64))
    }

    /// Whether a place is taken.
    pub fn has(self, place: u64) -> bool {
        self.0 >> (place % PLACES as u64) & 1 == 1
    }

    /// Places that are taken.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether it says nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The places that are taken.
    pub(crate) fn places(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let place = rest.trailing_zeros() as usize;
            rest &= rest.wrapping_sub(1);
            (place < PLACES).then_some(place)
        })
    }
}

impl FromIterator<u64> for Sparse {
    fn from_iter<T: IntoIterator<Item = u64>>(features: T) -> Self {
        features.into_iter().fold(Self::default(), Self::with)
    }
}

impl Aspects {
    pub(crate) fn codes(&self) -> [Sparse; 3] {
        [self.structural, self.temporal, self.exception]
    }
}
