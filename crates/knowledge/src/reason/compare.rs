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

use super::analogy::{Link, stated};
use super::premises::{Premise, Premises};
use super::{Claim, Ground, Step};
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
    /// What both say, of all that the first says of what is mapped.
    pub score: f64,
}

type Signature = BTreeMap<Link, usize>;

impl Premises {
    /// Entities by how like they are to one, the most like first, without those that share nothing.
    pub fn like(&self, entity: EntityId, limit: usize) -> Vec<Similar> {
        let weights = self.weights();
        let own = self.signature(entity);
        let others = self.things.keys().filter(|other| **other != entity);
        let alike = others.filter_map(|other| {
            let likeness = alike(&own, &self.signature(*other), &weights);
            (likeness.score > 0.0).then_some(Similar { entity: *other, likeness })
        });
        let mut alike: Vec<Similar> = alike.collect();
        alike.sort_by(|a, b| b.likeness.score.total_cmp(&a.likeness.score));
        alike.truncate(limit);
        alike
    }

    /// How like two entities are.
    pub(super) fn likeness(&self, a: EntityId, b: EntityId) -> Likeness {
        alike(&self.signature(a), &self.signature(b), &BTreeMap::new())
    }

    fn signature(&self, of: EntityId) -> Signature {
        let mut signature = Signature::new();
        for tie in self.ties(of) {
            *signature.entry(tie.link).or_default() += 1;
        }
        signature
    }

    fn weights(&self) -> BTreeMap<Link, f64> {
        let mut having: BTreeMap<Link, BTreeSet<EntityId>> = BTreeMap::new();
        for premise in self.all.iter().filter(|premise| !premise.negated) {
            let Object::Entity(object) = premise.object else { continue };
            for (out, end) in [(true, premise.subject), (false, object)] {
                let link = Link { kind: premise.predicate.clone(), out };
                having.entry(link).or_default().insert(end);
            }
        }
        let all = self.things.len() as f64;
        let weight = |n: usize| (1.0 + all / n as f64).ln();
        having.into_iter().map(|(link, ends)| (link, weight(ends.len()))).collect()
    }

    /// How the surroundings of `a` map onto those of `c`.
    pub fn mapping(&self, a: EntityId, c: EntityId) -> Mapping {
        let mut pairs = Pairs::default();
        pairs.add(a, c);
        while pairs.order.len() < MAX_MAPPED {
            let Some((from, to)) = self.next_pair(&pairs) else { break };
            pairs.add(from, to);
        }
        self.mapped(pairs)
    }

    /// The pair that brings the most links in common; of equal ones the more alike, then the first.
    fn next_pair(&self, pairs: &Pairs) -> Option<(EntityId, EntityId)> {
        let mut candidates: BTreeMap<(EntityId, EntityId), BTreeSet<(Link, EntityId)>> =
            BTreeMap::new();
        for (from, to) in &pairs.order {
            let theirs: Vec<_> = self.ties(*to).into_iter().take(MAX_TIES).collect();
            for tie in self.ties(*from).into_iter().take(MAX_TIES) {
                if pairs.to.contains_key(&tie.other) || pairs.from.contains(&tie.other) {
                    continue;
                }
                for other in theirs.iter().filter(|other| other.link == tie.link) {
                    let free = !pairs.from.contains(&other.other)
                        && !pairs.to.contains_key(&other.other)
                        && other.other != tie.other;
                    if free {
                        let brings = candidates.entry((tie.other, other.other)).or_default();
                        brings.insert((tie.link.clone(), *from));
                    }
                }
            }
        }
        let best = candidates.into_iter().max_by(|(a, brings), (b, other)| {
            let by_links = brings.len().cmp(&other.len());
            let like = |pair: &(EntityId, EntityId)| self.likeness(pair.0, pair.1).score;
            by_links.then_with(|| like(a).total_cmp(&like(b))).then_with(|| b.cmp(a))
        });
        best.map(|(pair, _)| pair)
    }

    fn mapped(&self, pairs: Pairs) -> Mapping {
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

/// Which stands for which, one to one.
#[derive(Default)]
struct Pairs {
    order: Vec<(EntityId, EntityId)>,
    to: BTreeMap<EntityId, EntityId>,
    from: BTreeSet<EntityId>,
}

impl Pairs {
    fn add(&mut self, from: EntityId, to: EntityId) {
        self.order.push((from, to));
        self.to.insert(from, to);
        self.from.insert(to);
    }
}

fn fact(premise: &Premise) -> Option<FactId> {
    if let Ground::Fact(id) = premise.ground { Some(id) } else { None }
}

fn alike(a: &Signature, b: &Signature, weights: &BTreeMap<Link, f64>) -> Likeness {
    let links: BTreeSet<&Link> = a.keys().chain(b.keys()).collect();
    let (mut both, mut either, mut shared) = (0.0, 0.0, Vec::new());
    for link in links {
        let of = |signature: &Signature| signature.get(link).copied().unwrap_or(0);
        let (less, more) = (of(a).min(of(b)), of(a).max(of(b)));
        let weight = weights.get(link).copied().unwrap_or(1.0);
        both += weight * less as f64;
        either += weight * more as f64;
        if less > 0 {
            shared.push((link.clone(), less));
        }
    }
    Likeness { score: if either > 0.0 { both / either } else { 0.0 }, shared }
}
