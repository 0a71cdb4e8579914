//! Sensor data to spikes and back: arrays, event cameras, sound, series and images; encoders and
//! decoders.
//!
//! Data arrives as an [`Array`] (from `.npy` or `.npz`), a [`Recording`] (a network's input and what
//! its nodes did), a [`Table`] (from CSV), a [`SeriesSet`] (from `.ts`), an image, [`event::Events`]
//! of a camera or an [`audio::Sound`]. An [`Encoder`] turns intensities in \[0, 1\] into a raster of
//! shape (steps, channels); [`Population`], [`Ttfs`] and [`Delta`] begin with other numbers, and
//! [`audio::Cochlea`] with sound. The functions of [`decode`] turn a raster into an answer.
//! [`align::Aligner`] puts streams of several senses on one time.
//!
//! A file from outside is hostile until read: every limit is in [`limits`], nothing here panics on
//! data, and a [`SenseError`] says what was wrong, where, what was expected and what was found.
//! The room keeps no clock and no randomness: the [`Bernoulli`] encoder's comes from its seed.
//!
//! ```
//! use sense::{Encoder, Latency, decode};
//!
//! # fn main() -> Result<(), sense::SenseError> {
//! let raster = Latency.encode(&[0.0, 0.25, 1.0], 5)?;
//! assert_eq!(raster.shape(), [5, 3]);
//! assert_eq!(decode::first_spike(&raster)?, Some(2));
//! # Ok(())
//! # }
//! ```

mod array;
mod column;
mod error;
pub mod limits;

mod image;
mod npy;
mod npz;
mod recording;
mod series;
mod table;
mod wavelet;

pub mod align;
pub mod audio;
pub mod event;

pub mod decode;
mod encode;

pub use array::{Array, Arrays, DType};
pub use column::{Column, Columns};
pub use encode::{
    AdaptiveRate, Bernoulli, Burst, Delta, Direct, Encoder, Latency, Phase, Population, Rate,
    Threshold, Ttfs, events, validate,
};
pub use error::{LineProblem, SenseError};
pub use image::{intensities, read_png};
pub use npy::{read_npy, write_npy};
pub use npz::{read_columns, read_npz, write_columns, write_npz};
pub use recording::{NodeRecording, Potentials, Recording};
pub use series::{Series, SeriesSet};
pub use table::{StepEvent, Table, TimeEvent};
pub use wavelet::{Wavelets, wavelets};
