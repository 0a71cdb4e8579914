//! Why a query has no answer.

/// Why a query was stopped from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its time is over.
    Deadline,
    /// Nobody waits for it any more.
    Cancelled,
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The text is no query.
    #[error("{problem}")]
    Parse {
        /// What is wrong.
        problem: String,
    },
    /// The text is too long.
    #[error("the query has {found} bytes, and may have {limit}")]
    TooLong {
        /// Bytes it has.
        found: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// The expression is too deep.
    #[error(
        "the query has operators and nested brackets to a depth of {found}, and may have {limit}"
    )]
    TooDeep {
        /// How deep it is.
        found: usize,
        /// How deep it may be.
        limit: usize,
    },
    /// It asks for what is not there.
    #[error("{what} is not supported")]
    Unsupported {
        /// What it asks for.
        what: String,
    },
    /// The steps of a range query cannot be.
    #[error("{problem}")]
    Steps {
        /// What is wrong, in Prometheus' words.
        problem: String,
    },
    /// It has no value of the kind that is asked for.
    #[error("invalid expression type {found:?} for range query, must be Scalar or instant Vector")]
    NotForRange {
        /// The kind of value.
        found: &'static str,
    },
    /// It touches too many samples.
    #[error("the query touches more than {limit} samples; ask for fewer series or a shorter time")]
    TooManySamples {
        /// How many it may.
        limit: u64,
    },
    /// Elements that would have the same labels.
    #[error("vector cannot contain metrics with the same labelset: {labels}")]
    SameLabels {
        /// The labels.
        labels: String,
    },
    /// Elements of one side that match each other.
    #[error(
        "found duplicate series for the match group {group} on the {side} hand-side of the \
         operation: many-to-many matching not allowed: matching labels must be unique on one side"
    )]
    ManyToMany {
        /// What they have in common.
        group: String,
        /// Which side.
        side: &'static str,
    },
    /// Many elements that match one, without `group_left` or `group_right`.
    #[error(
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    )]
    ManyToOne,
    /// Elements that would have the same labels after `group_left` or `group_right`.
    #[error("multiple matches for labels: grouping labels must ensure unique matches")]
    NotUnique,
    /// A parameter that cannot be.
    #[error("{problem}")]
    Parameter {
        /// What is wrong.
        problem: String,
    },
    /// Its time is over.
    #[error("query timed out in expression evaluation")]
    Deadline,
    /// Nobody waits for it any more.
    #[error("query was canceled in expression evaluation")]
    Cancelled,
}
