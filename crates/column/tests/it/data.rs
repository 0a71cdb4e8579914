//! The real vectors, and the nearest of them by a plain scan.

use column::{FlatRows, Hit};

/// Numbers of a vector.
pub(crate) const D: usize = 64;
/// Vectors that are stored; the rest are asked for.
pub(crate) const N_STORED: usize = 4000;

/// All vectors, of unit length.
pub(crate) fn vectors() -> Vec<Vec<f32>> {
    let bytes = include_bytes!("../data/text-64.i8");
    assert_eq!(bytes.len(), 4500 * D);
    bytes
        .chunks_exact(D)
        .map(|row| unit(&row.iter().map(|b| f32::from(*b as i8)).collect::<Vec<_>>()))
        .collect()
}

/// Real vectors, and more of them made from pairs: three quarters of one and a quarter of another.
pub(crate) fn many(n: usize) -> Vec<Vec<f32>> {
    let real = vectors();
    let mixed = |i: usize| {
        let (a, b) = (&real[i % real.len()], &real[(i * 31 + 7 * (i / real.len())) % real.len()]);
        unit(&a.iter().zip(b).map(|(a, b)| 0.75 * a + 0.25 * b).collect::<Vec<_>>())
    };
    (0..n).map(|i| if i < real.len() { real[i].clone() } else { mixed(i) }).collect()
}

pub(crate) fn unit(v: &[f32]) -> Vec<f32> {
    let norm = v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    v.iter().map(|x| (f64::from(*x) / norm) as f32).collect()
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// The ids of the `k` nearest of those listed, by a scan in `f64`.
pub(crate) fn nearest<'a>(
    stored: impl Iterator<Item = (u32, &'a [f32])>,
    query: &[f32],
    k: usize,
) -> Vec<(u32, f64)> {
    let mut all: Vec<(u32, f64)> = stored.map(|(id, v)| (id, cosine(v, query))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(k);
    all
}

/// The share of the true nearest that were found; a hit as near as the last of them counts.
pub(crate) fn share(hits: &[Hit], truth: &[(u32, f64)]) -> f64 {
    let found = truth.iter().filter(|(id, _)| hits.iter().any(|h| h.id == *id)).count();
    found as f64 / truth.len() as f64
}

pub(crate) fn rows(vectors: &[Vec<f32>]) -> FlatRows {
    let mut rows = FlatRows::new(vectors[0].len());
    for (id, v) in vectors.iter().enumerate() {
        rows.set(id as u32, v).unwrap();
    }
    rows
}
