//! Liquid state machines: a random recurrent network that is never trained, and a linear read-out
//! of its spikes that is.
//!
//! A [`Liquid`] is drawn once from its [`LiquidConfig`]; what it answers to an input is a row of
//! spike counts by neuron and window. [`Liquids`] is several of them, one for each sense, with or
//! without a further liquid above, and goes on when a sense is missing. A read-out maps rows to
//! targets: [`Ridge`] all at once, [`Recursive`] one row after the other, to the same weights.
//! [`Fused`] learns to answer from several senses by one of six [`Strategy`]s, and [`Ablation`] tells
//! what each sense is worth.
//!
//! Source: Maass, Natschlaeger and Markram 2002, "Real-time computing without stable states", Neural
//! Computation 14; Jaeger 2001, "The echo state approach", for the spectral radius.
//! The crate is pure: no files, clock, log or globals; chance comes from a seed.
//!
//! ```
//! use reservoir::{Liquid, LiquidConfig, Ridge};
//! use spike::Raster;
//!
//! let mut liquid = Liquid::new(LiquidConfig { n_neurons: 100, ..LiquidConfig::new(4, 7) })?;
//! let mut tone = Raster::new(4);
//! (0..50).for_each(|step| tone.push_spikes(&[step % 2]));
//! let mut noise = Raster::new(4);
//! (0..50).for_each(|step| noise.push_spikes(&[2 + step % 2]));
//! let rows = [liquid.respond(&tone)?, liquid.respond(&noise)?].concat();
//! let readout = Ridge::fit(&rows, &[1.0, -1.0], 1, 1.0)?;
//! assert!(readout.predict(&liquid.respond(&tone)?)?[0] > 0.0);
//! # Ok::<(), reservoir::ReservoirError>(())
//! ```

mod ablation;
mod draw;
mod error;
mod expert;
mod fused;
mod linear;
mod liquid;
mod liquids;
mod recursive;
mod ridge;
mod windows;

pub use ablation::{Ablation, MAX_ABLATED};
pub use error::ReservoirError;
pub use fused::{Answer, Fused, FusedConfig, Strategy};
pub use liquid::{Liquid, LiquidConfig, MAX_INPUTS, MAX_NEURONS, MAX_SYNAPSES};
pub use liquids::{Fusion, Liquids, LiquidsConfig};
pub use recursive::{MAX_RECURSIVE, MAX_RECURSIVE_WEIGHT, Recursive};
pub use ridge::{MAX_FEATURES, Readout, Ridge};
pub use windows::Windows;
