//! Encoders: intensities in \[0, 1\] become a raster, one channel for each value.
//!
//! [`Rate`] spaces spikes evenly, [`AdaptiveRate`] tires, [`Bernoulli`] draws them, [`Latency`] says
//! it all with when, [`Phase`] with the bits, [`Burst`] with how many how close; [`Direct`] leaves
//! the coding to the first layer. [`Population`] and [`Ttfs`] begin with values and times in their
//! units, [`Delta`] with signals that move. Survey: Auge, Hille, Mueller, Knoll (2021),
//! "A survey of encoding techniques for signal processing in spiking neural networks",
//! Neural Processing Letters 53.

mod adaptive;
mod bernoulli;
mod burst;
mod delta;
mod direct;
mod latency;
mod phase;
mod population;
mod rate;
mod ttfs;

pub use adaptive::AdaptiveRate;
pub use bernoulli::Bernoulli;
pub use burst::Burst;
pub use delta::{Delta, Threshold};
pub use direct::Direct;
pub use latency::Latency;
pub use phase::Phase;
pub use population::Population;
pub use rate::Rate;
pub use ttfs::{Ttfs, validate};

use crate::SenseError;
use crate::array::{Array, n_values};

/// Turns intensities into a raster.
///
/// Every encoder: the same input gives the same raster; intensity 0 gives nothing; a higher
/// intensity never gives less over all steps, each weighed as the code weighs it, and 1 the most.
pub trait Encoder {
    /// Fills one channel: `steps` is all zero, one value for each step; `intensity` is in \[0, 1\].
    fn fill(&self, intensity: f32, channel_idx: u32, steps: &mut [f32]);

    /// Encodes n intensities as a raster of shape (`n_steps`, n).
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for the first intensity that is not in \[0, 1\] (NaN included),
    /// [`SenseError::Shape`] for no steps, [`SenseError::TooLarge`] above
    /// [`MAX_ARRAY_VALUES`](crate::limits::MAX_ARRAY_VALUES).
    fn encode(&self, intensities: &[f32], n_steps: usize) -> Result<Array, SenseError> {
        let shape = vec![n_steps, intensities.len()];
        if n_steps == 0 {
            let expected = "at least one step".to_owned();
            return Err(SenseError::Shape { what: "raster".into(), expected, found: shape });
        }
        let mut data = vec![0.0; n_values("raster", &shape)?];
        check_intensities(intensities)?;
        let mut steps = vec![0.0; n_steps];
        for (channel_idx, intensity) in intensities.iter().enumerate() {
            steps.fill(0.0);
            // The limit on values keeps the index far below 2^32.
            self.fill(*intensity, channel_idx as u32, &mut steps);
            for (step, value) in steps.iter().enumerate() {
                data[step * intensities.len() + channel_idx] = *value;
            }
        }
        Array::new(shape, data)
    }
}

/// A parameter's name, whether it holds, what it must be and what it is.
type Rule = (&'static str, bool, &'static str, f64);

/// The first parameter that is not as it must be.
fn check_rules(owner: &str, rules: &[Rule]) -> Result<(), SenseError> {
    match rules.iter().find(|(_, holds, ..)| !holds) {
        None => Ok(()),
        Some((name, _, expected, found)) => {
            let what = format!("{owner}: {name}");
            Err(SenseError::Value { what, idx: 0, expected, found: *found })
        }
    }
}

fn check_finite(what: &str, values: &[f32]) -> Result<(), SenseError> {
    let Some(idx) = values.iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let (expected, found) = ("a finite number", values[idx].into());
    Err(SenseError::Value { what: what.into(), idx, expected, found })
}

fn check_intensities(intensities: &[f32]) -> Result<(), SenseError> {
    match intensities.iter().position(|intensity| !(0.0..=1.0).contains(intensity)) {
        None => Ok(()),
        Some(idx) => Err(SenseError::Value {
            what: "intensity".into(),
            idx,
            expected: "0 to 1",
            found: intensities[idx].into(),
        }),
    }
}

