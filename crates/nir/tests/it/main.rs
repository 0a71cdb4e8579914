//! The room's integration tests, in one binary.
//! `UPDATE_EXPECT=1 cargo test -p nir` renews the expected texts.

mod cases;
mod document;
mod hostile;
mod problems;
mod python;
mod real;
mod repairs;
mod round_trip;
