//! What removed documents took up is given back, a little with each insertion and removal.
//!
//! Documents and terms that are left move into postings of their own, numbered anew, in their order;
//! once all have moved, those take the place of the old. Until then the old ones answer, and what
//! is removed from them is removed from the new ones too. No operation does more than
//! [`STEP_NAMES`] names or [`STEP_WORDS`] words and one document of it.

use std::collections::BTreeMap;
use std::ops::Bound;

use hashbrown::HashMap;

use super::{DEAD_SHARE, MIN_DEAD, Name, Ordinal, Postings, Term, TermId};

/// Names that one operation moves or gives back.
pub(super) const STEP_NAMES: usize = 128;
/// Words of documents that one operation moves, before it ends with the document at hand.
pub(super) const STEP_WORDS: usize = 512;
/// Documents that one operation looks at.
const STEP_DOCUMENTS: usize = 64;
/// The new number of a term that has none yet.
const NONE: TermId = TermId::MAX;

/// A sweep under way.
#[derive(Debug, Clone)]
pub(super) struct Sweep {
    next: Postings,
    /// The new number of each term.
    renamed: Vec<TermId>,
    stage: Stage,
}

#[derive(Debug, Clone)]
enum Stage {
    /// The names up to this one have moved.
    Names(Option<Box<str>>),
    /// The documents before this one have moved.
    Documents(Ordinal),
}

/// What is left of postings that were swept, to be given back.
#[derive(Debug, Clone, Default)]
pub(super) struct Husk {
    names: BTreeMap<Box<str>, Name>,
    forms: Vec<Box<str>>,
    terms: Vec<Term>,
}

impl Postings {
    /// Does a part of the sweep under way, or begins one that is due; how many names and words
    /// moved.
    pub(super) fn sweep_further(&mut self) -> usize {
        self.husk.give_back();
        let Some(mut sweep) = self.sweep.take() else {
            if self.is_sweep_due() {
                self.sweep = Some(Box::new(Sweep::of(self)));
            }
            return 0;
        };
        let moved = match &sweep.stage {
            Stage::Names(after) => {
                let after = after.clone();
                sweep.move_names(self, after.as_deref())
            }
            Stage::Documents(from) => {
                let from = *from;
                sweep.move_documents(self, from)
            }
        };
        match sweep.stage {
            Stage::Documents(from) if from as usize == self.documents.len() => self.renew(*sweep),
            _ => self.sweep = Some(sweep),
        }
        moved
    }

    fn is_sweep_due(&self) -> bool {
        let dead = self.documents.len() - self.ordinals.len();
        dead >= MIN_DEAD && dead * DEAD_SHARE >= self.documents.len()
    }

    /// The new postings take the place of the old.
    fn renew(&mut self, sweep: Sweep) {
        let old = std::mem::replace(self, sweep.next);
        // Its own leftovers first: they are few by now, a sweep takes longer than giving back.
        drop(old.husk);
        // Which forms there were is a cache, and is filled again.
        let forms = old.forms.into_keys().collect();
        self.husk = Husk { names: old.names, forms, terms: old.terms };
    }

    /// A term is about to be used; a sweep under way must know it.
    pub(super) fn tell_sweep(&mut self, term: TermId, form: &str) {
        if self.sweep.as_ref().is_some_and(|sweep| !sweep.knows(term)) {
            let name = self.words.root(form).into_owned();
            if let Some(sweep) = &mut self.sweep {
                sweep.keep(&name, term);
            }
        }
    }

    /// A document is removed; a sweep under way that has moved it removes it too.
    pub(super) fn remove_from_sweep(&mut self, id: u32) {
        if let Some(sweep) = &mut self.sweep {
            sweep.next.take_out(id);
        }
    }

    /// Bytes of what a sweep holds besides.
    pub(super) fn sweep_bytes(&self) -> usize {
        let sweep = self.sweep.as_ref();
        sweep.map_or(0, |sweep| sweep.next.bytes() + sweep.renamed.capacity() * 4)
    }
}

impl Sweep {
    fn of(old: &Postings) -> Self {
        let mut next = Postings { config: old.config, words: old.words, ..Postings::empty() };
        next.terms.reserve(old.terms_alive);
        next.documents.reserve(old.len());
        next.lengths.reserve(old.len());
        next.sequence.reserve(old.words_alive as usize);
        next.ordinals = HashMap::with_capacity(old.len());
        Self { next, renamed: vec![NONE; old.terms.len()], stage: Stage::Names(None) }
    }

    fn knows(&self, term: TermId) -> bool {
        self.renamed.get(term as usize).is_some_and(|new| *new != NONE)
    }

    fn keep(&mut self, name: &str, term: TermId) {
        if self.knows(term) {
            return;
        }
        let new = self.next.terms.len() as TermId;
        self.next.terms.push(Term::default());
        self.next.names.insert(name.into(), Name::of(name, new));
        if self.renamed.len() <= term as usize {
            self.renamed.resize(term as usize + 1, NONE);
        }
        self.renamed[term as usize] = new;
    }