/// The spikes of a raster as lists: for each step the channels that spike, ascending.
///
/// # Errors
///
/// [`SenseError::Value`] for a value that is not 0 or 1: a current, or several spikes in one step.
pub fn events(raster: &Array) -> Result<Vec<Vec<u32>>, SenseError> {
    if let Some(idx) = raster.data().iter().position(|value| *value != 0.0 && *value != 1.0) {
        return Err(SenseError::Value {
            what: "raster".into(),
            idx,
            expected: "0 or 1",
            found: raster.data()[idx].into(),
        });
    }
    let spikes =
        |(channel_idx, value): (usize, &f32)| (*value != 0.0).then_some(channel_idx as u32);
    Ok(raster.steps().map(|step| step.iter().enumerate().filter_map(spikes).collect()).collect())
}

/// One suite for every encoder.
#[cfg(test)]
mod contract {
    use super::*;

    const N_STEPS: usize = 32;

    /// The phase code with each spike at its weight.
    struct PhaseSum;

    impl Encoder for PhaseSum {
        fn fill(&self, intensity: f32, channel_idx: u32, steps: &mut [f32]) {
            let phase = Phase { period: 8 };
            phase.fill(intensity, channel_idx, steps);
            let weighted = steps.iter_mut().enumerate();
            weighted.for_each(|(step, value)| *value *= phase.weight(step));
        }
    }

    fn encoders() -> Vec<(&'static str, Box<dyn Encoder>)> {
        vec![
            ("rate", Box::new(Rate)),
            ("bernoulli", Box::new(Bernoulli { seed: 7 })),
            ("latency", Box::new(Latency)),
            ("direct", Box::new(Direct)),
            ("adaptive", Box::new(AdaptiveRate { increment: 0.5, keep: 0.9 })),
            ("burst", Box::new(Burst { most: 5, longest: 6 })),
            ("phase", Box::new(PhaseSum)),
        ]
    }

    /// What one channel sums to over all steps.
    fn total(encoder: &dyn Encoder, intensity: f32) -> f32 {
        encoder.encode(&[intensity], N_STEPS).unwrap().data().iter().sum()
    }

    #[test]
    fn the_same_input_gives_the_same_raster() {
        let intensities = [0.0, 0.1, 0.5, 0.9, 1.0];
        for (name, encoder) in encoders() {
            let raster = encoder.encode(&intensities, N_STEPS).unwrap();
            assert_eq!(raster.shape(), [N_STEPS, 5], "{name}");
            assert_eq!(raster, encoder.encode(&intensities, N_STEPS).unwrap(), "{name}");
        }
    }

    #[test]
    fn more_intensity_never_gives_less() {
        for (name, encoder) in encoders() {
            let totals: Vec<f32> = (0..=128).map(|n| total(&*encoder, n as f32 / 128.0)).collect();
            assert_eq!(totals[0], 0.0, "{name}: zero gives nothing");
            assert!(totals[128] > 0.0, "{name}: one gives something");
            assert!(totals.is_sorted(), "{name}: {totals:?}");
        }
    }

    #[test]
    fn what_is_no_intensity_is_one_clear_error() {
        for (name, encoder) in encoders() {
            for bad in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
                let error = encoder.encode(&[0.5, bad, bad], N_STEPS).unwrap_err();
                let is_clear = matches!(
                    error,
                    SenseError::Value { idx: 1, expected: "0 to 1", found, .. }
                        if found.to_bits() == f64::from(bad).to_bits() || found.is_nan()
                );
                assert!(is_clear, "{name}: {error}");
            }
        }
    }

    #[test]
    fn sizes_are_checked() {
        for (name, encoder) in encoders() {
            assert_eq!(encoder.encode(&[], 3).unwrap().shape(), [3, 0], "{name}");
            assert!(matches!(encoder.encode(&[0.5], 0), Err(SenseError::Shape { .. })), "{name}");
            let huge = encoder.encode(&[0.5; 2], usize::MAX);
            assert!(matches!(huge, Err(SenseError::TooLarge { .. })), "{name}");
        }
    }

    #[test]
    fn events_list_the_channels_of_each_step() {
        let raster = Array::new(vec![3, 2], vec![0.0, 1.0, 0.0, 0.0, 1.0, 1.0]).unwrap();
        assert_eq!(events(&raster).unwrap(), [vec![1], vec![], vec![0, 1]]);
        let currents = Array::new(vec![1, 1], vec![0.5]).unwrap();
        let error = events(&currents).unwrap_err().to_string();
        assert_eq!(error, "raster[0]: expected 0 or 1, found 0.5");
    }
}
