//! Every limit on a file from outside, by name.
//! A file beyond one of them is refused before the memory or the time is spent.

/// The longest file that is read: 1 GiB.
pub const MAX_FILE_BYTES: u64 = 1 << 30;

/// What all data sets of a file may unpack to together: 1 GiB.
pub const MAX_DECOMPRESSED_BYTES: u64 = 1 << 30;

/// How many times its own length a file may unpack to; deflate cannot do more.
pub const MAX_EXPANSION: u64 = 1032;

/// How many groups and data sets are looked at.
pub const MAX_OBJECTS: usize = 200_000;

/// How many reads the HDF5 library may make of one file.
/// An index that refers to itself would otherwise be walked for ever.
pub const MAX_READS: usize = 4_000_000;

/// How many bytes these reads may fetch beyond [`MAX_READ_PASSES`] times the file's length.
pub const MAX_READ_BYTES: u64 = 64 << 20;

/// How many times over a file may be fetched.
pub const MAX_READ_PASSES: u64 = 4;

/// The longest text in a file, and all names of its edges together: 64 MiB.
pub const MAX_TEXT_BYTES: usize = 64 << 20;

/// The longest name of a node.
pub const MAX_NAME_BYTES: usize = 1024;

/// How many nodes a graph may have, nested ones included.
pub const MAX_NODES: usize = 20_000;

/// How many edges a graph may have, also while nested graphs are spliced in.
pub const MAX_EDGES: usize = 1_000_000;

/// How many values the populations of all nodes may hold together.
pub const MAX_NEURONS: usize = 1 << 22;

/// How many weights and other parameters a graph may hold: 256 Mi.
pub const MAX_WEIGHTS: usize = 1 << 28;

/// How deep graphs may nest.
pub const MAX_NESTING: usize = 16;

/// How many axes a shape may have.
pub const MAX_AXES: usize = 8;

/// The longest axis, stride, padding or dilation.
pub const MAX_AXIS: usize = 1 << 28;

/// How many problems are listed; the rest are counted.
pub const MAX_PROBLEMS: usize = 1000;
