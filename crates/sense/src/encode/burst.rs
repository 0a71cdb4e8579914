//! Burst code: the stronger, the more spikes and the shorter between them.

use super::Encoder;

/// A burst from the first step on: more spikes, and closer, for a stronger value.
///
/// ```text
/// n = ceil(x most)                                    spikes
/// interval = 1 + round((1 - x) (longest - 1))         steps between them
/// ```
///
/// The burst ends with the raster: at least most x longest steps hold any. Where the raster is
/// shorter, the interval is the longest with which all fit.
///
/// - **Parameters**: `most` spikes, 5 is usual; `longest` interval in steps. 0 counts as 1.
/// - **Input**: x in \[0, 1\], no unit, shape (n). **Output**: 0 or 1, shape (steps, n).
/// - **Errors**: as [`Encoder::encode`].
/// - **Source**: Park, Kim, Choe, Yoon (2019), "Fast and efficient information transmission with
///   burst spikes in deep spiking neural networks", DAC; number and interval as in Guo, Fouda,
///   Eltawil, Salama (2021), Frontiers in Neuroscience 15:638474, eq. 6 and 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Spikes of a burst for x = 1.
    pub most: u32,
    /// Steps between the spikes of the weakest burst.
    pub longest: u32,
}

impl Encoder for Burst {
    fn fill(&self, intensity: f32, _channel_idx: u32, steps: &mut [f32]) {
        let x = f64::from(intensity);
        let n_spikes = (x * f64::from(self.most.max(1))).ceil() as usize;
        let longest = f64::from(self.longest.max(1));
        let interval = 1 + ((1.0 - x) * (longest - 1.0)).round() as usize;
        let fitting = steps.len().saturating_sub(1) / n_spikes.saturating_sub(1).max(1);
        let spikes = steps.iter_mut().step_by(interval.min(fitting).max(1));
        spikes.take(n_spikes).for_each(|value| *value = 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stronger_is_more_and_closer() {
        let burst = Burst { most: 3, longest: 4 };
        let spikes = |intensity: f32| {
            let raster = burst.encode(&[intensity], 12).unwrap();
            let steps = raster.data().iter().enumerate();
            steps.filter(|(_, spike)| **spike > 0.0).map(|(step, _)| step).collect::<Vec<_>>()
        };
        assert_eq!(spikes(1.0), [0, 1, 2]);
        assert_eq!(spikes(0.5), [0, 3]);
        assert_eq!(spikes(0.2), [0]);
        assert!(spikes(0.0).is_empty());
    }
}
