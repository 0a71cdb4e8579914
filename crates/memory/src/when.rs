//! The days that a text speaks of: `8 May 2023`, `May 8th`, `in May 2023`, `2023-05-08`, `yesterday`,
//! `last week`, `three days ago`, `last Friday`. English; days are counted from 1970-01-01 in UTC.
//! `today` and what is to come are left out: who says them seldom asks for a day.
//! Nothing here is sure: it only says where to look first.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use roaring::RoaringBitmap;
use time::{Date, Month};

use crate::item::{Item, Time};

/// Days that a text can speak of; more are not read.
pub(crate) const MAX_DAYS: usize = 8;
/// Words of a text that are read for days.
const MAX_WORDS: usize = 512;
const DAY: i64 = 86_400_000_000;

/// The days of memories: when each came, and what its metadata says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calendar {
    of: BTreeMap<i32, RoaringBitmap>,
}

impl Calendar {
    pub(crate) fn insert(&mut self, slot: u32, item: &Item) {
        for day in days_of(item) {
            self.of.entry(day).or_default().insert(slot);
        }
    }

    pub(crate) fn remove(&mut self, slot: u32, item: &Item) {
        for day in days_of(item) {
            if let Some(slots) = self.of.get_mut(&day) {
                slots.remove(slot);
                if slots.is_empty() {
                    self.of.remove(&day);
                }
            }
        }
    }

    /// Those of any of these days.
    pub(crate) fn within(&self, days: &[Days]) -> RoaringBitmap {
        let within = days.iter().filter(|days| !days.is_empty());
        within.flat_map(|days| self.of.range(days.clone())).fold(
            RoaringBitmap::new(),
            |mut all, (_, slots)| {
                all |= slots;
                all
            },
        )
    }
}

/// The days of a memory: what its metadata says, or when it came.
fn days_of(item: &Item) -> Vec<i32> {
    let came = day(item.created_at);
    let said = item.metadata.values().filter_map(|value| value.as_str());
    let said = said.filter(|text| text.len() <= MAX_DATE_BYTES).flat_map(|text| days(text, came));
    let mut days: Vec<i32> = said.filter(|d| d.start() == d.end()).map(|d| *d.start()).collect();
    if days.is_empty() {
        days.push(came);
    }
    days.sort_unstable();
    days.dedup();
    days
}

/// When a memory was: on the first day that its metadata says, or when it came.
pub(crate) fn happened(item: &Item) -> Time {
    let first = days_of(item).first().copied().unwrap_or_default();
    let came = item.created_at;
    if first == day(came) { came } else { i64::from(first) * DAY }
}

/// A longer value of metadata is no date.
const MAX_DATE_BYTES: usize = 40;

/// Days from the first to the last, both included.
pub(crate) type Days = RangeInclusive<i32>;

