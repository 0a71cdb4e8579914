//! What can be wrong with a description of a learner, a sample, or the bytes it is restored from.

use plasticity::PlasticityError;
use reservoir::ReservoirError;

/// Why a learner refused. Nothing has been learned then, but for [`LearnerError::Half`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LearnerError {
    /// A parameter is out of its range.
    #[error("{parameter} is {found}, expected {expected}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What would be right.
        expected: String,
        /// What was found.
        found: f64,
    },
    /// The rule refused its parameters or an input.
    #[error(transparent)]
    Plasticity(#[from] PlasticityError),
    /// A liquid or its read-out refused its parameters or an input.
    #[error(transparent)]
    Reservoir(#[from] ReservoirError),
    /// A sample does not fit.
    #[error("samples[{idx}]: {source}")]
    Sample {
        /// Its position.
        idx: usize,
        /// What does not fit.
        source: Box<LearnerError>,
    },
    /// A sample was refused when others had been learned already: a fault of the kind's own check.
    #[error("samples[{idx}], when those before it were learned: {source}")]
    Half {
        /// Its position.
        idx: usize,
        /// What does not fit.
        source: Box<LearnerError>,
    },
    /// Another kind or form of input.
    #[error("{what} is {found}, expected {expected}")]
    Form {
        /// Of what.
        what: &'static str,
        /// What would be right.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A sample without a label, for a learner that needs one.
    #[error("no label, expected one: this kind learns from labels alone")]
    Unlabelled,
    /// There is no room for more of something.
    #[error("{what}: {found}, at most {limit}")]
    Full {
        /// What there is too much of.
        what: &'static str,
        /// How much there would be.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The bytes are no state of this learner.
    #[error("state of a learner: {0}")]
    Saved(String),
}
