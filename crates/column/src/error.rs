//! What cannot be done, each with what was found and what was expected.

use crate::State;

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A value of the configuration cannot be.
    #[error("{field} is {found}, expected {expected}")]
    Config {
        /// Which value.
        field: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// A vector has another length.
    #[error("the vector has {found} numbers, expected {expected}")]
    Dimension {
        /// The length that it has.
        found: usize,
        /// The length of all vectors here.
        expected: usize,
    },
    /// A number of a vector is infinite or none.
    #[error("number {position} of the vector is not finite")]
    NotFinite {
        /// Where, from 0.
        position: usize,
    },
    /// A vector of zeros has no direction.
    #[error("the vector is all zeros and has no direction")]
    Zero,
    /// The id is taken.
    #[error("id {id} is stored already; remove it first")]
    Exists {
        /// Which.
        id: u32,
    },
    /// There is no room.
    #[error("{limit} items are stored, which is the limit")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// So many hits cannot be asked for.
    #[error("k is {found}, expected 1 to {limit}")]
    K {
        /// What was asked for.
        found: usize,
        /// The most.
        limit: usize,
    },
    /// A column cannot go from one state to the other.
    #[error("a column that is {from:?} cannot become {to:?}")]
    Transition {
        /// What it is.
        from: State,
        /// What it was told to become.
        to: State,
    },
}
