//! Which items have what a question names, and how many there are.
//!
//! A question is a list of conditions: a class (`is_a` a named entity), a kind of entity, a predicate
//! that joins to a named entity, a property's value. Items have all of them. A word that none of the
//! conditions accounts for means that the question was not understood: then nothing is answered.

use std::collections::{BTreeMap, BTreeSet};

use knowledge::{EntityId, Scalar};
use text::asked;

use super::look::Look;
use super::named::Named;
use super::{Because, Finding, Role, Told};
use crate::recall::literal;

/// Entities that are looked at, where only a kind or a property chooses them.
const MAX_LOOKED: usize = 20_000;
/// Items that are gathered before they are told.
const MAX_ITEMS: usize = 10_000;

/// Words of a question that choose nothing.
const GENERIC: &str = "person people anyone anybody everyone everybody everything thing item one \
    entity known know me us please given there exist any each every";
/// Words that ask for a number of them.
const COUNTS: &[&str] = &["many", "count", "number"];
/// Words that say that something is not so.
const NOT: &[&str] = &["not", "cannot", "never", "no", "without"];

/// Items, each with why it is one.
type Items = BTreeMap<EntityId, Vec<Because>>;

/// A question as it is used up by conditions.
struct Words {
    /// Roots of all words.
    all: BTreeSet<String>,
    /// Roots of words that no condition accounts for.
    left: BTreeSet<String>,
    /// The words in lower case, with a space around each.
    said: String,
    negated: bool,
}

