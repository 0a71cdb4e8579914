//! Likeness by structure: what is like an entity, and how the surroundings of one map onto those of
//! another.
//!
//! Two entities are alike as far as they are joined to others by the same kinds in the same
//! directions: the sum of the smaller counts over the sum of the greater (weighted Jaccard), where a
//! kind weighs `ln(1 + N / n)` for the `n` of `N` entities that have it, so that what few have tells
//! more.
//!
//! A mapping is one to one and begins with the two that are given; the pair that brings the most
//! links in common is added, again and again (Gentner 1983, "Structure-mapping"; the greedy merge of
//! Forbus and Oblinger 1990, "Making SME greedy and pragmatic"). What the first has and the second
//! has not could be inferred; by Gentner's principle of systematicity what hangs together with what
//! is shared comes first: here, what is a reason for it, or has it as one.

use std::collections::{BTreeMap, BTreeSet};

use super::analogy::{Joint, Link, MAX_COUNTERPARTS, stated};
use super::premises::{Premise, Premises};
use super::{Budget, Claim, Ground, Step};
use crate::id::{EntityId, FactId};
use crate::item::Object;

/// Pairs of one mapping.
pub const MAX_MAPPED: usize = 64;
/// Ties of one entity that a mapping looks at.
const MAX_TIES: usize = 256;

/// How like two are, and by what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Likeness {
    /// From 0 to 1.
    pub score: f64,
    /// The kinds that both have, with how often both do.
    pub shared: Vec<(Link, usize)>,
}

/// What is like an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    /// What.
    pub entity: EntityId,
    /// How, and by what.
    pub likeness: Likeness,
}

/// What is like an entity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alike {
    /// The most like first, and of those that are equally like the first.
    pub similar: Vec<Similar>,
    /// There are more.
    pub more: bool,
}

/// What would be so if the analogy held; it is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// What would be so.
    pub claim: Claim,
    /// What is so of the first.
    pub from: Step,
    /// That is a reason for something that both have, or has such a reason.
    pub systematic: bool,
}

/// How the surroundings of one entity map onto those of another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// Which stands for which, in the order in which they were found.
    pub pairs: Vec<(EntityId, EntityId)>,
    /// What both say: of the first, and of the second.
    pub shared: Vec<(Step, Step)>,
    /// What only the first says of what is mapped.
    pub inferences: Vec<Inference>,
    /// What both say, of all that the first says of what is mapped, also of what is not told.
    pub score: f64,
    /// There is more than was looked at or told.
    pub more: bool,
}

/// How often an entity has each kind of link, in the order of the kinds.
pub(super) type Signature<'a> = Vec<(Joint<'a>, usize)>;

type Weights<'a> = BTreeMap<Joint<'a>, f64>;

impl Premises {
    /// Entities by how like they are to one, the most like first, without those that share nothing; at
    /// most so many, 0 or more than [`MAX_COUNTERPARTS`] mean [`MAX_COUNTERPARTS`].
    pub fn like(&self, entity: EntityId, limit: usize) -> Alike {
        let limit = if limit == 0 { MAX_COUNTERPARTS } else { limit.min(MAX_COUNTERPARTS) };
        let weights = self.weights();
        let own = self.signature(entity);
        let others = self.things.keys().copied().filter(|other| *other != entity);
        let score = |other| (alike(&own, &self.signature(other), &weights), other);
        let mut scores: Vec<(f64, EntityId)> =
            others.map(score).filter(|(score, _)| *score > 0.0).collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let more = scores.len() > limit;
        scores.truncate(limit);
        let told = |(score, entity)| {
            let shared = shared(&own, &self.signature(entity));
            Similar { entity, likeness: Likeness { score, shared } }
        };
        Alike { similar: scores.into_iter().map(told).collect(), more }
    }

