//! Rate code with a threshold that rises with each spike: onsets stand out.

use super::Encoder;

/// A rate code that tires: the accumulator of [`Rate`](super::Rate) with a threshold that each spike
/// raises and time lowers.
///
/// ```text
/// a := a + x;    if a >= 1 + b: spike, a := 0, b := b + increment;    b := keep b
/// ```
///
/// - **Parameters**: increment, from 0; keep, what is left of b after a step, in \[0, 1). Others
///   count as the nearest of these.
/// - **Input**: x in \[0, 1\], no unit, shape (n). **Output**: 0 or 1, shape (steps, n).
/// - **Errors**: as [`Encoder::encode`].
/// - **Source**: Bellec, Salaj, Subramoney, Legenstein, Maass (2018), "Long short-term memory and
///   learning-to-learn in networks of spiking neurons", eq. 1 and 2 (adaptive threshold).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveRate {
    /// What a spike adds to the threshold.
    pub increment: f32,
    /// What is left of that after a step.
    pub keep: f32,
}

impl Encoder for AdaptiveRate {
    fn fill(&self, intensity: f32, _channel_idx: u32, steps: &mut [f32]) {
        let (increment, keep) = (self.increment.max(0.0), self.keep.clamp(0.0, 0.999_999));
        let (mut accumulated, mut raised) = (0.0, 0.0);
        for value in steps {
            accumulated += intensity;
            if accumulated >= 1.0 + raised {
                *value = 1.0;
                (accumulated, raised) = (0.0, raised + increment);
            }
            raised *= keep;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tires() {
        let encoder = AdaptiveRate { increment: 1.0, keep: 0.99 };
        let raster = encoder.encode(&[1.0], 60).unwrap();
        let spikes = |range: std::ops::Range<usize>| raster.data()[range].iter().sum::<f32>();
        assert!(spikes(0..20) > spikes(40..60), "{:?}", raster.data());
        let plain = AdaptiveRate { increment: 0.0, keep: 0.0 }.encode(&[1.0], 60).unwrap();
        assert!(plain.data().iter().all(|value| *value == 1.0));
    }
}
