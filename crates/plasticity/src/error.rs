//! What can be wrong with a learner's configuration, its input or the bytes it is restored from.

/// Why a learner refused. Nothing has been learned then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlasticityError {
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
    /// The input has another number of values than the learner.
    #[error("input of {found} values, expected {expected}")]
    Length {
        /// The learner's number of inputs.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// A value of the input is no finite number.
    #[error("input value {idx} is {found}, expected a finite number")]
    Value {
        /// Its position.
        idx: usize,
        /// The value.
        found: f32,
    },
    /// An input without any value beside 0 has no direction, and no winner.
    #[error("the input is all zero, expected at least one value beside 0")]
    Silent,
    /// A limit is reached; the learner goes on with what it has.
    #[error("{what}: {limit} at most, which are there already")]
    Full {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The bytes are no snapshot of this learner.
    #[error("snapshot: {part} is {found}, expected {expected}")]
    Snapshot {
        /// The part that is wrong.
        part: &'static str,
        /// What would be right.
        expected: String,
        /// What was found.
        found: String,
    },
}

/// Checks an input: its length, and that every value is finite.
pub(crate) fn check(input: &[f32], n_inputs: usize) -> Result<(), PlasticityError> {
    if input.len() != n_inputs {
        return Err(PlasticityError::Length { expected: n_inputs, found: input.len() });
    }
    match input.iter().position(|value| !value.is_finite()) {
        Some(idx) => Err(PlasticityError::Value { idx, found: input[idx] }),
        None => Ok(()),
    }
}
