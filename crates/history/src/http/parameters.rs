//! The parameters of a request: times, durations and limits, as Prometheus reads them.

use super::ApiError;
use crate::promql::days;

/// The most selectors of one request.
pub const MAX_MATCHERS: usize = 64;

/// Names and values, decoded: those of the query string and of a form, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a>(pub &'a [(String, String)]);

pub(super) fn missing(name: &str) -> ApiError {
    ApiError::BadData { problem: format!("invalid parameter {name:?}: it is missing") }
}

pub(super) fn check_count(n_selectors: usize) -> Result<(), ApiError> {
    if n_selectors < MAX_MATCHERS {
        return Ok(());
    }
    let problem = format!("invalid parameter \"match[]\": more than {MAX_MATCHERS} selectors");
    Err(ApiError::BadData { problem })
}

impl<'a> Parameters<'a> {
    /// Every value of a name.
    pub fn all(self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a name.
    pub fn first(self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn required(self, name: &str) -> Result<&'a str, ApiError> {
        self.first(name).ok_or_else(|| missing(name))
    }

    fn parsed<T>(
        self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ApiError> {
        let value = self.first(name).filter(|value| !value.is_empty()).map(parse).transpose();
        value.map_err(|problem| ApiError::BadData {
            problem: format!("invalid parameter {name:?}: {problem}"),
        })
    }

    /// A time (milliseconds since 1970), if there is one.
    ///
    /// # Errors
    ///
    /// What is no time.
    pub fn time(self, name: &str) -> Result<Option<i64>, ApiError> {
        self.parsed(name, parse_time)
    }

    pub(super) fn required_time(self, name: &str) -> Result<i64, ApiError> {
        self.time(name)?.ok_or_else(|| missing(name))
    }

    /// A duration (milliseconds), if there is one: of `timeout`, say.
    ///
    /// # Errors
    ///
    /// What is no duration.
    pub fn duration(self, name: &str) -> Result<Option<i64>, ApiError> {
        self.parsed(name, parse_duration)
    }

    /// How many results there may be; 0 is no limit.
    pub(super) fn limit(self) -> Result<Option<usize>, ApiError> {
        let parse = |text: &str| {
            text.parse::<usize>().map_err(|_| format!("limit must be a number: {text:?}"))
        };
        Ok(self.parsed("limit", parse)?.filter(|limit| *limit > 0))
    }
}

/// The longest that a time or a duration may be (milliseconds): as Go's, 292 years.
const MAX_MS: f64 = 9_223_372_036_854.0;

fn millis(seconds: f64) -> Option<i64> {
    let ms = (seconds * 1000.0).round();
    (ms.abs() <= MAX_MS).then_some(ms as i64)
}

/// A time (milliseconds since 1970): seconds, or RFC 3339 such as `2026-01-02T03:04:05.5+01:00`.
///
/// # Errors
///
/// What is neither, in Prometheus' words.
pub fn parse_time(text: &str) -> Result<i64, String> {
    let time = match text.parse::<f64>() {
        Ok(seconds) => millis(seconds),
        Err(_) => rfc_3339(text),
    };
    time.ok_or_else(|| format!("cannot parse {text:?} to a valid timestamp"))
}

fn rfc_3339(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let [year, month, day] = numbers(date, '-')?;
    let at_zone = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(at_zone);
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(whole, ':')?;
    let is_day =
        (1..=12).contains(&month) && (1..=crate::promql::days_in_month(year, month)).contains(&day);
    if !is_day || hour > 23 || minute > 59 || second > 59 || whole.len() != 8 {
        return None;
    }
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: f64 = format!("0.{fraction}").parse().ok().filter(|_| is_fraction)?;
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some((seconds - offset(zone)?) * 1000 + (fraction * 1000.0) as i64)
}

/// How far a zone is before UTC (seconds).
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" || zone == "z" {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hour, minute) = zone.get(1..)?.split_once(':')?;
    let [hour, minute] = [two_digits(hour)?, two_digits(minute)?];
    (hour < 24 && minute < 60).then_some(sign * (hour * 3600 + minute * 60))
}

fn two_digits(text: &str) -> Option<i64> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut number = || {
        let part = parts.next()?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let numbers = [number()?, number()?, number()?];
    parts.next().is_none().then_some(numbers)
}

/// The units of a duration in their order, with their milliseconds.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// A duration (milliseconds): seconds, or numbers with units such as `1h30m`.
///
/// # Errors
///
/// What is neither, in Prometheus' words.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let duration = match text.parse::<f64>() {
        Ok(seconds) => millis(seconds),
        Err(_) => with_units(text),
    };
    duration.ok_or_else(|| format!("cannot parse {text:?} to a valid duration"))
}

fn with_units(text: &str) -> Option<i64> {
    let (mut rest, mut total) = (text, 0_i64);
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let length = after.find(|char: char| char.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(length);
        let (_, unit_ms) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*unit_ms)?)?;
        rest = after;
    }
    (!text.is_empty() && total as f64 <= MAX_MS).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(parse_time(text).ok(), expected, "{text}");
        };
        check("1.5", Some(1500));
        check("-2", Some(-2000));
        check("1e3", Some(1_000_000));
        check("2015-06-03T13:21:58.555Z", Some(1_433_337_718_555));
        check("2015-06-03T14:21:58.555+01:00", Some(1_433_337_718_555));
        check("1970-01-01T00:00:00Z", Some(0));
        check("1970-01-01T00:00:00-00:30", Some(1_800_000));
        for wrong in [
            "",
            "x",
            "NaN",
            "inf",
            "1e30",
            "2015-06-03",
            "2015-06-03T1:21:58Z",
            "2015-13-03T13:21:58Z",
            "2015-02-30T13:21:58Z",
            "2015-06-03T13:21:58",
            "2015-06-03T13:21:58.Z",
            "2015-06-03T13:21:58+1:00",
            "2015-06-03T13:21:58+aé:00",
            "2015-06-0éT13:21:58Z",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn durations() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(parse_duration(text).ok(), expected, "{text}");
        };
        check("0.25", Some(250));
        check("5m", Some(300_000));
        check("1h30m5ms", Some(5_400_005));
        check("1y2w3d", Some((365 + 14 + 3) * 86_400_000));
        for wrong in
            ["", "m", "5", "5x", "1m1h", "1m1m", "-5m", "1.5m", "300y", "99999999999999999999y"]
        {
            check(wrong, if wrong == "5" { Some(5000) } else { None });
        }
    }
}
