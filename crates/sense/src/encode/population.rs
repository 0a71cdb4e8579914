//! Population code: a value as the overlap with bell curves.

use super::{Encoder, Latency};
use crate::limits::MAX_FIELDS;
use crate::{Array, SenseError};

/// Gaussian receptive fields at even distances over a range; each is one channel, whose strength is
/// coded by another encoder.
///
/// ```text
/// mu_i = low + (2 i - 3) / 2 (high - low) / (m - 2),   i = 1 .. m
/// sigma = (high - low) / (beta (m - 2))
/// strength_i = exp(-(x - mu_i)^2 / (2 sigma^2))
/// ```
///
/// Strengths below `cutoff` are 0: so far from a field's middle it says nothing.
///
/// - **Parameters**: m fields, at least 3; low < high, in the unit of x; beta 1 to 2, 1.5 is usual;
///   cutoff 0.1.
/// - **Input**: x, finite, any unit, shape (n). **Output**: shape (steps, n m), fields of a value
///   together.
/// - **Errors**: [`SenseError::Value`] for parameters or values that are none of these.
/// - **Source**: Bohte, La Poutré, Kok (2002), "Error-backpropagation in temporally encoded networks
///   of spiking neurons", Neurocomputing 48, section 4; Snippe (1996).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Population {
    /// Fields of each value.
    pub n_fields: usize,
    /// The lowest value of the range.
    pub low: f64,
    /// The highest value of the range.
    pub high: f64,
    /// How narrow fields are.
    pub beta: f64,
    /// The least strength that counts.
    pub cutoff: f64,
}

impl Population {
    /// Fields over a range, with beta 1.5 and cutoff 0.1.
    pub fn new(n_fields: usize, low: f64, high: f64) -> Population {
        Population { n_fields, low, high, beta: 1.5, cutoff: 0.1 }
    }

    /// The strength of each field for each value, in \[0, 1\], fields of a value together.
    ///
    /// # Errors
    ///
    /// As the type says.
    pub fn strengths(&self, values: &[f64]) -> Result<Vec<f32>, SenseError> {
        self.check()?;
        if let Some(idx) = values.iter().position(|value| !value.is_finite()) {
            let (what, expected, found) = ("value".to_owned(), "a finite number", values[idx]);
            return Err(SenseError::Value { what, idx, expected, found });
        }
        let spacing = (self.high - self.low) / (self.n_fields - 2) as f64;
        let strength = |value: f64, field: usize| {
            let middle = self.low + (field as f64 - 0.5) * spacing;
            let distance = (value - middle) * self.beta / spacing;
            Some((-0.5 * distance * distance).exp()).filter(|s| *s >= self.cutoff).unwrap_or(0.0)
                as f32
        };
        let fields =
            |value: &f64| (0..self.n_fields).map(|field| strength(*value, field)).collect();
        Ok(values.iter().flat_map(|value| -> Vec<f32> { fields(value) }).collect())
    }

    /// Values as spikes: each field spikes once, the sooner the stronger.
    ///
    /// # Errors
    ///
    /// As the type says, and as [`Encoder::encode`].
    pub fn encode(&self, values: &[f64], n_steps: usize) -> Result<Array, SenseError> {
        Latency.encode(&self.strengths(values)?, n_steps)
    }

    fn check(&self) -> Result<(), SenseError> {
        let rules = [
            (
                "n_fields",
                (3..=MAX_FIELDS).contains(&self.n_fields),
                "3 to 65536",
                self.n_fields as f64,
            ),
            ("low", self.low.is_finite() && self.low < self.high, "below high", self.low),
            ("high", self.high.is_finite(), "a finite number", self.high),
            ("beta", self.beta > 0.0 && self.beta.is_finite(), "above zero", self.beta),
            ("cutoff", (0.0..1.0).contains(&self.cutoff), "from 0, below 1", self.cutoff),
        ];
        super::check_rules("population", &rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bohte's example of eight fields: middles at (2 i - 3) / 12 of the range.
    #[test]
    fn fields_are_even_and_the_nearest_is_strongest() {
        let population = Population { cutoff: 0.0, ..Population::new(8, 0.0, 6.0) };
        let strengths = population.strengths(&[0.5, 3.0]).unwrap();
        assert_eq!(strengths.len(), 16);
        assert_eq!(strengths[1], 1.0);
        assert!((strengths[0] - (-0.5_f32 * 2.25).exp()).abs() < 1e-6);
        assert_eq!(strengths[8 + 3], strengths[8 + 4]);
        let raster = Population::new(8, 0.0, 6.0).encode(&[0.5], 11).unwrap();
        assert_eq!((raster.shape(), raster.data()[1]), (&[11, 8][..], 1.0));
    }

    #[test]
    fn what_is_no_range_is_an_error() {
        for bad in [
            Population::new(2, 0.0, 1.0),
            Population::new(8, 1.0, 1.0),
            Population::new(8, f64::NAN, 1.0),
            Population::new(8, 0.0, f64::INFINITY),
        ] {
            assert!(bad.strengths(&[0.5]).is_err(), "{bad:?}");
        }
        assert!(Population::new(8, 0.0, 1.0).strengths(&[f64::NAN]).is_err());
    }
}
