//! Matchers: which labels are meant. `name="value"`, `!=`, and with regular expressions `=~`, `!~`.
//!
//! Source: Alertmanager, "Configuration", `<matcher>`, and `pkg/labels`.

use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::labels::{Labels, Quoted, is_label_name};

/// The longest matcher (bytes).
pub const MAX_MATCHER_BYTES: usize = 4096;
/// The most memory that a regular expression may take when compiled (bytes).
pub const MAX_REGEX_BYTES: usize = 1 << 20;

/// One condition on one label.
///
/// ```
/// use alert::{Labels, Matcher};
///
/// let matcher: Matcher = r#"severity=~"critical|warning""#.parse()?;
/// assert!(matcher.matches(&Labels::from([("severity", "warning")])));
/// assert!(!matcher.matches(&Labels::from([("severity", "a warning")])));
/// # Ok::<(), alert::MatcherError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    value: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Equal,
    NotEqual,
    Like(Regex),
    Unlike(Regex),
}

/// The text is no matcher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a matcher as name=\"value\" with =, !=, =~ or !~, found {found:?}: {why}")]
pub struct MatcherError {
    /// The text.
    pub found: String,
    /// What is wrong with it.
    pub why: String,
}

impl Matcher {
    /// The label has this value.
    pub fn equal(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), test: Test::Equal }
    }

    /// Are these labels meant? A label that is missing is an empty one.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_value(labels.get(&self.name))
    }

    /// Is a label meant that is not there?
    pub fn matches_empty(&self) -> bool {
        self.matches_value("")
    }

    fn matches_value(&self, value: &str) -> bool {
        match &self.test {
            Test::Equal => value == self.value,
            Test::NotEqual => value != self.value,
            Test::Like(regex) => regex.is_match(value),
            Test::Unlike(regex) => !regex.is_match(value),
        }
    }

    fn operator(&self) -> &'static str {
        match self.test {
            Test::Equal => "=",
            Test::NotEqual => "!=",
            Test::Like(_) => "=~",
            Test::Unlike(_) => "!~",
        }
    }
}

/// As Alertmanager orders them: by name, value and operator.
pub(crate) fn sorted(matchers: &[Matcher]) -> Vec<Matcher> {
    let mut sorted = matchers.to_vec();
    let rank = |m: &Matcher| ["=", "!=", "=~", "!~"].iter().position(|o| *o == m.operator());
    sorted.sort_by(|a, b| (&a.name, &a.value, rank(a)).cmp(&(&b.name, &b.value, rank(b))));
    sorted
}

/// Do all of them match?
pub(crate) fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

/// As Alertmanager writes them: `{a="b",c=~"d"}`.
pub(crate) fn shown(matchers: &[Matcher]) -> String {
    let matchers: Vec<String> = matchers.iter().map(Matcher::to_string).collect();
    format!("{{{}}}", matchers.join(","))
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.value, self.operator()) == (&other.name, &other.value, other.operator())
    }
}

impl FromStr for Matcher {
    type Err = MatcherError;

    fn from_str(text: &str) -> Result<Self, MatcherError> {
        const SHOWN: usize = 100;
        let error = |why: &str| MatcherError {
            found: text.chars().take(SHOWN).collect(),
            why: why.to_owned(),
        };
        if text.len() > MAX_MATCHER_BYTES {
            return Err(error("it is longer than 4096 bytes"));
        }
        let at = text.find(['=', '!']).ok_or_else(|| error("there is no operator"))?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        if !is_label_name(name) {
            return Err(error("its name is no name of a label"));
        }
        let operators = ["=~", "!~", "!=", "="];
        let (operator, value) = operators
            .iter()
            .find_map(|operator| Some((*operator, rest.strip_prefix(operator)?)))
            .ok_or_else(|| error("there is no operator"))?;
        let value = unquoted(value.trim()).map_err(error)?;
        let regex = || {
            let pattern = format!("^(?s:{value})$");
            let built = RegexBuilder::new(&pattern).size_limit(MAX_REGEX_BYTES).build();
            built.map_err(|why| error(&format!("its regular expression cannot be: {why}")))
        };
        let test = match operator {
            "=~" => Test::Like(regex()?),
            "!~" => Test::Unlike(regex()?),
            "!=" => Test::NotEqual,
            _ => Test::Equal,
        };
        Ok(Self { name: name.to_owned(), value, test })
    }
}

/// A value with its quotes taken away, or one that has none.
fn unquoted(value: &str) -> Result<String, &'static str> {
    let Some(inner) = value.strip_prefix('"') else {
        return if value.contains('"') {
            Err("a quote is not at its beginning")
        } else {
            Ok(value.to_owned())
        };
    };
    let mut text = String::new();
    let mut chars = inner.chars();
    loop {
        match chars.next() {
            None => return Err("a quote is not closed"),
            Some('"') if chars.as_str().is_empty() => return Ok(text),
            Some('"') => return Err("something follows the last quote"),
            Some('\\') => match chars.next() {
                Some('n') => text.push('\n'),
                Some(c @ ('"' | '\\')) => text.push(c),
                // As a regular expression would have it.
                Some(c) => text.extend(['\\', c]),
                None => return Err("a quote is not closed"),
            },
            Some(c) => text.push(c),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.name, self.operator(), Quoted(&self.value))
    }
}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_match() {
        for (text, value, expected) in [
            ("a=b", "b", true),
            ("a = \"b\"", "b", true),
            ("a!=b", "b", false),
            ("a!=b", "", true),
            ("a=\"\"", "", true),
            ("a=~\"b|c\"", "c", true),
            ("a=~\"b|c\"", "xc", false),
            ("a=~\"b.*\"", "b\nc", true),
            ("a!~\"b.*\"", "bc", false),
            ("a=~\".+\"", "", false),
            ("a=\"\\\"\\n\"", "\"\n", true),
            ("a=~\"\\\\d\"", "7", true),
            ("a=~\"\\d\"", "7", true),
        ] {
            let matcher: Matcher = text.parse().unwrap();
            assert_eq!(matcher.matches(&Labels::from([("a", value)])), expected, "{text}");
            assert_eq!(matcher.to_string().parse(), Ok(matcher), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told() {
        for text in [
            "",
            "a",
            "=b",
            "a-b=c",
            "a=\"b",
            "a=\"b\"c",
            "a=b\"",
            "a=~\"(\"",
            "a!b",
            "a=~\"\\w{9999}{99}\"",
        ] {
            assert!(text.parse::<Matcher>().is_err(), "{text}");
        }
    }
}
