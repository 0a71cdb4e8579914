//! Lengths of time as Prometheus writes them: `30s`, `1h30m`, `2d`.
//!
//! Source: Prometheus, "Configuration", `<duration>`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest that may be named (milliseconds): ten years of 365 days.
pub const MAX_SPAN_MS: i64 = 10 * 365 * 86_400_000;

const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// A length of time, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// None at all.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds, from 0 to [`MAX_SPAN_MS`].
    pub const fn from_ms(ms: i64) -> Self {
        Self(if ms < 0 {
            0
        } else if ms > MAX_SPAN_MS {
            MAX_SPAN_MS
        } else {
            ms
        })
    }

    /// So many seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_ms(seconds.saturating_mul(1000))
    }

    /// In milliseconds.
    pub const fn ms(self) -> i64 {
        self.0
    }
}

/// The text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a length of time as 30s, 1h30m or 2d, at most 10y, found {0:?}")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let error = || SpanError(text.to_owned());
        if text == "0" {
            return Ok(Self::ZERO);
        }
        let (mut rest, mut units, mut total) = (text, &UNITS[..], 0i64);
        while !rest.is_empty() {
            let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let count: i64 = rest[..n_digits].parse().map_err(|_| error())?;
            rest = &rest[n_digits..];
            let n_letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = units.iter().position(|(name, _)| *name == &rest[..n_letters]);
            let unit = unit.ok_or_else(error)?;
            total = count
                .checked_mul(units[unit].1)
                .and_then(|ms| total.checked_add(ms))
                .filter(|ms| *ms <= MAX_SPAN_MS)
                .ok_or_else(error)?;
            (rest, units) = (&rest[n_letters..], &units[unit + 1..]);
        }
        if text.is_empty() { Err(error()) } else { Ok(Self(total)) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut left = self.0;
        for (name, ms) in UNITS {
            if left >= ms {
                write!(f, "{}{name}", left / ms)?;
                left %= ms;
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, ms) in [
            ("0", 0),
            ("0s", 0),
            ("15s", 15_000),
            ("1h30m", 5_400_000),
            ("1d12h", 129_600_000),
            ("1m1ms", 60_001),
            ("1w", 604_800_000),
        ] {
            assert_eq!(text.parse(), Ok(Span::from_ms(ms)), "{text}");
            assert_eq!(Span::from_ms(ms).to_string().parse(), Ok(Span::from_ms(ms)), "{text}");
        }
        assert_eq!(Span::from_ms(5_401_500).to_string(), "1h30m1s500ms");
        for text in ["", "5", "s", "-1s", "1.5s", "1s1m", "1s1s", "11y", "1ü", "99999999999999y"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
