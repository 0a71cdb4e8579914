//! Direct coding: the value itself, as a current.

use super::Encoder;

/// The same current in every step; the first layer of neurons turns it into spikes.
///
/// ```text
/// current in each step = x
/// ```
///
/// - **Input**: x in \[0, 1\], in the unit of the network's input, shape (n).
/// - **Output**: x, shape (steps, n): currents, not spikes.
/// - **Errors**: as [`Encoder::encode`].
/// - **Source**: Rueckauer et al. (2017), Frontiers in Neuroscience 11:682, "constant current input".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Direct;

impl Encoder for Direct {
    fn fill(&self, intensity: f32, _channel_idx: u32, steps: &mut [f32]) {
        steps.fill(intensity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_the_value() {
        assert_eq!(Direct.encode(&[0.25, 1.0], 2).unwrap().data(), [0.25, 1.0, 0.25, 1.0]);
    }
}
