//! Times as they are written: RFC 3339 in UTC, to the microsecond.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::item::Time;

/// A time as text.
pub fn written(time: Time) -> String {
    let nanos = i128::from(time) * 1000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| time.to_string())
}

/// Reads a time: `2026-11-21T10:30:00Z`, with any offset, or a date alone for its first moment.
pub fn read(text: &str) -> Option<Time> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let at = OffsetDateTime::parse(&full, &Rfc3339).ok()?;
    Time::try_from(at.unix_timestamp_nanos() / 1000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_as_they_were_written() {
        for text in ["1970-01-01T00:00:00Z", "2026-11-21T10:30:00.000001Z"] {
            assert_eq!(written(read(text).unwrap()), text);
        }
        assert_eq!(read("2026-11-21"), read("2026-11-21T01:00:00+01:00"));
        assert_eq!(read("yesterday"), None);
    }
}
