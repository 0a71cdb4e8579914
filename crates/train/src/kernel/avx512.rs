//! The kernels in AVX-512: tiles of 8 rows by 32 columns in registers.

use std::arch::x86_64::*;

use super::{Into, Left, STRIP, Step, TILE, Taps, Way};

const LANES: usize = 16;

/// # Safety
/// The machine has AVX-512 F; every offset of `left` and `out` lies inside its array.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn rows<const FUSED: bool>(left: Left<'_>, out: &mut Into<'_>, step: &Step<'_>) {
    // SAFETY: as promised by the caller.
    unsafe {
        let m = left.row.len();
        let mut i = 0;
        // One vector wide, twice the rows are needed to hide the latency of a sum.
        while step.narrow && i + 2 * TILE <= m {
            tile::<{ 2 * TILE }, 1, FUSED>(left, out, step, i);
            i += 2 * TILE;
        }
        while i + TILE <= m {
            wide::<TILE, FUSED>(left, out, step, i);
            i += TILE;
        }
        if i + 4 <= m {
            wide::<4, FUSED>(left, out, step, i);
            i += 4;
        }
        while i < m {
            wide::<1, FUSED>(left, out, step, i);
            i += 1;
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn wide<const M: usize, const FUSED: bool>(
    left: Left<'_>,
    out: &mut Into<'_>,
    step: &Step<'_>,
    i: usize,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        if step.narrow {
            tile::<M, 1, FUSED>(left, out, step, i);
        } else {
            tile::<M, 2, FUSED>(left, out, step, i);
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn tile<const M: usize, const N: usize, const FUSED: bool>(
    left: Left<'_>,
    out: &mut Into<'_>,
    step: &Step<'_>,
    i: usize,
) {
    // SAFETY: as promised by the caller; lanes beyond the width are masked.
    unsafe {
        let masks: [__mmask16; N] = std::array::from_fn(|v| mask(step.width, v));
        let to: [*mut f32; M] =
            std::array::from_fn(|r| out.data.as_mut_ptr().add(out.row.at(i + r) + step.column));
        let from: [*const f32; M] =
            std::array::from_fn(|r| left.data.as_ptr().add(left.row.at(i + r)));
        let mut sums = [[_mm512_setzero_ps(); N]; M];
        if step.adds {
            for r in 0..M {
                for v in 0..N {
                    sums[r][v] = _mm512_maskz_loadu_ps(masks[v], to[r].add(v * LANES));
                }
            }
        }
        let mut line = step.panel.as_ptr();
        for &term in step.terms {
            let b: [__m512; N] = std::array::from_fn(|v| _mm512_loadu_ps(line.add(v * LANES)));
            for r in 0..M {
                let a = _mm512_set1_ps(*from[r].add(term as usize));
                for v in 0..N {
                    sums[r][v] = if FUSED {
                        _mm512_fmadd_ps(a, b[v], sums[r][v])
                    } else {
                        _mm512_add_ps(sums[r][v], _mm512_mul_ps(a, b[v]))
                    };
                }
            }
            line = line.add(N * LANES);
        }
        for r in 0..M {
            for v in 0..N {
                _mm512_mask_storeu_ps(to[r].add(v * LANES), masks[v], sums[r][v]);
            }
        }
    }
}

/// The lanes of vector `v` that lie within `width` columns.
fn mask(width: usize, v: usize) -> __mmask16 {
    let lanes = width.saturating_sub(v * LANES).min(LANES);
    ((1u32 << lanes) - 1) as __mmask16
}

/// # Safety
/// The machine has AVX-512 F; every listed row has `out.len()` values.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn add_rows(data: &[f32], stride: usize, rows: &[u32], out: &mut [f32]) {
    // SAFETY: as promised by the caller.
    unsafe {
        let mut column = 0;
        while column + STRIP <= out.len() {
            strip::<{ STRIP / LANES }>(data, stride, rows, out, column, STRIP);
            column += STRIP;
        }
        while column < out.len() {
            let width = (out.len() - column).min(2 * LANES);
            if width > LANES {
                strip::<2>(data, stride, rows, out, column, width);
            } else {
                strip::<1>(data, stride, rows, out, column, width);
            }
            column += width;
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn strip<const N: usize>(
    data: &[f32],
    stride: usize,
    rows: &[u32],
    out: &mut [f32],
    column: usize,
    width: usize,
) {
    // SAFETY: lanes beyond the width are masked.
    unsafe {
        let masks: [__mmask16; N] = std::array::from_fn(|v| mask(width, v));
        let to = out.as_mut_ptr().add(column);
        let from = data.as_ptr().add(column);
        let mut sums: [__m512; N] =
            std::array::from_fn(|v| _mm512_maskz_loadu_ps(masks[v], to.add(v * LANES)));
        for &row in rows {
            let line = from.add(row as usize * stride);
            for v in 0..N {
                let value = _mm512_maskz_loadu_ps(masks[v], line.add(v * LANES));
                sums[v] = _mm512_add_ps(sums[v], value);
            }
        }
        for v in 0..N {
            _mm512_mask_storeu_ps(to.add(v * LANES), masks[v], sums[v]);
        }
    }
}

/// # Safety
/// The machine has AVX-512 F; `to` has room for 16 more than `line`.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn places(line: &[f32], to: &mut [u32]) -> usize {
    // SAFETY: as promised by the caller; lanes beyond the line are masked.
    unsafe {
        let mut n = 0;
        let mut at = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let step = _mm512_set1_epi32(LANES as i32);
        for first in (0..line.len()).step_by(LANES) {
            let inside = mask(line.len() - first, 0);
            let values = _mm512_maskz_loadu_ps(inside, line.as_ptr().add(first));
            let found = _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(values, _mm512_setzero_ps()) & inside;
            let packed = _mm512_maskz_compress_epi32(found, at);
            _mm512_storeu_si512(to.as_mut_ptr().add(n).cast(), packed);
            n += found.count_ones() as usize;
            at = _mm512_add_epi32(at, step);
        }
        n
    }
}

/// # Safety
/// The machine has AVX-512 F; active inputs have taps, which lie inside both arrays.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn spread(way: Way, taps: &Taps, active: &[u32], from: &[f32], to: &mut [f32]) {
    // SAFETY: as promised by the caller.
    unsafe {
        match (taps.channels[1].div_ceil(LANES), way) {
            (1, Way::Forward) => spread_vectors::<1, true>(taps, active, from, to),
            (1, Way::Back) => spread_vectors::<1, false>(taps, active, from, to),
            (2, Way::Forward) => spread_vectors::<2, true>(taps, active, from, to),
            (2, Way::Back) => spread_vectors::<2, false>(taps, active, from, to),
            (3 | 4, Way::Forward) => spread_vectors::<4, true>(taps, active, from, to),
            (3 | 4, Way::Back) => spread_vectors::<4, false>(taps, active, from, to),
            _ => super::portable::spread(way, taps, active, from, to),
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn spread_vectors<const N: usize, const FORWARD: bool>(
    taps: &Taps,
    active: &[u32],
    from: &[f32],
    to: &mut [f32],
) {
    // SAFETY: as promised by the caller; lanes beyond the channels are masked.
    unsafe {
        let [inputs, n] = taps.channels;
        let masks: [__mmask16; N] = std::array::from_fn(|v| mask(n, v));
        for &input in active {
            let (place, channel) = (input / inputs as u32, input % inputs as u32);
            let first = *taps.start.get_unchecked(place as usize) as usize;
            let last = *taps.start.get_unchecked(place as usize + 1) as usize;
            let row = channel as usize * n;
            for &[output, weights] in taps.taps.get_unchecked(first..last) {
                let (output, weights) = (output as usize, weights as usize + row);
                let (read, write) = if FORWARD { (weights, output) } else { (output, weights) };
                let (read, write) = (from.as_ptr().add(read), to.as_mut_ptr().add(write));
                for (v, &mask) in masks.iter().enumerate() {
                    let value = _mm512_maskz_loadu_ps(mask, read.add(v * LANES));
                    let sum = _mm512_maskz_loadu_ps(mask, write.add(v * LANES));
                    let sum = _mm512_add_ps(sum, value);
                    _mm512_mask_storeu_ps(write.add(v * LANES), mask, sum);
                }
            }
        }
    }
}
