//! What a caller says of an error: may it be asked again, and whose fault was it?

use std::time::Duration;

/// What an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The call itself was wrong: the same again would be too, and the callee did well to refuse.
    Refused,
    /// The callee failed, and would fail again.
    Permanent,
    /// The callee failed, and may not the next time.
    Transient {
        /// When the callee asked to be asked again.
        retry_after: Option<Duration>,
    },
    /// The callee has too much to do.
    Throttled {
        /// When the callee asked to be asked again.
        retry_after: Option<Duration>,
    },
}
