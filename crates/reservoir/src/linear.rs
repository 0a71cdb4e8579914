//! Symmetric positive definite systems, by Cholesky's factorisation in rows.

/// Solves `A X = B` in place of `b` (shape `[n][k]`), `a` of shape `[n][n]` becoming its factor.
/// False where `a` is not positive definite within rounding.
pub(crate) fn solve(a: &mut [f64], b: &mut [f64], n: usize, k: usize) -> bool {
    if !factor(a, n) {
        return false;
    }
    for i in 0..n {
        let (done, rest) = b.split_at_mut(i * k);
        let row = &mut rest[..k];
        for (j, known) in done.chunks_exact(k).enumerate() {
            let l = a[i * n + j];
            row.iter_mut().zip(known).for_each(|(x, y)| *x -= l * y);
        }
        row.iter_mut().for_each(|x| *x /= a[i * n + i]);
    }
    for i in (0..n).rev() {
        let (rest, done) = b.split_at_mut((i + 1) * k);
        let row = &mut rest[i * k..];
        for (j, known) in done.chunks_exact(k).enumerate() {
            let l = a[(i + 1 + j) * n + i];
            row.iter_mut().zip(known).for_each(|(x, y)| *x -= l * y);
        }
        row.iter_mut().for_each(|x| *x /= a[i * n + i]);
    }
    true
}

/// The lower factor `L` with `A = L L^T`, in place.
fn factor(a: &mut [f64], n: usize) -> bool {
    for i in 0..n {
        let (above, row) = a.split_at_mut(i * n);
        for j in 0..i {
            let other = &above[j * n..][..=j];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let left = row[i] - dot(&row[..i], &row[..i]);
        if !(left > 0.0 && left.is_finite()) {
            return false;
        }
        row[i] = left.sqrt();
    }
    true
}

/// Eight sums side by side, so that the compiler uses vectors; the order is fixed.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0f64; 8];
    let (chunks, others) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = chunks.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in chunks.zip(others) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + rest
}
