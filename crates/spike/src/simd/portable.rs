//! Eight lanes in plain Rust, for machines without AVX2.

use super::{POSITIONS, Simd};

#[derive(Clone, Copy)]
pub(crate) struct Portable;

type F = [f32; 8];

#[inline(always)]
fn zip(a: F, b: F, f: impl Fn(f32, f32) -> f32) -> F {
    std::array::from_fn(|k| f(a[k], b[k]))
}

// SAFETY: no function needs more than valid pointers.
unsafe impl Simd for Portable {
    const LANES: usize = 8;
    type F = F;
    type M = [bool; 8];
    type Half = Self;

    #[inline(always)]
    unsafe fn load(p: *const f32) -> F {
        unsafe { p.cast::<F>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, a: F) {
        unsafe { p.cast::<F>().write_unaligned(a) }
    }
    #[inline(always)]
    unsafe fn splat(a: f32) -> F {
        [a; 8]
    }
    #[inline(always)]
    unsafe fn add(a: F, b: F) -> F {
        zip(a, b, |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn sub(a: F, b: F) -> F {
        zip(a, b, |x, y| x - y)
    }
    #[inline(always)]
    unsafe fn mul(a: F, b: F) -> F {
        zip(a, b, |x, y| x * y)
    }
    #[inline(always)]
    unsafe fn div(a: F, b: F) -> F {
        zip(a, b, |x, y| x / y)
    }
    #[inline(always)]
    unsafe fn max(a: F, b: F) -> F {
        zip(a, b, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    unsafe fn trunc(a: F) -> F {
        a.map(f32::trunc)
    }
    #[inline(always)]
    unsafe fn gt(a: F, b: F) -> [bool; 8] {
        std::array::from_fn(|k| a[k] > b[k])
    }
    #[inline(always)]
    unsafe fn ge(a: F, b: F) -> [bool; 8] {
        std::array::from_fn(|k| a[k] >= b[k])
    }
    #[inline(always)]
    unsafe fn nonzero(a: F) -> [bool; 8] {
        a.map(|x| x != 0.0)
    }
    #[inline(always)]
    unsafe fn and_not(a: [bool; 8], not: [bool; 8]) -> [bool; 8] {
        std::array::from_fn(|k| a[k] && !not[k])
    }
    #[inline(always)]
    unsafe fn select(m: [bool; 8], yes: F, no: F) -> F {
        std::array::from_fn(|k| if m[k] { yes[k] } else { no[k] })
    }
    #[inline(always)]
    unsafe fn store_bits(p: *mut u8, m: [bool; 8]) {
        let bits = m.iter().enumerate().fold(0u8, |bits, (k, &on)| bits | u8::from(on) << k);
        unsafe { *p = bits }
    }
    #[inline(always)]
    unsafe fn positions(bits: *const u8, base: u32, out: *mut u32) -> usize {
        // SAFETY: the caller gives a byte of bits and room for eight values.
        let (byte, out) = unsafe { (*bits, &mut *out.cast::<[u32; 8]>()) };
        *out = POSITIONS[usize::from(byte)].to_le_bytes().map(|at| base + u32::from(at));
        byte.count_ones() as usize
    }
    #[inline(always)]
    unsafe fn add_rows_i8<const N: usize>(
        base: *const i8,
        row: usize,
        events: &[u32],
        scale: f32,
        out: *mut f32,
    ) {
        let mut sums = [[0i16; 32]; N];
        for &event in events {
            for (k, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the caller's rows hold 32 N weights each.
                let w = unsafe { &*base.add(event as usize * row + 32 * k).cast::<[i8; 32]>() };
                for (s, &w) in sum.iter_mut().zip(w) {
                    *s += i16::from(w);
                }
            }
        }
        for (k, &s) in sums.as_flattened().iter().enumerate() {
            // SAFETY: `out` holds 32 N values.
            unsafe { *out.add(k) += f32::from(s) * scale }
        }
    }
}
