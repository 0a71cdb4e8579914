//! How settings are checked: every one that cannot be is listed, none is mended in silence.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest time that any setting may name (seconds): a day.
pub const MAX_SECONDS: f64 = 86_400.0;

/// Times that a wait may last.
pub(crate) const ANY_TIME: RangeInclusive<f64> = 0.0..=MAX_SECONDS;

/// Times that a limit may last: one of zero would refuse everything.
pub(crate) const SOME_TIME: RangeInclusive<f64> = 0.001..=MAX_SECONDS;

/// Settings that cannot be, each as `key: expected ..., found ...`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// Collects what is wrong with settings.
#[derive(Default)]
pub(crate) struct Check(Vec<String>);

impl Check {
    pub(crate) fn within<T: PartialOrd + Display>(
        self,
        key: &str,
        found: T,
        range: RangeInclusive<T>,
    ) -> Self {
        let expected = format!("{} to {}", range.start(), range.end());
        self.expect(key, range.contains(&found), &expected, found)
    }

    pub(crate) fn expect(
        mut self,
        key: &str,
        fits: bool,
        expected: &str,
        found: impl Display,
    ) -> Self {
        if !fits {
            self.0.push(format!("{key}: expected {expected}, found {found}"));
        }
        self
    }

    /// Adds the problems of a part, under its name.
    pub(crate) fn part(mut self, name: &str, problems: Vec<String>) -> Self {
        self.0.extend(problems.into_iter().map(|problem| format!("{name}.{problem}")));
        self
    }

    pub(crate) fn problems(self) -> Vec<String> {
        self.0
    }
}

/// Stops where there is a problem.
pub(crate) fn refuse(problems: Vec<String>) -> Result<(), ConfigError> {
    if problems.is_empty() { Ok(()) } else { Err(ConfigError(problems)) }
}

/// Checked seconds as a duration.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_listed() {
        let check = Check::default()
            .within("a", 3, 1..=2)
            .within("b", f64::NAN, ANY_TIME)
            .within("c", 0.0, ANY_TIME)
            .part("d", vec!["e: expected 1, found 2".to_owned()]);
        let error = refuse(check.problems()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a: expected 1 to 2, found 3\n\
             b: expected 0 to 86400, found NaN\n\
             d.e: expected 1, found 2"
        );
    }
}
