//! The limits of a store, each with its default.

use std::path::PathBuf;
use std::time::Duration;

/// The smallest memory that can be asked for (bytes).
pub const MIN_MEMORY_BYTES: usize = 1 << 20;
/// The smallest room on disk that can be asked for (bytes).
pub const MIN_DISK_BYTES: u64 = 1 << 20;

/// How much a [`crate::History`] holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Memory for samples, labels and their index together (bytes): 64 MiB. When it is full, the
    /// oldest samples go.
    pub max_memory_bytes: usize,
    /// Series at one time: 100,000. More are refused.
    pub max_series: usize,
    /// How long samples are kept: six hours.
    pub retention: Duration,
    /// Where samples are kept over a restart: nowhere.
    pub disk: Option<DiskConfig>,
}

/// Where samples are kept over a restart, and how many.
#[derive(Clone, Debug, PartialEq)]
pub struct DiskConfig {
    /// The folder; it is made if need be, and is nobody else's.
    pub folder: PathBuf,
    /// All segments together (bytes). When it is full, the oldest segment goes.
    pub max_bytes: u64,
}

impl DiskConfig {
    /// In `folder`, 256 MiB.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), max_bytes: 256 << 20 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_memory_bytes: 64 << 20,
            max_series: 100_000,
            retention: Duration::from_secs(6 * 3600),
            disk: None,
        }
    }
}

impl Config {
    /// Every setting that cannot be, as `key: expected ..., found ...`.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.max_memory_bytes < MIN_MEMORY_BYTES {
            let found = self.max_memory_bytes;
            problems.push(format!(
                "max_memory_bytes: expected at least {MIN_MEMORY_BYTES}, found {found}"
            ));
        }
        if self.max_series == 0 || u32::try_from(self.max_series).is_err() {
            let (most, found) = (u32::MAX, self.max_series);
            problems.push(format!("max_series: expected 1 to {most}, found {found}"));
        }
        if self.retention.is_zero() {
            problems.push("retention: expected more than 0 s, found 0 s".to_owned());
        }
        if let Some(disk) = self.disk.as_ref().filter(|disk| disk.max_bytes < MIN_DISK_BYTES) {
            let found = disk.max_bytes;
            problems
                .push(format!("disk.max_bytes: expected at least {MIN_DISK_BYTES}, found {found}"));
        }
        problems
    }
}