    pub(super) fn signature(&self, of: EntityId) -> Signature<'_> {
        let mut kinds: Vec<Joint<'_>> = self.ties(of).map(|tie| tie.link).collect();
        kinds.sort_unstable();
        let same = kinds.chunk_by(|a, b| a == b);
        same.map(|links| (links[0], links.len())).collect()
    }

    fn weights(&self) -> Weights<'_> {
        let mut having: BTreeMap<Joint<'_>, BTreeSet<EntityId>> = BTreeMap::new();
        for premise in self.all.iter().filter(|premise| !premise.negated) {
            let Object::Entity(object) = premise.object else { continue };
            for (out, end) in [(true, premise.subject), (false, object)] {
                let link = Joint { kind: &premise.predicate, out };
                having.entry(link).or_default().insert(end);
            }
        }
        let all = self.things.len() as f64;
        let weight = |n: usize| (1.0 + all / n as f64).ln();
        having.into_iter().map(|(link, ends)| (link, weight(ends.len()))).collect()
    }

    /// How the surroundings of `a` map onto those of `c`; of each list at most so many are told, 0 for
    /// all.
    pub fn mapping(&self, a: EntityId, c: EntityId, limit: usize) -> Mapping {
        let (mut pairs, mut budget) = (Pairs::default(), Budget::new());
        let mut next = Some((a, c));
        let mut spent = false;
        while let Some((from, to)) = next.filter(|_| pairs.order.len() < MAX_MAPPED) {
            pairs.add(from, to);
            spent = !self.around(&mut pairs, from, to, &mut budget);
            next = if spent { None } else { self.next_pair(&mut pairs) };
        }
        let cut = spent || next.is_some();
        self.mapped(pairs).told(limit, cut)
    }

    /// What may stand for each other around a pair; `false` if not all was looked at.
    fn around<'a>(
        &'a self,
        pairs: &mut Pairs<'a>,
        from: EntityId,
        to: EntityId,
        budget: &mut Budget,
    ) -> bool {
        let mut theirs: BTreeMap<Joint<'_>, Vec<EntityId>> = BTreeMap::new();
        for tie in self.ties(to).take(MAX_TIES) {
            theirs.entry(tie.link).or_default().push(tie.other);
        }
        for tie in self.ties(from).take(MAX_TIES) {
            let others = theirs.get(&tie.link).map_or(&[][..], Vec::as_slice);
            if !budget.follow(1 + others.len()) {
                return false;
            }
            for other in others {
                if pairs.are_free(tie.other, *other) {
                    let brings = pairs.candidates.entry((tie.other, *other)).or_default();
                    brings.insert((tie.link, from));
                }
            }
        }
        true
    }

    /// The pair that brings the most links in common; of equal ones the more alike, then the first.
    fn next_pair<'a>(&'a self, pairs: &mut Pairs<'a>) -> Option<(EntityId, EntityId)> {
        let mut best: Option<(f64, (EntityId, EntityId))> = None;
        for (from, to) in pairs.that_bring_most() {
            for id in [from, to] {
                pairs.kinds.entry(id).or_insert_with(|| self.signature(id));
            }
            let score = alike(&pairs.kinds[&from], &pairs.kinds[&to], &Weights::new());
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, (from, to)));
            }
        }
        best.map(|(_, pair)| pair)
    }

    fn mapped(&self, pairs: Pairs<'_>) -> Mapping {
        let mut mapping = Mapping { pairs: pairs.order.clone(), ..Mapping::default() };
        let mut shared: BTreeSet<FactId> = BTreeSet::new();
        let mut reasons: BTreeSet<FactId> = BTreeSet::new();
        let mut missing: Vec<(&Premise, EntityId, EntityId)> = Vec::new();
        for (from, to) in &pairs.order {
            for premise in self.about(*from).filter(|premise| !premise.negated) {
                let Object::Entity(object) = premise.object else { continue };
                let Some(image) = pairs.to.get(&object) else { continue };
                let mut said = self.about(*to).filter(|p| !p.negated);
                let same = said.find(|p| {
                    p.predicate == premise.predicate && p.object == Object::Entity(*image)
                });
                match same {
                    Some(same) => {
                        shared.extend(fact(premise));
                        reasons.extend(&premise.reasons);
                        mapping.shared.push((stated(premise), stated(same)));
                    }
                    None => missing.push((premise, *to, *image)),
                }
            }
        }
        let all = mapping.shared.len() + missing.len();
        mapping.score = if all == 0 { 0.0 } else { mapping.shared.len() as f64 / all as f64 };
        let inference = |(premise, subject, object): (&Premise, EntityId, EntityId)| {
            let systematic = premise.reasons.iter().any(|reason| shared.contains(reason))
                || fact(premise).is_some_and(|id| reasons.contains(&id));
            let (predicate, object) = (premise.predicate.clone(), Object::Entity(object));
            let claim = Claim { subject, predicate, object, negated: false };
            Inference { claim, from: stated(premise), systematic }
        };
        mapping.inferences = missing.into_iter().map(inference).collect();
        mapping.inferences.sort_by_key(|inference| !inference.systematic);
        mapping
    }
}

