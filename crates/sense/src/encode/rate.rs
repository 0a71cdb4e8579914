//! Rate code without chance: evenly spaced spikes.

use super::Encoder;

/// Spikes at even intervals, x of them for each step.
///
/// An accumulator a (binary32, 0 at first) integrates the intensity x; in each step
///
/// ```text
/// a := a + x;    if a >= 1: spike, a := a - 1
/// ```
///
/// which is an integrate-and-fire neuron with reset by subtraction, threshold 1 and constant input.
///
/// - **Input**: x in \[0, 1\], spikes per step, shape (n).
/// - **Output**: 0 or 1, shape (steps, n); floor(x steps) spikes, up to rounding of the sum.
/// - **Errors**: as [`Encoder::encode`].
/// - **Source**: Gerstner, Kistler, Naud, Paninski (2014), *Neuronal Dynamics*, 7.2 (rate as a spike
///   count); Rueckauer et al. (2017), Frontiers in Neuroscience 11:682, eq. 5 (reset by subtraction).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate;

impl Encoder for Rate {
    fn fill(&self, intensity: f32, _channel_idx: u32, steps: &mut [f32]) {
        let mut accumulated = 0.0;
        for value in steps {
            accumulated += intensity;
            if accumulated >= 1.0 {
                *value = 1.0;
                accumulated -= 1.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_are_evenly_spaced() {
        let raster = Rate.encode(&[0.25, 0.5, 1.0], 4).unwrap();
        let expected = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        assert_eq!(raster.data(), expected);
    }
}
