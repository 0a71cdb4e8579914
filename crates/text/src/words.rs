//! A text becomes words: cut as Unicode says (UAX 29), folded (NFKD without accents, lower case),
//! stemmed (Snowball). Identifiers stay whole and also give their parts. It drops no word.

use std::borrow::Cow;
use std::ops::Range;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// A word is cut after so many bytes; a longer identifier gives only its parts.
pub const MAX_WORD_BYTES: usize = 64;
/// A longer chain of parts gives only its parts.
pub const MAX_PARTS: usize = 16;

/// Whose endings are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(missing_docs, reason = "a language's name says which it is")]
pub enum Language {
    /// Words stay as they are written.
    None,
    Arabic,
    Danish,
    Dutch,
    /// Porter's second English stemmer.
    #[default]
    English,
    Finnish,
    French,
    German,
    Greek,
    Hungarian,
    Italian,
    Norwegian,
    Portuguese,
    Romanian,
    Russian,
    Spanish,
    Swedish,
    Tamil,
    Turkish,
}

impl Language {
    fn algorithm(self) -> Option<Algorithm> {
        Some(match self {
            Self::None => return None,
            Self::Arabic => Algorithm::Arabic,
            Self::Danish => Algorithm::Danish,
            Self::Dutch => Algorithm::Dutch,
            Self::English => Algorithm::English,
            Self::Finnish => Algorithm::Finnish,
            Self::French => Algorithm::French,
            Self::German => Algorithm::German,
            Self::Greek => Algorithm::Greek,
            Self::Hungarian => Algorithm::Hungarian,
            Self::Italian => Algorithm::Italian,
            Self::Norwegian => Algorithm::Norwegian,
            Self::Portuguese => Algorithm::Portuguese,
            Self::Romanian => Algorithm::Romanian,
            Self::Russian => Algorithm::Russian,
            Self::Spanish => Algorithm::Spanish,
            Self::Swedish => Algorithm::Swedish,
            Self::Tamil => Algorithm::Tamil,
            Self::Turkish => Algorithm::Turkish,
        })
    }
}

/// A text becomes words.
///
/// ```
/// let words = text::Words::default();
/// assert_eq!(words.of("Adopting cats: CVE-2024-1234"), ["adopt", "cat", "cve-2024-1234", "cve", "2024", "1234"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Words {
    language: Language,
}

impl Words {
    /// Words of `language`.
    pub fn new(language: Language) -> Self {
        Self { language }
    }

    /// Which language it is.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The words of `text`, in their order, stemmed.
    pub fn of(&self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        forms(text, |form| words.push(self.stem(form).into_owned()));
        words
    }

    /// What a folded form is indexed as: the base of an irregular English form, without its ending.
    pub fn root<'a>(&self, form: &'a str) -> Cow<'a, str> {
        match self.language {
            Language::English => self.stem(crate::irregular::base(form)),
            _ => self.stem(form),
        }
    }

    /// One folded form without its ending; what has a digit or a sign in it stays as it is.
    pub fn stem<'a>(&self, form: &'a str) -> Cow<'a, str> {
        let Some(algorithm) = self.language.algorithm() else { return Cow::Borrowed(form) };
        if !form.chars().all(|c| c.is_alphabetic() || c == '\'') {
            return Cow::Borrowed(form);
        }
        match Stemmer::create(algorithm).stem(form) {
            stem if stem.is_empty() => Cow::Borrowed(form),
            stem => stem,
        }
    }
}

/// Calls `each` with every word of `text`, folded and not stemmed, in their order: an identifier
/// first whole, then in its parts.
pub fn forms(text: &str, mut each: impl FnMut(&str)) {
    let mut chain: Vec<Range<usize>> = Vec::with_capacity(MAX_PARTS);
    let mut folded = String::with_capacity(MAX_WORD_BYTES * 2);
    for (start, word) in text.unicode_word_indices() {
        if chain.last().is_some_and(|last| !joins(text, last.end, start)) {
            tell(text, &chain, &mut folded, &mut each);
            chain.clear();
        }
        chain.push(start..start + word.len());
    }
    tell(text, &chain, &mut folded, &mut each);
}

/// Whether the words that end and start there are written as one: `CVE-2024`, `bob@example.com`.
fn joins(text: &str, end: usize, start: usize) -> bool {
    start == end + 1 && matches!(text.as_bytes()[end], b'-' | b'@' | b'.' | b':')
}

