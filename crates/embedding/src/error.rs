//! Why there are no vectors.

use std::time::Duration;

use resilience::Verdict;

/// Why there are no vectors of texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddingError {
    /// The endpoint cannot be reached, or broke off.
    #[error("{0}")]
    Gone(String),
    /// It did not answer in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Late(Duration),
    /// It failed too often, and is not asked for a while.
    #[error("it failed too often and is not asked for a while")]
    Open,
    /// As many calls wait for it as may.
    #[error("{0}")]
    Full(String),
    /// It answered with an error.
    #[error("it answered with status {status}{said}")]
    Status {
        /// The status of HTTP.
        status: u16,
        /// What it said of the request, where it refused that.
        said: String,
        /// When it asked to be asked again.
        retry_after: Option<Duration>,
    },
    /// Its answer is larger than vectors are.
    #[error("its answer has more than {limit} bytes")]
    Large {
        /// The most that is read.
        limit: usize,
    },
    /// Its answer is not what an embeddings endpoint answers.
    #[error("its answer cannot be read: {0}")]
    Garbled(String),
    /// It answered another number of vectors.
    #[error("it answered {found} vectors, expected {expected}")]
    Count {
        /// Texts that it was asked for.
        expected: usize,
        /// Vectors that it answered.
        found: usize,
    },
    /// Its vectors do not say which text each is of.
    #[error("index {found} of a vector, expected each of 0 to {last} once")]
    Index {
        /// The index.
        found: usize,
        /// The largest that could be.
        last: usize,
    },
    /// A vector has another length than the model's.
    #[error("vector {at} has {found} values, expected {expected}")]
    Dimension {
        /// Which text's.
        at: usize,
        /// The model's.
        expected: usize,
        /// The vector's.
        found: usize,
    },
    /// A vector that points nowhere.
    #[error("vector {at}: expected finite numbers, not all of them 0")]
    Numbers {
        /// Which text's.
        at: usize,
    },
}

impl EmbeddingError {
    /// Whether asking again later may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Gone(_) | Self::Late(_) | Self::Open | Self::Full(_) => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        }
    }

    /// What it means to the retry and to the breaker.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Status { status: 429, retry_after, .. } => {
                Verdict::Throttled { retry_after: *retry_after }
            }
            // The texts were wrong, not the endpoint.
            Self::Status { status: 400 | 413 | 422, .. } => Verdict::Refused,
            Self::Status { retry_after, .. } if self.may_pass() => {
                Verdict::Transient { retry_after: *retry_after }
            }
            // A proxy's page, or half an answer.
            Self::Garbled(_) => Verdict::Transient { retry_after: None },
            _ if self.may_pass() => Verdict::Transient { retry_after: None },
            _ => Verdict::Permanent,
        }
    }
}
