//! Linear decoding: signals from filtered spikes.

use crate::limits::MAX_FEATURES;
use crate::{Array, SenseError};

/// Spikes through an exponential filter: shape (steps, n), what a synapse makes of them.
///
/// ```text
/// y := exp(-dt / tau) y + spikes
/// ```
///
/// # Errors
///
/// [`SenseError::Value`] for values that are not finite, or times not above zero.
pub fn filtered(raster: &Array, tau_seconds: f64, dt_seconds: f64) -> Result<Array, SenseError> {
    super::check_finite("raster", raster)?;
    for (what, found) in [("tau_seconds", tau_seconds), ("dt_seconds", dt_seconds)] {
        if !(found > 0.0 && found.is_finite()) {
            let expected = "above zero and finite";
            return Err(SenseError::Value { what: what.into(), idx: 0, expected, found });
        }
    }
    let keep = (-dt_seconds / tau_seconds).exp();
    let mut state = vec![0.0_f64; raster.n_channels()];
    let mut data = Vec::with_capacity(raster.data().len());
    for step in raster.steps() {
        for (state, spikes) in state.iter_mut().zip(step) {
            *state = keep * *state + f64::from(*spikes);
            data.push(*state as f32);
        }
    }
    Array::new(vec![raster.n_steps(), raster.n_channels()], data)
}

/// A linear map with offset, fitted by ridge regression.
///
/// ```text
/// minimise  sum_t |y_t - W x_t - c|^2 + alpha |W|^2
/// W = (X' X + alpha I)^-1 X' Y,  with X and Y centred;  c = mean y - W mean x
/// ```
///
/// - **Parameters**: alpha, from 0. **Input**: x, shape (n); **output**: y, shape (m).
/// - **Source**: Hoerl, Kennard (1970), Technometrics 12; for spikes Rieke, Warland, de Ruyter van
///   Steveninck, Bialek (1997), *Spikes*, 2.3. As `sklearn.linear_model.Ridge`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    n_inputs: usize,
    /// Shape (m, n).
    weights: Vec<f64>,
    /// Shape (m).
    offsets: Vec<f64>,
}

impl Linear {
    /// Fits inputs of shape (samples, n) to outputs of shape (samples, m).
    ///
    /// # Errors
    ///
    /// [`SenseError::Shape`] for no sample or other numbers of samples, [`SenseError::TooLarge`]
    /// above [`MAX_FEATURES`] inputs, [`SenseError::Value`] for what is not finite, for an alpha
    /// below 0, and for inputs that depend on each other where alpha is 0.
    pub fn fit(inputs: &Array, outputs: &Array, alpha: f64) -> Result<Linear, SenseError> {
        check_fit(inputs, outputs, alpha)?;
        let (n, m) = (inputs.n_channels(), outputs.n_channels());
        let (mean_x, mean_y) = (means(inputs), means(outputs));
        let mut gram = vec![0.0; n * n];
        let mut cross = vec![0.0; m * n];
        for (x, y) in inputs.steps().zip(outputs.steps()) {
            let x: Vec<f64> = x.iter().zip(&mean_x).map(|(x, mean)| f64::from(*x) - mean).collect();
            for (i, row) in gram.chunks_exact_mut(n.max(1)).enumerate() {
                row[..=i].iter_mut().zip(&x).for_each(|(sum, other)| *sum += x[i] * other);
            }
            for (k, row) in cross.chunks_exact_mut(n.max(1)).enumerate() {
                let y = f64::from(y[k]) - mean_y[k];
                row.iter_mut().zip(&x).for_each(|(sum, x)| *sum += y * x);
            }
        }
        (0..n).for_each(|i| gram[i * n + i] += alpha);
        if let Some(idx) = cholesky(&mut gram, n) {
            let (what, expected) = ("inputs".to_owned(), "inputs independent of each other");
            return Err(SenseError::Value { what, idx, expected, found: alpha });
        }
        cross.chunks_exact_mut(n.max(1)).for_each(|row| solve(&gram, n, row));
        let offset = |k: usize| {
            let row = &cross[k * n..(k + 1) * n];
            mean_y[k] - row.iter().zip(&mean_x).map(|(w, x)| w * x).sum::<f64>()
        };
        let offsets = (0..m).map(offset).collect();
        Ok(Linear { n_inputs: n, weights: cross, offsets })
    }

    /// The outputs for inputs of shape (samples, n): shape (samples, m).
    ///
    /// # Errors
    ///
    /// [`SenseError::Shape`] for another number of inputs, [`SenseError::Value`] for what is not
    /// finite.
    pub fn decode(&self, inputs: &Array) -> Result<Array, SenseError> {
        super::check_finite("inputs", inputs)?;
        if inputs.n_channels() != self.n_inputs {
            let (expected, found) =
                (format!("(steps, {})", self.n_inputs), inputs.shape().to_vec());
            return Err(SenseError::Shape { what: "inputs".into(), expected, found });
        }
        let output = |x: &[f32], k: usize| {
            let row = &self.weights[k * self.n_inputs..(k + 1) * self.n_inputs];
            let sum: f64 = row.iter().zip(x).map(|(w, x)| w * f64::from(*x)).sum();
            (sum + self.offsets[k]) as f32
        };
        let m = self.offsets.len();
        let data = inputs.steps().flat_map(|x| (0..m).map(move |k| output(x, k))).collect();
        Array::new(vec![inputs.n_steps(), m], data)
    }

