//! What can go wrong here.

use crate::labels::Fingerprint;

/// What can go wrong here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// Settings that cannot be, each as `where: expected ..., found ...`.
    #[error("{}", .0.join("\n"))]
    Config(Vec<String>),
    /// There are as many as there may be.
    #[error("there are {limit} {what} already, as many as there may be; let some go first")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// No silence has this number.
    #[error("no silence has the number {0}")]
    UnknownSilence(u64),
    /// No alert that fires has this fingerprint.
    #[error("no alert that fires has the fingerprint {0}")]
    UnknownAlert(Fingerprint),
    /// The certificates of the machine cannot be used.
    #[error("the certificates of the machine cannot be used: {0}")]
    Tls(String),
}

impl AlertError {
    /// Stops where there is a problem.
    pub(crate) fn refuse(problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::Config(problems)) }
    }
}
