//! A query whose operators hold: `"a phrase"` and `+word` must stand in a document, `-word` and
//! `-"a phrase"` must not, whatever else finds it. Unlike [`Postings::search`], where anything is a
//! query, what is written wrong is an error here.

use roaring::RoaringBitmap;

use super::query::{Occur, Part, parse};
use super::{MAX_QUERY_CLAUSES, Postings, TermId};
use crate::TextError;
use crate::words::forms;

/// A query that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operators {
    /// All that is looked for, without its signs.
    pub words: String,
    /// Words that stand one after the other in every document that is found.
    pub required: Vec<String>,
    /// Words that stand one after the other in none.
    pub excluded: Vec<String>,
}

impl Operators {
    /// Reads a query.
    ///
    /// # Errors
    /// [`TextError::Query`] with the part that is wrong and what would be right.
    pub fn read(query: &str) -> Result<Self, TextError> {
        if !query.matches('"').count().is_multiple_of(2) {
            return Err(wrong(query, "a quotation mark at the end of each phrase"));
        }
        let mut read = Self::default();
        let mut n_words = 0;
        for (occur, part) in parse(query) {
            let words = match part {
                Part::Phrase(words) => words,
                Part::Words(word) => check(word)?,
                Part::Prefix(word) => {
                    return Err(wrong(&format!("{word}*"), "a whole word, without `*`"));
                }
            };
            let n = n_forms(words);
            let signed = occur != Occur::Should || matches!(part, Part::Phrase(_));
            if signed && n == 0 {
                return Err(wrong(words, "a word with a letter or a digit"));
            }
            n_words += n;
            if n_words > MAX_QUERY_CLAUSES {
                return Err(wrong(words, "at most 64 words in all"));
            }
            match (occur, signed) {
                (Occur::MustNot, _) => read.excluded.push(words.to_owned()),
                (_, true) => read.required.push(words.to_owned()),
                _ => {}
            }
            if occur != Occur::MustNot {
                let space = if read.words.is_empty() { "" } else { " " };
                read.words.push_str(space);
                read.words.push_str(words);
            }
        }
        Ok(read)
    }
}

/// A word that has nothing of an operator in a wrong place.
fn check(word: &str) -> Result<&str, TextError> {
    if word.starts_with(['+', '-']) {
        return Err(wrong(word, "one sign, and a word or a phrase right after it"));
    }
    if word.contains('"') {
        return Err(wrong(word, "a space before a phrase"));
    }
    if word.ends_with('*') {
        return Err(wrong(word, "a whole word, without `*`"));
    }
    Ok(word)
}

fn n_forms(text: &str) -> usize {
    let mut n = 0;
    forms(text, |_| n += 1);
    n
}

fn wrong(part: &str, expected: &'static str) -> TextError {
    /// Characters of a query that are shown.
    const SHOWN: usize = 80;
    TextError::Query { found: part.chars().take(SHOWN).collect(), expected }
}

impl Postings {
    /// Those of `within` that have what `operators` require, and nothing that they exclude.
    pub fn agreeing(&self, operators: &Operators, mut within: RoaringBitmap) -> RoaringBitmap {
        for phrase in &operators.required {
            within = self.saying(phrase, &within);
        }
        for phrase in &operators.excluded {
            within -= self.saying(phrase, &within);
        }
        within
    }

    /// Those of `within` that have these words one after the other.
    fn saying(&self, words: &str, within: &RoaringBitmap) -> RoaringBitmap {
        let terms: Option<Vec<TermId>> =
            self.lookup(words).into_iter().map(|(_, term)| term).collect();
        let terms = terms.unwrap_or_default();
        let alive = |term: &&TermId| self.terms[**term as usize].alive;
        let Some(rarest) = terms.iter().min_by_key(alive) else { return RoaringBitmap::new() };
        let says = |ordinal: u32| {
            terms.len() == 1
                || self.sequence_of(ordinal).windows(terms.len()).any(|part| part == terms)
        };
        let ordinals = self.terms[*rarest as usize].ordinals.iter().copied();
        let found = ordinals.filter_map(|ordinal| {
            let document = self.documents[ordinal as usize];
            let may = document.alive && within.contains(document.id) && says(ordinal);
            may.then_some(document.id)
        });
        found.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postings::Config;

    fn read(query: &str) -> (String, Vec<String>, Vec<String>) {
        let Operators { words, required, excluded } = Operators::read(query).unwrap();
        (words, required, excluded)
    }

    #[test]
    fn signs_are_read_and_taken_from_the_words() {
        let own = |of: &[&str]| of.iter().map(|&w| w.to_owned()).collect::<Vec<_>>();
        let expected =
            ("red the old shed paint".into(), own(&["the old shed", "paint"]), own(&["blue"]));
        assert_eq!(read("red \"the old shed\" +paint -blue"), expected);
        assert_eq!(read("well-known C++"), ("well-known C++".into(), own(&[]), own(&[])));
        assert_eq!(read("-\"a b\""), (String::new(), own(&[]), own(&["a b"])));
    }

    #[test]
    fn what_is_written_wrong_is_told() {
        for (query, part) in [
            ("\"a b", "\"a b"),
            ("a + b", "+"),
            ("--a", "--a"),
            ("+!", "+!"),
            ("\"\"", ""),
            ("\"?!\" a", "?!"),
            ("ab*", "ab*"),
            ("+a**", "a**"),
            ("a\"b c\"", "a\"b"),
        ] {
            match Operators::read(query) {
                Err(TextError::Query { found, .. }) => assert_eq!(found, part, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
        let many = "word ".repeat(MAX_QUERY_CLAUSES + 1);
        assert!(Operators::read(&many).is_err());
        assert!(Operators::read(&many[5..]).is_ok());
    }

    #[test]
    fn what_does_not_agree_is_not_left() {
        let mut postings = Postings::new(Config::default()).unwrap();
        let texts = ["the old red shed", "the red old shed", "an old shed", "a red house", ""];
        for (id, text) in (0..).zip(texts) {
            postings.insert(id, text);
        }
        postings.insert(9, "the old red barn");
        postings.remove(9);
        let all: RoaringBitmap = (0..10).collect();
        let left = |query: &str| {
            let operators = Operators::read(query).unwrap();
            postings.agreeing(&operators, all.clone()).iter().collect::<Vec<u32>>()
        };
        assert_eq!(left("+shed"), [0, 1, 2]);
        assert_eq!(left("\"old red\""), [0]);
        assert_eq!(left("+sheds -\"old red\""), [1, 2]);
        assert_eq!(left("+shed -red"), [2]);
        assert_eq!(left("+nobody"), [] as [u32; 0]);
        assert_eq!(left("-shed -nobody"), [3, 4, 5, 6, 7, 8, 9]);
        let few: RoaringBitmap = [1].into_iter().collect();
        let shed = Operators::read("+shed").unwrap();
        assert_eq!(postings.agreeing(&shed, few.clone()), few);
    }
}
