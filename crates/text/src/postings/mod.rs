//! Documents in memory, found by their words: BM25 of Robertson and Zaragoza ("The probabilistic
//! relevance framework", 2009, equation 3.15), with Lucene's inverse document frequency, which is
//! never negative:
//!
//! `score = sum over words of ln(1 + (N - n + 0.5) / (n + 0.5)) * f (k1 + 1) / (f + k1 (1 - b + b L / mean L))`
//!
//! with `N` documents, `n` of them with the word, `f` times in this one of `L` words. Scores are
//! those of the documents that are there now, whatever was removed before.
//!
//! No index on disk: who owns the texts inserts them again. `docs/concepts/text.md` has the query
//! language, `docs/decisions/0022-postings.md` says why this is not tantivy.

mod marks;
mod operators;
mod query;
mod search;
mod spelling;
mod sweep;

use std::collections::BTreeMap;

pub use operators::Operators;

use hashbrown::HashMap;
use roaring::RoaringBitmap;

use crate::TextError;
use crate::question::Asked;
use crate::words::{Language, Words, forms};

/// What follows in a document is not indexed.
pub const MAX_DOCUMENT_WORDS: usize = 65_535;
/// What follows in a query is not read.
pub const MAX_QUERY_BYTES: usize = 16 * 1024;
/// What follows in a query is not looked for.
pub const MAX_QUERY_CLAUSES: usize = 64;
/// A prefix stands for so many words, the most frequent ones.
pub const MAX_PREFIX_TERMS: usize = 64;
/// Of so many words with a prefix, in the order of the alphabet, the most frequent are taken.
pub const MAX_PREFIX_SCAN: usize = 4096;
/// A shorter word is not corrected.
pub const MIN_SPELLED: usize = 4;
/// From so many letters on, two of them may be wrong.
pub const MIN_TWICE: usize = 8;
/// Of so many words with the first letter, in the order of the alphabet, the nearest is taken.
pub const MAX_SPELLING_SCAN: usize = 4096;
/// A sweep of removed documents begins when there are so many of them and they are a quarter.
const MIN_DEAD: usize = 64;
const DEAD_SHARE: usize = 4;

/// How documents are scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// How much a word's second occurrence counts, 0 to 10; 1.2 by default.
    pub k1: f64,
    /// How much a long document is held against it, 0 to 1; 0.75 by default.
    pub b: f64,
    /// Whose endings are taken off; English by default.
    pub language: Language,
}

impl Default for Config {
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75, language: Language::English }
    }
}

impl Config {
    fn check(&self) -> Result<(), TextError> {
        let within = |name, found: f64, top, expected| match (0.0..=top).contains(&found) {
            true => Ok(()),
            false => Err(TextError::OutOfRange { name, found, expected }),
        };
        within("postings.k1", self.k1, 10.0, "0 to 10")?;
        within("postings.b", self.b, 1.0, "0 to 1")
    }
}

/// One document that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which document.
    pub id: u32,
    /// Its BM25 score, not less than zero.
    pub score: f32,
    /// What each word added, in the query's order; empty unless it was asked for.
    pub terms: Vec<TermScore>,
}

/// What one word of a query added to a score.
#[derive(Debug, Clone, PartialEq)]
pub struct TermScore {
    /// The word as it is indexed; a prefix ends in `*`.
    pub term: String,
    /// How often the document has it.
    pub frequency: u32,
    /// How many documents have it.
    pub documents: u32,
    /// What it added.
    pub score: f32,
}

/// Documents by their words.
///
/// ```
/// use text::{Postings, postings::Config};
/// let mut postings = Postings::new(Config::default())?;
/// postings.insert(7, "Caroline adopted two cats");
/// postings.insert(8, "Melanie paints");
/// assert_eq!(postings.search("who has adopted a cat?", 10, None, false)[0].id, 7);
/// # Ok::<(), text::TextError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Postings {
    config: Config,
    words: Words,
    /// Folded words to terms: most words are stemmed once.
    forms: HashMap<Box<str>, TermId>,
    /// Stemmed words to terms, in the order of the alphabet for prefixes.
    names: BTreeMap<Box<str>, Name>,
    terms: Vec<Term>,
    terms_alive: usize,
    /// By ordinal: documents are numbered as they come, so that lists are sorted for free.
    documents: Vec<Document>,
    lengths: Vec<u32>,
    /// The words of all documents one after the other.
    sequence: Vec<TermId>,
    ordinals: HashMap<u32, Ordinal>,
    words_alive: u64,
    /// The sweep under way, and what is left of the last.
    sweep: Option<Box<sweep::Sweep>>,
    husk: sweep::Husk,
}

type TermId = u32;
type Ordinal = u32;

/// What is known of a stemmed word without looking at it.
#[derive(Debug, Clone, Copy)]
struct Name {
    term: TermId,
    letters: spelling::Letters,
}

impl Name {
    fn of(name: &str, term: TermId) -> Self {
        Self { term, letters: spelling::Letters::of(name.chars()) }
    }
}

