//! Event cameras: their recordings and streams as columns, what to clean, what to make of them.
//!
//! [`Decoder`] takes bytes in pieces as they come and appends to [`Events`]; [`read`] takes a whole
//! file. What was not as it should be is counted in a [`Report`] or is one error: nothing is
//! silently lost or changed. [`Denoise`], [`Refractory`], [`Region`] and [`downsample`] make other
//! events of events; [`histogram`], [`voxel_grid`], [`TimeSurface`] and [`averaged_surfaces`] make
//! arrays.
mod aedat4;
mod clock;
mod columns;
mod dat;
mod decoder;
mod evt2;
mod evt3;
mod filter;
mod flatbuffer;
mod format;
mod frames;
mod header;
mod nmnist;
mod report;
mod surface;

pub use columns::{Event, Events, Trigger};
pub use decoder::{Decoder, read};
pub use filter::{Denoise, Neighbours, Refractory, Region, downsample};
pub use format::{Format, Size};
pub use frames::{histogram, voxel_grid};
pub use report::Report;
pub use surface::{Averaged, TimeSurface, averaged_surfaces};
