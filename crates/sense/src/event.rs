//! Event cameras: their recordings and streams as columns, what to clean, what to make of them.
//!
//! [`Decoder`] takes bytes in pieces as they come and appends to [`Events`]; [`read`] takes a whole
//! file. What was not as it should be is counted in a [`Report`] or is one error: nothing is
//! silently lost or changed.
mod aedat4;
mod clock;
mod columns;
mod dat;
mod decoder;
mod evt2;
mod evt3;
mod flatbuffer;
mod format;
mod header;
mod nmnist;
mod report;

pub use columns::{Event, Events, Trigger};
pub use decoder::{Decoder, read};
pub use format::{Format, Size};
pub use report::Report;
