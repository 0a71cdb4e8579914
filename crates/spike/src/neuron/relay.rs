//! A population without state that passes its input on: ports, pools and affine maps whose result
//! is read rather than fired.

use super::{Parameter, Tile};

/// Passes its input on, divided by `divisor`.
///
/// Step: `y = x / divisor`. An average pool sums its window first and divides once, as PyTorch
/// does, so that the last bit agrees.
///
/// Shape: any. Emits: a value per step.
/// Source: Pedersen et al. 2024, "Neuromorphic intermediate representation", `AvgPool2d`, `Affine`.
#[derive(Clone, Debug, PartialEq)]
pub struct Relay {
    /// What the sum of the input is divided by; 1 passes it on as it is.
    pub divisor: f32,
}

impl Relay {
    pub(crate) fn update(&self, tile: &mut Tile<'_>, bias: Option<&Parameter>) {
        for step in 0..tile.steps {
            let input = &tile.drive[step * tile.width..][..tile.width];
            let out = step * tile.padded + tile.lane;
            let values = &mut tile.values[out..out + tile.width];
            values.copy_from_slice(input);
            if let Some(bias) = bias {
                for (k, value) in values.iter_mut().enumerate() {
                    *value += bias.at(tile.lane + k);
                }
            }
            if self.divisor != 1.0 {
                values.iter_mut().for_each(|value| *value /= self.divisor);
            }
            if !tile.trace.is_empty() {
                tile.trace[out..out + tile.width].copy_from_slice(values);
            }
        }
    }
}
