//! The exponential function in plain arithmetic: the same bits on every machine.

/// `e^x`, within 3e-7 of it relative to its size; below -87 it is that of -87, above 88 that of 88.
///
/// Cody and Waite's reduction to `2^n e^r` with `|r| <= ln 2 / 2`, then a polynomial of degree 6.
/// Source: Cody and Waite 1980, "Software manual for the elementary functions", chapter 6.
pub(crate) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E).round();
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut p = 1.0 / 720.0;
    for c in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p * r + c;
    }
    // The clamp keeps the exponent inside a number's.
    p * f32::from_bits(((n as i32 + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::exp;

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
