//! What can go wrong with a store.

use std::path::PathBuf;

/// A store that cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Settings that cannot be.
    #[error("{}", problems.join("; "))]
    Config {
        /// Each, as `key: expected ..., found ...`.
        problems: Vec<String>,
    },
    /// The disk does not do what is asked.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A series or a sample that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There are as many series as there may be.
    #[error("there are {limit} series already, as many as there may be")]
    TooManySeries {
        /// How many may.
        limit: usize,
    },
    /// The memory is full of other series.
    #[error("the memory of {limit_bytes} bytes is full of other series")]
    MemoryFull {
        /// How much there is (bytes).
        limit_bytes: usize,
    },
    /// The series had no samples left and was forgotten: ask for its handle again.
    #[error("the series was forgotten; ask for its handle again")]
    Forgotten,
    /// Older than the newest sample of the series.
    #[error("the sample is older than the newest of its series")]
    OutOfOrder,
    /// There is a sample at this time.
    #[error("the series has a sample at this time")]
    Duplicate,
}