/// The documents that have a word. `tops` bounds what it can add to any of them.
#[derive(Debug, Clone, Default)]
struct Term {
    ordinals: Vec<Ordinal>,
    frequencies: Vec<u16>,
    /// Places of the documents that have it more than once.
    repeats: Vec<u32>,
    marks: marks::Marks,
    alive: u32,
    tops: Tops,
}

/// The shortest document with the word once, twice, three times and more often.
#[derive(Debug, Clone, Copy)]
struct Tops {
    shortest: [u32; 4],
    frequency: u16,
}

impl Default for Tops {
    fn default() -> Self {
        Self { shortest: [u32::MAX; 4], frequency: 0 }
    }
}

impl Tops {
    /// Of the documents with the word once.
    fn once(self) -> Self {
        Self { shortest: [self.shortest[0], u32::MAX, u32::MAX, u32::MAX], frequency: 1 }
    }

    fn widen(&mut self, frequency: u16, length: u32) {
        let class = usize::from(frequency.clamp(1, 4)) - 1;
        self.shortest[class] = self.shortest[class].min(length);
        self.frequency = self.frequency.max(frequency);
    }
}

#[derive(Debug, Clone, Copy)]
struct Document {
    id: u32,
    alive: bool,
    start: usize,
}

impl Postings {
    /// None yet.
    ///
    /// # Errors
    /// [`TextError::OutOfRange`] where `k1` or `b` is.
    pub fn new(config: Config) -> Result<Self, TextError> {
        config.check()?;
        Ok(Self { config, words: Words::new(config.language), ..Self::empty() })
    }

    fn empty() -> Self {
        Self {
            config: Config::default(),
            words: Words::default(),
            forms: HashMap::new(),
            names: BTreeMap::new(),
            terms: Vec::new(),
            terms_alive: 0,
            documents: Vec::new(),
            lengths: Vec::new(),
            sequence: Vec::new(),
            ordinals: HashMap::new(),
            words_alive: 0,
            sweep: None,
            husk: sweep::Husk::default(),
        }
    }

    /// Adds a document, or puts it in the place of the one with this id; it is found at once.
    /// Returns how many words were indexed, at most [`MAX_DOCUMENT_WORDS`].
    pub fn insert(&mut self, id: u32, text: &str) -> usize {
        self.take_out(id);
        let start = self.sequence.len();
        forms(text, |form| {
            if self.sequence.len() - start < MAX_DOCUMENT_WORDS {
                let term = self.term(form);
                self.sequence.push(term);
            }
        });
        let n = self.sequence.len() - start;
        self.list(id, start);
        self.sweep_further();
        n
    }

    fn term(&mut self, form: &str) -> TermId {
        let term = match self.forms.get(form) {
            Some(term) => *term,
            None => self.new_form(form),
        };
        self.tell_sweep(term, form);
        term
    }

    fn new_form(&mut self, form: &str) -> TermId {
        let stem = self.words.root(form);
        let term = match self.names.get(stem.as_ref()) {
            Some(name) => name.term,
            None => {
                self.terms.push(Term::default());
                let term = (self.terms.len() - 1) as TermId;
                self.names.insert(stem.as_ref().into(), Name::of(&stem, term));
                term
            }
        };
        self.forms.insert(form.into(), term);
        term
    }

    /// Enters the words from `start` on into the lists, as the newest document.
    fn list(&mut self, id: u32, start: usize) {
        let ordinal = self.documents.len() as Ordinal;
        let mut terms = self.sequence[start..].to_vec();
        let length = terms.len() as u32;
        terms.sort_unstable();
        for same in terms.chunk_by(|a, b| a == b) {
            let term = &mut self.terms[same[0] as usize];
            if same.len() > 1 {
                term.repeats.push(term.ordinals.len() as u32);
            }
            term.ordinals.push(ordinal);
            term.frequencies.push(same.len() as u16);
            term.marks.add(ordinal as usize + 1, &term.ordinals, &term.frequencies);
            term.tops.widen(same.len() as u16, length);
            term.alive += 1;
            self.terms_alive += usize::from(term.alive == 1);
        }
        self.documents.push(Document { id, alive: true, start });
        self.lengths.push(length);
        self.ordinals.insert(id, ordinal);
        self.words_alive += u64::from(length);
    }

    /// Takes a document out; false if there is none. What it took up is given back when a quarter of
    /// the documents is gone, bit by bit with what is inserted and removed from then on.
    pub fn remove(&mut self, id: u32) -> bool {
        let there = self.take_out(id);
        self.sweep_further();
        there
    }

    fn take_out(&mut self, id: u32) -> bool {
        let Some(ordinal) = self.ordinals.remove(&id) else { return false };
        self.remove_from_sweep(id);
        let mut terms = self.sequence_of(ordinal).to_vec();
        self.words_alive -= terms.len() as u64;
        terms.sort_unstable();
        terms.dedup();
        for term in terms {
            let term = &mut self.terms[term as usize];
            term.alive -= 1;
            self.terms_alive -= usize::from(term.alive == 0);
        }
        self.documents[ordinal as usize].alive = false;
        true
    }