fn tell(text: &str, chain: &[Range<usize>], folded: &mut String, each: &mut impl FnMut(&str)) {
    let (Some(first), Some(last)) = (chain.first(), chain.last()) else { return };
    if chain.len() > 1 && is_identifier(text, chain, first.start..last.end) {
        fold_and_tell(&text[first.start..last.end], folded, each);
    }
    for part in chain {
        let word = &text[part.clone()];
        fold_and_tell(word, folded, each);
        if has_parts(word) {
            for piece in word.split(['.', '_', ':']).filter(|piece| !piece.is_empty()) {
                fold_and_tell(piece, folded, each);
            }
        }
    }
}

/// `well-known` is two words; a chain with a digit or an `@` in it names something.
fn is_identifier(text: &str, chain: &[Range<usize>], whole: Range<usize>) -> bool {
    chain.len() <= MAX_PARTS
        && whole.len() <= MAX_WORD_BYTES
        && text.as_bytes()[whole].iter().any(|byte| byte.is_ascii_digit() || *byte == b'@')
}

/// `example.com` and `foo_bar` have parts, `3.14` has none.
fn has_parts(word: &str) -> bool {
    let signs = word.bytes().filter(|byte| matches!(byte, b'.' | b'_' | b':')).count();
    (1..MAX_PARTS).contains(&signs)
        && word.bytes().any(|byte| !(byte.is_ascii_digit() || byte == b'.'))
}

fn fold_and_tell(word: &str, folded: &mut String, each: &mut impl FnMut(&str)) {
    folded.clear();
    fold(word, folded);
    if !folded.is_empty() {
        each(folded);
    }
}

/// Appends `word` in lower case, without accents, in the compatible form (NFKC), at most
/// [`MAX_WORD_BYTES`] of it.
pub(crate) fn fold(word: &str, folded: &mut String) {
    if word.is_ascii() {
        let start = folded.len();
        folded.push_str(&word[..word.len().min(MAX_WORD_BYTES)]);
        folded[start..].make_ascii_lowercase();
        return;
    }
    let plain = word.chars().take(MAX_WORD_BYTES).nfkd().flat_map(char::to_lowercase);
    let plain = plain.filter(|c| !is_accent(*c)).map(|c| if c == '\u{2019}' { '\'' } else { c });
    let start = folded.len();
    for c in plain.nfc() {
        if folded.len() - start + c.len_utf8() > MAX_WORD_BYTES {
            break;
        }
        folded.push(c);
    }
}

/// Marks of Latin, Greek and Cyrillic letters; those of other scripts are vowels and stay.
fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c) && is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::{Language, MAX_WORD_BYTES, Words};

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(Words::new(Language::None).of(text), expected, "{text}");
    }

    #[test]
    fn words_are_cut_and_folded() {
        check("Hello, World! It's 3.14.", &["hello", "world", "it's", "3.14"]);
        check(
            "Caf\u{e9} \u{fb01}ne \u{130}stanbul Caroline\u{2019}s",
            &["cafe", "fine", "istanbul", "caroline's"],
        );
        check(
            "\u{4f60}\u{597d} \u{92d}\u{93e}\u{930}\u{924}",
            &["\u{4f60}", "\u{597d}", "\u{92d}\u{93e}\u{930}\u{924}"],
        );
        check(" - \u{301} -- ", &[]);
    }

    #[test]
    fn an_identifier_is_told_whole_and_in_parts() {
        check("CVE-2024-1234", &["cve-2024-1234", "cve", "2024", "1234"]);
        check("foo_bar example.com", &["foo_bar", "foo", "bar", "example.com", "example", "com"]);
        check("bob@example.com", &["bob@example.com", "bob", "example.com", "example", "com"]);
        check("well-known", &["well", "known"]);
    }

    #[test]
    fn endings_are_taken_off() {
        assert_eq!(
            Words::default().of("Adopting agencies Caroline's v2s"),
            ["adopt", "agenc", "carolin", "v2s"]
        );
        assert_eq!(Words::new(Language::German).of("H\u{e4}user"), ["haus"]);
    }

    #[test]
    fn a_word_has_a_limit() {
        let long = "\u{e9}".repeat(10_000);
        assert_eq!(Words::new(Language::None).of(&long), ["e".repeat(MAX_WORD_BYTES)]);
    }
}
