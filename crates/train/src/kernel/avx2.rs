//! The kernels in AVX2 with FMA: tiles of 4 rows by 16 columns in registers.

use std::arch::x86_64::*;

use super::{Into, Left, PANEL, Step};

const LANES: usize = 8;
const ROWS: usize = 4;
const COLUMNS: usize = 2 * LANES;

/// # Safety
/// The machine has AVX2 and FMA; every offset of `left` and `out` lies inside its array.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn rows<const FUSED: bool>(left: Left<'_>, out: &mut Into<'_>, step: &Step<'_>) {
    let m = left.row.len();
    for first in (0..step.width).step_by(COLUMNS) {
        // SAFETY: as promised by the caller.
        unsafe {
            let mut i = 0;
            while i + ROWS <= m {
                tile::<ROWS, FUSED>(left, out, step, i, first);
                i += ROWS;
            }
            while i < m {
                tile::<1, FUSED>(left, out, step, i, first);
                i += 1;
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const M: usize, const FUSED: bool>(
    left: Left<'_>,
    out: &mut Into<'_>,
    step: &Step<'_>,
    i: usize,
    first: usize,
) {
    // SAFETY: as promised by the caller; columns beyond the width pass through `edge`.
    unsafe {
        let stride = if step.narrow { PANEL / 2 } else { PANEL };
        let width = COLUMNS.min(step.width - first);
        let to: [*mut f32; M] = std::array::from_fn(|r| {
            out.data.as_mut_ptr().add(out.row.at(i + r) + step.column + first)
        });
        let from: [*const f32; M] =
            std::array::from_fn(|r| left.data.as_ptr().add(left.row.at(i + r)));
        let mut edge = [[0.0f32; COLUMNS]; M];
        if step.adds {
            for r in 0..M {
                std::ptr::copy_nonoverlapping(to[r], edge[r].as_mut_ptr(), width);
            }
        }
        let mut sums: [[__m256; 2]; M] = std::array::from_fn(|r| {
            [_mm256_loadu_ps(edge[r].as_ptr()), _mm256_loadu_ps(edge[r].as_ptr().add(LANES))]
        });
        let mut line = step.panel.as_ptr().add(first);
        for &term in step.terms {
            let b = [_mm256_loadu_ps(line), _mm256_loadu_ps(line.add(LANES))];
            for r in 0..M {
                let a = _mm256_set1_ps(*from[r].add(term as usize));
                for v in 0..2 {
                    sums[r][v] = if FUSED {
                        _mm256_fmadd_ps(a, b[v], sums[r][v])
                    } else {
                        _mm256_add_ps(sums[r][v], _mm256_mul_ps(a, b[v]))
                    };
                }
            }
            line = line.wrapping_add(stride);
        }
        for r in 0..M {
            _mm256_storeu_ps(edge[r].as_mut_ptr(), sums[r][0]);
            _mm256_storeu_ps(edge[r].as_mut_ptr().add(LANES), sums[r][1]);
            std::ptr::copy_nonoverlapping(edge[r].as_ptr(), to[r], width);
        }
    }
}

/// # Safety
/// The machine has AVX2; every listed row has `out.len()` values.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn add_rows(data: &[f32], stride: usize, rows: &[u32], out: &mut [f32]) {
    const STRIP: usize = 8 * LANES;
    let whole = out.len() / STRIP * STRIP;
    for column in (0..whole).step_by(STRIP) {
        // SAFETY: as promised by the caller.
        unsafe {
            let to = out.as_mut_ptr().add(column);
            let from = data.as_ptr().add(column);
            let mut sums: [__m256; 8] = std::array::from_fn(|v| _mm256_loadu_ps(to.add(v * LANES)));
            for &row in rows {
                let line = from.add(row as usize * stride);
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm256_add_ps(*sum, _mm256_loadu_ps(line.add(v * LANES)));
                }
            }
            for (v, sum) in sums.iter().enumerate() {
                _mm256_storeu_ps(to.add(v * LANES), *sum);
            }
        }
    }
    for &row in rows {
        let line = &data[row as usize * stride + whole..];
        for (sum, value) in out[whole..].iter_mut().zip(line) {
            *sum += value;
        }
    }
}
