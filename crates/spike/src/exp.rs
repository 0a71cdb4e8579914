//! The exponential function and the logarithm in plain arithmetic: the same bits on every machine.

/// `e^x`, within 3e-7 of it relative to its size; below -87 it is that of -87, above 88 that of 88.
///
/// Cody and Waite's reduction to `2^n e^r` with `|r| <= ln 2 / 2`, then a polynomial of degree 6.
/// Source: Cody and Waite 1980, "Software manual for the elementary functions", chapter 6.
pub(crate) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Added to a number below 2^22 it leaves the nearest whole number in the low bits.
    const WHOLE: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut p = 1.0 / 720.0;
    for c in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p * r + c;
    }
    // The clamp keeps the exponent inside a number's.
    let exponent = shifted.to_bits().wrapping_sub(WHOLE.to_bits()).wrapping_add(127);
    p * f32::from_bits(exponent << 23)
}

/// The natural logarithm of a positive number, within 3e-7 of it or of its size.
///
/// `ln(2^e m) = e ln 2 + ln m` with `m` between the root of 1/2 and that of 2, where
/// `ln m = 2 artanh((m - 1) / (m + 1))` by its series.
/// Source: Cody and Waite 1980, "Software manual for the elementary functions", chapter 5.
pub(crate) fn ln(x: f32) -> f32 {
    let bits = x.max(f32::MIN_POSITIVE).to_bits();
    // The exponent such that the rest lies between the roots.
    let e = (bits as i32 - std::f32::consts::FRAC_1_SQRT_2.to_bits() as i32) >> 23;
    let m = f32::from_bits((bits as i32 - (e << 23)) as u32);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut p = 1.0 / 9.0;
    for c in [1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0, 1.0] {
        p = p * z + c;
    }
    e as f32 * std::f32::consts::LN_2 + 2.0 * s * p
}

#[cfg(test)]
mod tests {
    use super::{exp, ln};

    #[test]
    fn the_logarithm_stays_within_its_bound() {
        for k in 1..200_000 {
            let x = k as f32 * 1e-3;
            let truth = f64::from(x).ln();
            let error = (f64::from(ln(x)) - truth).abs() / truth.abs().max(1.0);
            assert!(error < 3e-7, "ln({x}) is off by {error:e}");
        }
    }

    #[test]
    fn stays_within_its_bound() {
        for k in -86_000..88_000 {
            let x = k as f32 * 1e-3;
            let truth = f64::from(x).exp();
            let error = (f64::from(exp(x)) / truth - 1.0).abs();
            assert!(error < 3e-7, "exp({x}) is off by {error:e}");
        }
        assert!(exp(1e9).is_finite() && exp(-1e9) > 0.0);
    }
}
