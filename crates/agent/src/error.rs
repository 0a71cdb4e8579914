//! What can go wrong in this room. A refused action is not among it: a refusal is an outcome.

/// Why something was not done; nothing has changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AgentError {
    /// A setting cannot be: everything that is wrong.
    #[error("{}", .0.join("; "))]
    Config(Vec<String>),
    /// An observation of another length.
    #[error("observation: {found} values, expected {expected}")]
    Length {
        /// Dimensions of the configuration.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// A number that is none.
    #[error("{what}: {found}, expected a finite number within ±{limit:e}")]
    Number {
        /// Which number.
        what: &'static str,
        /// What was given.
        found: f64,
        /// The largest magnitude.
        limit: f64,
    },
    /// A reward came before an action.
    #[error("learn: no action waits for its reward; act first")]
    NothingActed,
    /// Nothing was snapshotted, or it was taken back already.
    #[error("undo: no snapshot is left")]
    NothingToUndo,
    /// Saved bytes that cannot be read.
    #[error("saved agent: {0}")]
    Saved(String),
    /// The network of a policy does not fit.
    #[error("model: {0}")]
    Model(String),
    /// A text is missing or too long.
    #[error("{what}: {found} bytes, expected 1 to {limit}")]
    Text {
        /// Which text.
        what: &'static str,
        /// Its bytes.
        found: usize,
        /// The most.
        limit: usize,
    },
    /// A learning request that was decided already.
    #[error("learning request {id}: it is {status}, and only what is pending is decided")]
    Decided {
        /// The request.
        id: String,
        /// What it is.
        status: &'static str,
    },
    /// Content that was denied before.
    #[error("learning request: its content was denied before, see the vault: {digest}")]
    Vaulted {
        /// SHA-256 of the normalised content.
        digest: String,
    },
    /// No more of something may exist.
    #[error("{what}: at most {limit}")]
    Full {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// An override that lasts too long, or not at all.
    #[error("override: {found_ms} ms, expected 1 to {limit_ms}")]
    Lasting {
        /// What was asked for.
        found_ms: u64,
        /// The most.
        limit_ms: u64,
    },
    /// A persona's value outside 0 to 1.
    #[error("persona: {name} is {found}, expected 0 to 1")]
    Share {
        /// Which trait or mood.
        name: &'static str,
        /// What was given.
        found: f64,
    },
}
