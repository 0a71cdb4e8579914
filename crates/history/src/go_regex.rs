//! Go's regular expressions, which Prometheus uses, in the words of the crate `regex`.
//!
//! Both are RE2's children and differ in little: what `\d`, `\w` and `\s` are outside ASCII, `\Q...\E`,
//! a `{` that repeats nothing, and what has a meaning within brackets.
//! Source: Go, package `regexp/syntax`; `regex`, "Syntax".

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};

/// The longest regular expression of a query (bytes).
pub const MAX_REGEX_BYTES: usize = 16 << 10;
/// The memory that one compiled regular expression may take (bytes).
pub const MAX_REGEX_MEMORY_BYTES: usize = 4 << 20;

/// The expression, anchored at both ends, `.` matching every character, as Prometheus 3 has it.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_REGEX_BYTES {
        return Err(format!("it has {} bytes, and may have {MAX_REGEX_BYTES}", pattern.len()));
    }
    // Alone, so that what closes a group of ours is an error.
    build(&translated(pattern))?;
    build(&format!("^(?s:{})$", translated(pattern)))
}

fn build(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_REGEX_MEMORY_BYTES)
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or("it is wrong").to_owned())
}

fn translated(pattern: &str) -> String {
    let mut chars = pattern.chars().peekable();
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut in_class = false;
    while let Some(char) = chars.next() {
        match char {
            '\\' => escape(&mut chars, &mut out),
            '[' if in_class && chars.peek() == Some(&':') => out.push('['),
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                open_class(&mut chars, &mut out);
            }
            ']' if in_class => {
                in_class = end_of_name(&out);
                out.push(']');
            }
            // Set operations of `regex`, plain characters in Go.
            '&' | '~' if in_class => out.extend(['\\', char]),
            '-' if in_class && chars.peek() == Some(&'-') => out.push_str("\\-"),
            '{' if !in_class && !repeats(chars.clone()) => out.push_str("\\{"),
            _ => out.push(char),
        }
    }
    out
}

/// Behind `[`: a `]` that comes first is itself.
fn open_class(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if chars.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
}

/// Whether the class goes on behind this `]`, because it closes a name such as `[:alpha:]`.
fn end_of_name(out: &str) -> bool {
    out.ends_with(':') && out.rfind("[:").is_some_and(|at| at + 2 < out.len())
}

fn escape(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    match chars.next() {
        Some('d') => out.push_str("[0-9]"),
        Some('D') => out.push_str("[^0-9]"),
        Some('w') => out.push_str("[0-9A-Za-z_]"),
        Some('W') => out.push_str("[^0-9A-Za-z_]"),
        Some('s') => out.push_str("[\\t\\n\\x0C\\r ]"),
        Some('S') => out.push_str("[^\\t\\n\\x0C\\r ]"),
        Some('b') => out.push_str("(?-u:\\b)"),
        Some('Q') => literal(chars, out),
        Some(char) => out.extend(['\\', char]),
        None => out.push('\\'),
    }
}

/// Up to `\E`, every character is itself.
fn literal(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut buffer = [0; 4];
    while let Some(char) = chars.next() {
        if char == '\\' && chars.next_if_eq(&'E').is_some() {
            return;
        }
        out.push_str(&regex::escape(char.encode_utf8(&mut buffer)));
    }
}

/// Whether what follows `{` is `3}`, `3,}` or `3,4}`.
fn repeats(chars: Peekable<Chars<'_>>) -> bool {
    let inner: String = chars.take(16).take_while(|char| *char != '}').collect();
    let (least, most) = inner.split_once(',').unwrap_or((&inner, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && inner.len() < 16 && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_go() {
        let check = |pattern: &str, yes: &[&str], no: &[&str]| {
            let regex = anchored(pattern).unwrap();
            for text in yes {
                assert!(regex.is_match(text), "{pattern:?} should match {text:?}");
            }
            for text in no {
                assert!(!regex.is_match(text), "{pattern:?} should not match {text:?}");
            }
        };
        check("a|b", &["a", "b"], &["ab", "xa", "bx"]);
        check("a.b", &["a\nb"], &["ab"]);
        check(r"\d+\w\s", &["12a "], &["٣a "]);
        check(r"[\d_]+", &["1_2"], &["a"]);
        check("x{y}", &["x{y}"], &["x"]);
        check("x{2}", &["xx"], &["x{2}"]);
        check(r"\Qa.b\E+", &["a.b", "a.bbb"], &["axb"]);
        check("[[a&&b]+", &["[&a"], &["c"]);
        check("[[:digit:]x]+", &["1x"], &["d", ":"]);
        check("[]a]", &["]", "a"], &["b"]);
        check("", &[""], &["a"]);
    }

    #[test]
    fn what_is_wrong_or_too_large_is_refused() {
        for pattern in ["a)", "(", "a)|(b", "[", "(?=a)", r"(a)\1", "((a{1000}){1000}){1000}"] {
            assert!(anchored(pattern).is_err(), "{pattern}");
        }
        assert!(anchored(&"a".repeat(MAX_REGEX_BYTES + 1)).is_err());
    }
}
