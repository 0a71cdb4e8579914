//! The delta rule: one linear unit for each class. The control that forgets.

use crate::error::{PlasticityError, check};
use crate::protocol::Learner;

/// What a delta rule is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct DeltaRuleConfig {
    /// Values of an input.
    pub n_inputs: usize,
    /// Classes 0 to `n_classes - 1`.
    pub n_classes: usize,
    /// Learning rate for an input of length 1, 0.1.
    pub rate: f32,
}

/// `W = W + rate (target - W x) x^T`, with `x` of length 1 and a target of 1 for the class and 0 for
/// the others. It is what class-incremental learning is measured against: each class pulls every
/// output, and so the last one wins.
///
/// Source: Widrow and Hoff 1960, "Adaptive switching circuits", IRE WESCON.
#[derive(Clone, Debug)]
pub struct DeltaRule {
    config: DeltaRuleConfig,
    /// Shape `[n_classes][n_inputs + 1]`, the last of a row is the bias.
    weights: Vec<f32>,
}

impl DeltaRule {
    /// A rule that knows nothing.
    ///
    /// # Errors
    /// [`PlasticityError::Parameter`] for no inputs, no classes, or a rate that is not in (0, 1].
    pub fn new(config: DeltaRuleConfig) -> Result<Self, PlasticityError> {
        let bad = |parameter, expected, found| {
            Err(PlasticityError::Parameter { parameter, expected, found })
        };
        if config.n_inputs == 0 || config.n_inputs > crate::columns::MAX_UNITS {
            return bad("n_inputs", "1 to 1,048,576", config.n_inputs as f64);
        }
        if config.n_classes == 0 || config.n_classes > crate::columns::MAX_CLASSES {
            return bad("n_classes", "1 to 4,096", config.n_classes as f64);
        }
        if !(config.rate > 0.0 && config.rate <= 1.0) {
            return bad("rate", "more than 0, at most 1", f64::from(config.rate));
        }
        let weights = vec![0.0; config.n_classes * (config.n_inputs + 1)];
        Ok(Self { config, weights })
    }

    fn outputs(&self, input: &[f32]) -> Result<(Vec<f32>, Vec<f32>), PlasticityError> {
        check(input, self.config.n_inputs)?;
        let length = input.iter().map(|v| v * v).sum::<f32>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        let x: Vec<f32> = input.iter().map(|v| v * scale).chain([1.0]).collect();
        let rows = self.weights.chunks_exact(x.len());
        let y = rows.map(|w| w.iter().zip(&x).map(|(w, x)| w * x).sum()).collect();
        Ok((x, y))
    }
}

impl Learner for DeltaRule {
    fn learn(&mut self, input: &[f32], class: u32) -> Result<(), PlasticityError> {
        if class as usize >= self.config.n_classes {
            return Err(PlasticityError::Full { what: "classes", limit: self.config.n_classes });
        }
        let (x, y) = self.outputs(input)?;
        for (k, (row, y)) in self.weights.chunks_exact_mut(x.len()).zip(y).enumerate() {
            let target = if k == class as usize { 1.0 } else { 0.0 };
            let step = self.config.rate * (target - y);
            row.iter_mut().zip(&x).for_each(|(w, x)| *w += step * x);
        }
        Ok(())
    }

    fn predict(&self, input: &[f32]) -> Result<Option<u32>, PlasticityError> {
        let (_, y) = self.outputs(input)?;
        let best = (0..y.len()).max_by(|a, b| y[*a].total_cmp(&y[*b]));
        Ok(best.map(|class| class as u32))
    }
}