    /// Shape (m, n), row by row.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Shape (m).
    pub fn offsets(&self) -> &[f64] {
        &self.offsets
    }
}

fn check_fit(inputs: &Array, outputs: &Array, alpha: f64) -> Result<(), SenseError> {
    super::check_finite("inputs", inputs)?;
    super::check_finite("outputs", outputs)?;
    let n_samples = inputs.n_steps();
    if n_samples == 0 || outputs.n_steps() != n_samples {
        let (expected, found) = (format!("{} samples", n_samples.max(1)), outputs.shape().to_vec());
        return Err(SenseError::Shape { what: "outputs".into(), expected, found });
    }
    if inputs.n_channels() > MAX_FEATURES {
        let (limit, found) = (MAX_FEATURES as u64, inputs.n_channels() as u64);
        return Err(SenseError::TooLarge { what: "inputs".into(), unit: "features", limit, found });
    }
    if !(alpha >= 0.0 && alpha.is_finite()) {
        let (what, expected) = ("alpha".to_owned(), "from 0, finite");
        return Err(SenseError::Value { what, idx: 0, expected, found: alpha });
    }
    Ok(())
}

fn means(array: &Array) -> Vec<f64> {
    let mut means = vec![0.0; array.n_channels()];
    for step in array.steps() {
        means.iter_mut().zip(step).for_each(|(mean, value)| *mean += f64::from(*value));
    }
    means.iter_mut().for_each(|mean| *mean /= array.n_steps() as f64);
    means
}

/// Replaces the lower triangle of a symmetric matrix by L with L L' the matrix; the first row that
/// depends on those before, if one does.
fn cholesky(matrix: &mut [f64], n: usize) -> Option<usize> {
    for i in 0..n {
        let whole = matrix[i * n + i];
        for j in 0..=i {
            let (before, row) = matrix.split_at_mut(i * n);
            let other = if j < i { &before[j * n..j * n + j] } else { &row[..j] };
            let sum: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            let rest = row[j] - sum;
            if j < i {
                row[j] = rest / before[j * n + j];
            } else if rest > 1e-12 * whole {
                row[i] = rest.sqrt();
            } else {
                return Some(i);
            }
        }
    }
    None
}

/// Solves L L' x = b in place.
fn solve(l: &[f64], n: usize, b: &mut [f64]) {
    for i in 0..n {
        let sum: f64 = l[i * n..i * n + i].iter().zip(&*b).map(|(l, b)| l * b).sum();
        b[i] = (b[i] - sum) / l[i * n + i];
    }
    for i in (0..n).rev() {
        b[i] /= l[i * n + i];
        let x = b[i];
        b[..i].iter_mut().zip(&l[i * n..]).for_each(|(b, l)| *b -= l * x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linear_is_found() {
        let x: Vec<f32> = (0..60).map(|i| ((i * 37 % 23) as f32 * 0.1).sin()).collect();
        let inputs = Array::new(vec![20, 3], x).unwrap();
        let y = inputs.steps().flat_map(|x| [2.0 * x[0] - x[1] + 0.5, x[2]]).collect();
        let outputs = Array::new(vec![20, 2], y).unwrap();
        let linear = Linear::fit(&inputs, &outputs, 0.0).unwrap();
        for (found, expected) in linear.weights().iter().zip([2.0, -1.0, 0.0, 0.0, 0.0, 1.0]) {
            assert!((found - expected).abs() < 1e-5, "{linear:?}");
        }
        let decoded = linear.decode(&inputs).unwrap();
        for (found, expected) in decoded.data().iter().zip(outputs.data()) {
            assert!((found - expected).abs() < 1e-5);
        }
    }

    #[test]
    fn inputs_that_depend_on_each_other_need_alpha() {
        let inputs = Array::new(vec![3, 2], vec![1.0, 2.0, 2.0, 4.0, 3.0, 6.0]).unwrap();
        let outputs = Array::new(vec![3, 1], vec![1.0, 2.0, 3.0]).unwrap();
        assert!(Linear::fit(&inputs, &outputs, 0.0).is_err());
        assert!(Linear::fit(&inputs, &outputs, 0.1).is_ok());
        assert!(Linear::fit(&inputs, &outputs, f64::NAN).is_err());
    }

    #[test]
    fn a_filter_forgets() {
        let raster = Array::new(vec![3, 1], vec![1.0, 0.0, 1.0]).unwrap();
        let found = filtered(&raster, 1e-3 / 2.0_f64.ln(), 1e-3).unwrap();
        assert_eq!(found.data(), [1.0, 0.5, 1.25]);
    }
}
