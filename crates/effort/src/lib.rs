//! What a run of a network costs: NeuroBench's measures, and energy as a range with its source.
//!
//! A [`Meter`] is made from a network's description; it says which events to record, and adds up
//! run after run. [`Effort`] is what it found; [`TARGETS`] are the machines whose energy per
//! operation somebody published, and [`Target::energy`] what the effort would take there. Such a
//! figure is an estimate: of computing alone, without memory, input, output and what a chip takes
//! at rest. The crate is pure.
//!
//! Source: Yik et al. 2025, "The NeuroBench framework for benchmarking neuromorphic computing
//! algorithms and systems", Nature Communications 16, section "Complexity metrics".

mod energy;
mod fan_out;
mod meter;

pub use energy::{Energy, Joules, TARGETS, Target};
pub use meter::{Effort, Meter};
