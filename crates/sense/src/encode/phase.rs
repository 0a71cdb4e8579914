//! Phase code: the bits of a value, one in each step of a period.

use super::Encoder;

/// Spikes for the bits of x, most significant first, again and again.
///
/// ```text
/// x is held as round(x (2^k - 1)), k bits;   spike in step t where bit k - 1 - (t mod k) is set
/// weight of a spike in step t:  2^-(1 + t mod k)
/// ```
///
/// A receiver multiplies each spike by its weight; over a period they sum to x, to within 1.5 2^-k.
/// Lesser bits come later in a period, so a number of spikes alone says little.
///
/// - **Parameters**: `period` k, 1 to 24 steps; 8 is usual. Others count as the nearest of these.
/// - **Input**: x in \[0, 1\], no unit, shape (n). **Output**: 0 or 1, shape (steps, n).
/// - **Errors**: as [`Encoder::encode`].
/// - **Source**: Kim, Kim, Huh, Lee, Choi (2018), "Deep neural networks with weighted spikes",
///   Neurocomputing 311.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Steps of one period, and bits of a value.
    pub period: u32,
}

impl Phase {
    /// What a spike in a step counts.
    pub fn weight(&self, step: usize) -> f32 {
        let period = self.period.clamp(1, 24);
        0.5_f32.powi(1 + (step % period as usize) as i32)
    }
}

impl Encoder for Phase {
    fn fill(&self, intensity: f32, _channel_idx: u32, steps: &mut [f32]) {
        let period = self.period.clamp(1, 24);
        let bits = (f64::from(intensity) * f64::from((1_u32 << period) - 1)).round() as u32;
        for (step, value) in steps.iter_mut().enumerate() {
            let bit = period - 1 - (step % period as usize) as u32;
            *value = f32::from(bits >> bit & 1 == 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_a_period_sum_to_the_value() {
        let phase = Phase { period: 8 };
        for intensity in [0.0_f32, 0.1, 0.5, 0.77, 1.0] {
            let raster = phase.encode(&[intensity], 16).unwrap();
            let spikes = raster.data().iter().enumerate();
            let sum: f32 = spikes.map(|(step, spike)| spike * phase.weight(step)).sum();
            assert!((sum / 2.0 - intensity).abs() <= 1.5 / 256.0, "{sum} for {intensity}");
        }
        assert_eq!(
            phase.encode(&[0.5], 8).unwrap().data(),
            [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        );
    }
}
