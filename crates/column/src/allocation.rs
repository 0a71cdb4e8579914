//! What came of storing a vector: who competed, who won, in how many iterations, what it repeats.

use crate::{State, Votes};

/// Where an item went, and how that came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// The column that won. Columns are numbered from 0; numbers change when columns merge.
    pub winner: u32,
    /// A second column that holds a copy, for items near a border.
    pub spill: Option<u32>,
    /// Cosine of the item and the receptive field of the winner.
    pub overlap: f32,
    /// Who competed, the nearest by vector first, each with what its receptive fields vote.
    pub competitors: Vec<Competitor>,
    /// How the competition ended.
    pub convergence: Convergence,
    /// The stored vector most alike, if it is alike enough.
    pub duplicate: Option<Duplicate>,
    /// The item as first spikes.
    pub spikes: Spikes,
    /// The state of the winner after it.
    pub state: State,
    /// Whether a column was divided with it: the column was loaded, and got so some insertions ago.
    pub split: bool,
    /// Rows and receptive fields that were compared or added up with it, the upkeep of columns
    /// included: the work that it was.
    pub compared: u32,
}

impl Allocation {
    /// What the receptive fields of the winner answered; nothing where it is the first column.
    pub fn votes(&self) -> Option<Votes> {
        self.competitors.iter().find(|c| c.column == self.winner).map(|c| c.votes)
    }
}

/// A column that competed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Competitor {
    /// Which.
    pub column: u32,
    /// What each of its receptive fields answers.
    pub votes: Votes,
    /// The votes by their weights, less what a loaded column holds back: where its activation begins.
    pub support: f32,
}

/// How lateral inhibition ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convergence {
    /// Whether one column was left; if not, the strongest at the limit was taken.
    pub settled: bool,
    /// Iterations until then.
    pub iterations: u32,
    /// Biological time of them, in seconds.
    pub seconds: f32,
    /// How many columns competed.
    pub competitors: u32,
    /// By how much the winner's support led.
    pub lead: f32,
}

/// A stored vector that the item repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Duplicate {
    /// Which.
    pub id: u32,
    /// Cosine, as far as the stored precision tells.
    pub similarity: f32,
    /// How much alike.
    pub likeness: Likeness,
}

/// How much alike two vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Likeness {
    /// Equal in every stored bit.
    Exact,
    /// At least as alike as the configuration calls near.
    Near,
}

/// A vector as times to first spike (Thorpe and Gautrais 1998): the strongest feature spikes first.
///
/// A feature of magnitude `m` spikes at `window * (1 - m / max m)`, if `m` is at least a tenth of the
/// largest; sign is the kind of the spike.
#[derive(Clone, Debug, PartialEq)]
pub struct Spikes {
    /// The earliest, in order of time.
    pub first: Vec<FirstSpike>,
    /// How many features spiked.
    pub n_spikes: u32,
    /// Share of the features that spiked.
    pub density: f32,
    /// When the last spiked, in seconds.
    pub last_seconds: f32,
}

/// One feature's first spike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstSpike {
    /// Position in the vector.
    pub feature: u32,
    /// After the onset.
    pub seconds: f32,
    /// Whether the feature is above zero.
    pub positive: bool,
}
