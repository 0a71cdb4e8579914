//! Which items have what a question names, and how many there are.
//!
//! A question is a list of conditions: a class (`is_a` a named entity), a kind of entity, a predicate
//! that joins to a named entity, a property's value. Items have all of them: by what an item has, it
//! accounts for each word of the question that says something. A word that no item accounts for means
//! that the question was not understood: then nothing is answered.

use std::collections::{BTreeMap, BTreeSet};

use knowledge::EntityId;
use knowledge::links::LinkId;
use text::asked;

use super::look::Look;
use super::named::Named;
use super::words::{IS_NOT, Words, parts};
use super::{Because, Finding, MAX_FINDINGS, Role, Told};

/// Entities that are looked at, where only a kind or a property chooses them.
pub(super) const MAX_LOOKED: usize = 20_000;
/// Items that are gathered before they are told.
const MAX_ITEMS: usize = 10_000;
/// Words that ask for a number of them.
const COUNTS: &[&str] = &["many", "count", "number"];

/// Items, each with why it is one.
pub(super) type Items = BTreeMap<EntityId, Item>;

/// What makes an entity an item.
#[derive(Default)]
pub(super) struct Item {
    /// Where that comes from.
    pub(super) because: Vec<Because>,
    /// Roots of the words that it accounts for.
    pub(super) words: BTreeSet<String>,
}

/// A predicate that a question says of an entity.
struct Predicate {
    /// Roots of its words.
    terms: BTreeSet<String>,
    /// Whether it goes from the entity to others, where the question says so.
    out: Option<bool>,
}

