//! What a configuration, or a query with operators, can have wrong. Texts and plain queries are never
//! an error.

/// A value that cannot be used, where it stands, and what would do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TextError {
    /// A number of a configuration is outside its range.
    #[error("{name} is {found}, expected {expected}")]
    OutOfRange {
        /// The field, with its part: `postings.k1`.
        name: &'static str,
        /// What was given.
        found: f64,
        /// The range in words.
        expected: &'static str,
    },
    /// A query with operators is written wrong.
    #[error("query: {found:?}, expected {expected}")]
    Query {
        /// The part that is wrong.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
}
