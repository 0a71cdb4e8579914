//! Circuits described in a file: read, checked as a whole, made into a `spike` circuit.
//!
//! A description is TOML: populations, projections, stimuli, recordings, every quantity with its
//! unit (`"20 ms"`, `"-60 mV"`, `"87.81 pA"`). [`read`] gives a [`Described`] or every problem at
//! once, each with its line, what was found and what would be right; nothing is built before.
//! `docs/concepts/circuits.md` has every key.
//!
//! ```
//! let text = circuit::shipped("brunel").ok_or("not shipped")?;
//! let described = circuit::read(text, &circuit::Overrides::default(), &circuit::no_files)?;
//! assert_eq!(described.circuit.estimate().synapses, 15_625_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod neurons;
mod node;
mod picture;
mod plasticity;
mod problem;
mod quantity;
mod read;
mod rules;
mod scale;
mod shipped;
mod spikes;

pub use picture::{Picture, PictureError, raster, rates};
pub use problem::{Problem, Problems};
pub use quantity::Kind;
pub use read::{Described, Drive, MAX_FILE_BYTES, Overrides, no_files, read};
pub use shipped::{SHIPPED, shipped};
pub use spikes::{Part, Recorded};
