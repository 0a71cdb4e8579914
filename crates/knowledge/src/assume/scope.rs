//! The facts that a question about assumptions considers, by their places: what is joined to what is
//! asked by reasons or contradictions.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::KnowledgeError;
use crate::id::{FactId, ItemId};
use crate::item::{ContradictionState, Fact};
use crate::limits::MAX_CONSIDERED;
use crate::truth::{Clash, clash};
use crate::view::View;

/// Facts, what they rest on, and which cannot both be true.
pub(super) struct Scope {
    /// In the order of their numbers.
    pub(super) facts: Vec<FactId>,
    /// What is reason enough for which: its reasons, and the fact.
    pub(super) justifications: Vec<(Vec<usize>, usize)>,
    /// Pairs, the lower place first.
    pub(super) impossible: Vec<[usize; 2]>,
    /// Facts that are known and need no reason.
    premise: Vec<bool>,
}

/// A fact, also one that was retracted where it is to be considered in spite of that.
struct Seen<'a, 'v> {
    view: &'v View<'a>,
    also: &'v BTreeSet<FactId>,
}

impl<'a> Seen<'a, '_> {
    fn fact(&self, id: FactId) -> Option<&'a Fact> {
        let last = || self.also.contains(&id).then(|| self.view.last_fact(id)).flatten();
        self.view.fact(id).map(|known| known.item).or_else(last)
    }

    /// Facts that cannot be true together with one.
    fn against(&self, id: FactId, fact: &Fact) -> BTreeSet<FactId> {
        let view = self.view;
        let functional = view.predicate(&fact.predicate).is_some_and(|p| p.item.functional);
        let finds = &view.knowledge.finds;
        let subjects = view.same(fact.subject);
        let subjects = subjects.iter().filter_map(|subject| finds.by_subject.get(subject));
        let cannot = |other: &FactId| {
            self.fact(*other).filter(|other| other.predicate == fact.predicate).is_some_and(|o| {
                let same = view.same_object(&o.object, &fact.object);
                matches!(clash(o, fact, same, functional), Some(Clash::Contradicts(_)))
            })
        };
        let mut found: BTreeSet<FactId> =
            subjects.flatten().copied().filter(|other| *other != id && cannot(other)).collect();
        for contradiction in finds.by_fact.get(&id).into_iter().flatten() {
            let Some(known) = view.contradiction(*contradiction) else { continue };
            if known.item.state == ContradictionState::Open {
                found.extend([known.item.first, known.item.second].iter().filter(|f| **f != id));
            }
        }
        found
    }
}

impl View<'_> {
    /// Facts that are part of a contradiction, or of two values where there can be one.
    pub(super) fn contested(&self) -> BTreeSet<FactId> {
        let seen = Seen { view: self, also: &BTreeSet::new() };
        let known = |id: FactId| seen.fact(id).map(|fact| (id, fact));
        let all: Vec<(FactId, &Fact)> =
            self.knowledge.facts.all().filter_map(|(n, _)| known(FactId(n))).collect();
        let mut about: BTreeMap<(_, &str), usize> = BTreeMap::new();
        for (_, fact) in &all {
            *about.entry((self.resolve(fact.subject), &fact.predicate)).or_default() += 1;
        }
        let several =
            |fact: &Fact| about.get(&(self.resolve(fact.subject), &fact.predicate)) > Some(&1);
        let contested = all.iter().filter(|(id, fact)| {
            let recorded = self.knowledge.finds.by_fact.contains_key(id);
            (recorded || several(fact)) && !seen.against(*id, fact).is_empty()
        });
        contested.map(|(id, _)| *id).collect()
    }
}

impl Scope {
    /// All that is joined to some facts. Those of `also` count even if they were retracted.
    pub(super) fn of(
        view: &View<'_>,
        seeds: impl IntoIterator<Item = FactId>,
        also: &BTreeSet<FactId>,
    ) -> Result<Scope, KnowledgeError> {
        let seen = Seen { view, also };
        let mut waiting: Vec<FactId> = seeds.into_iter().collect();
        if let Some(fact) = waiting.iter().find(|id| seen.fact(**id).is_none()) {
            return Err(KnowledgeError::Missing(ItemId::Fact(*fact)));
        }
        let mut found: BTreeMap<FactId, (&Fact, BTreeSet<FactId>)> = BTreeMap::new();
        while let Some(id) = waiting.pop() {
            let Some(fact) = seen.fact(id).filter(|_| !found.contains_key(&id)) else { continue };
            let against = seen.against(id, fact);
            waiting.extend(&against);
            waiting.extend(fact.justifications.iter().flatten());
            waiting.extend(view.knowledge.finds.by_reason.get(&id).into_iter().flatten());
            found.insert(id, (fact, against));
            if found.len() > MAX_CONSIDERED {
                let (what, limit) = ("facts that are considered", MAX_CONSIDERED);
                return Err(KnowledgeError::TooMany { what, limit, found: found.len() });
            }
        }
        Ok(Self::laid_out(view, &found))
    }

    fn laid_out(view: &View<'_>, found: &BTreeMap<FactId, (&Fact, BTreeSet<FactId>)>) -> Scope {
        let facts: Vec<FactId> = found.keys().copied().collect();
        let place = |id: &FactId| facts.binary_search(id).ok();
        let mut scope = Scope {
            justifications: Vec::new(),
            impossible: Vec::new(),
            premise: Vec::new(),
            facts: facts.clone(),
        };
        for (node, (id, (fact, against))) in found.iter().enumerate() {
            let known = view.fact(*id).is_some();
            scope.premise.push(known && fact.justifications.is_empty());
            // What was retracted has no reason any more.
            for reasons in fact.justifications.iter().filter(|_| known) {
                // What rests on something that is not there gives no reason.
                let reasons: Option<BTreeSet<usize>> = reasons.iter().map(place).collect();
                let reasons = reasons.map(|reasons| (reasons.into_iter().collect(), node));
                scope.justifications.extend(reasons);
            }
            let others = against.iter().filter_map(place).filter(|other| *other > node);
            scope.impossible.extend(others.map(|other| [node, other]));
        }
        scope
    }

    pub(super) fn node(&self, fact: FactId) -> Option<usize> {
        self.facts.binary_search(&fact).ok()
    }

    /// Facts that need no reason.
    pub(super) fn premises(&self) -> impl Iterator<Item = usize> {
        (0..self.facts.len()).filter(|node| self.premise[*node])
    }

    /// What follows from some facts, never over one that is out.
    pub(super) fn closure(
        &self,
        from: impl IntoIterator<Item = usize>,
        out: impl Fn(usize) -> bool,
    ) -> Vec<bool> {
        let mut holds = vec![false; self.facts.len()];
        from.into_iter().filter(|node| !out(*node)).for_each(|node| holds[node] = true);
        loop {
            let mut more = false;
            for (reasons, node) in &self.justifications {
                if !holds[*node] && !out(*node) && reasons.iter().all(|reason| holds[*reason]) {
                    (holds[*node], more) = (true, true);
                }
            }
            if !more {
                return holds;
            }
        }
    }
}
