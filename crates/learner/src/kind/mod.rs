//! What every kind of learner can do. Each stands in a file of its own and knows classes by number.

mod columns;
mod competition;
mod eprop;
mod liquid;

use crate::error::LearnerError;
use crate::sample::Input;
use crate::spec::Spec;

/// A kind of learner. What [`Kind::check`] takes, [`Kind::learn`] and [`Kind::predict`] take too.
pub(crate) trait Kind: Send + Sync {
    /// Whether an input fits; how many multiplications it takes.
    fn check(&self, input: &Input) -> Result<u64, LearnerError>;

    /// Learns that an input is of a class, or only that there is such an input.
    fn learn(&mut self, input: &Input, class: Option<u32>) -> Result<Taught, LearnerError>;

    /// What inputs are taken for; nothing is learned, and the answers do not depend on each other.
    fn predict(&mut self, inputs: &[&Input]) -> Result<Vec<Guess>, LearnerError>;

    /// Whether it learns from what has no label.
    fn without_labels(&self) -> bool {
        false
    }

    /// Room for so many samples more: none where it does not grow.
    fn room(&self) -> Option<usize> {
        None
    }

    /// Units that answer.
    fn units(&self) -> usize;

    /// What was learned, as bytes.
    fn save(&self) -> Vec<u8>;
}

/// What a sample did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Taught {
    /// What it was taken for before.
    pub(crate) answered: Option<u32>,
    /// Whether a unit was made for it.
    pub(crate) allocated: bool,
    /// Weights that changed.
    pub(crate) weight_changes: u64,
}

/// What an input is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Guess {
    /// The class; none where nothing fits.
    pub(crate) class: Option<u32>,
    /// How well it fits, as the kind measures it.
    pub(crate) score: f32,
}

/// A learner of a kind, as it is at first or as it was saved.
pub(crate) fn of(spec: &Spec, saved: Option<&[u8]>) -> Result<Box<dyn Kind>, LearnerError> {
    Ok(match spec {
        Spec::Columns(config) => Box::new(columns::Columns::new(config, saved)?),
        Spec::EProp { config, silent_steps } => {
            Box::new(eprop::Recurrent::new(config, *silent_steps, saved)?)
        }
        Spec::Competition { config, n_classes } => {
            Box::new(competition::Competing::new(config, *n_classes, saved)?)
        }
        Spec::Liquid(spec) => Box::new(liquid::Hearing::new(spec, saved)?),
    })
}

/// The position of the largest value; none of none.
fn largest(values: impl IntoIterator<Item = f32>) -> Option<(u32, f32)> {
    (0u32..).zip(values).max_by(|a, b| a.1.total_cmp(&b.1))
}
