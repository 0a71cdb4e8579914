//! Ridge regression: the linear read-out, fitted to all rows at once.

use crate::ReservoirError;
use crate::linear::solve;

/// Numbers of a row, or rows where there are fewer of them, that are solved at once.
pub const MAX_FEATURES: usize = 16_384;

/// `y = W (x - mean) + bias`.
#[derive(Clone, Debug, PartialEq)]
pub struct Readout {
    pub(crate) n_features: usize,
    /// Shape `[n_targets][n_features]`.
    pub(crate) weights: Vec<f64>,
    pub(crate) mean: Vec<f64>,
    pub(crate) bias: Vec<f64>,
}

impl Readout {
    /// The targets that a row stands for.
    ///
    /// # Errors
    /// [`ReservoirError::Shape`] for a row of another length.
    pub fn predict(&self, row: &[f32]) -> Result<Vec<f64>, ReservoirError> {
        if row.len() != self.n_features {
            let expected = self.n_features.to_string();
            return Err(ReservoirError::Shape { what: "row", expected, found: row.len() });
        }
        let of = |weights: &[f64]| -> f64 {
            let centred = row.iter().zip(&self.mean).map(|(x, mean)| f64::from(*x) - mean);
            weights.iter().zip(centred).map(|(w, x)| w * x).sum()
        };
        let rows = self.weights.chunks_exact(self.n_features);
        Ok(rows.zip(&self.bias).map(|(weights, bias)| of(weights) + bias).collect())
    }

    /// The position of the largest target, for one target a class.
    ///
    /// # Errors
    /// [`ReservoirError::Shape`] for a row of another length.
    pub fn class(&self, row: &[f32]) -> Result<usize, ReservoirError> {
        let y = self.predict(row)?;
        Ok((0..y.len()).max_by(|a, b| y[*a].total_cmp(&y[*b])).unwrap_or(0))
    }

    /// The weights, shape `[n_targets][n_features]`.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}

/// Fits a [`Readout`] by ridge regression: the smallest
/// `sum |y - W (x - mean) - bias|^2 + lambda |W|^2`.
///
/// Solved over the features, or over the rows where they are fewer (the dual form); both give the
/// same weights.
///
/// Source: Hoerl and Kennard 1970, "Ridge regression", Technometrics 12, equation 2.1; Saunders,
/// Gammerman and Vovk 1998 for the dual.
#[derive(Debug)]
pub struct Ridge;

impl Ridge {
    /// Fits rows, shape `[n][n_features]`, to targets, shape `[n][n_targets]`.
    ///
    /// # Errors
    /// [`ReservoirError::Shape`] where they do not fit or are more than [`MAX_FEATURES`] both ways,
    /// [`ReservoirError::Value`] for a value that is not finite, [`ReservoirError::Parameter`] for
    /// a `lambda` that is not above 0.
    pub fn fit(
        rows: &[f32],
        targets: &[f64],
        n_targets: usize,
        lambda: f64,
    ) -> Result<Readout, ReservoirError> {
        Ok(Self::path(rows, targets, n_targets, &[lambda])?.swap_remove(0))
    }