    fn sequence_of(&self, ordinal: Ordinal) -> &[TermId] {
        let start = self.documents[ordinal as usize].start;
        &self.sequence[start..start + self.lengths[ordinal as usize] as usize]
    }

    /// Whether there is a document with this id.
    pub fn contains(&self, id: u32) -> bool {
        self.ordinals.contains_key(&id)
    }

    /// The `k` best documents for `query`, best first, the lower id first where scores are equal.
    /// `filter` holds the ids that may be found. With `explain` each hit says what each word added.
    ///
    /// The language: words; `"a phrase"`, which a hit must have; `prefix*`; `+required`;
    /// `-excluded`. Anything is a query.
    pub fn search(
        &self,
        query: &str,
        k: usize,
        filter: Option<&RoaringBitmap>,
        explain: bool,
    ) -> Vec<Hit> {
        search::run(self, self.plan(query), search::Ask { k, filter, explain })
    }

    /// As [`Self::search`] for a text of somebody who knows no query language: all of it is words.
    pub fn search_words(
        &self,
        text: &str,
        k: usize,
        filter: Option<&RoaringBitmap>,
        explain: bool,
    ) -> Vec<Hit> {
        search::run(self, self.plan_words(text), search::Ask { k, filter, explain })
    }

    /// As [`Self::search`] for words as they are indexed, each with how much it counts.
    pub fn search_asked(
        &self,
        asked: &[Asked],
        k: usize,
        filter: Option<&RoaringBitmap>,
        explain: bool,
    ) -> Vec<Hit> {
        search::run(self, self.plan_asked(asked), search::Ask { k, filter, explain })
    }

    /// How documents become words.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// How many documents have a word as it is indexed.
    pub fn documents(&self, term: &str) -> u32 {
        self.names.get(term).map_or(0, |name| self.terms[name.term as usize].alive)
    }

    /// The inverse document frequency of a word as it is indexed; the largest for an unknown one.
    pub fn rarity(&self, term: &str) -> f32 {
        self.rarity_of(self.documents(term))
    }

    /// The inverse document frequency of a word that so many documents have.
    pub fn rarity_of(&self, documents: u32) -> f32 {
        search::rarity(self, documents) as f32
    }

    /// The word that was probably meant by one that no document has: it begins with the same
    /// letter, and one letter is wrong, missing, too many or exchanged with the next, in words of
    /// [`MIN_TWICE`] letters two. The most frequent of the nearest.
    pub fn spelled(&self, term: &str) -> Option<String> {
        let letters: Vec<char> = term.chars().collect();
        if letters.len() < MIN_SPELLED || !letters.iter().all(|c| c.is_alphabetic()) {
            return None;
        }
        let most = if letters.len() < MIN_TWICE { 1 } else { 2 };
        let near = self.beginning(letters[0]).take(MAX_SPELLING_SCAN);
        let set = spelling::Letters::of(letters.iter().copied());
        let near =
            near.filter(|(_, name)| set.may_be(name.letters, most)).filter_map(|(word, name)| {
                let alive = self.terms[name.term as usize].alive;
                let distance = spelling::distance(&letters, word, most).filter(|_| alive > 0)?;
                Some((distance, std::cmp::Reverse(alive), word))
            });
        near.min().map(|(_, _, name)| name.to_string())
    }

    /// Names that begin with this letter, in the order of the alphabet.
    fn beginning(&self, letter: char) -> impl Iterator<Item = (&Box<str>, &Name)> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let from = letter.to_string();
        let next = (u32::from(letter) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        let next = next.map(String::from);
        let end = next.as_deref().map_or(Unbounded, Excluded);
        self.names.range::<str, _>((Included(from.as_str()), end))
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.ordinals.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    /// How many different words the documents have.
    pub fn terms(&self) -> usize {
        self.terms_alive
    }

    /// What it holds on the heap, nearly, in bytes. Walks over all terms.
    pub fn bytes(&self) -> usize {
        let lists: usize = self
            .terms
            .iter()
            .map(|t| {
                let lists = (t.ordinals.capacity() + t.repeats.capacity()) * 4;
                lists + t.frequencies.capacity() * 2 + t.marks.bytes()
            })
            .sum();
        let forms: usize = self.forms.keys().map(|form| form.len()).sum();
        let names: usize = self.names.keys().map(|name| name.len()).sum();
        let tables = self.forms.allocation_size() + self.ordinals.allocation_size();
        let name = size_of::<(Box<str>, Name)>() * 3 / 2;
        let documents =
            self.documents.capacity() * size_of::<Document>() + self.lengths.capacity() * 4;
        let terms = self.terms.capacity() * size_of::<Term>();
        lists
            + forms
            + names
            + tables
            + self.names.len() * name
            + documents
            + terms
            + self.sequence.capacity() * 4
            + self.sweep_bytes()
    }
}