    fn move_names(&mut self, old: &Postings, after: Option<&str>) -> usize {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let (mut last, mut n) = (None, 0);
        for (name, known) in old.names.range::<str, _>((from, Bound::Unbounded)).take(STEP_NAMES) {
            if old.terms[known.term as usize].alive > 0 {
                self.keep(name, known.term);
            }
            (last, n) = (Some(name), n + 1);
        }
        self.stage = match last {
            Some(name) => Stage::Names(Some(name.clone())),
            None => Stage::Documents(0),
        };
        n
    }

    fn move_documents(&mut self, old: &Postings, from: Ordinal) -> usize {
        let end = old.documents.len().min(from as usize + STEP_DOCUMENTS) as Ordinal;
        let (mut at, mut n_words) = (from, 0);
        while at < end && n_words < STEP_WORDS {
            let document = old.documents[at as usize];
            if document.alive {
                let start = self.next.sequence.len();
                let words = old.sequence_of(at);
                // Every word of a document that is there is of a term that is there.
                self.next.sequence.extend(words.iter().map(|t| self.renamed[*t as usize]));
                self.next.list(document.id, start);
                n_words += words.len();
            }
            at += 1;
        }
        self.stage = Stage::Documents(at);
        n_words
    }
}

impl Husk {
    /// Drops a part of what is left.
    fn give_back(&mut self) {
        for _ in 0..STEP_NAMES {
            if self.names.pop_first().is_none() {
                break;
            }
        }
        self.forms.truncate(self.forms.len().saturating_sub(STEP_NAMES));
        self.terms.truncate(self.terms.len().saturating_sub(STEP_NAMES));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postings::Config;

    /// A document of a few words that many have and one that few do.
    fn text(id: u32) -> String {
        let word =
            |k: u32| format!("w{}x", (id.wrapping_mul(2_654_435_761) >> 8) / (k + 1) % (k + 7));
        let many: Vec<String> = (0..12).map(word).collect();
        format!("{} only{}y", many.join(" "), id / 3)
    }

    fn filled(ids: impl Iterator<Item = u32>) -> Postings {
        let mut postings = Postings::new(Config::default()).unwrap();
        ids.for_each(|id| assert!(postings.insert(id, &text(id)) > 10));
        postings
    }

    fn check_same(swept: &Postings, fresh: &Postings) {
        assert_eq!((swept.len(), swept.terms()), (fresh.len(), fresh.terms()));
        for query in ["w3x w5x", "w1x -w2x", "\"w0x w1x\"", "only77*", "+w4x w6x only900y"] {
            let found = |p: &Postings| p.search(query, 20, None, true);
            assert_eq!(found(swept), found(fresh), "{query}");
        }
    }

    #[test]
    fn no_operation_moves_much_and_what_is_left_is_as_if_nothing_else_had_been() {
        let n = 6000;
        let mut postings = filled(0..n);
        let (mut most, mut sum, mut n_sweeps) = (0, 0, 0);
        for id in (0..n).filter(|id| id % 3 != 0) {
            let before = postings.sweep.is_some();
            assert!(postings.take_out(id));
            let moved = postings.sweep_further();
            n_sweeps += usize::from(before && postings.sweep.is_none());
            most = most.max(moved);
            sum += moved;
        }
        assert!(most <= STEP_WORDS + 20, "{most} for one operation");
        assert!(most > STEP_WORDS / 2 && sum > n as usize, "it counts: {most}, {sum}");
        assert!(n_sweeps > 1, "{n_sweeps}");
        check_same(&postings, &filled((0..n).filter(|id| id % 3 == 0)));
    }

    #[test]
    fn what_comes_and_goes_during_a_sweep_is_there_and_gone_after_it() {
        let n = 3000;
        let mut postings = filled(0..n);
        (0..n / 4 + 1).for_each(|id| assert!(postings.remove(id)));
        assert!(postings.sweep.is_some());
        let mut at = 0;
        while postings.sweep.is_some() {
            // Old ones, new ones, some that have moved and some that have not, and words that
            // had gone come back.
            postings.insert(n + at, &text(n + at));
            postings.insert(at, &text(at));
            assert!(postings.remove(n / 2 + at) && postings.remove(n + at));
            postings.insert(n - 1 - at, &text(at + 1));
            at += 1;
        }
        assert!(at > 10, "{at}");
        let mut fresh = filled((0..at).chain(n / 4 + 1..n / 2).chain(n / 2 + at..n - at));
        (0..at).rev().for_each(|k| assert!(fresh.insert(n - 1 - k, &text(k + 1)) > 10));
        check_same(&postings, &fresh);
    }

    #[test]
    fn room_is_given_back() {
        let mut postings = filled(0..4000);
        let full = postings.bytes();
        (0..3990).for_each(|id| assert!(postings.remove(id)));
        // Whatever happens next gives back the rest.
        (0..200).for_each(|_| assert_eq!(postings.insert(9999, "w1x"), 1));
        assert!(postings.bytes() * 10 < full, "{} of {full}", postings.bytes());
        assert!(postings.husk.names.is_empty() && postings.husk.terms.is_empty());
    }
}