impl Mapping {
    /// Of each list so many, 0 for all.
    fn told(mut self, limit: usize, cut: bool) -> Self {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let longest = self.pairs.len().max(self.shared.len()).max(self.inferences.len());
        self.more = cut || longest > limit;
        self.pairs.truncate(limit);
        self.shared.truncate(limit);
        self.inferences.truncate(limit);
        self
    }
}

/// What one may bring in common with another: links, each with the end that it hangs on.
type Brings<'a> = BTreeSet<(Joint<'a>, EntityId)>;

/// Which stands for which, one to one, and which may.
#[derive(Default)]
struct Pairs<'a> {
    order: Vec<(EntityId, EntityId)>,
    to: BTreeMap<EntityId, EntityId>,
    from: BTreeSet<EntityId>,
    candidates: BTreeMap<(EntityId, EntityId), Brings<'a>>,
    kinds: BTreeMap<EntityId, Signature<'a>>,
}

impl Pairs<'_> {
    fn add(&mut self, from: EntityId, to: EntityId) {
        self.order.push((from, to));
        self.to.insert(from, to);
        self.from.insert(to);
    }

    fn are_free(&self, from: EntityId, to: EntityId) -> bool {
        let taken = |id| self.to.contains_key(&id) || self.from.contains(&id);
        from != to && !taken(from) && !taken(to)
    }

    /// Of those that are still free.
    fn that_bring_most(&mut self) -> Vec<(EntityId, EntityId)> {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.retain(|(from, to), _| self.are_free(*from, *to));
        let most = candidates.values().map(BTreeSet::len).max().unwrap_or(0);
        let found = candidates.iter().filter(|(_, brings)| brings.len() == most);
        let found = found.map(|(pair, _)| *pair).collect();
        self.candidates = candidates;
        found
    }
}

fn fact(premise: &Premise) -> Option<FactId> {
    if let Ground::Fact(id) = premise.ground { Some(id) } else { None }
}

/// How often both, and how often either, has each kind that one of them has.
fn compared<'a>(
    a: &Signature<'a>,
    b: &Signature<'a>,
    mut each: impl FnMut(Joint<'a>, usize, usize),
) {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => x.0.min(y.0),
            (Some(one), None) | (None, Some(one)) => one.0,
            (None, None) => return,
        };
        let of_a = a.next_if(|(link, _)| *link == next).map_or(0, |(_, n)| *n);
        let of_b = b.next_if(|(link, _)| *link == next).map_or(0, |(_, n)| *n);
        each(next, of_a.min(of_b), of_a.max(of_b));
    }
}

/// From 0 to 1; a kind without a weight weighs 1.
pub(super) fn alike(a: &Signature<'_>, b: &Signature<'_>, weights: &Weights<'_>) -> f64 {
    let (mut both, mut either) = (0.0, 0.0);
    compared(a, b, |link, less, more| {
        let weight = weights.get(&link).copied().unwrap_or(1.0);
        both += weight * less as f64;
        either += weight * more as f64;
    });
    if either > 0.0 { both / either } else { 0.0 }
}

fn shared(a: &Signature<'_>, b: &Signature<'_>) -> Vec<(Link, usize)> {
    let mut shared = Vec::new();
    compared(a, b, |link, less, _| {
        if less > 0 {
            shared.push((link.into(), less));
        }
    });
    shared
}