    /// As [`Ridge::fit`] for several `lambda`, which share most of the work.
    ///
    /// # Errors
    /// As [`Ridge::fit`].
    pub fn path(
        rows: &[f32],
        targets: &[f64],
        n_targets: usize,
        lambdas: &[f64],
    ) -> Result<Vec<Readout>, ReservoirError> {
        let problem = Problem::new(rows, targets, n_targets)?;
        let dual = problem.n < problem.d;
        let gram = problem.gram(dual);
        let side = problem.n.min(problem.d);
        let right = if dual { problem.y.clone() } else { problem.cross() };
        let fit = |lambda: &f64| {
            let bad = ReservoirError::Parameter {
                parameter: "lambda",
                expected: "a finite number large enough above 0",
                found: *lambda,
            };
            if !(*lambda > 0.0 && lambda.is_finite()) {
                return Err(bad);
            }
            let (mut a, mut b) = (gram.clone(), right.clone());
            (0..side).for_each(|k| a[k * side + k] += lambda);
            if !solve(&mut a, &mut b, side, n_targets) {
                return Err(bad);
            }
            Ok(problem.readout(&b, dual))
        };
        lambdas.iter().map(fit).collect()
    }
}

/// Centred rows and targets.
struct Problem {
    n: usize,
    d: usize,
    k: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    mean: Vec<f64>,
    bias: Vec<f64>,
}

impl Problem {
    fn new(rows: &[f32], targets: &[f64], k: usize) -> Result<Self, ReservoirError> {
        let shape = |what, expected: &str, found| {
            Err(ReservoirError::Shape { what, expected: expected.to_owned(), found })
        };
        if k == 0 || targets.is_empty() || !targets.len().is_multiple_of(k) {
            return shape(
                "targets",
                "a multiple of the targets of a row, at least one",
                targets.len(),
            );
        }
        let n = targets.len() / k;
        if rows.is_empty() || !rows.len().is_multiple_of(n) {
            return shape("rows", "as many numbers for each row of targets", rows.len());
        }
        let d = rows.len() / n;
        if n.min(d) > MAX_FEATURES {
            return shape("features", "at most 16,384, or as many rows", d);
        }
        if let Some(idx) = rows.iter().position(|v| !v.is_finite()) {
            let found = f64::from(rows[idx]);
            return Err(ReservoirError::Value { what: "row value", idx, found });
        }
        if let Some(idx) = targets.iter().position(|v| !v.is_finite()) {
            return Err(ReservoirError::Value { what: "target", idx, found: targets[idx] });
        }
        let mut x: Vec<f64> = rows.iter().map(|v| f64::from(*v)).collect();
        let mut y = targets.to_vec();
        let (mean, bias) = (centre(&mut x, d, n), centre(&mut y, k, n));
        Ok(Self { n, d, k, x, y, mean, bias })
    }

    /// `X^T X`, or `X X^T` for the dual.
    fn gram(&self, dual: bool) -> Vec<f64> {
        let (n, d) = (self.n, self.d);
        let (side, inner) = if dual { (n, d) } else { (d, n) };
        // Strides of X seen as [side][inner].
        let (row, column) = if dual { (d, 1) } else { (1, d) };
        product([side, inner, side], (&self.x, [row, column]), (&self.x, [column, row]))
    }

    /// `X^T Y`, shape `[d][k]`.
    fn cross(&self) -> Vec<f64> {
        product([self.d, self.n, self.k], (&self.x, [1, self.d]), (&self.y, [self.k, 1]))
    }

    fn readout(&self, solved: &[f64], dual: bool) -> Readout {
        let (n, d, k) = (self.n, self.d, self.k);
        // Shape [k][d]: of the dual W = A^T X.
        let weights = if dual {
            product([k, n, d], (solved, [1, k]), (&self.x, [d, 1]))
        } else {
            (0..k * d).map(|at| solved[at % d * k + at / d]).collect()
        };
        Readout { n_features: d, weights, mean: self.mean.clone(), bias: self.bias.clone() }
    }
}

/// Takes the mean of each of `width` columns off, and gives it.
fn centre(values: &mut [f64], width: usize, n: usize) -> Vec<f64> {
    let mut mean = vec![0.0; width];
    for row in values.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += v / n as f64);
    }
    for row in values.chunks_exact_mut(width) {
        row.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
    }
    mean
}

/// `A B` of shapes `[m][k]` and `[k][n]`, each with its strides of row and column.
fn product(
    [m, k, n]: [usize; 3],
    (a, [a_row, a_column]): (&[f64], [usize; 2]),
    (b, [b_row, b_column]): (&[f64], [usize; 2]),
) -> Vec<f64> {
    let mut c = vec![0.0; m * n];
    let last = |rows: usize, columns: usize, row: usize, column: usize| {
        (rows.max(1) - 1) * row + (columns.max(1) - 1) * column
    };
    assert!(last(m, k, a_row, a_column) < a.len() && last(k, n, b_row, b_column) < b.len());
    // SAFETY: the last elements of A and B lie inside their slices, as just asserted, and C is a
    // slice of m n elements of its own.
    unsafe {
        matrixmultiply::dgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            a_row as isize,
            a_column as isize,
            b.as_ptr(),
            b_row as isize,
            b_column as isize,
            0.0,
            c.as_mut_ptr(),
            n as isize,
            1,
        );
    }
    c
}
