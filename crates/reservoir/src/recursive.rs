//! Recursive least squares: the linear read-out, fitted one row after the other.

use crate::ReservoirError;
use crate::ridge::Readout;

/// Numbers of a row that are followed one by one; the memory is their square.
pub const MAX_RECURSIVE: usize = 8192;

/// Bound of every weight, either way.
pub const MAX_RECURSIVE_WEIGHT: f64 = 1e9;

/// The largest variance of a weight above which nothing is forgotten.
const MAX_P: f64 = 1e9;

/// A read-out that learns online: after each row it is the ridge regression of all rows so far,
/// older ones counting less where `forgetting` is below 1.
///
/// With `x` the row and a constant 1 behind it: `g = P x / (forgetting + x^T P x)`,
/// `W = W + (y - W x) g^T`, `P = (P - g x^T P) / forgetting`, from `P = I / lambda`. Unlike
/// [`Ridge`](crate::Ridge) the constant is held small by `lambda` as the weights are.
///
/// Where rows say nothing about some direction, forgetting would let `P` grow without end (wind-up):
/// above a variance of 1e9 nothing is forgotten, and a `P` that rounding has made no variance any
/// more begins anew as `I / lambda`. Weights are kept within [`MAX_RECURSIVE_WEIGHT`].
///
/// Source: Haykin 2002, "Adaptive filter theory", 4th edition, table 9.1; for liquids Joshi and
/// Maass 2005, "Movement generation with circuits of spiking neurons", Neural Computation 17.
#[derive(Clone, Debug)]
pub struct Recursive {
    n_features: usize,
    n_targets: usize,
    lambda: f64,
    forgetting: f64,
    /// Shape `[n_features + 1][n_features + 1]`.
    p: Vec<f64>,
    /// Shape `[n_targets][n_features + 1]`.
    weights: Vec<f64>,
    px: Vec<f64>,
}

impl Recursive {
    /// A read-out that knows nothing.
    ///
    /// # Errors
    /// [`ReservoirError::Parameter`] for sizes of 0 or above [`MAX_RECURSIVE`], a `lambda` that is
    /// not above 0 or a `forgetting` that is not in (0, 1].
    pub fn new(
        n_features: usize,
        n_targets: usize,
        lambda: f64,
        forgetting: f64,
    ) -> Result<Self, ReservoirError> {
        let bad = |parameter, expected, found| {
            Err(ReservoirError::Parameter { parameter, expected, found })
        };
        if n_features == 0 || n_features > MAX_RECURSIVE {
            return bad("n_features", "1 to 8,192", n_features as f64);
        }
        if n_targets == 0 || n_targets > MAX_RECURSIVE {
            return bad("n_targets", "1 to 8,192", n_targets as f64);
        }
        if !(lambda > 0.0 && lambda.is_finite()) {
            return bad("lambda", "a finite number above 0", lambda);
        }
        if !(forgetting > 0.0 && forgetting <= 1.0) {
            return bad("forgetting", "above 0, at most 1", forgetting);
        }
        let n = n_features + 1;
        let (p, weights) = (vec![0.0; n * n], vec![0.0; n_targets * n]);
        let px = vec![0.0; n];
        let mut readout = Self { n_features, n_targets, lambda, forgetting, p, weights, px };
        readout.begin();
        Ok(readout)
    }

