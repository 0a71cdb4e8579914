//! Potentials to a class, for outputs that do not spike.

use crate::{Array, SenseError};

/// What of a potential over time decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membrane {
    /// The highest in any step.
    Highest,
    /// The last.
    Last,
    /// The mean over all steps.
    Mean,
}

impl Membrane {
    /// One number for each neuron, from potentials of shape (steps, n).
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for a potential that is not finite, [`SenseError::Shape`] for no step.
    pub fn values(self, potentials: &Array) -> Result<Vec<f64>, SenseError> {
        super::check_finite("potentials", potentials)?;
        let n_steps = potentials.n_steps();
        if n_steps == 0 {
            let (expected, found) = ("at least one step".to_owned(), potentials.shape().to_vec());
            return Err(SenseError::Shape { what: "potentials".into(), expected, found });
        }
        let value = |neuron: usize| {
            let steps = potentials.steps().map(|step| f64::from(step[neuron]));
            match self {
                Membrane::Highest => steps.fold(f64::NEG_INFINITY, f64::max),
                Membrane::Last => steps.last().unwrap_or(f64::NAN),
                Membrane::Mean => steps.sum::<f64>() / n_steps as f64,
            }
        };
        Ok((0..potentials.n_channels()).map(value).collect())
    }

    /// The neuron with the highest value; ties go to the lowest index.
    ///
    /// # Errors
    ///
    /// As [`Membrane::values`], and [`SenseError::Shape`] if there is no neuron.
    pub fn class(self, potentials: &Array) -> Result<usize, SenseError> {
        let values = self.values(potentials)?;
        let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        values.iter().position(|value| *value == highest).ok_or_else(|| SenseError::Shape {
            what: "potentials".into(),
            expected: "at least one neuron".into(),
            found: potentials.shape().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_looks_at_its_own_part() {
        let potentials = Array::new(vec![3, 2], vec![0.0, 1.0, 5.0, 1.0, 0.0, 1.5]).unwrap();
        assert_eq!(Membrane::Highest.values(&potentials).unwrap(), [5.0, 1.5]);
        assert_eq!(Membrane::Last.values(&potentials).unwrap(), [0.0, 1.5]);
        assert_eq!(Membrane::Mean.class(&potentials).unwrap(), 0);
        assert_eq!(Membrane::Last.class(&potentials).unwrap(), 1);
        let bad = Array::new(vec![1, 1], vec![f32::NAN]).unwrap();
        assert!(Membrane::Last.values(&bad).is_err());
        assert!(Membrane::Last.values(&Array::new(vec![0, 1], vec![]).unwrap()).is_err());
    }
}
