//! Measures of spike trains: rates, intervals, counts, correlations, distances, entropies.
//!
//! [`Trains`] holds the spikes of some neurons in a window; every measure is a function of it, and
//! [`Summary`] gives those that people look at first. Times are in ms, rates in Hz. The crate is
//! pure, and a leaf: it knows nothing of networks or files.
//!
//! ```
//! use statistics::{Trains, cv};
//!
//! // A neuron that fires every 10 ms has intervals that do not vary.
//! let times: Vec<f64> = (1..100).map(|k| 10.0 * f64::from(k)).collect();
//! let trains = Trains::new(1, 0.0, 1000.0, &vec![0; times.len()], &times)?;
//! assert!(cv(trains.of(0)).unwrap_or(1.0) < 1e-12);
//! # Ok::<(), statistics::TrainsError>(())
//! ```

mod correlation;
mod counts;
mod distance;
mod entropy;
mod intervals;
mod spectrum;
mod summary;
mod trains;

pub use correlation::{MAX_CORRELATED, correlations, cross_correlation, cross_correlogram};
pub use counts::{
    MAX_BINS, fano_factor, population_counts, population_fano, population_rate, synchrony,
};
pub use distance::{van_rossum, victor_purpura};
pub use entropy::{MAX_WORD, interval_entropy, word_entropy};
pub use intervals::{
    MIN_INTERVALS, burst_share, burstiness, cv, interval_memory, intervals, local_variation,
    revised_local_variation,
};
pub use spectrum::{MAX_SEGMENT, Spectrum, power_spectrum};
pub use summary::{Bins, Summary};
pub use trains::{MAX_NEURONS, Trains, TrainsError};
