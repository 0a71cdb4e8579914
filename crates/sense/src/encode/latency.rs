//! Time to first spike: the stronger, the sooner.

use super::Encoder;

/// One spike for each channel, the sooner the stronger; none for intensity 0.
///
/// ```text
/// step = round((1 - x) (steps - 1))    for x > 0
/// ```
///
/// Halves round up, to the later step.
///
/// - **Input**: x in \[0, 1\], no unit, shape (n).
/// - **Output**: 0 or 1, shape (steps, n); step 0 for 1, the last step for the least above 0.
/// - **Errors**: as [`Encoder::encode`].
/// - **Source**: Thorpe, Delorme, Van Rullen (2001), "Spike-based strategies for rapid processing",
///   Neural Networks 14; the linear form is snnTorch's `spikegen.latency(linear=True)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency;

impl Encoder for Latency {
    fn fill(&self, intensity: f32, _channel_idx: u32, steps: &mut [f32]) {
        if intensity <= 0.0 {
            return;
        }
        let last = steps.len().saturating_sub(1);
        let step = ((1.0 - f64::from(intensity)) * last as f64).round() as usize;
        if let Some(value) = steps.get_mut(step) {
            *value = 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stronger_is_sooner_and_zero_is_never() {
        let first = |intensity: f32| {
            let raster = Latency.encode(&[intensity], 11).unwrap();
            raster.data().iter().position(|value| *value == 1.0)
        };
        let found = [1.0, 0.9, 0.5, 0.1, 1e-30, 0.0].map(first);
        assert_eq!(found, [Some(0), Some(1), Some(5), Some(9), Some(10), None]);
        assert_eq!(Latency.encode(&[0.3], 1).unwrap().data(), [1.0]);
    }
}
