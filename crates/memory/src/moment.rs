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

/// Reads a time as people write it, `1:56 pm on 8 May, 2023`; a day alone is its first moment.
pub fn spoken(text: &str) -> Option<Time> {
    let days = crate::when::days(text, 0).into_iter().next().filter(|d| d.start() == d.end())?;
    let (hours, rest) = text.split_once(':').unwrap_or_default();
    let hours = hours.trim().parse::<i64>().ok().filter(|h| (0..24).contains(h));
    let minutes = rest.get(..2).and_then(|m| m.parse::<i64>().ok()).filter(|m| (0..60).contains(m));
    let half = match rest.get(2..).unwrap_or_default().trim_start().get(..2) {
        Some(pm) if pm.eq_ignore_ascii_case("pm") => 12,
        _ => 0,
    };
    let clock = hours.zip(minutes).map_or(0, |(h, m)| (h % 12 + half) * 60 + m);
    Some((i64::from(*days.start()) * 1440 + clock) * 60_000_000)
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
        assert_eq!(spoken("1:56 pm on 8 May, 2023"), read("2023-05-08T13:56:00Z"));
        assert_eq!(spoken("12:09 am on 13 September, 2023"), read("2023-09-13T00:09:00Z"));
        assert_eq!(spoken("8 May, 2023"), read("2023-05-08"));
        assert_eq!(spoken("noon"), None);
    }
}
