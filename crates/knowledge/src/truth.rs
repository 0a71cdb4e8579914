//! Truth maintenance: which facts are supported, and by what; which facts contradict each other.
//!
//! A fact without justifications needs none. Another is supported if one of its justifications has
//! only facts that are known and supported, with no circle (Doyle 1979, "A truth maintenance
//! system"). Nothing of this is stored, so it holds on each branch and at each time by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::id::{FactId, Time};
use crate::item::{ConflictKind, Fact, Validity};
use crate::limits::MAX_SUPPORT;
use crate::view::View;

/// Whether a fact is supported, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Support {
    /// Whether it is known and has reason enough.
    pub supported: bool,
    /// If so: the facts that it rests on, reasons before what rests on them, and itself last.
    pub because: Vec<Reason>,
    /// If not: facts that it would need and that are not known.
    pub missing: Vec<FactId>,
    /// There are more than [`MAX_SUPPORT`] facts below it; those that are farther were not looked at
    /// and count as missing.
    pub cut_short: bool,
}

/// A fact, and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The fact.
    pub fact: FactId,
    /// What it rests on; nothing if it needs no reason.
    pub rests_on: Vec<FactId>,
}

impl View<'_> {
    /// Whether a fact is supported, and by what, as known then.
    pub fn support(&self, fact: FactId) -> Support {
        let mut search = Search::default();
        search.collect(self, fact);
        search.label(self);
        search.explain(self, fact)
    }

    pub(crate) fn supported(&self, id: FactId, fact: &Fact) -> bool {
        fact.justifications.is_empty() || self.support(id).supported
    }

    /// Facts that rest on a fact, directly or not, as known then.
    pub fn dependants(&self, fact: FactId) -> Vec<FactId> {
        let (mut found, mut waiting) = (BTreeSet::new(), vec![fact]);
        while let Some(at) = waiting.pop() {
            for next in self.knowledge.finds.by_reason.get(&at).into_iter().flatten() {
                let rests = |f: &Fact| f.justifications.iter().flatten().any(|r| *r == at);
                let known = self.fact(*next).is_some_and(|known| rests(known.item));
                if known && found.len() < MAX_SUPPORT && found.insert(*next) {
                    waiting.push(*next);
                }
            }
        }
        found.into_iter().collect()
    }
}

/// The facts below one, and which of them hold.
#[derive(Clone, Default)]
pub(crate) struct Search {
    pub(crate) seen: BTreeSet<FactId>,
    /// For each reason, the justifications that need it: of which fact, and which of its.
    needed_by: BTreeMap<FactId, Vec<(FactId, usize)>>,
    /// How many reasons a justification still lacks.
    lacks: BTreeMap<(FactId, usize), usize>,
    /// Facts that hold and are not looked at yet: at first those that need no reason.
    pub(crate) ready: VecDeque<(FactId, Vec<FactId>)>,
    pub(crate) holds: BTreeMap<FactId, Vec<FactId>>,
    order: Vec<FactId>,
    pub(crate) cut_short: bool,
}

impl Search {
    pub(crate) fn collect(&mut self, view: &View<'_>, fact: FactId) {
        let mut waiting = vec![fact];
        while let Some(at) = waiting.pop() {
            if self.seen.len() >= MAX_SUPPORT {
                self.cut_short = true;
                return;
            }
            waiting.extend(self.take(view, at));
        }
    }

    /// Takes a fact in; gives the facts of its reasons.
    pub(crate) fn take(&mut self, view: &View<'_>, at: FactId) -> Vec<FactId> {
        if !self.seen.insert(at) {
            return Vec::new();
        }
        let Some(known) = view.fact(at) else { return Vec::new() };
        if known.item.justifications.is_empty() {
            self.ready.push_back((at, Vec::new()));
        }
        let mut below = Vec::new();
        for (k, reasons) in known.item.justifications.iter().enumerate() {
            let reasons: BTreeSet<FactId> = reasons.iter().copied().collect();
            self.lacks.insert((at, k), reasons.len());
            for reason in reasons {
                self.needed_by.entry(reason).or_default().push((at, k));
                below.push(reason);
            }
        }
        below
    }

    pub(crate) fn label(&mut self, view: &View<'_>) {
        self.ready.make_contiguous().sort();
        while let Some((fact, because)) = self.ready.pop_front() {
            if self.holds.contains_key(&fact) {
                continue;
            }
            self.holds.insert(fact, because);
            self.order.push(fact);
            for (above, k) in self.needed_by.get(&fact).cloned().unwrap_or_default() {
                let Some(lacks) = self.lacks.get_mut(&(above, k)) else { continue };
                *lacks -= 1;
                if *lacks == 0
                    && let Some(known) = view.fact(above)
                {
                    let reasons = known.item.justifications.get(k).cloned().unwrap_or_default();
                    self.ready.push_back((above, reasons));
                }
            }
        }
    }

    fn explain(self, view: &View<'_>, fact: FactId) -> Support {
        if !self.holds.contains_key(&fact) {
            let missing =
                self.seen.iter().filter(|id| view.fact(**id).is_none()).copied().collect();
            return Support { missing, cut_short: self.cut_short, ..Support::default() };
        }
        let (mut used, mut waiting) = (BTreeSet::new(), vec![fact]);
        while let Some(at) = waiting.pop() {
            if used.insert(at) {
                waiting.extend(self.holds.get(&at).into_iter().flatten());
            }
        }
        let order = self.order.iter().filter(|id| used.contains(id));
        let because = order.map(|id| Reason {
            fact: *id,
            rests_on: self.holds.get(id).cloned().unwrap_or_default(),
        });
        Support { supported: true, because: because.collect(), ..Support::default() }
    }
}

/// What a new fact does to one that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// It says the same of a time for which that is known.
    Same,
    /// It takes its place from this time on.
    Ends(Time),
    /// It is true only until this time, when the other begins.
    EndsBy(Time),
    /// Both cannot be true.
    Contradicts(ConflictKind),
}

/// How two facts of one subject and predicate stand to each other.
///
/// An open end is what nobody said, so a later fact closes it, as in Graphiti. An end that was
/// stated is a claim: what overlaps it contradicts it.
pub(crate) fn clash(old: &Fact, new: &Fact, same_object: bool, functional: bool) -> Option<Clash> {
    if same_object && old.negated == new.negated {
        return old.valid.covers(&new.valid).then_some(Clash::Same);
    }
    let kind = match (same_object, old.negated, new.negated) {
        (true, _, _) => ConflictKind::Negation,
        (false, false, false) if functional => ConflictKind::Functional,
        _ => return None,
    };
    if !old.valid.overlaps(&new.valid) {
        return None;
    }
    Some(by_time(&old.valid, &new.valid, kind))
}

fn by_time(old: &Validity, new: &Validity, kind: ConflictKind) -> Clash {
    let start = |v: &Validity| v.from.unwrap_or(Time::MIN);
    match (start(old) < start(new), start(old) > start(new)) {
        (true, _) if old.to.is_none() => Clash::Ends(start(new)),
        (_, true) if new.to.is_none() => Clash::EndsBy(start(old)),
        (false, false) => Clash::Contradicts(kind),
        _ if kind == ConflictKind::Functional => Clash::Contradicts(ConflictKind::Overlap),
        _ => Clash::Contradicts(kind),
    }
}
