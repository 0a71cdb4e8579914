//! What is asked of a label.

use regex::Regex;

use crate::go_regex;
use crate::labels::Labels;

/// What is asked of one label; a label that a series lacks has the empty value.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// What its value must be.
    pub test: Test,
}

/// What a value must be.
#[derive(Clone, Debug)]
pub enum Test {
    /// `=`
    Equal(String),
    /// `!=`
    NotEqual(String),
    /// `=~`
    Matches(Regex),
    /// `!~`
    MatchesNot(Regex),
}

impl Matcher {
    /// `name="value"`.
    pub fn equal(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), test: Test::Equal(value.to_owned()) }
    }

    /// `name=~"pattern"`: anchored at both ends, in Go's syntax.
    ///
    /// # Errors
    ///
    /// What is wrong with the pattern.
    pub fn regex(name: &str, pattern: &str) -> Result<Self, String> {
        Ok(Self { name: name.to_owned(), test: Test::Matches(go_regex::anchored(pattern)?) })
    }

    /// Whether a value is as it must be.
    pub fn is_match(&self, value: &str) -> bool {
        match &self.test {
            Test::Equal(expected) => value == expected,
            Test::NotEqual(other) => value != other,
            Test::Matches(regex) => regex.is_match(value),
            Test::MatchesNot(regex) => !regex.is_match(value),
        }
    }

    /// Whether the labels are as they must be.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.is_match(labels.get(&self.name))
    }
}
