//! One form for texts that say the same, and the words of a text as the inspector reads them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text in the form in which two texts are the same content: compatible forms, letters without
/// marks, what looks like a Latin letter as that, small, without what is not seen, each space one.
pub fn normal(text: &str) -> String {
    let plain = plain(text);
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same with its spaces as they are.
pub(super) fn plain(text: &str) -> String {
    let seen = text.chars().filter_map(seen).collect::<String>();
    let lower = seen.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    // A small letter may have marks of its own.
    let lower = lower.nfkd().filter(|c| !is_combining_mark(*c));
    lower.map(latin).collect()
}

/// A character as it is seen; none where it is not.
fn seen(c: char) -> Option<char> {
    match c {
        // Tags hide plain text.
        '\u{e0020}'..='\u{e007e}' => char::from_u32(c as u32 - 0xe0000),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{e0000}'..='\u{e0fff}' => None,
        c if c.is_control() && !c.is_whitespace() => None,
        c => Some(c),
    }
}

/// The Latin letter that a letter looks like.
fn latin(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' => 'a',
        'ь' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ё' | 'ε' | 'є' => 'e',
        'ɡ' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ι' | 'ı' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'η' | 'п' => 'n',
        'о' | 'ο' | 'σ' | 'օ' | 'ø' => 'o',
        'р' | 'ρ' => 'p',
        'г' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ѡ' | 'ω' | 'ԝ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ү' => 'y',
        'ł' => 'l',
        c => c,
    }
}

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Its letters, no letter twice in a row.
    pub(super) letters: String,
    /// Whether it was written in pieces, so that words may stand inside it.
    pub(super) pieced: bool,
}

/// How signs inside words are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// What `1` and `|` stand for.
    pub(super) one: char,
    /// Whether signs inside a word part it.
    pub(super) parts: bool,
    /// Whether a line's end is a space like others.
    pub(super) joins_lines: bool,
}

/// The words of a plain text under a reading, a list for each part that stands alone.
pub(super) fn words(plain: &str, reading: Reading) -> Vec<Vec<Word>> {
    let parts: Vec<&str> = if reading.joins_lines { vec![plain] } else { plain.lines().collect() };
    parts.into_iter().map(|part| words_of(part, reading)).collect()
}

fn words_of(part: &str, reading: Reading) -> Vec<Word> {
    let mut words = Vec::new();
    for token in part.split_whitespace() {
        let letters = letters(token, reading);
        words.extend(letters.split(' ').filter(|w| !w.is_empty()).map(String::from));
    }
    joined(words)
}

/// The letters of a token; a space where a sign parts it.
fn letters(token: &str, reading: Reading) -> String {
    let all: Vec<char> = token.chars().collect();
    let mut letters = String::new();
    for (k, &c) in all.iter().enumerate() {
        let beside =
            |at: Option<usize>| at.and_then(|at| all.get(at)).is_some_and(|c| c.is_alphanumeric());
        let (before, after) = (beside(k.checked_sub(1)), beside(Some(k + 1)));
        match c {
            '0' => letters.push('o'),
            '1' => letters.push(reading.one),
            '3' => letters.push('e'),
            '4' => letters.push('a'),
            '5' => letters.push('s'),
            '7' => letters.push('t'),
            '8' => letters.push('b'),
            '9' => letters.push('g'),
            '@' if before || after => letters.push('a'),
            '$' if before || after => letters.push('s'),
            '!' if before && after => letters.push('i'),
            '|' if before || after => letters.push(reading.one),
            c if c.is_alphanumeric() => letters.push(c),
            '\'' | '’' => {}
            _ if reading.parts => letters.push(' '),
            _ => {}
        }
    }
    letters
}

/// Pieces of a word: so short, and so many in a row.
const PIECE: usize = 2;
const PIECES: usize = 3;

/// Joins words that were written in pieces, and takes away letters that are there twice in a row.
fn joined(words: Vec<String>) -> Vec<Word> {
    let mut joined = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let run = words[at..].iter().take_while(|w| w.chars().count() <= PIECE).count();
        if run >= PIECES {
            let letters = single(&words[at..at + run].concat());
            joined.push(Word { letters, pieced: true });
            at += run;
        } else {
            let plain = &words[at..at + run.max(1)];
            joined.extend(plain.iter().map(|w| Word { letters: single(w), pieced: false }));
            at += run.max(1);
        }
    }
    joined
}

/// A word with no letter twice in a row.
pub(super) fn single(word: &str) -> String {
    let mut letters = String::with_capacity(word.len());
    for c in word.chars() {
        if !letters.ends_with(c) {
            letters.push(c);
        }
    }
    letters
}
