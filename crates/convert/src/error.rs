//! Why a model, samples or settings are refused.

use std::fmt;

/// A node that has no spiking counterpart, and what would have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconvertible {
    /// The node's name; its first output where it has none.
    pub node: String,
    /// Its operator.
    pub operator: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for Unconvertible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.node, self.operator, self.reason)
    }
}

/// What can be wrong with a model, with samples or with settings. Nothing has been made then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConvertError {
    /// The bytes are no ONNX model.
    #[error("no ONNX model: {reason}")]
    File {
        /// Where it breaks off.
        reason: String,
    },
    /// A limit of [`crate::limits`].
    #[error("{what}: {found}, expected at most {limit}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The limit.
        limit: usize,
        /// What was found.
        found: usize,
    },
    /// A tensor of the file cannot be used.
    #[error("tensor {name}: {found}, expected {expected}")]
    Tensor {
        /// Its name.
        name: String,
        /// What would be right.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The graph's inputs or outputs.
    #[error("{what}: {found}, expected {expected}")]
    Port {
        /// Which.
        what: String,
        /// What would be right.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Every node that cannot be converted.
    #[error("cannot be converted:\n{}", lines(.0))]
    Unconvertible(Vec<Unconvertible>),
    /// Samples or labels that do not fit the network.
    #[error("{what}: {found}, expected {expected}")]
    Samples {
        /// Which.
        what: &'static str,
        /// What would be right.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A setting out of its range.
    #[error("{setting} is {found}, expected {expected}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What would be right.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// The spiking network does not run; a fault of this crate where the model was read.
    #[error("the spiking network: {0}")]
    Network(String),
}

fn lines(all: &[Unconvertible]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
