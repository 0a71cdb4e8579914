//! How a delivery can fail, and whether it is worth trying again.

use std::time::Duration;

use resilience::Verdict;

/// How an attempt to deliver failed. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// There is no connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection broke before the answer was complete.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer is no success.
    #[error("the answer has status {code}")]
    Status {
        /// Of HTTP.
        code: u16,
        /// When to ask again.
        retry_after: Option<Duration>,
    },
    /// The mail server refuses.
    #[error("the mail server refuses: {reason}")]
    Mail {
        /// What it says.
        reason: String,
        /// Would it refuse again?
        is_permanent: bool,
    },
    /// There is no such request, or no such mail.
    #[error("the request cannot be made")]
    Request,
    /// No receiver has this name, or not so many integrations.
    #[error("there is no such receiver")]
    NoReceiver,
}

impl DeliveryError {
    /// What it means to those who might try again.
    pub(crate) fn verdict(&self) -> Verdict {
        match *self {
            Self::Connect(_) | Self::Broken(_) => Verdict::Transient { retry_after: None },
            Self::Status { code: 429, retry_after } => Verdict::Throttled { retry_after },
            Self::Status { code: 408 | 425 | 500.., retry_after } => {
                Verdict::Transient { retry_after }
            }
            Self::Mail { is_permanent: false, .. } => Verdict::Transient { retry_after: None },
            Self::Status { .. } | Self::Mail { .. } | Self::Request | Self::NoReceiver => {
                Verdict::Refused
            }
        }
    }
}
