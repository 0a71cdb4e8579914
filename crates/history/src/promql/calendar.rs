//! Days, months and years (UTC, proleptic Gregorian).
//!
//! Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".

/// A time of day on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
}

const DAY_SECONDS: i64 = 86_400;

/// Of seconds since 1970-01-01.
pub(crate) fn civil(seconds: i64) -> Civil {
    let (days, of_day) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
    // Counted from 1 March 0000, so that a leap day is a year's last.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    Civil { year, month, day, hour: of_day / 3600, minute: of_day / 60 % 60 }
}

/// Days since 1970-01-01 of a date.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// 0 is Sunday.
pub(crate) fn day_of_week(seconds: i64) -> i64 {
    (seconds.div_euclid(DAY_SECONDS) + 4).rem_euclid(7)
}

/// 1 is the first of January.
pub(crate) fn day_of_year(seconds: i64) -> i64 {
    seconds.div_euclid(DAY_SECONDS) - days(civil(seconds).year, 1, 1) + 1
}

/// How many days a month has.
pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next, 1) - days(year, month, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_there_and_back() {
        for day in -150_000..150_000 {
            let date = civil(day * DAY_SECONDS + 3_661);
            assert_eq!(days(date.year, date.month, date.day), day);
            assert_eq!((date.hour, date.minute), (1, 1));
        }
        let leap = Civil { year: 2024, month: 2, day: 29, hour: 23, minute: 59 };
        assert_eq!(civil(1_709_251_199), leap);
        assert_eq!((days_in_month(2024, 2), days_in_month(2100, 2)), (29, 28));
        assert_eq!((day_of_week(0), day_of_year(1_709_251_199)), (4, 60));
        assert_eq!(civil(-1).year, 1969);
    }
}
