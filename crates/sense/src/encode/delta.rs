//! Send-on-delta: a spike where a signal moved, none where it rests.

use crate::limits::MAX_BANDS;
use crate::{Array, SenseError};

/// How far a signal must move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Always so far, in the signal's unit, above 0.
    Fixed(f64),
    /// A share of how much the signal moves from sample to sample of late, so that weak and strong
    /// signals spike alike:
    ///
    /// ```text
    /// m := m + rate (|x_t - x_{t-1}| - m);    threshold = max(factor m, least)
    /// ```
    Adaptive {
        /// Above 0.
        factor: f64,
        /// Above 0, at most 1: how fast m follows.
        rate: f64,
        /// The lowest threshold, in the signal's unit, above 0.
        least: f64,
    },
}

/// Spikes for how a signal moved: for each channel one for rises, one for falls.
///
/// ```text
/// while x_t - r >= threshold:  rise, r := r + threshold
/// while r - x_t >= threshold:  fall, r := r - threshold
/// ```
///
/// r is the value told so far, at first the first sample. At most `most` spikes of a channel are in
/// a step; what is left then is told in the next ones.
///
/// - **Input**: samples, finite, any unit, shape (steps, n), in pieces of whole steps.
/// - **Output**: counts, shape (steps, 2 n): rises of channel i at 2 i, falls at 2 i + 1.
/// - **State**: r, the sample before and m of each channel.
/// - **Errors**: [`SenseError::Value`] for NaN and infinities; nothing is taken then.
/// - **Source**: Miskowicz (2006), "Send-on-delta concept", Sensors 6; Lichtsteiner, Posch, Delbruck
///   (2008), IEEE J. Solid-State Circuits 43, for rises and falls.
#[derive(Clone, Debug)]
pub struct Delta {
    threshold: Threshold,
    most: u32,
    channels: Vec<Channel>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Channel {
    is_known: bool,
    told: f64,
    before: f64,
    motion: f64,
}

impl Delta {
    /// An encoder of so many channels that has seen nothing; at most `most` spikes for each.
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for parameters that are not as [`Threshold`] says, no channel, too many
    /// or `most` of 0.
    pub fn new(n_channels: usize, threshold: Threshold, most: u32) -> Result<Delta, SenseError> {
        let above_zero = |value: f64| value > 0.0 && value.is_finite();
        let (factor, rate, least) = match threshold {
            Threshold::Fixed(least) => (1.0, 1.0, least),
            Threshold::Adaptive { factor, rate, least } => (factor, rate, least),
        };
        let rules = [
            ("channels", (1..=MAX_BANDS).contains(&n_channels), "1 to 4096", n_channels as f64),
            ("threshold", above_zero(least), "above zero and finite", least),
            ("factor", above_zero(factor), "above zero and finite", factor),
            ("rate", rate > 0.0 && rate <= 1.0, "above 0, at most 1", rate),
            ("most", most > 0, "at least one", most.into()),
        ];
        super::check_rules("delta", &rules)?;
        Ok(Delta { threshold, most, channels: vec![Channel::default(); n_channels] })
    }

    /// The spikes of the next steps: shape (steps, 2 n).
    ///
    /// # Errors
    ///
    /// As the type says, and [`SenseError::Shape`] for another number of channels.
    pub fn encode(&mut self, samples: &Array) -> Result<Array, SenseError> {
        let n_channels = self.channels.len();
        if samples.n_channels() != n_channels {
            let expected = format!("(steps, {n_channels})");
            let found = samples.shape().to_vec();
            return Err(SenseError::Shape { what: "samples".into(), expected, found });
        }
        super::check_finite("samples", samples.data())?;
        let mut spikes = Vec::with_capacity(2 * samples.data().len());
        for step in samples.steps() {
            for (channel, sample) in self.channels.iter_mut().zip(step) {
                let (rises, falls) = channel.step((*sample).into(), self.threshold, self.most);
                spikes.extend([rises as f32, falls as f32]);
            }
        }
        Array::new(vec![samples.n_steps(), 2 * n_channels], spikes)
    }
}

impl Channel {
    fn step(&mut self, sample: f64, threshold: Threshold, most: u32) -> (u32, u32) {
        if !self.is_known {
            *self = Channel { is_known: true, told: sample, before: sample, motion: 0.0 };
        }
        let threshold = match threshold {
            Threshold::Fixed(threshold) => threshold,
            Threshold::Adaptive { factor, rate, least } => {
                self.motion += rate * ((sample - self.before).abs() - self.motion);
                (factor * self.motion).max(least)
            }
        };
        self.before = sample;
        let distance = sample - self.told;
        // The cast takes what is too far for the highest integer; `most` is lower.
        let n_spikes = ((distance.abs() / threshold) as u32).min(most);
        self.told += f64::from(n_spikes) * threshold * distance.signum();
        if distance > 0.0 { (n_spikes, 0) } else { (0, n_spikes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[f32]) -> Array {
        Array::new(vec![values.len(), 1], values.to_vec()).unwrap()
    }

    #[test]
    fn spikes_tell_how_far_it_moved() {
        let mut delta = Delta::new(1, Threshold::Fixed(0.5), 2).unwrap();
        let found = delta.encode(&column(&[1.0, 1.4, 1.5, 3.0, 3.0, 2.0])).unwrap();
        let expected = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 1.0, 0.0, 0.0, 2.0];
        assert_eq!(found.data(), expected);
    }

    #[test]
    fn the_signal_can_be_put_together_again() {
        let signal: Vec<f32> = (0..200).map(|t| (t as f32 * 0.07).sin()).collect();
        let mut delta = Delta::new(1, Threshold::Fixed(0.05), 10).unwrap();
        let mut told = f64::from(signal[0]);
        for (step, value) in delta.encode(&column(&signal)).unwrap().steps().zip(&signal) {
            told += 0.05 * f64::from(step[0] - step[1]);
            assert!((told - f64::from(*value)).abs() < 0.05 + 1e-9);
        }
    }

    /// A signal and the same a hundred times as strong spike alike.
    #[test]
    fn an_adaptive_threshold_does_not_ask_how_strong() {
        let adaptive = Threshold::Adaptive { factor: 2.0, rate: 0.1, least: 1e-6 };
        let spikes = |scale: f32| {
            let signal: Vec<f32> = (0..500).map(|t| scale * (t as f32 * 0.1).sin()).collect();
            let mut delta = Delta::new(1, adaptive, 4).unwrap();
            delta.encode(&column(&signal)).unwrap().data().iter().sum::<f32>()
        };
        assert!(spikes(1.0) > 50.0);
        assert!((spikes(1.0) - spikes(100.0)).abs() <= 4.0);
    }

    #[test]
    fn what_is_not_finite_is_an_error_and_nothing_is_taken() {
        let mut delta = Delta::new(1, Threshold::Fixed(1.0), 1).unwrap();
        assert!(delta.encode(&column(&[5.0, f32::NAN])).is_err());
        assert_eq!(delta.encode(&column(&[0.0, 1.0])).unwrap().data(), [0.0, 0.0, 1.0, 0.0]);
        assert!(Delta::new(1, Threshold::Fixed(0.0), 1).is_err());
        assert!(Delta::new(0, Threshold::Fixed(1.0), 1).is_err());
    }
}
