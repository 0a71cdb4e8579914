//! Decoders: a raster of output spikes becomes an answer.
//!
//! A raster has shape (steps, n) and holds how many spikes each neuron had in each step.
//! Ties go to the lowest index, as `numpy.argmax` has it. [`Membrane`] reads potentials instead,
//! [`population_vector`] directions, and [`Linear`] whatever was fitted to [`filtered`] spikes.

mod linear;
mod membrane;
mod population;

pub use linear::{Linear, filtered};
pub use membrane::Membrane;
pub use population::population_vector;

use crate::{Array, SenseError};

fn check_finite(what: &str, array: &Array) -> Result<(), SenseError> {
    let Some(idx) = array.data().iter().position(|value| !value.is_finite()) else { return Ok(()) };
    let (expected, found) = ("a finite number", array.data()[idx].into());
    Err(SenseError::Value { what: what.into(), idx, expected, found })
}

/// How many spikes each neuron had over all steps.
///
/// # Errors
///
/// [`SenseError::Value`] for a value that is no number of spikes: negative, fractional or NaN.
pub fn counts(raster: &Array) -> Result<Vec<u64>, SenseError> {
    let is_count = |value: &f32| *value >= 0.0 && value.is_finite() && value.fract() == 0.0;
    if let Some(idx) = raster.data().iter().position(|value| !is_count(value)) {
        return Err(SenseError::Value {
            what: "raster".into(),
            idx,
            expected: "a number of spikes",
            found: raster.data()[idx].into(),
        });
    }
    let mut counts = vec![0_u64; raster.n_channels()];
    for step in raster.steps() {
        for (count, value) in counts.iter_mut().zip(step) {
            *count = count.saturating_add(*value as u64);
        }
    }
    Ok(counts)
}

/// The neuron with the most spikes; without any spike that is neuron 0, a tie like others.
///
/// # Errors
///
/// As [`counts`], and [`SenseError::Shape`] if there is no neuron.
pub fn class(raster: &Array) -> Result<usize, SenseError> {
    let counts = counts(raster)?;
    let most = counts.iter().max();
    let class = most.and_then(|most| counts.iter().position(|count| count == most));
    class.ok_or_else(|| SenseError::Shape {
        what: "raster".into(),
        expected: "at least one neuron".into(),
        found: raster.shape().to_vec(),
    })
}

/// The neuron that spikes first; `None` if none does.
///
/// # Errors
///
/// As [`counts`].
pub fn first_spike(raster: &Array) -> Result<Option<usize>, SenseError> {
    counts(raster)?;
    Ok(raster.steps().find_map(|step| step.iter().position(|value| *value > 0.0)))
}

/// Spikes per second of each neuron, with steps of `dt_seconds`.
///
/// # Errors
///
/// As [`counts`], [`SenseError::Value`] if `dt_seconds` is not above zero and finite, and
/// [`SenseError::Shape`] if there is no step.
pub fn rates_hz(raster: &Array, dt_seconds: f64) -> Result<Vec<f64>, SenseError> {
    if !(dt_seconds > 0.0 && dt_seconds.is_finite()) {
        let (what, expected) = ("dt_seconds".to_owned(), "above zero and finite");
        return Err(SenseError::Value { what, idx: 0, expected, found: dt_seconds });
    }
    if raster.n_steps() == 0 {
        let expected = "at least one step".to_owned();
        let found = raster.shape().to_vec();
        return Err(SenseError::Shape { what: "raster".into(), expected, found });
    }
    let duration_seconds = raster.n_steps() as f64 * dt_seconds;
    Ok(counts(raster)?.into_iter().map(|count| count as f64 / duration_seconds).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raster(n_steps: usize, data: &[f32]) -> Array {
        Array::new(vec![n_steps, data.len() / n_steps], data.to_vec()).unwrap()
    }

    #[test]
    fn the_most_spikes_win_and_ties_go_low() {
        let spikes = raster(2, &[0.0, 1.0, 2.0, 0.0, 1.0, 0.0]);
        assert_eq!(counts(&spikes).unwrap(), [0, 2, 2]);
        assert_eq!(class(&spikes).unwrap(), 1);
        assert_eq!(class(&raster(2, &[0.0; 6])).unwrap(), 0);
        assert!(class(&Array::new(vec![2, 0], vec![]).unwrap()).is_err());
    }

    #[test]
    fn the_first_spike_wins_and_ties_go_low() {
        assert_eq!(first_spike(&raster(2, &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0])).unwrap(), Some(1));
        assert_eq!(first_spike(&raster(2, &[0.0; 4])).unwrap(), None);
    }

    #[test]
    fn rates_are_per_second() {
        assert_eq!(rates_hz(&raster(4, &[1.0, 0.0, 1.0, 3.0]), 1e-3).unwrap(), [1250.0]);
        assert!(rates_hz(&raster(1, &[1.0]), 0.0).is_err());
        assert!(rates_hz(&raster(1, &[1.0]), f64::NAN).is_err());
    }

    #[test]
    fn what_is_no_count_is_told() {
        for bad in [-1.0, 0.5, f32::NAN, f32::INFINITY] {
            assert!(matches!(
                counts(&raster(1, &[0.0, bad])),
                Err(SenseError::Value { idx: 1, .. })
            ));
        }
    }
}
