//! Numbers as text, the way Go writes and reads them.

/// Without exponent, as few digits as tell it from its neighbours: Go's `FormatFloat(v, 'f', -1, 64)`.
pub(crate) fn plain(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    value.to_string()
}

/// As Prometheus' HTTP API: with an exponent where there would be many zeros.
pub(crate) fn brief(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !value.is_finite() || (1e-6..1e21).contains(&size) {
        return plain(value);
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
    format!("{mantissa}e{sign}{digits:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go() {
        let check = |value: f64, plain_text: &str, brief_text: &str| {
            assert_eq!((plain(value).as_str(), brief(value).as_str()), (plain_text, brief_text));
        };
        check(0.1, "0.1", "0.1");
        check(-0.0, "-0", "-0");
        check(100.0, "100", "100");
        check(1e21, "1000000000000000000000", "1e+21");
        check(1e20, "100000000000000000000", "100000000000000000000");
        check(1.5e-7, "0.00000015", "1.5e-07");
        check(1e-6, "0.000001", "0.000001");
        check(-2.5e300, &(-2.5e300).to_string(), "-2.5e+300");
        check(f64::NAN, "NaN", "NaN");
        check(f64::INFINITY, "+Inf", "+Inf");
        check(f64::NEG_INFINITY, "-Inf", "-Inf");
    }
}
