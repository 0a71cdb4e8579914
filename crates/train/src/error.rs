//! What can go wrong: one enum for the room, and problems as values where several are told at once.

use std::fmt;

use crate::limits::MAX_PROBLEMS;

/// One thing that is wrong with a description or with data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a table and a key, a layer, a row.
    pub place: String,
    /// What was expected there.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Problem {
    pub(crate) fn new(
        place: impl Into<String>,
        expected: impl Into<String>,
        found: impl fmt::Display,
    ) -> Self {
        Self { place: place.into(), expected: expected.into(), found: found.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.place, self.expected, self.found)
    }
}

/// Every problem of one description, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    pub(crate) fn push(
        &mut self,
        place: impl Into<String>,
        expected: impl Into<String>,
        found: impl fmt::Display,
    ) {
        self.0.push(Problem::new(place, expected, found));
    }

    /// `Ok` where there is none.
    pub(crate) fn check(self) -> Result<(), TrainError> {
        if self.0.is_empty() { Ok(()) } else { Err(TrainError::Problems(self)) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => return write!(f, "{only}"),
            all => write!(f, "{} problems", all.len())?,
        }
        for problem in self.0.iter().take(MAX_PROBLEMS) {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

/// What can go wrong in training.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The description or the data is wrong; everything that is.
    #[error("{0}")]
    Problems(Problems),
    /// A file of arrays cannot be read.
    #[error(transparent)]
    Data(#[from] sense::SenseError),
    /// The loss is no number any more: the learning rate is too high, or the data is.
    #[error(
        "epoch {epoch}, batch {batch}: the loss is {loss}; expected a number, a lower learning rate or a gradient clip may help"
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The batch in it, from 1.
        batch: usize,
        /// What it is.
        loss: f64,
    },
    /// A checkpoint is damaged, or of another description or data.
    #[error("checkpoint: expected {expected}, found {found}")]
    Checkpoint {
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The network cannot be written as NIR.
    #[error("export: {found}")]
    Export {
        /// What stands in the way.
        found: String,
    },
}
