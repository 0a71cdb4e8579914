//! The states of a column, and which may follow which.

use crate::Error;

/// What a column is doing.
///
/// `Available -> Activated -> Competing -> Allocated -> Refractory -> Available`; a column that loses
/// goes from `Activated` or `Competing` back to `Available`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It waits.
    Available,
    /// An item overlaps with its receptive field.
    Activated,
    /// It inhibits others, and is inhibited.
    Competing,
    /// It won the last item.
    Allocated,
    /// It won an item just before, and does not learn.
    Refractory,
}

impl State {
    /// All states, in their order.
    pub const ALL: [Self; 5] =
        [Self::Available, Self::Activated, Self::Competing, Self::Allocated, Self::Refractory];

    /// The state after, if it may follow.
    ///
    /// # Errors
    /// [`Error::Transition`] if it may not.
    pub fn to(self, to: Self) -> Result<Self, Error> {
        use State::{Activated, Allocated, Available, Competing, Refractory};
        match (self, to) {
            (Available | Refractory, Activated)
            | (Activated, Competing | Available)
            | (Competing, Allocated | Available)
            | (Allocated, Refractory)
            | (Refractory, Available) => Ok(to),
            _ => Err(Error::Transition { from: self, to }),
        }
    }
}