impl Look<'_> {
    /// Items that have what is asked.
    pub(super) fn filter(&self, question: &str, names: &[Named], cue: &[String]) -> Told {
        match self.items(question, names, cue) {
            Ok((items, more)) => self.told(items, more),
            Err(unknown) => Told::unknown(unknown),
        }
    }

    /// How many have what is asked, and which.
    pub(super) fn count(&self, question: &str, names: &[Named], cue: &[String]) -> Told {
        if !cue.iter().any(|word| COUNTS.contains(&word.as_str())) {
            return Told::unknown("things are counted; sums, means, extremes and shares are not");
        }
        match self.items(question, names, cue) {
            Ok((items, more)) => {
                let n = items.len();
                Told { count: Some(n), ..self.told(items, more) }
            }
            Err(unknown) => Told::unknown(unknown),
        }
    }

    fn told(&self, items: Items, more: bool) -> Told {
        if items.is_empty() {
            return Told::unknown("nothing that is known has all of that");
        }
        let finding = |(id, because): (EntityId, Vec<Because>)| Finding {
            role: Role::Item,
            said: self.name(id),
            entities: vec![self.entity(id)],
            because,
        };
        Told { findings: items.into_iter().map(finding).collect(), more, ..Told::default() }
    }

    /// Items that meet all conditions of a question, and whether not all were looked at; or what is
    /// not known.
    fn items(
        &self,
        question: &str,
        names: &[Named],
        cue: &[String],
    ) -> Result<(Items, bool), String> {
        let mut words = self.words(question, names, cue);
        let mut items: Option<Items> = None;
        let mut restrict = |found: Items| {
            items = Some(match items.take() {
                None => found,
                Some(before) => both(before, found),
            });
        };
        let mut unused = Vec::new();
        for name in names {
            match self.joined(name, &mut words).or_else(|| self.members(name.entity)) {
                Some(found) => restrict(found),
                None => unused.push(name),
            }
        }
        // A name may also be that of a kind, as `animal` is of entities that are animals.
        words.left.extend(unused.iter().flat_map(|name| self.roots(&name.called)));
        let (found, more) = self.of_kind(&mut words, items.as_ref());
        items = found.or(items);
        let (found, cut) = self.with_property(&mut words, items.as_ref());
        items = found.or(items);
        let more = more || cut;
        if !words.left.is_empty() {
            let left: Vec<&str> = words.left.iter().map(String::as_str).collect();
            return Err(format!("no kind, relation or property is known by: {}", left.join(", ")));
        }
        if words.negated {
            return Err("what is not so is known only of properties that are yes or no".into());
        }
        let items = items.ok_or("the question names nothing to choose by")?;
        Ok((items, more))
    }

    fn words(&self, question: &str, names: &[Named], cue: &[String]) -> Words {
        let words = self.state.words.words();
        let all = asked(words, question);
        let lower = question.to_lowercase().replace("can't", "cannot").replace("n't", " not");
        let parts = parts(&lower);
        let negated = parts.iter().any(|part| NOT.contains(&part.as_str()));
        let without = cue.iter().flat_map(|word| self.roots(word));
        let without = without.chain(names.iter().flat_map(|name| self.roots(&name.called)));
        let without = without.chain(self.roots(GENERIC)).chain(self.roots(&NOT.join(" ")));
        let without: BTreeSet<String> = without.collect();
        let left = all.iter().filter(|word| word.weight >= 1.0).map(|word| word.term.clone());
        Words {
            left: left.filter(|term| !without.contains(term)).collect(),
            all: all.into_iter().map(|word| word.term).chain(words.of(question)).collect(),
            said: format!(" {} ", parts.join(" ")),
            negated,
        }
    }

    /// Roots and stems of the words of a text.
    fn roots(&self, text: &str) -> BTreeSet<String> {
        let text = text.replace('_', " ");
        let words = self.state.words.words();
        let roots = asked(words, &text).into_iter().map(|word| word.term);
        roots.chain(words.of(&text)).collect()
    }

    /// Roots and stems of a predicate's or property's words that say something, if the question has
    /// each: `lives` has the root of `life` and the stem of `live`.
    fn is_said(&self, name: &str, words: &Words) -> Option<BTreeSet<String>> {
        let mut terms = BTreeSet::new();
        for word in name.split(['_', '-', ' ']) {
            let light = asked(self.state.words.words(), word).iter().all(|word| word.weight < 1.0);
            let forms = self.roots(word);
            if light {
                continue;
            }
            if forms.is_disjoint(&words.all) {
                return None;
            }
            terms.extend(forms);
        }
        (!terms.is_empty()).then_some(terms)
    }

    /// What a predicate that the question says joins to an entity, the way that the question says it.
    fn joined(&self, name: &Named, words: &mut Words) -> Option<Items> {
        let mut items = Items::new();
        for tie in self.ties(name.entity) {
            let Some(terms) = self.is_said(&tie.kind, words) else { continue };
            if self.does(name, &terms, words).is_some_and(|does| does != tie.out) {
                continue;
            }
            words.left.retain(|word| !terms.contains(word));
            items.entry(tie.other).or_default().extend(self.because(tie.id));
        }
        (!items.is_empty()).then_some(items)
    }

    /// Whether the question says that an entity does it and not that it is done to it: `what does Ada
    /// like`, `what was made by Ada`, and not `who likes Ada`.
    fn does(&self, name: &Named, terms: &BTreeSet<String>, words: &Words) -> Option<bool> {
        let said: Vec<&str> = words.said.split_whitespace().collect();
        let called = parts(&name.called.to_lowercase());
        let called: Vec<&str> = called.iter().map(String::as_str).collect();
        let at = said.windows(called.len().max(1)).position(|window| window == called)?;
        let outside = |k: &usize| *k < at || *k >= at + called.len();
        let verb =
            (0..said.len()).filter(outside).find(|k| !self.roots(said[*k]).is_disjoint(terms))?;
        Some(at < verb || at.checked_sub(1).is_some_and(|before| said[before] == "by"))
    }

    /// What is one of an entity, over any number of steps.
    fn members(&self, class: EntityId) -> Option<Items> {
        let mut items = Items::new();
        let mut queue = vec![class];
        while let Some(at) = queue.pop() {
            for (below, fact) in self.below(at) {
                let new = below != class && !items.contains_key(&below) && items.len() < MAX_ITEMS;
                if new {
                    let because = self.because(knowledge::links::LinkId::Fact(fact));
                    items.insert(below, because.into_iter().collect());
                    queue.push(below);
                }
            }
        }
        (!items.is_empty()).then_some(items)
    }

    /// Entities of a kind that the question says, of those that were chosen or of all.
    fn of_kind(&self, words: &mut Words, chosen: Option<&Items>) -> (Option<Items>, bool) {
        let (candidates, more) = self.candidates(chosen);
        let mut kinds: BTreeMap<&str, Option<BTreeSet<String>>> = BTreeMap::new();
        let mut items = Items::new();
        let mut used = BTreeSet::new();
        for id in candidates {
            let Some(entity) = self.view.entity(id) else { continue };
            let kind = entity.item.kind.as_str();
            let terms = kinds.entry(kind).or_insert_with(|| {
                let terms = self.is_said(kind, words)?;
                terms.iter().any(|term| words.left.contains(term)).then_some(terms)
            });
            let Some(terms) = terms else { continue };
            used.extend(terms.iter().cloned());
            let because = self.stated(id).into_iter().collect();
            items.insert(id, because);
        }
        words.left.retain(|word| !used.contains(word));
        match (items.is_empty(), chosen) {
            (true, _) => (None, more),
            (false, None) => (Some(items), more),
            (false, Some(before)) => (Some(both(before.clone(), items)), more),
        }
    }

    /// Entities with a property as the question says it, of those that were chosen or of all.
    fn with_property(&self, words: &mut Words, chosen: Option<&Items>) -> (Option<Items>, bool) {
        if words.left.is_empty() && !words.negated {
            return (None, false);
        }
        let (candidates, more) = self.candidates(chosen);
        let mut items = Items::new();
        let mut used = BTreeSet::new();
        let mut yes_or_no = false;
        for id in candidates {
            for property in self.property_names(id) {
                let Some(found) = self.view.property(id, &property) else { continue };
                let value = found.value.unwrap_or(Scalar::Bool(false));
                let Some(terms) = self.fits(&property, &value, words) else { continue };
                let of_name = self.is_said(&property, words).unwrap_or_default();
                yes_or_no |= matches!(value, Scalar::Bool(_));
                used.extend(terms.into_iter().chain(of_name));
                let from = match found.origin {
                    knowledge::Origin::Inherited(from)
                    | knowledge::Origin::InheritedException(from, _) => from,
                    _ => id,
                };
                items.entry(id).or_default().extend(self.stated(from));
            }
        }
        if items.is_empty() {
            return (None, more);
        }
        words.left.retain(|word| !used.contains(word));
        words.negated &= !yes_or_no;
        let found = match chosen {
            None => items,
            Some(before) => both(before.clone(), items),
        };
        (Some(found), more)
    }

    /// The words that say a property's value, if the question says it.
    fn fits(&self, name: &str, value: &Scalar, words: &Words) -> Option<BTreeSet<String>> {
        match value {
            Scalar::Null => None,
            Scalar::Bool(yes) => self.is_said(name, words).filter(|_| *yes != words.negated),
            Scalar::Text(text) => {
                let text = text.to_lowercase();
                let said = !text.is_empty() && words.said.contains(&format!(" {text} "));
                (said && !words.negated).then(|| self.roots(&text))
            }
            Scalar::Integer(_) | Scalar::Number(_) => {
                let terms = self.is_said(name, words)?;
                let number: f64 = literal(value).parse().ok()?;
                let asked = bounds(&words.said);
                let holds = !asked.is_empty() && asked.iter().all(|(b, _)| b.holds(number));
                let numbers = asked.into_iter().flat_map(|(_, text)| self.roots(&text));
                (holds && !words.negated).then(|| terms.into_iter().chain(numbers).collect())
            }
        }
    }

    /// What is chosen from, and whether there is more.
    fn candidates(&self, chosen: Option<&Items>) -> (Vec<EntityId>, bool) {
        if let Some(chosen) = chosen {
            return (chosen.keys().copied().collect(), false);
        }
        let mut all = Vec::new();
        loop {
            let page = self.view.entities(all.last().copied(), 0);
            if page.is_empty() {
                return (all, false);
            }
            all.extend(page.into_iter().map(|entity| entity.id));
            if all.len() >= MAX_LOOKED {
                return (all, true);
            }
        }
    }
}

