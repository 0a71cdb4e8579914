//! Numbers as Go and Prometheus write them.
//!
//! Source: Go, `strconv.FormatFloat` and `fmt`; Prometheus, `template/template.go` and
//! `util/strutil`, functions of the same names.

const LARGER: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGER_1024: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALLER: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// `%v` of a float: the fewest digits that tell it from others.
pub(super) fn plain(value: f64) -> String {
    // Where the digits are the fewest, Go decides as for six.
    special(value).unwrap_or_else(|| general(&format!("{value:e}"), 6))
}

/// `%.4g`.
fn four_digits(value: f64) -> String {
    special(value).unwrap_or_else(|| general(&format!("{value:.3e}"), 4))
}

/// `%.Nf`.
pub(super) fn fixed(value: f64, precision: usize) -> String {
    special(value).unwrap_or_else(|| format!("{value:.precision$}"))
}

fn special(value: f64) -> Option<String> {
    match value {
        v if v.is_nan() => Some("NaN".to_owned()),
        f64::INFINITY => Some("+Inf".to_owned()),
        f64::NEG_INFINITY => Some("-Inf".to_owned()),
        _ => None,
    }
}

/// Go's `%g` of a number in scientific notation: with an exponent below -4 or from `precision` on.
fn general(scientific: &str, precision: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = match mantissa.split_once('.') {
        Some(_) => mantissa.trim_end_matches('0').trim_end_matches('.'),
        None => mantissa,
    };
    if exponent < -4 || exponent >= precision {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest.replace('.', "")),
        None => ("", mantissa.replace('.', "")),
    };
    let point = exponent + 1;
    let n_digits = digits.len() as i32;
    if point <= 0 {
        format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
    } else if point >= n_digits {
        format!("{sign}{digits}{}", "0".repeat((point - n_digits) as usize))
    } else {
        let (whole, part) = digits.split_at(point as usize);
        format!("{sign}{whole}.{part}")
    }
}

/// Divides by `base` until it is below it, with the prefix of that power.
fn scaled(mut value: f64, base: f64, prefixes: [&'static str; 8]) -> (f64, &'static str) {
    let mut prefix = "";
    for p in prefixes {
        if value.abs() < base {
            break;
        }
        (prefix, value) = (p, value / base);
    }
    (value, prefix)
}

/// Multiplies by a thousand until it is at least one.
fn magnified(mut value: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for p in SMALLER {
        if value.abs() >= 1.0 {
            break;
        }
        (prefix, value) = (p, value * 1000.0);
    }
    (value, prefix)
}

pub(super) fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return four_digits(value);
    }
    let (value, prefix) =
        if value.abs() >= 1.0 { scaled(value, 1000.0, LARGER) } else { magnified(value) };
    four_digits(value) + prefix
}

pub(super) fn humanize_1024(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return four_digits(value);
    }
    let (value, prefix) = scaled(value, 1024.0, LARGER_1024);
    four_digits(value) + prefix
}

pub(super) fn humanize_percentage(value: f64) -> String {
    four_digits(value * 100.0) + "%"
}

pub(super) fn humanize_duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return four_digits(seconds);
    }
    if seconds == 0.0 || seconds.abs() < 1.0 {
        let (value, prefix) = if seconds == 0.0 { (0.0, "") } else { magnified(seconds) };
        return format!("{}{prefix}s", four_digits(value));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = seconds.abs() as i64;
    let (s, m, h, d) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86_400);
    match (d, h, m) {
        (0, 0, 0) => format!("{sign}{}s", four_digits(seconds.abs())),
        (0, 0, _) => format!("{sign}{m}m {s}s"),
        (0, _, _) => format!("{sign}{h}h {m}m {s}s"),
        _ => format!("{sign}{d}d {h}h {m}m {s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn humanized() {
        // The cases of Prometheus' own tests, template_test.go.
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (1_234_567.0, "1.235M"),
            (0.12, "120m"),
            (-1500.0, "-1.5k"),
            (999.99, "1000"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(humanize(value), expected);
        }
        assert_eq!([humanize_1024(0.0), humanize_1024(1_048_576.0)], ["0", "1Mi"]);
        assert_eq!(
            [humanize_percentage(-0.22222), humanize_percentage(0.1234567)],
            ["-22.22%", "12.35%"]
        );
        for (value, expected) in [
            (0.0, "0s"),
            (1.0, "1s"),
            (60.0, "1m 0s"),
            (3600.0, "1h 0m 0s"),
            (86_400.0, "1d 0h 0m 0s"),
            (86_400.0 + 3600.0, "1d 1h 0m 0s"),
            (-(86_400.0 * 2.0 + 3600.0 * 3.0 + 60.0 * 4.0 + 5.0), "-2d 3h 4m 5s"),
            (899.99, "14m 59s"),
            (0.1, "100ms"),
            (0.0001, "100us"),
            (0.12345, "123.5ms"),
            (60.1, "1m 0s"),
            (12.345_67, "12.35s"),
        ] {
            assert_eq!(humanize_duration(value), expected, "{value}");
        }
    }

    #[test]
    fn small_and_large() {
        assert_eq!(four_digits(0.000_012_345), "1.234e-05");
        assert_eq!(four_digits(123_456.0), "1.235e+05");
        assert_eq!(four_digits(0.5), "0.5");
        assert_eq!([plain(5.0), plain(0.25), plain(-1e6)], ["5", "0.25", "-1e+06"]);
        assert_eq!(fixed(2.345, 2), "2.35");
    }
}