    /// Learns that a row stands for these targets; the error before it learned.
    ///
    /// # Errors
    /// [`ReservoirError::Shape`] or [`ReservoirError::Value`]; nothing is learned then.
    pub fn learn(&mut self, row: &[f32], targets: &[f64]) -> Result<Vec<f64>, ReservoirError> {
        let x = self.input(row)?;
        if targets.len() != self.n_targets {
            let expected = self.n_targets.to_string();
            let found = targets.len();
            return Err(ReservoirError::Shape { what: "targets", expected, found });
        }
        if let Some(idx) = targets.iter().position(|v| !v.is_finite()) {
            return Err(ReservoirError::Value { what: "target", idx, found: targets[idx] });
        }
        let n = x.len();
        let mut variance = self.variance(&x);
        if !(variance >= 0.0 && variance.is_finite()) {
            self.begin();
            variance = self.variance(&x);
        }
        let scale = 1.0 / (self.forgetting + variance);
        let mut errors = Vec::with_capacity(targets.len());
        for (weights, y) in self.weights.chunks_exact_mut(n).zip(targets) {
            let error = y - crate::linear::dot(weights, &x);
            for (w, px) in weights.iter_mut().zip(&self.px) {
                *w = (*w + error * scale * px).clamp(-MAX_RECURSIVE_WEIGHT, MAX_RECURSIVE_WEIGHT);
            }
            errors.push(error);
        }
        // What no row says anything about would grow without end: then nothing is forgotten.
        let most = (0..n).map(|k| self.p[k * n + k]).fold(0.0, f64::max);
        let forgetting = if most > MAX_P { 1.0 } else { self.forgetting };
        for (i, row) in self.p.chunks_exact_mut(n).enumerate() {
            let gain = self.px[i] * scale;
            for (p, px) in row.iter_mut().zip(&self.px) {
                *p = (*p - gain * px) / forgetting;
            }
        }
        Ok(errors)
    }

    /// `P = I / lambda`.
    fn begin(&mut self) {
        let n = self.n_features + 1;
        self.p.fill(0.0);
        (0..n).for_each(|k| self.p[k * n + k] = 1.0 / self.lambda);
    }

    /// `x^T P x`, and `P x` on the way.
    fn variance(&mut self, x: &[f64]) -> f64 {
        for (px, row) in self.px.iter_mut().zip(self.p.chunks_exact(x.len())) {
            *px = crate::linear::dot(row, x);
        }
        crate::linear::dot(&self.px, x)
    }

    /// The read-out as it stands.
    pub fn readout(&self) -> Readout {
        let n = self.n_features + 1;
        let rows = self.weights.chunks_exact(n);
        Readout {
            n_features: self.n_features,
            weights: rows.clone().flat_map(|row| &row[..n - 1]).copied().collect(),
            mean: vec![0.0; self.n_features],
            bias: rows.map(|row| row[n - 1]).collect(),
        }
    }

    /// The bytes from which [`Recursive::restored`] goes on as this read-out would: `P` and the
    /// weights, little-endian.
    pub fn snapshot(&self) -> Vec<u8> {
        self.p.iter().chain(&self.weights).flat_map(|value| value.to_le_bytes()).collect()
    }

    /// The read-out of a snapshot, of the sizes that [`Recursive::new`] was given.
    ///
    /// # Errors
    /// As [`Recursive::new`]; [`ReservoirError::Shape`] for bytes of other sizes and
    /// [`ReservoirError::Value`] for a value that is not finite.
    pub fn restored(
        sizes: [usize; 2],
        lambda: f64,
        forgetting: f64,
        bytes: &[u8],
    ) -> Result<Self, ReservoirError> {
        let mut readout = Self::new(sizes[0], sizes[1], lambda, forgetting)?;
        let n = readout.p.len() + readout.weights.len();
        let (words, rest) = bytes.as_chunks::<8>();
        if words.len() != n || !rest.is_empty() {
            let expected = format!("{} bytes", n * 8);
            return Err(ReservoirError::Shape { what: "snapshot", expected, found: bytes.len() });
        }
        let values = readout.p.iter_mut().chain(&mut readout.weights);
        for (idx, (value, word)) in values.zip(words).enumerate() {
            let found = f64::from_le_bytes(*word);
            if !found.is_finite() {
                return Err(ReservoirError::Value { what: "snapshot value", idx, found });
            }
            *value = found;
        }
        Ok(readout)
    }

    fn input(&self, row: &[f32]) -> Result<Vec<f64>, ReservoirError> {
        if row.len() != self.n_features {
            let expected = self.n_features.to_string();
            return Err(ReservoirError::Shape { what: "row", expected, found: row.len() });
        }
        if let Some(idx) = row.iter().position(|v| !v.is_finite()) {
            let found = f64::from(row[idx]);
            return Err(ReservoirError::Value { what: "row value", idx, found });
        }
        Ok(row.iter().map(|v| f64::from(*v)).chain([1.0]).collect())
    }
}
