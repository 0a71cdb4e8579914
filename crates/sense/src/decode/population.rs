//! Population vector: where the neurons' votes point together.

use crate::SenseError;

/// The sum of preferred directions, each as strong as its neuron fires above its base.
///
/// ```text
/// P = sum_i (rate_i - base_i) d_i
/// ```
///
/// - **Input**: rates, in Hz or counts, shape (n); base rates in the same unit, shape (n).
/// - **Parameters**: preferred directions d, unit vectors, shape (n, dimensions).
/// - **Output**: P, shape (dimensions), not normalised: its length says how sure the vote is.
/// - **Errors**: [`SenseError::Shape`] for lengths that differ, [`SenseError::Value`] for what is
///   not finite.
/// - **Source**: Georgopoulos, Schwartz, Kettner (1986), "Neuronal population coding of movement
///   direction", Science 233.
pub fn population_vector<const D: usize>(
    rates: &[f64],
    bases: &[f64],
    directions: &[[f64; D]],
) -> Result<[f64; D], SenseError> {
    let n = directions.len();
    for (what, found) in [("rates", rates), ("base rates", bases)] {
        if found.len() != n {
            let (expected, found) = (format!("{n} values"), vec![found.len()]);
            return Err(SenseError::Shape { what: what.into(), expected, found });
        }
        if let Some(idx) = found.iter().position(|value| !value.is_finite()) {
            let (expected, found) = ("a finite number", found[idx]);
            return Err(SenseError::Value { what: what.into(), idx, expected, found });
        }
    }
    let mut sum = [0.0; D];
    for ((rate, base), direction) in rates.iter().zip(bases).zip(directions) {
        sum.iter_mut().zip(direction).for_each(|(sum, part)| *sum += (rate - base) * part);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cosine tuning around a circle is decoded exactly.
    #[test]
    fn cosine_tuning_is_decoded() {
        let angles: Vec<f64> = (0..8).map(|i| f64::from(i) * std::f64::consts::TAU / 8.0).collect();
        let directions: Vec<[f64; 2]> = angles.iter().map(|a| [a.cos(), a.sin()]).collect();
        for moved in [0.3, 2.0, 4.4_f64] {
            let rates: Vec<f64> = angles.iter().map(|a| 20.0 + 10.0 * (moved - a).cos()).collect();
            let [x, y] = population_vector(&rates, &[20.0; 8], &directions).unwrap();
            assert!((y.atan2(x).rem_euclid(std::f64::consts::TAU) - moved).abs() < 1e-9);
        }
        assert!(population_vector(&[1.0], &[1.0; 2], &[[1.0, 0.0]; 2]).is_err());
        assert!(population_vector(&[f64::NAN], &[0.0], &[[1.0]]).is_err());
    }
}
