//! What the columns look like: for metrics and for a picture.

use crate::State;

/// The state of all columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Items stored.
    pub n_items: usize,
    /// Rows stored: items and second copies.
    pub n_rows: usize,
    /// Coefficient of variation of the load.
    pub load_cv: f64,
    /// Columns in each state, in the order of [`State::ALL`].
    pub states: [usize; 5],
    /// Columns split since the start.
    pub n_splits: u64,
    /// Columns merged since the start.
    pub n_merges: u64,
    /// Items moved to a nearer column after a split.
    pub n_moved: u64,
    /// Competitions by iterations: one each at 0, 1, 2, ..., the last at 63 or more.
    pub iterations: Vec<u64>,
    /// Competitions that reached the limit of iterations.
    pub n_unsettled: u64,
    /// Insertions that repeated a stored vector in every bit.
    pub n_exact_duplicates: u64,
    /// Insertions that were near a stored vector.
    pub n_near_duplicates: u64,
    /// By how much the worst hit so far must exceed the next receptive field for an automatic search
    /// to end, as learned from the stored vectors; nothing before that.
    pub recall_gap: Option<f32>,
    /// Every column.
    pub columns: Vec<ColumnSurvey>,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSurvey {
    /// Rows in it.
    pub load: usize,
    /// What it is doing.
    pub state: State,
    /// How often its receptive field learned.
    pub n_updates: u64,
    /// Insertions since it came to be.
    pub age: u64,
    /// Where it stands in the grid.
    pub position: [i16; 3],
    /// Columns beside it in the grid.
    pub neighbours: Vec<u32>,
}

/// Bytes on the heap, by what they are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Numbers of the rows, with room that is not used yet.
    pub rows: usize,
    /// Ids and scales of the rows.
    pub labels: usize,
    /// Receptive fields and what else a column has.
    pub columns: usize,
    /// Which column holds an id.
    pub places: usize,
}

impl Bytes {
    /// All of them.
    pub fn total(&self) -> usize {
        self.rows + self.labels + self.columns + self.places
    }
}
