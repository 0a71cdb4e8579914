//! Sound: files to samples, samples to bands, bands to spikes.
//!
//! [`Sound`] reads WAV and FLAC. [`Gammatone`] and [`Mel`] split samples into bands of frequency.
//! [`Cochlea`] goes all the way: samples in, in pieces of any size, a raster of shape
//! (steps, bands) out. [`binaural`] compares two ears. Nothing here records or plays.

mod binaural;
mod cochlea;
mod gammatone;
mod hair;
mod mel;
mod sound;

pub use binaural::{Binaural, binaural};
pub use cochlea::{Cochlea, CochleaConfig, Filter};
pub use gammatone::{Gammatone, erb_hz, erb_spaced_hz};
pub use hair::HairCell;
pub use mel::{Mel, mel_spaced_hz};
pub use sound::Sound;