impl Look<'_> {
    /// Items that have what is asked.
    pub(super) fn filter(&self, question: &str, names: &[Named], cue: &[String]) -> Told {
        match self.items(question, names, cue) {
            Ok((items, more)) => self.told(items, more),
            Err(unknown) => Told::unknown(unknown),
        }
    }

    /// How many have what is asked, and which; no number where not all were looked at.
    pub(super) fn count(&self, question: &str, names: &[Named], cue: &[String]) -> Told {
        if !cue.iter().any(|word| COUNTS.contains(&word.as_str())) {
            return Told::unknown("things are counted; sums, means, extremes and shares are not");
        }
        match self.items(question, names, cue) {
            Ok((items, more)) => {
                let count = (!more).then_some(items.len());
                Told { count, ..self.told(items, more) }
            }
            Err(unknown) => Told::unknown(unknown),
        }
    }

    fn told(&self, items: Items, more: bool) -> Told {
        if items.is_empty() {
            let looked = if more { "nothing that was looked at" } else { "nothing that is known" };
            return Told { more, ..Told::unknown(format!("{looked} has all of that")) };
        }
        let more = more || items.len() > MAX_FINDINGS;
        let finding = |(id, item): (EntityId, Item)| Finding {
            role: Role::Item,
            said: self.name(id),
            entities: vec![self.entity(id)],
            because: item.because,
        };
        let findings = items.into_iter().take(MAX_FINDINGS).map(finding).collect();
        Told { findings, more, ..Told::default() }
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
        let (mut items, mut more) = self.of_names(names, &mut words);
        let (all, cut) = if items.is_some() { (Vec::new(), false) } else { self.all() };
        self.of_kind(&mut items, &all, &mut words);
        more |= cut | self.with_property(&mut items, &all, &mut words)?;
        Ok((met(items, &words)?, more))
    }

    /// What is joined to every entity that is named or is one of it, and whether there is more;
    /// nothing where no name chooses.
    fn of_names(&self, names: &[Named], words: &mut Words) -> (Option<Items>, bool) {
        let mut items: Option<Items> = None;
        let mut more = false;
        for name in names {
            let found = self.joined(name, words).map(|items| (items, false));
            let Some((found, cut)) = found.or_else(|| self.members(name.entity)) else {
                // It may also be the name of a kind, as `animal` is of entities that are animals.
                let terms = asked(self.state.words.words(), &name.called).into_iter();
                words.wanted.extend(terms.map(|word| word.term));
                continue;
            };
            more |= cut;
            items = Some(match items {
                None => found,
                Some(before) => both(before, found),
            });
        }
        (items, more)
    }

    /// What a predicate that the question says joins to an entity, the way that the question says it.
    fn joined(&self, name: &Named, words: &mut Words) -> Option<Items> {
        let mut kinds: BTreeMap<String, Option<Predicate>> = BTreeMap::new();
        let mut items = Items::new();
        for tie in self.ties(name.entity) {
            let kind = kinds.entry(tie.kind).or_insert_with_key(|kind| {
                let terms = self.is_said(kind, words)?;
                let out = self.does(name, &terms, words);
                Some(Predicate { terms, out })
            });
            let Some(Predicate { terms, out }) = kind else { continue };
            if out.is_some_and(|out| out != tie.out) {
                continue;
            }
            let item = items.entry(tie.other).or_default();
            item.because.extend(self.because(tie.id));
            item.words.extend(terms.iter().cloned());
            words.met.extend(terms.iter().cloned());
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

    /// What is one of an entity, over any number of steps, and whether there is more.
    fn members(&self, class: EntityId) -> Option<(Items, bool)> {
        let mut items = Items::new();
        let mut queue = vec![class];
        while let Some(at) = queue.pop() {
            for (below, fact) in self.below(at) {
                if below == class || items.contains_key(&below) {
                    continue;
                }
                if items.len() >= MAX_ITEMS {
                    return Some((items, true));
                }
                let because = self.because(LinkId::Fact(fact)).into_iter().collect();
                items.insert(below, Item { because, words: BTreeSet::new() });
                queue.push(below);
            }
        }
        (!items.is_empty()).then_some((items, false))
    }

    /// What chosen items, or of all entities those that have one, account for by a kind that the
    /// question says.
    fn of_kind(&self, items: &mut Option<Items>, all: &[EntityId], words: &mut Words) {
        let candidates = match items {
            Some(items) => items.keys().copied().collect(),
            None => all.to_vec(),
        };
        for id in candidates {
            let Some(entity) = self.view.entity(id) else { continue };
            let terms = self.is_said(&entity.item.kind, words);
            let Some(terms) = terms.filter(|terms| words.want(terms)) else { continue };
            let item = items.get_or_insert_default().entry(id).or_default();
            item.because.extend(self.stated(id));
            words.met.extend(terms.iter().cloned());
            item.words.extend(terms);
        }
    }

    /// Entities that may be chosen, and whether there are more.
    fn all(&self) -> (Vec<EntityId>, bool) {
        let mut all = Vec::new();
        loop {
            let page = self.view.entities(all.last().copied(), 0);
            if page.is_empty() || all.len() >= MAX_LOOKED {
                return (all, !page.is_empty());
            }
            all.extend(page.into_iter().map(|entity| entity.id));
        }
    }
}

/// The items that account for every word of the question.
fn met(items: Option<Items>, words: &Words) -> Result<Items, String> {
    let unmet = words.wanted.difference(&words.met).map(String::as_str);
    let left: Vec<&str> = unmet.filter(|word| *word != IS_NOT).collect();
    if !left.is_empty() {
        return Err(format!("no kind, relation or property is known by: {}", left.join(", ")));
    }
    if words.negated && !words.met.contains(IS_NOT) {
        return Err("what is not so is known only of properties that are yes or no".into());
    }
    let mut items = items.ok_or("the question names nothing to choose by")?;
    items.retain(|_, item| words.wanted.is_subset(&item.words));
    Ok(items)
}

/// Items that are in both, with what makes them such in both.
fn both(mut before: Items, mut found: Items) -> Items {
    before.retain(|id, item| {
        found.remove(id).is_some_and(|also| {
            item.because.extend(also.because);
            item.words.extend(also.words);
            true
        })
    });
    before
}
