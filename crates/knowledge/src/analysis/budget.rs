//! How much one analysis may do, counted in ties visited, so that the same question is always
//! answered or always refused.

use crate::error::KnowledgeError;

/// Ties that one analysis visits at most; a visit takes 1 to 10 ns.
pub const MAX_VISITS: u64 = 500_000_000;

/// A visit of a search by cost counts as so many, for its queue.
pub(super) const WEIGHED: u64 = 3;

/// A visit of the search for a way, or one with groups to sort, counts as so many.
pub(super) const QUEUED: usize = 8;

/// What an analysis may still do.
#[derive(Debug)]
pub(super) struct Budget {
    analysis: &'static str,
    instead: String,
    spent: u64,
}

impl Budget {
    /// `instead` is what to ask for where it is too much.
    pub(super) fn of(analysis: &'static str, instead: impl Into<String>) -> Self {
        Self { analysis, instead: instead.into(), spent: 0 }
    }

    /// Refuses before anything is done what will visit so many ties.
    pub(super) fn foresee(&self, visits: u64) -> Result<(), KnowledgeError> {
        if visits <= MAX_VISITS {
            return Ok(());
        }
        let (analysis, instead) = (self.analysis, self.instead.clone());
        Err(KnowledgeError::TooMuch { analysis, visits, limit: MAX_VISITS, instead })
    }

    /// How much was done.
    pub(super) fn spent(&self) -> u64 {
        self.spent
    }

    /// Counts visits of what cannot be foreseen.
    pub(super) fn spend(&mut self, visits: usize) -> Result<(), KnowledgeError> {
        self.spent += visits as u64;
        self.foresee(self.spent)
    }
}
