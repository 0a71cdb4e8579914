//! The query language: words, `"a phrase"`, `prefix*`, `+required`, `-excluded`. Anything is a
//! query: what is not one of these is words.

/// Whether a document has to have a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occur {
    /// It counts if it is there.
    Should,
    /// Without it a document is not found.
    Must,
    /// With it a document is not found.
    MustNot,
}

/// A part of a query, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Words, each for itself where it is optional, else one after the other.
    Words(&'a str),
    /// The words between two quotation marks, one after the other.
    Phrase(&'a str),
    /// The beginning of a word.
    Prefix(&'a str),
}

/// Cuts `query` into its parts.
pub(super) fn parse(query: &str) -> Vec<(Occur, Part<'_>)> {
    let mut parts = Vec::new();
    let mut rest = query.trim_start();
    while !rest.is_empty() {
        let (occur, after) = sign(rest);
        let (part, after) = part(after);
        parts.push((occur, part));
        rest = after.trim_start();
    }
    parts
}

fn sign(rest: &str) -> (Occur, &str) {
    let occur = match rest.as_bytes()[0] {
        b'+' => Occur::Must,
        b'-' => Occur::MustNot,
        _ => return (Occur::Should, rest),
    };
    match rest[1..].chars().next() {
        Some(c) if c.is_alphanumeric() || c == '"' => (occur, &rest[1..]),
        _ => (Occur::Should, rest),
    }
}

/// The first part of `rest`, which is not empty, and what follows it.
fn part(rest: &str) -> (Part<'_>, &str) {
    if let Some(quoted) = rest.strip_prefix('"') {
        return match quoted.split_once('"') {
            Some((phrase, after)) => (Part::Phrase(phrase), after),
            None => (Part::Words(quoted), ""),
        };
    }
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    match word.strip_suffix('*') {
        Some(prefix) if !prefix.is_empty() && prefix.chars().all(char::is_alphanumeric) => {
            (Part::Prefix(prefix), after)
        }
        _ => (Part::Words(word), after),
    }
}

#[cfg(test)]
mod tests {
    use super::Occur::{Must, MustNot, Should};
    use super::{Occur, Part, parse};

    fn check(query: &str, expected: &[(Occur, Part<'_>)]) {
        assert_eq!(parse(query), expected, "{query}");
    }

    #[test]
    fn the_language_is_small() {
        check("a b", &[(Should, Part::Words("a")), (Should, Part::Words("b"))]);
        check("+a -b", &[(Must, Part::Words("a")), (MustNot, Part::Words("b"))]);
        check("+\"a b\"c", &[(Must, Part::Phrase("a b")), (Should, Part::Words("c"))]);
        check("ab* -cd*", &[(Should, Part::Prefix("ab")), (MustNot, Part::Prefix("cd"))]);
    }

    #[test]
    fn anything_else_is_words() {
        check("", &[]);
        check("\"a b", &[(Should, Part::Words("a b"))]);
        check("- + * a**", &["-", "+", "*", "a**"].map(|word| (Should, Part::Words(word))));
        check("--a", &[(Should, Part::Words("--a"))]);
    }
}
