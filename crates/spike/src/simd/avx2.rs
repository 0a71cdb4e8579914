//! Eight lanes with AVX2.

use super::{POSITIONS, Simd};
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(crate) struct Avx2;

// SAFETY: each function is one instruction (or a short run) of AVX2.
unsafe impl Simd for Avx2 {
    const LANES: usize = 8;
    type F = __m256;
    type M = __m256;
    type Half = Self;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, a: __m256) {
        unsafe { _mm256_storeu_ps(p, a) }
    }
    #[inline(always)]
    unsafe fn splat(a: f32) -> __m256 {
        unsafe { _mm256_set1_ps(a) }
    }
    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn trunc(a: __m256) -> __m256 {
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(a) }
    }
    #[inline(always)]
    unsafe fn gt(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_GT_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn ge(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_GE_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn nonzero(a: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_NEQ_UQ>(a, _mm256_setzero_ps()) }
    }
    #[inline(always)]
    unsafe fn and_not(a: __m256, not: __m256) -> __m256 {
        unsafe { _mm256_andnot_ps(not, a) }
    }
    #[inline(always)]
    unsafe fn select(m: __m256, yes: __m256, no: __m256) -> __m256 {
        unsafe { _mm256_blendv_ps(no, yes, m) }
    }
    #[inline(always)]
    unsafe fn store_bits(p: *mut u8, m: __m256) {
        unsafe { *p = _mm256_movemask_ps(m) as u8 }
    }
    #[inline(always)]
    unsafe fn positions(bits: *const u8, base: u32, out: *mut u32) -> usize {
        unsafe {
            let byte = *bits;
            let packed = _mm_cvtsi64_si128(POSITIONS[usize::from(byte)] as i64);
            let all =
                _mm256_add_epi32(_mm256_cvtepu8_epi32(packed), _mm256_set1_epi32(base as i32));
            _mm256_storeu_si256(out.cast(), all);
            byte.count_ones() as usize
        }
    }
    #[inline(always)]
    unsafe fn add_rows_i8<const N: usize>(
        base: *const i8,
        row: usize,
        events: &[u32],
        scale: f32,
        out: *mut f32,
    ) {
        unsafe {
            let mut sums = [[_mm256_setzero_si256(); 2]; N];
            for &event in events {
                let p = base.add(event as usize * row);
                for (k, pair) in sums.iter_mut().enumerate() {
                    for (h, sum) in pair.iter_mut().enumerate() {
                        let w = _mm_loadu_si128(p.add(32 * k + 16 * h).cast());
                        *sum = _mm256_add_epi16(*sum, _mm256_cvtepi8_epi16(w));
                    }
                }
            }
            let scale = _mm256_set1_ps(scale);
            for (k, pair) in sums.iter().enumerate() {
                for (h, sum) in pair.iter().enumerate() {
                    let halves =
                        [_mm256_castsi256_si128(*sum), _mm256_extracti128_si256::<1>(*sum)];
                    for (q, half) in halves.into_iter().enumerate() {
                        let p = out.add(32 * k + 16 * h + 8 * q);
                        let x = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(half));
                        let y = _mm256_add_ps(_mm256_loadu_ps(p), _mm256_mul_ps(x, scale));
                        _mm256_storeu_ps(p, y);
                    }
                }
            }
        }
    }
}
