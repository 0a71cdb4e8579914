//! What can go wrong, with what would be right.

use std::time::Duration;

/// A reading, a stack or a profile that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// This platform, this build or this machine has no such thing; asking again is in vain.
    #[error("{what} is absent: {reason}")]
    Absent {
        /// What was asked for.
        what: &'static str,
        /// Why there is none, and what would be needed.
        reason: String,
    },
    /// It should be here and could not be read.
    #[error("cannot read {what}: {reason}")]
    Unreadable {
        /// A file, a call or a device.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// A field of a program's output is not what its documentation says.
    #[error("line {line} of {what}: expected {expected}, found {found:?}")]
    Malformed {
        /// Whose output.
        what: &'static str,
        /// Counted from 1.
        line: usize,
        /// What would be right.
        expected: &'static str,
        /// The beginning of what is there.
        found: String,
    },
    /// A program said more than is read.
    #[error("{program} printed more than {limit_bytes} bytes")]
    TooMuchOutput {
        /// Which.
        program: String,
        /// How much is read.
        limit_bytes: usize,
    },
    /// A program did not end in time; it was killed.
    #[error("{program} did not end within {:.3} s", limit.as_secs_f64())]
    TimedOut {
        /// Which.
        program: String,
        /// How long it may take.
        limit: Duration,
    },
    /// A program that was killed has not gone, so it is not started again.
    #[error("{program} was killed and has not ended")]
    NotEnded {
        /// Which.
        program: String,
    },
    /// A setting that cannot be.
    #[error("{key}: expected {expected}, found {found}")]
    Setting {
        /// Which.
        key: &'static str,
        /// What would be right.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Another profile of this kind is being recorded; there is one at a time.
    #[error("a {what} profile is being recorded; there is one at a time")]
    ProfileRunning {
        /// `CPU` or `heap`.
        what: &'static str,
    },
    /// A profile could not be recorded or read.
    #[error("{what} profile: {reason}")]
    Profile {
        /// `CPU` or `heap`.
        what: &'static str,
        /// What the profiler said.
        reason: String,
    },
    /// A thread did not tell its stack.
    #[error("no stack of thread {thread}: {reason}")]
    NoStack {
        /// Its number in the kernel.
        thread: i32,
        /// Why.
        reason: &'static str,
    },
}

impl Error {
    /// What could not be read, and what was said.
    pub(crate) fn unreadable(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Unreadable { what: what.into(), reason: reason.to_string() }
    }
}
