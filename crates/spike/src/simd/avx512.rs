//! Sixteen lanes with AVX-512 F, BW and VL.

use super::Simd;
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(crate) struct Avx512;

// SAFETY: each function is one instruction (or a short run) of the sets named in `Isa::Avx512`.
unsafe impl Simd for Avx512 {
    const LANES: usize = 16;
    type F = __m512;
    type M = __mmask16;
    type Half = super::Avx2;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(p) }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, a: __m512) {
        unsafe { _mm512_storeu_ps(p, a) }
    }
    #[inline(always)]
    unsafe fn splat(a: f32) -> __m512 {
        unsafe { _mm512_set1_ps(a) }
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn trunc(a: __m512) -> __m512 {
        unsafe { _mm512_roundscale_ps::<0x0b>(a) }
    }
    #[inline(always)]
    unsafe fn gt(a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn ge(a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b) }
    }
    #[inline(always)]
    unsafe fn nonzero(a: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(a, _mm512_setzero_ps()) }
    }
    #[inline(always)]
    unsafe fn and_not(a: __mmask16, not: __mmask16) -> __mmask16 {
        a & !not
    }
    #[inline(always)]
    unsafe fn select(m: __mmask16, yes: __m512, no: __m512) -> __m512 {
        unsafe { _mm512_mask_blend_ps(m, no, yes) }
    }
    #[inline(always)]
    unsafe fn store_bits(p: *mut u8, m: __mmask16) {
        unsafe { p.cast::<u16>().write_unaligned(m) }
    }
    #[inline(always)]
    unsafe fn positions(bits: *const u8, base: u32, out: *mut u32) -> usize {
        unsafe {
            let mask = bits.cast::<u16>().read_unaligned();
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let all = _mm512_add_epi32(lanes, _mm512_set1_epi32(base as i32));
            _mm512_storeu_si512(out.cast(), _mm512_maskz_compress_epi32(mask, all));
            mask.count_ones() as usize
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
            let mut sums = [_mm512_setzero_si512(); N];
            for &event in events {
                let p = base.add(event as usize * row);
                for (k, sum) in sums.iter_mut().enumerate() {
                    let w = _mm256_loadu_si256(p.add(32 * k).cast());
                    *sum = _mm512_add_epi16(*sum, _mm512_cvtepi8_epi16(w));
                }
            }
            let scale = _mm512_set1_ps(scale);
            for (k, sum) in sums.iter().enumerate() {
                let halves = [_mm512_castsi512_si256(*sum), _mm512_extracti64x4_epi64::<1>(*sum)];
                for (h, half) in halves.into_iter().enumerate() {
                    let p = out.add(32 * k + 16 * h);
                    let x = _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(half));
                    _mm512_storeu_ps(p, _mm512_add_ps(_mm512_loadu_ps(p), _mm512_mul_ps(x, scale)));
                }
            }
        }
    }
}