/// The day of a time.
pub(crate) fn day(time: Time) -> i32 {
    time.div_euclid(DAY).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// The days that `text` speaks of, said on day `today`.
pub(crate) fn days(text: &str, today: i32) -> Vec<Days> {
    let words = words(text);
    let mut found = Vec::new();
    let mut at = 0;
    // `May I ...?` begins with no month.
    if words.first().is_some_and(|first| matches!(*first, "May" | "March"))
        && words.get(1).is_none_or(|next| year(next).is_none() && ordinal(next).is_none())
    {
        at = 1;
    }
    while at < words.len() && found.len() < MAX_DAYS {
        match read(&words[at..], today) {
            Some((days, n)) => {
                found.push(days);
                at += n;
            }
            None => at += 1,
        }
    }
    found
}

/// Whether a text says when something is, was or will be.
pub(crate) fn tells_when(text: &str) -> bool {
    const SAYS: [&str; 22] = [
        "yesterday",
        "today",
        "tonight",
        "tomorrow",
        "ago",
        "week",
        "weeks",
        "weekend",
        "month",
        "months",
        "year",
        "years",
        "morning",
        "evening",
        "since",
        "until",
        "soon",
        "recently",
        "spring",
        "summer",
        "autumn",
        "winter",
    ];
    words(text).iter().any(|word| {
        let word = *word;
        let lower = word.to_ascii_lowercase();
        SAYS.contains(&lower.as_str())
            || word.starts_with(char::is_uppercase)
                && (month(word).is_some() || weekday(word).is_some())
            || word.len() == 4 && year(word).is_some()
    })
}

/// Whether a question asks when.
pub(crate) fn asks_when(question: &str) -> bool {
    let words = words(question);
    let is = |k: usize, what: &str| words.get(k).is_some_and(|w| w.eq_ignore_ascii_case(what));
    (0..words.len()).any(|k| {
        is(k, "when")
            || (is(k, "what") || is(k, "which"))
                && ["day", "date", "month", "year", "time", "week"].iter().any(|w| is(k + 1, w))
            || is(k, "how")
                && is(k + 1, "long")
                && words[k..].iter().any(|w| w.eq_ignore_ascii_case("ago"))
    })
}

fn words(text: &str) -> Vec<&str> {
    let cut = |c: char| !(c.is_alphanumeric() || c == '-');
    text.split(cut).filter(|word| !word.is_empty()).take(MAX_WORDS).collect()
}

/// The days that `words` begin with, and how many words say so.
fn read(words: &[&str], today: i32) -> Option<(Days, usize)> {
    dated(words, today).or_else(|| relative(words, today))
}

fn dated(words: &[&str], today: i32) -> Option<(Days, usize)> {
    let get = |k: usize| words.get(k).copied().unwrap_or_default();
    if let Some(day) = iso(get(0)) {
        return Some((day..=day, 1));
    }
    let skip = usize::from(get(1).eq_ignore_ascii_case("of"));
    if let (Some(number), Some(month)) = (ordinal(get(0)), month(get(1 + skip))) {
        let (year, n) = (year(get(2 + skip)), 2 + skip);
        let day = of_year(year, today, |year| on(year, month, number))?;
        return Some((day..=day, n + usize::from(year.is_some())));
    }
    let month = month(get(0))?;
    if let (Some(number), None) = (ordinal(get(1)), year(get(1))) {
        let year = year(get(2));
        let day = of_year(year, today, |year| on(year, month, number))?;
        return Some((day..=day, 2 + usize::from(year.is_some())));
    }
    if let Some(year) = year(get(1)) {
        return Some((whole(year, month)?, 2));
    }
    // `may` and `march` alone are months only with a capital.
    let alone = get(0).starts_with(char::is_uppercase);
    let first = of_year(None, today, |year| on(year, month, 1)).filter(|_| alone)?;
    let year = Date::from_julian_day(first + EPOCH).ok()?.year();
    Some((whole(year, month)?, 1))
}

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

fn relative(words: &[&str], today: i32) -> Option<(Days, usize)> {
    let get = |k: usize| words.get(k).map(|w| w.to_ascii_lowercase()).unwrap_or_default();
    let one = |day: i32, n: usize| Some((day..=day, n));
    let (first, second) = (get(0), get(1));
    match (first.as_str(), second.as_str()) {
        ("yesterday", _) => one(today - 1, 1),
        ("last", "week") => Some((today - 7 - week(today)..=today - 1 - week(today), 2)),
        ("last", "weekend") => Some((today - 2 - week(today)..=today - 1 - week(today), 2)),
        ("last", "month") => month_by(today, -1).map(|days| (days, 2)),
        ("last", "year") => year_by(today, -1).map(|days| (days, 2)),
        ("last", name) => {
            let back = (week(today) - weekday(name)?).rem_euclid(7);
            one(today - if back == 0 { 7 } else { back }, 2)
        }
        _ => ago(words, today),
    }
}

/// `three days ago`, `a week ago`.
fn ago(words: &[&str], today: i32) -> Option<(Days, usize)> {
    let [number, unit, "ago", ..] = words else { return None };
    let n = count(number)?;
    let (back, slack) = match unit.to_ascii_lowercase().as_str() {
        "day" | "days" => (n, 0),
        "week" | "weeks" => (7 * n, 3),
        "month" | "months" => (30 * n, 15),
        "year" | "years" => (365 * n, 180),
        _ => return None,
    };
    Some((today - back - slack..=today - back + slack, 3))
}

fn count(word: &str) -> Option<i32> {
    const COUNTS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let lower = word.to_ascii_lowercase();
    let named = COUNTS.iter().position(|name| *name == lower).map(|n| n as i32);
    let one = matches!(lower.as_str(), "a" | "an").then_some(1);
    named.or(one).or_else(|| lower.parse().ok()).filter(|n| (0..=1000).contains(n))
}

fn iso(word: &str) -> Option<i32> {
    let (year, rest) = word.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    on(self::year(year)?, month, day.get(..2)?.parse().ok()?)
}

/// 1 to 31, as `8`, `08`, `8th`.
fn ordinal(word: &str) -> Option<u8> {
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        // Most words; they are not looked through from their end.
        return None;
    }
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &word[digits.len()..];
    let fits = matches!(ending.to_ascii_lowercase().as_str(), "" | "st" | "nd" | "rd" | "th");
    digits.parse().ok().filter(|n| fits && digits.len() <= 2 && (1..=31).contains(n))
}

