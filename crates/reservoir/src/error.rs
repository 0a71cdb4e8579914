//! What can be wrong with a description of a liquid, with its input or with rows to fit.

/// Why a liquid or a read-out refused. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReservoirError {
    /// A parameter is out of its range.
    #[error("{parameter} is {found}, expected {expected}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What would be right.
        expected: &'static str,
        /// What was found.
        found: f64,
    },
    /// The input does not fit the liquid.
    #[error("liquid {liquid}: {source}")]
    Input {
        /// Which of several.
        liquid: usize,
        /// What does not fit.
        source: spike::RunError,
    },
    /// The description does not compile.
    #[error("the liquid: {0}")]
    Network(#[from] spike::Problems),
    /// As many inputs as senses are expected.
    #[error("{found} inputs for {expected} senses; a missing one is None")]
    Senses {
        /// The senses.
        expected: usize,
        /// The inputs given.
        found: usize,
    },
    /// Rows or targets of another size.
    #[error("{what}: {found} values, expected {expected}")]
    Shape {
        /// What does not fit.
        what: &'static str,
        /// What would be right.
        expected: String,
        /// What was found.
        found: usize,
    },
    /// A value that is no finite number.
    #[error("{what} {idx} is {found}, expected a finite number")]
    Value {
        /// Of what.
        what: &'static str,
        /// Its position.
        idx: usize,
        /// The value.
        found: f64,
    },
}