/// The words of a text, with numbers whole.
fn parts(text: &str) -> Vec<String> {
    let between = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let parts = text.split(between).map(|part| part.trim_matches('.'));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Items that are in both, with the reasons of both.
fn both(mut before: Items, mut found: Items) -> Items {
    before.retain(|id, because| {
        found.remove(id).is_some_and(|more| {
            because.extend(more);
            true
        })
    });
    before
}

/// What a number is compared with.
#[derive(Clone, Copy)]
enum Bound {
    Above(f64),
    Below(f64),
    AtLeast(f64),
    AtMost(f64),
    Is(f64),
}

impl Bound {
    fn holds(self, number: f64) -> bool {
        match self {
            Self::Above(bound) => number > bound,
            Self::Below(bound) => number < bound,
            Self::AtLeast(bound) => number >= bound,
            Self::AtMost(bound) => number <= bound,
            Self::Is(bound) => (number - bound).abs() <= f64::EPSILON * bound.abs(),
        }
    }
}

/// Numbers of a question with what stands before them, and how they are written.
fn bounds(said: &str) -> Vec<(Bound, String)> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let bound = |(k, word): (usize, &&str)| {
        let number: f64 = word.parse().ok().filter(|n: &f64| n.is_finite())?;
        let before = |n: usize| k.checked_sub(n).and_then(|k| words.get(k)).copied();
        let bound = match (before(2), before(1)) {
            (Some("at"), Some("least")) => Bound::AtLeast(number),
            (Some("at"), Some("most")) => Bound::AtMost(number),
            (Some("more" | "greater" | "higher"), Some("than")) => Bound::Above(number),
            (Some("less" | "fewer" | "lower"), Some("than")) => Bound::Below(number),
            (_, Some("over" | "above")) => Bound::Above(number),
            (_, Some("under" | "below")) => Bound::Below(number),
            _ => Bound::Is(number),
        };
        Some((bound, (*word).to_owned()))
    };
    words.iter().enumerate().filter_map(bound).collect()
}
