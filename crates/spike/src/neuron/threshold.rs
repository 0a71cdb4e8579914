//! NIR `Threshold`: a comparison without state.

use super::{Parameter, Tile, Values};

/// Fires where the input of a step is above the threshold.
///
/// Step: `z = 1` where `x > threshold`, else 0.
///
/// Shape: any. Emits: spikes.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", table 1, `Threshold`.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// Input above which it fires.
    pub threshold: Values,
}

#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    threshold: Parameter,
}

impl Threshold {
    pub(super) fn compile(&self, padded: usize) -> Compiled {
        Compiled { threshold: Parameter::new(&self.threshold, padded) }
    }
}

impl Compiled {
    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        tile.each(bias, |_, lane, x, _| (x > self.threshold.at(lane), x));
    }
}
