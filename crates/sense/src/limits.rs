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

/// Events that one [`Events`](crate::event::Events) holds, triggers included.
pub const MAX_EVENTS: usize = 1 << 27;

/// How far an event camera's time may step back and be held at the latest time; a clock that
/// steps back further was set anew.
pub const MAX_CLOCK_JITTER_US: i64 = 10_000;

/// The latest time of an event: 285 years.
pub const MAX_TIME_US: i64 = 1 << 53;

/// Bytes of one line of an event file's text header, which shows where the header ends.
pub const MAX_HEADER_LINE_BYTES: usize = 1024;

/// Bytes of one packet of AEDAT4, compressed or not.
pub const MAX_PACKET_BYTES: usize = 1 << 26;

/// Samples of one sound, all channels together.
pub const MAX_SOUND_SAMPLES: usize = 1 << 27;

/// Channels of one sound.
pub const MAX_SOUND_CHANNELS: usize = 64;

/// Samples in a row at full scale from which on they count as clipped.
pub const CLIPPED_RUN: usize = 3;

/// Bands of a cochlea.
pub const MAX_BANDS: usize = 4096;

/// Pixels of a sensor times what is kept for each.
pub const MAX_PIXELS: usize = 1 << 26;

/// Receptive fields of one value.
pub const MAX_FIELDS: usize = 1 << 16;

/// The highest rate that may be asked of a raster, in Hz.
pub const MAX_RATE_HZ: f64 = 1e6;

/// Inputs of a fitted linear decoder.
pub const MAX_FEATURES: usize = 1 << 13;

/// Levels of a wavelet decomposition.
pub const MAX_LEVELS: u32 = 20;

/// Streams that are aligned with each other.
pub const MAX_STREAMS: usize = 256;

/// How many windows ahead of the next one a sample may be.
pub const MAX_WINDOWS_OPEN: i64 = 4096;
