//! The `grpc-timeout` header: at most eight digits and a unit.
//!
//! Source: "gRPC over HTTP2", `Timeout` in the request headers.

use std::time::Duration;

/// The most digits of a value.
pub const MAX_DIGITS: usize = 8;

/// Units from the finest, in nanoseconds.
const UNITS: [(char, u128); 6] = [
    ('n', 1),
    ('u', 1_000),
    ('m', 1_000_000),
    ('S', 1_000_000_000),
    ('M', 60 * 1_000_000_000),
    ('H', 3600 * 1_000_000_000),
];

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrpcTimeoutError {
    /// The last character names no unit.
    #[error("grpc-timeout: expected a unit of n, u, m, S, M or H, found {found:?}")]
    Unit {
        /// The whole value.
        found: String,
    },
    /// What stands before the unit is no number, or too long a one.
    #[error("grpc-timeout: expected 1 to {MAX_DIGITS} digits before the unit, found {found:?}")]
    Digits {
        /// The whole value.
        found: String,
    },
}

/// Reads a header's value.
///
/// # Errors
///
/// A [`GrpcTimeoutError`] for what the protocol does not allow.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(resilience::parse_grpc_timeout("250m"), Ok(Duration::from_millis(250)));
/// ```
pub fn parse_grpc_timeout(value: &str) -> Result<Duration, GrpcTimeoutError> {
    let unit = UNITS.iter().find_map(|(unit, nanos)| Some((value.strip_suffix(*unit)?, *nanos)));
    let Some((digits, nanos)) = unit else {
        return Err(GrpcTimeoutError::Unit { found: value.to_owned() });
    };
    let fits = (1..=MAX_DIGITS).contains(&digits.len());
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>());
    match number {
        Some(Ok(number)) if fits => Ok(Duration::from_nanos_u128(u128::from(number) * nanos)),
        _ => Err(GrpcTimeoutError::Digits { found: value.to_owned() }),
    }
}

/// Writes a header's value, in the finest unit that has room, rounded up; the most that can be said
/// where the time is longer than that.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(resilience::format_grpc_timeout(Duration::from_millis(250)), "250000u");
/// ```
pub fn format_grpc_timeout(time: Duration) -> String {
    let most = 10u128.pow(MAX_DIGITS as u32) - 1;
    let said = UNITS
        .iter()
        .map(|(unit, nanos)| (time.as_nanos().div_ceil(*nanos), unit))
        .find(|(number, _)| *number <= most);
    said.map_or_else(|| format!("{most}H"), |(number, unit)| format!("{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        let read: Vec<u128> = ["1n", "2u", "3m", "4S", "5M", "99999999H"]
            .iter()
            .map(|value| parse_grpc_timeout(value).unwrap().as_nanos())
            .collect();
        let hour = 3_600_000_000_000;
        let expected = [1, 2_000, 3_000_000, 4_000_000_000, 300_000_000_000, 99_999_999 * hour];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_not_allowed_is_refused() {
        for value in ["", "1", "1s", "1h", "1 ", "1é"] {
            let found = value.to_owned();
            assert_eq!(parse_grpc_timeout(value), Err(GrpcTimeoutError::Unit { found }));
        }
        for value in ["S", "123456789S", "+1S", "-1S", "1.5S", " 1S"] {
            let found = value.to_owned();
            assert_eq!(parse_grpc_timeout(value), Err(GrpcTimeoutError::Digits { found }));
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_never_shorter() {
        let chance = crate::Chance::from_seed(3);
        for _ in 0..10_000 {
            let time = Duration::from_nanos(chance.bits() >> (chance.bits() % 64));
            let written = format_grpc_timeout(time);
            let read = parse_grpc_timeout(&written).unwrap();
            assert!(read >= time, "{time:?} as {written}");
            // The coarsest step is from milliseconds to seconds, at 100,000 s.
            assert!((read - time).as_nanos() * 100_000 <= time.as_nanos(), "{time:?} {written}");
        }
        assert_eq!(format_grpc_timeout(Duration::ZERO), "0n");
        assert_eq!(format_grpc_timeout(Duration::from_nanos(99_999_999)), "99999999n");
        assert_eq!(format_grpc_timeout(Duration::from_nanos(100_000_000)), "100000u");
        assert_eq!(format_grpc_timeout(Duration::MAX), "99999999H");
    }
}
