//! What an index of columns is made with, and the limits of it.

use crate::Error;

/// The longest vector.
pub const MAX_DIMENSION: usize = 4096;
/// The most columns of one index; with more items, columns grow instead.
pub const MAX_COLUMNS: usize = 65_000;
/// The most items of one index.
pub const MAX_ITEMS: usize = 100_000_000;
/// The most columns that compete for an item.
pub const MAX_COMPETITORS: usize = 64;

/// The most stored vectors that compete once more with each insertion.
pub const MAX_REPLAYS: usize = 64;

/// What [`Columns`](crate::Columns) are made with. [`Config::new`] has the defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Length of every vector, 1 to [`MAX_DIMENSION`].
    pub dimension: usize,
    /// What chance is drawn from.
    pub seed: u64,
    /// The cosine from which a stored vector is a near duplicate, -1 to 1; default 0.98.
    pub near_duplicate: f32,
    /// Recall among the ten nearest that [`Breadth::Auto`](crate::Breadth::Auto) aims at, in
    /// (0, 1); default 0.98.
    pub recall: f32,
    /// The largest share of items that have a second copy in the next column, 0 to 0.5; default 0.
    pub spill_share: f32,
    /// How many columns compete for an item, 1 to [`MAX_COMPETITORS`]; default 8.
    pub competitors: usize,
    /// How strongly competitors inhibit each other in an iteration, together, in (0, 1]; default 0.8.
    pub inhibition: f32,
    /// The limit of iterations of one competition; default 64.
    pub max_iterations: u32,
    /// Biological time of one iteration, in seconds; default 0.000 1.
    pub iteration_seconds: f32,
    /// How much a loaded column holds back: `overlap - conscience * ln(load / mean load)`;
    /// default 0.02.
    pub conscience: f32,
    /// What a full vote of the structural receptive field counts, where a full overlap counts 1, 0 to 1;
    /// default 0.03.
    pub structural: f32,
    /// As `structural`, of the field of time; default 0.02.
    pub temporal: f32,
    /// As `structural`, of the field of exceptions; default 0.03.
    pub exception: f32,
    /// Insertions for which a column that has won does not learn again; default 1.
    pub refractory: u32,
    /// Stored vectors that compete once more with each insertion, so that what was stored when there
    /// were fewer columns moves to where it is nearest; up to [`MAX_REPLAYS`], default 2.
    pub replays: usize,
    /// Whether a second byte for each number is kept, so that scores are exact to about 16 bits
    /// without rows from outside; default false.
    pub residual: bool,
    /// The most items, up to [`MAX_ITEMS`], which is the default.
    pub max_items: usize,
}

impl Config {
    /// The defaults for vectors of this length.
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            seed: 1,
            near_duplicate: 0.98,
            recall: 0.98,
            spill_share: 0.0,
            competitors: 8,
            inhibition: 0.8,
            max_iterations: 64,
            iteration_seconds: 1e-4,
            conscience: 0.02,
            structural: 0.03,
            temporal: 0.02,
            exception: 0.03,
            refractory: 1,
            replays: 2,
            residual: false,
            max_items: MAX_ITEMS,
        }
    }

    /// Tells the first value that cannot be.
    ///
    /// # Errors
    /// [`Error::Config`] with the field, what it is and what it may be.
    pub fn check(&self) -> Result<(), Error> {
        let within = |field, found: f64, low: f64, high: f64, expected| {
            let ok = found.is_finite() && (low..=high).contains(&found);
            if ok { Ok(()) } else { Err(Error::Config { field, found, expected }) }
        };
        let tiny = f64::from(f32::MIN_POSITIVE);
        within("dimension", self.dimension as f64, 1.0, MAX_DIMENSION as f64, "1 to 4096")?;
        within("near_duplicate", self.near_duplicate.into(), -1.0, 1.0, "a cosine, -1 to 1")?;
        within("recall", self.recall.into(), 0.01, 0.9999, "0.01 to 0.9999")?;
        within("spill_share", self.spill_share.into(), 0.0, 0.5, "0 to 0.5")?;
        within("competitors", self.competitors as f64, 1.0, MAX_COMPETITORS as f64, "1 to 64")?;
        within("inhibition", self.inhibition.into(), tiny, 1.0, "above 0, up to 1")?;
        within("max_iterations", self.max_iterations.into(), 1.0, 1e6, "1 to 1000000")?;
        within("iteration_seconds", self.iteration_seconds.into(), 0.0, 1.0, "0 to 1")?;
        within("conscience", self.conscience.into(), 0.0, 1.0, "0 to 1")?;
        within("structural", self.structural.into(), 0.0, 1.0, "0 to 1")?;
        within("temporal", self.temporal.into(), 0.0, 1.0, "0 to 1")?;
        within("exception", self.exception.into(), 0.0, 1.0, "0 to 1")?;
        within("replays", self.replays as f64, 0.0, MAX_REPLAYS as f64, "0 to 64")?;
        within("max_items", self.max_items as f64, 1.0, MAX_ITEMS as f64, "1 to 100000000")
    }
}
