//! NIR graphs: read, check, mend and write `.nir` files (HDF5), version 0.1.1 to 1.0.8.
//!
//! A file from outside is hostile until checked.
//! Every limit has a name (see [`limits`]), every problem is listed at once ([`Problem`]),
//! and whatever had to be assumed is said ([`Repair`]); nothing is refused or mended silently.
//! What a file does not say at all, how a framework steps and resets, is a profile's matter.
//!
//! ```no_run
//! # fn main() -> Result<(), nir::ReadError> {
//! let loaded = nir::read("network.nir".as_ref())?;
//! for repair in &loaded.repairs {
//!     eprintln!("{repair}");
//! }
//! for (name, shape) in loaded.graph.shapes() {
//!     eprintln!("{name}: {:?} -> {:?}", shape.input, shape.output);
//! }
//! # Ok(())
//! # }
//! ```

mod graph;
mod node;
mod tensor;

mod problem;
mod repair;

mod read;
mod write;

mod compile;
mod guess;
mod learned;
mod matching;
mod profile;

mod check;
mod inline;
mod shape;

mod hdf5;
pub mod limits;

pub use compile::{CompileError, Lowered};
pub use graph::{Graph, Loaded};
pub use guess::{Guess, guess};
pub use learned::LearnedError;
pub use matching::{
    Expected, Match, POTENTIAL_TOLERANCE, Recorded, candidates, find_profile, resolve,
};
pub use node::{
    Affine, AvgPool2d, Conv1d, Conv2d, CubaLi, CubaLif, Delay, Flatten, I, If, Input, Li, Lif,
    Linear, Node, Output, Padding, Scale, SumPool2d, Threshold,
};
pub use problem::Problem;
pub use profile::{
    Framework, IntegrationOption, PostPreOption, Profile, ProfileOptions, RefractoryOption,
    ResetOption, RewardStdpOption, StdpOption, StoredTau, UnknownFramework,
};
pub use read::{ReadError, bytes_of, from_bytes, read};
pub use repair::Repair;
pub use shape::NodeShape;
pub use tensor::{Data, Tensor, n_elements};
pub use write::{WriteError, WriteVersion, to_bytes};

/// The name under which problems and repairs of the graph as a whole are listed.
pub(crate) const GRAPH: &str = "graph";
