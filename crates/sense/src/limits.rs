//! What is refused, so that no file can ask for more than the machine has.

/// Bytes of a file, and bytes that all members of an archive may inflate to together.
pub const MAX_FILE_BYTES: u64 = 1 << 29;

/// Values of one array.
pub const MAX_ARRAY_VALUES: usize = 1 << 27;

/// Arrays of one archive.
pub const MAX_ARRAYS: usize = 4096;

/// Axes of one array, as in numpy 1.
pub const MAX_AXES: usize = 32;

/// Bytes of an `.npy` header.
pub const MAX_HEADER_BYTES: usize = 1 << 16;

/// Bad lines of a table that are described; the rest are counted.
pub const MAX_BAD_LINES: usize = 20;
