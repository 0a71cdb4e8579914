//! Which backups are kept: the last ones, and the last of each day, week and month.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Described;

/// How many backups of each kind are kept; a backup stays while any rule keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// The last so many.
    pub last: usize,
    /// The last of each of so many days.
    pub daily: usize,
    /// The last of each of so many weeks.
    pub weekly: usize,
    /// The last of each of so many months.
    pub monthly: usize,
}

impl Default for Keep {
    fn default() -> Self {
        Self { last: 3, daily: 7, weekly: 4, monthly: 6 }
    }
}

const DAY_SECONDS: u64 = 86_400;

/// The names of the backups that no rule keeps; `all` has the oldest first.
pub(super) fn gone(all: &[Described], keep: &Keep) -> Vec<String> {
    let mut kept: HashSet<&str> =
        all.iter().rev().take(keep.last).map(|b| b.name.as_str()).collect();
    // 1970 began on a Thursday; weeks begin on Monday.
    let week = |b: &Described| (b.created / DAY_SECONDS + 3) / 7;
    let month = |b: &Described| {
        let (year, month, _) = date(b.created);
        year * 12 + month
    };
    keep_last_of(all, keep.daily, |b| b.created / DAY_SECONDS, &mut kept);
    keep_last_of(all, keep.weekly, week, &mut kept);
    keep_last_of(all, keep.monthly, month, &mut kept);
    all.iter().filter(|b| !kept.contains(b.name.as_str())).map(|b| b.name.clone()).collect()
}

fn keep_last_of<'a>(
    all: &'a [Described],
    n: usize,
    of: impl Fn(&Described) -> u64,
    kept: &mut HashSet<&'a str>,
) {
    let mut seen = HashSet::new();
    for backup in all.iter().rev() {
        if !seen.contains(&of(backup)) && seen.len() < n {
            seen.insert(of(backup));
            kept.insert(&backup.name);
        }
    }
}

/// Year, month and day of a time (seconds since 1970).
///
/// Source: Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn date(seconds: u64) -> (u64, u64, u64) {
    let days = seconds / DAY_SECONDS + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

/// A time as `20261121T063300Z`.
pub(super) fn time_of(seconds: u64) -> String {
    let (year, month, day) = date(seconds);
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{h:02}{m:02}{s:02}Z")
}

#[cfg(test)]
mod tests {
    use super::{DAY_SECONDS, Keep, gone, time_of};
    use crate::backup::Described;

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        assert_eq!(time_of(0), "19700101T000000Z");
        assert_eq!(time_of(951_782_399), "20000228T235959Z");
        assert_eq!(time_of(951_782_400), "20000229T000000Z");
        assert_eq!(time_of(1_795_242_780), "20261121T063300Z");
    }

    fn daily(days: u64) -> Vec<Described> {
        (0..days)
            .map(|day| Described {
                name: format!("{day}"),
                created: 1_767_225_600 + day * DAY_SECONDS,
                bytes: 0,
                sha256: String::new(),
                encrypted: false,
                files: 0,
            })
            .collect()
    }

    #[test]
    fn each_rule_keeps_its_own() {
        let all = daily(90);
        let kept = |keep: Keep| -> Vec<String> {
            let gone = gone(&all, &keep);
            all.iter().map(|b| b.name.clone()).filter(|n| !gone.contains(n)).collect()
        };
        let none = Keep { last: 0, daily: 0, weekly: 0, monthly: 0 };
        assert_eq!(kept(none), Vec::<String>::new());
        assert_eq!(kept(Keep { last: 2, ..none }), ["88", "89"]);
        assert_eq!(kept(Keep { daily: 3, ..none }), ["87", "88", "89"]);
        // 1 January 2026 is a Thursday: day 87 is Sunday 29 March, day 89 a Tuesday.
        assert_eq!(kept(Keep { weekly: 3, ..none }), ["80", "87", "89"]);
        assert_eq!(kept(Keep { monthly: 3, ..none }), ["30", "58", "89"]);
        assert_eq!(kept(Keep { last: 1, weekly: 2, ..none }), ["87", "89"]);
    }
}