fn year(word: &str) -> Option<i32> {
    let digits = word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    word.parse().ok().filter(|year| digits && (1900..=2100).contains(year))
}

fn month(word: &str) -> Option<Month> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if !(3..=9).contains(&word.len()) {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let short = |name: &&str| lower.len() == 3 && name.starts_with(&lower) || lower == "sept";
    let at =
        MONTHS.iter().position(|name| *name == lower || short(name) && name.starts_with(&lower))?;
    Month::try_from(at as u8 + 1).ok()
}

/// Days since Monday.
fn weekday(word: &str) -> Option<i32> {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    DAYS.iter().position(|name| name.eq_ignore_ascii_case(word)).map(|day| day as i32)
}

/// Days since the Monday before `day`; 1970-01-01 was a Thursday.
fn week(day: i32) -> i32 {
    (day + 3).rem_euclid(7)
}

fn on(year: i32, month: Month, day: u8) -> Option<i32> {
    Some(Date::from_calendar_date(year, month, day).ok()?.to_julian_day() - EPOCH)
}

/// A day of a year that was said, or the last one that is not in the future.
fn of_year(year: Option<i32>, today: i32, day: impl Fn(i32) -> Option<i32>) -> Option<i32> {
    let this = Date::from_julian_day(today.checked_add(EPOCH)?).ok()?.year();
    match year {
        Some(year) => day(year),
        None => day(this).filter(|day| *day <= today).or_else(|| day(this - 1)),
    }
}

fn whole(year: i32, month: Month) -> Option<Days> {
    let last = on(year, month, month.length(year))?;
    Some(on(year, month, 1)?..=last)
}

/// The month that is `by` months from that of `today`.
fn month_by(today: i32, by: i32) -> Option<Days> {
    let date = Date::from_julian_day(today.checked_add(EPOCH)?).ok()?;
    let months = date.year() * 12 + i32::from(u8::from(date.month())) - 1 + by;
    let month = Month::try_from((months.rem_euclid(12) + 1) as u8).ok()?;
    whole(months.div_euclid(12), month)
}

fn year_by(today: i32, by: i32) -> Option<Days> {
    let year = Date::from_julian_day(today.checked_add(EPOCH)?).ok()?.year() + by;
    Some(on(year, Month::January, 1)?..=on(year, Month::December, 31)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{asks_when, day, days, tells_when};
    use crate::moment::{read, written};

    /// Said on Wednesday, 14 June 2023.
    fn check(text: &str, expected: &[(&str, &str)]) {
        let today = day(read("2023-06-14").unwrap());
        let date = |day: i32| written(i64::from(day) * super::DAY)[..10].to_owned();
        let found: Vec<_> =
            days(text, today).iter().map(|d| (date(*d.start()), date(*d.end()))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn days_are_read() {
        let one = |day| [(day, day)];
        check("on 8 May 2023?", &one("2023-05-08"));
        check("on May 8th, 2023 at noon", &one("2023-05-08"));
        check("on the 8th of July", &one("2022-07-08"));
        check("2023-05-08", &one("2023-05-08"));
        check("in May 2022 we may march", &[("2022-05-01", "2022-05-31")]);
        check("in February", &[("2023-02-01", "2023-02-28")]);
        check("May I come today?", &[]);
        check("yesterday", &one("2023-06-13"));
        check("last week", &[("2023-06-05", "2023-06-11")]);
        check("last Friday", &one("2023-06-09"));
        check("last Wednesday", &one("2023-06-07"));
        check("three days ago", &one("2023-06-11"));
        check(
            "last month or last year",
            &[("2023-05-01", "2023-05-31"), ("2022-01-01", "2022-12-31")],
        );
        check("30 February 2023 and the 5 of us", &[("2023-02-01", "2023-02-28")]);
    }

    #[test]
    fn what_asks_and_tells_when() {
        assert!(asks_when("When did Nora move?") && asks_when("In which month was it?"));
        assert!(!asks_when("What did Nora do?"));
        assert!(tells_when("I saw it last week") && tells_when("On Friday we left"));
        assert!(!tells_when("You may march along"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([0-9]{1,5}|may|May|of|ago|last|th| |-|\\PC)*", today in any::<i32>()) {
            let _ = (days(&text, today), asks_when(&text), tells_when(&text));
        }
    }
}
