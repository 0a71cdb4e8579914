//! The words of a question that chooses items: those that a condition has to account for, and whether
//! something is said not to be so.

use std::collections::{BTreeMap, BTreeSet};

use text::asked;

use super::look::Look;
use super::named::Named;

/// Words of a question that choose nothing.
const GENERIC: &str = "person people anyone anybody everyone everybody everything thing item one \
    entity known know me us please given there exist any each every";
/// Words that say that something is not so.
const NOT: &[&str] = &["not", "cannot", "never", "no", "without"];
/// What an item accounts for by a property that is not so, as a question with one of [`NOT`] wants it.
pub(super) const IS_NOT: &str = "not";

/// A question by its words.
pub(super) struct Words {
    /// Roots of all words.
    pub(super) all: BTreeSet<String>,
    /// Roots of words that conditions have to account for, and [`IS_NOT`].
    pub(super) wanted: BTreeSet<String>,
    /// Of these, what anything accounts for.
    pub(super) met: BTreeSet<String>,
    /// The words in lower case, with a space around each.
    pub(super) said: String,
    /// Whether something is said not to be so.
    pub(super) negated: bool,
    /// Names of kinds, predicates and properties that were looked at, as [`Look::is_said`] found them.
    named: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Words {
    /// Whether some of the words have to be accounted for.
    pub(super) fn want(&self, terms: &BTreeSet<String>) -> bool {
        !self.wanted.is_disjoint(terms)
    }

    /// Whether the question has a text, word by word.
    pub(super) fn have(&self, text: &str) -> bool {
        let fits = !text.is_empty() && text.len() <= self.said.len();
        fits && self.said.contains(&format!(" {} ", text.to_lowercase()))
    }
}

impl Look<'_> {
    pub(super) fn words(&self, question: &str, names: &[Named], cue: &[String]) -> Words {
        let words = self.state.words.words();
        let all = asked(words, question);
        let lower = question.to_lowercase().replace('’', "'");
        let parts = parts(&lower.replace("can't", "cannot").replace("n't", " not"));
        let negated = parts.iter().any(|part| NOT.contains(&part.as_str()));
        let without = cue.iter().flat_map(|word| self.roots(word));
        let without = without.chain(names.iter().flat_map(|name| self.roots(&name.called)));
        let without = without.chain(self.roots(GENERIC)).chain(self.roots(&NOT.join(" ")));
        let without: BTreeSet<String> = without.collect();
        let wanted = all.iter().filter(|word| word.weight >= 1.0).map(|word| word.term.clone());
        let wanted = wanted.filter(|term| !without.contains(term));
        Words {
            wanted: wanted.chain(negated.then(|| IS_NOT.to_owned())).collect(),
            all: all.into_iter().map(|word| word.term).chain(words.of(question)).collect(),
            met: BTreeSet::new(),
            said: format!(" {} ", parts.join(" ")),
            negated,
            named: BTreeMap::new(),
        }
    }

    /// Roots and stems of the words of a text.
    pub(super) fn roots(&self, text: &str) -> BTreeSet<String> {
        let text = text.replace('_', " ");
        let words = self.state.words.words();
        let roots = asked(words, &text).into_iter().map(|word| word.term);
        roots.chain(words.of(&text)).collect()
    }

    /// Roots and stems of the words that say something in the name of a kind, predicate or property,
    /// if the question has each: `lives` has the root of `life` and the stem of `live`. A name is
    /// looked at once.
    pub(super) fn is_said(&self, name: &str, words: &mut Words) -> Option<BTreeSet<String>> {
        if let Some(terms) = words.named.get(name) {
            return terms.clone();
        }
        let terms = self.terms(name, words);
        words.named.insert(name.to_owned(), terms.clone());
        terms
    }

    fn terms(&self, name: &str, words: &Words) -> Option<BTreeSet<String>> {
        let mut terms = BTreeSet::new();
        for word in name.split(['_', '-', ' ']) {
            let light = asked(self.state.words.words(), word).iter().all(|word| word.weight < 1.0);
            if light {
                continue;
            }
            let forms = self.roots(word);
            if forms.is_disjoint(&words.all) {
                return None;
            }
            terms.extend(forms);
        }
        (!terms.is_empty()).then_some(terms)
    }

    /// Whether what is said not to be so is what these words name: of those after `not` that have to
    /// be accounted for, the first is one of them.
    pub(super) fn denied(&self, terms: &BTreeSet<String>, words: &Words) -> bool {
        let after = words.said.split_whitespace().skip_while(|word| !NOT.contains(word));
        let mut wanted = after.skip(1).map(|word| self.roots(word)).filter(|r| words.want(r));
        wanted.next().is_none_or(|roots| !roots.is_disjoint(terms))
    }
}

/// The words of a text, with numbers whole.
pub(super) fn parts(text: &str) -> Vec<String> {
    let between = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let parts = text.split(between).map(|part| part.trim_matches('.'));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
