//! Sentences that state a decision, found by their pattern. English; it knows what is said, not
//! what is meant.
//!
//! A decision is a sentence that says one of
//! - somebody `decided`, `agreed`, `chose`, `opted`, `settled` or `picked`;
//! - `we` or `I` `will`, `are going to` or `let's`, with `use`, `go with`, `keep`, `adopt`, `switch` and the like;
//! - `the decision is`, `the plan is to`, `going with`;
//!
//! and that neither asks nor denies it ("have not decided").

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use unicode_segmentation::UnicodeSegmentation;

/// At most so many decisions are told.
pub const MAX_DECISIONS: usize = 20;
/// A longer sentence is none.
pub const MAX_SENTENCE_BYTES: usize = 1000;

/// One sentence that states a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The sentence.
    pub sentence: String,
    /// What follows `because`, `since`, `so that`, `in order to` or `due to`.
    pub reason: Option<String>,
    /// Where the sentence stands, in bytes.
    pub range: Range<usize>,
}

const STATED: &str = r"(?ix)
    \b (?: decided | agreed | opted | resolved | settled | elected ) \s+ (?: to | on | that | for | against | upon ) \b
  | \b (?: i | we | they | he | she | team ) (?: '?ve | \s+ have | \s+ has | \s+ finally )? \s+ (?: chose | chosen | picked | selected ) \b
  | \b (?: i | we ) (?: ['\u{2019}]ll | \s+ will | \s+ shall | (?: ['\u{2019}](?:re|m) | \s+ are | \s+ am ) \s+ going \s+ to )
    \s+ (?: now \s+ | only \s+ | always \s+ )?
    (?: use | go \s+ with | keep | adopt | switch | move | stick | drop | build | choose | replace | stay | start | stop ) \b
  | \b let['\u{2019}]?s \s+ (?: go \s+ with | use | keep | adopt | switch | stick | drop | choose ) \b
  | \b (?: decision | conclusion ) (?: \s+ (?: is | was ) \b | : )
  | \b the \s+ plan \s+ is \s+ to \b
  | \b going \s+ with \b";

const DENIED: &str = r"(?ix)
    \b (?: not | never | yet \s+ to | (?: has | have | did | do | does | is | are | was | wo | had ) n['\u{2019}]?t ) \s+
    (?: yet \s+ | really \s+ )? (?: decide | decided | agree | agreed | choose | chosen | chose | settled | picked | going \s+ with )
  | \? \s* $";

const BECAUSE: &str = r"(?i)\b(?:because(?: of)?|since|so that|in order to|due to)\s+(.+?)[.!\s]*$";

#[expect(clippy::unwrap_used, reason = "a constant, which a test compiles")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

static PATTERNS: LazyLock<[Regex; 3]> = LazyLock::new(|| [STATED, DENIED, BECAUSE].map(regex));

/// The first [`MAX_DECISIONS`] sentences of `text` that state a decision, in their order.
pub fn decisions(text: &str) -> Vec<Decision> {
    let lines = text.split_inclusive('\n').scan(0, |at, line| {
        *at += line.len();
        Some((*at - line.len(), line))
    });
    let sentences = lines.flat_map(|(start, line)| {
        line.split_sentence_bound_indices().map(move |(at, sentence)| (start + at, sentence))
    });
    sentences
        .filter_map(|(start, sentence)| decision(start, sentence))
        .take(MAX_DECISIONS)
        .collect()
}

fn decision(start: usize, sentence: &str) -> Option<Decision> {
    let [stated, denied, because] = &*PATTERNS;
    let start = start + sentence.len() - sentence.trim_start().len();
    let sentence = sentence.trim();
    if sentence.len() > MAX_SENTENCE_BYTES
        || !stated.is_match(sentence)
        || denied.is_match(sentence)
    {
        return None;
    }
    let reason = because
        .captures(sentence)
        .and_then(|found| found.get(1))
        .map(|reason| reason.as_str().to_owned());
    Some(Decision { sentence: sentence.to_owned(), reason, range: start..start + sentence.len() })
}

#[cfg(test)]
mod tests {
    use super::decisions;

    fn check(text: &str, expected: &[(&str, Option<&str>)]) {
        let found = decisions(text);
        let found: Vec<_> =
            found.iter().map(|one| (one.sentence.as_str(), one.reason.as_deref())).collect();
        assert_eq!(found, expected, "{text}");
        assert!(decisions(text).iter().all(|one| text[one.range.clone()] == one.sentence));
    }

    #[test]
    fn decisions_are_found_with_their_reason() {
        check(
            "We talked. We decided to use SQLite because it needs no server. It rains.",
            &[("We decided to use SQLite because it needs no server.", Some("it needs no server"))],
        );
        check("I'll keep the blue one!", &[("I'll keep the blue one!", None)]);
        check("Decision: ship on Friday", &[("Decision: ship on Friday", None)]);
        check("Let\u{2019}s go with plan B\nThanks", &[("Let\u{2019}s go with plan B", None)]);
        check(
            "They chose Rust so that it is fast.",
            &[("They chose Rust so that it is fast.", Some("it is fast"))],
        );
    }

    #[test]
    fn questions_and_denials_are_none() {
        check("Have you decided on a name?", &[]);
        check("We have not decided on a name. We haven't agreed to it.", &[]);
        check("The sun will shine. We will see.", &[]);
    }
}
