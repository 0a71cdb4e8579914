//! NIR `Delay`: passes each element on some steps later.

use super::{Parameter, Tile};

/// Passes its input on, element `k` after `steps[k]` steps.
///
/// Step: `y(t) = x(t - delay)`, the delay rounded to whole steps by whoever describes the network.
/// A delay that is the same for all elements is cheaper on a projection.
///
/// Shape: any. Emits: a value per step.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", table 1, `Delay`.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    /// Delay of each element (steps): one value, or one per element.
    pub steps: Vec<u32>,
}

/// A ring of the last inputs per lane; its first state array holds the position in the ring.
#[derive(Clone, Debug)]
pub(crate) struct DelayLine {
    steps: Vec<u32>,
    ring: usize,
}

impl Delay {
    pub(super) fn compile(&self, padded: usize) -> DelayLine {
        let fill = if self.steps.len() == 1 { self.steps[0] } else { 0 };
        let mut steps = if self.steps.len() == 1 { Vec::new() } else { self.steps.clone() };
        steps.resize(padded, fill);
        let ring = steps.iter().max().copied().unwrap_or(0) as usize + 1;
        DelayLine { steps, ring }
    }
}

impl DelayLine {
    pub(crate) fn states(&self) -> usize {
        1 + self.ring
    }

    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        let padded = tile.padded;
        tile.each(bias, |_, lane, x, state| {
            let now = state[lane] as usize;
            let then = (now + self.ring - self.steps[lane] as usize) % self.ring;
            state[padded * (1 + now) + lane] = x;
            state[lane] = ((now + 1) % self.ring) as f32;
            (false, state[padded * (1 + then) + lane])
        });
    }
}
