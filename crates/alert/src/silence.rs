//! Silences: alerts of which nobody wants to hear for a while.
//!
//! Source: Alertmanager 0.28, `silence/silence.go`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::AlertError;
use crate::labels::Labels;
use crate::matcher::{Matcher, all_match};
use crate::span::Span;

/// The most silences, ended ones included.
pub const MAX_SILENCES: usize = 1000;
/// The most matchers of one.
pub const MAX_SILENCE_MATCHERS: usize = 32;
/// The longest comment, and the longest name of who made it (bytes).
pub const MAX_COMMENT_BYTES: usize = 4096;
/// How long one is kept when it has ended.
pub const SILENCE_RETENTION: Span = Span::from_seconds(120 * 3600);

/// A silence, as it is asked for. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Which alerts; all of them must match.
    pub matchers: Vec<Matcher>,
    /// From when on.
    pub starts_at_ms: i64,
    /// Until when.
    pub ends_at_ms: i64,
    /// Who wants it.
    pub created_by: String,
    /// Why.
    pub comment: String,
}

impl Silence {
    /// Everything about it that cannot be.
    pub fn problems(&self, now_ms: i64) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expect = |fits: bool, key: &str, expected: &str, found: &str| {
            if !fits {
                problems.push(format!("{key}: expected {expected}, found {found}"));
            }
        };
        let n_matchers = self.matchers.len();
        let some = (1..=MAX_SILENCE_MATCHERS).contains(&n_matchers);
        expect(some, "matchers", "1 to 32 matchers", &n_matchers.to_string());
        let is_all = self.matchers.iter().all(Matcher::matches_empty);
        expect(!is_all, "matchers", "one that does not match what is missing", "none");
        let found = self.ends_at_ms.to_string();
        expect(self.ends_at_ms > self.starts_at_ms, "ends_at_ms", "a time after its start", &found);
        expect(self.ends_at_ms > now_ms, "ends_at_ms", "a time to come", &found);
        for (key, text) in [("created_by", &self.created_by), ("comment", &self.comment)] {
            let fits = (1..=MAX_COMMENT_BYTES).contains(&text.len());
            expect(fits, key, "1 to 4096 bytes", &text.len().to_string());
        }
        problems
    }

    /// Does it hold at this time?
    pub fn is_active(&self, now_ms: i64) -> bool {
        (self.starts_at_ms..self.ends_at_ms).contains(&now_ms)
    }
}

/// The silences of a dispatcher, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Silences {
    n_made: u64,
    by_number: BTreeMap<u64, Silence>,
}

impl Silences {
    pub(crate) fn create(&mut self, silence: Silence, now_ms: i64) -> Result<u64, AlertError> {
        AlertError::refuse(silence.problems(now_ms))?;
        if self.by_number.len() >= MAX_SILENCES {
            self.by_number.retain(|_, silence| silence.ends_at_ms > now_ms);
        }
        if self.by_number.len() >= MAX_SILENCES {
            return Err(AlertError::Full { what: "silences", limit: MAX_SILENCES });
        }
        self.n_made += 1;
        self.by_number.insert(self.n_made, silence);
        Ok(self.n_made)
    }

    /// Ends one now. One that had not begun is forgotten.
    pub(crate) fn expire(&mut self, number: u64, now_ms: i64) -> Result<(), AlertError> {
        let silence = self.by_number.get_mut(&number).filter(|silence| silence.ends_at_ms > now_ms);
        let silence = silence.ok_or(AlertError::UnknownSilence(number))?;
        silence.ends_at_ms = now_ms;
        if silence.starts_at_ms >= now_ms {
            self.by_number.remove(&number);
        }
        Ok(())
    }

    pub(crate) fn list(&self) -> impl Iterator<Item = (u64, &Silence)> {
        self.by_number.iter().map(|(number, silence)| (*number, silence))
    }

    /// The first that silences these labels.
    pub(crate) fn of(&self, labels: &Labels, now_ms: i64) -> Option<u64> {
        let mut active = self.list().filter(|(_, silence)| silence.is_active(now_ms));
        active.find(|(_, silence)| all_match(&silence.matchers, labels)).map(|(number, _)| number)
    }

    pub(crate) fn forget_old(&mut self, now_ms: i64) {
        self.by_number.retain(|_, silence| {
            silence.ends_at_ms.saturating_add(SILENCE_RETENTION.ms()) > now_ms
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(matcher: &str, starts_at_ms: i64, ends_at_ms: i64) -> Silence {
        Silence {
            matchers: vec![matcher.parse().unwrap()],
            starts_at_ms,
            ends_at_ms,
            created_by: "me".to_owned(),
            comment: "works".to_owned(),
        }
    }

    #[test]
    fn they_begin_and_end() {
        let mut silences = Silences::default();
        let number = silences.create(silence("a=b", 10, 20), 0).unwrap();
        let labels = Labels::from([("a", "b")]);
        let of = |at| silences.of(&labels, at);
        assert_eq!([of(9), of(10), of(19), of(20)], [None, Some(number), Some(number), None]);
        assert_eq!(silences.of(&Labels::default(), 10), None);
        silences.expire(number, 15).unwrap();
        assert_eq!(silences.of(&labels, 15), None);
        assert_eq!(silences.expire(number, 16), Err(AlertError::UnknownSilence(number)));
        silences.forget_old(SILENCE_RETENTION.ms() + 15);
        assert_eq!(silences.list().count(), 0);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let mut wrong = silence("a!=b", 10, 5);
        wrong.comment.clear();
        let problems = [
            "matchers: expected one that does not match what is missing, found none",
            "ends_at_ms: expected a time after its start, found 5",
            "ends_at_ms: expected a time to come, found 5",
            "comment: expected 1 to 4096 bytes, found 0",
        ];
        let error = AlertError::Config(problems.map(str::to_owned).to_vec());
        assert_eq!(Silences::default().create(wrong, 6), Err(error));
    }

    #[test]
    fn they_are_bounded_and_ended_ones_make_room() {
        let mut silences = Silences::default();
        for _ in 0..MAX_SILENCES {
            silences.create(silence("a=b", 0, 10), 0).unwrap();
        }
        let full = Err(AlertError::Full { what: "silences", limit: MAX_SILENCES });
        assert_eq!(silences.create(silence("a=b", 0, 10), 9), full);
        assert!(silences.create(silence("a=b", 0, 20), 10).is_ok());
        assert_eq!(silences.list().count(), 1);
    }
}
